"""Iteration: rows one by one in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import Relation
from datamill.codecs import chain_for
from datamill.data.query import compile_query, fetched, observe_read

if TYPE_CHECKING:
    from datamill.data.connection import Connection

BATCH_ROWS = 1000
BATCH_ROWS_WITH_BLOBS = 16


def iterate(connection: Connection, relation: Relation) -> Iterator[dict[str, Any]]:
    """Yield decoded rows as dicts, from a snapshot taken when the first is asked for.

    A batch of rows is in memory at a time. The body of a loop may query and insert on the same connection; leaving
    the loop frees the cursor. Within an open transaction own writes are seen, and rows may be buffered.

    Args:
        connection: Where to read.
        relation: What to read.
    """
    observe_read(connection, relation)
    statement = compile_query(connection, relation)
    size = BATCH_ROWS_WITH_BLOBS if relation.heading.blobs or _reads_stores(relation) else BATCH_ROWS
    batches = connection.stream(statement, size)
    try:
        for rows in batches:
            found = fetched(connection, relation, rows)
            yield from found.dicts(found.names)
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


def _reads_stores(relation: Relation) -> bool:
    """Tell whether decoding a row reads objects, which then come a few rows at a time."""
    codecs = [item for item in relation.heading.attributes.values() if item.is_codec]
    return any(chain_for(item.type.text).reads_store for item in codecs)
