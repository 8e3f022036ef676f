"""A self-contained datamill: its own configuration and connection."""

from __future__ import annotations

from typing import Any

from datamill.api.schema import Schema
from datamill.api.table import FreeTable
from datamill.data.connection import Connection
from datamill.settings import Config


class Instance:
    """A configuration and a connection of its own, independent of the process's default.

    Args:
        host, user, password, port, use_tls, backend, url: Where to connect; what is not given comes from the
            configuration sources.
        **settings: Settings by dotted path with ``__`` for dots: ``safemode=False``, ``database__reconnect=False``.

    Raises:
        TypeError: A setting is unknown.

    Example:
        >>> import datamill as dm
        >>> lab = dm.Instance(url="sqlite://", safemode=False)
        >>> schema = lab.Schema("lab")
    """

    def __init__(
        self,
        host: str | None = None,
        user: str | None = None,
        password: str | None = None,
        port: int | None = None,
        use_tls: Any = None,
        backend: str | None = None,
        *,
        url: str | None = None,
        **settings: Any,
    ) -> None:
        self.config = Config()
        for name, value in settings.items():
            path = name.replace("__", ".")
            if path not in self.config:
                raise TypeError(f"Instance() got an unknown setting {path!r}.")
            self.config[path] = value
        self.connection = Connection(
            host, user, password, port, use_tls, backend=backend, url=url, config_override=self.config
        )

    def __repr__(self) -> str:
        return f"Instance({self.connection})"

    def Schema(self, schema_name: str | None = None, **options: Any) -> Schema:  # noqa: N802 - spelled like the class
        """Return a `datamill.Schema` on this connection; arguments as there."""
        return Schema(schema_name, connection=self.connection, **options)

    def FreeTable(self, name: str) -> FreeTable:  # noqa: N802 - spelled like the class
        """Return a table by full name."""
        return FreeTable(self.connection, name)
