"""What is PostgreSQL's own: TLS, sessions, values, privileges, locks, errors."""

from __future__ import annotations

import datetime
import os
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.services import service_url

if service_url("postgresql") is None:
    pytest.skip("PostgreSQL runs nowhere: scripts/services start", allow_module_level=True)

from tests.backends import postgresql_databases
from tests.backends.conftest import resolve

import datamill as dm
from datamill.backends.postgres import PostgresSession, connect
from datamill.backends.postgres_errors import clashing
from datamill.backends.postgres_open import tls_options
from datamill.backends.postgres_text import numbered
from datamill.data.connection import Connection
from datamill.errors import (
    AccessError,
    ConfigError,
    DataMillError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    LockTimeoutError,
    LostConnectionError,
    MissingAttributeError,
    MissingTableError,
    QueryError,
    QuerySyntaxError,
    UnknownAttributeError,
)
from datamill.model.names import TableName
from datamill.settings.address import DatabaseAddress, parse_url
from datamill.settings.values import Settings

NAME = TableName("lab", "t")
METACLASS: Any = type(dm.Manual)


@pytest.fixture(params=["postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(database_url: str) -> DatabaseAddress:
    return parse_url(database_url)


@pytest.fixture
def session(address: DatabaseAddress) -> Iterator[PostgresSession]:
    session = connect(address, Settings())
    session.execute("CREATE SCHEMA lab")
    session.execute(
        "CREATE TABLE lab.t (a integer PRIMARY KEY, b varchar(5), c integer NOT NULL DEFAULT 0 UNIQUE)"
    )
    yield session
    session.close()


def rows(session: PostgresSession) -> list[tuple[Any, ...]]:
    return session.execute("SELECT a, b, c FROM lab.t ORDER BY a").rows


class TestText:
    def test_percent_signs_are_left_alone(self, session: PostgresSession) -> None:
        assert session.execute("SELECT 7 % 4, '%s', '100%'").rows == [(3, "%s", "100%")]
        assert session.execute("SELECT 7 % 4, '%s', '100%%', %s::int", (1,)).rows == [(3, "%s", "100%", 1)]

    def test_numbers_placeholders(self) -> None:
        assert numbered("a = %s AND b %% 2 = %s") == "a = $1 AND b % 2 = $2"
        assert numbered("""SELECT "x%s", '%s''%s', %s""") == """SELECT "x%s", '%s''%s', $1"""

    def test_reads_the_columns_of_a_clash(self) -> None:
        assert clashing('Schlüssel »(a, "B c")=(1, 2)« existiert bereits.') == ("a", "B c")
        assert clashing("Key (lower(a::text))=(x) already exists.") == ()
        assert clashing(None) == ()


@pytest.fixture
def tls_server() -> None:
    """Skips a test where the server has no TLS, as that of compose.yaml."""
    if postgresql_databases.admin().execute("SHOW ssl").fetchone() != ("on",):
        pytest.skip("this server has no TLS")


class TestConnecting:
    @pytest.mark.usefixtures("tls_server")
    @pytest.mark.parametrize(
        ("use_tls", "encrypted"),
        [
            (True, True),
            (False, False),
            (None, True),
            ({"mode": "require"}, True),
            ({"sslmode": "disable"}, False),
        ],
    )
    def test_tls_modes_do_what_they_say(self, database_url: str, use_tls: Any, encrypted: bool) -> None:
        url = database_url.partition("?")[0]
        with Connection(url=url, use_tls=use_tls) as connection:
            sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            assert connection.query(sql).fetchone() == (encrypted,)

    @pytest.mark.usefixtures("tls_server")
    def test_tls_required_means_required(self, database_url: str) -> None:
        """The role no_tls is refused with TLS: what a server without TLS does."""
        admin = postgresql_databases.admin()
        admin.execute("DROP ROLE IF EXISTS no_tls")
        admin.execute("CREATE ROLE no_tls LOGIN PASSWORD 'x'")
        try:
            with pytest.raises(DataMillError):
                Connection(url=database_url, user="no_tls", password="x", use_tls=True)
            url = database_url.partition("?")[0]
            with Connection(url=url, user="no_tls", password="x") as connection:
                sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                assert connection.query(sql).fetchone() == (False,)
        finally:
            admin.execute("DROP ROLE no_tls")

    def test_certificates_are_verified(self, database_url: str, tmp_path: Any) -> None:
        wrong = tmp_path / "wrong.pem"
        wrong.write_text("nothing")
        with pytest.raises(DataMillError, match=r"wrong\.pem"):
            Connection(url=database_url, use_tls={"ca": str(wrong)})
        assert tls_options({"ca": "a", "cert": "b", "key": "c"}) == {
            "sslrootcert": "a",
            "sslcert": "b",
            "sslkey": "c",
            "sslmode": "verify-full",
        }

    def test_wrong_password(self, database_url: str) -> None:
        with pytest.raises(AccessError, match="password") as error:
            Connection(url=database_url, password="wrong")
        assert "wrong" not in str(error.value)

    def test_no_database(self, database_url: str) -> None:
        with pytest.raises(AccessError, match="no database 'nowhere'"):
            Connection(url=database_url.partition("?")[0].rpartition("/")[0] + "/nowhere?use_tls=false")

    def test_nobody_there(self) -> None:
        with pytest.raises(LostConnectionError, match="cannot be reached"):
            Connection(url="postgresql://a:b@127.0.0.1:1/x")

    def test_unknown_option(self, database_url: str) -> None:
        with pytest.raises(ConfigError, match="no_such_option"):
            Connection(url=f"{database_url}&no_such_option=1")

    def test_options_reach_the_server(self, database_url: str) -> None:
        with Connection(url=f"{database_url}&application_name=bench%201") as connection:
            assert connection.query("SHOW application_name").fetchone() == ("bench 1",)

    def test_sessions_run_in_utc(self, session: PostgresSession) -> None:
        assert session.execute("SHOW TimeZone").rows == [("UTC",)]


class TestValues:
    def test_values_come_as_the_dialect_expects_them(self, session: PostgresSession) -> None:
        session.execute("CREATE TYPE lab.mood AS ENUM ('sad', 'ok')")
        sql = (
            "SELECT 1::smallint, 2::bigint, 1.5::real, 2.5::float8, 1.50::numeric(6,2), true, 'x '::char(3), "
            "'ok'::lab.mood, '2024-02-29'::date, '2024-02-29 12:00:00.5'::timestamp(3), '12:30'::time, "
            "'12345678-1234-5678-1234-567812345678'::uuid, '{\"a\": [1, null]}'::jsonb, '\\x00ff'::bytea"
        )
        assert session.execute(sql).rows == [
            (
                *(1, 2, 1.5, 2.5, Decimal("1.50"), True, "x  ", "ok", datetime.date(2024, 2, 29)),
                datetime.datetime(2024, 2, 29, 12, 0, 0, 500000),
                datetime.time(12, 30),
                UUID("12345678-1234-5678-1234-567812345678"),
                '{"a": [1, null]}',
                b"\x00\xff",
            )
        ]

    @pytest.mark.parametrize("count", [1, 5, 300])
    @pytest.mark.parametrize("conflict", ["error", "skip", "replace"])
    def test_all_ways_of_inserting_store_the_same(
        self, session: PostgresSession, count: int, conflict: Any
    ) -> None:
        session.execute(
            "CREATE TABLE lab.v (a int PRIMARY KEY, s text, f float8, n numeric, ok bool, d date, ts timestamp(6), "
            "t time, u uuid, j jsonb, y bytea)"
        )
        texts = ["it's", "tab\there", "back\\slash", "new\nline\r", "\\N", "ünï ☃ %s 100%", '"q"', "", None]
        columns: list[list[Any]] = [
            list(range(count)),
            [texts[k % len(texts)] for k in range(count)],
            [(0.1, float("inf"), -0.0, None, 1e-300)[k % 5] for k in range(count)],
            [(Decimal("1.5"), None, Decimal("1E+3"), 2**70)[k % 4] for k in range(count)],
            [(True, False, None)[k % 3] for k in range(count)],
            [(datetime.date(1, 1, 1), None)[k % 2] for k in range(count)],
            [(datetime.datetime(2024, 2, 29, 1, 2, 3, 4), None)[k % 2] for k in range(count)],
            [(datetime.time(23, 59, 59, 999999), None)[k % 2] for k in range(count)],
            [(UUID(int=5), None)[k % 2] for k in range(count)],
            [('{"a":"\\\\ \\n"}', None, "[1]")[k % 3] for k in range(count)],
            [(b"\x00\xff\\", bytearray(b"x"), None, b"")[k % 4] for k in range(count)],
        ]
        names = ("a", "s", "f", "n", "ok", "d", "ts", "t", "u", "j", "y")
        name = TableName("lab", "v")
        assert session.insert_columns(name, names, columns, key=("a",), conflict=conflict) == count
        found = session.execute(f"SELECT {', '.join(names)} FROM lab.v ORDER BY a").rows
        documents = {'{"a":"\\\\ \\n"}': '{"a": "\\\\ \\n"}', "[1]": "[1]", None: None}
        wanted = [*columns[:9], [documents[item] for item in columns[9]], columns[10]]
        assert [list(column) for column in zip(*found, strict=True)] == [
            [bytes(item) if isinstance(item, bytearray) else item for item in column] for column in wanted
        ]
        assert not session.in_transaction

    @pytest.mark.parametrize("count", [5, 300])
    def test_conflicts(self, session: PostgresSession, count: int) -> None:
        old: list[list[Any]] = [list(range(count)), ["old"] * count, list(range(count))]
        new: list[list[Any]] = [list(range(1, count + 1)), ["new"] * count, list(range(1, count + 1))]
        names = ("a", "b", "c")
        session.insert_columns(NAME, names, old)
        with pytest.raises(DuplicateError) as error:
            session.insert_columns(NAME, names, new, key=("a",))
        assert error.value.attributes == ("a",)
        assert error.value.table == "lab.t"
        assert session.insert_columns(NAME, names, new, key=("a",), conflict="skip") == 1
        assert {b for _, b, _ in rows(session)} == {"old", "new"}
        assert session.insert_columns(NAME, names, new, key=("a",), conflict="replace") == count
        assert [b for _, b, _ in rows(session)] == ["old"] + ["new"] * count
        for conflict in ("skip", "replace"):
            clash: list[list[Any]] = [[count + 10 + k for k in range(count)], ["x"] * count, [1] * count]
            with pytest.raises(DuplicateError) as error:
                session.insert_columns(NAME, names, clash, key=("a",), conflict=conflict)
            assert error.value.attributes == ("c",)
        assert len(rows(session)) == count + 1

    def test_lists_travel_as_arrays(self, session: PostgresSession) -> None:
        cases: list[tuple[str, list[Any]]] = [
            ("bigint", [1, None, -(2**63), 5]),
            ("numeric", [Decimal("1.50"), 2**70, None]),
            ("double precision", [0.1, float("inf"), -0.0, 1e-300]),
            ("text", ["", "a b", '"', "\\", "{1,2}", "NULL", "null", " x ", "it's", "ü☃\n\t", None, "%s"]),
            ("boolean", [True, False, None]),
            ("date", [datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
            ("timestamp(6)", [datetime.datetime(2024, 2, 29, 1, 2, 3, 4), None]),
            ("time", [datetime.time(1, 2, 3, 4)]),
            ("uuid", [UUID(int=7)]),
            ("bytea", [b'\x00\\"\xff', b"", None]),
            ("integer", []),
        ]
        for type, values in cases:
            found = session.execute(f"SELECT x FROM unnest(%s::{type}[]) AS t(x)", (values,)).rows
            assert [x for (x,) in found] == values
        with pytest.raises(InvalidValueError):
            session.execute("SELECT %s::text[]", ([object()],))

    def test_large_values_of_many_rows(self, session: PostgresSession) -> None:
        session.execute("CREATE TABLE lab.blobs (a int PRIMARY KEY, y bytea)")
        blobs = [os.urandom(1 << 17) for _ in range(50)]
        assert session.insert_columns(TableName("lab", "blobs"), ("a", "y"), [list(range(50)), blobs]) == 50
        assert [y for (y,) in session.execute("SELECT y FROM lab.blobs ORDER BY a").rows] == blobs

    def test_bad_values_name_the_row(self, session: PostgresSession) -> None:
        columns: list[list[Any]] = [list(range(100)), ["x"] * 42 + ["much too long"] + ["x"] * 57]
        with pytest.raises(InvalidValueError) as error:
            session.insert_columns(NAME, ("a", "b"), columns)
        assert error.value.row_index == 42
        for bad in ("\ud800", "a\x00b", object()):
            with pytest.raises(InvalidValueError):
                session.insert_columns(NAME, ("a", "b"), [[1], [bad]])
            with pytest.raises(InvalidValueError):
                session.insert_columns(NAME, ("a", "b"), [list(range(30)), [bad] * 30])
        assert rows(session) == []
        assert not session.in_transaction


def test_blobs_are_not_compressed_twice(connection: Connection) -> None:
    schema = dm.Schema("lab", connection=connection)
    members = {"definition": "k : int32\n---\nimage : <blob>\nraw = null : bytes"}
    schema(METACLASS("Picture", (dm.Manual,), members))
    sql = (
        "SELECT attname::text, attstorage::text FROM pg_attribute "
        "WHERE attrelid = 'lab.picture'::regclass AND attnum > 1 ORDER BY attnum"
    )
    assert connection.query(sql).fetchall() == [("image", "e"), ("raw", "x")]  # external, extended


class TestErrors:
    @pytest.mark.parametrize(
        ("sql", "kind", "fields"),
        [
            ("SELECT * FROM lab.nothing", MissingTableError, {"schema": "lab", "table": "nothing"}),
            ("CREATE TABLE nowhere.t (a int)", MissingTableError, {"schema": "nowhere"}),
            ("SELECT nothing FROM lab.t", UnknownAttributeError, {"attribute": "nothing"}),
            ("SELEKT 1", QuerySyntaxError, {"position": 0, "code": "42601", "backend": "postgresql"}),
            ("SELECT no_such(1)", QueryError, {"code": "42883"}),
            ("SELECT 1 / 0", QueryError, {"code": "22012"}),
            (
                "INSERT INTO lab.t VALUES (1, 'x', NULL)",
                MissingAttributeError,
                {"attribute": "c", "table": "lab.t"},
            ),
            ("INSERT INTO lab.t VALUES (1, 'too long', 1)", InvalidValueError, {}),
            ("INSERT INTO lab.t VALUES (99999999999, 'x', 1)", InvalidValueError, {}),
            ("CREATE TABLE lab.t (a int)", QueryError, {"code": "42P07"}),
            ("SELECT $1", QueryError, {}),
        ],
    )
    def test_each_has_its_class_and_fields(
        self, session: PostgresSession, sql: str, kind: type[DataMillError], fields: dict[str, Any]
    ) -> None:
        with pytest.raises(kind) as error:
            session.execute(sql)
        assert {name: getattr(error.value, name) for name in fields} == fields
        assert error.value.__cause__ is not None
        assert not session.in_transaction

    def test_references(self, session: PostgresSession) -> None:
        session.execute("CREATE TABLE lab.child (a int REFERENCES lab.t, n int, PRIMARY KEY (a, n))")
        with pytest.raises(IntegrityError) as error:
            session.insert_columns(TableName("lab", "child"), ("a", "n"), [[9], [1]])
        assert (error.value.child, error.value.parent, error.value.attributes) == ("lab.child", "t", ("a",))
        session.execute("INSERT INTO lab.t VALUES (1, 'x', 1)")
        session.execute("INSERT INTO lab.child VALUES (1, 1)")
        with pytest.raises(IntegrityError) as error:
            session.execute("DELETE FROM lab.t")
        assert error.value.child == "lab.child"

    def test_locks(self, session: PostgresSession, address: DatabaseAddress) -> None:
        session.begin()
        session.execute("INSERT INTO lab.t VALUES (1, 'x', 1)")
        other = connect(address, Settings())
        other.execute("SET lock_timeout = '30ms'")
        with pytest.raises(LockTimeoutError):
            other.execute("INSERT INTO lab.t VALUES (1, 'y', 2)")
        other.execute("SET lock_timeout = 0")
        other.execute("SET statement_timeout = '30ms'")
        with pytest.raises(LockTimeoutError, match="too long"):
            other.execute("SELECT pg_sleep(5)")
        other.close()
        session.rollback()

    def test_deadlocks_can_be_repeated(self, session: PostgresSession, address: DatabaseAddress) -> None:
        session.execute("INSERT INTO lab.t VALUES (1, 'x', 1), (2, 'y', 2)")
        other, errors = connect(address, Settings()), []

        def attempt(mine: PostgresSession, first: int, second: int, barrier: threading.Barrier) -> None:
            mine.begin()
            mine.execute("UPDATE lab.t SET b = 'z' WHERE a = %s", (first,))
            barrier.wait()
            try:
                mine.execute("UPDATE lab.t SET b = 'z' WHERE a = %s", (second,))
            except QueryError as error:
                errors.append(error)
            mine.rollback()

        barrier = threading.Barrier(2)
        thread = threading.Thread(target=attempt, args=(other, 2, 1, barrier))
        thread.start()
        attempt(session, 1, 2, barrier)
        thread.join()
        other.close()
        assert [error.is_retryable for error in errors] == [True]

    def test_a_table_that_changed_under_a_prepared_statement(
        self, session: PostgresSession, address: DatabaseAddress
    ) -> None:
        for _ in range(10):
            session.execute("SELECT * FROM lab.t WHERE a = %s", (1,))
        other = connect(address, Settings())
        other.execute("ALTER TABLE lab.t ADD COLUMN d int")
        other.close()
        assert session.execute("SELECT * FROM lab.t WHERE a = %s", (1,)).columns == ("a", "b", "c", "d")

    def test_ctrl_c_ends_the_statement_and_keeps_the_session(self, session: PostgresSession) -> None:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), 2))
        timer.start()
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            session.execute("SELECT pg_sleep(60)")
        assert time.monotonic() - begun < 30
        assert session.execute("SELECT 1").rows == [(1,)]


class TestTransactions:
    def test_begin_is_sent_with_the_first_statement(self, session: PostgresSession) -> None:
        states = []
        for finish in (session.commit, session.rollback):
            session.begin()
            states.append(session.in_transaction)
            finish()
            states.append(session.in_transaction)
        assert states == [True, False, True, False]
        session.begin()
        with pytest.raises(DataMillError, match="open already"):
            session.begin()
        session.rollback()

    def test_savepoints_after_an_error(self, session: PostgresSession) -> None:
        session.begin()
        session.execute("INSERT INTO lab.t VALUES (1, 'x', 1)")
        session.savepoint('a "b"')
        with pytest.raises(DuplicateError):
            session.execute("INSERT INTO lab.t VALUES (1, 'x', 1)")
        session.rollback_to_savepoint('a "b"')
        session.commit()
        assert len(rows(session)) == 1

    def test_committing_what_failed_is_an_error(self, session: PostgresSession) -> None:
        session.begin()
        session.execute("INSERT INTO lab.t VALUES (1, 'x', 1)")
        with pytest.raises(QueryError):
            session.execute("SELECT 1 / 0")
        with pytest.raises(DataMillError, match="nothing was stored"):
            session.commit()
        assert not session.in_transaction
        assert rows(session) == []

    def test_streams_are_snapshots_in_bounded_memory(self, session: PostgresSession) -> None:
        columns: list[list[Any]] = [list(range(5000)), ["x"] * 5000, list(range(5000))]
        session.insert_columns(NAME, ("a", "b", "c"), columns)
        stream = session.stream("SELECT a FROM lab.t WHERE a >= %s ORDER BY a", (10,), 1000)
        first = next(stream)
        session.execute("DELETE FROM lab.t")
        assert first == [(a,) for a in range(10, 1010)]
        assert [len(batch) for batch in stream] == [1000, 1000, 1000, 990]
        assert session._streaming == []
        again = session.stream("SELECT 1")
        again.close()  # type: ignore[attr-defined]
        assert list(again) == []
        with pytest.raises(QueryError):
            session.stream("SELECT 1 / 0")


# users ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def low(database_url: str) -> Iterator[Callable[[str], dm.Instance]]:
    """Makes a user with the given grants, and returns an instance connected as that user."""
    name, instances = f"low_{os.getpid()}", []
    admin = postgresql_databases.admin()
    owner = dm.Connection(url=database_url)

    def make(grants: str) -> dm.Instance:
        for grant in filter(None, map(str.strip, grants.split(";"))):
            owner.query(f"{grant} TO {name}")
        instances.append(dm.Instance(url=database_url.replace("//datamill:", f"//{name}:"), safemode=False))
        return instances[-1]

    admin.execute(f"DROP ROLE IF EXISTS {name}")
    password = parse_url(database_url).password
    assert password is not None
    admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password.get_secret_value()}'")
    yield make
    for instance in instances:
        instance.connection.close()
    owner.query(f"DROP OWNED BY {name}")
    owner.close()
    admin.execute(f"DROP ROLE {name}")


