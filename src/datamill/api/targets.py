"""What functions of maintenance work on: a table, or all tables of a schema."""

from __future__ import annotations

from typing import Any

from datamill.api.schema import Schema
from datamill.data.connection import Connection
from datamill.errors import DataMillError
from datamill.model.names import TableName
from datamill.model.table import TableSpec


def specs_of(target: Any) -> tuple[Connection, list[TableSpec]]:
    """Return the connection and the tables of a schema, or of a table class or instance.

    Raises:
        DataMillError: The target is neither.
    """
    if isinstance(target, Schema):
        return target.connection, list(target.connection.catalog.load(target.name).values())
    name = getattr(target, "full_table_name", None)
    connection = getattr(target, "connection", None)
    if not isinstance(name, str) or not isinstance(connection, Connection):
        raise DataMillError(
            f"{target!r} is neither a schema nor a table.", hint="Pass a Schema or a table class."
        )
    return connection, [connection.catalog.spec(TableName.parse(name))]
