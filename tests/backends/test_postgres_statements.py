"""Statements that run on libpq itself: prepared once they return, forgotten when tables change, COPY refused."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.services import service_url

if service_url("postgresql") is None:
    pytest.skip("PostgreSQL runs nowhere: scripts/services start", allow_module_level=True)

import psycopg

from datamill.backends import postgres_statements
from datamill.backends.postgres import PostgresSession, connect
from datamill.errors import DuplicateError, QueryError, QuerySyntaxError
from datamill.model.names import TableName
from datamill.settings.address import parse_url
from datamill.settings.values import Settings

PREPARED = "SELECT statement FROM pg_prepared_statements ORDER BY name"


@pytest.fixture(params=["postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def session(database_url: str) -> Iterator[PostgresSession]:
    session = connect(parse_url(database_url), Settings())
    session.execute("CREATE SCHEMA lab")
    session.execute("CREATE TABLE lab.t (a integer PRIMARY KEY, b text)")
    yield session
    session.close()


def prepared(session: PostgresSession) -> list[str]:
    return [row[0] for row in session.execute(PREPARED).rows if row[0] != PREPARED]


def run(session: PostgresSession, times: int, sql: str = "SELECT b FROM lab.t WHERE a = %s") -> Any:
    return [session.execute(sql, (number,)).rows for number in range(times)]


def test_statements_that_return_are_prepared(session: PostgresSession) -> None:
    run(session, 5)
    assert prepared(session) == []
    run(session, 3)
    assert prepared(session) == ["SELECT b FROM lab.t WHERE a = $1"]
    session.execute("SELECT b FROM lab.t WHERE b = ANY(%s::text[])", (["x"],))
    for _ in range(8):
        session.execute("SELECT b FROM lab.t WHERE b = ANY(%s::text[])", (["x"],))
    assert len(prepared(session)) == 1  # a kept plan would not know the length of the list


def test_each_type_of_value_has_its_plan(session: PostgresSession) -> None:
    session.execute("INSERT INTO lab.t VALUES (1, 'x')")
    for value in (1, 100_000, 2**40, 1):
        for _ in range(8):
            assert len(session.execute("SELECT b FROM lab.t WHERE a = %s", (value,)).rows) == (value == 1)


def test_the_server_keeps_only_so_many(session: PostgresSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_statements, "MOST", 3)
    for number in range(6):
        run(session, 8, f"SELECT {number} + a FROM lab.t WHERE a = %s")
    assert len(prepared(session)) <= 3
    assert run(session, 8, "SELECT 0 + a FROM lab.t WHERE a = %s") == [[]] * 8


def test_plans_do_not_outlive_what_they_read(session: PostgresSession) -> None:
    sql = "SELECT * FROM lab.t WHERE a = %s"
    session.execute("INSERT INTO lab.t VALUES (1, 'x')")
    run(session, 8, sql)
    session.begin()
    session.execute("ALTER TABLE lab.t ADD COLUMN c integer DEFAULT 7")
    assert session.execute(sql, (1,)).rows == [(1, "x", 7)]
    session.execute("DROP TABLE lab.t")
    session.execute("CREATE TABLE lab.t AS SELECT 1 AS a")
    assert session.execute(sql, (1,)).rows == [(1,)]
    session.rollback()
    assert session.execute(sql, (1,)).rows == [(1, "x")]


def test_others_may_change_tables(session: PostgresSession, database_url: str) -> None:
    sql = "SELECT * FROM lab.t WHERE a = %s"
    run(session, 8, sql)
    other = connect(parse_url(database_url), Settings())
    other.execute("ALTER TABLE lab.t ADD COLUMN c integer")
    other.close()
    session.execute("INSERT INTO lab.t VALUES (1, 'x', 2)")
    assert session.execute(sql, (1,)).rows == [(1, "x", 2)]


def test_errors_leave_the_connection_usable(session: PostgresSession) -> None:
    with pytest.raises(QuerySyntaxError):
        session.execute("SELECT 1; SELECT 2")
    with pytest.raises(QueryError, match="zero"):
        run(session, 9, "SELECT 1 / (%s - 7)")
    with pytest.raises(QueryError, match="COPY"):
        session.execute("COPY (SELECT 1) TO STDOUT")
    assert session.execute("SELECT 1").rows == [(1,)]
    assert run(session, 9) == [[]] * 9


def test_large_values_stay_out_of_plans(session: PostgresSession) -> None:
    session.execute("CREATE TABLE lab.picture (a integer PRIMARY KEY, data bytea)")
    name, noise = TableName("lab", "picture"), bytes(range(256)) * 2000
    mode = "SELECT current_setting('plan_cache_mode')"

    def put(number: int) -> int:
        return session.insert_columns(name, ("a", "data"), ([number], [noise]))

    for number in range(8):
        assert put(number) == 1
    assert session.execute(mode).rows == [("auto",)]
    session.begin()
    put(8)
    with pytest.raises(DuplicateError):
        put(8)
    session.rollback()
    assert session.execute(mode).rows == [("auto",)]
    put(8)
    session.begin()
    put(9)
    session.savepoint("here")
    assert session.execute(mode).rows == [("auto",)]
    session.rollback_to_savepoint("here")
    session.commit()
    assert session.execute(mode).rows == [("auto",)]
    put(10)
    session.begin()
    assert session.execute(mode).rows == [("auto",)]
    session.rollback()
    assert session.execute(mode).rows == [("auto",)]
    sizes = session.execute("SELECT COUNT(*), MIN(octet_length(data)) FROM lab.picture").rows
    assert sizes == [(11, len(noise))]


def _interrupt_when_sleeping(watcher: PostgresSession) -> None:
    """Interrupt the main thread as soon as the server runs its statement."""
    asleep = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
    while not watcher.execute(asleep).rows:
        time.sleep(0.01)
    _thread.interrupt_main()


def test_an_interrupt_ends_what_the_server_does(session: PostgresSession, database_url: str) -> None:
    watcher = connect(parse_url(database_url), Settings())
    threading.Thread(target=_interrupt_when_sleeping, args=[watcher], daemon=True).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        session.execute("SELECT pg_sleep(60)")
    assert time.monotonic() - begun < 50
    assert session.execute("SELECT 1").rows == [(1,)]
    watcher.close()


def test_an_interrupt_before_the_answer_leaves_none_for_the_next_statement(
    session: PostgresSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(psycopg.Connection, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        session.execute("SELECT 1")
    monkeypatch.undo()
    assert session.execute("SELECT 2").rows == [(2,)]
