"""Rows of MySQL's text protocol: however they arrive, NumPy and Arrow make of them what the plain way does."""

from __future__ import annotations

import datetime
import random

import pymysql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE

from datamill.backends import mysql_rows
from datamill.backends.mysql_fields import Columns, Field, decoder, field_of
from datamill.backends.mysql_packets import Packets, done
from datamill.backends.mysql_rows import Row, RowReader

pyarrow = pytest.importorskip("pyarrow")

Values = list[list[bytes | None]]


class Socket:
    """Gives bytes in pieces of any size, or all that are wanted without a seed, and keeps what it is sent."""

    def __init__(self, data: bytes, seed: int | None) -> None:
        self._data, self._position, self._random = data, 0, random.Random(seed)
        self._is_slow = seed is not None
        self.sent: list[bytes] = []

    def recv(self, most: int) -> bytes:
        size = min(most, self._random.choice((1, 3, 100, 1 << 12, 1 << 20)) if self._is_slow else most)
        data = self._data[self._position : self._position + size]
        self._position += size
        return data

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)


class Connection:
    """What `Packets` needs of a connection."""

    encoding = "utf8"

    def __init__(self, data: bytes, seed: int | None = None) -> None:
        self._sock: Socket | None = Socket(data, seed)

    def _force_close(self) -> None:
        self._sock = None


def asked(connection: Connection) -> Packets:
    """Packets after a statement was sent."""
    packets = Packets(connection)
    packets.ask(b"SELECT 1")
    return packets


def packed(size: int) -> bytes:
    for limit, mark, width in ((251, None, 1), (1 << 16, 252, 2), (1 << 24, 253, 3)):
        if size < limit:
            return (b"" if mark is None else bytes([mark])) + size.to_bytes(width, "little")
    return b"\xfe" + size.to_bytes(8, "little")


def packets(contents: list[bytes], first: int = 1) -> bytes:
    """Frame packets; longer ones than 16 MB in parts, as the protocol wants it."""
    framed, number = [], first
    for content in contents:
        parts = [content[start : start + 0xFFFFFF] for start in range(0, len(content) + 1, 0xFFFFFF)]
        for part in parts:
            framed.append(len(part).to_bytes(3, "little") + bytes([number % 256]) + part)
            number += 1
    return b"".join(framed)


def answer(rows: Values) -> list[bytes]:
    contents = [
        b"".join(b"\xfb" if value is None else packed(len(value)) + value for value in row) for row in rows
    ]
    return [*contents, b"\xfe\x03\x00\x08\x00"]  # 3 warnings, more results


def field(kind: int, encoding: str | None = "ascii", length: int = 20, scale: int = 0) -> Field:
    return Field("f", kind, encoding, length, scale, is_unsigned=False)


def columns(fields: list[Field]) -> Columns:
    return Columns(tuple(fields), tuple(field.name for field in fields), tuple(map(decoder, fields)))


FIELDS = [
    field(FIELD_TYPE.LONGLONG),
    field(FIELD_TYPE.DOUBLE),
    field(FIELD_TYPE.VAR_STRING, "utf8"),
    field(FIELD_TYPE.BLOB, None),
    field(FIELD_TYPE.NEWDECIMAL, length=22, scale=4),
    field(FIELD_TYPE.DATE),
    field(FIELD_TYPE.DATETIME),
    field(FIELD_TYPE.TIME),
    field(FIELD_TYPE.JSON, "utf8"),
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["a" * 300, "\0", "b\n"]
)
COLUMNS: list[st.SearchStrategy[str | bytes]] = [
    st.integers(-(2**63), 2**63 - 1).map(str) | st.integers(-9, 99).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    TEXTS,
    st.binary(max_size=6) | st.sampled_from([b"\0\n" * 200, bytes(70_000)]),
    st.decimals(-(10**8), 10**8, places=4).map(lambda value: format(value, "f")),
    st.dates(datetime.date(1000, 1, 1)).map(str),
    st.datetimes(datetime.datetime(1000, 1, 1)).map(lambda value: value.isoformat(" ")),
    st.sampled_from(["00:00:00", "-01:00:00.5", "838:59:59", "12:34:56.000001"]),
    TEXTS.map(lambda text: f'"{text}"'),
]
ROWS = st.lists(st.tuples(*(st.none() | column for column in COLUMNS)), max_size=12).map(
    lambda rows: [[value.encode() if isinstance(value, str) else value for value in row] for row in rows]
)


