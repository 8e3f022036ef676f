"""Deletes and dependency graphs at scale: ``python -m benchmarks.graphs [URL] [--peer PYTHON]``.

Without URL an SQLite file in a temporary folder is used. Raw means statements of the driver alone: for a delete, one
``DELETE`` per table by what the rows hold, which presumes what a plan has to find out; for a plan, the keys of all
tables; for a graph, the catalog queries of the database. ``--peer`` names the interpreter of an environment that has
the genuine ``datajoint``, which does the same in turn.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from benchmarks import graphs_peer
from benchmarks.graphs_peer import CHAINS, GRAPH, INHERITED, REFERRING
from benchmarks.harness import Row, in_turn, seconds, show
from benchmarks.peer import Peer
from benchmarks.pipelines import declare_random, resolved
from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data.connection import Connection
from datamill.data.delete import delete, plan_delete
from datamill.data.insert import insert
from datamill.model.names import TableName
from datamill.model.table import TableSpec

Measure = Callable[[], float]


def declare_chain(connection: Connection, chain: str) -> list[TableSpec]:
    """Declare three tables, each referring to the one above."""
    schema = chain.split()[0]
    connection.catalog.create_schema(schema)
    specs: list[TableSpec] = []
    for number, text in enumerate(CHAINS[chain]):
        name = TableName(schema, f"t{number}")
        connection.catalog.declare(resolved(connection, name, text.format(*(spec.name for spec in specs))))
        specs.append(connection.catalog.spec(name))
    return specs


class Bench:
    """Measures datamill, the driver, and perhaps the peer in turn."""

    def __init__(self, connection: Connection, peer: Peer | None, rounds: int) -> None:
        self.connection, self.peer, self.rounds = connection, peer, rounds

    def row(self, name: str, unit: str, label: str, target: str, ours: Measure, raw: Measure) -> Row:
        """Measure in turn."""
        peer = self.peer
        theirs = [] if peer is None else [lambda: peer.measure(label)]
        found = in_turn(self.rounds, ours, raw, *theirs)
        return Row(name, unit, found[0], found[1], target, *found[2:])

    def cascade_delete(self, chain: str) -> Row:
        """Delete 51 100 rows in three tables."""
        connection, specs = self.connection, declare_chain(self.connection, chain)

        def fill() -> None:
            for spec, rows in zip(specs, graphs_peer.rows_of(chain), strict=True):
                insert(connection, spec, rows)

        def ours() -> float:
            fill()
            return seconds(lambda: delete(connection, BaseTable(specs[0], connection), prompt=False))

        def raw() -> float:
            fill()
            return seconds(lambda: self.raw_delete(specs))

        name = f"cascade delete of 51 100 rows, {chain}"
        return self.row(name, "delete", chain, "2x faster than the peer", ours, raw)

    def raw_delete(self, specs: list[TableSpec]) -> None:
        """Delete by the first attribute of each table, which all rows fulfil."""
        session = self.connection.session
        session.begin()
        for spec in reversed(specs):
            session.execute(
                f"DELETE FROM {session.dialect.table(spec.name)} WHERE {spec.heading.key[0]} >= 0"
            )
        session.commit()

    def plan_of_a_million(self) -> list[Row]:
        """Plan a delete that reaches a million rows, and carry it out."""
        connection = self.connection
        specs = [connection.catalog.spec(TableName("inherited", f"t{number}")) for number in range(3)]
        grid = np.meshgrid(np.arange(10), np.arange(1000), np.arange(100), indexing="ij")
        leaves = np.rec.fromarrays([axis.ravel() for axis in grid], dtype=[(name, "i8") for name in "abc"])
        insert(connection, specs[0], [{"a": a} for a in range(10)])
        insert(connection, specs[1], [{"a": a, "b": b} for a in range(10) for b in range(1000)])
        insert(connection, specs[2], leaves)
        source = restrict(BaseTable(specs[0], connection), "a >= 0")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        made = []
        planned = seconds(lambda: made.append(plan_delete(connection, source)))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        assert made[0].total == 1_010_010
        raw = seconds(lambda: self.raw_keys(specs))
        removed = seconds(made[0].apply)
        target = f"<= 10 s; memory grew by {grown} MB"
        return [
            Row("plan of a delete of 1 010 010 rows", "plan", planned, raw, target),
            Row("carrying it out", "delete", removed, None, ""),
        ]

    def raw_keys(self, specs: list[TableSpec]) -> None:
        """Read the keys of all rows."""
        session = self.connection.session
        for spec in specs:
            names = ", ".join(spec.heading.key)
            session.execute(f"SELECT {names} FROM {session.dialect.table(spec.name)} WHERE a >= 0")

    def graph_of_500(self) -> list[Row]:
        """Load the dependency graph of 500 tables in 5 schemas, and again, as each delete does."""
        connection = self.connection
        declare_random(connection, 500)

        def again() -> float:
            return seconds(lambda: connection.catalog.graph().order())

        def first() -> float:
            connection.catalog.invalidate()
            return again()

        def raw() -> float:
            return seconds(lambda: connection.session.load_tables(None))

        return [
            self.row("graph of 500 tables", "load", GRAPH, "<= 0.5 s beyond the database", first, raw),
            self.row("graph of 500 tables, again", "load", GRAPH, "", again, raw),
        ]


@contextmanager
def database(url: str | None) -> Iterator[Connection]:
    """Open a database, by default a new SQLite file; its schemas are dropped in the end."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Connection(url=url or f"sqlite:///{Path(folder) / 'bench.db'}") as connection,
    ):
        yield connection
        for schema in ("inherited", "secondary", *(f"s{number}" for number in reversed(range(5)))):
            connection.catalog.drop_schema(schema)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", nargs="?", help="an empty database of a server; default: an SQLite file")
    parser.add_argument("--peer", help="Python of an environment with datajoint")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        connection = stack.enter_context(database(arguments.url))
        peer = None
        if arguments.peer and arguments.url:
            peer = stack.enter_context(Peer(arguments.peer, arguments.url, 0, graphs_peer.__file__))
        bench = Bench(connection, peer, arguments.rounds)
        rows = [bench.cascade_delete(chain) for chain in (INHERITED, REFERRING)]
        print(show([*rows, *bench.plan_of_a_million(), *bench.graph_of_500()]))


if __name__ == "__main__":
    main()
