"""Dask: a `distributed.Client`, a cluster of dask-jobqueue, or a local one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import distributed

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
        return self._client.submit(function, *arguments, pure=False, **self._options)

    def shutdown(self) -> None:
        """Close the client, and the cluster if it was made here."""
        if self._owns:
            self._client.close()
            cluster = getattr(self._client, "cluster", None)
            if cluster is not None:
                cluster.close()
