"""``dm.migrate``: bring tables made earlier up to what is declared today."""

from __future__ import annotations

from typing import Any

from datamill.api.schema import Schema
from datamill.api.targets import specs_of
from datamill.catalog.lineage import lineage_rows
from datamill.maintenance.columns import add_hidden_columns

__all__ = ["add_job_metadata_columns", "rebuild_lineage"]


def add_job_metadata_columns(target: Any, dry_run: bool = True) -> dict[str, Any]:
    """Add the hidden columns of ``jobs.add_job_metadata`` to auto-populated tables that lack them.

    Rows that are there keep NULL start time and duration, and an empty version.

    Args:
        target: A schema, or a table class or instance.
        dry_run: Only say what would be done.

    Returns:
        ``tables_analyzed``, ``tables_modified``, ``columns_added``, and ``details``: table and columns of each.

    Raises:
        AccessError: The user may not alter a table.
        DataMillError: The target is neither; or a transaction is open.

    Example:
        >>> add_job_metadata_columns(schema, dry_run=False)["columns_added"]
        3
    """
    return add_hidden_columns(*specs_of(target), dry_run, job_metadata=True)


def rebuild_lineage(schema: Schema, dry_run: bool = True) -> dict[str, Any]:
    """Write the table ``~lineage`` of a schema anew, from the foreign keys.

    Args:
        schema: The schema.
        dry_run: Only say what would be written.

    Returns:
        ``tables_analyzed``, ``lineage_entries``, and ``status``: ``dry_run`` or ``rebuilt``.

    Raises:
        AccessError: The user may not write to it.
    """
    specs = schema.connection.catalog.load(schema.name)
    if not dry_run:
        schema.rebuild_lineage()
    return {
        "tables_analyzed": len(specs),
        "lineage_entries": sum(len(lineage_rows(spec)) for spec in specs.values()),
        "status": "dry_run" if dry_run else "rebuilt",
    }
