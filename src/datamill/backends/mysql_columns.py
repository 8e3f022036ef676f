"""Many rows of MySQL's text protocol cut into columns with NumPy.

The places of the first fields are known; the byte there is the length of the field, behind which the next one begins.
So one step per column cuts thousands of rows. The values of a column are brought together in one text, split in C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy

from datamill.backends.mysql_fields import INTEGERS, NULL, WIDTHS, Decode, Field, is_text
from datamill.backends.mysql_packets import Segment

Ints: TypeAlias = "numpy.ndarray[tuple[int], numpy.dtype[numpy.int64]]"
Bytes: TypeAlias = "numpy.ndarray[tuple[int], numpy.dtype[numpy.uint8]]"
_LONG = 100
"""Bytes per value from which values are cut one by one: an index of every byte would cost more."""
_INT64_DIGITS = 18
_ZERO, _LINE = 0, 10


@dataclass(frozen=True, slots=True)
class Slices:
    """One column: where its values begin in the bytes that arrived, how long they are, and which rows have one.

    Fields: ``known`` is None if all have; else ``starts`` and ``sizes`` are those of the values that are there.
    """

    data: bytes
    starts: Ints
    sizes: Ints
    known: Ints | None
    count: int

    def each(self) -> list[bytes]:
        """Return the values that are there."""
        data, ends = self.data, self.starts + self.sizes
        return [data[start:end] for start, end in zip(self.starts.tolist(), ends.tolist(), strict=True)]

    def together(self) -> bytes:
        """Return the bytes of all values, one after the other."""
        return b"".join(self.each()) if self._are_long() else self._gathered(0).tobytes()

    def joined(self, separator: int) -> bytes | None:
        """Return the values with a separator between them; None if it occurs in them, or if they are long."""
        if self._are_long():
            return None
        found = self._gathered(1)
        found[numpy.cumsum(self.sizes + 1) - 1] = separator
        text = found[:-1].tobytes()
        return text if text.count(separator) == len(self.sizes) - 1 else None

    def _are_long(self) -> bool:
        return bool(self.sizes.sum() > _LONG * len(self.sizes))

    def _gathered(self, gap: int) -> Bytes:
        """Return the bytes of all values with so many bytes of no meaning behind each."""
        sizes = self.sizes + gap
        before = numpy.cumsum(sizes) - sizes
        places = numpy.repeat(self.starts - before, sizes)
        places += numpy.arange(len(places))
        # What follows the last value of all may lie behind the last byte.
        return numpy.frombuffer(self.data, numpy.uint8).take(places, mode="clip" if gap else "raise")

    def spread(self, values: list[Any]) -> list[Any]:
        """Return the values at the places of their rows, None elsewhere."""
        if self.known is None:
            return values
        column = [None] * self.count
        for place, value in zip(self.known.tolist(), values, strict=True):
            column[place] = value
        return column


def cut(segments: Sequence[Segment], width: int) -> list[Slices]:
    """Cut rows into columns."""
    data = b"".join([segment.data for segment in segments])
    buffer = numpy.frombuffer(data, numpy.uint8)
    position = _starts(segments)
    columns = []
    for _ in range(width):
        marks = buffer[position]
        sizes = marks.astype(numpy.int64)
        starts = position + 1
        known = None
        if marks.max() >= NULL:
            is_null = marks == NULL
            sizes[is_null] = 0
            _read_long(buffer, marks, starts, sizes)
            known = numpy.flatnonzero(~is_null)
        position = starts + sizes
        if known is None:
            columns.append(Slices(data, starts, sizes, None, len(starts)))
        else:
            columns.append(Slices(data, starts[known], sizes[known], known, len(starts)))
    return columns


def _starts(segments: Sequence[Segment]) -> Ints:
    parts, size = [], 0
    for segment in segments:
        parts.append(numpy.array(segment.starts, numpy.int64) + size)
        size += len(segment.data)
    return numpy.concatenate(parts)


def _read_long(buffer: Bytes, marks: Bytes, starts: Ints, sizes: Ints) -> None:
    """Complete the lengths that take more than one byte."""
    for mark, width in WIDTHS.items():
        rows = numpy.flatnonzero(marks == mark)
        if len(rows):
            places = starts[rows]
            sizes[rows] = sum(buffer[places + byte].astype(numpy.int64) << 8 * byte for byte in range(width))
            starts[rows] += width


def values(column: Slices, field: Field, decode: Decode | None) -> list[Any]:
    """Return a column of the values that ``decode`` makes of each."""
    return column.spread(_known(column, field, decode) if len(column.starts) else [])


def _known(column: Slices, field: Field, decode: Decode | None) -> list[Any]:
    is_short_number = field.kind in INTEGERS and int(column.sizes.max()) <= _INT64_DIGITS
    joined = None if decode is None else column.joined(_LINE if is_short_number else _ZERO)
    if joined is None:
        each = column.each()
        return each if decode is None else list(map(decode, each))
    if is_short_number:
        numbers: list[Any] = numpy.fromstring(joined, numpy.int64, sep="\n").tolist()
        return numbers
    if field.encoding is not None and is_text(field):
        return joined.decode(field.encoding).split("\0")
    return list(map(decode, joined.split(b"\0")))  # type: ignore[arg-type]
