"""Writing of Python values: a `Writer` collects the parts of a blob, without copying large buffers twice."""

from __future__ import annotations

import datetime as dt
import sys
import uuid
from collections import abc
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache
from struct import Struct
from typing import Any, Final

from datamill.codecs.blob import format as layout
from datamill.codecs.blob.sink import Sink, refuse

_U64: Final = Struct("<Q").pack
_SIZED: Final = Struct("<BQ").pack
_INT: Final = Struct("<BH").pack
_FLOAT: Final = Struct("<Bd").pack
_COMPLEX: Final = Struct("<Bdd").pack
_TIME: Final = Struct("<Biq").pack


def _none(value: None) -> bytes:
    return b"\xff"


def _bool(value: bool) -> bytes:
    return b"\x0b\x01" if value else b"\x0b\x00"


def _int(value: int) -> bytes:
    count = value.bit_length() // 8 + 1
    if count > layout.MAX_INT_BYTES:
        raise refuse(value, f"the integer has more than {layout.MAX_INT_BYTES} bytes")
    return _INT(layout.INT, count) + value.to_bytes(count, "little", signed=True)


def _float(value: float) -> bytes:
    return _FLOAT(layout.FLOAT, value)


def _complex(value: complex) -> bytes:
    return _COMPLEX(layout.COMPLEX, value.real, value.imag)


def _str(value: str) -> bytes:
    try:
        content = value.encode()
    except UnicodeEncodeError as error:
        raise refuse(value, "the text holds a lone surrogate, which is no character") from error
    return _SIZED(layout.STR, len(content)) + content


def _bytes(value: bytes | bytearray | memoryview) -> bytes:
    content = bytes(value)
    return _SIZED(layout.BYTES, len(content)) + content


def _decimal(value: Decimal) -> bytes:
    content = str(value).encode()
    return _SIZED(layout.DECIMAL, len(content)) + content


def _uuid(value: uuid.UUID) -> bytes:
    return b"u" + value.bytes


def _date(value: dt.date) -> bytes:
    return _TIME(layout.TIME, _day_number(value), -1)


def _time(value: dt.time) -> bytes:
    return _TIME(layout.TIME, -1, _time_number(value))


def _datetime(value: dt.datetime) -> bytes:
    if value != value:
        raise refuse(value, "NaT is no point in time", "Use None.")
    if getattr(value, "nanosecond", 0):
        raise refuse(value, "it is finer than a microsecond", "Use numpy.datetime64, or round it.")
    return _TIME(layout.TIME, _day_number(value), _time_number(value))


def _day_number(value: dt.date) -> int:
    return value.year * 10000 + value.month * 100 + value.day


def _time_number(value: dt.time | dt.datetime) -> int:
    if value.tzinfo is not None:
        raise refuse(value, "it has a time zone, which would be lost", "Convert it to UTC and drop the zone.")
    return ((value.hour * 100 + value.minute) * 100 + value.second) * 1_000_000 + value.microsecond


Scalar = Callable[[Any], bytes]
_SCALARS: Final[dict[type, Scalar]] = {
    type(None): _none,
    bool: _bool,
    int: _int,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    Decimal: _decimal,
    uuid.UUID: _uuid,
    dt.date: _date,
    dt.time: _time,
    dt.datetime: _datetime,
}
# Subclasses are recognised in this order: datetime is a date, IntEnum an int, StrEnum a str.
_SCALAR_BASES: Final[tuple[tuple[type, Scalar], ...]] = tuple(
    (base, _SCALARS[base])
    for base in (int, complex, float, dt.datetime, dt.date, dt.time, Decimal, uuid.UUID)
)
_TEXT_BASES: Final[tuple[tuple[type, Scalar], ...]] = tuple(
    (base, _SCALARS[base]) for base in (str, bytes, bytearray)
)
_CONTAINERS: Final = frozenset((dict, list, tuple, set, frozenset))
"""Types that need no search among numpy's types and the bases of scalars."""


@cache
def _numpy_writer() -> Callable[[Sink, object, int], int | None]:
    """Import what writes arrays when numpy is there."""
    from datamill.codecs.blob.write_arrays import write_numpy

    return write_numpy


class Writer(Sink):
    """Writes one blob."""

    __slots__ = ()

    def finish(self) -> bytes:
        """Return the uncompressed blob."""
        header = layout.MATLAB if self.is_matlab else layout.PYTHON
        return b"".join((header, *self.parts))

    def value(self, value: object, depth: int = 0) -> int:
        """Write the body of a value and return its length in bytes.

        Raises:
            InvalidValueError: The value, or something in it, has no place in a blob.
        """
        scalar = _SCALARS.get(type(value))
        if scalar is None:
            return self._other(value, depth)
        self.is_matlab = False
        return self.add(scalar(value))

    def items(self, values: Iterable[object], depth: int) -> int:
        """Write values, each preceded by its length, and return the length of all in bytes."""
        if depth >= layout.MAX_DEPTH:
            raise refuse(values, f"it is nested more than {layout.MAX_DEPTH} deep, or contains itself")
        parts, total = self.parts, 0
        for value in values:
            scalar = _SCALARS.get(type(value))
            if scalar is not None:
                self.is_matlab = False
                body = scalar(value)
                length = len(body)
                parts.append(_U64(length) + body)
            else:
                place = len(parts)
                parts.append(b"")
                length = self._other(value, depth + 1)
                parts[place] = _U64(length)
            total += 8 + length
        return total

    def _other(self, value: object, depth: int) -> int:
        """Write a container, an array, or an instance of a subclass."""
        if type(value) not in _CONTAINERS and "numpy" in sys.modules:
            length = _numpy_writer()(self, value, depth)
            if length is not None:
                return length
        self.is_matlab = False
        if type(value) not in _CONTAINERS:
            for base, scalar in _SCALAR_BASES:
                if isinstance(value, base):
                    return self.add(scalar(value))
        return self._container(value, depth)

    def _container(self, value: object, depth: int) -> int:
        if isinstance(value, abc.Mapping):
            pairs = (part for pair in value.items() for part in pair)
            return self.add(_SIZED(layout.DICT, len(value))) + self.items(pairs, depth)
        for base, scalar in _TEXT_BASES:
            if isinstance(value, base):
                return self.add(scalar(value))
        if isinstance(value, abc.MutableSequence):
            return self.add(_SIZED(layout.LIST, len(value))) + self.items(value, depth)
        if isinstance(value, abc.Sequence):
            return self.add(_SIZED(layout.TUPLE, len(value))) + self.items(value, depth)
        if isinstance(value, abc.Set):
            return self._set(value, depth)
        raise refuse(
            value,
            "its type is not one a blob can hold",
            "Convert it to numpy arrays, dicts, lists and plain values, or write a codec for it (dm.Codec).",
        )

    def _set(self, value: abc.Set[object], depth: int) -> int:
        """Write a set with its items in the order of their bytes, so that equal sets give equal blobs."""
        if depth >= layout.MAX_DEPTH:
            raise refuse(value, f"it is nested more than {layout.MAX_DEPTH} deep")
        bodies = []
        for item in value:
            writer = Writer()
            writer.value(item, depth + 1)
            bodies.append(b"".join(writer.parts))
        length = self.add(_SIZED(layout.SET, len(bodies)))
        return length + sum(self.add(_U64(len(body)) + body) for body in sorted(bodies))
