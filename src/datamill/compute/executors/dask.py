"""Dask: a `distributed.Client`, a cluster of dask-jobqueue, or a local one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import distributed

from datamill.compute.resources import Resources
from datamill.settings.log import logger

Client: Any = distributed.Client
"""Dask's class, which has no types."""


class Dask:
    """Workers of a Dask cluster.

    Args:
        workers: How many a local cluster starts; None: as many as there are processors. Of a cluster that is given:
            to how many it is scaled; None: it is left as it is.
        cluster: A client, a cluster (``LocalCluster``, dask-jobqueue's ``SLURMCluster``) or a scheduler's address;
            None: a local cluster for this run.
        **options: Resources of each task as Dask counts them: ``resources={"GPU": 1}``, ``priority``, ``retries``.

    Example:
        >>> with Dask(2) as executor:  # doctest: +SKIP
        ...     Spikes.populate(executor=executor)
    """

    in_process = False
    seconds = 30.0

    def __init__(self, workers: int | None = None, cluster: Any = None, **options: Any) -> None:
        self._options = options
        self._asked: dict[str, Any] = {}
        self._owns = not isinstance(cluster, Client)
        if isinstance(cluster, Client):
            self._client: Any = cluster
        elif cluster is None:
            self._client = Client(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
            )
        else:
            if workers is not None and hasattr(cluster, "scale"):
                cluster.scale(workers)
            self._client = Client(cluster)
        self._wanted = workers

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        threads = sum(self._client.nthreads().values())
        return int(threads or self._wanted or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Start a call; equal calls are not merged."""
        return self._client.submit(function, *arguments, pure=False, **{**self._asked, **self._options})

    def require(self, resources: Resources | None) -> None:
        """Ask for resources for tasks from now on: those by which Dask's workers were started.

        They are called ``CPU``, ``MEMORY`` (bytes), ``GPU`` and as the tags are: ``dask worker --resources "GPU=2"``. A
        task that asks for what no worker has would wait for ever, so that is left out.
        """

        def declared(dask_scheduler: Any) -> list[str]:
            return list(dask_scheduler.resources)

        wanted = _named(resources)
        known = set(self._client.run_on_scheduler(declared)) if wanted else set()
        unknown = sorted(set(wanted) - known - {"CPU", "MEMORY"})
        if unknown:
            logger.warning("No worker of Dask was started with %s; it is not asked for.", ", ".join(unknown))
        asked = {name: value for name, value in wanted.items() if name in known}
        self._asked = {"resources": asked} if asked else {}

    def shutdown(self) -> None:
        """Close the client, and the cluster if it was made here."""
        if self._owns:
            self._client.close()
            cluster = getattr(self._client, "cluster", None)
            if cluster is not None:
                cluster.close()


def _named(resources: Resources | None) -> dict[str, float]:
    """Return resources as Dask's workers name them."""
    if resources is None:
        return {}
    numbers = {"CPU": resources.cpus, "MEMORY": resources.memory, "GPU": resources.gpus}
    return {**{name: value for name, value in numbers.items() if value}, **dict.fromkeys(resources.tags, 1)}
