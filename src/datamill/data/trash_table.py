"""The hidden table ``~trash``: what it looks like, and how removed rows lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datamill.catalog.definitions import changing, run
from datamill.codecs import blob
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.model.types import core_type
from datamill.sql import ddl

if TYPE_CHECKING:
    from datamill.data.connection import Connection

TRASH_TABLE = "~trash"


def trash_name(schema: str) -> TableName:
    """Return the name of a schema's trash table."""
    return TableName(schema, TRASH_TABLE)


def trash_spec(schema: str) -> TableSpec:
    """Return the specification of a schema's trash table.

    Part 0 of an entry says what it is; each further part holds rows of one table, column by column.
    """
    identifier, user, table = core_type("varchar", 32), core_type("varchar", 255), core_type("varchar", 255)
    number, moment, content = core_type("int64"), core_type("datetime", 6), core_type("bytes")
    return TableSpec(
        trash_name(schema),
        Heading(
            [
                Attribute("trash_id", identifier, identifier, in_key=True, comment="one delete"),
                Attribute("part", number, number, in_key=True, comment="0: about the delete; else rows"),
                Attribute("saved_at", moment, moment, comment="time of the delete (UTC)"),
                Attribute("saved_by", user, user, comment="user@host"),
                Attribute(
                    "table_name", table, table, comment="schema.table of the rows; of part 0: the target"
                ),
                Attribute("row_count", number, number, comment="number of rows in this part"),
                Attribute("size", number, number, comment="bytes of content"),
                Attribute("content", content, content, comment="packed columns"),
            ]
        ),
        comment="Rows that were deleted, see dm.trash",
    )


def has_trash(connection: Connection, schema: str) -> bool:
    """Return whether a schema has a trash table."""
    return connection.catalog.has(trash_name(schema))


def prepare_trash(connection: Connection, schema: str) -> None:
    """Create a schema's trash table unless it is there.

    Raises:
        DataMillError: It is missing and a transaction is open.
        AccessError: The user may not create it.
    """
    if has_trash(connection, schema):
        return
    if connection.in_transaction:
        raise DataMillError(
            f"Schema {schema} has no trash yet, and tables cannot be made within a transaction.",
            hint="Call dm.trash.prepare(schema) before the transaction.",
        )
    with changing(connection, connection.catalog, f"make the trash of {schema}") as session:
        if not has_trash(connection, schema):
            run(session, ddl.create_table(trash_spec(schema), session.dialect, {}))


def wide(spec: TableSpec) -> TableSpec:
    """Return a specification in which hidden attributes are attributes like the others."""
    plain = [replace(item, type=item.stored) for item in spec.columns]
    return replace(spec, heading=Heading(plain), hidden=())


def definition_of(spec: TableSpec) -> dict[str, Any]:
    """Return what must not change between a delete and its restore: columns and references, comments left out."""
    return {
        "columns": [
            [item.name, item.type.text, item.stored.text, item.in_key, item.nullable] for item in spec.columns
        ],
        "references": [
            [str(key.parent), [list(pair) for pair in key.attribute_map]] for key in spec.foreign_keys
        ],
    }


def pack_columns(columns: Mapping[str, list[Any]]) -> bytes:
    """Return columns of canonical values as bytes in the blob format."""
    return blob.pack(dict(columns))


def unpack_columns(content: bytes) -> dict[str, list[Any]]:
    """Return the columns that were packed."""
    columns: dict[str, list[Any]] = blob.unpack(content)
    return columns
