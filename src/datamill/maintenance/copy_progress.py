"""How far a copy got: the hidden table ``~copy``, which exists while a schema is being copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.catalog.definitions import changing, run
from datamill.codecs import blob
from datamill.maintenance.table_digest import TableDigest
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.model.types import core_type
from datamill.sql import ddl
from datamill.sql.keys import select_by_key

if TYPE_CHECKING:
    from datamill.backends.base import BackendSession
    from datamill.data.connection import Connection

PROGRESS_TABLE = "~copy"
_NAMES = ("table_name", "origin", "row_count", "digest", "last_key", "is_done")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one table got.

    Fields:
        rows, total: Of the digest of the rows that were read.
        last_key: Canonical values of the last key; empty if its order is not to be relied on.
        done: All rows are there, and verified.
    """

    rows: int
    total: int
    last_key: tuple[Any, ...]
    done: bool


def progress_spec(schema: str) -> TableSpec:
    """Return the specification of a schema's table of progress."""
    name, origin = core_type("varchar", 64), core_type("varchar", 255)
    digest, number, content = core_type("varchar", 32), core_type("int64"), core_type("bytes")
    return TableSpec(
        TableName(schema, PROGRESS_TABLE),
        Heading(
            [
                Attribute("table_name", name, name, in_key=True, comment="table being copied"),
                Attribute("origin", origin, origin, comment="database it comes from"),
                Attribute("row_count", number, number, comment="rows copied"),
                Attribute("digest", digest, digest, comment="of the rows copied"),
                Attribute("last_key", content, content, comment="packed key of the last row copied"),
                Attribute("is_done", number, number, comment="1: complete and verified"),
            ]
        ),
        comment="Progress of datamill copy",
    )


def prepare(connection: Connection, schema: str) -> list[TableName]:
    """Create the table of progress if it is absent; return its name if so."""
    spec = progress_spec(schema)
    if connection.catalog.has(spec.name):
        return []
    with changing(connection, connection.catalog, f"prepare the copy of {schema}") as session:
        run(session, ddl.create_table(spec, session.dialect, {}))
    return [spec.name]


def forget(connection: Connection, schema: str) -> None:
    """Drop the table of progress: the copy is complete."""
    name = TableName(schema, PROGRESS_TABLE)
    if connection.catalog.has(name):
        with changing(connection, connection.catalog, f"finish the copy of {schema}") as session:
            run(session, ddl.drop_table(name, session.dialect))


def read(connection: Connection, table: TableName, origin: str) -> Progress | None:
    """Return how far a table got in a copy from the same origin, or None."""
    where = TableName(table.schema, PROGRESS_TABLE)
    query = select_by_key(connection.dialect, where, _NAMES[1:], ("table_name",), [(table.table,)])
    rows = connection.read(query)
    if not rows or rows[0][0] != origin[:255]:
        return None
    _, count, digest, key, done = rows[0]
    return Progress(int(count), int(digest, 16), tuple(blob.unpack(bytes(key))), bool(done))


def write(
    session: BackendSession,
    table: TableName,
    origin: str,
    digest: TableDigest,
    last_key: Sequence[Any],
    done: bool,
) -> None:
    """Note how far a table got, in the transaction that copied the rows."""
    row = (table.table, origin[:255], digest.rows, str(digest), blob.pack(tuple(last_key)), int(done))
    session.insert_columns(
        TableName(table.schema, PROGRESS_TABLE),
        _NAMES,
        [[value] for value in row],
        key=("table_name",),
        conflict="replace",
    )
