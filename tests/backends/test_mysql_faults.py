"""MySQL and MariaDB when things go wrong: cut connections, restarts, missing privileges, packets, races, TLS."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.backends.conftest import _wanted, resolve
from tests.backends.own_servers import OwnServer, own_server
from tests.services import service_url

from datamill.algebra.expression import collations
from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.delete import delete
from datamill.data.insert import insert
from datamill.data.iterate import iterate
from datamill.errors import (
    AccessError,
    ConfigError,
    DataMillError,
    DataMillWarning,
    DuplicateError,
    InvalidValueError,
    LockTimeoutError,
    LostConnectionError,
    MissingTableError,
    QueryError,
    QuerySyntaxError,
    UnknownAttributeError,
)
from datamill.language import describe
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.settings import Config

SERVICES = Path(__file__).parents[2] / "scripts" / "services"
NAMES = ("mysql", "mariadb")


@pytest.fixture(params=NAMES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The name of a server that is empty and of this test alone."""
    name = str(request.param)
    wanted = os.environ.get("DATAMILL_TEST_BACKENDS", "").split(",")
    if not (wanted == [""] or name in wanted):
        pytest.skip(f"DATAMILL_TEST_BACKENDS leaves out {name}")
    if service_url(name) is None:
        reason = SERVICES.parents[1] / ".services" / f"{name}.unavailable"
        why = reason.read_text().strip() if reason.exists() else f"scripts/services start {name}"
        pytest.skip(f"{name} does not run: {why}")
    from tests.backends import mysql_databases

    url = mysql_databases.fresh(name)(tmp_path)
    yield name
    mysql_databases.release(name)(url)


@pytest.fixture(scope="module", params=NAMES)
def own(request: pytest.FixtureRequest) -> Iterator[OwnServer]:
    """A server that may be stopped."""
    if str(request.param) not in _wanted():
        pytest.skip(f"{request.param} does not run, or is left out")
    with own_server(str(request.param)) as server:
        yield server


@pytest.fixture(params=("pymysql", "mysqlclient"))
def driver(request: pytest.FixtureRequest) -> str:
    """Each driver in turn."""
    if request.param == "mysqlclient" and find_spec("MySQLdb") is None:
        pytest.skip("mysqlclient is not installed")
    return str(request.param)


def address(server: str, driver: str = "pymysql", **options: str) -> str:
    url = service_url(server)
    assert url is not None
    for name, value in {"driver": driver, **options}.items():
        url += f"&{name}={value}"
    return url


@pytest.fixture
def connection(server: str, driver: str) -> Iterator[Connection]:
    with Connection(url=address(server, driver)) as connection:
        yield connection


def declare(connection: Connection, full_name: str, definition: str) -> TableSpec:
    name = TableName.parse(full_name)
    connection.catalog.create_schema(name.schema)
    connection.catalog.declare(resolve(connection, name.schema, name.table, definition))
    return connection.catalog.spec(name)


@pytest.fixture
def mouse(connection: Connection) -> TableSpec:
    spec = declare(connection, "lab.mouse", "mouse : int32\n---\nname = '' : varchar(100)")
    insert(connection, spec, [{"mouse": k, "name": f"m{k}"} for k in range(5000)])
    return spec


def count(connection: Connection, spec: TableSpec) -> int:
    return fetch.count(connection, BaseTable(spec, connection))


def sql(server: str, *statements: str) -> list[Any]:
    from tests.backends import mysql_databases

    return mysql_databases.run(server, *statements)


def kill(server: str, number: int) -> None:
    sql(server, f"KILL {number}")


def number_of(connection: Connection) -> int:
    return int(connection.query("SELECT CONNECTION_ID()").fetchone()[0])


