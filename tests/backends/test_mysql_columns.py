"""What MySQL's drivers read and send in bulk: tables without a row made, rows in batches, long binary values."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from tests.backends.mysql_databases import run
from tests.backends.test_mysql_faults import address, declare, driver, server
from tests.services import service_url

from datamill.algebra.relations import BaseTable
from datamill.backends import mysql_drivers, mysql_rows
from datamill.backends.mysql import MysqlSession
from datamill.data import fetch, query
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.data.iterate import iterate
from datamill.errors import DuplicateError, LostConnectionError
from datamill.model.names import TableName
from datamill.settings import Config

pytest.importorskip("pyarrow")
__all__ = ["driver", "server"]
SOME = {
    "n": 7,
    "word": "größe 😀",
    "flag": True,
    "x": 0.1,
    "cost": Decimal("1.50"),
    "day": datetime.date(2024, 2, 29),
    "moment": datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
    "hour": datetime.time(23, 59, 59, 999999),
    "id": UUID(int=5),
    "document": {"a": ["ü", None, 1.5]},
    "raw": b"\0\n'\\\xff",
    "values_": [1, 2],
}
DEFINITION = """
k : int32
---
n = null : uint64
word = null : varchar(40)
flag = null : bool
x = null : float64
cost = null : decimal(6,2)
day = null : date
moment = null : datetime(6)
hour = null : time(6)
id = null : uuid
document = null : json
raw = null : bytes
values_ = null : <blob>
"""


@pytest.fixture
def connection(server: str, driver: str) -> Iterator[Connection]:
    with Connection(url=address(server, driver)) as connection:
        yield connection


@pytest.fixture
def table(connection: Connection) -> BaseTable:
    """A thousand rows: with a value everywhere, and with NULL everywhere."""
    spec = declare(connection, "lab.everything", DEFINITION)
    insert(connection, spec, [{"k": k, **(SOME if k % 3 else {})} for k in range(1000)])
    return BaseTable(spec, connection)


def expected(k: int) -> dict[str, Any]:
    return {"k": k, **(SOME if k % 3 else dict.fromkeys(SOME))}


def test_many_rows(connection: Connection, table: BaseTable) -> None:
    assert fetch.to_dicts(connection, table, order_by="k") == [expected(k) for k in range(1000)]
    streamed = list(iterate(connection, table))
    assert sorted(streamed, key=lambda row: row["k"]) == [expected(k) for k in range(1000)]


@pytest.mark.parametrize("driver", ["pymysql"], indirect=True)
def test_no_row_is_made_for_a_table(
    connection: Connection, table: BaseTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "_read_rows", None)
    found = fetch.to_arrow(connection, table, order_by="k", decode=True)
    assert found.column("word").to_pylist() == [expected(k)["word"] for k in range(1000)]
    assert found.column("hour").to_pylist() == [expected(k)["hour"] for k in range(1000)]
    assert found.column("values_").to_pylist() == [expected(k)["values_"] for k in range(1000)]


@pytest.mark.parametrize("driver", ["pymysql"], indirect=True)
def test_numpy_is_waited_for(
    connection: Connection, table: BaseTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_rows, "_FEW", 10**9)
    assert fetch.to_dicts(connection, table, order_by="k") == [expected(k) for k in range(1000)]


@pytest.mark.parametrize("driver", ["pymysql"], indirect=True)
def test_the_driver_that_is_taken(server: str, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = service_url(server)
    with Connection(url=url) as connection:
        assert connection.session.read_arrow("SELECT 1 AS k").to_pylist() == [{"k": 1}]  # type: ignore[attr-defined]
    pytest.importorskip("MySQLdb")
    monkeypatch.setattr(
        mysql_drivers, "find_spec", lambda name: None if name == "pymysql" else find_spec(name)
    )
    with Connection(url=url) as connection:
        assert connection.session.read_arrow("SELECT 1 AS k") is None  # type: ignore[attr-defined]


def test_types_of_the_server_are_read_by_rows(connection: Connection) -> None:
    connection.catalog.create_schema("lab")
    connection.query("CREATE TABLE lab.foreign_table (k int PRIMARY KEY, y year, b bit(3))")
    connection.query("INSERT INTO lab.foreign_table VALUES (1, 2024, 5)")
    spec = connection.catalog.spec(TableName("lab", "foreign_table"))
    table = fetch.to_arrow(connection, BaseTable(spec, connection))
    assert table.to_pylist() == [{"k": 1, "y": 2024, "b": b"\x05"}]


class TestLongBinaryValues:
    @pytest.fixture
    def spec(self, connection: Connection) -> Any:
        return declare(connection, "lab.movie", "k : int32\n---\nword : varchar(20)\nframes : <blob>")

    def test_with_text(self, connection: Connection, spec: Any) -> None:
        noise = np.random.default_rng(1).integers(0, 256, 2**20, dtype=np.uint8)
        rows = [{"k": k, "word": "größe 😀 it's \\", "frames": noise[: 2**20 - k]} for k in range(3)]
        insert(connection, spec, rows[:1])
        insert(connection, spec, rows[1:])
        found = fetch.to_dicts(connection, BaseTable(spec, connection), order_by="k")
        assert [row["word"] for row in found] == [row["word"] for row in rows]
        np.testing.assert_equal([row["frames"] for row in found], [row["frames"] for row in rows])

    def test_an_error_leaves_the_session_as_it_was(self, connection: Connection, spec: Any) -> None:
        row = {"k": 1, "word": "ü", "frames": np.random.default_rng(1).bytes(10**5)}
        insert(connection, spec, [row])
        with pytest.raises(DuplicateError) as caught:
            insert(connection, spec, [{**row, "k": 2}, row])
        assert caught.value.attributes == ("k",)
        client = "SELECT @@character_set_client, 'ü', CHAR_LENGTH('ü')"
        assert connection.query(client).fetchone() == ("utf8mb4", "ü", 1)


class TestFewRows:
    @pytest.fixture
    def spec(self, connection: Connection) -> Any:
        return declare(connection, "lab.mouse", "k : int32\n---\nword : varchar(20)")

    def test_are_one_statement(
        self, connection: Connection, spec: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[bytes] = []
        carry_out = MysqlSession.run

        def watch(self: Any, statement: bytes, *rest: Any) -> Any:
            seen.append(statement[:6])
            return carry_out(self, statement, *rest)

        monkeypatch.setattr(MysqlSession, "run", watch)
        insert(connection, spec, [{"k": k, "word": "a"} for k in range(5)])
        assert seen == [b"INSERT"]
        with pytest.raises(DuplicateError):
            insert(connection, spec, [{"k": 9, "word": "a"}, {"k": 1, "word": "a"}])
        assert len(fetch.to_dicts(connection, BaseTable(spec, connection))) == 5

    def test_go_to_a_new_connection_if_theirs_broke(
        self, server: str, connection: Connection, spec: Any
    ) -> None:
        kill(server, connection)
        insert(connection, spec, [{"k": 1, "word": "a"}])
        assert len(fetch.to_dicts(connection, BaseTable(spec, connection))) == 1

    def test_go_nowhere_if_that_is_not_wanted(self, server: str, driver: str, spec: Any) -> None:
        config = Config({"database.reconnect": False}, environment={}, ignore_files=True)
        with Connection(url=address(server, driver), config_override=config) as connection:
            kill(server, connection)
            with pytest.raises(LostConnectionError, match="unknown"):
                insert(connection, spec, [{"k": 1, "word": "a"}])


def kill(server: str, connection: Connection) -> None:
    """End a connection, and wait until the client could know."""
    run(server, f"KILL {connection.connection_id}")
    wire: Any = connection.session._wire  # type: ignore[attr-defined]
    deadline = time.monotonic() + 30
    while not wire.is_stale() and time.monotonic() < deadline:
        time.sleep(0.01)
