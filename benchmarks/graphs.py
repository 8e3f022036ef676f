"""Deletes and dependency graphs at scale: ``python -m benchmarks.graphs [URL]``.

Without URL an SQLite file in a temporary folder is used. Raw means statements of the driver alone: for a delete, one
``DELETE`` per table by the key of the topmost row, which presumes what a plan has to find out; for a graph, the catalog
queries of the database.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import Row, pairs, seconds, show
from benchmarks.pipelines import declare_random, resolved
from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data.connection import Connection
from datamill.data.delete import delete, plan_delete
from datamill.data.insert import insert
from datamill.model.names import TableName
from datamill.model.table import TableSpec

CHAIN = {"a": "a : int32", "b": "-> lab.a\nb : int32", "c": "-> lab.b\nc : int32\n---\nx = 0 : float64"}


def declare_chain(connection: Connection) -> list[TableSpec]:
    """Declare three tables, each extending the key of the one above."""
    connection.catalog.create_schema("lab")
    specs = []
    for table, text in CHAIN.items():
        name = TableName("lab", table)
        connection.catalog.declare(resolved(connection, name, text))
        specs.append(connection.catalog.spec(name))
    return specs


def fill(connection: Connection, specs: list[TableSpec], parents: int, middle: int, leaves: int) -> None:
    """Insert ``parents`` rows, ``middle`` below each, and ``leaves`` below each of those."""
    import numpy as np

    a, b, c = (
        array.ravel()
        for array in np.meshgrid(np.arange(parents), np.arange(middle), np.arange(leaves), indexing="ij")
    )
    insert(connection, specs[0], [{"a": key} for key in range(parents)])
    insert(connection, specs[1], [{"a": k, "b": m} for k in range(parents) for m in range(middle)])
    insert(connection, specs[2], np.rec.fromarrays([a, b, c], dtype=[("a", "i8"), ("b", "i8"), ("c", "i8")]))


def cascade_delete(connection: Connection, specs: list[TableSpec], rounds: int = 3) -> Row:
    """Delete 51 100 rows in three tables."""

    def ours() -> float:
        fill(connection, specs, 100, 10, 50)
        return seconds(lambda: delete(connection, BaseTable(specs[0], connection), prompt=False))

    def raw() -> float:
        fill(connection, specs, 100, 10, 50)
        return seconds(lambda: raw_delete(connection, specs))

    taken = pairs(ours, raw, rounds)
    return Row("cascade delete of 51 100 rows, 3 tables", "delete", *taken, "2x faster than the peer")


def raw_delete(connection: Connection, specs: list[TableSpec]) -> None:
    session = connection.session
    session.begin()
    for spec in reversed(specs):
        session.execute(f"DELETE FROM {session.dialect.table(spec.name)} WHERE a >= 0")
    session.commit()


def plan_of_a_million(connection: Connection, specs: list[TableSpec]) -> list[Row]:
    """Plan a delete that reaches a million rows, and carry it out."""
    fill(connection, specs, 10, 1000, 100)
    source = restrict(BaseTable(specs[0], connection), "a >= 0")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = []
    planned = seconds(lambda: made.append(plan_delete(connection, source)))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert made[0].total == 1_010_010
    removed = seconds(made[0].apply)
    return [
        Row(
            "plan of a delete of 1 010 010 rows", "plan", planned, None, f"<= 10 s; memory grew by {grown} MB"
        ),
        Row("carrying it out", "delete", removed, None, ""),
    ]


def graph_of_500(connection: Connection, rounds: int = 5) -> Row:
    """Load the dependency graph of 500 tables in 5 schemas."""
    declare_random(connection, 500)

    def ours() -> float:
        connection.catalog.invalidate()
        return seconds(lambda: connection.catalog.graph().order())

    def raw() -> float:
        return seconds(lambda: connection.session.load_tables(None))

    return Row("graph of 500 tables", "load", *pairs(ours, raw, rounds), "<= 0.5 s beyond the database")


@contextmanager
def database(url: str | None) -> Iterator[Connection]:
    """Open a database, by default a new SQLite file."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Connection(url=url or f"sqlite:///{Path(folder) / 'bench.db'}") as connection,
    ):
        yield connection


def main() -> None:
    """Print the table."""
    with database(sys.argv[1] if len(sys.argv) > 1 else None) as connection:
        specs = declare_chain(connection)
        rows = [
            cascade_delete(connection, specs),
            *plan_of_a_million(connection, specs),
            graph_of_500(connection),
        ]
        print(show(rows))
        for schema in ["lab", *(f"s{number}" for number in reversed(range(5)))]:
            connection.catalog.drop_schema(schema)


if __name__ == "__main__":
    main()
