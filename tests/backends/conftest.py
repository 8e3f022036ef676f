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
from tests.backends.cloud_stores import azure_store, gcs_store
from tests.services import service_url

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.language import Reference
    from datamill.model.table import TableSpec


def _fresh_sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'lab.db'}"


FRESH_DATABASES: dict[str, Callable[[Path], str]] = {"sqlite": _fresh_sqlite}
"""Backend -> function from a temporary folder to the URL of an empty database."""
USED_DATABASES: dict[str, Callable[[str], None]] = {}
"""Backend -> function that removes the database of a URL after the test, where that is needed."""

if service_url("postgresql") is not None:
    from tests.backends import postgresql_databases

    FRESH_DATABASES["postgresql"] = postgresql_databases.fresh
    USED_DATABASES["postgresql"] = postgresql_databases.remove

for _name in ("mariadb", "mysql"):
    if service_url(_name) is not None:
        from tests.backends import mysql_databases

        FRESH_DATABASES[_name] = mysql_databases.fresh(_name)
        USED_DATABASES[_name] = mysql_databases.release(_name)


def _wanted() -> list[str]:
    """Return the backends to test: all, or those that DATAMILL_TEST_BACKENDS lists."""
    listed = os.environ.get("DATAMILL_TEST_BACKENDS", "").split(",")
    return [name for name in FRESH_DATABASES if listed == [""] or name in listed]


SERVERS = ("postgresql", "mariadb", "mysql")


def only_on(*names: str) -> pytest.MarkDecorator:
    """Mark a test of what only these backends have, such as users: on the others there is nothing that could fail."""
    return pytest.mark.parametrize("backend", [name for name in _wanted() if name in names], indirect=True)


@pytest.fixture(params=_wanted())
def backend(request: pytest.FixtureRequest) -> str:
    """The backend this test runs on; ``@pytest.mark.differs(postgresql="why")`` makes it a strict xfail there."""
    name = str(request.param)
    for marker in request.node.iter_markers("differs"):
        if name in marker.kwargs:
            request.applymarker(pytest.mark.xfail(reason=marker.kwargs[name], strict=True))
    return name


@pytest.fixture
def database_url(backend: str, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, of this test alone."""
    url = FRESH_DATABASES[backend](tmp_path)
    yield url
    if backend in USED_DATABASES:
        USED_DATABASES[backend](url)


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


# object stores -----------------------------------------------------------------------------------------------


def _file_store(request: pytest.FixtureRequest, folder: Path) -> dict[str, object]:
    location = folder / "store with blanks, ünicode"
    location.mkdir()
    return {"protocol": "file", "location": str(location)}


def _memory_store(request: pytest.FixtureRequest, folder: Path) -> dict[str, object]:
    return {"protocol": "memory", "location": f"store-{folder.name}"}


def _s3_store(request: pytest.FixtureRequest, folder: Path) -> dict[str, object]:
    from tests.backends.s3_server import new_store

    return new_store(request.getfixturevalue("s3_url"))


STORES = {
    "file": _file_store,
    "memory": _memory_store,
    "s3": _s3_store,
    "gcs": gcs_store,
    "azure": azure_store,
}
"""Protocol -> function that makes an empty store."""
CLOUDS = ("gcs", "azure")
os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # it asks what the emulator does not know


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the emulated clouds, which are slow, on all databases but the first: stores know no databases."""
    first = next(iter(_wanted()), None)
    left_out = []
    for item in items:
        params = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        if params.get("store") in CLOUDS and params.get("backend", first) != first:
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server: that of ``scripts/services``, else one of our own."""
    from tests.backends.s3_server import running_server

    with running_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    """Settings of an empty store, of this test alone."""
    return STORES[request.param](request, tmp_path)
