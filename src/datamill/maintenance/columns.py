"""Adding hidden columns to tables that exist, and settings that servers keep for each table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datamill.catalog.definitions import changing, run
from datamill.catalog.hidden import hidden_attributes
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql import ddl
from datamill.sql.ddl_columns import column_definition
from datamill.sql.writer import Statement

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def add_hidden_columns(
    connection: Connection, specs: Sequence[TableSpec], dry_run: bool, **kinds: bool
) -> dict[str, Any]:
    """Add hidden columns to the tables that lack them.

    Args:
        connection: Where.
        specs: The tables.
        dry_run: Only say what would be done.
        **kinds: Which, as for `hidden_attributes`; tables that have none of these are passed over.

    Returns:
        ``tables_analyzed``, ``tables_modified``, ``columns_added``, and ``details``: table and columns of each.
    """
    wanted = [(spec, hidden_attributes(spec.name, **kinds)) for spec in specs]
    analyzed = [(spec, _missing(spec, columns)) for spec, columns in wanted if columns]
    lacking = [(spec, missing) for spec, missing in analyzed if missing]
    if not dry_run:
        for spec, missing in lacking:
            _add_columns(connection, spec, missing)
    return {
        "tables_analyzed": len(analyzed),
        "tables_modified": len(lacking),
        "columns_added": sum(len(missing) for _, missing in lacking),
        "details": [
            {"table": str(spec.name), "columns": [item.name for item in missing]} for spec, missing in lacking
        ],
    }


def _missing(spec: TableSpec, wanted: Sequence[Attribute]) -> tuple[Attribute, ...]:
    known = {column.name for column in spec.columns}
    return tuple(item for item in wanted if item.name not in known)


def _add_columns(connection: Connection, spec: TableSpec, missing: Sequence[Attribute]) -> None:
    """Add hidden columns to a table, in one transaction where the database allows it."""
    grown = replace(spec, hidden=(*spec.hidden, *missing))
    dialect = connection.dialect
    with changing(connection, connection.catalog, f"add columns to {spec.name}") as session:
        for item in missing:
            text = column_definition(grown, item, dialect, {}, {})
            session.execute(f"ALTER TABLE {dialect.table(spec.name)} ADD COLUMN {text}")
        run(session, ddl.comment_table(grown, dialect) or ())


def replica_identity(connection: Connection, names: Sequence[TableName], mode: str) -> list[Statement]:
    """Return the statements that say how much of a changed row a server's log holds.

    Args:
        connection: Where.
        names: The tables.
        mode: ``full``: the whole old row; ``default``: its key.

    Raises:
        DataMillError: The database has no such setting, or no such mode.
    """
    if mode not in ("full", "default"):
        raise DataMillError(f"mode={mode!r} is no replica identity.", hint="Use 'full' or 'default'.")
    dialect = connection.dialect
    if not dialect.ddl.replica_identity:
        raise DataMillError(f"{dialect.name} has no replica identity.", hint="Only PostgreSQL has.")
    return [
        Statement(dialect.ddl.replica_identity.format(table=dialect.table(name), mode=mode.upper()))
        for name in names
    ]
