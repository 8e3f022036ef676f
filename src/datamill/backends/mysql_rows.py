"""Rows of MySQL's text protocol for PyMySQL, cut from whole buffers: few one by one, many a column at a time.

The latter with NumPy, in half of the time (measured, five columns): see `mysql_columns`.
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
_FEW = 150
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
        decoders = self._columns.decoders
        while self.done is None and len(rows) < most:
            segments, count = self._receive(most - len(rows))
            if count >= _FEW and ("numpy" in sys.modules or self._seen >= _FEW_BEFORE_NUMPY):
                rows += self._by_columns(segments)
            else:
                rows += [
                    _row(segment.data, start, decoders) for segment in segments for start in segment.starts
                ]
        return rows

    def read_arrow(self) -> pyarrow.Table | None:
        """Return all rows as columns of Arrow; None if there is a value that Arrow has nothing like."""
        from datamill.backends.mysql_arrow import TableMaker

        table = TableMaker(self._columns)
        while self.done is None:
            table.add(self._receive(_MOST)[0])
        return table.made()

    def _receive(self, most: int) -> tuple[list[Segment], int]:
        """Read rows until there are ``most``, or as many bytes as are converted at a time; return how many, too."""
        segments: list[Segment] = []
        count = size = 0
        while self.done is None and size < BUFFER and count < most:
            segment = self._packets.several(most - count)
            if segment.starts:
                segments.append(segment)
                count += len(segment.starts)
                size += segment.end - segment.starts[0]
            if segment.last is not None:
                self.done = done(segment.last)
        self._seen += count
        return segments, count

    def _by_columns(self, segments: list[Segment]) -> list[Row]:
        from datamill.backends.mysql_columns import cut, values

        fields, decoders = self._columns.fields, self._columns.decoders
        lists = [values(*item) for item in zip(cut(segments, len(fields)), fields, decoders, strict=True)]
        return list(zip(*lists, strict=True))


def _row(data: bytes, position: int, decoders: Sequence[Decode | None]) -> Row:
    """Return the values of the row that begins at a position."""
    values: list[Any] = []
    add = values.append
    for decode in decoders:
        length = data[position]
        position += 1
        if length >= NULL:
            if length == NULL:
                add(None)
                continue
            length, position = length_at(data, position - 1)
        end = position + length
        add(data[position:end] if decode is None else decode(data[position:end]))
        position = end
    return tuple(values)
