"""The genuine DataJoint doing the same operations, as a black box in an environment and process of its own.

`Peer` runs this file with the other interpreter and asks it for one measurement at a time, so that both are measured
in turn, under the same load: a label per line goes in, a line of seconds per unit comes out.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

ANSWER = "seconds "
METHODS = ("to_dicts", "to_arrow", "to_polars", "to_pandas", "to_arrays")
LABELS = (
    "insert of dict rows x 7",
    *METHODS,
    "fetch1 of one value",
    "insert1",
    "compose + compile, 3 operators",
    "cascade delete",
    "populate, trivial make",
    "jobs.refresh, all new",
    "populate, reserved jobs",
    "insert1 of 1 MiB noise",
    "insert1 of 1 MiB smooth",
)


BLOBS = 10
"""Blobs inserted per measurement."""


class Peer:
    """The other process.

    Args:
        python: Interpreter of an environment that has ``datajoint``.
        url: A database that it may fill.
        size: Rows of the bulk operations.
        script: What runs there: this file, or one that calls its `serve`.
    """

    def __init__(self, python: str, url: str, size: int, script: str = __file__) -> None:
        self._process = subprocess.Popen(
            [python, str(Path(script).absolute()), str(size)],
            env={**os.environ, **_environment(url)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )

    def measure(self, label: str) -> float:
        """Do one operation there; return the seconds per unit, NaN if it cannot do that."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(label + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:  # it prints other things, too
            if line.startswith(ANSWER):
                return float(line.removeprefix(ANSWER))
        raise SystemExit(f"The peer ended while it did {label!r}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def measure_peer(python: str, url: str, size: int, rounds: int) -> dict[str, float]:
    """Do every operation several times; return the medians by label."""
    with Peer(python, url, size) as peer:
        return {label: statistics.median(peer.measure(label) for _ in range(rounds)) for label in LABELS}


def _environment(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "DJ_BACKEND": "postgresql" if parts.scheme == "postgresql" else "mysql",
        "DJ_HOST": parts.hostname or "",
        "DJ_PORT": str(parts.port),
        "DJ_USER": unquote(parts.username or ""),
        "DJ_PASS": unquote(parts.password or ""),
        "DJ_DATABASE_NAME": parts.path.lstrip("/"),
        "DJ_USE_TLS": "false",
        "DJ_LOG_LEVEL": "ERROR",
    }


# --- what runs in the other environment ----------------------------------------------------------------------------

DEFINITION = """
a : int32
b : int32
---
x : float64
label : varchar(32)
flag : int16
day : varchar(10)
note = null : varchar(64)
"""


def sample_rows(size: int) -> list[dict[str, Any]]:
    """Return the rows of seven columns that all benchmarks insert; this file serves both interpreters."""
    return [
        {
            "a": i // 100,
            "b": i % 100,
            "x": i / 7,
            "label": f"row {i}",
            "flag": i % 3,
            "day": "2024-02-29",
            "note": None,
        }
        for i in range(size)
    ]


def seconds(action: Callable[[], object], count: int = 1) -> float:
    """Run an action and return the seconds per unit of work in it."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) / count


class Operations:
    """What is measured, by label, in a schema of its own."""

    def __init__(self, size: int) -> None:
        import datajoint as dj  # type: ignore[import-not-found,unused-ignore]
        import numpy as np

        dj.config["safemode"] = False
        dj.Schema("peer").drop(prompt=False)
        self.dj, self.schema, self.size = dj, dj.Schema("peer"), size
        self.known: dict[str, Any] = {}
        self.filled: list[Any] = []
        self.numbers = iter(range(10**9))
        self.rows = sample_rows(size)
        self.full = self.table(DEFINITION)
        self.full.insert(self.rows)
        self.second = self.table(f"-> {self.full.__name__}\nc : int32\n---\ny : float64\n")
        self.blobs = self.table("a : int32\n---\ndata : <blob>\n")
        noise = np.random.default_rng(1).integers(0, 256, 2**20, dtype=np.uint8)
        smooth = np.round(np.sin(np.linspace(0, 20, 2**17)), 2)
        actions: tuple[Callable[[], float], ...] = (
            self.insert,
            *(partial(self.fetch, method) for method in METHODS),
            self.fetch1,
            self.insert1,
            self.compose,
            self.delete,
            self.populate,
            self.refresh,
            self.reserved,
            partial(self.insert_blob, noise),
            partial(self.insert_blob, smooth),
        )
        self.actions: dict[str, Callable[[], float]] = dict(zip(LABELS, actions, strict=True))

    def table(self, definition: str, base: Any = None, **members: Any) -> Any:
        """Declare a fresh table."""
        name = f"Table{next(self.numbers)}"
        kind = type(name, (base or self.dj.Manual,), {"definition": definition, **members})
        self.known[name] = self.schema(kind, context=self.known)
        return self.known[name]

    def insert(self) -> float:
        """Bulk insert."""
        new = self.table(DEFINITION)
        return seconds(lambda: new.insert(self.rows), self.size)

    def fetch(self, method: str) -> float:
        """Fetch everything."""
        return seconds(getattr(self.full & "a < 1000000", method), self.size)

    def fetch1(self) -> float:
        """One value of one row."""

        def many() -> None:
            for index in range(200):
                (self.full & {"a": index % (self.size // 100), "b": 5}).fetch1("x")

        return seconds(many, 200)

    def insert1(self) -> float:
        """One row, committed."""

        def many() -> None:
            for index in range(200):
                self.full.insert1({**self.rows[0], "a": 10**6 + next(self.numbers), "b": index})

        return seconds(many, 200)

    def compose(self) -> float:
        """Compose a query and make its SQL."""

        def many() -> None:
            for index in range(200):
                ((self.full & {"a": index}) * self.second()).proj("x", "y").make_sql()

        return seconds(many, 200)

    def delete(self) -> float:
        """Cascade delete of 51 100 rows in 3 tables."""
        top = self.table("a : int32\n---\nx : float64\n")
        middle = self.table(f"-> {top.__name__}\nb : int32\n---\nx : float64\n")
        leaf = self.table(f"-> {middle.__name__}\nc : int32\n---\nx : float64\n")
        pairs = [(a, b) for a in range(100) for b in range(10)]
        top.insert([{"a": a, "x": 1.0} for a in range(100)])
        middle.insert([{"a": a, "b": b, "x": 1.0} for a, b in pairs])
        leaf.insert([{"a": a, "b": b, "c": c, "x": 1.0} for a, b in pairs for c in range(50)])
        return seconds(lambda: top().delete(prompt=False))

    def computed(self, has_queue: bool = False) -> Any:
        """Declare a computed table with a thousand keys to do, and its table of jobs."""
        source = self.table("a : int32\n")

        def make(table: Any, key: dict[str, Any]) -> None:
            table.insert1({**key, "y": key["a"] * 2.0})

        made = self.table(f"-> {source.__name__}\n---\ny : float64\n", self.dj.Computed, make=make)
        if has_queue:
            made().jobs.refresh()
        source.insert({"a": a} for a in range(1000))
        return made

    def populate(self) -> float:
        """A trivial make, per key."""
        return seconds(self.computed().populate, 1000)

    def refresh(self) -> float:
        """Fill the table of jobs, per key."""
        self.filled.append(self.computed(has_queue=True))
        return seconds(self.filled[-1]().jobs.refresh, 1000)

    def reserved(self) -> float:
        """A trivial make by a worker, per key."""
        if not self.filled:
            self.refresh()
        computed = self.filled.pop()
        return seconds(lambda: computed().populate(reserve_jobs=True, refresh=False), 1000)

    def insert_blob(self, array: Any) -> float:
        """Insert blobs of 1 MiB, one by one."""

        def insert() -> None:
            for _ in range(BLOBS):
                self.blobs.insert1({"a": next(self.numbers), "data": array})

        return seconds(insert, BLOBS)


def serve(actions: dict[str, Callable[[], float]]) -> None:
    """Measure what is asked for, until nothing is."""
    for line in sys.stdin:
        try:
            taken = actions[line.strip()]()
        except Exception as error:  # noqa: BLE001 - an extra that is not installed, most likely
            sys.stderr.write(f"The peer cannot do {line.strip()!r}: {error!r}\n")
            taken = float("nan")
        sys.stdout.write(f"{ANSWER}{taken}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    operations = Operations(int(sys.argv[1]))
    serve(operations.actions)
    operations.schema.drop(prompt=False)
