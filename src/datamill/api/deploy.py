"""``dm.deploy``: settings of tables that belong to where they are deployed."""

from __future__ import annotations

from typing import Any

from datamill.api.targets import specs_of
from datamill.catalog.definitions import changing, run
from datamill.maintenance.columns import add_hidden_columns, replica_identity

__all__ = ["add_prov_column", "set_replica_identity"]


def add_prov_column(target: Any, dry_run: bool = True) -> dict[str, Any]:
    """Add the hidden column of ``provenance.capture`` to manual tables that lack it; rows that are there keep NULL.

    Args:
        target: A schema, or a table class or instance.
        dry_run: Only say what would be done.

    Returns:
        ``tables_analyzed``, ``tables_modified``, ``columns_added``, and ``details``: table and columns of each.

    Raises:
        AccessError: The user may not alter a table.
        DataMillError: The target is neither; or a transaction is open.

    Example:
        >>> add_prov_column(schema, dry_run=False)["tables_modified"]
        2
    """
    return add_hidden_columns(*specs_of(target), dry_run, origin=True)


def set_replica_identity(target: Any, mode: str = "full", dry_run: bool = True) -> dict[str, Any]:
    """Say how much of a changed or deleted row PostgreSQL writes to its log, for those who follow the log.

    Args:
        target: A schema, or a table class or instance.
        mode: ``full``: the whole old row; ``default``: its key.
        dry_run: Only return the statements.

    Returns:
        ``tables_analyzed``, ``tables_modified`` (0 in a dry run), ``ddl``: the statements.

    Raises:
        DataMillError: The database is not PostgreSQL, or the mode is unknown.

    Example:
        >>> set_replica_identity(schema)["ddl"][0]
        'ALTER TABLE "lab"."mouse" REPLICA IDENTITY FULL'
    """
    connection, specs = specs_of(target)
    statements = replica_identity(connection, [spec.name for spec in specs], mode)
    if not dry_run:
        with changing(connection, connection.catalog, "set the replica identity") as session:
            run(session, statements)
    return {
        "tables_analyzed": len(specs),
        "tables_modified": 0 if dry_run else len(specs),
        "ddl": [statement.sql for statement in statements],
    }
