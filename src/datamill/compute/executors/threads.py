"""Threads of this process; each has a session of its own on the connection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


class Threads(ThreadPoolExecutor):
    """A pool of threads, for makes that wait for files and networks, or compute outside the interpreter's lock.

    Args:
        workers: How many; None: four more than there are processors, as the standard library chooses.
    """

    in_process = True
    seconds = 5.0

    def __init__(self, workers: int | None = None) -> None:
        super().__init__(workers, thread_name_prefix="datamill-worker")
        self.workers = self._max_workers
