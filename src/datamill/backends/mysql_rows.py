"""Rows of MySQL's text protocol for PyMySQL, cut from whole buffers and converted a column at a time.

Few rows are cut one by one; many with NumPy, in a sixth of the time (measured, seven columns): see `mysql_columns`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datamill.backends.mysql_fields import NULL, Columns, Decode, length_at
from datamill.backends.mysql_packets import BUFFER, Done, Packets, Segment, done

if TYPE_CHECKING:
    import pyarrow

Row = tuple[Any, ...]
_MOST = 1 << 62
_FEW = 64
"""Rows from which NumPy is faster."""
_FEW_BEFORE_NUMPY = 20_000
"""Rows from which it is worth loading."""


class RowReader:
    """Reads the rows of a result.

    Args:
        packets: After the descriptions of the columns were read.
        columns: Those.

    Fields:
        names: Of the columns.
        done: What the server said after the last row; None before.
    """

    __slots__ = ("_columns", "_packets", "_seen", "done", "names")

    def __init__(self, packets: Packets, columns: Columns) -> None:
        self._packets = packets
        self._columns = columns
        self.names = columns.names
        self._seen = 0
        self.done: Done | None = None

    def read(self, most: int = _MOST) -> list[Row]:
        """Return the next rows, all if ``most`` is not given."""
        rows: list[Row] = []
        while self.done is None and len(rows) < most:
            segments = self._receive(most - len(rows))
            rows += self._decoded(segments)
        return rows

    def read_arrow(self) -> pyarrow.Table | None:
        """Return all rows as columns of Arrow; None if there is a value that Arrow has nothing like."""
        from datamill.backends.mysql_arrow import TableMaker

        table = TableMaker(self._columns)
        while self.done is None:
            table.add(self._receive(_MOST))
        return table.made()

    def _receive(self, most: int) -> list[Segment]:
        """Read rows until there are ``most``, or as many bytes as are converted at a time."""
        segments: list[Segment] = []
        size = 0
        while size < BUFFER and most > 0:
            found = self._packets.several(most)
            if isinstance(found, bytes):
                self.done = done(found)
                break
            segments.append(found)
            most -= len(found.starts)
            size += len(found.data)
        return segments

    def _decoded(self, segments: list[Segment]) -> list[Row]:
        count = sum(len(segment.starts) for segment in segments)
        self._seen += count
        if count < _FEW or not ("numpy" in sys.modules or self._seen >= _FEW_BEFORE_NUMPY):
            return self._one_by_one(segments)
        from datamill.backends.mysql_columns import cut, values

        fields, decoders = self._columns.fields, self._columns.decoders
        lists = [values(*item) for item in zip(cut(segments, len(fields)), fields, decoders, strict=True)]
        return list(zip(*lists, strict=True))

    def _one_by_one(self, segments: list[Segment]) -> list[Row]:
        rows = [row for segment in segments for row in _cut(segment, len(self.names))]
        columns = map(_converted, self._columns.decoders, zip(*rows, strict=True))
        return list(zip(*columns, strict=True))


def _cut(segment: Segment, width: int) -> list[list[bytes | None]]:
    """Cut rows into fields."""
    data, rows = segment.data, []
    columns = range(width)
    for position in segment.starts:
        row: list[bytes | None] = []
        for _ in columns:
            length = data[position]
            position += 1
            if length >= NULL:
                if length == NULL:
                    row.append(None)
                    continue
                length, position = length_at(data, position - 1)
            row.append(data[position : position + length])
            position += length
        rows.append(row)
    return rows


def _converted(decode: Decode | None, column: Sequence[bytes | None]) -> Sequence[Any]:
    if decode is None:
        return column
    if None in column:
        return [None if value is None else decode(value) for value in column]
    return list(map(decode, column))  # type: ignore[arg-type]
