"""Rows that the driver handed over as an Arrow table: columns, from which Python objects are made on demand."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any, overload
from uuid import UUID

import numpy
import pyarrow
import pyarrow.compute as compute

from datamill.data.formats.arrow import arrow_type
from datamill.model.heading import Heading
from datamill.model.types import AttributeType

Row = tuple[Any, ...]

_UUID: Any = getattr(pyarrow, "UuidType", ())
"""Of pyarrow 18 and later."""


class ArrowRows(Sequence[Row]):
    """The columns of a query, in the Arrow types of the stored types; as a sequence, tuples of driver values.

    Args:
        heading: The attributes, in the order of the columns.
        columns: See `as_arrow_rows`.
        count: Number of rows.
    """

    __slots__ = ("_columns", "_count", "_kinds", "_made_by_row")

    def __init__(self, heading: Heading, columns: list[pyarrow.ChunkedArray[Any]], count: int) -> None:
        self._kinds = [attribute.stored.kind for attribute in heading.attributes.values()]
        self._columns, self._count = columns, count
        self._made_by_row = [
            kind == "json" or _is_driver_value(column.type, kind)
            for column, kind in zip(columns, self._kinds, strict=True)
        ]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        if not self._columns:
            return iter([()] * self._count)
        return zip(*map(self.column, range(len(self._columns))), strict=True)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return list(self)[index]

    def column(self, position: int) -> list[Any]:
        """Return a column as the driver's own rows would have it."""
        column = self._columns[position]
        values: list[Any] = column.to_pylist()
        if self._kinds[position] == "uuid" and pyarrow.types.is_string(column.type):
            return [None if value is None else UUID(value) for value in values]
        return values

    def arrow(self, position: int) -> pyarrow.ChunkedArray[Any] | None:
        """Return a column as `formats.arrow` would make it of stored values; None where it looks at each value."""
        return None if self._made_by_row[position] else self._columns[position]


def as_arrow_rows(heading: Heading, table: pyarrow.Table) -> ArrowRows | None:
    """Bring a table that the driver made to the types of a heading.

    Returns:
        None if a value has another form than its stored type should have; then rows are to be read.
    """
    if not len(heading):  # the SELECT has a column of its own then, which no attribute stands for
        return ArrowRows(heading, [], table.num_rows)
    columns = []
    for column, attribute in zip(table.columns, heading.attributes.values(), strict=True):
        try:
            fitted = _fitted(column, attribute.stored)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
            fitted = None
        if fitted is None:
            return None
        columns.append(fitted)
    return ArrowRows(heading, columns, table.num_rows)


_TEXTS = ("char", "varchar", "text", "enum", "json")
_MOMENTS = ("date", "datetime", "timestamp", "time")


def _fitted(column: pyarrow.ChunkedArray[Any], stored: AttributeType) -> pyarrow.ChunkedArray[Any] | None:
    wanted = arrow_type(stored)
    if _is_driver_value(column.type, stored.kind):
        return column
    if stored.kind == "uuid":
        return _texts_of_uuids(column) if isinstance(column.type, _UUID) else None
    if isinstance(column.type, pyarrow.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    if wanted is None or not _may_become(column.type, stored.kind):
        return None
    if stored.kind in _MOMENTS and not _is_within_python(column, stored.kind):
        return None
    if stored.kind == "char":
        column = compute.utf8_rtrim(column, " ")
    return column if column.type == wanted else column.cast(wanted)


def _is_driver_value(found: Any, kind: str) -> bool:
    """True if a column is to stay as it is: MySQL's uuids are bytes, its times durations."""
    types = pyarrow.types
    return bool(kind == "uuid" and types.is_binary(found)) or bool(
        kind == "time" and types.is_duration(found)
    )


def _may_become(found: Any, kind: str) -> bool:
    """True if a column of this type holds values of the kind, not something that could merely be turned into them."""
    types = pyarrow.types
    if kind in _TEXTS:
        return bool(types.is_string(found))
    if kind == "bytes":
        return bool(types.is_binary(found))
    if kind in _MOMENTS:
        return bool(types.is_temporal(found)) and getattr(found, "tz", None) is None
    if kind == "bool":
        return bool(types.is_boolean(found) or types.is_integer(found))
    if types.is_decimal(found):
        return kind not in ("float32", "float64")
    return bool(types.is_integer(found) or types.is_floating(found) or types.is_string(found))


_LIMITS = {
    "date": (datetime.date.min, datetime.date.max),
    "datetime": (datetime.datetime.min, datetime.datetime.max),
    "timestamp": (datetime.datetime.min, datetime.datetime.max),
    "time": (datetime.time.min, datetime.time.max),
}


def _is_within_python(column: pyarrow.ChunkedArray[Any], kind: str) -> bool:
    """False if there are infinite dates, years beyond 9999 or the hour 24."""
    low, high = _LIMITS[kind]
    known = compute.drop_null(column)
    if len(known) == 0:
        return True
    found = compute.min_max(known)
    least, most = pyarrow.scalar(low, column.type), pyarrow.scalar(high, column.type)
    return bool(
        compute.greater_equal(found["min"], least).as_py() and compute.less_equal(found["max"], most).as_py()
    )


_DASHES = (8, 13, 18, 23)
_WIDTH = 36


def _texts_of_uuids(column: pyarrow.ChunkedArray[Any]) -> pyarrow.ChunkedArray[Any]:
    """Write uuids as ``str`` does, all at once."""
    return pyarrow.chunked_array([_texts_of_chunk(chunk) for chunk in column.chunks], pyarrow.string())


def _texts_of_chunk(chunk: Any) -> pyarrow.Array[Any]:
    count, storage = len(chunk), chunk.storage.fill_null(bytes(16))
    digits = bytes(storage.buffers()[1])[storage.offset * 16 : (storage.offset + count) * 16].hex()
    texts = numpy.full((count, _WIDTH), ord("-"), numpy.uint8)
    places = [place for place in range(_WIDTH) if place not in _DASHES]
    texts[:, places] = numpy.frombuffer(digits.encode(), numpy.uint8).reshape(count, 32)
    offsets = numpy.arange(count + 1, dtype=numpy.int32) * _WIDTH
    array = pyarrow.StringArray.from_buffers(
        count, pyarrow.py_buffer(offsets.data), pyarrow.py_buffer(texts.data)
    )
    return compute.if_else(chunk.storage.is_valid(), array, None) if chunk.null_count else array