class TestCutConnections:
    def test_in_mid_insert(self, server: str, connection: Connection, mouse: TableSpec) -> None:
        number = number_of(connection)

        def rows() -> Iterator[dict[str, int]]:
            for k in range(10_000, 20_000):
                if k == 15_000:
                    kill(server, number)
                yield {"mouse": k}

        with pytest.raises(LostConnectionError, match="lost"):
            insert(connection, mouse, rows())
        assert not connection.in_transaction
        assert count(connection, mouse) == 5000
        insert(connection, mouse, [{"mouse": 10_000}])
        assert count(connection, mouse) == 5001

    def test_in_mid_fetch(self, server: str, connection: Connection, mouse: TableSpec) -> None:
        insert(connection, mouse, [{"mouse": k, "name": "x" * 100} for k in range(5000, 200_000)])
        rows = iterate(connection, BaseTable(mouse, connection))
        next(rows)
        query = (
            "SELECT ID FROM information_schema.PROCESSLIST "
            "WHERE USER = '%s' AND ID NOT IN (%d, CONNECTION_ID())"
        )
        for (number,) in sql(server, query % (connection.address.user, number_of(connection))):
            kill(server, number)
        with pytest.raises(LostConnectionError):
            list(rows)
        assert count(connection, mouse) == 200_000

    def test_before_commit(self, server: str, connection: Connection, mouse: TableSpec) -> None:
        connection.start_transaction()
        insert(connection, mouse, [{"mouse": 10_000}])
        kill(server, number_of(connection))
        with pytest.raises(LostConnectionError, match="unknown"):
            connection.commit_transaction()
        assert not connection.in_transaction
        assert count(connection, mouse) == 5000

    def test_in_a_transaction_nothing_is_written_afterwards(
        self, server: str, connection: Connection, mouse: TableSpec
    ) -> None:
        connection.start_transaction()
        insert(connection, mouse, [{"mouse": 10_000}])
        kill(server, number_of(connection))
        with pytest.raises(LostConnectionError):
            insert(connection, mouse, [{"mouse": 10_001}])
        with pytest.raises(QueryError, match="rolled back"):
            insert(connection, mouse, [{"mouse": 10_002}])
        with pytest.raises(QueryError, match="rolled back"):
            connection.commit_transaction()
        assert count(connection, mouse) == 5000

    def test_idle_connections_are_made_anew(
        self, server: str, connection: Connection, mouse: TableSpec
    ) -> None:
        kill(server, number_of(connection))
        assert count(connection, mouse) == 5000
        kill(server, number_of(connection))
        insert(connection, mouse, [{"mouse": 10_000}])
        assert count(connection, mouse) == 5001

    def test_a_session_is_made_anew_unless_a_transaction_went_with_it(
        self, server: str, connection: Connection
    ) -> None:
        session = connection.session
        kill(server, number_of(connection))
        with pytest.raises(LostConnectionError):
            session.execute("SELECT 1")
        assert session.execute("SELECT 1").rows == [(1,)]
        session.begin()
        kill(server, int(session.execute("SELECT CONNECTION_ID()").rows[0][0]))
        for _ in range(2):
            with pytest.raises(LostConnectionError):
                session.execute("SELECT 1")
        session.rollback()
        assert session.execute("SELECT 1").rows == [(1,)]

    def test_unless_told_otherwise(self, server: str, driver: str) -> None:
        config = Config({"database.reconnect": False}, environment={}, ignore_files=True)
        with Connection(url=address(server, driver), config_override=config) as connection:
            kill(server, number_of(connection))
            with pytest.raises(LostConnectionError):
                connection.query("SELECT 1")

    def test_a_restart_under_a_running_client(self, own: OwnServer, driver: str) -> None:
        with Connection(url=f"{own.url}&driver={driver}") as connection:
            mouse = declare(connection, "lab.mouse", "mouse : int32")
            insert(connection, mouse, [{"mouse": k} for k in range(5000)], skip_duplicates=True)
            stream = connection.session.stream(
                "SELECT a.mouse FROM lab.mouse AS a JOIN lab.mouse AS b", (), 10
            )
            next(stream)
            connection.start_transaction()
            insert(connection, mouse, [{"mouse": 10_000}])
            own.stop()
            with pytest.raises(LostConnectionError):
                count(connection, mouse)
            with pytest.raises(LostConnectionError):
                list(stream)
            connection.cancel_transaction()
            with pytest.raises(LostConnectionError, match=r"lost|reached"):
                connection.query("SELECT 1")
            assert not connection.is_connected
            own.start()
            assert count(connection, mouse) == 5000
            insert(connection, mouse, [{"mouse": 10_000}])
            delete(connection, restrict(BaseTable(mouse, connection), "mouse = 10000"), prompt=False)

    def test_nobody_answers(self, driver: str) -> None:
        if service_url("mysql") is None and service_url("mariadb") is None:
            pytest.skip("no driver may be installed")
        with pytest.raises(LostConnectionError, match=r"127\.0\.0\.1:9"):
            Connection(url=f"mysql://u:p@127.0.0.1:9/?driver={driver}")

    def test_wrong_password(self, server: str, driver: str) -> None:
        url = f"mysql://nobody:wrong@{address(server, driver).partition('@')[2]}"
        with pytest.raises(AccessError, match="refused the login"):
            Connection(url=url)

    def test_options(self, server: str) -> None:
        with pytest.raises(ConfigError, match="volume"):
            Connection(url=address(server) + "&volume=11")
        with pytest.raises(ConfigError, match="no MySQL driver"):
            Connection(url=address(server, "oracle"))


