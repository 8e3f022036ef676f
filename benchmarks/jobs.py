"""The queue: ``python -m benchmarks.jobs [--url URL] [--keys N] [--rounds N] [--curve] [--peer PYTHON]``.

Refresh, populate with and without reserved jobs, with and without records of runs, one, two and four worker processes,
each in turn with the genuine DataJoint's if ``--peer`` names an interpreter that has it. With ``--curve`` instead:
refresh, claim, and a populate that finds nothing to do over 10 000, 100 000 and 1 000 000 keys, with the memory that a
process needs for them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import datamill as dm
from benchmarks.harness import Row, in_turn, seconds, show
from benchmarks.peer import Peer
from datamill.compute.claims import Claims
from datamill.compute.job_table import JobTable
from datamill.compute.jobs import Jobs

SOURCE = """
high : int32
low : int32
"""
RESULT = """
-> Source
---
value : float64
"""
WORKER = "from benchmarks.jobs import Bench; Bench({url!r}).work()"
PEER = Path(__file__).with_name("jobs_peer.py")
SIZES = (10_000, 100_000, 1_000_000)
OPERATIONS = ("refresh", "refresh again", "claim 256", "no-op direct", "no-op reserved")


class Bench:
    """Sources and results in a schema of their own.

    Args:
        url: The database.
        fresh: Drop what an earlier run left.
        records: New tables keep records of runs.
    """

    def __init__(self, url: str, fresh: bool = False, records: bool = True) -> None:
        self.url = url
        name = "bench_jobs" if records else "bench_jobs_plain"
        self.instance = dm.Instance(url=url, safemode=False, jobs__provenance=records)
        if fresh and name in dm.list_schemas(self.instance.connection):
            self.instance.Schema(name).drop()
        schema = self.instance.Schema(name)

        class Source(dm.Manual):
            definition = SOURCE

        class Result(dm.Computed):
            definition = RESULT

            def make(self, key: dict[str, Any]) -> None:
                self.insert1({**key, "value": 1.0})

        self.source: Any = schema(Source)
        self.result: Any = schema(Result)

    def fill(self, keys: int) -> None:
        """Have so many sources, no results and no jobs."""
        self.empty()
        have = len(self.source)
        if have > keys:
            self.source.delete_quick()
            have = 0
        self.source.insert({"high": index // 1000, "low": index % 1000} for index in range(have, keys))

    def empty(self, refresh: bool = False) -> None:
        """Have no results, and as many jobs as keys or none."""
        self.result.delete_quick()
        self.result.jobs.delete()
        if refresh:
            self.result.jobs.refresh()

    def work(self) -> None:
        """Be one worker."""
        self.result.populate(reserve_jobs=True, refresh=False)

    def seconds(self, action: Callable[[], object], refresh: bool = False) -> float:
        """Return the seconds that an action takes on an empty table."""
        self.empty(refresh)
        return seconds(action)

    def workers(self, count: int) -> float:
        """Return the seconds from the first row to the last, so that workers have time to connect."""
        self.empty(refresh=True)
        command = [sys.executable, "-c", WORKER.format(url=self.url)]
        running = [subprocess.Popen(command) for _ in range(count)]
        while not len(self.result):
            time.sleep(0.01)
        return seconds(lambda: [process.wait() for process in running])

    def claims(self) -> Claims:
        """A worker's claims."""
        return Claims(Jobs(JobTable(self.instance.connection, self.result()._spec)))