def read(data: bytes, seed: int, size: int | None = None) -> list[Row]:
    reader = RowReader(asked(Connection(data, seed)), columns(FIELDS))
    rows: list[Row] = []
    while reader.done is None:
        rows += reader.read() if size is None else reader.read(size)
    assert (reader.done.warnings, reader.done.has_next) == (3, True)
    return rows


@settings(deadline=None)
@given(ROWS, st.integers(0, 10**6), st.integers(1, 5))
def test_all_ways_read_the_same(rows: Values, seed: int, size: int) -> None:
    rows = rows * 3
    data = packets(answer(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mysql_rows, "_FEW", 10**9)
        plain = read(data, seed)
        patch.setattr(mysql_rows, "_FEW", 1)
        assert read(data, seed) == plain
        assert read(data, seed, size) == plain
        patch.setattr(mysql_rows, "BUFFER", 50)
        assert read(data, seed) == plain
    assert [type(value) for row in plain for value in row] == [
        type(value) for row in read(data, seed) for value in row
    ]
    table = RowReader(asked(Connection(data, seed)), columns(FIELDS)).read_arrow()
    assert table is not None
    assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == plain
    assert len(plain) == len(rows)


def test_rows_longer_than_a_packet() -> None:
    rows: Values = [[b"1", None, b"x" * (0xFFFFFF - 10), b"y", None, None, None, None, None]]
    rows += [[b"2", None, b"x" * (2 * 0xFFFFFF), b"y", None, None, None, None, None]] + [
        [b"3", *[None] * 8]
    ] * 300
    found = read(packets(answer(rows)), 5)
    assert [row[0] for row in found] == [1, 2, *[3] * 300]
    assert [len(row[2]) for row in found[:2]] == [0xFFFFFF - 10, 2 * 0xFFFFFF]


@pytest.mark.parametrize("text", [b"0000-00-00", b"2024-00-01"])
def test_dates_that_are_none(text: bytes) -> None:
    data = packets(answer([[text]] * 3))
    fields = [field(FIELD_TYPE.DATE)]
    assert RowReader(asked(Connection(data)), columns(fields)).read() == [(text.decode(),)] * 3
    assert RowReader(asked(Connection(data)), columns(fields)).read_arrow() is None


def test_an_error_in_the_midst() -> None:
    data = packets([b"\x011", b"\xff\x25\x05#70100Query execution was interrupted", b"\x012"])
    with pytest.raises(pymysql.err.MySQLError, match="interrupted"):
        RowReader(asked(Connection(data)), columns([field(FIELD_TYPE.LONG)])).read()


@pytest.mark.parametrize(
    "data", [packets([b"\x011"]), packets([b"\x011"])[:-1], b"\x05", packets([b"\x011"], 7)]
)
def test_a_server_that_hangs_up_or_counts_wrong(data: bytes) -> None:
    connection = Connection(data)
    with pytest.raises(pymysql.err.OperationalError, match="Lost"):
        RowReader(asked(connection), columns([field(FIELD_TYPE.LONG)])).read()
    assert connection._sock is None


def test_descriptions_of_columns() -> None:
    texts = [b"def", b"lab", b"t", b"t", "größe".encode(), b"size"]
    data = (
        b"".join(packed(len(text)) + text for text in texts)
        + b"\x0c\x3f\x00\x0b\x00\x00\x00\x08\x20\x00\x02\0\0"
    )
    assert field_of(data, "utf8") == Field("größe", FIELD_TYPE.LONGLONG, "ascii", 11, 2, is_unsigned=True)


def test_what_a_statement_did() -> None:
    end = done(b"\x00" + packed(70_000) + packed(3) + b"\x0a\x00\x05\x00")
    assert (end.changed, end.warnings, end.has_next) == (70_000, 5, True)
