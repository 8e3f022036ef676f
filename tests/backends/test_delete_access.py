"""Deletes by users who may not do everything: told exactly what is missing, before anything is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import pytest
from tests.backends.conftest import SERVERS, only_on

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.delete import delete, plan_delete
from datamill.data.insert import insert
from datamill.errors import AccessError
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]
Grant = Callable[[str, str], None]

pytestmark = only_on(*SERVERS)

PASSWORD = "Low-1234"
CREATE = {
    "postgresql": ["CREATE ROLE {user} LOGIN PASSWORD '{password}'"],
    "mysql": ["CREATE USER {user}@'%' IDENTIFIED BY '{password}'"],
    "mariadb": ["CREATE USER {user}@'%' IDENTIFIED BY '{password}'"],
}
DROP = {
    "postgresql": ["DROP OWNED BY {user}", "DROP ROLE {user}"],
    "mysql": ["DROP USER {user}@'%'"],
    "mariadb": ["DROP USER {user}@'%'"],
}


@pytest.fixture
def user(connection: Connection) -> Iterator[str]:
    """A new user of the server without any privilege."""
    name, dialect = f"low_{uuid4().hex[:10]}", connection.dialect.name
    for sql in CREATE.get(dialect, []):
        connection.query(sql.format(user=name, password=PASSWORD), None)
    yield name
    for sql in DROP.get(dialect, []):
        connection.query(sql.format(user=name), None)


@pytest.fixture
def grant(connection: Connection, user: str) -> Grant:
    def grant(privileges: str, table: str) -> None:
        if connection.dialect.name not in CREATE:
            return
        schema = table.partition(".")[0]
        if connection.dialect.name == "postgresql":
            connection.query(f"GRANT USAGE ON SCHEMA {schema} TO {user}", None)
        whom = user if connection.dialect.name == "postgresql" else f"{user}@'%'"
        connection.query(f"GRANT {privileges} ON {table} TO {whom}", None)

    return grant


@pytest.fixture
def low(database_url: str, connection: Connection, user: str) -> Iterator[Connection]:
    parts, url = urlsplit(database_url), database_url
    if parts.hostname:
        url = urlunsplit(parts._replace(netloc=f"{user}:{quote(PASSWORD)}@{parts.hostname}:{parts.port}"))
    with Connection(url=url) as connection:
        yield connection


@pytest.fixture
def tables(connection: Connection, declare: Declare) -> list[TableSpec]:
    specs = [
        declare("lab.a", "a : int32"),
        declare("lab.b", "-> lab.a\nb : int32"),
        declare("other.c", "-> lab.b"),
    ]
    insert(connection, specs[0], [{"a": 1}, {"a": 2}])
    insert(connection, specs[1], [{"a": 1, "b": 1}])
    insert(connection, specs[2], [{"a": 1, "b": 1}])
    return specs


def total(connection: Connection, tables: list[TableSpec]) -> int:
    return sum(fetch.count(connection, BaseTable(spec, connection)) for spec in tables)


def test_missing_delete(
    connection: Connection, tables: list[TableSpec], grant: Grant, low: Connection
) -> None:
    for table in ("lab.a", "other.c"):
        grant("SELECT, DELETE", table)
    grant("SELECT", "lab.b")
    source = restrict(BaseTable(low.catalog.spec(tables[0].name), low), "a = 1")
    plan = plan_delete(low, source)
    assert plan.total == 3
    owners = plan.owners()
    assert [owner.deletable for owner in owners.values()] == [True, False, True]
    for transaction in (True, False):
        with pytest.raises(AccessError, match=r"DELETE on lab\.b,") as raised:
            delete(low, source, prompt=False, transaction=transaction)
        assert raised.value.privilege == "DELETE"
        with pytest.raises(AccessError, match=r"DELETE on lab\.b,"):
            plan.apply(transaction)
        assert total(connection, tables) == 4
    other = restrict(BaseTable(low.catalog.spec(tables[0].name), low), "a = 2")
    assert delete(low, other, prompt=False) == 1
    grant("DELETE", "lab.b")
    assert plan.apply() == 1
    assert total(connection, tables) == 0


def test_hidden_or_unreadable_tables(
    connection: Connection, tables: list[TableSpec], grant: Grant, low: Connection
) -> None:
    """A dependent table that may not be read, or not even seen, keeps the rows that it refers to."""
    for table in ("lab.a", "lab.b"):
        grant("SELECT, DELETE", table)
    source = restrict(BaseTable(low.catalog.spec(tables[0].name), low), "a = 1")
    with pytest.raises(AccessError) as raised:
        delete(low, source, prompt=False)
    assert "SELECT" in str(raised.value.privilege)
    with pytest.raises(AccessError):
        plan_delete(low, source).apply()
    assert total(connection, tables) == 4


def test_a_trash_that_cannot_be_written(
    connection: Connection, tables: list[TableSpec], grant: Grant, low: Connection
) -> None:
    for table in ("lab.a", "lab.b", "other.c"):
        grant("SELECT, DELETE", table)
    source = BaseTable(low.catalog.spec(tables[0].name), low)
    with pytest.raises(AccessError):
        delete(low, source, prompt=False, trash=True)
    assert total(connection, tables) == 4
