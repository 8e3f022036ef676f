"""Which driver for MySQL: PyMySQL, or mysqlclient where that is asked for or alone.

With PyMySQL tables are read without an object per value and rows sent by LOAD DATA LOCAL: it is the faster one, but for
queries of a few rows.
"""

from __future__ import annotations

from importlib.util import find_spec

from datamill.backends.mysql_wire import Login, Wire
from datamill.errors import ConfigError, MissingExtraError


def open_wire(login: Login, driver: str | None = None) -> Wire:
    """Connect.

    Args:
        login: Where and as whom.
        driver: ``pymysql`` or ``mysqlclient``; None: PyMySQL if it is installed, else mysqlclient.

    Raises:
        MissingExtraError: The driver is not installed.
        ConfigError: There is no such driver.
        Exception: What the driver raises, see ``errors`` of the wire modules.
    """
    if driver not in (None, "pymysql", "mysqlclient"):
        hint = "Drivers are pymysql and mysqlclient."
        raise ConfigError(f"There is no MySQL driver {driver!r}.", setting="database.url", hint=hint)
    if driver == "mysqlclient" or (driver is None and find_spec("pymysql") is None and find_spec("MySQLdb")):
        if find_spec("MySQLdb") is None:
            raise _missing("mysqlclient")
        from datamill.backends.mysql_mysqlclient import ClientWire

        return ClientWire(login)
    if find_spec("pymysql") is None:
        raise _missing("mysql")
    from datamill.backends.mysql_pymysql import PyWire

    return PyWire(login)


def driver_errors() -> tuple[type[Exception], ...]:
    """Return the base errors of the drivers that are installed."""
    found: list[type[Exception]] = []
    if find_spec("MySQLdb") is not None:
        from datamill.backends.mysql_mysqlclient import ERRORS as CLIENT_ERRORS

        found += CLIENT_ERRORS
    if find_spec("pymysql") is not None:
        from datamill.backends.mysql_pymysql import ERRORS as PY_ERRORS

        found += PY_ERRORS
    return tuple(dict.fromkeys(found))


def _missing(extra: str) -> MissingExtraError:
    return MissingExtraError(
        "MySQL and MariaDB need a driver that is not installed.",
        extra=extra,
        hint=f"Install it: pip install 'datamill[{extra}]'.",
    )
