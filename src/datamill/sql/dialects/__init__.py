"""Dialects: what differs between databases, as tables of spellings and capability flags."""

from __future__ import annotations

from importlib import import_module

from datamill.errors import ConfigError
from datamill.sql.dialects.base import Dialect

_PLACES = {
    "sqlite": ("sqlite", "SQLITE"),
    "postgresql": ("postgresql", "POSTGRESQL"),
    "mysql": ("mysql", "MYSQL"),
    "mariadb": ("mysql", "MARIADB"),
}
NAMES = tuple(_PLACES)
"""Names of all dialects."""


def get_dialect(name: str) -> Dialect:
    """Return a dialect by name, loading its module.

    Args:
        name: ``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``.

    Raises:
        ConfigError: There is no such dialect.

    Example:
        >>> get_dialect("sqlite").identifier('odd"name')
        '"odd""name"'
    """
    try:
        module, value = _PLACES[name]
    except KeyError:
        raise ConfigError(
            f"There is no SQL dialect {name!r}.", hint=f"Dialects: {', '.join(NAMES)}."
        ) from None
    dialect: Dialect = getattr(import_module(f"datamill.sql.dialects.{module}"), value)
    return dialect
