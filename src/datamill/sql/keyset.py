"""Statements for a table as a whole, physical columns as they are: read in the order of its key, number anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from datamill.model.attribute import Attribute
from datamill.model.names import TableName
from datamill.model.types import core_type
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Statement

_TEXT = core_type("text")


def select_after(
    dialect: Dialect,
    table: TableName,
    columns: Sequence[Attribute],
    key: Sequence[str],
    after: Sequence[Any] | None = None,
) -> Statement:
    """Select columns of all rows in the order of the key, or of those behind one key.

    Args:
        dialect: The dialect to write.
        table: What to read.
        columns: Which columns, as they are to be read.
        key: Primary key; empty: in no order.
        after: Driver values of a key; only rows behind it are selected.

    Example:
        >>> from datamill.model.types import parse_type
        >>> from datamill.sql.dialects import get_dialect
        >>> number = parse_type("int32")
        >>> mouse = Attribute("mouse", number, number, in_key=True)
        >>> select_after(get_dialect("sqlite"), TableName("lab", "mouse"), [mouse], ["mouse"], [3])
        Statement(sql='SELECT "mouse" FROM "lab.mouse" WHERE "mouse" > ? ORDER BY "mouse"', params=(3,))
    """
    listed = ", ".join(dialect.column(column.name, column.stored) for column in columns)
    sql = f"SELECT {listed} FROM {dialect.table(table)}"
    names = ", ".join(map(dialect.identifier, key))
    if after is not None:
        marks = ", ".join([dialect.placeholder] * len(key))
        sql += f" WHERE ({names}) > ({marks})" if len(key) > 1 else f" WHERE {names} > {marks}"
    if key:
        sql += f" ORDER BY {names}"
    return Statement(sql, tuple(after or ()))


def select_page(
    dialect: Dialect, query: Statement, key: Sequence[str], after: Sequence[Any] | None, limit: int
) -> Statement:
    """Select so many rows of a query in the order of its key, the first ones or those behind one key.

    Args:
        dialect: The dialect to write.
        query: What to read.
        key: Its key, of at least one column.
        after: Driver values of a key.
        limit: How many rows.

    Example:
        >>> from datamill.sql.dialects import get_dialect
        >>> page = select_page(get_dialect("sqlite"), Statement("SELECT a, b FROM t"), ["a", "b"], [3, 4], 10)
        >>> page.sql.partition(" WHERE ")[2]
        '"a" >= ? AND ("a" > ? OR ("a" = ? AND "b" > ?)) ORDER BY "a", "b" LIMIT 10'
        >>> page.params
        (3, 3, 3, 4)
    """
    names, mark = [dialect.identifier(name) for name in key], dialect.placeholder
    sql, params = f"SELECT * FROM ({query.sql}) AS {dialect.identifier('page')}", list(query.params)
    if after is not None:
        behind, values = f"{names[-1]} > {mark}", [after[-1]]
        for name, value in zip(names[-2::-1], after[-2::-1], strict=True):
            behind = f"{name} > {mark} OR ({name} = {mark} AND {behind})"
            values = [value, value, *values]
        if len(names) > 1:  # said twice, so that databases find the place in an index
            behind, values = f"{names[0]} >= {mark} AND ({behind})", [after[0], *values]
        sql += f" WHERE {behind}"
        params += values
    return Statement(f"{sql} ORDER BY {', '.join(names)} LIMIT {int(limit)}", tuple(params))


def insert_nothing(dialect: Dialect, table: TableName, names: Sequence[str]) -> Statement:
    """Return an INSERT of no rows, which fails if the user may not insert into these columns, or not read them."""
    listed, place = ", ".join(map(dialect.identifier, names)), dialect.table(table)
    return Statement(f"INSERT INTO {place} ({listed}) SELECT {listed} FROM {place} WHERE 1 = 0")


def restart_numbering(dialect: Dialect, table: TableName, columns: Iterable[Attribute]) -> list[Statement]:
    """Return what makes the database number new rows after those that came with numbers; nothing if it does so itself.

    The statements change nothing if there are no rows.

    Args:
        dialect: The dialect to write.
        table: The table.
        columns: Its columns, of which one may be numbered.
    """
    if not dialect.ddl.restart_numbering:
        return []
    return [
        Statement(
            dialect.ddl.restart_numbering.format(
                table=dialect.table(table),
                column=dialect.identifier(column.name),
                table_text=dialect.literal(dialect.table(table), _TEXT),
                column_text=dialect.literal(column.name, _TEXT),
            )
        )
        for column in columns
        if column.is_auto_increment
    ]
