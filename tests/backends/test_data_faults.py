"""Faults: killed processes, a full disk, two writers at once. What is not committed leaves no trace."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.backends.conftest import only_on

from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.errors import QueryError
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]

WORKER = Path(__file__).with_name("faults_worker.py")


@pytest.fixture
def tables(connection: Connection, declare: Declare) -> tuple[TableSpec, TableSpec]:
    mouse = declare("lab.mouse", "mouse : int32\n---\nname = '' : varchar(4000)")
    scan = declare("lab.scan", "-> lab.mouse\nscan : int32")
    insert(connection, mouse, [{"mouse": k} for k in range(500)])
    insert(connection, scan, [{"mouse": k, "scan": 1} for k in range(500)])
    return mouse, scan


@pytest.mark.parametrize("task", ["insert", "delete"])
@pytest.mark.parametrize("delay", [0.0, 0.05])
def test_a_killed_process_leaves_the_database_as_it_was(
    task: str, delay: float, database_url: str, connection: Connection, tables: tuple[TableSpec, TableSpec]
) -> None:
    command = [sys.executable, str(WORKER), database_url, task]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "busy\n"
        time.sleep(delay)
        process.kill()
    assert [fetch.count(connection, BaseTable(spec, connection)) for spec in tables] == [500, 500]
    if connection.dialect.name == "sqlite":
        assert connection.query("PRAGMA integrity_check").fetchall() == [("ok",)]
    insert(connection, tables[0], [{"mouse": 1000}])


@only_on("sqlite")  # whose pages can be counted; the disk of a server is out of reach
def test_a_full_disk_is_a_clear_error_and_stores_nothing(
    connection: Connection, tables: tuple[TableSpec, TableSpec]
) -> None:
    pages = connection.query("PRAGMA page_count").fetchone()[0]
    connection.query(f"PRAGMA max_page_count = {pages + 20}")
    rows = [{"mouse": 1000 + k, "name": "x" * 4000} for k in range(3000)]
    with pytest.raises(QueryError, match="no room") as error:
        insert(connection, tables[0], rows)
    assert "Free disk space" in str(error.value)
    assert not connection.in_transaction
    assert fetch.count(connection, BaseTable(tables[0], connection)) == 500
    connection.query("PRAGMA max_page_count = 1000000")
    insert(connection, tables[0], rows)


def test_two_processes_writing_at_once_lose_nothing(
    database_url: str, connection: Connection, tables: tuple[TableSpec, TableSpec]
) -> None:
    script = (
        "import sys\n"
        "from datamill.data.connection import Connection\n"
        "from datamill.data.insert import insert\n"
        "from datamill.model.names import TableName\n"
        "with Connection(url=sys.argv[1]) as connection:\n"
        "    spec = connection.catalog.spec(TableName('lab', 'mouse'))\n"
        "    for k in range(40):\n"
        "        insert(connection, spec, [{'mouse': int(sys.argv[2]) + k}])\n"
    )
    running: list[subprocess.Popen[Any]] = [
        subprocess.Popen([sys.executable, "-c", script, database_url, str(start)]) for start in (1000, 2000)
    ]
    for k in range(40):
        insert(connection, tables[0], [{"mouse": 3000 + k}])
    assert [process.wait() for process in running] == [0, 0]
    assert fetch.count(connection, BaseTable(tables[0], connection)) == 620
