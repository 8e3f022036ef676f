"""A fresh PostgreSQL database for each test: copied from a template, in some 15 ms."""

from __future__ import annotations

import atexit
import itertools
import os
from pathlib import Path
from typing import Any

import psycopg
from tests.services import service_url

TEMPLATE = "datamill_template"
_numbers = itertools.count()
_connections: dict[int, psycopg.Connection[Any]] = {}


def admin() -> psycopg.Connection[Any]:
    """Return this process's connection of the owner of everything."""
    found = _connections.get(os.getpid())
    if found is None or found.closed:
        found = psycopg.connect(libpq_url(), autocommit=True)
        _connections[os.getpid()] = found
        atexit.register(found.close)
        _make_template(found)
    return found


def libpq_url(database: str = "postgres") -> str:
    """Return the service's URL as libpq wants it, for another database."""
    url = service_url("postgresql")
    assert url is not None
    return url.replace("/postgres?use_tls=false", f"/{database}?sslmode=disable")


def _make_template(connection: psycopg.Connection[Any]) -> None:
    """Make the template: a database without the schema `public`."""
    connection.execute("SELECT pg_advisory_lock(1)")
    try:
        row = connection.execute(
            "SELECT datistemplate FROM pg_database WHERE datname = %s", (TEMPLATE,)
        ).fetchone()
        if row is None:
            connection.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        if row is None or not row[0]:
            with psycopg.connect(libpq_url(TEMPLATE), autocommit=True) as inside:
                inside.execute("DROP SCHEMA IF EXISTS public")
            connection.execute(f"ALTER DATABASE {TEMPLATE} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
    finally:
        connection.execute("SELECT pg_advisory_unlock(1)")


def fresh(folder: Path) -> str:
    """Create an empty database and return its URL."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    # The copy of files is quicker than the log of their pages, which only the first version to have it, 15, avoids.
    strategy = " STRATEGY file_copy" if admin().info.server_version >= 150000 else ""
    admin().execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}{strategy}")
    url = service_url("postgresql")
    assert url is not None
    return url.replace("/postgres?", f"/{name}?")


def remove(url: str) -> None:
    """Drop a database, whoever is still connected."""
    name = url.partition("?")[0].rpartition("/")[2]
    admin().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
