"""Opening a session on MySQL or MariaDB: login, version, settings of the session."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datamill.backends.mysql_drivers import driver_errors, open_wire
from datamill.backends.mysql_errors import translate
from datamill.backends.mysql_literals import bind
from datamill.backends.mysql_wire import Login, Wire
from datamill.errors import ConfigError, DataMillError, LostConnectionError
from datamill.settings.address import DatabaseAddress
from datamill.settings.values import Settings

OLDEST_MYSQL = (8, 0, 22)
OLDEST_MARIADB = (10, 11)
SQL_MODE = (
    "STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION,NO_UNSIGNED_SUBTRACTION"
)
MOST_STREAM_PAUSE = 86400
"""Seconds that a reader may leave a stream alone before the server gives it up (its default is 60)."""
MOST_SORTED = 65536
"""Bytes of a text that are looked at when rows are sorted: those of the longest varchar (its default is 1024)."""
SORT_BUFFER = 2**24
"""Bytes for sorting, of which MariaDB needs fifteen times those of a row's sorted texts; taken only where needed."""
_OPTIONS = frozenset(("driver", "unix_socket", "connect_timeout"))


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of a server.

    Fields: ``version`` numbers, ``is_mariadb``, ``most_packet`` bytes per statement, ``takes_files`` (LOAD DATA
    LOCAL), ``collation`` of new schemas and of the session ("": the server's own).
    """

    version: tuple[int, ...]
    is_mariadb: bool
    most_packet: int
    takes_files: bool
    collation: str


@dataclass(frozen=True, slots=True)
class Target:
    """Everything needed to connect, again and again."""

    login: Login
    driver: str | None
    settings: Settings
    place: str

    def open(self, *, for_streams: bool = False) -> tuple[Wire, Server]:
        """Connect and set the session up.

        Raises:
            LostConnectionError: The server cannot be reached, or takes no more connections.
            AccessError: It refuses the login.
            DataMillError: It is too old.
            QueryError: ``connection.init_function`` failed.
        """
        try:
            wire = open_wire(self.login, self.driver)
        except driver_errors() as error:
            raise self._no_connection(error) from error
        try:
            server = _set_up(wire, self.settings, for_streams)
            _check_tls(wire, self.login, self.place)
            if self.settings.connection.init_function:
                wire.run(self.settings.connection.init_function.encode())
        except wire.errors as error:
            wire.close()
            raise translate(error, self.settings.connection.init_function, self.place) from error
        except BaseException:
            wire.close()
            raise
        return wire, server

    def _no_connection(self, error: Exception) -> DataMillError:
        meaning = translate(error, None, self.place)
        if type(meaning) is DataMillError or not isinstance(error.args[0] if error.args else None, int):
            return LostConnectionError(f"{self.place} cannot be reached: {error}.")
        return meaning


def target_of(address: DatabaseAddress, settings: Settings) -> Target:
    """Return how to connect to an address.

    Raises:
        ConfigError: The URL has an option that is not known.
    """
    options = dict(address.options)
    unknown = set(options) - _OPTIONS
    if unknown:
        raise ConfigError(
            f"{address} has an option that MySQL connections do not know: {', '.join(sorted(unknown))}.",
            setting="database.url",
            hint=f"There are {', '.join(sorted(_OPTIONS))}, and use_tls.",
        )
    login = Login(
        host=address.host or "localhost",
        port=address.port or 3306,
        user=address.user or "",
        password=address.password.get_secret_value() if address.password is not None else "",
        database=address.name,
        charset=settings.connection.charset or "utf8mb4",
        tls=address.use_tls if not isinstance(address.use_tls, Mapping) else dict(address.use_tls),
        socket=options.get("unix_socket"),
        wait=float(options.get("connect_timeout", 10)),
    )
    return Target(login, options.get("driver"), settings, f"{login.host}:{login.port}")


def read_version(text: str) -> tuple[tuple[int, ...], bool]:
    """Return the version numbers of a server, and whether it is MariaDB.

    Example:
        >>> read_version("10.11.19-MariaDB-0+deb12u1"), read_version("8.4.5")
        (((10, 11, 19), True), ((8, 4, 5), False))
    """
    is_mariadb = "mariadb" in text.lower()
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text.removeprefix("5.5.5-"))
    return (tuple(map(int, found.groups())) if found else (0,)), is_mariadb


def _set_up(wire: Wire, settings: Settings, for_streams: bool) -> Server:
    row = wire.run(b"SELECT VERSION(), @@max_allowed_packet, @@local_infile").rows[0]
    version, is_mariadb = read_version(str(row[0]))
    oldest = OLDEST_MARIADB if is_mariadb else OLDEST_MYSQL
    if version < oldest:
        product = "MariaDB" if is_mariadb else "MySQL"
        raise DataMillError(
            f"The server is {product} {'.'.join(map(str, version))}, which is too old.",
            hint=f"datamill needs {product} {'.'.join(map(str, oldest))} or newer.",
        )
    collation = settings.database.collation
    if collation is None:
        collation = "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"
    takes_files = str(row[2]).upper() in ("1", "ON")
    server = Server(version, is_mariadb, int(row[1]), takes_files and wire.can_load, collation)
    variables = _variables(server, settings, for_streams)
    wire.run(bind(f"SET {', '.join(f'{name} = %s' for name in variables)}", tuple(variables.values())))
    return server


def _variables(server: Server, settings: Settings, for_streams: bool) -> dict[str, Any]:
    """Return the variables of the session."""
    wait = max(1, math.ceil(settings.database.busy_timeout))
    variables: dict[str, Any] = {
        "SESSION autocommit": 1,
        "SESSION sql_mode": f"{SQL_MODE},TIME_ROUND_FRACTIONAL" if server.is_mariadb else SQL_MODE,
        "SESSION group_concat_max_len": server.most_packet,
        "SESSION max_sort_length": MOST_SORTED,
        "SESSION innodb_lock_wait_timeout": wait,
        "SESSION lock_wait_timeout": wait,
        f"SESSION {'tx' if server.is_mariadb else 'transaction'}_isolation": "REPEATABLE-READ",
    }
    if server.is_mariadb:
        variables["SESSION sort_buffer_size"] = SORT_BUFFER
    if server.collation:
        # New schemas take the collation of the session's server variable.
        variables["SESSION collation_connection"] = server.collation
        variables["SESSION collation_server"] = server.collation
    if settings.database.time_zone == "utc":
        variables["SESSION time_zone"] = "+00:00"
    if for_streams:
        variables["SESSION net_write_timeout"] = MOST_STREAM_PAUSE
    return variables


def _check_tls(wire: Wire, login: Login, place: str) -> None:
    """Make sure that what was required is so, whatever the driver thinks."""
    if login.tls in (None, False):
        return
    rows = wire.run(b"SHOW SESSION STATUS LIKE 'Ssl_cipher'").rows
    if not rows or not rows[0][1]:
        raise LostConnectionError(
            f"TLS is required, but {place} offers none.",
            hint="Set use_tls=None to go without where there is none.",
        )
