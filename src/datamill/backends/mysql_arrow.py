"""Rows of MySQL's text protocol as columns of Arrow, without a Python object per value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
import pyarrow
from pymysql.constants import FIELD_TYPE

from datamill.backends.mysql_columns import Slices, cut, values
from datamill.backends.mysql_fields import FLOATS, INTEGERS, MOMENTS, Columns, Decode, Field, is_text
from datamill.backends.mysql_packets import Segment

_DECIMALS = frozenset((FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL))
_LONGEST_DECIMAL128, _LONGEST_DECIMAL256 = 38, 76
_UTF8 = frozenset(("utf8", "utf-8", "ascii"))


class TableMaker:
    """Collects the rows of a result.

    Args:
        columns: Of the result.
    """

    __slots__ = ("_columns", "_parts", "_types")

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._types = [_type_of(field) for field in columns.fields]
        self._parts: list[list[pyarrow.Array[Any]]] | None = [[] for _ in columns.fields]

    def add(self, segments: Sequence[Segment]) -> None:
        """Convert further rows."""
        if self._parts is None or not segments:
            return
        fields, decoders = self._columns.fields, self._columns.decoders
        items = zip(cut(segments, len(fields)), fields, decoders, self._types, strict=True)
        try:
            for part, item in zip(self._parts, items, strict=True):
                part.append(_array(*item))
        except pyarrow.ArrowException:  # the date 0000-00-00, or a type that an older pyarrow cannot read
            self._parts = None

    def made(self) -> pyarrow.Table | None:
        """Return the table; None if there was a value that Arrow has nothing like."""
        if self._parts is None:
            return None
        columns = [
            pyarrow.chunked_array(part, type) for part, type in zip(self._parts, self._types, strict=True)
        ]
        return pyarrow.Table.from_arrays(columns, names=list(self._columns.names))


def _type_of(field: Field) -> Any:
    """Return the type in which Arrow holds exactly what the field holds."""
    if field.kind in INTEGERS:
        is_large = field.is_unsigned and field.kind == FIELD_TYPE.LONGLONG
        return pyarrow.uint64() if is_large else pyarrow.int64()
    if field.kind in FLOATS:
        return pyarrow.float64()
    if field.kind in _DECIMALS:
        return _decimal(field)
    if field.kind in MOMENTS:
        return pyarrow.timestamp("us")
    if field.kind == FIELD_TYPE.DATE:
        return pyarrow.date32()
    if field.kind == FIELD_TYPE.TIME:
        return pyarrow.duration("us")
    return pyarrow.binary() if field.encoding is None else pyarrow.string()


def _decimal(field: Field) -> Any:
    digits = field.length - (not field.is_unsigned) - (field.scale > 0)
    if digits <= _LONGEST_DECIMAL128:
        return pyarrow.decimal128(max(digits, 1), field.scale)
    return pyarrow.decimal256(min(digits, _LONGEST_DECIMAL256), field.scale)


def _array(column: Slices, field: Field, decode: Decode | None, type: Any) -> Any:
    if field.encoding is not None and (field.encoding not in _UTF8 or field.kind == FIELD_TYPE.TIME):
        return pyarrow.array(values(column, field, decode), type)
    raw = _raw(column, pyarrow.binary() if field.encoding is None else pyarrow.string())
    return raw if is_text(field) or field.encoding is None else raw.cast(type)


def _raw(column: Slices, type: Any) -> pyarrow.Array[Any]:
    sizes, valid = column.sizes, None
    if column.known is not None:
        is_known = numpy.zeros(column.count, bool)
        is_known[column.known] = True
        valid = pyarrow.py_buffer(numpy.packbits(is_known, bitorder="little").data)
        sizes = numpy.zeros(column.count, numpy.int64)
        sizes[column.known] = column.sizes
    offsets = numpy.zeros(column.count + 1, numpy.int32)
    numpy.cumsum(sizes, out=offsets[1:])
    return pyarrow.Array.from_buffers(
        type, column.count, [valid, pyarrow.py_buffer(offsets.data), pyarrow.py_buffer(column.together())]
    )
