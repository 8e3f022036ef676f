"""What is measured on a server: datamill, the raw driver and the genuine DataJoint, in turn, in one run."""

from __future__ import annotations

import subprocess
import sys
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import datamill as dm
from benchmarks.harness import Row, in_turn, seconds
from benchmarks.peer import BLOBS, DEFINITION, METHODS, Peer, sample_rows
from datamill.data.query import compile_query

Measure = Callable[[], float]
FACTORS = {"to_dicts": 8, "to_arrow": 15, "to_polars": 15, "to_pandas": 15, "to_arrays": 4}


class ServerBench:
    """A datamill schema and a connection of the raw driver, on one server.

    Args:
        url: Where datamill works; the schema ``bench_datamill`` is made anew.
        size: Rows of the bulk operations.
        rounds: How often to measure each; medians count.
        peer: The genuine DataJoint; None: without.
    """

    def __init__(self, url: str, size: int, rounds: int, peer: Peer | None) -> None:
        self.size, self.rounds, self.peer = size, rounds, peer
        self.instance = dm.Instance(url=url, safemode=False)
        if "bench_datamill" in dm.list_schemas(self.instance.connection):
            self.instance.Schema("bench_datamill").drop()
        self.schema = self.instance.Schema("bench_datamill")
        self.rows = sample_rows(size)
        self.tuples = [tuple(row.values()) for row in self.rows]
        self._number = 0

    # --- the raw driver

    @abstractmethod
    def raw_table(self) -> str:
        """Create a fresh raw table of seven columns and return its name."""

    @abstractmethod
    def raw_blob_table(self) -> str:
        """Create a fresh raw table of an integer and bytes, and return its name."""

    @abstractmethod
    def raw_insert(self, name: str) -> None:
        """Insert all rows as the driver does it best."""

    @abstractmethod
    def run(self, sql: str, params: Any = None) -> Any:
        """Run a statement, commit, and return all rows, if there are any."""

    # --- the harness

    def table(self, definition: str, base: Any = dm.Manual, **members: Any) -> Any:
        """Declare a fresh table."""
        self._number += 1
        name = f"Table{self._number}"
        return self.schema(type(base)(name, (base,), {"definition": definition, **members}))

    def row(self, label: str, unit: str, ours: Measure, raw: Measure | None, factor: float | None) -> Row:
        """Measure one operation everywhere; ``factor`` is how many times faster than the peer it is to be."""
        peer = None if self.peer is None else lambda peer=self.peer: peer.measure(label)
        actions = {"ours": ours, "raw": raw, "peer": peer}
        there = {name: action for name, action in actions.items() if action is not None}
        for action in there.values():  # modules, plans, connections: what is made once counts on neither side
            action()
        taken = dict(zip(there, in_turn(self.rounds, *there.values()), strict=True))
        target = "" if factor is None else f"{factor}x"
        return Row(label, unit, taken["ours"], taken.get("raw"), target, taken.get("peer"))

    # --- what is measured

    def insert_and_fetch(self) -> Iterator[Row]:
        """Bulk insert, the forms of fetch, fetch1, insert1."""

        def insert() -> float:
            table = self.table(DEFINITION)
            return seconds(lambda: table.insert(self.rows), self.size)

        def raw_insert() -> float:
            name = self.raw_table()
            return seconds(lambda: self.raw_insert(name), self.size)

        yield self.row("insert of dict rows x 7", "row", insert, raw_insert, 4)
        table, name = self.table(DEFINITION), self.raw_table()
        table.insert(self.rows)
        self.raw_insert(name)
        for method in METHODS:
            fetch = getattr(table, method)
            yield self.row(
                method,
                "row",
                partial(seconds, fetch, self.size),
                lambda: seconds(lambda: self.run(f"SELECT * FROM {name}"), self.size),
                FACTORS[method],
            )
        yield self.fetch1(table, name)
        yield self.insert1(table, name)

    def fetch1(self, table: Any, name: str) -> Row:
        """One value of one row."""
        count, groups = 300, self.size // 100

        def one() -> None:
            for index in range(count):
                (table & {"a": index % groups, "b": 5}).fetch1("x")

        def raw_one() -> None:
            for index in range(count):
                self.run(f"SELECT x FROM {name} WHERE a = %s AND b = %s", (index % groups, 5))

        return self.row(
            "fetch1 of one value", "call", lambda: seconds(one, count), lambda: seconds(raw_one, count), 2.5
        )

    def insert1(self, table: Any, name: str) -> Row:
        """One row, committed."""
        count, numbers = 200, iter(range(10**6, 10**7))

        def one() -> None:
            for index in range(count):
                table.insert1({**self.rows[0], "a": next(numbers), "b": index})

        def raw_one() -> None:
            for index in range(count):
                values = (next(numbers), index, *self.tuples[0][2:])
                self.run(f"INSERT INTO {name} VALUES (%s,%s,%s,%s,%s,%s,%s)", values)

        return self.row("insert1", "call", lambda: seconds(one, count), lambda: seconds(raw_one, count), 1.5)

    def compose(self) -> Iterator[Row]:
        """Compose and compile a query of three operators."""
        first = self.table(DEFINITION)()
        second = self.table(f"-> {type(first).__name__}\nc : int32\n---\ny : float64\n")()
        count = 300

        def query() -> None:
            for index in range(count):
                expression = ((first & {"a": index}) * second).proj("x", "y")
                compile_query(self.instance.connection, expression.__relation__())

        label = "compose + compile, 3 operators"
        yield self.row(label, "query", lambda: seconds(query, count), None, 3)

    def delete(self) -> Iterator[Row]:
        """Cascade delete of 51 100 rows in 3 tables."""
        pairs = [(a, b) for a in range(100) for b in range(10)]

        def filled() -> list[Any]:
            top = self.table("a : int32\n---\nx : float64\n")
            middle = self.table(f"-> {top.__name__}\nb : int32\n---\nx : float64\n")
            leaf = self.table(f"-> {middle.__name__}\nc : int32\n---\nx : float64\n")
            top.insert([{"a": a, "x": 1.0} for a in range(100)])
            middle.insert([{"a": a, "b": b, "x": 1.0} for a, b in pairs])
            leaf.insert([{"a": a, "b": b, "c": c, "x": 1.0} for a, b in pairs for c in range(50)])
            return [leaf, middle, top]

        def ours() -> float:
            top = filled()[-1]
            return seconds(lambda: top.delete(prompt=False))

        def raw() -> float:
            statements = [f"DELETE FROM {table.full_table_name} WHERE a >= 0" for table in filled()]
            return seconds(lambda: list(map(self.run, statements)))

        yield self.row("cascade delete", "delete", ours, raw, 2)

    def blobs(self) -> Iterator[Row]:
        """Insert a blob of 1 MiB: noise and smooth; raw is the driver with zlib, as the peer packs it."""
        noise = np.random.default_rng(1).integers(0, 256, 2**20, dtype=np.uint8)
        smooth = np.round(np.sin(np.linspace(0, 20, 2**17)), 2)
        numbers = iter(range(10**6))
        table, name = self.table("a : int32\n---\ndata : <blob>\n"), self.raw_blob_table()
        for label, array, factor in (("noise", noise, 15), ("smooth", smooth, None)):

            def insert(array: Any = array) -> None:
                for _ in range(BLOBS):
                    table.insert1({"a": next(numbers), "data": array})

            def raw(array: Any = array) -> None:
                for _ in range(BLOBS):
                    values = (next(numbers), zlib.compress(array.tobytes(), 6))
                    self.run(f"INSERT INTO {name} VALUES (%s, %s)", values)

            label = f"insert1 of 1 MiB {label}"
            yield self.row(
                label, "insert", lambda: seconds(insert, BLOBS), lambda: seconds(raw, BLOBS), factor
            )

    def computed(self, count: int, has_queue: bool = False) -> Any:
        """Declare a computed table with keys to do, and its table of jobs."""
        source = self.table("a : int32\n")

        def make(self: Any, key: dict[str, Any]) -> None:
            self.insert1({**key, "y": key["a"] * 2.0})

        made = self.table(f"-> {source.__name__}\n---\ny : float64\n", dm.Computed, make=make)
        if has_queue:
            made.jobs.refresh()
        source.insert({"a": a} for a in range(count))
        return made

    def populate(self) -> Iterator[Row]:
        """A trivial make, per key."""
        count = 1000
        yield self.row(
            "populate, trivial make", "key", lambda: seconds(self.computed(count).populate, count), None, 4
        )

    def queue(self) -> Iterator[Row]:
        """The table of jobs: filling it, and populate with reserved jobs."""
        count = 1000
        filled: list[Any] = []

        def refresh() -> float:
            filled.append(self.computed(count, has_queue=True))
            return seconds(filled[-1].jobs.refresh, count)

        def reserved() -> float:
            computed = filled.pop()
            return seconds(lambda: computed.populate(reserve_jobs=True, refresh=False), count)

        yield self.row("jobs.refresh, all new", "key", refresh, None, 15)
        yield self.row("populate, reserved jobs", "key", reserved, None, 4)

    def importing(self, python: str | None) -> Iterator[Row]:
        """Time of ``import`` beyond a bare interpreter."""

        def timed(interpreter: str, code: str) -> float:
            return seconds(lambda: subprocess.run([interpreter, "-c", code], check=True))

        pairs = [(sys.executable, "import datamill"), (sys.executable, "pass")]
        pairs += [] if python is None else [(python, "import datajoint"), (python, "pass")]
        taken = in_turn(2 * self.rounds, *(lambda pair=pair: timed(*pair) for pair in pairs))
        peer = taken[2] - taken[3] if python else None
        yield Row("import", "process", taken[0] - taken[1], None, "3x", peer)

    def all_rows(self, only: str, python: str | None) -> list[Row]:
        """Measure the groups whose name contains a text."""
        groups: list[Callable[[], Iterator[Row]]] = [
            self.insert_and_fetch,
            self.compose,
            self.delete,
            self.populate,
            self.queue,
            self.blobs,
        ]
        rows = [row for group in groups if only in group.__name__ for row in group()]
        return rows + (list(self.importing(python)) if only in "importing" else [])
