"""Memory that large tables take: filled, iterated, copied to another database, each in a process of its own.

    python -m benchmarks.memory URL [--copy URL] [--gigabytes 2] [--row-bytes 100000]

Prints for each step its time, and the most memory its process held at any moment, the interpreter and the libraries
included. Makes the schema ``benchmark_memory`` at both places, and drops it afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

import datamill as dm

SCHEMA = "benchmark_memory"


def table(url: str) -> Any:
    """Return the large table of a database, declared if it is missing."""
    schema = dm.Schema(SCHEMA, connection=dm.Connection(url=url))

    @schema
    class Scan(dm.Manual):
        definition = """
        scan : int32
        ---
        image : bytes
        """

    return Scan


def connect(url: str, **arguments: Any) -> int:
    """Do nothing else: what every process holds."""
    return len(table(url)())


def fill(url: str, rows: int = 0, size: int = 0, **arguments: Any) -> int:
    """Insert rows of noise, in transactions of a thousand."""
    noise = os.urandom(size)
    table(url).insert(
        ({"scan": scan, "image": noise[scan % size :] + noise[: scan % size]} for scan in range(rows)),
        chunk_size=1000,
    )
    return rows


def iterate(url: str, **arguments: Any) -> int:
    """Read every row in a loop."""
    return sum(1 for row in table(url)() if row["image"])


def copy(url: str, copy: str | None = None, **arguments: Any) -> int:
    """Copy the table to another database, and verify it there."""
    assert copy is not None
    return dm.copy_database(url, copy, SCHEMA).copied


def clean(*urls: str | None) -> None:
    """Drop the schema."""
    for url in filter(None, urls):
        with dm.Connection(url=url) as connection:
            if connection.catalog.schema_exists(SCHEMA):
                connection.catalog.drop_schema(SCHEMA)


STEPS = {step.__name__: step for step in (connect, fill, iterate, copy)}


def measure(step: str, **arguments: Any) -> dict[str, float]:
    """Run a step in a new process; return its rows, seconds and peak memory in MB."""
    words = [sys.executable, "-m", "benchmarks.memory", "--step", step, json.dumps(arguments)]
    answer: dict[str, float] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    return answer


def run_step(step: str, arguments: dict[str, Any]) -> dict[str, float]:
    """Run a step in this process."""
    begun = time.perf_counter()
    rows = STEPS[step](**arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "seconds": time.perf_counter() - begun, "peak": peak}


def main(words: list[str]) -> None:
    """Measure all steps and print a table."""
    if words[0] == "--step":
        print(json.dumps(run_step(words[1], json.loads(words[2]))))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("--copy", help="URL of another database")
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--row-bytes", type=int, default=100_000)
    given = parser.parse_args(words)
    rows = round(given.gigabytes * 1e9 / given.row_bytes)
    arguments = {"url": given.url, "copy": given.copy, "rows": rows, "size": given.row_bytes}
    print(f"{'step':<10}{'rows':>10}{'seconds':>10}{'MB/s':>8}{'peak MB':>10}")
    try:
        for step in STEPS if given.copy else list(STEPS)[:-1]:
            found = measure(step, **arguments)
            speed = found["rows"] * given.row_bytes / 1e6 / found["seconds"]
            print(
                f"{step:<10}{found['rows']:>10}{found['seconds']:>10.1f}{speed:>8.0f}{found['peak']:>10.0f}"
            )
    finally:
        clean(given.url, given.copy)


if __name__ == "__main__":
    main(sys.argv[1:])