class TestPackets:
    def test_more_than_a_packet_in_one_call(self, connection: Connection) -> None:
        spec = declare(connection, "lab.scan", "scan : int32\n---\ndata : bytes")
        noise = os.urandom(1 << 20)
        insert(connection, spec, ({"scan": k, "data": noise} for k in range(70)))
        rows = connection.query("SELECT COUNT(*), SUM(LENGTH(data)) FROM lab.scan").fetchone()
        assert tuple(map(int, rows)) == (70, 70 << 20)

    def test_one_value_larger_than_a_packet(self, connection: Connection) -> None:
        spec = declare(connection, "lab.scan", "scan : int32\n---\ndata : bytes")
        with pytest.raises(InvalidValueError, match="max_allowed_packet"):
            insert(connection, spec, [{"scan": 1, "data": bytes(70 << 20)}])
        assert count(connection, spec) == 0

    @pytest.mark.parametrize("size", [250, 251, 65_535, 65_536, (1 << 24) - 1, 1 << 24, (1 << 24) + 7])
    def test_lengths_of_the_protocol(self, connection: Connection, size: int) -> None:
        spec = declare(connection, "lab.scan", "scan : int32\n---\ndata : bytes")
        value = bytes(range(256)) * (size // 256 + 1)
        insert(connection, spec, [{"scan": 1, "data": value[:size]}])
        (row,) = connection.session.execute("SELECT data, scan FROM lab.scan").rows
        assert row == (value[:size], 1)
        streamed = [row for batch in connection.session.stream("SELECT data FROM lab.scan") for row in batch]
        assert streamed == [(value[:size],)]


class TestBulk:
    ODD = ("", "\t", "\n", "\\", "\\N", "N", "'", '"', "\r\n", "\x1a", "%s", "%", "ünïcode 🐭", "x\\", "NULL")

    def test_odd_texts_come_back(self, connection: Connection) -> None:
        spec = declare(connection, "lab.word", "word : int32\n---\ntext : varchar(40)\nextra = null : json")
        rows = [
            {"word": k, "text": self.ODD[k % len(self.ODD)], "extra": {"t": self.ODD[k % len(self.ODD)]}}
            for k in range(300)
        ]
        insert(connection, spec, rows)
        assert fetch.to_dicts(connection, BaseTable(spec, connection)) == rows

    @pytest.mark.parametrize("total", [1, 300])
    def test_what_does_not_fit_is_an_error_however_many_rows(
        self, connection: Connection, total: int
    ) -> None:
        session = connection.session
        declare(connection, "lab.parent", "a : int8")
        declare(connection, "lab.child", "-> lab.parent\nb : int32\n---\nt = '' : varchar(3)")
        session.insert_columns(TableName("lab", "parent"), ("a",), [[1]])
        name, n = TableName("lab", "child"), list(range(total))
        wrong: list[list[list[Any]]] = [
            [[1] * total, n, ["long"] * total],
            [[1000] * total, n, ["x"] * total],
        ]
        for columns in wrong:
            with pytest.raises(InvalidValueError) as caught:
                session.insert_columns(name, ("a", "b", "t"), columns)
            assert caught.value.row_index == 0
        with pytest.raises(DataMillError, match="parent"):
            session.insert_columns(name, ("a", "b", "t"), [[2] * total, n, ["x"] * total])
        with pytest.raises(DuplicateError):
            session.insert_columns(name, ("a", "b", "t"), [[1] * (total + 1), [*n, 0], ["x"] * (total + 1)])
        assert session.execute("SELECT COUNT(*) FROM lab.child").rows == [(0,)]

    def test_files_are_sent_to_nobody(self, server: str) -> None:
        with Connection(url=address(server, "pymysql")) as connection:
            connection.catalog.create_schema("lab")
            connection.query("CREATE TABLE lab.t (a text)")
            with pytest.raises(LostConnectionError, match="nobody offered"):
                connection.query("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE lab.t")
            assert connection.query("SELECT COUNT(*) FROM lab.t").fetchone() == (0,)


def options(mode: str) -> dict[str, Any]:
    return {mode: True}


class TestConflicts:
    @pytest.fixture
    def spec(self, connection: Connection) -> TableSpec:
        spec = declare(
            connection,
            "lab.pair",
            "a : int32\nb : varchar(8)\n---\nc = 0 : int32\nd = null : int32\nunique index (d)",
        )
        insert(connection, spec, [{"a": k, "b": "x", "c": k, "d": k} for k in range(10)])
        return spec

    def test_skip_and_replace(self, connection: Connection, spec: TableSpec) -> None:
        rows = [{"a": k, "b": "x", "c": -1, "d": k} for k in range(5, 400)]
        insert(connection, spec, rows, skip_duplicates=True)
        assert connection.query("SELECT COUNT(*), SUM(c = -1) FROM lab.pair").fetchone() == (400, 390)
        insert(connection, spec, [{**row, "c": -2} for row in rows], replace=True)
        assert connection.query("SELECT COUNT(*), SUM(c = -2) FROM lab.pair").fetchone() == (400, 395)

    @pytest.mark.parametrize("mode", ["skip_duplicates", "replace"])
    def test_another_unique_index(self, connection: Connection, spec: TableSpec, mode: str) -> None:
        with pytest.raises(DuplicateError) as caught:
            insert(
                connection, spec, [{"a": 1, "b": "x", "d": 2}, {"a": 77, "b": "x", "d": 3}], **options(mode)
            )
        assert caught.value.attributes == ("d",)
        assert connection.query("SELECT COUNT(*), SUM(a = c AND a = d) FROM lab.pair").fetchone() == (10, 10)

    @pytest.mark.parametrize("mode", ["skip_duplicates", "replace"])
    def test_what_the_collation_takes_for_equal(self, connection: Connection, mode: str) -> None:
        connection.query("CREATE DATABASE older COLLATE utf8mb4_general_ci")
        connection.query("CREATE TABLE older.word (word varchar(8) PRIMARY KEY, n int NOT NULL)")
        spec = connection.catalog.spec(TableName("older", "word"))
        insert(connection, spec, [{"word": "Mouse", "n": 1}])
        insert(connection, spec, [{"word": "MOUSE", "n": 2}, {"word": "rat", "n": 3}], **options(mode))
        expected = {"mouse": 1 if mode == "skip_duplicates" else 2, "rat": 3}
        found = dict(connection.query("SELECT LOWER(word), n FROM older.word").fetchall())
        assert found == expected

    @pytest.mark.parametrize("mode", ["skip_duplicates", "replace"])
    def test_many_at_once(self, connection: Connection, spec: TableSpec, mode: str) -> None:
        start = threading.Barrier(4)

        def work(who: int) -> None:
            start.wait()
            for block in range(5):
                rows = [{"a": 100 + block * 20 + k, "b": "x", "c": who} for k in range(20)]
                insert(connection, spec, rows if who % 2 else rows[::-1], **options(mode))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        assert count(connection, spec) == 110


class TestLocks:
    def test_a_lock_waited_for_in_vain(
        self, server: str, driver: str, connection: Connection, mouse: TableSpec
    ) -> None:
        config = Config({"database.busy_timeout": 1}, environment={}, ignore_files=True)
        with Connection(url=address(server, driver), config_override=config) as other, connection.transaction:
            delete(connection, BaseTable(mouse, connection), prompt=False)
            with pytest.raises(LockTimeoutError, match="in vain"):
                insert(other, mouse, [{"mouse": 1}], skip_duplicates=True)
            with pytest.raises(LockTimeoutError):
                other.query("ALTER TABLE lab.mouse ADD COLUMN x int")
        assert count(connection, mouse) == 0

    def test_a_deadlock_is_repeated(self, connection: Connection, mouse: TableSpec) -> None:
        both, tries = threading.Barrier(2, timeout=10), []

        def work(order: tuple[int, int]) -> None:
            def swap(session: Any) -> None:
                tries.append(order)
                for place, key in enumerate(order):
                    session.execute("UPDATE lab.mouse SET name = %s WHERE mouse = %s", (f"{order}", key))
                    if place == 0 and len(tries) <= 2:
                        both.wait()

            connection.run_write(swap)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, [(1, 2), (2, 1)]))
        assert len(tries) == 3


