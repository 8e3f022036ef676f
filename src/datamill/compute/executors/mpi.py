"""MPI: the processes of an MPI job, through mpi4py.futures."""

from __future__ import annotations

from typing import Any

from mpi4py import MPI as mpi  # noqa: N811 - the class below has the name that users write
from mpi4py.futures import MPIPoolExecutor


class MPI(MPIPoolExecutor):
    """The processes of an MPI job: ``mpiexec -n 8 python -m mpi4py.futures script.py``.

    One process runs the script and hands out work, the others compute. The database must be reachable from all of
    them.

    Args:
        workers: How many; None: all of the job but the first.
        **options: Of `mpi4py.futures.MPIPoolExecutor`.
    """

    in_process = False
    seconds = 30.0

    def __init__(self, workers: int | None = None, **options: Any) -> None:
        super().__init__(workers, main=False, **options)
        self.workers = workers or max(1, mpi.COMM_WORLD.Get_size() - 1)
