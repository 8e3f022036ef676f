"""The queue: ``python -m benchmarks.jobs [--url URL] [--keys N] [--curve] [--peer PYTHON]``.

Refresh, populate with and without reserved jobs, one, two and four worker processes; with ``--curve`` refresh, claim,
and a populate that finds nothing to do over 10 000, 100 000 and 1 000 000 keys, with the memory they take.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import datamill as dm
from benchmarks.harness import Row, seconds, show
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


class Bench:
    """Sources and results in a schema of their own.

    Args:
        url: The database.
        fresh: Drop what an earlier run left.
    """

    def __init__(self, url: str, fresh: bool = False) -> None:
        self.url = url
        self.instance = dm.Instance(url=url, safemode=False)
        if fresh and "bench_jobs" in dm.list_schemas(self.instance.connection):
            self.instance.Schema("bench_jobs").drop()
        schema = self.instance.Schema("bench_jobs")

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
        self.result.delete_quick()
        self.result.jobs.delete()
        have = len(self.source)
        if have > keys:
            self.source.delete_quick()
            have = 0
        self.source.insert({"high": index // 1000, "low": index % 1000} for index in range(have, keys))

    def work(self) -> None:
        """Be one worker."""
        self.result.populate(reserve_jobs=True, refresh=False)

    def workers(self, count: int) -> float:
        """Start workers, give them time to connect, and return the seconds from the first row to the last."""
        command = [sys.executable, "-c", WORKER.format(url=self.url)]
        begun = time.perf_counter()
        running = [subprocess.Popen(command) for _ in range(count)]
        while not len(self.result):
            time.sleep(0.01)
        started = time.perf_counter()
        for process in running:
            process.wait()
        assert started > begun
        return time.perf_counter() - started

    def claims(self) -> Claims:
        """A worker's claims."""
        return Claims(Jobs(JobTable(self.instance.connection, self.result()._spec)))


def main_rows(bench: Bench, keys: int) -> list[Row]:
    """Measure the operations of a queue."""
    rows = []

    def measure(name: str, action: Callable[[], Any], target: str, count: int = keys) -> None:
        rows.append(Row(name, "key", seconds(action, count), None, target))

    bench.fill(keys)
    measure("jobs.refresh, all new", bench.result.jobs.refresh, "0.009 ms (PostgreSQL), 0.033 (MySQL)")
    measure("jobs.refresh, nothing new", bench.result.jobs.refresh, "")
    claims = bench.claims()
    measure("claim 256 jobs", lambda: claims.claim(256), "", 256)
    claims.release()
    measure("populate, reserved jobs", bench.work, "0.28 ms (PostgreSQL), 0.71 (MySQL)")
    bench.fill(keys)
    measure("populate, direct", bench.result.populate, "0.1 ms (SQLite), 0.16 (PostgreSQL)")
    for count in (1, 2, 4):
        bench.fill(keys)
        bench.result.jobs.refresh()
        rows.append(Row(f"{count} worker processes", "key", bench.workers(count) / keys, None, ""))
    return rows


def curve(bench: Bench, sizes: list[int]) -> str:
    """Measure how refresh, claim and a populate that does nothing grow with the number of keys."""
    lines = [
        f"{'keys':>9}{'refresh':>11}{'again':>11}{'claim 256':>11}"
        f"{'no-op direct':>14}{'no-op reserved':>16}{'memory':>9}"
    ]
    connection = bench.instance.connection
    for size in sizes:
        bench.fill(size)
        refresh = seconds(bench.result.jobs.refresh)
        again = seconds(bench.result.jobs.refresh)
        claims = bench.claims()
        claims.claim(256)
        claim = seconds(lambda claims=claims: claims.claim(256))  # type: ignore[misc]
        claims.release()
        bench.result.jobs.delete()
        table, parent = bench.result.full_table_name, bench.source.full_table_name
        connection.query(f"INSERT INTO {table} (high, low, value) SELECT high, low, 1.0 FROM {parent}")
        direct = seconds(bench.result.populate)
        reserved = seconds(lambda: bench.result.populate(reserve_jobs=True))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        lines.append(
            f"{size:>9}{refresh:>9.3f} s{again:>9.3f} s{claim * 1e3:>8.1f} ms{direct:>12.3f} s{reserved:>14.3f} s"
            f"{memory:>6} MB"
        )
    return "\n".join(lines)


def measure_peer(python: str, url: str, keys: int) -> dict[str, float]:
    """Return what the genuine DataJoint needs for the same on the same server, in seconds per key by label."""
    parts = urlsplit(url)
    environment = {
        **os.environ,
        "DJ_BACKEND": "postgresql" if parts.scheme == "postgresql" else "mysql",
        "DJ_HOST": parts.hostname or "",
        "DJ_PORT": str(parts.port),
        "DJ_USER": unquote(parts.username or ""),
        "DJ_PASS": unquote(parts.password or ""),
        "DJ_DATABASE_NAME": parts.path.lstrip("/"),
        "DJ_USE_TLS": "false",
        "DJ_LOG_LEVEL": "ERROR",
    }
    script = Path(__file__).with_name("jobs_peer.py").absolute()
    done = subprocess.run(
        [python, str(script), str(keys)],
        env=environment,
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    if done.returncode:
        sys.stderr.write(f"The peer failed: {done.stderr[-2000:]}\n")
        return {}
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="database to measure; default: a fresh SQLite file")
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--peer", help="interpreter that has datajoint; needs a server")
    parser.add_argument("--curve", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments.url or f"sqlite:///{Path(folder) / 'jobs.db'}", fresh=True)
        peer = measure_peer(arguments.peer, bench.url, arguments.keys) if arguments.peer else None
        print(show(main_rows(bench, arguments.keys), peer))
        if arguments.curve:
            print(curve(bench, [10_000, 100_000, 1_000_000]))
        bench.instance.connection.close()


if __name__ == "__main__":
    main()