class TestPrivileges:
    @pytest.fixture
    def tables(self, connection: Connection) -> dict[str, TableSpec]:
        tables = {
            "mouse": declare(connection, "lab.mouse", "mouse : int32"),
            "scan": declare(connection, "lab.scan", "-> lab.mouse\nscan : int32"),
            "note": declare(connection, "lab.note", "-> lab.mouse\nnote : int32"),
        }
        insert(connection, tables["mouse"], [{"mouse": 1}, {"mouse": 2}])
        insert(connection, tables["scan"], [{"mouse": 1, "scan": 1}])
        insert(connection, tables["note"], [{"mouse": 1, "note": 1}])
        return tables

    @pytest.fixture
    def user(self, server: str, tables: object) -> Iterator[str]:
        sql(server, "DROP USER IF EXISTS guest@'%'", "CREATE USER guest@'%' IDENTIFIED BY 'guest'")
        yield "guest"
        sql(server, "DROP USER guest@'%'")

    @staticmethod
    def login(server: str, driver: str) -> Connection:
        url = address(server, driver)
        return Connection(url=f"mysql://guest:guest@{url.partition('@')[2]}")

    def test_without_create(
        self, server: str, driver: str, user: str, tables: dict[str, TableSpec], connection: Connection
    ) -> None:
        sql(server, f"GRANT SELECT, INSERT ON lab.* TO {user}@'%'")
        with self.login(server, driver) as guest:
            spec = resolve(guest, "lab", "extra", "-> lab.mouse\nextra : int32")
            with pytest.raises(AccessError) as caught:
                guest.catalog.declare(spec)
            assert "CREATE" in caught.value.privilege
            with pytest.raises(AccessError):
                guest.catalog.create_schema("mine")
            insert(guest, tables["mouse"], [{"mouse": 3}])
        assert not connection.catalog.has(TableName("lab", "extra"))
        rows = connection.query("SELECT COUNT(*) FROM lab.`~lineage` WHERE table_name = 'extra'").fetchone()
        assert rows == (0,)

    def test_reading_only(self, server: str, driver: str, user: str, tables: dict[str, TableSpec]) -> None:
        sql(server, f"GRANT SELECT ON lab.* TO {user}@'%'")
        with self.login(server, driver) as guest:
            assert count(guest, tables["mouse"]) == 2
            with pytest.raises(AccessError) as caught:
                insert(guest, tables["mouse"], [{"mouse": 3}])
            assert caught.value.privilege == "INSERT"

    def test_without_delete_on_one_child(
        self, server: str, driver: str, user: str, tables: dict[str, TableSpec], connection: Connection
    ) -> None:
        sql(
            server,
            f"GRANT SELECT ON lab.* TO {user}@'%'",
            f"GRANT DELETE ON lab.mouse TO {user}@'%'",
            f"GRANT DELETE ON lab.scan TO {user}@'%'",
        )
        with self.login(server, driver) as guest:
            relation = BaseTable(guest.catalog.spec(TableName("lab", "mouse")), guest)
            with pytest.raises(AccessError, match="note") as caught:
                delete(guest, relation, prompt=False)
            assert "DELETE" in str(caught.value.privilege)
        assert [count(connection, spec) for spec in tables.values()] == [2, 1, 1]

    def test_without_drop_on_one_table(
        self, server: str, driver: str, user: str, tables: dict[str, TableSpec], connection: Connection
    ) -> None:
        sql(
            server,
            f"GRANT SELECT, DELETE ON lab.* TO {user}@'%'",
            f"GRANT DROP ON lab.scan TO {user}@'%'",
            f"GRANT DROP ON lab.note TO {user}@'%'",
        )
        with self.login(server, driver) as guest:
            with pytest.raises(AccessError, match=r"Dropped already: lab\.\w+, lab\.\w+\.") as caught:
                guest.catalog.drop_tables([spec.name for spec in tables.values()])
            assert caught.value.privilege == "DROP"
        connection.catalog.invalidate()
        assert [connection.catalog.has(spec.name) for spec in tables.values()] == [True, False, False]

    def test_without_select_on_one_parent(
        self, server: str, driver: str, user: str, tables: dict[str, TableSpec]
    ) -> None:
        sql(
            server,
            f"GRANT SELECT, INSERT ON lab.scan TO {user}@'%'",
            f"GRANT SELECT ON lab.`~lineage` TO {user}@'%'",
        )
        with self.login(server, driver) as guest:
            spec = guest.catalog.spec(TableName("lab", "scan"))
            assert spec.heading.primary_key == ["mouse", "scan"]
            insert(guest, spec, [{"mouse": 2, "scan": 1}])
            with pytest.raises(DataMillError, match=r"refer|foreign key"):
                insert(guest, spec, [{"mouse": 9, "scan": 1}])
            with pytest.raises((AccessError, MissingTableError)):
                guest.query("SELECT * FROM lab.mouse")
            assert count(guest, spec) == 2


