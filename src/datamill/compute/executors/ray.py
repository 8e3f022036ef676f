"""Ray: tasks on a Ray cluster, or on a local one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import ray as library

from datamill.compute.resources import Resources

ray: Any = library


class _Future:
    """A future over an object reference."""

    def __init__(self, reference: Any) -> None:
        self._reference = reference

    def done(self) -> bool:
        """True once there is a result or an error."""
        ready, _ = ray.wait([self._reference], timeout=0)
        return bool(ready)

    def result(self, timeout: float | None = None) -> Any:
        """Return the result, or raise what the task raised."""
        return ray.get(self._reference, timeout=timeout)

    def cancel(self) -> bool:
        """Ask Ray to give the task up."""
        ray.cancel(self._reference)
        return True


class Ray:
    """Tasks of Ray.

    Args:
        workers: How many run at once; None: as many as the cluster has processors.
        address: Of a cluster, ``"auto"`` for the one this machine belongs to; None: Ray's default, a local one if
            nothing else is known.
        **options: Of each task, as `ray.remote` takes them: ``num_cpus``, ``num_gpus``, ``memory``, ``resources``.

    Example:
        >>> with Ray(2, num_gpus=1) as executor:  # doctest: +SKIP
        ...     Spikes.populate(executor=executor)
    """

    in_process = False
    seconds = 30.0

    def __init__(self, workers: int | None = None, address: str | None = None, **options: Any) -> None:
        self._owns = not ray.is_initialized()
        if self._owns:
            local = {} if address else {"num_cpus": workers, "include_dashboard": False}
            ray.init(address=address, log_to_driver=False, **local)
        self._options = {"max_retries": 0, **options}
        self._asked: dict[str, Any] = {}
        self._remote: dict[Callable[..., Any], Any] = {}
        self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> _Future:
        """Start a call as a task."""
        if function not in self._remote:
            self._remote[function] = ray.remote(function)
        remote = self._remote[function].options(**{**self._asked, **self._options})
        return _Future(remote.remote(*arguments))

    def require(self, resources: Resources | None) -> None:
        """Ask for resources for tasks from now on; a tag is a little of the cluster's custom resource of that name."""
        self._asked = {} if resources is None else native(resources)

    def shutdown(self) -> None:
        """Leave the cluster, if it was joined here."""
        if self._owns:
            ray.shutdown()


def native(resources: Resources) -> dict[str, Any]:
    """Return resources as options of a task of Ray."""
    found: dict[str, Any] = {"num_cpus": resources.cpus, "num_gpus": resources.gpus}
    if resources.memory:
        found["memory"] = int(resources.memory)
    if resources.tags:
        found["resources"] = dict.fromkeys(sorted(resources.tags), 0.001)
    return found
