"""MySQL's protocol on the sockets of PyMySQL's connections: packets, cut as many at a time as have arrived."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import pymysql

from datamill.backends.mysql_fields import Columns, columns_of, length_at

BUFFER = 1 << 18
"""Bytes that are sent or converted at a time, at the most."""
_RECEIVED = 1 << 16
"""Bytes that are received at a time, at the most: memory for more is got from the system anew each time."""
_LONG = 1 << 14
"""Bytes of a packet from which its parts are joined once, not as they arrive; descriptions of columns are shorter."""
_EOF = 0xFE
_END = 9
"""Bytes from which a packet that begins with `_EOF` is a row, whose first value is that long."""
_LONGEST = 0xFFFFFF
_MORE_RESULTS = 8
_MOST_COLUMNS = 4096
_QUERY = b"\x03"


class Segment(NamedTuple):
    """Packets of a list as they arrived.

    Fields: the bytes, which may hold more than these packets; where the content of each begins, and the last one ends;
    the packet behind them if it ends the list.
    """

    data: bytes
    starts: list[int]
    end: int
    last: bytes | None


class Packets:
    """Sends and receives the packets of a connection that has logged in.

    Args:
        connection: Of PyMySQL; its ``_sock`` is written and read here alone, its ``_force_close`` ends it.
    """

    __slots__ = ("_connection", "_data", "_number", "_position")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._data, self._position = b"", 0  # what has arrived, and how much of it was read
        self._number = 0  # of the next packet

    def ask(self, statement: bytes) -> None:
        """Send a statement.

        Raises:
            pymysql.err.InterfaceError: The connection is closed.
            pymysql.err.OperationalError: 2006: it is broken.
        """
        self._number = 0
        self.send(statement, _QUERY)

    def send(self, content: bytes, command: bytes = b"") -> None:
        """Send a packet, in parts if it is longer than one may be."""
        connection = self._connection
        if connection._sock is None:
            raise pymysql.err.InterfaceError(0, "")
        size, start = _LONGEST, 0
        while size == _LONGEST:
            end = start + _LONGEST - len(command)
            part = content[start:end]
            size = len(command) + len(part)
            header = (size | self._number << 24).to_bytes(4, "little")
            self._number = (self._number + 1) % 256
            try:
                connection._sock.sendall(header + command + part)
            except OSError as error:
                connection._force_close()
                raise pymysql.err.OperationalError(2006, f"MySQL server has gone away ({error!r})") from error
            start, command = end, b""

    def one(self) -> bytes:
        """Read a packet.

        Raises:
            pymysql.err.MySQLError: What the server says in it; 2013 if it hangs up.
        """
        if self._position == len(self._data):
            self._data, self._position = self._received(), 0
        data, start = self._data, self._position + 4
        if start <= len(data) and (end := start + _size(data, self._position)) <= len(data):
            self._count(1, data[start - 1])
            self._position = end
            packet = data[start:end]
        else:
            packet = self._awaited()
        if packet[:1] == b"\xff":
            pymysql.err.raise_mysql_exception(packet)
        return packet

    def _awaited(self) -> bytes:
        """Read a packet of which not all has arrived."""
        parts: list[bytes] = []
        size = _LONGEST
        while size == _LONGEST:
            header = b"".join(self._exactly(4))
            self._count(1, header[3])
            size = _size(header, 0)
            parts += self._exactly(size)
        return b"".join(parts)

    def _exactly(self, size: int) -> list[bytes]:
        """Return so many bytes, as they arrive."""
        part = self._data[self._position :]
        parts = [part]
        while len(part) < size:
            size -= len(part)
            part = self._received()
            parts.append(part)
        parts[-1] = part[:size]
        self._data, self._position = part, size
        return parts

    def _received(self) -> bytes:
        data: bytes = self._connection._sock.recv(_RECEIVED)
        if not data:
            self._fail()
        return data

    def _count(self, packets: int, last: int) -> None:
        if last != (self._number + packets - 1) % 256:
            self._fail()
        self._number = (last + 1) % 256

    def _fail(self) -> None:
        self._connection._force_close()
        raise pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query")

    def several(self, most: int) -> Segment:
        """Read the packets of a list that have arrived, at the most so many, and what ends the list if it has, too."""
        while True:
            data, position = self._data, self._position
            starts, end, is_over = _whole(data, position, most)
            if starts:
                self._count(len(starts), data[starts[-1] - 1])
                self._position = end
            if starts or is_over:
                return Segment(data, starts, end, self.one() if is_over else None)
            if len(data) >= position + 4 and _size(data, position) > _LONG:
                data = self.one()
                return Segment(data, [0], len(data), None)
            self._data, self._position = data[position:] + self._received(), 0

    def columns(self, encoding: str) -> Columns:
        """Read the descriptions of the columns of a result."""
        descriptions, last = b"", None
        while last is None:
            data, starts, end, last = self.several(_MOST_COLUMNS)
            if starts:
                descriptions += data[starts[0] - 4 : end]
        return columns_of(descriptions, encoding)


def _size(data: bytes, position: int) -> int:
    """Return the size of a packet whose header is at a position."""
    return data[position] | data[position + 1] << 8 | data[position + 2] << 16


def _whole(data: bytes, position: int, most: int) -> tuple[list[int], int, bool]:
    """Return where packets begin that are there whole, where they end, and whether an end or an error follows."""
    starts: list[int] = []
    add, size = starts.append, len(data)
    for _ in range(most):
        start = position + 4
        if start >= size:
            break
        end = start + (
            data[position] | data[position + 1] << 8 | data[position + 2] << 16
        )  # `_size`, in a hurry
        if end > size:
            break
        if data[start] >= _EOF and (end - start < _END or data[start] > _EOF):
            return starts, position, True
        add(start)
        position = end
    return starts, position, False


class Done(NamedTuple):
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
