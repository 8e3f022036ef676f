"""MySQL's protocol as PyMySQL's connections receive it: packets, cut as many at a time as have arrived."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

import pymysql

from datamill.backends.mysql_fields import Columns, columns_of, length_at

BUFFER = 1 << 18
"""Bytes that a connection receives at a time, at the most."""
_EOF = 0xFE
_LONGEST = 0xFFFFFF
_MORE_RESULTS = 8
_MOST_COLUMNS = 4096


class Segment(NamedTuple):
    """Packets as they arrived, and where the content of each begins."""

    data: bytes
    starts: list[int]


class Packets:
    """Reads packets of a connection of PyMySQL.

    Args:
        connection: Its ``_rfile`` reads from the socket, its ``_next_seq_id`` is the number of the next packet.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def one(self) -> bytes:
        """Read a packet.

        Raises:
            pymysql.err.MySQLError: What the server says in it; 2013 if it hangs up.
        """
        data = part = self._part()
        while len(part) == _LONGEST:
            part = self._part()
            data += part
        if data[:1] == b"\xff":
            pymysql.err.raise_mysql_exception(data)
        return data

    def _part(self) -> bytes:
        header = self._exactly(4)
        self._count(1, header[3])
        return self._exactly(header[0] | header[1] << 8 | header[2] << 16)

    def _exactly(self, size: int) -> bytes:
        data: bytes = self._connection._rfile.read(size)
        if len(data) < size:
            self._fail()
        return data

    def _count(self, packets: int, last: int) -> None:
        connection = self._connection
        if last != (connection._next_seq_id + packets - 1) % 256:
            self._fail()
        connection._next_seq_id = (last + 1) % 256

    def _fail(self) -> None:
        self._connection._force_close()
        raise pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query")

    def several(self, most: int) -> Segment | bytes:
        """Read the packets that have arrived, at least one and at most ``most``; or the one that ends a list."""
        file = self._connection._rfile
        starts, size = _whole(file.peek(), most)
        if starts:
            data = file.read(size)
            self._count(len(starts), data[starts[-1] - 1])
            return Segment(data, starts)
        data = self.one()
        return data if _is_end(data) else Segment(data, [0])

    def columns(self, encoding: str) -> Columns:
        """Read the descriptions of the columns of a result."""
        texts: list[bytes] = []
        while isinstance(found := self.several(_MOST_COLUMNS), Segment):
            ends = [start - 4 for start in found.starts[1:]] + [len(found.data)]
            texts += [found.data[start:end] for start, end in zip(found.starts, ends, strict=True)]
        return columns_of(tuple(texts), encoding)


def _whole(data: bytes, most: int) -> tuple[list[int], int]:
    """Return where the packets begin that are there whole, and how many bytes they are with their headers.

    One that begins like an end or an error is left to a closer look, with what comes behind it.
    """
    starts: list[int] = []
    add, number = starts.append, int.from_bytes
    position, end = 0, len(data)
    while position + 4 < end:
        after = position + 4 + number(data[position : position + 3], "little")
        if after > end or data[position + 4] >= _EOF:
            break
        add(position + 4)
        position = after
    if len(starts) > most:
        position = starts[most] - 4
        del starts[most:]
    return starts, position


def _is_end(data: bytes) -> bool:
    """True if a packet ends a list of columns or of rows."""
    return data[:1] == b"\xfe" and len(data) < 9


@dataclass(frozen=True, slots=True)
class Done:
    """What the server says at the end of a statement."""

    changed: int
    warnings: int
    has_next: bool


def done(data: bytes) -> Done:
    """Read the packet that says that a statement is done, or that ends its rows."""
    if data[0] == _EOF:
        warnings, status = struct.unpack_from("<HH", data, 1)
        return Done(0, warnings, bool(status & _MORE_RESULTS))
    changed, position = length_at(data, 1)
    status, warnings = struct.unpack_from("<HH", data, length_at(data, position)[1])
    return Done(changed, warnings, bool(status & _MORE_RESULTS))
