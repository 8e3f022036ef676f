"""One test, every backend: fixtures that give each test a fresh database on every backend there is.

A backend is added by a line in `FRESH_DATABASES`; a test that cannot hold on one is a strict xfail with a
reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.language import Reference
    from datamill.model.table import TableSpec


def _fresh_sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'lab.db'}"


FRESH_DATABASES: dict[str, Callable[[Path], str]] = {"sqlite": _fresh_sqlite}
"""Backend -> function from a temporary folder to the URL of an empty database."""


def _wanted() -> list[str]:
    """Return the backends to test: all, or those that DATAMILL_TEST_BACKENDS lists."""
    listed = os.environ.get("DATAMILL_TEST_BACKENDS", "").split(",")
    return [name for name in FRESH_DATABASES if listed == [""] or name in listed]


@pytest.fixture(params=_wanted())
def backend(request: pytest.FixtureRequest) -> str:
    """The backend this test runs on."""
    return str(request.param)


@pytest.fixture
def database_url(backend: str, tmp_path: Path) -> str:
    """The URL of an empty database, of this test alone."""
    return FRESH_DATABASES[backend](tmp_path)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """An open connection to an empty database."""
    from datamill.data.connection import Connection

    with Connection(url=database_url) as connection:
        yield connection


Declare = Callable[[str, str], "TableSpec"]


@pytest.fixture
def declare(connection: Connection) -> Declare:
    """Declares a table from its full name and definition, and returns it as the catalog reads it.

    The schema is created if it is missing; parents are named ``schema.table``, or in backquotes.
    """
    from datamill.model.names import TableName

    def declare(full_name: str, definition: str) -> TableSpec:
        name = TableName.parse(full_name)
        connection.catalog.create_schema(name.schema)
        connection.catalog.declare(resolve(connection, name.schema, name.table, definition))
        return connection.catalog.spec(name)

    return declare


def resolve(connection: Connection, schema: str, table: str, definition: str) -> TableSpec:
    """Return what a definition says, parents looked up in the catalog."""
    from datamill.catalog.resolve import stored_type
    from datamill.language import parse_definition, resolve_definition
    from datamill.model.names import TableName

    def lookup(reference: Reference) -> TableSpec:
        return connection.catalog.spec(reference.table or TableName.parse(reference.text))

    return resolve_definition(
        parse_definition(definition),
        TableName(schema, table),
        lookup=lookup,
        stored_type=stored_type,
        allow_new_key_attributes=True,
    )
