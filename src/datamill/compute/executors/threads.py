"""Threads of this process; each has a session of its own on the connection."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from datamill.compute.resources import Ledger, Resources


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
        self._changed = threading.Condition()
        self.limit(None)

    def limit(self, capacity: Resources | None) -> None:
        """Let the threads together hold no more than this from now on."""
        self._ledger = Ledger(capacity)

    def need(self, resources: Resources | None) -> None:
        """Give back what the calling thread holds, and wait until it can have this; None: nothing."""
        who = threading.get_ident()
        with self._changed:
            self._ledger.give_back(who)
            self._changed.notify_all()
            if resources is not None:
                self._changed.wait_for(lambda: self._ledger.take(who, resources) is not None)