def main_rows(bench: Bench, plain: Bench, keys: int, rounds: int, peer: Peer | None) -> list[Row]:
    """Measure the operations of a queue."""
    rows = []

    def measure(name: str, action: Callable[[], float], target: str = "", count: int = keys) -> None:
        if peer is not None and name in PEERS:
            ours, theirs = in_turn(rounds, action, partial(peer.measure, name))
            rows.append(Row(name, "key", ours / count, None, target, theirs))
        else:
            (ours,) = in_turn(rounds, action)
            rows.append(Row(name, "key", ours / count, None, target))

    def claim() -> float:
        claims = bench.claims()
        try:
            return seconds(lambda: claims.claim(256))
        finally:
            claims.release()

    bench.fill(keys)
    plain.fill(keys)
    measure("jobs.refresh, all new", lambda: bench.seconds(bench.result.jobs.refresh), "15x the peer")
    measure("jobs.refresh, nothing new", lambda: seconds(bench.result.jobs.refresh))
    measure("claim 256 jobs", claim, "", 256)
    measure("populate, direct", lambda: bench.seconds(bench.result.populate), "4x the peer; SQLite 0.1 ms")
    measure("populate, direct, no record of runs", lambda: plain.seconds(plain.result.populate))
    measure("populate, reserved jobs", lambda: bench.seconds(bench.work, refresh=True), "4x the peer")
    for count in (1, 2, 4):
        measure(f"worker processes: {count}", partial(bench.workers, count))
    return rows


PEERS = {
    "jobs.refresh, all new",
    "populate, direct",
    "populate, reserved jobs",
    *(f"worker processes: {count}" for count in (1, 2, 4)),
}


# how it grows ----------------------------------------------------------------------------------------------------


def curve(url: str) -> str:
    """Measure how each operation grows with the number of keys, each in a process of its own, for its memory."""
    bench = Bench(url, fresh=True)
    lines = [f"{'keys':>9}" + "".join(f"{name:>24}" for name in OPERATIONS)]
    for size in SIZES:
        bench.fill(size)
        cells = []
        for name in OPERATIONS:
            if name == "no-op direct":
                bench.result.jobs.delete()
                table, parent = bench.result.full_table_name, bench.source.full_table_name
                sql = f"INSERT INTO {table} (high, low, value) SELECT high, low, 1.0 FROM {parent}"
                bench.instance.connection.query(sql)
            command = [sys.executable, "-m", "benchmarks.jobs", "--url", url, "--one", name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            taken, before, after = json.loads(done.stdout)
            cells.append(f"{taken:>9.3f} s {after:>4.0f} MB (+{after - before:.0f})".rjust(24))
        lines.append(f"{size:>9}" + "".join(cells))
    bench.instance.Schema("bench_jobs").drop()
    return "\n".join(lines)


def one(url: str, name: str) -> tuple[float, float, float]:
    """Do one operation; return its seconds, and the most memory in MB that this process had before and after it."""
    bench = Bench(url)
    bench.result.progress("high = 0")  # what is loaded once
    claims = bench.claims()
    actions: dict[str, Callable[[], object]] = {
        "refresh": bench.result.jobs.refresh,
        "refresh again": bench.result.jobs.refresh,
        "claim 256": lambda: claims.claim(256),
        "no-op direct": bench.result.populate,
        "no-op reserved": lambda: bench.result.populate(reserve_jobs=True),
    }
    before = _megabytes()
    taken = seconds(actions[name])
    claims.release()
    return taken, before, _megabytes()


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextlib.contextmanager
def _database(url: str | None) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield url or f"sqlite:///{Path(folder) / 'jobs.db'}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="database to measure; default: a fresh SQLite file")
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", help="interpreter that has datajoint; needs a server")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--one", choices=OPERATIONS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with _database(arguments.url) as url:
        if arguments.one:
            sys.stdout.write(json.dumps(one(url, arguments.one)))
            return
        if arguments.curve:
            print(curve(url))
            return
        bench, plain = Bench(url, fresh=True), Bench(url, fresh=True, records=False)
        with contextlib.ExitStack() as stack:
            peer = Peer(arguments.peer, url, arguments.keys, str(PEER)) if arguments.peer else None
            if peer is not None:
                stack.enter_context(peer)
            print(show(main_rows(bench, plain, arguments.keys, arguments.rounds, peer)))
        for item, name in ((bench, "bench_jobs"), (plain, "bench_jobs_plain")):
            item.instance.Schema(name).drop()
            item.instance.connection.close()


if __name__ == "__main__":
    main()
