"""Cut connections, restarted servers, and many at once, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.services import service_url

if service_url("postgresql") is None:
    pytest.skip("PostgreSQL runs nowhere: scripts/services start", allow_module_level=True)

from tests.backends import postgresql_databases
from tests.backends.own_servers import OwnServer, own_server

from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.data.iterate import iterate
from datamill.errors import DataMillError, LostConnectionError, QueryError
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]
SERVICES = Path(__file__).parent.parent.parent / "scripts" / "services"


@pytest.fixture(params=["postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mouse(connection: Connection, declare: Declare) -> TableSpec:
    spec = declare("lab.mouse", "mouse : int32\n---\nname = '' : varchar(4000)")
    insert(connection, spec, [{"mouse": k} for k in range(100)])
    return spec


def pid(connection: Connection) -> int:
    return int(connection.query("SELECT pg_backend_pid()").fetchone()[0])


def cut(number: int) -> None:
    """End a connection from the server's side, and wait until it is gone."""
    postgresql_databases.admin().execute("SELECT pg_terminate_backend(%s, 10000)", (number,))


def count(connection: Connection, spec: TableSpec) -> int:
    return fetch.count(connection, BaseTable(spec, connection))


def test_a_connection_cut_while_idle_is_replaced(connection: Connection, mouse: TableSpec) -> None:
    for work in (
        lambda: count(connection, mouse),
        lambda: insert(connection, mouse, [{"mouse": 1000}]),
        lambda: connection.query("UPDATE lab.mouse SET name = 'x' WHERE mouse = 1"),
        lambda: list(iterate(connection, BaseTable(mouse, connection))),
    ):
        before = pid(connection)
        cut(before)
        work()
        assert pid(connection) != before
    assert count(connection, mouse) == 101


def test_without_reconnect_it_is_an_error(connection: Connection, mouse: TableSpec) -> None:
    connection.config["database.reconnect"] = False
    try:
        with Connection(
            url=connection.address.to_url(show_password=True), config_override=connection.config
        ) as other:
            cut(pid(other))
            with pytest.raises(LostConnectionError):
                count(other, mouse)
    finally:
        connection.config["database.reconnect"] = True


@pytest.mark.parametrize("batches", [1, 3])
def test_cut_in_the_middle_of_an_insert(connection: Connection, mouse: TableSpec, batches: int) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        for k in range(5000):
            if k == 1000 * batches + 500:
                cut(number)
            yield {"mouse": 1000 + k}

    number = pid(connection)
    with pytest.raises(LostConnectionError):
        insert(connection, mouse, rows())
    assert not connection.in_transaction
    assert count(connection, mouse) == 100
    insert(connection, mouse, [{"mouse": 1000}])


def test_cut_while_a_statement_runs(connection: Connection, mouse: TableSpec) -> None:
    number = pid(connection)
    timer = threading.Timer(0.3, cut, (number,))
    timer.start()
    with pytest.raises(LostConnectionError, match="unknown"):
        connection.query("UPDATE lab.mouse SET name = 'x' || pg_sleep(1)")
    timer.join()
    assert connection.query("SELECT count(*) FROM lab.mouse WHERE name <> ''").fetchone() == (0,)


def test_cut_in_the_middle_of_a_fetch(connection: Connection, mouse: TableSpec) -> None:
    insert(connection, mouse, [{"mouse": 1000 + k, "name": "x" * 1000} for k in range(20_000)])
    rows = iterate(connection, BaseTable(mouse, connection))
    next(rows)
    sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'FETCH%'"
    ((reader,),) = connection.query(sql, None).fetchall()
    cut(reader)
    with pytest.raises(LostConnectionError):
        list(rows)
    assert len(list(iterate(connection, BaseTable(mouse, connection)))) == 20_100


def test_cut_within_a_transaction(connection: Connection, mouse: TableSpec) -> None:
    connection.start_transaction()
    insert(connection, mouse, [{"mouse": 1000}])
    cut(pid(connection))
    with pytest.raises(LostConnectionError):
        insert(connection, mouse, [{"mouse": 1001}])
    with pytest.raises(QueryError, match="rolled back"):
        insert(connection, mouse, [{"mouse": 1002}])
    with pytest.raises(QueryError, match="rolled back"):
        connection.commit_transaction()
    assert count(connection, mouse) == 100


def test_cut_at_the_commit(connection: Connection, mouse: TableSpec) -> None:
    connection.start_transaction()
    insert(connection, mouse, [{"mouse": 1000}])
    cut(pid(connection))
    with pytest.raises(LostConnectionError, match="unknown"):
        connection.commit_transaction()
    assert count(connection, mouse) == 100
    assert not connection.in_transaction


