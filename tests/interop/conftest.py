"""Fixtures of the interoperability tests: servers, the genuine package, and one pipeline made by each side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.interop import pipeline
from tests.interop.genuine import Genuine, UnavailableError, python
from tests.services import service_url

import datamill as dm

SERVERS = ("postgresql", "mysql", "mariadb")


@dataclass
class Lab:
    """One server with both packages connected to it, and a pipeline made by each.

    Fields:
        server: ``postgresql``, ``mysql`` or ``mariadb``.
        genuine: The process of the genuine package.
        instance: datamill's connection and settings.
        folder: For files; its ``store`` is the object store of both.
        prefix: Schemas are called ``{prefix}_{purpose}``.
    """

    server: str
    genuine: Genuine
    instance: dm.Instance
    folder: Path
    prefix: str

    def name(self, purpose: str) -> str:
        """Return the name of a schema."""
        return f"{self.prefix}_{purpose}"

    def ours(self, purpose: str, build: Callable[..., SimpleNamespace] = pipeline.build) -> SimpleNamespace:
        """Return the pipeline in a schema through datamill, declaring what is missing."""
        return build(dm, self.instance.Schema(self.name(purpose)))

    def theirs(self, purpose: str, build: str = "build") -> str:
        """Make the pipeline in a schema known to the genuine process, and return its variable."""
        self.genuine.run(f"{purpose} = pipeline.{build}(dj, dj.Schema(name))", name=self.name(purpose))
        return purpose

    def their_rows(self, variable: str, table: str) -> Any:
        """Return the rows of a table as the genuine package reads them."""
        return tidy(self.genuine.run(f"result = pipeline.rows_of({variable}.{table})"))

    def our_rows(self, tables: Any, table: str) -> Any:
        """Return the rows of a table as datamill reads them."""
        return pipeline.rows_of(getter(tables, table))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL."""
        return list(self.instance.connection.query(sql, args=None).fetchall())


def getter(tables: Any, table: str) -> Any:
    """Return ``tables.A.B`` for ``"A.B"``."""
    for part in table.split("."):
        tables = getattr(tables, part)
    return tables


def tidy(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Strip the blanks with which the genuine package returns ``char`` values on PostgreSQL."""
    return [
        {
            name: value.rstrip(" ") if name == "h" and isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]


@pytest.fixture(scope="session")
def genuine_python() -> Path:
    """The interpreter with the genuine package."""
    try:
        return python()
    except UnavailableError as error:
        pytest.skip(f"the genuine datajoint cannot be installed: {error}")


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """The server this test runs on."""
    wanted = os.environ.get("DATAMILL_TEST_BACKENDS", "").split(",")
    if wanted != [""] and request.param not in wanted:
        pytest.skip(f"DATAMILL_TEST_BACKENDS leaves out {request.param}")
    if service_url(request.param) is None:
        pytest.skip(f"no server: scripts/services start {request.param}")
    return str(request.param)


@pytest.fixture(scope="module")
def server_url(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database: a fresh one where servers have several."""
    folder = tmp_path_factory.mktemp("database")
    if server == "postgresql":
        from tests.backends import postgresql_databases

        url = postgresql_databases.fresh(folder)
        yield url
        postgresql_databases.remove(url)
        return
    from tests.backends import mysql_databases  # one test at a time has such a server

    url = mysql_databases.fresh(server)(folder)
    yield url
    mysql_databases.release(server)(url)


@pytest.fixture(scope="module")
def lab(
    server: str, server_url: str, genuine_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """Both packages on one server."""
    folder = tmp_path_factory.mktemp("interop")
    store = folder / "store"
    store.mkdir()
    stores = {"default": "main", "main": {"protocol": "file", "location": str(store)}}
    prefix = f"interop_{os.getpid()}_{folder.name.removeprefix('interop')}"
    instance = dm.Instance(url=server_url, safemode=False, stores=stores)
    genuine = Genuine(server_url, stores, folder)
    try:
        yield Lab(server, genuine, instance, folder, prefix)
    finally:
        genuine.close()
        drop_schemas(instance.connection, prefix)
        instance.connection.close()


def drop_schemas(connection: dm.Connection, prefix: str) -> None:
    """Drop what the tests made, in whatever state."""
    for schema in connection.catalog.list_schemas():
        if schema.startswith(f"{prefix}_"):
            words = "SCHEMA" if connection.dialect.name == "postgresql" else "DATABASE"
            cascade = " CASCADE" if words == "SCHEMA" else ""
            connection.query(f"DROP {words} {connection.dialect.identifier(schema)}{cascade}", args=None)


@pytest.fixture(scope="module")
def genuine_made(lab: Lab) -> Lab:
    """The pipeline declared, filled and populated by the genuine package, in the schema ``genuine``."""
    lab.theirs("genuine")
    lab.genuine.run("pipeline.insert_all(genuine)")
    return lab


@pytest.fixture(scope="module")
def ours_made(lab: Lab) -> Lab:
    """The pipeline declared, filled and populated by datamill, in the schema ``ours``."""
    pipeline.insert_all(lab.ours("ours"))
    return lab
