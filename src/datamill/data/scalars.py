"""Small reads for the platform itself: values without codecs, and several counts at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import Relation
from datamill.data.query import compile_query, narrowed, observe_read
from datamill.data.values import from_driver
from datamill.sql.select import compile_counts

if TYPE_CHECKING:
    from datamill.data.connection import Connection

_AT_ONCE = 50
"""Relations that one query counts."""


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
    rows = connection.read(statement)
    if not names:
        return [()] * len(rows)
    columns = dict(zip(narrow.heading.names, zip(*rows, strict=True), strict=True)) if rows else {}
    decoded = [
        from_driver(connection.dialect, narrow.heading[name], list(columns[name]))
        for name in names
        if name in columns
    ]
    return list(zip(*decoded, strict=True))


def counts(connection: Connection, relations: Iterable[Relation]) -> tuple[int, ...]:
    """Count the rows of several relations, many of them by one query."""
    found: list[int] = []
    waiting = iter(relations)
    while some := list(islice(waiting, _AT_ONCE)):
        statement = compile_counts(some, connection.dialect)
        rows = connection.read(statement)
        found += map(int, rows[0])
    return tuple(found)
