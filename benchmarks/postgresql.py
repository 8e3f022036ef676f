"""datamill on PostgreSQL beside raw psycopg and DataJoint: ``python -m benchmarks.postgresql [--peer PYTHON]``.

The server is the one that ``scripts/services start postgresql`` runs; everything happens in a database of its own. With
``--peer``, the interpreter of an environment that has ``datajoint``, the same operations are measured there, in the
same run.
"""

from __future__ import annotations

import argparse
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psycopg
from tests.services import service_url

import datamill as dm
from benchmarks.harness import Row, pairs, seconds, show
from benchmarks.peer import measure_peer
from benchmarks.sqlite import DEFINITION
from benchmarks.sqlite import Bench as SqliteBench

DATABASE = f"bench_{os.getpid()}"
CREATE = (
    "CREATE TABLE raw.{name} (a integer NOT NULL, b integer NOT NULL, x double precision NOT NULL, "
    'label varchar(32) COLLATE "C" NOT NULL, flag smallint, day varchar(10) COLLATE "C", '
    'note varchar(64) COLLATE "C", PRIMARY KEY (a, b))'
)


class Bench(SqliteBench):
    """A datamill schema and a connection of the raw driver, in one database."""

    def __init__(self, url: str, size: int, rounds: int) -> None:
        self.size, self.rounds = size, rounds
        self.raw = psycopg.connect(libpq(url, DATABASE), autocommit=True)
        self.raw.execute("CREATE SCHEMA raw")
        self.instance = dm.Instance(url=url.replace("/postgres?", f"/{DATABASE}?"), safemode=False)
        self.schema = self.instance.Schema("lab")
        self.rows = [
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
        self.tuples = [tuple(row.values()) for row in self.rows]
        self._number = 0

    def raw_table(self) -> str:
        """Create a fresh raw table and return its name."""
        self._number += 1
        self.raw.execute(CREATE.format(name=f"t{self._number}"))
        return f"raw.t{self._number}"

    def raw_insert(self, name: str) -> None:
        """Insert all rows through psycopg's COPY."""
        with self.raw.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
            for row in self.tuples:
                copy.write_row(row)

    def raw_fetch(self, name: str) -> list[Any]:
        """Read all rows as tuples, in binary."""
        return self.raw.execute(f"SELECT * FROM {name}", binary=True).fetchall()

    def median(self, action: Callable[[], float]) -> float:
        """Return the median of several measurements."""
        return sorted(action() for _ in range(self.rounds))[self.rounds // 2]

    def insert_and_fetch(self) -> Iterator[Row]:
        """Bulk insert, to_dicts and the other forms, fetch1, insert1."""

        def insert() -> float:
            table = self.table(DEFINITION)
            return seconds(lambda: table.insert(self.rows), self.size)

        def raw_insert() -> float:
            name = self.raw_table()
            return seconds(lambda: self.raw_insert(name), self.size)

        yield Row("insert of dict rows x 7", "row", *pairs(insert, raw_insert, self.rounds), "peer / 4")
        table, name = self.table(DEFINITION), self.raw_table()
        table.insert(self.rows)
        self.raw_insert(name)
        targets = {"to_dicts": 8, "to_arrow": 15, "to_polars": 15, "to_pandas": 15, "to_arrays": 4}
        for method, factor in targets.items():
            fetch = getattr(table, method)
            measured = pairs(
                lambda fetch=fetch: seconds(fetch, self.size),
                lambda: seconds(lambda: self.raw_fetch(name), self.size),
                self.rounds,
            )
            yield Row(method, "row", *measured, f"peer / {factor}")
        yield self.fetch1(table, name)
        yield self.insert1(table, name)

    def fetch1(self, table: Any, name: str) -> Row:
        """One value of one row."""
        count = 300

        def one() -> None:
            for index in range(count):
                (table & {"a": index, "b": 5}).fetch1("x")

        def raw_one() -> None:
            for index in range(count):
                self.raw.execute(f"SELECT x FROM {name} WHERE a = %s AND b = %s", (index, 5)).fetchall()

        measured = pairs(lambda: seconds(one, count), lambda: seconds(raw_one, count), self.rounds)
        return Row("fetch1 of one value", "call", *measured, "peer / 2.5")

    def insert1(self, table: Any, name: str) -> Row:
        """One row, committed."""
        count, numbers = 300, iter(range(10**6, 10**7))

        def one() -> None:
            for index in range(count):
                table.insert1({**self.rows[0], "a": next(numbers), "b": index})

        def raw_one() -> None:
            for index in range(count):
                values = (next(numbers), index, *self.tuples[0][2:])
                self.raw.execute(f"INSERT INTO {name} VALUES (%s,%s,%s,%s,%s,%s,%s)", values)

        measured = pairs(lambda: seconds(one, count), lambda: seconds(raw_one, count), self.rounds)
        return Row("insert1", "call", *measured, "peer / 1.5")

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

        yield Row("cascade delete", "delete", self.median(run), None, "peer / 2")

    def blobs(self) -> Iterator[Row]:
        """Insert a blob of 1 MiB: noise and smooth."""
        noise = np.random.default_rng(1).integers(0, 256, 2**20, dtype=np.uint8)
        smooth = np.round(np.sin(np.linspace(0, 20, 2**17)), 2)
        numbers = iter(range(10**6))
        for label, array, target in (("noise", noise, "peer / 15"), ("smooth", smooth, "")):
            table = self.table("a : int32\n---\ndata : <blob>\n")
            name = f"raw.b{self._number}"
            self.raw.execute(f"CREATE TABLE {name} (a integer PRIMARY KEY, data bytea)")

            def insert(table: Any = table, array: Any = array) -> None:
                table.insert1({"a": next(numbers), "data": array})

            def raw(name: str = name, array: Any = array) -> None:
                values = (next(numbers), zlib.compress(array.tobytes(), 6))
                self.raw.execute(f"INSERT INTO {name} VALUES (%s, %s)", values)

            measured = pairs(lambda: seconds(insert), lambda: seconds(raw), 3 * self.rounds)
            yield Row(f"insert1 of 1 MiB {label}", "insert", *measured, target)

    def populate(self) -> Iterator[Row]:
        """A trivial make, per key."""
        count = 2000

        def run() -> float:
            source = self.table("a : int32\n")
            source.insert({"a": a} for a in range(count))
            self._number += 1

            def make(self: Any, key: dict[str, Any]) -> None:
                self.insert1({**key, "y": key["a"] * 2.0})

            members = {"definition": f"-> {source.__name__}\n---\ny : float64\n", "make": make}
            metaclass: Any = type(dm.Computed)
            computed = self.schema(metaclass(f"Made{self._number}", (dm.Computed,), members))
            return seconds(computed.populate, count)

        yield Row("populate, trivial make", "key", self.median(run), None, "peer / 4")


def libpq(url: str, database: str) -> str:
    """Return the service's URL as libpq wants it, for a database."""
    return url.replace("/postgres?use_tls=false", f"/{database}?sslmode=disable")


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--peer", help="Python of an environment with datajoint and psycopg2")
    arguments = parser.parse_args()
    url = service_url("postgresql")
    if url is None:
        raise SystemExit("PostgreSQL does not run: scripts/services start postgresql")
    with psycopg.connect(libpq(url, "postgres"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
        bench = Bench(url, arguments.size, arguments.rounds)
        groups = (bench.insert_and_fetch, bench.compose, bench.delete, bench.populate, bench.blobs)
        rows = [row for group in groups if arguments.only in group.__name__ for row in group()]
        peer = {}
        if arguments.peer:
            address = url.replace("/postgres?", f"/{DATABASE}?")
            peer = measure_peer(arguments.peer, address, arguments.size, arguments.rounds)
        sys.stdout.write(f"PostgreSQL {admin.info.parameter_status('server_version')}\n{show(rows, peer)}\n")
        bench.raw.close()
        bench.instance.connection.close()
        admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


if __name__ == "__main__":
    main()
