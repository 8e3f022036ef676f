"""MySQL through PyMySQL, with rows read a column at a time and LOAD DATA LOCAL from memory."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pymysql
from pymysql.connections import Connection, MySQLResult
from pymysql.constants import CLIENT

from datamill.backends.mysql_rows import RowReader
from datamill.backends.mysql_wire import Answer, Login, Row

ERRORS: tuple[type[Exception], ...] = (pymysql.err.MySQLError, OSError, RuntimeError)
_CHUNK = 1 << 18


class PyWire:
    """One connection of PyMySQL."""

    errors = ERRORS
    can_load = True

    def __init__(self, login: Login) -> None:
        try:
            self._connection = _Connection(**_arguments(login))
        except (ssl.SSLError, pymysql.err.OperationalError) as error:
            if login.tls is not None or not _is_about_tls(error):
                raise
            # TLS was only to be tried.
            self._connection = _Connection(**{**_arguments(login), "ssl_disabled": True})

    def run(self, statement: bytes) -> Answer:
        """Run one statement and fetch everything."""
        connection = self._connection
        connection.query(statement)
        result: Any = connection._result
        answer = _answer(result)
        while result.has_next:  # a procedure: its last result only says that it is done
            connection.next_result()
            result = connection._result
        return answer

    def load(self, statement: bytes, data: Iterable[bytes]) -> Answer:
        """Run LOAD DATA LOCAL and send these data, whatever file the server asks for."""
        self._connection.local_data = data
        try:
            return self.run(statement)
        finally:
            self._connection.local_data = None

    def stream(self, statement: bytes, size: int) -> tuple[tuple[str, ...], Iterator[list[Row]]]:
        """Run one query; return its column names and batches of its rows as they arrive."""
        connection = self._connection
        connection.query(statement, unbuffered=True)
        result: Any = connection._result
        if not result.unbuffered_active:
            return (), iter(())
        names = tuple(item[0] for item in result.description)
        return names, _batches(result, RowReader(connection, result.converters), size)

    def close(self) -> None:
        """Say good-bye and close."""
        with suppress(*ERRORS, ValueError):
            self._connection.close()

    def abort(self) -> None:
        """Drop the connection without reading what is still to come."""
        result: Any = self._connection._result
        if result is not None:
            result.unbuffered_active = False
        self._connection.drop()


def _answer(result: Any) -> Answer:
    if result.description is None:
        return Answer((), [], int(result.affected_rows or 0), int(result.warning_count or 0))
    rows = result.rows
    return Answer(
        tuple([item[0] for item in result.description]), rows, len(rows), int(result.warning_count or 0)
    )


def _batches(result: Any, reader: RowReader, size: int) -> Iterator[list[Row]]:
    while True:
        try:
            rows = reader.read(size)
        except BaseException:
            result.unbuffered_active = False
            raise
        if reader.is_done:
            result.unbuffered_active = False
            result.connection = None
        if rows:
            yield rows
        if reader.is_done:
            return


class _Connection(Connection):
    """A connection that reads rows faster, and sends only what it was told to, never a file."""

    local_data: Iterable[bytes] | None = None
    _result: Any
    _force_close: Any
    server_status: int

    def drop(self) -> None:
        """Close the socket without a word."""
        self._force_close()

    def _read_query_result(self, unbuffered: bool = False) -> int:
        self._result = None
        result = _Result(self)
        if unbuffered:
            result.init_unbuffered_query()
        else:
            result.read()
        self._result = result
        if result.server_status is not None:
            self.server_status = result.server_status
        return int(result.affected_rows or 0)


class _Result(MySQLResult):
    connection: Any
    converters: Any
    _read_ok_packet: Any
    rows: Any
    affected_rows: Any
    server_status: Any
    warning_count: Any
    has_next: Any

    def _read_rowdata_packet(self) -> None:
        reader = RowReader(self.connection, self.converters)
        self.rows = reader.read()
        self.warning_count, self.has_next = reader.warnings, reader.has_next
        self.affected_rows = len(self.rows)
        self.connection = None

    def _read_load_local_packet(self, first_packet: Any) -> None:
        """Answer the server's wish for a file with the data at hand, or with nothing."""
        connection = self.connection
        data = connection.local_data
        try:
            for block in data or ():
                for start in range(0, len(block), _CHUNK):
                    connection.write_packet(block[start : start + _CHUNK])
        finally:
            connection.write_packet(b"")
            ok_packet = connection._read_packet()
        if data is None:
            connection._force_close()
            raise pymysql.err.OperationalError(2013, "The server asked for a file that nobody offered")
        self._read_ok_packet(ok_packet)


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
