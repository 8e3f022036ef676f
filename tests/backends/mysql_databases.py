"""An empty MySQL or MariaDB server for each test.

A schema is a database there, and tests name their schemas, so one test at a time has the server: processes that test
side by side take turns by a lock.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymysql
from tests.services import service_url

from datamill.settings.address import DatabaseAddress, parse_url

_CANNOT_CONVERT = 3854
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
_held: dict[str, int] = {}
DRIVERS = ("mysqlclient", "pymysql")


def address(name: str) -> DatabaseAddress:
    """Return where the service is."""
    url = service_url(name)
    assert url is not None
    return parse_url(url)


def admin(name: str) -> Any:
    """Return a new connection that may do everything."""
    place = address(name)
    assert place.password is not None
    return pymysql.connect(
        host=place.host,
        port=place.port or 3306,
        user=place.user,
        password=place.password.get_secret_value(),
        ssl_disabled=True,
        autocommit=True,
    )


def run(name: str, *statements: str) -> list[Any]:
    """Run statements as the administrator; return the rows of the last."""
    rows: list[Any] = []
    connection = admin(name)
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                rows = list(cursor.fetchall())
    finally:
        connection.close()
    return rows


def take_turn(name: str) -> None:
    """Wait until nobody else tests on a server, and keep others waiting until `release`.

    A process that has its turn keeps it: after a test whose fixture failed, and for a second database of one test.
    """
    if name in _held:
        return
    path = Path(tempfile.gettempdir()) / f"datamill-{name}-{address(name).port}.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)  # the end of the process closes it
    fcntl.flock(lock, fcntl.LOCK_EX)
    _held[name] = lock


def fresh(name: str) -> Callable[[Path], str]:
    """Return the function that waits for a server, empties it, and returns its URL."""

    def wait_and_empty(folder: Path) -> str:
        take_turn(name)
        _end_connections(name)
        listed = ", ".join(f"'{schema}'" for schema in _SYSTEM)
        query = f"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ({listed})"
        schemas = [row[0] for row in run(name, query)]
        run(name, "SET foreign_key_checks = 0", *(f"DROP DATABASE {quoted(schema)}" for schema in schemas))
        url = service_url(name)
        assert url is not None
        return url

    return wait_and_empty


def _end_connections(name: str) -> None:
    """End connections that a killed process may have left: their locks would keep tables from being dropped."""
    query = (
        "SELECT ID FROM information_schema.PROCESSLIST WHERE USER <> 'system user' AND USER <> 'event_scheduler' "
        "AND ID <> CONNECTION_ID()"
    )
    for number in _listed(name, query):
        try:
            run(name, f"KILL {number}")
        except pymysql.err.OperationalError:
            continue  # it ended by itself


def _listed(name: str, query: str) -> list[int]:
    while True:
        try:
            return [number for (number,) in run(name, query)]
        except pymysql.err.OperationalError as error:  # a statement with the bytes of a blob cannot be listed
            if error.args[0] != _CANNOT_CONVERT:
                raise
            time.sleep(0.01)


def release(name: str) -> Callable[[str], None]:
    """Return the function that lets the next test have the server."""

    def let_go(url: str) -> None:
        lock = _held.pop(name, None)
        if lock is not None:
            os.close(lock)

    return let_go


def quoted(name: str) -> str:
    """Return a name as SQL, whatever it holds."""
    return "`" + name.replace("`", "``") + "`"
