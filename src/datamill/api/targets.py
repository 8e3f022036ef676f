"""What functions of maintenance work on: a table, or all tables of a schema."""

from __future__ import annotations

from typing import Any

from datamill.api.declaring import hidden_attributes
from datamill.api.schema import Schema
from datamill.data.connection import Connection
from datamill.errors import DataMillError
from datamill.maintenance.columns import add_columns, missing_columns
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


def add_hidden_columns(target: Any, dry_run: bool, **kinds: bool) -> dict[str, Any]:
    """Add hidden columns to the tables that lack them.

    Args:
        target: A schema, or a table class or instance.
        dry_run: Only say what would be done.
        **kinds: Which, as for `hidden_attributes`; tables that have none of these are passed over.

    Returns:
        ``tables_analyzed``, ``tables_modified``, ``columns_added``, and ``details``: table and columns of each.
    """
    connection, specs = specs_of(target)
    wanted = [(spec, hidden_attributes(spec.name, **kinds)) for spec in specs]
    analyzed = [(spec, missing_columns(spec, columns)) for spec, columns in wanted if columns]
    lacking = [(spec, missing) for spec, missing in analyzed if missing]
    if not dry_run:
        for spec, missing in lacking:
            add_columns(connection, spec, missing)
    return {
        "tables_analyzed": len(analyzed),
        "tables_modified": len(lacking),
        "columns_added": sum(len(missing) for _, missing in lacking),
        "details": [
            {"table": str(spec.name), "columns": [item.name for item in missing]} for spec, missing in lacking
        ],
    }
