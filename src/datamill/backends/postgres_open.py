"""Opening a connection to PostgreSQL: address, TLS, settings of the session, values as the dialect expects them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import RawCursor, adapters, pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.types.json import set_json_loads

from datamill.backends.postgres_arrays import ArrayDumper
from datamill.backends.postgres_errors import cannot_connect, translate
from datamill.backends.postgres_statements import Statements
from datamill.errors import ConfigError, DataMillError
from datamill.settings.address import DatabaseAddress
from datamill.settings.values import Settings


class PgConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that ends silently when nobody holds it any more, as one of an ended thread does.

    Fields:
        statements: Runs statements, and knows which of them the server has prepared; cursors prepare none.
    """

    statements: Statements

    def __del__(self, *_: Any) -> None:
        """Leave it to libpq's object, which ends the connection, though not in a forked child."""


OLDEST = 140_000
"""The oldest server that is known to work, as libpq counts versions."""
CONNECT_TIMEOUT = 15
"""Seconds to wait for a server that does not answer, unless the URL has ``connect_timeout``."""
_SESSION = (
    "SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET standard_conforming_strings = on; "
    "SET default_transaction_isolation = 'read committed'; SET cursor_tuple_fraction = 1"
)
_TLS_NAMES = {"ca": "sslrootcert", "cert": "sslcert", "key": "sslkey", "mode": "sslmode"}
"""Short names of TLS options -> names of libpq."""


class _TextOrBytes(Loader):
    """Reads values of types that psycopg does not know: enums above all, whose binary form is their text."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> str | bytes:
        """Return text, or the bytes if they are no text."""
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError:
            return bytes(data)


class _BytesAsTheyAre(Dumper):
    """Binds bytes without the copy that psycopg makes of them."""

    format = pq.Format.BINARY
    oid = adapters.types["bytea"].oid

    def dump(self, obj: bytes) -> bytes:
        """Return them."""
        return obj


def _as_text(document: str | bytes) -> str:
    """Leave documents undecoded: the dialect decodes them, and only where they are asked for."""
    return document if isinstance(document, str) else str(document, "utf-8")


def tls_options(use_tls: bool | Mapping[str, Any] | None) -> dict[str, str]:
    """Return libpq's options for a TLS setting.

    Args:
        use_tls: True: TLS or no connection; False: no TLS; None: TLS if the server offers it (libpq's default, which
            the URL may change by ``sslmode``). A mapping: TLS with these options: those of libpq, or the short names
            ``ca``, ``cert``, ``key``, ``mode``; with a certificate of authority the server's name is verified.

    Example:
        >>> tls_options(True), tls_options(None), tls_options({"ca": "lab.pem"})
        ({'sslmode': 'require'}, {}, {'sslrootcert': 'lab.pem', 'sslmode': 'verify-full'})
    """
    if use_tls is None:
        return {}
    if isinstance(use_tls, bool):
        return {"sslmode": "require" if use_tls else "disable"}
    options = {_TLS_NAMES.get(name, name): str(value) for name, value in use_tls.items()}
    options.setdefault("sslmode", "verify-full" if "sslrootcert" in options else "require")
    return options


def client_options(address: DatabaseAddress) -> dict[str, Any]:
    """Return what libpq wants to know: where to connect, as whom, and how."""
    return {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password.get_secret_value() if address.password else None,
        "dbname": address.name,
        "connect_timeout": CONNECT_TIMEOUT,
        "application_name": "datamill",
        "client_encoding": "UTF8",
        **dict(address.options),
        **tls_options(address.use_tls),
    }


def session_scripts(settings: Settings) -> tuple[str, ...]:
    """Return the SQL that sets a session up: ours, and the user's ``connection.init_function``."""
    zone = "; SELECT set_config('datamill.server_zone', current_setting('TimeZone'), false)"
    if settings.database.time_zone == "utc":
        zone += "; SET TimeZone = 'UTC'"
    initial = settings.connection.init_function
    return (_SESSION + zone, initial) if initial else (_SESSION + zone,)


def open_connection(address: DatabaseAddress, settings: Settings) -> PgConnection:
    """Connect, and set the session up.

    Args:
        address: Server, database, user, TLS; its options go to libpq (``connect_timeout``, ``sslmode``,
            ``application_name``, ``options``, ...).
        settings: ``database.time_zone``: "utc", or "server" to keep the server's; ``connection.init_function``.

    Raises:
        ConfigError: An option is unknown.
        AccessError: User, password or database are refused.
        LostConnectionError: The server cannot be reached, or TLS cannot be had.
        DataMillError: The server is too old.
    """
    try:
        connection = PgConnection.connect(autocommit=True, **client_options(address))
    except psycopg.ProgrammingError as error:
        text = f"{address} has an option that PostgreSQL's client does not know: {error}"
        raise ConfigError(text, setting="database.url") from error
    except psycopg.Error as error:
        raise cannot_connect(error, address) from error
    try:
        _set_up(connection, address, settings)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: PgConnection, address: DatabaseAddress, settings: Settings) -> None:
    if connection.info.server_version < OLDEST:
        version = connection.info.parameter_status("server_version")
        text = f"{address} runs PostgreSQL {version}; datamill needs version 14 or newer."
        raise DataMillError(text, hint="Ask for an upgrade of the server.")
    connection.adapters.register_loader(0, _TextOrBytes)
    connection.adapters.register_dumper(list, ArrayDumper)
    connection.adapters.register_dumper(bytes, _BytesAsTheyAre)
    set_json_loads(_as_text, connection)
    connection.cursor_factory = RawCursor
    connection.prepare_threshold = None
    connection.statements = Statements(connection)
    for sql in session_scripts(settings):
        try:
            connection.execute(sql)
        except psycopg.Error as error:
            raise translate(error, sql, str(address)) from error
