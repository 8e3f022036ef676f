"""MySQL through PyMySQL, whose packets are read here, columns at a time, and with LOAD DATA LOCAL from memory."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CLIENT

from datamill.backends.mysql_packets import BUFFER, Done, Packets, done
from datamill.backends.mysql_rows import RowReader
from datamill.backends.mysql_wire import Answer, Login, Row, has_input

if TYPE_CHECKING:
    import pyarrow

ERRORS: tuple[type[Exception], ...] = (pymysql.err.MySQLError, OSError, RuntimeError)
_WANTS_FILE = 0xFB


class PyWire:
    """One connection of PyMySQL."""

    errors = ERRORS
    can_load = True
    can_read_arrow = True

    def __init__(self, login: Login) -> None:
        self._connection = _connect(login)
        self._packets = Packets(self._connection)

    def run(self, statement: bytes) -> Answer:
        """Run one statement and fetch everything."""
        return self._run(statement, ())

    def load(self, statement: bytes, data: Iterable[bytes]) -> Answer:
        """Run LOAD DATA LOCAL and send these data, whatever file the server asks for."""
        return self._run(statement, data)

    def _run(self, statement: bytes, data: Iterable[bytes]) -> Answer:
        answer, end = self._answer(self._begin(statement, data))
        while end.has_next:  # a procedure: its last result only says that it is done
            _, end = self._answer(self._result(data))
        return answer

    def stream(self, statement: bytes, size: int) -> tuple[tuple[str, ...], Iterator[list[Row]]]:
        """Run one query; return its column names and batches of its rows as they arrive."""
        found = self._begin(statement, ())
        if isinstance(found, Done):
            return (), iter(())
        return found.names, _batches(found, size)

    def read_arrow(self, statement: bytes) -> pyarrow.Table | None:
        """Run one query; return its columns as Arrow arrays, None if there is a value that Arrow has nothing like."""
        found = self._begin(statement, ())
        return None if isinstance(found, Done) else found.read_arrow()

    def _begin(self, statement: bytes, data: Iterable[bytes]) -> RowReader | Done:
        self._packets.ask(statement)
        return self._result(data)

    def _result(self, data: Iterable[bytes]) -> RowReader | Done:
        """Read what a statement gives, up to its first row."""
        packets = self._packets
        first = packets.one()
        if first[0] == _WANTS_FILE:
            first = self._send(data)
        if first[0] == 0:
            return done(first)
        return RowReader(packets, packets.columns(self._connection.encoding))

    def _answer(self, found: RowReader | Done) -> tuple[Answer, Done]:
        if isinstance(found, Done):
            return Answer((), [], found.changed, found.warnings), found
        rows = found.read()
        assert found.done is not None
        return Answer(found.names, rows, len(rows), found.done.warnings), found.done

    def _send(self, data: Iterable[bytes]) -> bytes:
        """Answer the server's wish for a file with the data at hand; whatever file it named, it gets nothing else."""
        packets, sent = self._packets, False
        try:
            for block in data:
                sent = True
                for start in range(0, len(block), BUFFER):
                    packets.send(block[start : start + BUFFER])
        finally:
            packets.send(b"")
            answer = packets.one()
        if not sent:
            self._connection._force_close()
            raise pymysql.err.OperationalError(2013, "The server asked for a file that nobody offered")
        return answer

    def is_stale(self) -> bool:
        """True if the server hung up while nothing was asked of it."""
        socket = self._connection._sock
        return socket is None or has_input(socket.fileno())

    def close(self) -> None:
        """Say good-bye and close."""
        with suppress(*ERRORS, ValueError):
            self._connection.close()

    def abort(self) -> None:
        """Drop the connection without reading what is still to come."""
        self._connection._force_close()


def _batches(reader: RowReader, size: int) -> Iterator[list[Row]]:
    while reader.done is None:
        rows = reader.read(size)
        if rows:
            yield rows


def _connect(login: Login) -> Any:
    try:
        connection: Any = Connection(**_arguments(login))
    except (ssl.SSLError, pymysql.err.OperationalError) as error:
        if login.tls is not None or not _is_about_tls(error):
            raise
        # TLS was only to be tried.
        connection = Connection(**{**_arguments(login), "ssl_disabled": True})
    return connection


def _is_about_tls(error: Exception) -> bool:
    return isinstance(error, ssl.SSLError) or isinstance(error.__cause__ or error.__context__, ssl.SSLError)


def _arguments(login: Login) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "host": login.host,
        "port": login.port,
        "user": login.user,
        "password": login.password,
        "charset": login.charset,
        "autocommit": None,
        "local_infile": True,
        "client_flag": CLIENT.FOUND_ROWS,
        "connect_timeout": login.wait,
        **_tls(login.tls),
    }
    if login.database:
        arguments["database"] = login.database
    if login.socket:
        arguments["unix_socket"] = login.socket
    return arguments


def _tls(wanted: bool | Mapping[str, Any] | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    if wanted is False:
        return {"ssl_disabled": True}
    if wanted is True:
        # Required, but as with mysql --ssl-mode=REQUIRED the certificate is not checked: servers sign their own.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return {"ssl": context}
    options = dict(wanted.get("ssl", wanted))
    return {"ssl": options or {"verify_mode": "none"}}
