"""Reading of Python values."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from struct import Struct
from typing import Any, Final

from datamill.codecs.blob import format as layout
from datamill.codecs.blob.cursor import Cursor, corrupt
from datamill.errors import DataMillError

_NOTHING: Final = Struct("")
_BYTE: Final = Struct("B")
_SIXTEEN: Final = Struct("16s")
_U16: Final = Struct("<H")
_FLOAT: Final = Struct("<d")
_COMPLEX: Final = Struct("<dd")
_TIME: Final = Struct("<iq")
_NUMPY_CODES: Final = frozenset((layout.ARRAY, layout.CELL, layout.STRUCT, layout.STRUCTURED))


class Reader(Cursor):
    """Reads one uncompressed blob from its first to its last byte."""

    __slots__ = ()

    def read(self) -> Any:
        """Return the value of the whole blob.

        Raises:
            DataMillError: The bytes are not a blob.
        """
        header = self.take(len(layout.PYTHON))
        if header not in (layout.PYTHON, layout.MATLAB):
            raise corrupt(f"it starts with {header!r}, not with one of the known headers")
        value = self.value(0)
        if self.position != self.end:
            raise corrupt(f"{self.end - self.position} bytes follow its value")
        return value

    def value(self, depth: int) -> Any:
        """Return the value of the next body, which ends at `end` unless it is a container or an array."""
        if depth > layout.MAX_DEPTH:
            raise corrupt(f"it is nested more than {layout.MAX_DEPTH} deep")
        start = self.advance(1)
        code = self.blob[start]
        scalar = _SCALARS.get(code)
        if scalar is not None:
            self.position = self.end
            return scalar(self, start + 1, self.end)
        container = _CONTAINERS.get(code)
        if container is not None:
            return container(self, depth)
        return self._other(code, depth)

    def _other(self, code: int, depth: int) -> Any:
        if code in _NUMPY_CODES:
            return _numpy_reader()(self, code, depth)
        if code == layout.SPARSE:
            raise DataMillError(
                "The blob holds a MATLAB sparse matrix, which cannot be read.",
                hint="Store it as full() in MATLAB.",
            )
        raise corrupt(f"{code:#04x} is not a type code")

    def items(self, count: int, depth: int) -> list[Any]:
        """Return `count` values, each preceded by its length; each has to end where its length says."""
        self.count_of(self.smallest_item, count)
        blob, end, position, read_length = self.blob, self.end, self.position, self.lengths.unpack_from
        size = self.lengths.size
        values = []
        for _ in range(count):
            start = position + size
            if start >= end:
                raise corrupt("it ends before its last item")
            (length,) = read_length(blob, position)
            position = start + length
            if not start < position <= end:
                raise corrupt(f"an item of {length} bytes is announced where {end - start} are left")
            scalar = _SCALARS.get(blob[start])
            if scalar is not None:
                values.append(scalar(self, start + 1, position))
            else:
                values.append(self._item(start, position, depth))
        self.position, self.end = position, end
        return values

    def _item(self, start: int, stop: int, depth: int) -> Any:
        self.position, self.end = start, stop
        value = self.value(depth + 1)
        if self.position != stop:
            raise corrupt(f"an item of {stop - start} bytes ends after {self.position - start}")
        return value

    def sized(self, start: int, stop: int) -> bytes:
        """Return the bytes between two offsets without the length before them, which has to agree."""
        size = self.lengths.size
        if stop - start < size or self.lengths.unpack_from(self.blob, start)[0] != stop - start - size:
            raise corrupt(f"the length of a text or of bytes is not the {stop - start - size} bytes it has")
        return self.blob[start + size : stop]

    def fixed(self, form: Struct, start: int, stop: int) -> tuple[Any, ...]:
        """Return the numbers between two offsets, which have to be as far apart as the numbers are long."""
        if stop - start != form.size:
            raise corrupt(f"a value of {form.size} bytes has {stop - start}")
        return form.unpack_from(self.blob, start)


@cache
def _numpy_reader() -> Callable[[Cursor, int, int], Any]:
    """Import numpy when the first array comes."""
    from datamill.codecs.blob.read_arrays import read_numpy

    return read_numpy


def _tuple(reader: Reader, depth: int) -> tuple[Any, ...]:
    return tuple(reader.items(reader.length(), depth))


def _list(reader: Reader, depth: int) -> list[Any]:
    return reader.items(reader.length(), depth)


def _set(reader: Reader, depth: int) -> set[Any]:
    return {_hashable(item) for item in reader.items(reader.length(), depth)}


def _dict(reader: Reader, depth: int) -> dict[Any, Any]:
    parts = reader.items(2 * reader.length(), depth)
    return {_hashable(key): value for key, value in zip(parts[::2], parts[1::2], strict=True)}


def _hashable(value: Any) -> Any:
    """Return a key or an item of a set; sets within were frozensets when they were packed."""
    if type(value) is str or type(value) is int:
        return value
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, tuple):
        value = tuple(map(_hashable, value))
    try:
        hash(value)
    except TypeError as error:
        raise corrupt(f"a {type(value).__name__} cannot be a key or an item of a set") from error
    return value


def _none(reader: Reader, start: int, stop: int) -> None:
    reader.fixed(_NOTHING, start, stop)


def _str(reader: Reader, start: int, stop: int) -> str:
    try:
        return reader.sized(start, stop).decode()
    except UnicodeDecodeError as error:
        raise corrupt("a text is not UTF-8") from error


def _bytes(reader: Reader, start: int, stop: int) -> bytes:
    return reader.sized(start, stop)


def _int(reader: Reader, start: int, stop: int) -> int:
    digits = reader.blob[start + 2 : stop]
    if stop - start < 2 or _U16.unpack_from(reader.blob, start)[0] != len(digits):
        raise corrupt(f"the length of an integer is not the {stop - start - 2} bytes it has")
    return int.from_bytes(digits, "little", signed=True)


def _bool(reader: Reader, start: int, stop: int) -> bool:
    return reader.fixed(_BYTE, start, stop) != (0,)


def _complex(reader: Reader, start: int, stop: int) -> complex:
    return complex(*reader.fixed(_COMPLEX, start, stop))


def _float(reader: Reader, start: int, stop: int) -> float:
    if stop - start != 8:
        raise corrupt(f"a float has {stop - start} bytes")
    value: float = _FLOAT.unpack_from(reader.blob, start)[0]
    return value


def _decimal(reader: Reader, start: int, stop: int) -> Decimal:
    text = reader.sized(start, stop)
    try:
        return Decimal(text.decode("ascii"))
    except (ArithmeticError, ValueError) as error:
        raise corrupt(f"{text[:40]!r} is no decimal number") from error


def _uuid(reader: Reader, start: int, stop: int) -> uuid.UUID:
    return uuid.UUID(bytes=reader.fixed(_SIXTEEN, start, stop)[0])


def _time(reader: Reader, start: int, stop: int) -> dt.date | dt.time:
    day, second = reader.fixed(_TIME, start, stop)
    try:
        if second == -1:
            return _date(day)
        return _clock(second) if day == -1 else dt.datetime.combine(_date(day), _clock(second))
    except ValueError as error:
        raise corrupt(f"({day}, {second}) is no date or time") from error


def _date(number: int) -> dt.date:
    return dt.date(number // 10000, number // 100 % 100, number % 100)


def _clock(number: int) -> dt.time:
    seconds, microsecond = divmod(number, 1_000_000)
    return dt.time(seconds // 10000, seconds // 100 % 100, seconds % 100, microsecond)


_CONTAINERS: Final[dict[int, Callable[[Reader, int], Any]]] = {
    layout.TUPLE: _tuple,
    layout.LIST: _list,
    layout.SET: _set,
    layout.DICT: _dict,
}
# Scalars take the offsets between which their payload lies.
_SCALARS: Final[dict[int, Callable[[Reader, int, int], Any]]] = {
    layout.NONE: _none,
    layout.STR: _str,
    layout.BYTES: _bytes,
    layout.INT: _int,
    layout.BOOL: _bool,
    layout.COMPLEX: _complex,
    layout.FLOAT: _float,
    layout.DECIMAL: _decimal,
    layout.UUID: _uuid,
    layout.TIME: _time,
}
