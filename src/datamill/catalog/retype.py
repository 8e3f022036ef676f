"""Values of attributes whose type changes: kept exactly, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from datamill.backends.base import BackendSession
from datamill.catalog.changes import TableChange
from datamill.errors import InvalidValueError
from datamill.model.attribute import Attribute
from datamill.model.conversion.rule import show
from datamill.model.convert import convert_column
from datamill.model.names import TableName
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Writer

BATCH = 1000


def unfit(session: BackendSession, change: TableChange, *, exact: bool) -> Iterator[InvalidValueError]:
    """Yield, for each attribute whose type changes, what is wrong with the first value that does not fit the new one.

    Args:
        session: Where.
        change: How the table changes.
        exact: A value that loses something does not fit, either.
    """
    for column in change.converted:
        source = change.source(column.name)
        if source is None or source.is_codec or column.is_codec:
            continue
        writer = Writer(session.dialect)
        writer.text("SELECT ")
        write_column(writer, source)
        writer.text(" FROM ")
        writer.table(change.old.name)
        query = writer.finish()
        try:
            for rows in session.stream(query.sql, query.params, BATCH):
                values = [row[0] for row in rows]
                retyped(values, source, column, change.new.name, session.dialect, exact=exact, quiet=True)
        except InvalidValueError as error:
            yield error


def write_column(writer: Writer, column: Attribute) -> None:
    """Write a column so that the driver returns all of its digits."""
    name = writer.dialect.identifier(column.name)
    writer.text(writer.dialect.reads.get(column.stored.kind, "{}").replace("{}", name))


def retyped(
    values: list[Any],
    source: Attribute,
    target: Attribute,
    table: TableName,
    dialect: Dialect,
    *,
    exact: bool,
    quiet: bool = False,
) -> list[Any]:
    """Return values, as the driver read them from one column, as it binds them for another.

    Args:
        values: Of one column.
        source: That column.
        target: The other.
        table: For messages.
        dialect: Of the database.
        exact: Refuse values that would lose something; otherwise a PrecisionWarning says so.
        quiet: No warning, either.

    Raises:
        InvalidValueError: One does not fit; with ``exact``, or one loses something.
    """
    read, write = dialect.from_driver_for(source.stored), dialect.to_driver_for(target.stored)
    canonical = [value if value is None or read is None else read(value) for value in values]
    if source.stored.family in ("date", "datetime", "time", "uuid") and target.stored.family == "text":
        canonical = [value if value is None else str(value) for value in canonical]
    losses: list[tuple[Any, str]] = []
    try:
        converted = convert_column(
            target.stored,
            canonical,
            nullable=target.nullable,
            attribute=target.name,
            on_loss=(lambda value, loss: losses.append((value, loss))) if exact or quiet else None,
        )
    except InvalidValueError as error:
        error.table = str(table)
        raise
    if exact:
        for value, loss in losses or _changed(canonical, converted, target):
            raise _lossy(value, loss, target, table)
    return [value if value is None or write is None else write(value) for value in converted]


def _changed(before: list[Any], after: list[Any], target: Attribute) -> Iterator[tuple[Any, str]]:
    """Yield the values that became others, and what of them; all but floats are refused if they would."""
    is_float = target.stored.family == "float"
    for old, new in zip(before, after, strict=True):
        if new is None:
            if old is not None:
                yield old, "becomes NULL"
        elif is_float and not _same_number(old, new):
            yield old, f"becomes {new!r}"


def _same_number(old: Any, new: float) -> bool:
    """True if a number, or a text of one, is what its float says: as it is for integers, in its digits otherwise."""
    if isinstance(old, int | float):
        return old == new
    return Decimal(old) == Decimal(repr(new))


def _lossy(value: Any, loss: str, target: Attribute, table: TableName) -> InvalidValueError:
    return InvalidValueError(
        f"{table}.{target.name} would lose part of its values: {show(value)} {loss} to fit {target.type}.",
        hint="allow_data_loss=True accepts that; a new attribute keeps both.",
        table=str(table),
        attribute=target.name,
        value=value,
        reason=f"it {loss}",
    )
