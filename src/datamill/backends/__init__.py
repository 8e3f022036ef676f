"""Databases: one module per backend, the only place that imports drivers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from datamill.errors import ConfigError
from datamill.registry import Registry

if TYPE_CHECKING:
    from datamill.backends.base import BackendSession
    from datamill.settings.address import DatabaseAddress
    from datamill.settings.values import Settings

Connect = Callable[["DatabaseAddress", "Settings"], "BackendSession"]

BACKENDS: Registry[Connect] = Registry(
    "database backend",
    {
        "sqlite": "datamill.backends.sqlite:connect",
        "mysql": "datamill.backends.mysql:connect",
        "postgresql": "datamill.backends.postgres:connect",
    },
    extras={"postgresql": "postgres"},
    error=ConfigError,
)
"""Backend name -> function opening a session. A backend is added by one line."""


def connect(address: DatabaseAddress, settings: Settings) -> BackendSession:
    """Open a session on a database.

    Args:
        address: Which database.
        settings: Settings of the connection (``database.busy_timeout``, ``connection.init_function``).

    Returns:
        A session for one thread.

    Raises:
        ConfigError: This version cannot execute on that kind of database.
        DataMillError: The database cannot be opened.

    Example:
        >>> from datamill.settings.address import parse_url
        >>> from datamill.settings.values import Settings
        >>> with_memory = connect(parse_url("sqlite://"), Settings())
        >>> with_memory.execute("SELECT 1 + 1").rows
        [(2,)]
    """
    if address.backend not in BACKENDS:
        raise ConfigError(
            f"This version of datamill cannot connect to {address.backend}.",
            setting="database.backend",
            hint="Use an SQLite file: sqlite:///datamill.db.",
        )
    return BACKENDS.get(address.backend)(address, settings)