@pytest.fixture
def lab(database_url: str) -> Iterator[dm.Instance]:
    """Mouse, and scans and notes of mice, with rows."""
    instance = dm.Instance(url=database_url, safemode=False)
    schema = instance.Schema("lab")
    for name, text in (
        ("Mouse", "mouse : int32\n---\nname = '' : varchar(20)"),
        ("Scan", "-> Mouse\nscan : int32"),
        ("Note", "-> Mouse\nnote : int32"),
    ):
        table = schema(METACLASS(name, (dm.Manual,), {"definition": text}))
        key = "mouse" if name == "Mouse" else name.lower()
        table.insert([{"mouse": k, key: k} for k in range(10)])
    yield instance
    instance.connection.close()


class TestPrivileges:
    def test_no_create(self, lab: dm.Instance, low: Callable[[str], dm.Instance]) -> None:
        user = low("GRANT USAGE ON SCHEMA lab; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA lab")
        schema = user.Schema("lab", create_schema=False)
        with pytest.raises(AccessError) as error:
            schema(METACLASS("Mine", (dm.Manual,), {"definition": "a : int32"}))
        assert error.value.privilege == "CREATE"
        assert "lab" in str(error.value)
        with pytest.raises(AccessError) as error:
            user.Schema("other")
        assert error.value.privilege == "CREATE"
        assert lab.connection.catalog.list_schemas() == ["lab"]

    def test_no_delete_on_a_child(self, lab: dm.Instance, low: Callable[[str], dm.Instance]) -> None:
        user = low(
            "GRANT USAGE ON SCHEMA lab; GRANT SELECT ON ALL TABLES IN SCHEMA lab; GRANT DELETE ON lab.mouse, lab.scan"
        )
        mouse = user.FreeTable("lab.mouse")
        with pytest.raises(AccessError) as error:
            (mouse & "mouse < 3").delete(prompt=False)
        assert error.value.privilege == "DELETE"
        assert "note" in str(error.value)
        assert [len(lab.FreeTable(f"lab.{name}")) for name in ("mouse", "scan", "note")] == [10, 10, 10]

    def test_deleting_needs_no_more_than_it_says(
        self, lab: dm.Instance, low: Callable[[str], dm.Instance]
    ) -> None:
        user = low("GRANT USAGE ON SCHEMA lab; GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA lab")
        assert (user.FreeTable("lab.mouse") & "mouse < 3").delete(prompt=False) == 3
        assert [len(lab.FreeTable(f"lab.{name}")) for name in ("mouse", "scan", "note")] == [7, 7, 7]

    def test_no_select_on_a_parent(self, lab: dm.Instance, low: Callable[[str], dm.Instance]) -> None:
        user = low("GRANT USAGE ON SCHEMA lab; GRANT SELECT, INSERT ON lab.scan")
        scan = user.FreeTable("lab.scan")
        scan.insert1({"mouse": 1, "scan": 99})
        with pytest.raises(AccessError) as error:
            len(user.FreeTable("lab.mouse"))
        assert error.value.privilege == "SELECT"
        with pytest.raises(IntegrityError):
            scan.insert1({"mouse": 77, "scan": 1})

    def test_no_insert(self, lab: dm.Instance, low: Callable[[str], dm.Instance]) -> None:
        user = low("GRANT USAGE ON SCHEMA lab; GRANT SELECT ON ALL TABLES IN SCHEMA lab")
        for count in (1, 100):
            with pytest.raises(AccessError) as error:
                user.FreeTable("lab.mouse").insert({"mouse": 100 + k} for k in range(count))
            assert error.value.privilege == "INSERT"
        assert len(lab.FreeTable("lab.mouse")) == 10

    def test_replacing_needs_update(self, lab: dm.Instance, low: Callable[[str], dm.Instance]) -> None:
        user = low("GRANT USAGE ON SCHEMA lab; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA lab")
        mouse = user.FreeTable("lab.mouse")
        mouse.insert1({"mouse": 3}, skip_duplicates=True)
        for count in (1, 100):
            with pytest.raises(AccessError) as error:
                mouse.insert(({"mouse": k, "name": "x"} for k in range(count)), replace=True)
            assert error.value.privilege == "UPDATE"
        assert len(lab.FreeTable("lab.mouse") & "name = 'x'") == 0

    def test_read_only_connection(self, lab: dm.Instance, database_url: str) -> None:
        url = f"{database_url}&options=-c%20default_transaction_read_only%3Don"
        with Connection(url=url) as connection:
            with pytest.raises(AccessError, match="read-only"):
                connection.query("INSERT INTO lab.mouse VALUES (100, '')")
            assert connection.query("SELECT count(*) FROM lab.mouse").fetchone() == (10,)