class TestErrors:
    @pytest.mark.parametrize(
        ("statement", "kind"),
        [
            ("SELECT * FROM lab.nothing", MissingTableError),
            ("SELECT nothing FROM lab.mouse", UnknownAttributeError),
            ("SELEKT 1", QuerySyntaxError),
            ("SELECT * FROM nowhere.mouse", MissingTableError),
            ("SELECT no_such_function(1)", QueryError),
            ("SELECT 9223372036854775807 + 1", QueryError),
            ("INSERT INTO lab.mouse (mouse) VALUES (1)", DuplicateError),
            ("INSERT INTO lab.mouse (mouse) VALUES (99999999999)", InvalidValueError),
            ("INSERT INTO lab.mouse (mouse, name) VALUES (-1, REPEAT('x', 101))", InvalidValueError),
        ],
    )
    def test_are_ours(
        self, connection: Connection, mouse: TableSpec, statement: str, kind: type[DataMillError]
    ) -> None:
        with pytest.raises(kind) as caught:
            connection.query(statement)
        assert caught.value.__cause__ is not None


class TestTls:
    @staticmethod
    def cipher(server: str, driver: str, **options: Any) -> str:
        url = address(server, driver).replace("use_tls=false&", "")
        with Connection(url=url, **options) as connection:
            return str(connection.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").fetchone()[1])

    def test_off_is_off(self, server: str, driver: str) -> None:
        assert self.cipher(server, driver, use_tls=False) == ""

    def test_tried_is_used_where_there_is_one(self, server: str, driver: str) -> None:
        offered = sql(server, "SELECT @@have_ssl" if server == "mariadb" else "SELECT 'YES'")[0][0] == "YES"
        assert bool(self.cipher(server, driver)) == offered

    def test_required_is_required(self, server: str, driver: str) -> None:
        offered = sql(server, "SELECT @@have_ssl" if server == "mariadb" else "SELECT 'YES'")[0][0] == "YES"
        if offered:
            assert self.cipher(server, driver, use_tls=True)
        else:
            with pytest.raises(LostConnectionError):
                self.cipher(server, driver, use_tls=True)

    def test_a_certificate_that_is_not_trusted(self, server: str, tmp_path: Path) -> None:
        authority = tmp_path / "ca.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nobody"]
        keys = ["-keyout", str(tmp_path / "key.pem"), "-out", str(authority)]
        subprocess.run([*command, *keys], check=True, capture_output=True)
        with pytest.raises(LostConnectionError):
            self.cipher(server, "pymysql", use_tls={"ca": str(authority)})


