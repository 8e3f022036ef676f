"""Databases for laws about rows that depend on each other: one connection, emptied before each example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tests.backends.conftest import FRESH_DATABASES, USED_DATABASES
from tests.stateful.engines import engine_names

from datamill.data import trash
from datamill.data.connection import Connection

SCHEMAS = ("lab", "far")
"""Those that examples use."""
SHARE = {"memory": 1.0, "sqlite": 0.3, "postgresql": 0.3, "mariadb": 0.15, "mysql": 0.1}
"""Part of the examples that a backend gets: tables are made and dropped for each."""
MANY = 25
"""How many times more examples the long tests try."""


class Lab:
    """A database in which each example declares its tables anew."""

    def __init__(self, connection: Connection, share: float) -> None:
        self.connection = connection
        self._share = share

    def limits(self, examples: int, **more: Any) -> settings:
        """Return how an in-memory database's number of examples is scaled here."""
        return settings(
            max_examples=max(3, round(examples * self._share)),
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            **more,
        )

    def empty(self) -> Connection:
        """Drop all tables and return the connection."""
        catalog = self.connection.catalog
        catalog.invalidate()
        catalog.drop_tables(name for name in reversed(catalog.graph().order()) if name.schema in SCHEMAS)
        trash.purge(self.connection)
        return self.connection


def _databases() -> list[str]:
    names = engine_names()
    return ["memory", *names] if "sqlite" in names else names


def _fresh(name: str) -> Callable[[Path], str]:
    return (lambda folder: "sqlite://") if name == "memory" else FRESH_DATABASES[name]


@pytest.fixture(params=_databases())
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(
    params=[1, pytest.param(MANY, marks=[pytest.mark.long, pytest.mark.timeout(3600)])], ids=["", "many"]
)
def lab(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[Lab]:
    """A database of this test alone; under the marker ``long`` with many examples."""
    url = _fresh(database)(tmp_path)
    with Connection(url=url) as connection:
        yield Lab(connection, SHARE[database] * request.param)
    if database in USED_DATABASES:
        USED_DATABASES[database](url)
