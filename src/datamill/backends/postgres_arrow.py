"""Reading whole queries as Arrow tables through ADBC, without a Python object for each value.

ADBC has a connection of its own, so it sees what is committed only, and is asked only while no transaction is open.
Whatever it cannot read is read the ordinary way, which also finds the words for what is wrong.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg.conninfo import make_conninfo

from datamill.backends.postgres_open import client_options, session_scripts
from datamill.settings.address import DatabaseAddress
from datamill.settings.values import Settings

if TYPE_CHECKING:
    import pyarrow


class ArrowReader:
    """A connection of ADBC, opened when it is first needed.

    Args:
        address: Server, database and user.
        settings: As for the session's own connection.
    """

    def __init__(self, address: DatabaseAddress, settings: Settings) -> None:
        self._address, self._settings = address, settings
        self._connection: Any = None
        self._is_refused = False

    def read(self, sql: str) -> pyarrow.Table | None:
        """Run a query without placeholders; None if it is to be run the ordinary way.

        A connection that was open before is tried once more anew: it may have broken meanwhile, and it knows only
        the enum types that existed when it was opened.
        """
        if self._is_refused:
            return None
        was_open = self._connection is not None
        table = self._read(sql)
        return self._read(sql) if table is None and was_open else table

    def _read(self, sql: str) -> pyarrow.Table | None:
        errors = _errors()
        try:
            if self._connection is None:
                self._connection = self._open()
            with self._connection.cursor() as cursor:
                cursor.execute(sql)
                table: pyarrow.Table = cursor.fetch_arrow_table()
        except errors:
            self._is_refused = self._connection is None
            self.close()
            return None
        except BaseException:  # an interrupt leaves half a result on the line
            self.close()
            raise
        if any(_is_unknown(type) for type in table.schema.types):
            self.close()
            return None
        return table

    def _open(self) -> Any:
        from adbc_driver_postgresql import dbapi

        connection = dbapi.connect(make_conninfo(**client_options(self._address)), autocommit=True)
        try:
            for script in session_scripts(self._settings):
                with connection.cursor() as cursor:
                    cursor.executescript(script)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """End the connection; idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_errors()):
                connection.close()

    def __del__(self) -> None:
        self.close()


@cache
def is_installed() -> bool:
    """True if ADBC and pyarrow are there: the extra ``postgres-arrow``."""
    try:
        import adbc_driver_postgresql.dbapi
        import pyarrow  # noqa: F401
    except ImportError:
        return False
    return bool(adbc_driver_postgresql.dbapi.apilevel)


@cache
def _errors() -> tuple[type[Exception], ...]:
    import pyarrow
    from adbc_driver_manager import Error

    return (Error, pyarrow.ArrowException, OSError)


def _is_unknown(type: Any) -> bool:
    """True for types that ADBC does not know: younger than its connection, or foreign to it."""
    return getattr(type, "type_name", "numeric") != "numeric"