def test_indexes_over_expressions_read_back_as_declared(database_url: str) -> None:
    indexes = ["index (j.a[0].b:int32)", "index (name, (CONCAT(name, '''%')))"]
    definition = "\n".join(("a : int32", "---", "name : varchar(20)", "j : json", *indexes))
    with dm.Instance(url=database_url).connection as connection:
        schema = dm.Schema("lab", connection=connection)
        table = schema(METACLASS("Thing", (dm.Manual,), {"definition": definition}))
        assert table.drift() == []
        connection.catalog.invalidate()
        assert table.describe().strip().splitlines()[-2:] == indexes


def test_only_enum_types_of_ours_that_nothing_uses_are_dropped(connection: Connection) -> None:
    connection.catalog.create_schema("lab")
    connection.query("CREATE TYPE lab.\"enum_mine\" AS ENUM ('a')", None)
    first, second = (
        resolve(connection, "lab", name, f"a : int32\n---\nb : enum('x', 'y')\n{more}")
        for name, more in (("first", "c = 'q' : enum('q', 'r')"), ("second", ""))
    )
    connection.catalog.declare(first)
    connection.catalog.declare(second)
    left = []
    for spec in (first, second):
        connection.catalog.drop_tables([spec.name])
        rows = connection.query("SELECT typname::text FROM pg_type WHERE typtype = 'e'", None).fetchall()
        left.append(sorted(name for (name,) in rows))
    assert [len(names) for names in left] == [2, 1]
    assert left[1] == ["enum_mine"]
