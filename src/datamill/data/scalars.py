"""Small reads for the platform itself: values without codecs, and several counts at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import Relation
from datamill.data.query import compile_query, narrowed, observe_read
from datamill.data.values import from_driver
from datamill.sql.select import compile_counts

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def fetch_tuples(connection: Connection, relation: Relation, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Read some attributes as canonical values; those of codecs stay as stored.

    Args:
        connection: Where to read.
        relation: What to read.
        names: The attributes, in the order of the result; none gives an empty tuple per row.
    """
    observe_read(connection, relation)
    narrow = narrowed(relation, names)
    statement = compile_query(connection, narrow)
    rows = connection.run_read(lambda session: session.execute(statement.sql, statement.params).rows)
    if not names:
        return [()] * len(rows)
    columns = dict(zip(narrow.heading.names, zip(*rows, strict=True), strict=True)) if rows else {}
    decoded = [
        from_driver(connection.dialect, narrow.heading[name], list(columns[name]))
        for name in names
        if name in columns
    ]
    return list(zip(*decoded, strict=True))


def counts(connection: Connection, relations: Sequence[Relation]) -> tuple[int, ...]:
    """Count the rows of several relations in one query."""
    statement = compile_counts(relations, connection.dialect)
    rows = connection.run_read(lambda session: session.execute(statement.sql, statement.params).rows)
    return tuple(int(value) for value in rows[0])
