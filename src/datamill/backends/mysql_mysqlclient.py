"""MySQL through mysqlclient, which reads rows in C."""

from __future__ import annotations

import ctypes
import os
import socket
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

from datamill.backends.mysql_wire import Answer, Login, Row, has_input

_driver: Any = import_module("MySQLdb")
_flags: Any = import_module("MySQLdb.constants.CLIENT")
_TLS_FAILED = 2026
ERRORS: tuple[type[Exception], ...] = (_driver.MySQLError, OSError)


class ClientWire:
    """One connection of mysqlclient.

    It cannot send rows by LOAD DATA LOCAL: its C library reads only files, and would send any that the server names.
    """

    errors = ERRORS
    can_load = False
    can_read_arrow = False

    def __init__(self, login: Login) -> None:
        self._connection: Any = _connect(login)
        self._result: Any = None
        _open.add(self)

    def run(self, statement: bytes) -> Answer:
        """Run one statement and fetch everything."""
        connection = self._connection
        if connection is None:
            raise _driver.OperationalError(2006, "The connection is closed")
        connection.query(statement)
        result = connection.store_result()
        if result is None:
            answer = Answer((), [], _changed(connection), connection.warning_count())
        else:
            rows = list(result.fetch_row(0, 0))
            names = tuple([item[0] for item in result.describe()])
            answer = Answer(names, rows, len(rows), connection.warning_count())
        while connection.next_result() == 0:  # a procedure: its last result only says that it is done
            connection.store_result()
        return answer

    def load(self, statement: bytes, data: Iterable[bytes]) -> Answer:
        """Not offered."""
        raise _driver.NotSupportedError("mysqlclient sends files only")

    def read_arrow(self, statement: bytes) -> None:
        """Not offered."""
        raise _driver.NotSupportedError("mysqlclient makes Python objects")

    def stream(self, statement: bytes, size: int) -> tuple[tuple[str, ...], Iterator[list[Row]]]:
        """Run one query; return its column names and batches of its rows as they arrive."""
        connection = self._connection
        connection.query(statement)
        result = connection.use_result()
        if result is None:
            return (), iter(())
        self._result = result
        return tuple([item[0] for item in result.describe()]), self._batches(result, size)

    def _batches(self, result: Any, size: int) -> Iterator[list[Row]]:
        while rows := result.fetch_row(size, 0):
            yield list(rows)
        self._result = None

    def is_stale(self) -> bool:
        """True if the server hung up while nothing was asked of it."""
        return self._connection is None or has_input(self._connection.fileno())

    def close(self) -> None:
        """Say good-bye and close."""
        connection, self._connection = self._connection, None
        self._result = None
        if connection is not None:
            with suppress(*ERRORS):
                connection.close()

    def abort(self) -> None:
        """Drop the connection without reading what is still to come."""
        if self._connection is not None and self._result is not None:
            # The library would read on to the end: rather have the server stop.
            with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as own:
                own.shutdown(socket.SHUT_RDWR)
        self.close()


def _connect(login: Login) -> Any:
    arguments = _arguments(login)
    if login.tls is not None:
        return _driver.connect(**arguments)
    try:  # some versions of the library take "preferred" for "off"
        return _driver.connect(**{**arguments, "ssl_mode": "REQUIRED"})
    except _driver.OperationalError as error:
        if error.args[0] != _TLS_FAILED:
            raise
        return _driver.connect(**{**arguments, "ssl_mode": "DISABLED"})


def _changed(connection: Any) -> int:
    count = int(connection.affected_rows())
    return 0 if count in (-1, 2**64 - 1) else count


_open: weakref.WeakSet[ClientWire] = weakref.WeakSet()


def _leave_to_parent() -> None:
    """In a forked child: never close the parent's connections, which would log it out."""
    for wire in list(_open):
        for item in (wire._connection, wire._result):
            if item is not None:
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(item))
    _open.clear()


os.register_at_fork(after_in_child=_leave_to_parent)


def _arguments(login: Login) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "host": login.host,
        "port": login.port,
        "user": login.user,
        "passwd": login.password,
        "charset": login.charset,
        "autocommit": None,
        "client_flag": _flags.FOUND_ROWS,
        "connect_timeout": max(1, round(login.wait)),
        **_tls(login.tls),
    }
    if login.database:
        arguments["db"] = login.database
    if login.socket:
        arguments["unix_socket"] = login.socket
    return arguments


def _tls(wanted: bool | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(wanted, Mapping):
        options = dict(wanted.get("ssl", wanted))
        known = {name: options[name] for name in ("ca", "capath", "cert", "key", "cipher") if name in options}
        return {"ssl": known, "ssl_mode": "REQUIRED"} if known else {"ssl_mode": "REQUIRED"}
    return {"ssl_mode": {True: "REQUIRED", False: "DISABLED", None: "PREFERRED"}[wanted]}
