"""The rows of an altered table: copied within the database, or through Python where a type changes."""

from __future__ import annotations

from collections.abc import Sequence

from datamill.backends.base import BackendSession
from datamill.catalog.changes import TableChange
from datamill.catalog.retype import BATCH, retyped, write_column
from datamill.errors import InvalidValueError
from datamill.model.attribute import Attribute
from datamill.model.names import TableName
from datamill.sql.dialects.base import Dialect
from datamill.sql.keyset import restart_numbering
from datamill.sql.writer import Statement, Writer


def fill(
    session: BackendSession, change: TableChange, source: str, target: TableName, *, exact: bool
) -> None:
    """Put the rows of a table into the one that takes its place.

    Args:
        session: Where.
        change: How the table changes; new columns without a value of their own take their default.
        source: Quoted name of the table that has the rows.
        target: The new table.
        exact: Refuse to convert a value that would lose something.

    Raises:
        InvalidValueError: A value does not fit the new type of its attribute.
    """
    filled = {item.column for item in change.fill}
    columns = [
        column
        for column in change.new.columns
        if change.source(column.name) is not None or column.name in filled or column.is_required
    ]
    select = _select(change, columns, source, session.dialect)
    names = [column.name for column in columns]
    if change.converted:
        _copy_converted(session, change, columns, select, target, exact)
    else:
        writer = Writer(session.dialect)
        writer.text("INSERT INTO ")
        writer.table(target)
        writer.text(f" ({', '.join(map(session.dialect.identifier, names))}) ")
        insert = writer.finish()
        session.execute(insert.sql + select.sql, select.params)
    for statement in restart_numbering(session.dialect, target, change.new.columns):
        session.execute(statement.sql, statement.params)


def _select(change: TableChange, columns: Sequence[Attribute], table: str, dialect: Dialect) -> Statement:
    writer = Writer(dialect)
    converted = {column.name for column in change.converted}
    fill = {item.column: item for item in change.fill if item.column not in converted}
    for position, column in enumerate(columns):
        writer.text(", " if position else "SELECT ")
        source = change.source(column.name)
        filling = fill.get(column.name)
        if filling is None:
            _write_source(writer, source)
            continue
        guard = change.source(filling.where) if filling.where is not None else None
        if source is not None:
            writer.text("COALESCE(")
            _write_source(writer, source)
            writer.text(", ")
        if guard is not None:
            writer.text("CASE WHEN ")
            writer.identifier(guard.name)
            writer.text(" IS NOT NULL THEN ")
        writer.bind(filling.value, column.stored)
        if guard is not None:
            writer.text(" END")
        if source is not None:
            writer.text(")")
    writer.text(f" FROM {table}")
    return writer.finish()


def _write_source(writer: Writer, source: Attribute | None) -> None:
    if source is None:
        writer.text("NULL")
    else:
        write_column(writer, source)


def _copy_converted(
    session: BackendSession,
    change: TableChange,
    columns: Sequence[Attribute],
    select: Statement,
    target: TableName,
    exact: bool,
) -> None:
    """Copy rows by way of Python, which knows how values of one type become those of another."""
    rows = session.execute(select.sql, select.params).rows
    names = [column.name for column in columns]
    changing = {column.name for column in change.converted}
    fill = {item.column: item.value for item in change.fill}
    for start in range(0, len(rows), BATCH):
        values = [list(column) for column in zip(*rows[start : start + BATCH], strict=True)]
        for position, column in enumerate(columns):
            source = change.source(column.name)
            if column.name not in changing or source is None:
                continue
            try:
                values[position] = retyped(
                    values[position], source, column, change.new.name, session.dialect, exact=exact
                )
            except InvalidValueError as error:
                raise error.suggest("The table was not altered.") from error.__cause__
            if column.name in fill:
                value = session.dialect.bound(fill[column.name], column.stored)
                values[position] = [value if item is None else item for item in values[position]]
        session.insert_columns(target, names, values)
