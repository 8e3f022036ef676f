"""Alterations on MySQL and MariaDB that break off: whatever step was the last, no row is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.backends.conftest import resolve
from tests.backends.test_mysql_faults import address, declare, server

from datamill.catalog.altering import alter
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.errors import DataMillError
from datamill.model.names import TableName
from datamill.model.table import TableSpec

__all__ = ["server"]
MOUSE, SCAN = TableName("lab", "mouse"), TableName("lab", "scan")
BEFORE = "mouse : int32\n---\nname : varchar(20)"
AFTER = "mouse : int32\n---\nname : varchar(30)\nage = 0 : int32"
STEPS = {
    "put aside": ["RENAME TABLE lab.mouse TO lab.`~-mouse`"],
    "being filled": [
        "RENAME TABLE lab.mouse TO lab.`~-mouse`",
        "CREATE TABLE lab.`~+mouse` (mouse int PRIMARY KEY, name varchar(30) NOT NULL, age int NOT NULL DEFAULT 0)",
        "INSERT INTO lab.`~+mouse` (mouse, name) VALUES (1, 'half')",
    ],
    "old one dropped": [
        "RENAME TABLE lab.mouse TO lab.`~-mouse`",
        "CREATE TABLE lab.`~+mouse` (mouse int PRIMARY KEY, name varchar(30) NOT NULL, age int NOT NULL DEFAULT 0)",
        "INSERT INTO lab.`~+mouse` (mouse, name) SELECT mouse, name FROM lab.`~-mouse`",
        "SET foreign_key_checks = 0",
        "DROP TABLE lab.`~-mouse`",
        "SET foreign_key_checks = 1",
    ],
    "in its place but for the name": ["RENAME TABLE lab.mouse TO lab.`~-mouse`"],
}


@pytest.fixture
def connection(server: str, tmp_path: Path) -> Iterator[Connection]:
    with Connection(url=address(server)) as connection:
        yield connection


@pytest.fixture
def mice(connection: Connection) -> TableSpec:
    mouse = declare(connection, "lab.mouse", BEFORE)
    scan = declare(connection, "lab.scan", "-> lab.mouse\nscan : int32")
    insert(connection, mouse, [{"mouse": k, "name": f"m{k}"} for k in range(20)])
    insert(connection, scan, [{"mouse": k, "scan": 1} for k in range(20)])
    return mouse


def check(connection: Connection) -> None:
    assert connection.query("SELECT COUNT(*), COUNT(DISTINCT name) FROM lab.mouse").fetchone() == (20, 20)
    tables = {row[0] for row in connection.query("SHOW TABLES FROM lab")}
    assert tables == {"mouse", "scan", "~lineage"}
    with pytest.raises(DataMillError):
        insert(connection, connection.catalog.spec(SCAN), [{"mouse": 77, "scan": 1}])
    with pytest.raises(DataMillError):
        connection.query("DELETE FROM lab.mouse WHERE mouse = 1")


@pytest.mark.parametrize("step", STEPS)
def test_declaring_again_finishes_it(connection: Connection, mice: TableSpec, step: str) -> None:
    for statement in STEPS[step]:
        connection.query(statement, None)
    connection.catalog.invalidate()
    assert connection.catalog.declare(resolve(connection, "lab", "mouse", AFTER)) == []
    check(connection)


@pytest.mark.parametrize("step", STEPS)
def test_another_alteration_finishes_it(connection: Connection, mice: TableSpec, step: str) -> None:
    scan = resolve(connection, "lab", "scan", "-> lab.mouse\nscan : int32\n---\nnote = '' : varchar(8)")
    for statement in STEPS[step]:
        connection.query(statement, None)
    connection.catalog.invalidate()
    with pytest.raises(DataMillError):  # what the plan was made of is no longer so
        alter(connection, scan, prompt=False)
    other = resolve(connection, "lab", "scan", "-> lab.mouse\nscan : int32\n---\nn = 0 : int8")
    assert alter(connection, other, prompt=False)
    check(connection)


def test_a_name_without_room(connection: Connection) -> None:
    name = "m" * 63
    declare(connection, f"lab.{name}", BEFORE)
    with pytest.raises(DataMillError, match="leaves no room"):
        alter(connection, resolve(connection, "lab", name, AFTER), prompt=False)
    assert connection.catalog.has(TableName("lab", name))
