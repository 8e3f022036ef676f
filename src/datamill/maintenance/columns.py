"""Adding hidden columns to tables that exist, and settings that servers keep for each table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from datamill.catalog.definitions import changing, run
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql import ddl
from datamill.sql.ddl_columns import column_definition
from datamill.sql.writer import Statement

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def missing_columns(spec: TableSpec, wanted: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """Return the attributes of which a table has no column."""
    known = {column.name for column in spec.columns}
    return tuple(item for item in wanted if item.name not in known)


def add_columns(connection: Connection, spec: TableSpec, missing: Sequence[Attribute]) -> None:
    """Add hidden columns to a table, in one transaction where the database allows it.

    Args:
        connection: Where.
        spec: The table.
        missing: Nullable attributes, or ones with a default.

    Raises:
        DataMillError: A transaction is open.
        AccessError: The user may not alter the table.
    """
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
