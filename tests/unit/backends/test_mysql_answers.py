"""Whole answers of MySQL through PyMySQL's connections, and what is sent: without a server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pymysql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE
from tests.unit.backends.test_mysql_packets import Connection, Values, answer, packed, packets

from datamill.backends import mysql_pymysql
from datamill.backends.mysql_pymysql import PyWire
from datamill.backends.mysql_wire import Answer, Login

END = b"\xfe\x00\x00\x02\x00"
OK = b"\x00\x05\x00\x02\x00\x01\x00"  # 5 rows, 1 warning
ERROR = b"\xff\x25\x05#70100Query execution was interrupted"
LOST = b"\xff\xd7\x04#08S01Server shutdown in progress"


def described(name: str, kind: int = FIELD_TYPE.LONGLONG) -> bytes:
    texts = (b"def", b"lab", b"t", b"t", name.encode(), name.encode())
    tail = b"\x0c\x2d\x00" + (20).to_bytes(4, "little") + bytes([kind]) + bytes(5)
    return b"".join(packed(len(text)) + text for text in texts) + tail


def table(names: Iterable[str], rows: Values) -> list[bytes]:
    """The packets of a result with rows, of which more are to follow."""
    descriptions = [described(name) for name in names]
    return [packed(len(descriptions)), *descriptions, END, *answer(rows)]


def wire(data: bytes, seed: int | None = None) -> tuple[PyWire, Any]:
    connection = Connection(data, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mysql_pymysql, "_connect", lambda login: connection)
        return PyWire(Login("localhost", 3306, "root", "")), connection


def run(data: bytes, seed: int | None = None) -> Answer:
    return wire(data, seed)[0].run(b"SELECT 1")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-9, 10**12), st.none() | st.integers(0, 9)), max_size=30),
    st.none() | st.integers(0, 10**6),
)
def test_answers_arrive_in_any_pieces(rows: list[tuple[int, int | None]], seed: int | None) -> None:
    texts: Values = [[None if value is None else str(value).encode() for value in row] for row in rows]
    data = packets([*table(("a", "ü"), texts), *table(("b",), []), OK])
    other = wire(data + packets([OK]) + packets([*table(("c",), [[b"3"]]), OK]), seed)[0]
    assert other.run(b"CALL p()") == (("a", "ü"), rows, len(rows), 3)
    assert other.run(b"DELETE") == ((), [], 5, 1)
    names, batches = other.stream(b"SELECT", 2)
    assert (names, list(batches)) == (("c",), [[(3,)]])


@pytest.mark.parametrize("seed", [None, 1])
def test_answers_longer_than_what_is_received_at_a_time(seed: int | None) -> None:
    names = [f"column_{k:0150}" for k in range(600)]
    rows: Values = [[b"%d" % (row * k) for k in range(600)] for row in range(100)]
    found = run(packets([*table(names, rows), OK]), seed)
    assert found.columns == tuple(names)
    assert found.rows == [tuple(row * k for k in range(600)) for row in range(100)]


@pytest.mark.parametrize("seed", [None, 1])
def test_errors_anywhere(seed: int | None) -> None:
    contents = [*table("ab", [[b"1", b"2"]] * 3), *table("c", [[b"1"]])]
    for place in range(len(contents)):
        other, connection = wire(packets([*contents[:place], ERROR]) + packets([OK]), seed)
        with pytest.raises(pymysql.err.MySQLError, match="interrupted"):
            other.run(b"SELECT 1")
        assert connection._sock is not None
        assert other.run(b"DELETE").changed == 5


def test_servers_that_hang_up_anywhere() -> None:
    data = packets([*table("ab", [[b"1", b"2"]] * 2), OK])
    for size in range(len(data)):
        other, connection = wire(data[:size])
        with pytest.raises(pymysql.err.OperationalError, match="Lost"):
            other.run(b"SELECT 1")
        with pytest.raises(pymysql.err.InterfaceError):
            other.run(b"SELECT 1")
        assert connection._sock is None


def test_packets_are_counted() -> None:
    contents = [*table("ab", [[b"1", b"2"]] * 2), OK]
    for place in range(len(contents)):
        data = packets(contents[:place]) + packets(contents[place:], place + 2)
        with pytest.raises(pymysql.err.OperationalError, match="Lost"):
            run(data)


def test_what_arrived_before_a_statement_is_no_answer_to_it() -> None:
    with pytest.raises(pymysql.err.OperationalError, match="Lost"):
        run(packets([LOST], 0) + packets([OK]))
    other, _ = wire(packets([OK, OK]))
    assert other.run(b"DELETE").changed == 5
    with pytest.raises(pymysql.err.OperationalError, match="Lost"):
        other.run(b"DELETE")


def test_more_than_255_packets() -> None:
    rows: Values = [[b"%d" % row] for row in range(1000)]
    assert run(packets([*table("a", rows), OK]), 5).rows == [(row,) for row in range(1000)]


@pytest.mark.parametrize("size", [0, 10, 0xFFFFFF - 2, 0xFFFFFF - 1, 0xFFFFFF, 2 * 0xFFFFFF])
def test_long_statements_go_in_parts(size: int) -> None:
    other, connection = wire(packets([OK], (size + 1) // 0xFFFFFF + 1))
    assert other.run(b"x" * size).changed == 5
    assert b"".join(connection._sock.sent) == packets([b"\x03" + b"x" * size], 0)


def test_the_server_wants_rows() -> None:
    rows = [b"1\n" * 200_000, b"2\n"]
    other, connection = wire(packets([b"\xfbrows"]) + packets([OK], 6) + packets([OK]))
    assert other.load(b"LOAD", rows) == ((), [], 5, 1)
    parts = [rows[0][: 1 << 18], rows[0][1 << 18 :], rows[1], b""]
    assert b"".join(connection._sock.sent) == packets([b"\x03LOAD"], 0) + packets(parts, 2)
    assert other.run(b"DELETE").changed == 5


def test_the_server_wants_a_file() -> None:
    other, connection = wire(packets([b"\xfb/etc/passwd"]) + packets([OK], 3))
    sent = connection._sock.sent
    with pytest.raises(pymysql.err.OperationalError, match="nobody offered"):
        other.run(b"SELECT 1")
    assert connection._sock is None
    assert sent == [packets([b"\x03SELECT 1"], 0), packets([b""], 2)]


def test_a_connection_that_breaks_as_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(data: bytes) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    other, connection = wire(b"")
    monkeypatch.setattr(connection._sock, "sendall", refuse)
    with pytest.raises(pymysql.err.OperationalError, match="gone away") as caught:
        other.run(b"SELECT 1")
    assert caught.value.args[0] == 2006
    assert connection._sock is None
