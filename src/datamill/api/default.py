"""The one holder of process-wide state: the default configuration and the default connection."""

from __future__ import annotations

import threading
from types import NoneType
from typing import TYPE_CHECKING, Any

from datamill.data.connection import Connection
from datamill.errors import DataMillError, ThreadSafetyError, require
from datamill.settings import Config, thread_safe

_lock = threading.RLock()
_holder: dict[str, Connection] = {}
_config = Config(controls_logging=True)


def __getattr__(name: str) -> Any:
    """Give ``config``, the default configuration, unless the process forbids global state."""
    if name != "config":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require_global_state("dm.config")
    return _config


if TYPE_CHECKING:
    config: Config


def require_global_state(what: str) -> None:
    """Raise ThreadSafetyError if the process forbids global state."""
    if thread_safe():
        raise ThreadSafetyError(
            f"{what} uses global state, which DATAMILL_THREAD_SAFE forbids.",
            hint="Use dm.Instance(...) instead.",
        )


def connection_or_default(connection: Connection | None) -> Connection:
    """Return a connection that was given, else the process's default.

    Raises:
        TypeError: It is something else.
    """
    require(connection, (Connection, NoneType), "connection must be a Connection")
    return connection or conn()


def conn(
    host: str | None = None,
    user: str | None = None,
    password: str | None = None,
    *,
    reset: bool = False,
    use_tls: Any = None,
    url: str | None = None,
) -> Connection:
    """Return the process's default connection, opening it on first use.

    Args:
        host, user, password, use_tls, url: Where to connect; what is not given comes from the configuration.
        reset: Close an open connection and open a new one.

    Raises:
        DataMillError: A connection is open with other arguments and ``reset`` is False.
        ThreadSafetyError: The process forbids global state.
    """
    require_global_state("dm.conn()")
    given = {"host": host, "user": user, "password": password, "use_tls": use_tls, "url": url}
    given = {name: value for name, value in given.items() if value is not None}
    with _lock:
        current = _holder.get("connection")
        if current is not None and not reset:
            _require_same(current, given)
            return current
        if current is not None:
            current.close()
        _holder["connection"] = Connection(**given, config_override=_config)
        return _holder["connection"]


def _require_same(current: Connection, given: dict[str, Any]) -> None:
    if given and not current.matches(**given):
        raise DataMillError(
            f"The default connection is open to {current}, not as asked.",
            hint="Call dm.conn(..., reset=True), or use dm.Instance for a second connection.",
        )
