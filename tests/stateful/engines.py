"""Databases for laws that are checked thousands of times: one each, emptied between examples."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from tests.services import service_url

from datamill import backends
from datamill.backends.base import BackendSession
from datamill.model.heading import Heading
from datamill.model.table import TableSpec
from datamill.settings.address import parse_url
from datamill.settings.values import Settings
from datamill.sql.writer import Statement

SERVERS = ("postgresql", "mariadb", "mysql")


def engine_names() -> list[str]:
    """Return the backends there are, as far as DATAMILL_TEST_BACKENDS lists them."""
    listed = os.environ.get("DATAMILL_TEST_BACKENDS", "").split(",")
    names = ["sqlite", *(name for name in SERVERS if service_url(name) is not None)]
    return [name for name in names if listed == [""] or name in listed]


class Engine:
    """A session, and the tables of the current example.

    Args:
        session: On a database whose schema ``lab`` is ours alone.
    """

    def __init__(self, session: BackendSession) -> None:
        self.session = session
        self.dialect = session.dialect
        self._tables: list[str] = []
        if self.dialect.ddl.create_schema:
            session.execute(f"{self.dialect.ddl.create_schema} {self.dialect.identifier('lab')}")

    def reset(self) -> None:
        """Drop the tables of the last example."""
        for table in self._tables:
            self.session.execute(f"DROP TABLE {table}")
        self._tables = []

    def store(self, spec: TableSpec, rows: Sequence[dict[str, Any]]) -> None:
        """Make a table of whole numbers and fill it."""
        table, quote = self.dialect.table(spec.name), self.dialect.identifier
        columns = ", ".join(
            f"{quote(item.name)} INTEGER{'' if item.nullable else ' NOT NULL'}"
            for item in spec.heading.attributes.values()
        )
        key = ", ".join(map(quote, spec.heading.key))
        self.session.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({key}))")
        self._tables.append(table)
        names = tuple(spec.heading)
        if rows:
            self.session.insert_columns(spec.name, names, [[row[name] for row in rows] for name in names])

    def rows(self, statement: Statement, heading: Heading) -> list[tuple[Any, ...]]:
        """Run a query and return its rows as canonical values."""
        found = self.session.execute(statement.sql, statement.params).rows
        if not len(heading):
            return [() for _ in found]
        adapters = [self.dialect.from_driver_for(item.stored) for item in heading.attributes.values()]
        return [
            tuple(
                value if value is None or adapt is None else adapt(value)
                for value, adapt in zip(row, adapters, strict=True)
            )
            for row in found
        ]

    def value(self, statement: Statement) -> Any:
        """Run a query of one value."""
        return self.session.execute(statement.sql, statement.params).rows[0][0]


@contextmanager
def open_engine(name: str) -> Iterator[Engine]:
    """Open an engine on a database of its own."""
    if name == "sqlite":
        with closing(backends.connect(parse_url("sqlite://"), Settings())) as session:
            yield Engine(session)
        return
    from pathlib import Path

    from tests.backends.conftest import FRESH_DATABASES, USED_DATABASES

    url = FRESH_DATABASES[name](Path())
    try:
        with closing(backends.connect(parse_url(url), Settings())) as session:
            yield Engine(session)
    finally:
        if name in USED_DATABASES:
            USED_DATABASES[name](url)
