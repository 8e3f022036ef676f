"""The genuine DataJoint's queue, as a black box: run by ``benchmarks.jobs --peer PYTHON`` with that interpreter."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
serve: Any = import_module("peer").serve

SOURCE = "high : int32\nlow : int32\n"
RESULT = "-> Source\n---\nvalue : float64\n"


class Queue:
    """Sources and results in a schema of their own.

    Args:
        keys: How many sources.
        fresh: Begin anew; else be a worker on what another process made.
    """

    def __init__(self, keys: int, fresh: bool = True) -> None:
        dj: Any = import_module("datajoint")
        dj.config["safemode"] = False
        if fresh:
            dj.Schema("bench_jobs_peer").drop(prompt=False)
        self.keys, self.schema = keys, dj.Schema("bench_jobs_peer")

        class Source(dj.Manual):  # type: ignore[misc,unused-ignore]
            definition = SOURCE

        class Result(dj.Computed):  # type: ignore[misc,unused-ignore]
            definition = RESULT

            def make(self, key: dict[str, Any]) -> None:
                self.insert1({**key, "value": 1.0})

        self.schema(Source, context={"Source": Source})
        self.schema(Result, context={"Source": Source})
        self.result: Any = Result()
        if fresh:
            Source.insert({"high": index // 1000, "low": index % 1000} for index in range(keys))

    def empty(self, refresh: bool) -> None:
        """Have no results, and as many jobs as keys or none."""
        self.result.delete_quick()
        self.result.jobs.delete()
        if refresh:
            self.result.jobs.refresh()

    def seconds(self, action: Callable[[], object], refresh: bool = False) -> float:
        """Return the seconds per key that an action takes on an empty table."""
        self.empty(refresh)
        begun = time.perf_counter()
        action()
        return (time.perf_counter() - begun) / self.keys

    def work(self) -> None:
        """Be one worker."""
        self.result.populate(reserve_jobs=True, refresh=False)

    def workers(self, count: int) -> float:
        """Start workers; return the seconds per key from the first row to the last."""
        self.empty(refresh=True)
        running = [subprocess.Popen([sys.executable, __file__, "work"]) for _ in range(count)]
        while not len(self.result):
            time.sleep(0.01)
        begun = time.perf_counter()
        for process in running:
            process.wait()
        return (time.perf_counter() - begun) / self.keys

    def actions(self) -> dict[str, Callable[[], float]]:
        """Return what can be measured, by label."""
        found: dict[str, Callable[[], float]] = {
            "jobs.refresh, all new": lambda: self.seconds(self.result.jobs.refresh),
            "populate, direct": lambda: self.seconds(self.result.populate),
            "populate, reserved jobs": lambda: self.seconds(self.work, refresh=True),
        }
        for count in (1, 2, 4):
            found[f"worker processes: {count}"] = partial(self.workers, count)
        return found


if __name__ == "__main__":
    if sys.argv[1] == "work":
        Queue(0, fresh=False).work()
    else:
        queue = Queue(int(sys.argv[1]))
        serve(queue.actions())
        queue.schema.drop(prompt=False)
