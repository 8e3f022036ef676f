"""Where workers run: one small contract over futures, and adapters for it.

An executor is anything with ``submit(function, *arguments)``, giving a future with ``result()``, ``done()`` and
``cancel()``, and with ``shutdown()``. Those named here are made by `make`; further ones come as entry points of the
group ``datamill.executors``: functions from the number of workers (None: as many as fit) and options to an executor.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from datamill.errors import DataMillError
from datamill.registry import Registry

__all__ = ["EXECUTORS", "Executor", "WorkerGoneError", "cpu_count", "make", "workers_of"]


@runtime_checkable
class Executor(Protocol):
    """What runs functions elsewhere.

    Adapters may also have: ``workers``, how many run at once; ``in_process``, true if they share this process's
    memory; ``seconds``, how long a task of reserved mode should go on claiming (None: until nothing is left);
    ``interrupt()``, which makes running tasks stop early and return what they have done; ``require(resources)``, which
    asks the cluster for a `Resources` for each task submitted from now on (None: nothing is said); ``limit(capacity)``,
    by which workers of this machine together hold no more than a `Resources` (None: what the machine has).
    """

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Start a call; return its future."""

    def shutdown(self) -> Any:
        """End the workers."""


class WorkerGoneError(Exception):
    """The worker that ran a task died. Field: ``position`` of the key it was at; None if unknown."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


EXECUTORS: Registry[Callable[..., Executor]] = Registry(
    "executor",
    {
        "processes": "datamill.compute.executors.processes:Processes",
        "threads": "datamill.compute.executors.threads:Threads",
        "dask": "datamill.compute.executors.dask:Dask",
        "ray": "datamill.compute.executors.ray:Ray",
        "slurm": "datamill.compute.executors.slurm:Slurm",
        "mpi": "datamill.compute.executors.mpi:MPI",
    },
    extras={"dask": "dask", "ray": "ray", "slurm": "slurm", "mpi": "mpi"},
    groups=("datamill.executors",),
)
"""Executors by name."""


def cpu_count() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def make(name: str, workers: int | None = None, **options: Any) -> Executor:
    """Make an executor by name.

    Args:
        name: ``processes``, ``threads``, ``dask``, ``ray``, ``slurm``, ``mpi``, or a plugin's.
        workers: How many work at once; None: as many as fit.
        **options: Of the executor.

    Raises:
        DataMillError: There is no such executor.
        MissingExtraError: Its library is not installed.

    Example:
        >>> with make("threads", 2) as executor:
        ...     executor.submit(sum, [1, 2]).result()
        3
    """
    return EXECUTORS.get(name)(workers, **options)


def workers_of(executor: Any) -> int:
    """Return how many workers an executor has, as far as it tells; else the number of processors."""
    for name in ("workers", "_max_workers"):
        found = getattr(executor, name, None)
        if isinstance(found, int) and found > 0:
            return found
    return cpu_count()


def checked(executor: Any) -> Executor:
    """Return an executor that a user gave.

    Raises:
        DataMillError: It is none.
    """
    if isinstance(executor, type) or not isinstance(executor, Executor):
        raise DataMillError(
            f"{executor!r} is no executor.",
            hint=f"Name one of {', '.join(EXECUTORS)}, or give an object with submit and shutdown.",
        )
    return executor
