"""datamill on SQLite beside raw apsw: ``python -m benchmarks.sqlite``."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import numpy as np

import datamill as dm
from benchmarks.harness import Row, pairs, seconds, show
from benchmarks.peer import DEFINITION, sample_rows
from datamill.data.query import compile_query

COLUMNS = ("a", "b", "x", "label", "flag", "day", "note")
CREATE = (
    "CREATE TABLE {name} (a INTEGER NOT NULL, b INTEGER NOT NULL, x REAL NOT NULL, label TEXT NOT NULL, flag INTEGER, "
    "day TEXT, note TEXT, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID"
)


class Bench:
    """A datamill schema and a raw apsw connection of its own, both on files in one folder."""

    def __init__(self, folder: Path, size: int, rounds: int) -> None:
        self.size, self.rounds = size, rounds
        self.instance = dm.Instance(url=f"sqlite:///{folder}/datamill.db", safemode=False)
        self.schema = self.instance.Schema("bench")
        self.raw = apsw.Connection(f"{folder}/raw.db")
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self.raw.execute(f"PRAGMA {pragma}").fetchall()
        self.rows = sample_rows(size)
        self.tuples = [tuple(row.values()) for row in self.rows]
        self._number = 0

    def table(self, definition: str, **members: Any) -> Any:
        """Declare a fresh manual table."""
        self._number += 1
        return self.schema(
            type(dm.Manual)(f"Table{self._number}", (dm.Manual,), {"definition": definition, **members})
        )

    def raw_table(self) -> str:
        """Create a fresh raw table and return its name."""
        self._number += 1
        self.raw.execute(CREATE.format(name=f"t{self._number}"))
        return f"t{self._number}"

    def raw_insert(self, name: str) -> None:
        """Insert all rows through apsw in one transaction."""
        with self.raw:
            self.raw.executemany(f"INSERT INTO {name} VALUES (?,?,?,?,?,?,?)", self.tuples)

    def insert_and_fetch(self) -> Iterator[Row]:
        """Bulk insert, to_dicts, fetch1."""

        def insert() -> float:
            table = self.table(DEFINITION)
            return seconds(lambda: table.insert(self.rows), self.size)

        def raw_insert() -> float:
            name = self.raw_table()
            return seconds(lambda: self.raw_insert(name), self.size)

        yield Row(
            f"insert {self.size} dict rows x 7",
            "row",
            *pairs(insert, raw_insert, self.rounds),
            "<= 2.5 x raw",
        )
        table, name = self.table(DEFINITION), self.raw_table()
        table.insert(self.rows)
        self.raw_insert(name)
        select = f"SELECT * FROM {name}"
        fetched = pairs(
            lambda: seconds(table.to_dicts, self.size),
            lambda: seconds(lambda: list(self.raw.execute(select)), self.size),
            self.rounds,
        )
        yield Row(f"to_dicts {self.size} rows x 7", "row", *fetched, "<= 2.5 x raw")
        for label, method in (
            ("to_arrays", table.to_arrays),
            ("to_arrow", table.to_arrow),
            ("to_pandas", table.to_pandas),
        ):
            measured = pairs(
                lambda method=method: seconds(method, self.size),
                lambda: seconds(lambda: list(self.raw.execute(select)), self.size),
                self.rounds,
            )
            yield Row(f"{label} {self.size} rows x 7", "row", *measured, "")
        yield self.fetch1(table, name)

    def fetch1(self, table: Any, name: str) -> Row:
        """One value of one row."""
        count, groups = 300, self.size // 100

        def one() -> None:
            for index in range(count):
                (table & {"a": index % groups, "b": 5}).fetch1("x")

        def raw_one() -> None:
            for index in range(count):
                self.raw.execute(
                    f"SELECT x FROM {name} WHERE a = ? AND b = ?", (index % groups, 5)
                ).fetchall()

        measured = pairs(lambda: seconds(one, count), lambda: seconds(raw_one, count), self.rounds)
        return Row("fetch1 of one value", "call", *measured, "peer on a server: 194 us")

    def compose(self) -> Iterator[Row]:
        """Compose and compile a query of three operators."""
        first = self.table(DEFINITION)()
        second = self.table(f"-> {type(first).__name__}\nc : int32\n---\ny : float64\n")()
        count = 300

        def query() -> None:
            for index in range(count):
                expression = ((first & {"a": index}) * second).proj("x", "y")
                compile_query(self.instance.connection, expression.__relation__())

        query()
        measured = sorted(seconds(query, count) for _ in range(self.rounds))
        yield Row("compose + compile, 3 operators", "query", measured[len(measured) // 2], None, "<= 63 us")

    def delete(self) -> Iterator[Row]:
        """Cascade delete of 51 100 rows in 3 tables."""

        def run() -> float:
            top = self.table("a : int32\n---\nx : float64\n")
            middle = self.table(f"-> {top.__name__}\nb : int32\n---\nx : float64\n")
            leaf = self.table(f"-> {middle.__name__}\nc : int32\n---\nx : float64\n")
            top.insert([{"a": a, "x": 1.0} for a in range(100)])
            middle.insert([{"a": a, "b": b, "x": 1.0} for a in range(100) for b in range(10)])
            leaf.insert(
                [{"a": a, "b": b, "c": c, "x": 1.0} for a in range(100) for b in range(10) for c in range(50)]
            )
            return seconds(lambda: top.delete(prompt=False))

        def raw() -> float:
            names = [f"d{self._number}_{level}" for level in range(3)]
            self._number += 1
            keys = ("a", "a, b", "a, b, c")
            for level, name in enumerate(names):
                columns = ", ".join(f"{column.strip()} INTEGER NOT NULL" for column in keys[level].split(","))
                parent = f", FOREIGN KEY ({keys[level - 1]}) REFERENCES {names[level - 1]}" if level else ""
                self.raw.execute(
                    f"CREATE TABLE {name} ({columns}, x REAL, PRIMARY KEY ({keys[level]}){parent}) "
                    "STRICT, WITHOUT ROWID"
                )
            with self.raw:
                self.raw.executemany(f"INSERT INTO {names[0]} VALUES (?, 1)", [(a,) for a in range(100)])
                pairs_of = [(a, b) for a in range(100) for b in range(10)]
                self.raw.executemany(f"INSERT INTO {names[1]} VALUES (?, ?, 1)", pairs_of)
                triples = [(a, b, c) for a, b in pairs_of for c in range(50)]
                self.raw.executemany(f"INSERT INTO {names[2]} VALUES (?, ?, ?, 1)", triples)

            def remove() -> None:
                with self.raw:
                    for name in reversed(names):
                        self.raw.execute(f"DELETE FROM {name} WHERE a >= 0")

            return seconds(remove)

        yield Row(
            "cascade delete, 51 100 rows in 3 tables", "delete", *pairs(run, raw, self.rounds), "peer: 0.23 s"
        )

    def populate(self) -> Iterator[Row]:
        """A trivial make, per key."""
        count = 3000

        def run() -> float:
            source = self.table("a : int32\n")
            source.insert({"a": a} for a in range(count))
            self._number += 1

            def make(self: Any, key: dict[str, Any]) -> None:
                self.insert1({**key, "y": key["a"] * 2.0})

            members = {"definition": f"-> {source.__name__}\n---\ny : float64\n", "make": make}
            computed = self.schema(type(dm.Computed)(f"Made{self._number}", (dm.Computed,), members))
            result = seconds(computed.populate, count)
            assert len(computed) == count
            return result

        measured = sorted(run() for _ in range(self.rounds))
        yield Row(
            f"populate, trivial make, {count} keys", "key", measured[len(measured) // 2], None, "<= 100 us"
        )

    def blobs(self) -> Iterator[Row]:
        """Insert a blob of 1 MiB: noise and smooth."""
        noise = np.random.default_rng(1).integers(0, 256, 2**20, dtype=np.uint8)
        smooth = np.linspace(0, 1, 2**17)
        smooth = np.round(np.sin(smooth * 20), 2)
        numbers = iter(range(10**6))
        for label, array in (("noise", noise), ("smooth", smooth)):
            table = self.table("a : int32\n---\ndata : <blob>\n")
            name = f"b{self._number}"
            self.raw.execute(f"CREATE TABLE {name} (a INTEGER PRIMARY KEY, data BLOB) STRICT")

            def insert(table: Any = table, array: Any = array) -> None:
                table.insert1({"a": next(numbers), "data": array})

            def raw(name: str = name, array: Any = array) -> None:
                with self.raw:
                    self.raw.execute(
                        f"INSERT INTO {name} VALUES (?, ?)",
                        (next(numbers), zlib.compress(array.tobytes(), 6)),
                    )

            measured = pairs(lambda: seconds(insert), lambda: seconds(raw), 3 * self.rounds)
            yield Row(
                f"insert1 of a blob, 1 MiB {label}",
                "insert",
                *measured,
                "raw: apsw + zlib level 6; peer 44 ms",
            )

    def importing(self) -> Iterator[Row]:
        """Time of ``import datamill`` beyond a bare interpreter."""

        def python(code: str) -> float:
            return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))

        loaded, bare = pairs(lambda: python("import datamill"), lambda: python("pass"), 3 * self.rounds)
        yield Row("import datamill", "process", loaded - bare, None, "< 0.15 s")


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.size, arguments.rounds)
        groups = (
            bench.insert_and_fetch,
            bench.compose,
            bench.delete,
            bench.populate,
            bench.blobs,
            bench.importing,
        )
        rows = [row for group in groups if arguments.only in group.__name__ for row in group()]
    sys.stdout.write(show(rows) + "\n")


if __name__ == "__main__":
    main()
