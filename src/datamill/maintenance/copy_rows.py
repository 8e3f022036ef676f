"""Copying the rows of one table: streamed, resumed, verified."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.backends.base import Conflict
from datamill.catalog.definitions import run
from datamill.data.values import from_driver, to_driver
from datamill.errors import IntegrityError
from datamill.maintenance import copy_progress
from datamill.maintenance.table_digest import TableDigest, digest_of
from datamill.model.attribute import Attribute
from datamill.model.table import TableSpec
from datamill.sql.keys import count_rows
from datamill.sql.keyset import restart_numbering, select_after

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Columns = list[list[Any]]
Advance = Callable[[int], object]

ROWS_READ = 1000
ROWS_READ_WITH_BLOBS = 16
ROWS_WRITTEN = 10_000
BYTES_WRITTEN = 2**24
_ORDERED = ("integer", "text", "bool", "date", "datetime", "time", "uuid", "decimal")
"""Families whose order is one and the same in ``ORDER BY`` and in comparisons, on every database."""


@dataclass(frozen=True, slots=True)
class TableCopy:
    """What came of one table.

    Fields:
        table: Its full name.
        rows: Rows at the destination, which are those of the source.
        copied: Rows read and written by this run.
        digest: 32 hexadecimal digits; the same on both sides.
    """

    table: str
    rows: int
    copied: int
    digest: str


def copy_table(source: Connection, destination: Connection, spec: TableSpec, advance: Advance) -> TableCopy:
    """Copy the rows of a table that both databases have, and verify them.

    Args:
        source, destination: The databases.
        spec: The table as the destination has it.
        advance: Called with numbers of rows that are done.

    Raises:
        IntegrityError: The destination ends up with other rows than the source, or rows refer to parents that
            were added to the source meanwhile.
    """
    origin = str(source)
    before = copy_progress.read(destination, spec.name, origin)
    if before is not None and before.done and count(destination, spec) == before.rows:
        advance(before.rows)
        return TableCopy(str(spec.name), before.rows, 0, f"{before.total:032x}")
    columns = spec.columns
    if before is not None and before.last_key and not before.done:
        digest, last_key = TableDigest(columns, before.rows, before.total), before.last_key
        advance(before.rows)
    else:
        digest, last_key = TableDigest(columns), ()
        if count(destination, spec) and (same := _equal(source, destination, spec)) is not None:
            advance(same.rows)
            return TableCopy(str(spec.name), same.rows, 0, str(same))
    start = digest.rows
    _write_rows(source, destination, spec, digest, last_key, advance)
    _verify(destination, spec, digest)
    with destination.write() as session:
        copy_progress.write(session, spec.name, origin, digest, (), done=True)
        run(session, restart_numbering(destination.dialect, spec.name, spec.columns))
    return TableCopy(str(spec.name), digest.rows, digest.rows - start, str(digest))


def _equal(source: Connection, destination: Connection, spec: TableSpec) -> TableDigest | None:
    """Return the digest of a table if both databases have the same rows."""
    if count(source, spec) != count(destination, spec):
        return None
    ours, theirs = (digest_of(spec.columns, read_table(side, spec)) for side in (source, destination))
    return ours if ours == theirs else None


def _write_rows(
    source: Connection,
    destination: Connection,
    spec: TableSpec,
    digest: TableDigest,
    last_key: Sequence[Any],
    advance: Advance,
) -> None:
    """Copy the rows behind a key, with the progress of each batch in its transaction."""
    names = tuple(column.name for column in spec.columns)
    conflict: Conflict = (
        "skip" if spec.physical_key and count(destination, spec) and not last_key else "error"
    )
    ordered = bool(spec.physical_key) and all(
        column.stored.family in _ORDERED for column in spec.columns if column.in_key
    )
    places = [names.index(name) for name in spec.physical_key] if ordered else []
    with closing(read_table(source, spec, last_key or None)) as batches:
        for columns in _gathered(spec.columns, batches):
            digest.update(columns)
            values = [
                to_driver(destination.dialect, attribute, column)
                for attribute, column in zip(spec.columns, columns, strict=True)
            ]
            size = len(columns[0])
            with destination.write() as session:
                try:
                    session.insert_columns(spec.name, names, values, key=spec.physical_key, conflict=conflict)
                except IntegrityError as error:
                    raise error.suggest(
                        "If the source was written to meanwhile, copy once more to catch up."
                    ) from error.__cause__
                key = [columns[place][-1] for place in places]
                copy_progress.write(session, spec.name, str(source), digest, key, done=False)
            advance(size)


def _gathered(attributes: Sequence[Attribute], batches: Iterator[Columns]) -> Iterator[Columns]:
    """Join batches until they are worth a transaction."""
    long = [index for index, item in enumerate(attributes) if item.stored.family in ("bytes", "json", "text")]
    pending: Columns = [[] for _ in attributes]
    size = 0
    for columns in batches:
        for column, values in zip(pending, columns, strict=True):
            column.extend(values)
        size += sum(len(value) for index in long for value in columns[index] if _has_length(value))
        if size >= BYTES_WRITTEN or len(pending[0]) >= ROWS_WRITTEN:
            yield pending
            pending, size = [[] for _ in attributes], 0
    if pending[0]:
        yield pending


def _has_length(value: Any) -> bool:
    return isinstance(value, str | bytes | bytearray | memoryview)


def read_table(
    connection: Connection, spec: TableSpec, after: Sequence[Any] | None = None
) -> Generator[Columns]:
    """Yield the rows of a table as columns of canonical stored values, hidden columns included, in key order.

    Args:
        connection: Where to read, from a snapshot.
        spec: The table, maybe with the types that it has in another database.
        after: A key, as canonical values: only rows behind it.
    """
    by_name = {column.name: column for column in connection.catalog.spec(spec.name).columns}
    dialect, columns = connection.dialect, [by_name[column.name] for column in spec.columns]
    key = spec.physical_key
    bound = (
        None
        if after is None
        else [to_driver(dialect, by_name[name], [value])[0] for name, value in zip(key, after, strict=True)]
    )
    statement = select_after(dialect, spec.name, columns, key, bound)
    long = any(
        column.stored.family in ("bytes", "json") or column.stored.kind == "text" for column in columns
    )
    size = ROWS_READ_WITH_BLOBS if long else ROWS_READ
    batches = connection.stream(statement, size)
    try:
        for rows in batches:
            yield [
                from_driver(dialect, column, list(values))
                for column, values in zip(columns, zip(*rows, strict=True), strict=True)
            ]
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


def count(connection: Connection, spec: TableSpec) -> int:
    """Return the number of rows of a table."""
    statement = count_rows(connection.dialect, spec.name)
    return int(connection.read(statement)[0][0])


def _verify(destination: Connection, spec: TableSpec, digest: TableDigest) -> None:
    found = digest_of(spec.columns, read_table(destination, spec))
    if found == digest:
        return
    raise IntegrityError(
        f"{spec.name} at the destination is not what was read: {found.rows} rows with digest {found}, instead of "
        f"{digest.rows} with {digest}.",
        child=str(spec.name),
        hint="It held other rows before, or was written to meanwhile. Empty it there and copy again.",
    )
