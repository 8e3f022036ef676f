"""Ending connections from the server's side."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from datamill.errors import DataMillError, QueryError

if TYPE_CHECKING:
    from datamill.data.connection import Connection

_OTHERS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": (
        "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() "
        "AND USER = SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"
    ),
}
_OTHERS["mariadb"] = _OTHERS["mysql"]
_END = {"postgresql": "SELECT pg_terminate_backend({}, 10000)", "mysql": "KILL {}", "mariadb": "KILL {}"}


def cut_others(connection: Connection) -> None:
    """End all other connections to a database, or to a server of MySQL; a file has none."""
    name = connection.dialect.name
    if name not in _OTHERS:
        return
    for number in _others(connection, _OTHERS[name]):
        with suppress(DataMillError):  # it ended by itself
            connection.query(_END[name].format(number), None)


def _others(connection: Connection, query: str) -> list[int]:
    while True:
        try:
            return [number for (number,) in connection.query(query, None).fetchall()]
        except QueryError as error:  # MySQL cannot list a statement with the bytes of a blob in it
            if "Cannot convert string" not in str(error):
                raise