def test_cut_while_the_server_commits(connection: Connection, mouse: TableSpec) -> None:
    """A deferred trigger keeps the COMMIT busy."""
    connection.query(
        "CREATE FUNCTION lab.slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$",
        None,
    )
    connection.query(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON lab.mouse DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION lab.slow()",
        None,
    )
    timer = threading.Timer(0.5, cut, (pid(connection),))
    timer.start()
    with pytest.raises(LostConnectionError, match="unknown"):
        insert(connection, mouse, [{"mouse": 1000}])
    timer.join()
    assert count(connection, mouse) == 100


def test_a_child_forked_within_a_loop_leaves_the_loop_alone(connection: Connection, mouse: TableSpec) -> None:
    insert(connection, mouse, [{"mouse": 1000 + k} for k in range(5000)])
    rows = iterate(connection, BaseTable(mouse, connection))
    next(rows)
    child = os.fork()
    if child == 0:
        rows.close()  # type: ignore[attr-defined]
        os._exit(count(connection, mouse) != 5100)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(rows)) == 5099
    assert count(connection, mouse) == 5100


def test_two_threads_on_one_table(connection: Connection, mouse: TableSpec) -> None:
    def work(start: int) -> None:
        for k in range(50):
            insert(connection, mouse, [{"mouse": start + k}])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (1000, 2000)))
    assert count(connection, mouse) == 200


def test_two_processes_on_one_table_and_the_same_keys(
    database_url: str, connection: Connection, mouse: TableSpec
) -> None:
    script = (
        "import sys\n"
        "from datamill.data.connection import Connection\n"
        "from datamill.data.insert import insert\n"
        "from datamill.model.names import TableName\n"
        "with Connection(url=sys.argv[1]) as connection:\n"
        "    spec = connection.catalog.spec(TableName('lab', 'mouse'))\n"
        "    for k in range(60):\n"
        "        rows = [{'mouse': 1000 + k}, {'mouse': 5000 - k}]\n"
        "        insert(connection, spec, rows, skip_duplicates=True)\n"
    )
    running: list[subprocess.Popen[Any]] = [
        subprocess.Popen([sys.executable, "-c", script, database_url]) for _ in range(2)
    ]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert count(connection, mouse) == 220


def test_processes_that_declare_at_once(database_url: str, connection: Connection) -> None:
    script = (
        "import sys, datamill as dm\n"
        "schema = dm.Schema('race', connection=dm.Connection(url=sys.argv[1]))\n"
        "for k in range(5):\n"
        "    text = \"a : int32\\n---\\nb : enum('x', 'y')\\nindex (b)\"\n"
        "    schema(type(dm.Manual)(f'Table{k}', (dm.Manual,), {'definition': text}))\n"
    )
    running: list[subprocess.Popen[Any]] = [
        subprocess.Popen([sys.executable, "-c", script, database_url]) for _ in range(3)
    ]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    assert len(connection.catalog.load("race")) == 5


# a server of its own ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own() -> Iterator[OwnServer]:
    """A server that may be stopped."""
    with own_server("postgresql") as server:
        yield server


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_restarts_under_a_running_client(own: OwnServer, mode: str) -> None:
    with Connection(url=own.url) as connection:
        connection.query("DROP TABLE IF EXISTS t")
        connection.query("CREATE TABLE t (a int PRIMARY KEY)")
        connection.query("INSERT INTO t SELECT generate_series(1, 5000)")
        stream = connection.session.stream("SELECT a FROM t")
        next(stream)
        connection.start_transaction()
        connection.query("INSERT INTO t VALUES (9001)")
        own.stop(mode)
        with pytest.raises(LostConnectionError):
            connection.query("INSERT INTO t VALUES (9002)")
        with pytest.raises(LostConnectionError):
            list(stream)
        connection.cancel_transaction()
        with pytest.raises(LostConnectionError, match="reached"):
            connection.query("SELECT 1")
        assert not connection.is_connected
        own.start()
        assert connection.query("SELECT count(*) FROM t").fetchone() == (5000,)
        connection.query("INSERT INTO t VALUES (9003)")
        with connection.transaction:
            connection.query("INSERT INTO t VALUES (9004)")
        assert connection.query("SELECT count(*) FROM t").fetchone() == (5002,)
    with pytest.raises(DataMillError):
        connection.query("SELECT 1")
