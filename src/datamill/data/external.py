"""What the tables ``~external_{store}`` of DataJoint 0.14 say about values kept in stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from datamill.catalog.legacy import EXTERNAL
from datamill.data.values import from_driver, to_driver
from datamill.model.attribute import Attribute
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.keys import key_batches, select_by_key

if TYPE_CHECKING:
    from datamill.data.connection import Connection

PREFIX = "external-"
MIGRATED = "migrated-"
_NAMES = ("hash", "size", "attachment_name", "filepath", "contents_hash")


def is_external(attribute: Attribute) -> bool:
    """True if the stored values of an attribute are keys of a table ``~external_{store}``, or were once."""
    return attribute.is_codec and attribute.type.codec_name.startswith((PREFIX, MIGRATED))


def resolved(
    connection: Connection, table: TableName | None, attribute: Attribute, stored: Sequence[Any]
) -> list[Any]:
    """Return stored values as what the table of their store says about them; those it does not list stay.

    Args:
        connection: Where to look.
        table: The table that the attribute comes from.
        attribute: The attribute.
        stored: UUIDs, or dicts of migrated attributes, which lack their store; and None.
    """
    store = attribute.type.text.strip("<>").partition("@")[2]
    if attribute.type.codec_name.startswith(MIGRATED):
        return [{**value, "store": store} if isinstance(value, dict) else value for value in stored]
    keys = list({value for value in stored if isinstance(value, UUID)})
    if table is None or not keys:
        return list(stored)
    spec = connection.catalog.find(TableName(table.schema, f"{EXTERNAL}_{store}"))
    if spec is None:
        return list(stored)
    rows = _rows(connection, spec, keys)
    return [
        {**rows[value], "store": store, "schema": table.schema} if value in rows else value
        for value in stored
    ]


def _rows(connection: Connection, spec: TableSpec, keys: list[UUID]) -> dict[UUID, dict[str, Any]]:
    dialect = connection.dialect
    columns = [item for item in spec.columns if item.name in _NAMES]
    names = [item.name for item in columns]
    bound = to_driver(dialect, spec.heading["hash"], keys)
    found: dict[UUID, dict[str, Any]] = {}
    for batch in key_batches([(value,) for value in bound], 1):
        query = select_by_key(dialect, spec.name, names, ("hash",), batch)
        rows = connection.read(query)
        values = [
            from_driver(dialect, column, [row[place] for row in rows]) for place, column in enumerate(columns)
        ]
        for row in zip(*values, strict=True):
            entry = dict(zip(names, row, strict=True))
            found[entry["hash"]] = {**entry, "hash": entry["hash"].hex}
    return found
