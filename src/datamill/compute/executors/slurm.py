"""Slurm, through submitit: each task is a job of the cluster."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import submitit

from datamill.compute.resources import Resources

DEFAULT_WORKERS = 10


class Slurm:
    """Jobs of a Slurm cluster.

    Use it with ``reserve_jobs=True``: each Slurm job then claims keys until none is left, or its time is over.

    Args:
        workers: Slurm jobs at once.
        folder: Where submitit writes scripts, results and logs; every machine of the cluster must see it.
        cluster: ``slurm``, ``local`` (processes on this machine), or None: Slurm if it is there.
        **options: Of each job, as submitit takes them: ``timeout_min=60``, ``mem_gb=4``, ``cpus_per_task=2``,
            ``gpus_per_node=1``, ``slurm_partition="short"``, ...

    Example:
        >>> with Slurm(20, timeout_min=120, mem_gb=8) as executor:  # doctest: +SKIP
        ...     Spikes.populate(reserve_jobs=True, executor=executor)
    """

    in_process = False
    seconds = None

    def __init__(
        self,
        workers: int | None = None,
        folder: str | Path = "datamill-slurm",
        cluster: str | None = None,
        **options: Any,
    ) -> None:
        self.workers = workers or DEFAULT_WORKERS
        self._place: dict[str, Any] = {"folder": folder, "cluster": cluster}
        self._options = options
        self.require(None)
        self._jobs: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()

    def script(self) -> str:
        """Return the sbatch script that would be submitted, but for the name of the pickled task."""
        executor = self._executor._executor
        text: str = executor._make_submission_file_text(executor._submitit_command_str, "task")
        return text

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Submit a call as a job."""
        job = self._executor.submit(function, *arguments)
        self._jobs.append(job)
        return job

    def require(self, resources: Resources | None) -> None:
        """Ask for resources for jobs from now on; tags are features of machines, Slurm's constraints."""
        asked = {} if resources is None else native(resources)
        self._executor: Any = submitit.AutoExecutor(**self._place)
        self._executor.update_parameters(**{"name": "datamill", **asked, **self._options})

    def shutdown(self) -> None:
        """Cancel the jobs that are still there."""
        for job in self._jobs:
            if not job.done():
                job.cancel()


def native(resources: Resources) -> dict[str, Any]:
    """Return resources as submitit's parameters of a job."""
    found: dict[str, Any] = {"cpus_per_task": max(1, math.ceil(resources.cpus))}
    if resources.memory:
        found["mem_gb"] = math.ceil(resources.memory / 10**9)
    if resources.gpus:
        found["gpus_per_node"] = math.ceil(resources.gpus)
    if resources.time:
        found["timeout_min"] = max(1, math.ceil(resources.time / 60))
    if resources.tags:
        found["slurm_constraint"] = "&".join(sorted(resources.tags))
    return found
