"""Statements that change rows.

Those for rows given as values are texts with placeholders, the same for every row, so that drivers prepare them once;
those for rows given by a query take its compiled `Statement`. Updates and deletes by key are in `datamill.sql.keys`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from datamill.errors import DataMillError
from datamill.model.names import TableName
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Statement

Conflict = Literal["error", "skip", "replace"]
"""What an insert does with a row whose primary key exists."""

SOURCE = "~source"
"""Name of the rows to insert within an ``INSERT ... SELECT``; no attribute or table can have it."""


@lru_cache(maxsize=512)
def insert_values(
    dialect: Dialect,
    table: TableName,
    names: tuple[str, ...],
    key: tuple[str, ...] = (),
    conflict: Conflict = "error",
    rows: int = 1,
) -> str:
    """Return an INSERT of rows given as driver values, row by row in the order of ``names``.

    Args:
        dialect: The dialect to write.
        table: Where to insert.
        names: Columns.
        key: Primary key; needed unless ``conflict`` is "error".
        conflict: ``skip`` passes rows whose primary key exists, ``replace`` overwrites their other columns.
        rows: How many rows one statement takes.

    Raises:
        DataMillError: The dialect has no conflict clause for one index; its backend reads existing keys instead.

    Example:
        >>> from datamill.sql.dialects import get_dialect
        >>> insert_values(get_dialect("sqlite"), TableName("lab", "mouse"), ("mouse", "sex"), ("mouse",), "skip")
        'INSERT INTO "lab.mouse" ("mouse", "sex") VALUES (?, ?) ON CONFLICT ("mouse") DO NOTHING'
    """
    if conflict != "error" and not dialect.has_conflict_target:
        raise DataMillError(f"{dialect.name} has no conflict clause for one index.")
    row = f"({', '.join([dialect.placeholder] * len(names))})"
    values = ", ".join([row] * rows)
    clause = _on_conflict(dialect, names, key, conflict)
    return f"INSERT INTO {dialect.table(table)} ({_list(dialect, names)}) VALUES {values}{clause}"


def insert_select(
    dialect: Dialect,
    table: TableName,
    names: Sequence[str],
    select: Statement,
    *,
    key: Sequence[str] = (),
    conflict: Conflict = "error",
) -> list[Statement]:
    """Return the statements that insert the rows of a query, matched by name.

    Args:
        dialect: The dialect to write.
        table: Where to insert.
        names: Columns to fill; the query has columns of these names.
        select: The compiled query.
        key: Primary key of the table; needed unless ``conflict`` is "error".
        conflict: As in `insert_values`.

    Returns:
        One statement; two (UPDATE of existing rows, INSERT of new ones) where the dialect has no conflict clause for
        one index.
    """
    source = dialect.identifier(SOURCE)
    columns = ", ".join(f"{source}.{dialect.identifier(name)}" for name in names)
    target = dialect.table(table)
    head = f"INSERT INTO {target} ({_list(dialect, names)}) SELECT {columns} FROM ({select.sql}) AS {source}"
    if conflict == "error":
        return [Statement(head, select.params)]
    if dialect.has_conflict_target:
        # WHERE TRUE keeps SQLite from reading ON CONFLICT as the ON of a join.
        return [Statement(f"{head} WHERE TRUE{_on_conflict(dialect, names, key, conflict)}", select.params)]
    matches = _matches(dialect, target, source, key)
    statements = [
        Statement(f"{head} WHERE NOT EXISTS (SELECT 1 FROM {target} WHERE {matches})", select.params)
    ]
    others = [name for name in names if name not in key]
    if conflict == "replace" and others:
        pairs = (
            f"{target}.{dialect.identifier(name)} = {source}.{dialect.identifier(name)}" for name in others
        )
        update = f"UPDATE {target} JOIN ({select.sql}) AS {source} ON {matches} SET {', '.join(pairs)}"
        statements.insert(0, Statement(update, select.params))
    return statements


def delete_select(dialect: Dialect, table: TableName, key: Sequence[str], select: Statement) -> Statement:
    """Return a DELETE of the rows whose keys a query lists.

    Args:
        dialect: The dialect to write.
        table: Where to delete.
        key: Primary key of the table.
        select: Compiled query with columns of these names. It is wrapped, since MySQL refuses to read the table it
            deletes from unless through a derived table.
    """
    source = dialect.identifier(SOURCE)
    columns = ", ".join(f"{source}.{dialect.identifier(name)}" for name in key)
    own = _list(dialect, key) if len(key) == 1 else f"({_list(dialect, key)})"
    sql = f"DELETE FROM {dialect.table(table)} WHERE {own} IN (SELECT {columns} FROM ({select.sql}) AS {source})"
    return Statement(sql, select.params)


def delete_all(dialect: Dialect, table: TableName) -> Statement:
    """Return a DELETE of all rows."""
    return Statement(f"DELETE FROM {dialect.table(table)}")


def _list(dialect: Dialect, names: Sequence[str]) -> str:
    return ", ".join(map(dialect.identifier, names))


def _matches(dialect: Dialect, left: str, right: str, names: Sequence[str]) -> str:
    return " AND ".join(
        f"{left}.{dialect.identifier(name)} = {right}.{dialect.identifier(name)}" for name in names
    )


def _on_conflict(dialect: Dialect, names: Sequence[str], key: Sequence[str], conflict: Conflict) -> str:
    if conflict == "error":
        return ""
    others = [dialect.identifier(name) for name in names if name not in key]
    if conflict == "skip" or not others:
        return f" ON CONFLICT ({_list(dialect, key)}) DO NOTHING"
    changes = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f" ON CONFLICT ({_list(dialect, key)}) DO UPDATE SET {changes}"
