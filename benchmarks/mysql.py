"""datamill on MySQL or MariaDB beside the raw driver: ``python -m benchmarks.mysql [--server mariadb] [--driver ...]``.

The server is the one that ``scripts/services start mysql`` runs; everything happens in schemas named ``bench_...``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.backends.mysql_databases import take_turn
from tests.services import service_url

import datamill as dm
from benchmarks.harness import Row, pairs, seconds, show
from benchmarks.sqlite import DEFINITION
from benchmarks.sqlite import Bench as SqliteBench
from datamill.settings.address import parse_url

CREATE = (
    "CREATE TABLE bench_raw.{name} (a INT NOT NULL, b INT NOT NULL, x DOUBLE NOT NULL, label VARCHAR(32) NOT NULL, "
    "flag SMALLINT, day VARCHAR(10), note VARCHAR(64), PRIMARY KEY (a, b)) ENGINE=InnoDB"
)
SCHEMAS = ("bench_datamill", "bench_raw")


class Bench(SqliteBench):
    """A datamill schema and a connection of the raw driver, on one server."""

    def __init__(self, server: str, driver: str, size: int, rounds: int) -> None:
        url = service_url(server)
        if url is None:
            raise SystemExit(f"{server} does not run: scripts/services start {server}")
        take_turn(server)  # tests empty the server
        self.size, self.rounds, self.driver = size, rounds, driver
        place = parse_url(url)
        assert place.password is not None
        module = importlib.import_module("MySQLdb" if driver == "mysqlclient" else "pymysql")
        arguments: dict[str, Any] = {
            "host": place.host,
            "port": place.port,
            "user": place.user,
            "password": place.password.get_secret_value(),
            "charset": "utf8mb4",
            **({"ssl_mode": "DISABLED"} if driver == "mysqlclient" else {"ssl_disabled": True}),
        }
        self.raw = module.connect(**arguments)
        for name in SCHEMAS:
            self.run(f"DROP DATABASE IF EXISTS {name}")
        self.run("CREATE DATABASE bench_raw COLLATE utf8mb4_bin")
        self.instance = dm.Instance(url=f"{url}&driver={driver}", safemode=False)
        self.schema = self.instance.Schema("bench_datamill")
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

    def run(self, sql: str, params: Any = None) -> Any:
        """Run a statement through the raw driver."""
        with self.raw.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()

    def raw_table(self) -> str:
        """Create a fresh raw table and return its name."""
        self._number += 1
        self.run(CREATE.format(name=f"t{self._number}"))
        return f"bench_raw.t{self._number}"

    def raw_insert(self, name: str) -> None:
        """Insert all rows through the driver's executemany in one transaction."""
        with self.raw.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {name} VALUES (%s,%s,%s,%s,%s,%s,%s)", self.tuples)
        self.raw.commit()

    def insert_and_fetch(self) -> Iterator[Row]:
        """Bulk insert, to_dicts and the other forms, fetch1, insert1."""

        def insert() -> float:
            table = self.table(DEFINITION)
            return seconds(lambda: table.insert(self.rows), self.size)

        def raw_insert() -> float:
            name = self.raw_table()
            return seconds(lambda: self.raw_insert(name), self.size)

        label = f"insert {self.size} dict rows x 7"
        yield Row(label, "row", *pairs(insert, raw_insert, self.rounds), "<= 7.2 us (peer 29)")
        table, name = self.table(DEFINITION), self.raw_table()
        table.insert(self.rows)
        self.raw_insert(name)
        targets = {
            "to_dicts": "<= 1.4 us (peer 11)",
            "to_arrow": "<= 0.8 us (peer 12)",
            "to_polars": "<= 0.8 us",
            "to_pandas": "<= 0.8 us",
            "to_arrays": "<= 1.6 us (peer 6.6)",
        }
        for method, target in targets.items():
            fetch = getattr(table, method)
            measured = pairs(
                lambda fetch=fetch: seconds(fetch, self.size),
                lambda: seconds(lambda: self.run(f"SELECT * FROM {name}"), self.size),
                self.rounds,
            )
            self.raw.commit()
            yield Row(f"{method} {self.size} rows x 7", "row", *measured, target)
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
                self.run(f"SELECT x FROM {name} WHERE a = %s AND b = %s", (index, 5))

        measured = pairs(lambda: seconds(one, count), lambda: seconds(raw_one, count), self.rounds)
        return Row("fetch1 of one value", "call", *measured, "<= 93 us (peer 232)")

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
                self.raw.commit()

        measured = pairs(lambda: seconds(one, count), lambda: seconds(raw_one, count), self.rounds)
        return Row("insert1", "call", *measured, "<= 280 us (peer 421)")

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

        measured = sorted(run() for _ in range(self.rounds))
        label = "cascade delete, 51 100 rows in 3 tables"
        yield Row(label, "delete", measured[len(measured) // 2], None, "<= 0.17 s (peer 0.33)")

    def blobs(self) -> Iterator[Row]:
        """Insert a blob of 1 MiB: noise and smooth."""
        noise = np.random.default_rng(1).integers(0, 256, 2**20, dtype=np.uint8)
        smooth = np.round(np.sin(np.linspace(0, 20, 2**17)), 2)
        numbers = iter(range(10**6))
        for label, array in (("noise", noise), ("smooth", smooth)):
            table = self.table("a : int32\n---\ndata : <blob>\n")
            name = f"bench_raw.b{self._number}"
            self.run(f"CREATE TABLE {name} (a INT PRIMARY KEY, data LONGBLOB)")

            def insert(table: Any = table, array: Any = array) -> None:
                table.insert1({"a": next(numbers), "data": array})

            def raw(name: str = name, array: Any = array) -> None:
                values = (next(numbers), zlib.compress(array.tobytes(), 6))
                self.run(f"INSERT INTO {name} VALUES (%s, %s)", values)
                self.raw.commit()

            measured = pairs(lambda: seconds(insert), lambda: seconds(raw), 3 * self.rounds)
            yield Row(
                f"insert1 of a blob, 1 MiB {label}", "insert", *measured, "raw: driver + zlib; peer 44 ms"
            )


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("mysql", "mariadb"), default="mysql")
    parser.add_argument("--driver", choices=("pymysql", "mysqlclient"), default="pymysql")
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    bench = Bench(arguments.server, arguments.driver, arguments.size, arguments.rounds)
    groups = (bench.insert_and_fetch, bench.compose, bench.delete, bench.populate, bench.blobs)
    rows = [row for group in groups if arguments.only in group.__name__ for row in group()]
    for name in SCHEMAS:
        bench.run(f"DROP DATABASE IF EXISTS {name}")
    sys.stdout.write(f"{arguments.server} through {arguments.driver}\n{show(rows)}\n")


if __name__ == "__main__":
    main()
