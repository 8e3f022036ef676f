"""datamill on MySQL or MariaDB beside the raw driver and DataJoint: ``python -m benchmarks.mysql [--peer PYTHON]``.

The server is the one that ``scripts/services start mysql`` runs; everything happens in schemas named ``bench_...`` and
``peer``. ``--peer`` names the interpreter of an environment that has ``datajoint``, pandas, polars and pyarrow.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from contextlib import nullcontext
from typing import Any

from tests.backends.mysql_databases import take_turn
from tests.services import service_url

from benchmarks.harness import show
from benchmarks.peer import Peer
from benchmarks.servers import ServerBench
from datamill.settings.address import parse_url

CREATE = (
    "CREATE TABLE bench_raw.{name} (a INT NOT NULL, b INT NOT NULL, x DOUBLE NOT NULL, label VARCHAR(32) NOT NULL, "
    "flag SMALLINT, day VARCHAR(10), note VARCHAR(64), PRIMARY KEY (a, b)) ENGINE=InnoDB"
)


class Bench(ServerBench):
    """A datamill schema and a connection of the raw driver, on one server."""

    def __init__(self, url: str, driver: str, size: int, rounds: int, peer: Peer | None) -> None:
        super().__init__(f"{url}&driver={driver}", size, rounds, peer)
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
        self.raw.autocommit(True)
        self.run("DROP DATABASE IF EXISTS bench_raw")
        self.run("CREATE DATABASE bench_raw COLLATE utf8mb4_bin")

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

    def raw_blob_table(self) -> str:
        """Create a fresh raw table of bytes and return its name."""
        self.run("CREATE TABLE bench_raw.blobs (a INT PRIMARY KEY, data LONGBLOB)")
        return "bench_raw.blobs"

    def raw_insert(self, name: str) -> None:
        """Insert all rows through the driver's executemany."""
        with self.raw.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {name} VALUES (%s,%s,%s,%s,%s,%s,%s)", self.tuples)

    def close(self) -> None:
        """Drop everything."""
        self.run("DROP DATABASE bench_raw")
        self.schema.drop()
        self.instance.connection.close()


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("mysql", "mariadb"), default="mysql")
    parser.add_argument("--driver", choices=("pymysql", "mysqlclient"), default="pymysql")
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="part of the name of a group of operations")
    parser.add_argument("--peer", help="Python of an environment with datajoint")
    arguments = parser.parse_args()
    url = service_url(arguments.server)
    if url is None:
        raise SystemExit(f"{arguments.server} does not run: scripts/services start {arguments.server}")
    take_turn(arguments.server)  # tests empty the server
    with Peer(arguments.peer, url, arguments.size) if arguments.peer else nullcontext() as peer:
        bench = Bench(url, arguments.driver, arguments.size, arguments.rounds, peer)
        version = bench.run("SELECT VERSION()")[0][0]
        rows = bench.all_rows(arguments.only, arguments.peer)
        bench.close()
    load = " ".join(f"{part:.1f}" for part in os.getloadavg())
    sys.stdout.write(f"{arguments.server} {version} through {arguments.driver}, load {load}\n{show(rows)}\n")


if __name__ == "__main__":
    main()
