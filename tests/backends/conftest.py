"""One test, every backend: fixtures that give each test a fresh database on every backend there is.

A backend is added by a line in `FRESH_DATABASES`; a test that cannot hold on one is a strict xfail with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def _fresh_sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'lab.db'}"


FRESH_DATABASES: dict[str, Callable[[Path], str]] = {"sqlite": _fresh_sqlite}
"""Backend -> function from a temporary folder to the URL of an empty database."""


@pytest.fixture(params=list(FRESH_DATABASES))
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
