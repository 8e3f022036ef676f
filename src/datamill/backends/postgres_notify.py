"""Announcements: each transaction tells which tables it wrote to, and workers that wait hear of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import psycopg

from datamill.backends.postgres_errors import translate
from datamill.backends.postgres_open import open_connection
from datamill.settings.address import DatabaseAddress
from datamill.settings.values import Settings

CHANNEL = "datamill"

_NAME = r'("(?:[^"]|"")+"|[\w$]+)'
_WRITES = re.compile(rf"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?{_NAME}\s*\.\s*{_NAME}", re.I)


@lru_cache(maxsize=2048)
def table_written(sql: str) -> str | None:
    """Return the full name of the table that a statement writes to, if waiting workers are to hear of it.

    They are not for the platform's own tables, whose names begin with ``~``: claims would wake everybody all the time.

    Example:
        >>> table_written('DELETE FROM "lab"."mouse" WHERE TRUE'), table_written('UPDATE "lab"."~~spikes" SET ...')
        ('lab.mouse', None)
    """
    found = _WRITES.match(sql)
    if found is None:
        return None
    schema, table = (_plain(name) for name in found.groups())
    return None if table.startswith("~") else f"{schema}.{table}"


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def notify(tables: Iterable[str]) -> str:
    """Return the commands, ended by semicolons, that announce tables once the transaction is committed."""
    return "".join(f"NOTIFY {CHANNEL}, {_literal(table)}; " for table in sorted(tables))


@lru_cache(maxsize=2048)
def returning(table: str) -> str:
    """Return the clause by which an INSERT announces its table, once however many rows it writes."""
    return f" RETURNING pg_catalog.pg_notify('{CHANNEL}', {_literal(table)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class PostgresListener:
    """A connection of its own that hears announcements: see `datamill.backends.base.Listener`.

    Args:
        address, settings: As for a session.
    """

    def __init__(self, address: DatabaseAddress, settings: Settings) -> None:
        self._place = str(address)
        self._connection = open_connection(address, settings)
        try:
            self._connection.execute(f"LISTEN {CHANNEL}")
        except psycopg.Error as error:
            self._connection.close()
            raise translate(error, "LISTEN", self._place) from error

    def wait(self, seconds: float) -> set[str]:
        """Return the names of tables written since the last call, waiting so long for the first one."""
        try:
            return {item.payload for item in self._connection.notifies(timeout=seconds, stop_after=1)}
        except psycopg.Error as error:
            raise translate(error, None, self._place) from error

    def close(self) -> None:
        """End the connection; idempotent."""
        self._connection.close()
