"""Rows of MySQL's text protocol as columns of Arrow, without a Python object per value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
import pyarrow
from pymysql.constants import FIELD_TYPE

from datamill.backends.mysql_columns import Slices, cut, values
from datamill.backends.mysql_fields import FLOATS, INTEGERS, MOMENTS, Decode, Field, is_text
from datamill.backends.mysql_packets import Segment

_DECIMALS = frozenset((FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL))
_LONGEST_DECIMAL128, _LONGEST_DECIMAL256 = 38, 76
_UTF8 = frozenset(("utf8", "utf-8", "ascii"))


class Columns:
    """Collects the columns of a result.

    Args:
        fields: Of the result.
        decoders: What makes a Python object of a value, for types that Arrow does not read.
    """

    __slots__ = ("_decoders", "_fields", "_parts", "_types")

    def __init__(self, fields: Sequence[Field], decoders: Sequence[Decode | None]) -> None:
        self._fields, self._decoders = fields, decoders
        self._types = [_type_of(field) for field in fields]
        self._parts: list[list[pyarrow.Array[Any]]] | None = [[] for _ in fields]

    def add(self, segments: Sequence[Segment]) -> None:
        """Convert further rows."""
        if self._parts is None or not segments:
            return
        columns = cut(segments, len(self._fields))
        try:
            for part, *item in zip(
                self._parts, columns, self._fields, self._decoders, self._types, strict=True
            ):
                part.append(_array(*item))
        except pyarrow.ArrowInvalid:  # such as the date 0000-00-00
            self._parts = None

    def table(self) -> pyarrow.Table | None:
        """Return the columns; None if there was a value that Arrow has nothing like."""
        if self._parts is None:
            return None
        columns = [
            pyarrow.chunked_array(part, type) for part, type in zip(self._parts, self._types, strict=True)
        ]
        return pyarrow.Table.from_arrays(columns, names=[field.name for field in self._fields])


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
