"""Saving rows to the trash, in the transaction that removes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from datamill.algebra.predicates import OneOf
from datamill.algebra.relations import BaseTable, Restriction
from datamill.data.key_set import Key
from datamill.data.trash_table import definition_of, pack_columns, trash_name, trash_spec, wide
from datamill.data.values import from_driver, table_coder
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.select import compile_select

if TYPE_CHECKING:
    from datamill.data.connection import Connection

LARGE_ROWS = 50
"""Rows of one part where a table holds bytes of any length."""


class TrashWriter:
    """Writes the rows of one delete to the trash.

    Args:
        connection: Where the rows are.
        graph: The tables.
        target: The table that the delete was asked of; its schema has a trash table.

    Fields:
        id: Name of the entry.
    """

    def __init__(self, connection: Connection, graph: DependencyGraph, target: TableName) -> None:
        self.id = uuid4().hex
        self._connection = connection
        self._graph = graph
        self._target = target
        self._spec = trash_spec(target.schema)
        self._part = 0
        self._at = datetime.now(UTC).replace(tzinfo=None)
        self._wide: dict[TableName, TableSpec] = {}

    def save(self, table: TableName, keys: Sequence[Key]) -> None:
        """Save the rows of a table that have some primary keys (driver values); rows already gone are left out."""
        if self._part == 0:
            self._write(self._target, 0, json.dumps({"version": 1}).encode())
        spec = self._wide.get(table)
        if spec is None:
            spec = self._wide[table] = wide(self._graph.specs[table])
        kinds = {item.stored.kind for item in spec.columns}
        size = LARGE_ROWS if "bytes" in kinds else max(1, len(keys))
        for start in range(0, len(keys), size):
            columns = read_rows(self._connection, spec, keys[start : start + size])
            count = len(next(iter(columns.values())))
            if count:
                packed = {"definition": definition_of(self._graph.specs[table]), "columns": columns}
                self._write(table, count, _content(packed))

    def _write(self, table: TableName, count: int, content: bytes) -> None:
        values = {
            "trash_id": self.id,
            "part": self._part,
            "saved_at": self._at,
            "saved_by": self._connection.get_user(),
            "table_name": str(table),
            "row_count": count,
            "size": len(content),
            "content": content,
        }
        coders = table_coder(self._connection.dialect, self._spec).columns
        columns = [coders[name].encode([value]).driver for name, value in values.items()]
        self._connection.session.insert_columns(trash_name(self._target.schema), list(values), columns)
        self._part += 1


def _content(packed: dict[str, Any]) -> bytes:
    """Return a length, the definition as JSON, and the packed columns."""
    head = json.dumps(packed["definition"]).encode()
    return len(head).to_bytes(4, "big") + head + pack_columns(packed["columns"])


def read_rows(connection: Connection, spec: TableSpec, keys: Sequence[Key]) -> dict[str, list[Any]]:
    """Read the rows that have some primary keys.

    Args:
        connection: Where they are.
        spec: The table, made `wide`.
        keys: Driver values.

    Returns:
        All columns of the table, hidden ones too, as canonical stored values.
    """
    dialect = connection.dialect
    attributes = [spec.heading[name] for name in spec.physical_key]
    given = [
        from_driver(dialect, attribute, list(column))
        for attribute, column in zip(attributes, zip(*keys, strict=True), strict=True)
    ]
    picked = OneOf(spec.physical_key, tuple(item.stored for item in attributes), tuple(given))
    statement = compile_select(Restriction(BaseTable(spec, connection), (picked,)), dialect)
    rows = connection.read(statement)
    columns = zip(*rows, strict=True) if rows else [()] * len(spec.heading)
    return {
        name: from_driver(dialect, spec.heading[name], list(column))
        for name, column in zip(spec.heading.names, columns, strict=True)
    }
