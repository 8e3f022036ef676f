"""Rows of an export: read from one snapshot in pages, written to Parquet files as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from datamill.algebra.relations import Relation
from datamill.codecs.extras import library
from datamill.data.query import compile_query, observe_read
from datamill.data.values import from_driver, to_driver
from datamill.maintenance.export_format import ROWS_PER_PART, arrow_field, to_arrow_values
from datamill.model.attribute import Attribute
from datamill.sql.keyset import select_page
from datamill.storage.addressing import path_value
from datamill.storage.paths import join
from datamill.storage.place import Place, Upload

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Columns = dict[str, list[Any]]

PAGE_ROWS: Final = 10_000
PAGE_BYTES: Final = 8 * 2**20
"""What the blobs of a page may hold, if several fit in."""
MOST_OPEN: Final = 16
"""Files that are written at a time."""
_ORDERED: Final = frozenset({"integer", "text", "bool", "date", "datetime", "time", "uuid", "decimal"})
"""Families whose order is one and the same in ``ORDER BY`` and in comparisons, on every database."""


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Let all reads of a block see one state of the database; an open transaction is used as it is."""
    if connection.in_transaction:
        yield
        return
    session = connection.session
    session.begin(write=False)
    try:
        yield
    finally:
        session.rollback()


def pages(connection: Connection, relation: Relation) -> Iterator[Columns]:
    """Yield the rows of a relation as columns of canonical stored values, a page at a time.

    Tables whose key holds kinds that databases sort in their own way (enum, float, bytes) come in one page.
    """
    observe_read(connection, relation)
    query, heading, dialect = compile_query(connection, relation), relation.heading, connection.dialect
    key = [heading[name] for name in heading.key]
    if not key or any(item.stored.family not in _ORDERED for item in key):
        for rows in connection.stream(query, PAGE_ROWS):
            yield _columns(connection, relation, rows)
        return
    size, after = 1 if heading.blobs else PAGE_ROWS, None
    while True:
        page = select_page(dialect, query, heading.key, after, size)
        rows = connection.read(page)
        if not rows:
            return
        columns = _columns(connection, relation, rows)
        yield columns
        if len(rows) < size:
            return
        after = [to_driver(dialect, item, [columns[item.name][-1]])[0] for item in key]
        size = _next_size(size, [value for name in heading.blobs for value in columns[name]])


def _columns(connection: Connection, relation: Relation, rows: Sequence[tuple[Any, ...]]) -> Columns:
    heading = relation.heading
    return {
        name: from_driver(connection.dialect, heading[name], list(column))
        for name, column in zip(heading.names, zip(*rows, strict=True), strict=True)
    }


def _next_size(size: int, values: Sequence[Any]) -> int:
    """Return how many rows to read next, from the sizes of the blobs that were read last."""
    if not values:
        return size
    content = sum(len(value) for value in values if isinstance(value, bytes | bytearray | memoryview | str))
    return max(1, min(PAGE_ROWS, 16 * size, size * PAGE_BYTES // (content + 1)))


class TableWriter:
    """Writes the rows of a table to Parquet files, a row group for each page; at most some files are open at a time.

    Args:
        place: The exported folder.
        folder: Of the table, in it.
        attributes: The columns.
        partition: Attributes whose values name folders; they stay in the files, too.
    """

    def __init__(
        self, place: Place, folder: str, attributes: Sequence[Attribute], partition: Sequence[str]
    ) -> None:
        self._pyarrow = library("pyarrow", "export", "parquet")
        self._place, self._folder, self._attributes = place, folder, attributes
        self._schema = self._pyarrow.schema([arrow_field(self._pyarrow, item) for item in attributes])
        self._partition = [item.name for item in attributes if item.name in partition]
        self._open: dict[str, _Part] = {}
        self._parts: dict[str, int] = {}
        self.files: list[dict[str, Any]] = []

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write a page."""
        for folder, rows in self._folders(columns):
            chosen = {
                item.name: to_arrow_values(item.stored, [columns[item.name][row] for row in rows])
                for item in self._attributes
            }
            self._part(folder).write(self._pyarrow.table(chosen, schema=self._schema))

    def _folders(self, columns: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Sequence[int]]]:
        """Yield folders with the positions of their rows."""
        count = len(next(iter(columns.values())))
        if not self._partition:
            yield "", range(count)
            return
        found: dict[str, list[int]] = {}
        for row in range(count):
            folder = "/".join(f"{name}={path_value(columns[name][row])}" for name in self._partition)
            found.setdefault(folder, []).append(row)
        yield from found.items()

    def _part(self, folder: str) -> _Part:
        """Return the file that is open in a folder, one that is not full."""
        part = self._open.pop(folder, None)
        if part is not None and part.rows >= ROWS_PER_PART:
            self._end(part)
            part = None
        if part is None:
            if len(self._open) >= MOST_OPEN:
                self._end(self._open.pop(next(iter(self._open))))
            number = self._parts[folder] = self._parts.get(folder, -1) + 1
            part = _Part(self._place, join(self._folder, folder, f"part-{number:04}.parquet"), self._schema)
        self._open[folder] = part  # at the end: used most recently
        return part

    def _end(self, part: _Part) -> None:
        self.files.append(part.close())

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and not self._parts:
            self._part("")  # without rows: the columns still say what they are
        for part in self._open.values():
            self._end(part)


class _Part:
    """One file that is being written."""

    def __init__(self, place: Place, path: str, schema: Any) -> None:
        self._upload: Upload = place.create(path)
        parquet = library("pyarrow.parquet", "export", "parquet")
        self._writer = parquet.ParquetWriter(self._upload, schema, compression="zstd")
        self.rows = 0

    def write(self, table: Any) -> None:
        self._writer.write_table(table)
        self.rows += table.num_rows

    def close(self) -> dict[str, Any]:
        self._writer.close()
        self._upload.close()
        return self._upload.facts()
