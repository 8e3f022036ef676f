"""Statements that find and change the rows of a queue by conditions; values of keys are canonical, others the driver's.

Conditions are small functions that write themselves; all of those given hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from datamill.model.names import TableName
from datamill.model.types import AttributeType, parse_type
from datamill.sql.dialects.base import Dialect
from datamill.sql.dialects.queues import QUEUES
from datamill.sql.longlists import write_rows
from datamill.sql.writer import Statement, Writer

Condition = Callable[[Writer], None]
"""Writes one condition of a WHERE clause."""

SOURCE = "~source"
"""Name of a subquery; no attribute or table can have it."""

_MOMENT = parse_type("datetime(3)")
_UNKNOWN: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Plus:
    """A change that adds to a column."""

    amount: int


def equals(name: str, value: Any) -> Condition:
    """The column has a value."""
    return lambda writer: _compare(writer, name, "=", value)


def at_most(name: str, value: Any) -> Condition:
    """The column has a value or less."""
    return lambda writer: _compare(writer, name, "<=", value)


def at_least(name: str, value: Any) -> Condition:
    """The column has a value or more."""
    return lambda writer: _compare(writer, name, ">=", value)


def more_than(name: str, value: Any) -> Condition:
    """The column has more than a value."""
    return lambda writer: _compare(writer, name, ">", value)


def unlike(name: str, value: Any) -> Condition:
    """The column has another value."""
    return lambda writer: _compare(writer, name, "<>", value)


def is_null(name: str) -> Condition:
    """The column is NULL."""

    def write(writer: Writer) -> None:
        writer.identifier(name)
        writer.text(" IS NULL")

    return write


def is_known(name: str) -> Condition:
    """The column is not NULL."""

    def write(writer: Writer) -> None:
        writer.identifier(name)
        writer.text(" IS NOT NULL")

    return write


def among(name: str, values: Sequence[Any]) -> Condition:
    """The column has one of some values, of which there is at least one."""

    def write(writer: Writer) -> None:
        writer.identifier(name)
        for index, value in enumerate(values):
            writer.text(", " if index else " IN (")
            writer.value(value)
        writer.text(")")

    return write


def listed(
    names: Sequence[str], types: Sequence[AttributeType], keys: Sequence[tuple[Any, ...]]
) -> Condition:
    """The columns, of some types, have the canonical values of one of some keys; none of these is NULL."""

    def write(writer: Writer) -> None:
        if not keys:
            writer.text("1 = 0")
            return
        _names(writer, names)
        writer.text(" IN ")
        write_rows(writer, types, list(zip(*keys, strict=True)))

    return write


def none_of(condition: Condition) -> Condition:
    """A condition does not hold."""

    def write(writer: Writer) -> None:
        writer.text("NOT ")
        condition(writer)

    return write


def selected(names: Sequence[str], query: Statement) -> Condition:
    """The columns have the values of a row of a query, which has columns of these names.

    The query is wrapped, since MySQL reads the table that it changes only through a derived table.
    """

    def write(writer: Writer) -> None:
        _names(writer, names)
        writer.text(" IN (SELECT ")
        _list(writer, names)
        writer.text(" FROM (")
        writer.statement(query)
        writer.text(f") AS {writer.dialect.identifier(SOURCE)})")

    return write


def select(
    dialect: Dialect,
    table: TableName,
    wanted: Sequence[str],
    conditions: Sequence[Condition],
    *,
    kinds: Mapping[str, str] = _UNKNOWN,
    order: Sequence[str] = (),
    limit: int | None = None,
    lock: bool = False,
    skip_locked: bool = False,
) -> Statement:
    """Select columns of the rows that meet conditions.

    Args:
        dialect: Whose SQL.
        table: Where.
        wanted: Columns.
        conditions: All of which hold.
        kinds: Kinds of columns, as far as they are read in a special way.
        order: Columns to order by.
        limit: Rows at the most.
        lock: Lock the rows until the transaction ends.
        skip_locked: The same, passing over rows that others have locked.

    Example:
        >>> from datamill.sql.dialects.sqlite import SQLITE
        >>> select(SQLITE, TableName("lab", "~~scan"), ["scan"], [equals("status", "pending")], limit=2)
        Statement(sql='SELECT "scan" FROM "lab.~~scan" WHERE "status" = ? LIMIT 2', params=('pending',))
    """
    writer = Writer(dialect)
    writer.text("SELECT ")
    reads = [dialect.reads.get(kinds.get(name, ""), "{}") for name in wanted]
    writer.text(
        ", ".join(read.format(dialect.identifier(name)) for name, read in zip(wanted, reads, strict=True))
    )
    writer.text(f" FROM {dialect.table(table)}")
    _where(writer, conditions)
    if order:
        writer.text(" ORDER BY ")
        _list(writer, order)
    if limit is not None:
        writer.text(f" LIMIT {int(limit)}")
    traits = QUEUES[dialect.name]
    writer.text(traits.lock_free if skip_locked else traits.lock if lock else "")
    return writer.finish()


def count_groups(
    dialect: Dialect, table: TableName, by: str, conditions: Sequence[Condition] = ()
) -> Statement:
    """Count rows for each value of a column: rows (value, number)."""
    writer = Writer(dialect)
    writer.text("SELECT ")
    writer.identifier(by)
    writer.text(f", COUNT(*) FROM {dialect.table(table)}")
    _where(writer, conditions)
    writer.text(" GROUP BY ")
    writer.identifier(by)
    return writer.finish()


def count_some(dialect: Dialect, table: TableName, conditions: Sequence[Condition], limit: int) -> Statement:
    """Count the rows that meet conditions, up to a limit."""
    writer = Writer(dialect)
    writer.text(f"SELECT COUNT(*) FROM (SELECT 1 AS n FROM {dialect.table(table)}")
    _where(writer, conditions)
    writer.text(f" LIMIT {int(limit)}) AS {dialect.identifier(SOURCE)}")
    return writer.finish()


def update(
    dialect: Dialect, table: TableName, changes: Mapping[str, Any], conditions: Sequence[Condition]
) -> Statement:
    """Set columns to driver values (None is NULL, `Plus` adds) in the rows that meet conditions."""
    writer = Writer(dialect)
    writer.text(f"UPDATE {dialect.table(table)} SET ")
    for index, (name, value) in enumerate(changes.items()):
        writer.text(", " if index else "")
        writer.identifier(name)
        writer.text(" = ")
        if isinstance(value, Plus):
            writer.identifier(name)
            writer.text(f" + {value.amount}")
        elif value is None:
            writer.text("NULL")
        else:
            writer.value(value)
    _where(writer, conditions)
    return writer.finish()


def delete(dialect: Dialect, table: TableName, conditions: Sequence[Condition]) -> Statement:
    """Delete the rows that meet conditions."""
    writer = Writer(dialect)
    writer.text(f"DELETE FROM {dialect.table(table)}")
    _where(writer, conditions)
    return writer.finish()


def insert_keys(
    dialect: Dialect,
    table: TableName,
    key: Sequence[str],
    status: str,
    constants: Mapping[str, Any],
    query: Statement,
) -> Statement:
    """Insert a row for each key that a query lists.

    Keys that exist are passed over where the dialect can; elsewhere a race ends in a DuplicateError.

    Args:
        dialect: Whose SQL.
        table: Where.
        key: Columns of the query.
        status: Of the new rows; written as a literal, which takes the type of its column, an enum.
        constants: Driver values of other columns.
        query: What lists the keys.
    """
    writer = Writer(dialect)
    writer.text(f"INSERT INTO {dialect.table(table)} (")
    _list(writer, [*key, "status", *constants])
    writer.text(") SELECT ")
    _list(writer, key)
    writer.text(f", '{status}'")
    for value in constants.values():
        writer.text(", ")
        writer.value(value)
    writer.text(" FROM (")
    writer.statement(query)
    writer.text(f") AS {dialect.identifier(SOURCE)}")
    if dialect.has_conflict_target:
        writer.text(" WHERE TRUE ON CONFLICT (")
        _list(writer, key)
        writer.text(") DO NOTHING")
    return writer.finish()


def now(dialect: Dialect) -> Statement:
    """Ask for the server's time to the millisecond, and its number of this connection: one row.

    The time is that of the server's own zone, whatever that of the session: other programs share the queue.
    """
    traits = QUEUES[dialect.name]
    time = traits.server_time or dialect.ddl.now(_MOMENT)
    return Statement(
        f"SELECT CAST({time} AS {dialect.column_type['datetime'](_MOMENT)}), {traits.connection_id}"
    )


def _compare(writer: Writer, name: str, operator: str, value: Any) -> None:
    writer.identifier(name)
    writer.text(f" {operator} ")
    writer.value(value)


def _list(writer: Writer, names: Sequence[str]) -> None:
    writer.text(", ".join(map(writer.dialect.identifier, names)))


def _names(writer: Writer, names: Sequence[str]) -> None:
    if len(names) == 1:
        writer.identifier(names[0])
        return
    writer.text("(")
    _list(writer, names)
    writer.text(")")


def _where(writer: Writer, conditions: Sequence[Condition]) -> None:
    for index, condition in enumerate(conditions):
        writer.text(" AND " if index else " WHERE ")
        condition(writer)
