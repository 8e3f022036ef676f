"""datamill on PostgreSQL beside raw psycopg and DataJoint: ``python -m benchmarks.postgresql [--peer PYTHON]``.

The server is the one that ``scripts/services start postgresql`` runs; everything happens in a database of its own.
``--peer`` names the interpreter of an environment that has ``datajoint``, psycopg2, pandas, polars and pyarrow.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext
from typing import Any

import psycopg
from tests.services import service_url

from benchmarks.harness import show
from benchmarks.peer import Peer
from benchmarks.servers import ServerBench

DATABASE = f"bench_{os.getpid()}"
CREATE = (
    "CREATE TABLE raw.{name} (a integer NOT NULL, b integer NOT NULL, x double precision NOT NULL, "
    'label varchar(32) COLLATE "C" NOT NULL, flag smallint, day varchar(10) COLLATE "C", '
    'note varchar(64) COLLATE "C", PRIMARY KEY (a, b))'
)


class Bench(ServerBench):
    """A datamill schema and a connection of the raw driver, in one database."""

    def __init__(self, url: str, size: int, rounds: int, peer: Peer | None) -> None:
        super().__init__(url, size, rounds, peer)
        self.raw = psycopg.connect(libpq(url), autocommit=True)
        self.raw.execute("CREATE SCHEMA raw")

    def run(self, sql: str, params: Any = None) -> Any:
        """Run a statement through psycopg, reading in binary."""
        cursor = self.raw.execute(sql, params, binary=True)
        return cursor.fetchall() if cursor.description else None

    def raw_table(self) -> str:
        """Create a fresh raw table and return its name."""
        self._number += 1
        self.run(CREATE.format(name=f"t{self._number}"))
        return f"raw.t{self._number}"

    def raw_blob_table(self) -> str:
        """Create a fresh raw table of bytes and return its name."""
        self.run("CREATE TABLE raw.blobs (a integer PRIMARY KEY, data bytea)")
        return "raw.blobs"

    def raw_insert(self, name: str) -> None:
        """Insert all rows through psycopg's COPY."""
        with self.raw.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
            for row in self.tuples:
                copy.write_row(row)

    def close(self) -> None:
        """End the connections."""
        self.raw.close()
        self.instance.connection.close()


def libpq(url: str) -> str:
    """Return the service's URL as libpq wants it."""
    return url.replace("?use_tls=false", "?sslmode=disable")


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="part of the name of a group of operations")
    parser.add_argument("--peer", help="Python of an environment with datajoint")
    arguments = parser.parse_args()
    server = service_url("postgresql")
    if server is None:
        raise SystemExit("PostgreSQL does not run: scripts/services start postgresql")
    url = server.replace("/postgres?", f"/{DATABASE}?")
    with psycopg.connect(libpq(server), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
        try:
            with Peer(arguments.peer, url, arguments.size) if arguments.peer else nullcontext() as peer:
                bench = Bench(url, arguments.size, arguments.rounds, peer)
                rows = bench.all_rows(arguments.only, arguments.peer)
                bench.close()
        finally:
            admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        version = admin.info.parameter_status("server_version")
    load = " ".join(f"{part:.1f}" for part in os.getloadavg())
    sys.stdout.write(f"PostgreSQL {version}, load {load}\n{show(rows)}\n")


if __name__ == "__main__":
    main()
