"""Slurm, through submitit: each task is a job of the cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import submitit

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
        self._executor: Any = submitit.AutoExecutor(folder=folder, cluster=cluster)
        self._executor.update_parameters(name="datamill", **options)
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

    def shutdown(self) -> None:
        """Cancel the jobs that are still there."""
        for job in self._jobs:
            if not job.done():
                job.cancel()