class TestOlderTables:
    """What datamill would not make, but others did."""

    def test_defaults_of_bytes_read_back(self, connection: Connection) -> None:
        keys = [UUID("3b241101-e2bb-4255-8caf-4136c566a962"), UUID(int=0x275C_0A0D_00FF_2722), UUID(int=0)]
        defaults = ", ".join(
            f"u{k} binary(16) NOT NULL DEFAULT X'{key.hex}' COMMENT ':uuid:it''s'"
            for k, key in enumerate(keys)
        )
        connection.catalog.create_schema("lab")
        connection.query(
            f"CREATE TABLE lab.old (a int PRIMARY KEY, {defaults}, v varbinary(9) DEFAULT 'a\\'?')"
        )
        spec = connection.catalog.spec(TableName("lab", "old"))
        assert [spec.heading[f"u{k}"].default for k in range(3)] == keys
        insert(connection, spec, [{"a": 1}])
        (row,) = fetch.to_dicts(connection, BaseTable(spec, connection))
        assert [row[f"u{k}"] for k in range(3)] == keys
        assert f'u0="{keys[0]}" : uuid' in describe(spec, str)

    def test_texts_compare_by_their_collation_with_a_warning(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(collations, "_warned", set())
        connection.query("CREATE DATABASE older COLLATE utf8mb4_general_ci")
        connection.query("CREATE TABLE older.word (word varchar(8) PRIMARY KEY, n int NOT NULL)")
        spec = connection.catalog.spec(TableName("older", "word"))
        insert(connection, spec, [{"word": "Mouse", "n": 1}, {"word": "rat", "n": 2}])
        words = BaseTable(spec, connection)
        with pytest.warns(DataMillWarning, match=r"older\.word\.word .*utf8mb4_general_ci"):
            assert fetch.count(connection, restrict(words, {"word": "MOUSE"})) == 1
        for condition in ("word = 'mouse '", "word LIKE 'm%'", [{"word": "MOUSE"}, {"word": "RAT"}]):
            assert fetch.count(connection, restrict(words, condition)) >= 1
        assert fetch.count(connection, restrict(words, {"n": 1})) == 1
