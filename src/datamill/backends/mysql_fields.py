"""Columns of a result of MySQL: how they are described, and what makes Python objects of their values."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from operator import methodcaller
from typing import Any

from pymysql.connections import TEXT_TYPES
from pymysql.constants import FIELD_TYPE, FLAG
from pymysql.converters import decoders, through

Decode = Callable[[bytes], Any]
NULL, _TWO, _THREE, _EIGHT = 251, 252, 253, 254
"""First bytes of a value: NULL, and lengths of two, three and eight bytes; less is a length of itself."""
WIDTHS = {_TWO: 2, _THREE: 3, _EIGHT: 8}
_BINARY = 63
_TAIL = struct.Struct("<HIBHB")


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a result.

    Fields: ``kind`` is the type's number, ``encoding`` that of text (None: bytes), ``length`` and ``scale`` those of
    numbers in digits.
    """

    name: str
    kind: int
    encoding: str | None
    length: int
    scale: int
    is_unsigned: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a result, their names, and what makes a value of the bytes of each."""

    fields: tuple[Field, ...]
    names: tuple[str, ...]
    decoders: tuple[Decode | None, ...]


@lru_cache(maxsize=1024)
def columns_of(packets: bytes, encoding: str) -> Columns:
    """Read the packets that describe columns; those of queries that are run again are known already."""
    position, fields = 0, []
    while position < len(packets):
        start = position + 4
        position = start + int.from_bytes(packets[position : position + 3], "little")
        fields.append(field_of(packets[start:position], encoding))
    return Columns(tuple(fields), tuple([field.name for field in fields]), tuple(map(decoder, fields)))


def field_of(data: bytes, encoding: str) -> Field:
    """Read the description of a column."""
    position = 0
    for _ in range(4):  # catalog, schema, table and its real name
        size, position = length_at(data, position)
        position += size
    size, position = length_at(data, position)
    name = data[position : position + size].decode(encoding)
    size, position = length_at(data, position + size)  # the real name
    charset, length, kind, flags, scale = _TAIL.unpack_from(data, position + size + 1)
    return Field(name, kind, _encoding(kind, charset, encoding), length, scale, bool(flags & FLAG.UNSIGNED))


def _encoding(kind: int, charset: int, encoding: str) -> str | None:
    if kind == FIELD_TYPE.JSON:
        return encoding
    if kind in TEXT_TYPES:
        return None if charset == _BINARY else encoding
    return "ascii"


def length_at(data: bytes, position: int) -> tuple[int, int]:
    """Return the number at a position, as MySQL packs lengths, and the position after it."""
    first = data[position]
    width = WIDTHS.get(first)
    if width is None:
        return first, position + 1
    return int.from_bytes(data[position + 1 : position + 1 + width], "little"), position + 1 + width


def decoder(field: Field) -> Decode | None:
    """Return what makes a value of the bytes of a field; None: they are it."""
    known = _FAST.get(field.kind)
    if known is not None or field.encoding is None:
        return known
    convert, encoding = decoders.get(field.kind), field.encoding
    if convert is None or is_text(field):
        return methodcaller("decode", encoding)
    return lambda value: convert(value.decode(encoding))


def is_text(field: Field) -> bool:
    """True if the values of a field are its text."""
    return field.encoding is not None and decoders.get(field.kind, through) is through


def _moment(value: bytes) -> Any:
    text = value.decode()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text  # such as 0000-00-00, which databases of old may hold


def _day(value: bytes) -> Any:
    text = value.decode()
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


INTEGERS = frozenset(
    (
        FIELD_TYPE.TINY,
        FIELD_TYPE.SHORT,
        FIELD_TYPE.INT24,
        FIELD_TYPE.LONG,
        FIELD_TYPE.LONGLONG,
        FIELD_TYPE.YEAR,
    )
)
FLOATS = frozenset((FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE))
MOMENTS = frozenset((FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP))
_FAST: dict[int, Decode] = {
    **dict.fromkeys(INTEGERS, int),
    **dict.fromkeys(FLOATS, float),
    **dict.fromkeys(MOMENTS, _moment),
    FIELD_TYPE.DATE: _day,
}
