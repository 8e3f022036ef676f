"""The SQLite session: results, streams, bulk inserts, errors, introspection, forks."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from datamill import backends
from datamill.backends.base import BackendSession, Conflict, RawForeignKey
from datamill.backends.sqlite import SqliteSession
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
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, Index, IndexPart, TableSpec
from datamill.model.types import parse_type
from datamill.settings.address import parse_url
from datamill.settings.values import Settings
from datamill.sql import ddl, dml
from datamill.sql.dialects.sqlite import SQLITE
from datamill.sql.writer import Statement

MOUSE, SCAN = TableName("lab", "mouse"), TableName("exp", "_scan")


def column(name: str, type: str, **options: object) -> Attribute:
    return Attribute(name, parse_type(type), parse_type(type), **options)  # type: ignore[arg-type]


MOUSE_SPEC = TableSpec(
    MOUSE,
    Heading(
        [
            column("mouse", "int32", in_key=True, comment="ear tag"),
            column("tag", "varchar(8)"),
            column("sex", "enum('M','F')", default="F"),
        ]
    ),
    indexes=(Index((IndexPart("tag"),), unique=True),),
    comment="mice",
)
PRICE = column("price", "decimal(6,2)")
SCAN_SPEC = TableSpec(
    SCAN,
    Heading(
        [
            column("mouse", "int32", in_key=True),
            column("scan", "uint8", in_key=True),
            column("price", "decimal(6,2)"),
        ]
    ),
    foreign_keys=(ForeignKey(MOUSE, (("mouse", "mouse"),), in_key=True),),
)


DEFINITION = """# mice
mouse : int32 # ear tag
---
tag : varchar(8)
sex="F" : enum('M','F')
unique index (tag)
"""


def declare(session: SqliteSession, *specs: TableSpec) -> None:
    for spec in specs:
        statements = [*ddl.create_schema(spec.name.schema, SQLITE), *ddl.create_table(spec, SQLITE, {})]
        for statement in statements:
            session.execute(statement.sql, statement.params)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "lab.db")


@pytest.fixture
def opened() -> Iterator[Callable[..., SqliteSession]]:
    sessions: list[SqliteSession] = []

    def open_session(path: str, busy_timeout: float = 30) -> SqliteSession:
        sessions.append(SqliteSession(path, busy_timeout))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()


@pytest.fixture
def session(path: str, opened: Callable[..., SqliteSession]) -> SqliteSession:
    session = opened(path)
    declare(session, MOUSE_SPEC, SCAN_SPEC)
    return session


def mice(session: SqliteSession) -> list[tuple[object, ...]]:
    return session.execute('SELECT * FROM "lab.mouse" ORDER BY "mouse"').rows


def add_mice(session: SqliteSession, *numbers: int, conflict: Conflict = "error") -> int:
    columns: list[list[Any]] = [list(numbers), [f"t{number}" for number in numbers], ["M"] * len(numbers)]
    return session.insert_columns(MOUSE, ["mouse", "tag", "sex"], columns, key=["mouse"], conflict=conflict)


# results -----------------------------------------------------------------------------------------------------


def test_results_have_columns_rows_and_counts(session: SqliteSession) -> None:
    add_mice(session, 1, 2)
    result = session.execute('SELECT "mouse" AS m, "tag" FROM "lab.mouse" WHERE "mouse" > ?', [1])
    assert (result.columns, result.rows, result.rowcount) == (("m", "tag"), [(2, "t2")], 1)
    empty = session.execute('WITH x AS (SELECT * FROM "lab.mouse") SELECT * FROM x WHERE "mouse" > ?', [5])
    assert (empty.columns, empty.rows, empty.rowcount) == (("mouse", "tag", "sex"), [], 0)
    assert session.execute('UPDATE "lab.mouse" SET "sex" = ?', ["F"]).rowcount == 2
    assert session.execute('DELETE FROM "lab.mouse" RETURNING "mouse"').rowcount == 2
    assert session.execute('CREATE TABLE "x.y" (a INTEGER) STRICT').rowcount == 0


def test_it_is_a_backend_session(session: SqliteSession) -> None:
    checked: BackendSession = session
    assert checked.dialect is SQLITE


def test_transactions_and_savepoints(session: SqliteSession) -> None:
    session.begin()
    assert session.in_transaction
    add_mice(session, 1)
    session.savepoint("a point")
    add_mice(session, 2)
    session.rollback_to_savepoint("a point")
    session.commit()
    assert [row[0] for row in mice(session)] == [1]
    session.begin(write=False)
    session.rollback()
    session.rollback()
    assert not session.in_transaction


def test_streams_read_a_snapshot_in_batches(session: SqliteSession) -> None:
    add_mice(session, *range(25))
    stream = session.stream('SELECT "mouse" FROM "lab.mouse" WHERE "mouse" >= ?', [5], batch_size=8)
    add_mice(session, 99)
    batches = list(stream)
    assert [len(batch) for batch in batches] == [8, 8, 4]
    assert batches[-1][-1] == (24,)


def test_a_closed_stream_frees_its_connection(session: SqliteSession, path: str) -> None:
    add_mice(session, *range(25))
    stream = session.stream('SELECT "mouse" FROM "lab.mouse"', batch_size=2)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert list(stream) == []
    assert len(list(session.stream("SELECT 1"))) == 1
    other = session.stream('SELECT "mouse" FROM "lab.mouse"')
    del other
    session.close()
    assert not Path(f"{path}-wal").exists()


def test_streams_within_a_transaction_see_its_rows(session: SqliteSession) -> None:
    session.begin()
    add_mice(session, 1)
    assert list(session.stream('SELECT "mouse" FROM "lab.mouse"')) == [[(1,)]]
    session.rollback()


def test_streams_cannot_write(session: SqliteSession) -> None:
    with pytest.raises(AccessError):
        list(session.stream('DELETE FROM "lab.mouse" RETURNING 1'))


def test_a_database_in_memory(opened: Callable[..., SqliteSession]) -> None:
    session = opened(":memory:")
    declare(session, MOUSE_SPEC)
    add_mice(session, 1)
    assert list(session.stream('SELECT count(*) FROM "lab.mouse"')) == [[(1,)]]
    assert session.change_counter() == session.change_counter()


def test_the_change_counter_tells_of_others(
    session: SqliteSession, path: str, opened: Callable[..., SqliteSession]
) -> None:
    before, version = session.change_counter(), session.catalog_version()
    add_mice(session, 1)
    assert session.change_counter() == before
    other = opened(path)
    add_mice(other, 2)
    assert session.change_counter() != before
    assert session.catalog_version() == version
    other.execute('CREATE TABLE "x.y" (a INTEGER) STRICT')
    assert session.catalog_version() != version


# bulk inserts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 99, 100, 201, 1234])
def test_inserts_of_any_size(session: SqliteSession, count: int) -> None:
    assert add_mice(session, *range(count)) == count
    assert [row[0] for row in mice(session)] == list(range(count))


@pytest.mark.parametrize("bad", [0, 150, 499])
def test_a_duplicate_names_its_row_and_stores_nothing(session: SqliteSession, bad: int) -> None:
    add_mice(session, 1000)
    numbers = list(range(500))
    numbers[bad] = 1000
    with pytest.raises(DuplicateError) as caught:
        add_mice(session, *numbers)
    assert caught.value.row_index == bad
    assert caught.value.attributes == ("mouse",)
    assert caught.value.table == "lab.mouse"
    assert len(mice(session)) == 1
    assert not session.in_transaction


def test_a_clash_on_another_unique_index_names_it(session: SqliteSession) -> None:
    add_mice(session, 1)
    with pytest.raises(DuplicateError) as caught:
        session.insert_columns(MOUSE, ["mouse", "tag"], [[2, 3], ["a", "t1"]], key=["mouse"])
    assert (caught.value.attributes, caught.value.row_index) == (("tag",), 1)


def test_skip_passes_existing_keys_only(session: SqliteSession) -> None:
    add_mice(session, 1, 2)
    assert add_mice(session, *range(300), conflict="skip") == 298
    assert (
        session.insert_columns(
            MOUSE, ["mouse", "tag"], [[400, 400], ["a", "b"]], key=["mouse"], conflict="skip"
        )
        == 1
    )
    with pytest.raises(DuplicateError) as caught:
        session.insert_columns(MOUSE, ["mouse", "tag"], [[500], ["t7"]], key=["mouse"], conflict="skip")
    assert caught.value.attributes == ("tag",)


def test_replace_keeps_dependents_and_lets_the_last_row_win(session: SqliteSession) -> None:
    add_mice(session, 1)
    session.insert_columns(SCAN, ["mouse", "scan", "price"], [[1], [1], ["1.50"]])
    columns = [[1, 1, *range(2, 300)], ["x", "y", *map(str, range(2, 300))]]
    session.insert_columns(MOUSE, ["mouse", "tag"], columns, key=["mouse"], conflict="replace")
    assert mice(session)[0] == (1, "y", "M")
    assert session.execute('SELECT count(*) FROM "exp._scan"').rows == [(1,)]
    with pytest.raises(DuplicateError):
        session.insert_columns(MOUSE, ["mouse", "tag"], [[2], ["y"]], key=["mouse"], conflict="replace")


def test_an_insert_within_a_transaction_leaves_it_open(session: SqliteSession) -> None:
    session.begin()
    add_mice(session, 1)
    with pytest.raises(DuplicateError):
        add_mice(session, 1)
    assert session.in_transaction
    session.commit()
    assert len(mice(session)) == 1


@pytest.mark.parametrize(("conflict", "third"), [("skip", "t3"), ("replace", "u1")])
def test_rows_of_a_query(session: SqliteSession, conflict: Conflict, third: str) -> None:
    add_mice(session, 1, 2, 3)
    text = 'SELECT "mouse" + 2 AS "mouse", \'u\' || "mouse" AS "tag" FROM "lab.mouse" WHERE "mouse" < ?'
    names, key = ["mouse", "tag"], ["mouse"]
    for statement in dml.insert_select(
        SQLITE, MOUSE, names, Statement(text, (3,)), key=key, conflict=conflict
    ):
        session.execute(statement.sql, statement.params)
    assert [row[1] for row in mice(session)] == ["t1", "t2", third, "u2"]


def test_deleting_by_query(session: SqliteSession) -> None:
    add_mice(session, 1, 2, 3)
    select = Statement('SELECT "mouse" FROM "lab.mouse" WHERE "mouse" > ?', (1,))
    statement = dml.delete_select(SQLITE, MOUSE, ["mouse"], select)
    assert session.execute(statement.sql, statement.params).rowcount == 2


# errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "error", "attribute"),
    [
        ({"mouse": None}, MissingAttributeError, "mouse"),
        ({"tag": None}, MissingAttributeError, "tag"),
        ({"mouse": 2**40}, InvalidValueError, "mouse"),
        ({"mouse": "x"}, InvalidValueError, "mouse"),
        ({"tag": "too long for it"}, InvalidValueError, "tag"),
        ({"sex": "?"}, InvalidValueError, "sex"),
        ({"mouse": 2**70}, InvalidValueError, None),
        ({"mouse": object()}, InvalidValueError, None),
        ({"tag": "\ud800"}, InvalidValueError, None),
    ],
)
def test_values_the_table_refuses(
    session: SqliteSession, values: dict[str, object], error: type[DataMillError], attribute: str | None
) -> None:
    row = {"mouse": 1, "tag": "a", "sex": "M", **values}
    with pytest.raises(error) as caught:
        session.insert_columns(MOUSE, list(row), [[value] for value in row.values()])
    assert caught.value.attribute == attribute
    assert caught.value.row_index == 0
    assert mice(session) == []


def test_a_left_out_key_is_not_made_up(session: SqliteSession) -> None:
    with pytest.raises(MissingAttributeError):
        session.insert_columns(MOUSE, ["tag"], [["a"]])


def test_foreign_keys_hold(session: SqliteSession) -> None:
    with pytest.raises(IntegrityError) as caught:
        session.insert_columns(SCAN, ["mouse", "scan", "price"], [[7], [1], ["1.00"]])
    assert caught.value.constraint == "foreign key"
    add_mice(session, 7)
    session.insert_columns(SCAN, ["mouse", "scan", "price"], [[7], [1], ["1.00"]])
    with pytest.raises(IntegrityError):
        session.execute('DELETE FROM "lab.mouse"')
    session.execute('UPDATE "lab.mouse" SET "mouse" = 8')
    assert session.execute('SELECT "mouse" FROM "exp._scan"').rows == [(8,)]


@pytest.mark.parametrize(
    ("sql", "error", "field", "value"),
    [
        ('SELECT * FROM "lab.nothing"', MissingTableError, "table", "nothing"),
        ('SELECT "tagg" FROM "lab.mouse"', UnknownAttributeError, "attribute", "tagg"),
        ('INSERT INTO "lab.mouse" ("tagg") VALUES (1)', UnknownAttributeError, "attribute", "tagg"),
        ("SELECT 1 +", QuerySyntaxError, "expression", "SELECT 1 +"),
        ("SELEC 1", QuerySyntaxError, "position", 0),
        ("SELECT no_such_function(1)", QueryError, "sql", "SELECT no_such_function(1)"),
        ("SELECT abs(-9223372036854775808)", QueryError, "backend", "sqlite"),
        ("SELECT ?", QueryError, None, None),
    ],
)
def test_statements_it_refuses(
    session: SqliteSession, sql: str, error: type[DataMillError], field: str | None, value: object
) -> None:
    with pytest.raises(error) as caught:
        session.execute(sql)
    assert type(caught.value) is error
    assert field is None or getattr(caught.value, field) == value


def test_unknown_columns_are_no_texts(session: SqliteSession) -> None:
    """SQLite by itself takes a misspelt "name" for the text 'name'."""
    with pytest.raises(UnknownAttributeError):
        session.execute('DELETE FROM "lab.mouse" WHERE "tga" = "tga"')


def test_a_lock_waited_for_in_vain(
    session: SqliteSession, path: str, opened: Callable[..., SqliteSession]
) -> None:
    session.begin()
    other = opened(path, busy_timeout=0.05)
    with pytest.raises(LockTimeoutError, match=r"busy_timeout"):
        add_mice(other, 1)
    with pytest.raises(LockTimeoutError):
        other.begin()
    session.rollback()
    assert add_mice(other, 1) == 1


def test_writing_after_reading_what_has_changed_since(
    session: SqliteSession, path: str, opened: Callable[..., SqliteSession]
) -> None:
    other = opened(path)
    session.begin(write=False)
    mice(session)
    add_mice(other, 1)
    with pytest.raises(LockTimeoutError, match="Repeat") as caught:
        add_mice(session, 2)
    assert caught.value.is_retryable
    session.rollback()


def test_a_closed_session_says_so(session: SqliteSession) -> None:
    session.close()
    session.close()
    with pytest.raises(LostConnectionError):
        session.execute("SELECT 1")


def test_a_removed_file_is_a_lost_connection(session: SqliteSession, path: str) -> None:
    session.ping()
    Path(path).unlink()
    with pytest.raises(LostConnectionError, match="removed"):
        session.ping()


# introspection -----------------------------------------------------------------------------------------------


def test_tables_are_described(session: SqliteSession) -> None:
    scan, mouse = session.load_tables()
    assert (mouse.name, mouse.comment, mouse.primary_key) == (MOUSE, "mice", ("mouse",))
    assert [column.comment for column in mouse.columns] == [
        ":int32:ear tag",
        ":varchar(8):",
        ":enum('M','F'):",
    ]
    assert [column.default for column in mouse.columns] == [None, None, "'F'"]
    assert [(index.columns, index.unique) for index in mouse.indexes] == [(("tag",), True)]
    assert (
        mouse.definition
        == "# mice\nmouse : int32 # ear tag\n---\ntag : varchar(8)\nsex=\"F\" : enum('M','F')\nunique index (tag)\n"
    )
    assert scan.foreign_keys == (RawForeignKey(MOUSE, ("mouse",), ("mouse",)),)
    assert scan.primary_key == ("mouse", "scan")
    assert session.list_schemas() == ["exp", "lab"]


def test_only_the_schemas_asked_for(session: SqliteSession) -> None:
    assert [table.name for table in session.load_tables(["lab"])] == [MOUSE]
    assert session.load_tables([]) == []
    assert session.load_tables(["nothing"]) == []


def test_dropped_tables_are_forgotten(session: SqliteSession) -> None:
    for name in (SCAN, MOUSE):
        for statement in ddl.drop_table(name, SQLITE):
            session.execute(statement.sql, statement.params)
    for statement in ddl.drop_schema("lab", SQLITE):
        session.execute(statement.sql, statement.params)
    assert session.load_tables() == []
    assert session.list_schemas() == ["exp"]


def test_numbered_keys(opened: Callable[..., SqliteSession]) -> None:
    session = opened(":memory:")
    name = TableName("lab", "old")
    declare(
        session,
        TableSpec(name, Heading([column("id", "int auto_increment", in_key=True), column("n", "int8")])),
    )
    session.insert_columns(name, ["n"], [[1, 2]])
    assert session.execute('SELECT "id" FROM "lab.old"').rows == [(1,), (2,)]
    (table,) = session.load_tables()
    assert [column.is_auto_increment for column in table.columns] == [True, False]
    assert not table.columns[0].nullable


def test_indexes_of_expressions(opened: Callable[..., SqliteSession]) -> None:
    session = opened(":memory:")
    name = TableName("lab", "note")
    parts = (IndexPart(expression="LOWER(tag)"), IndexPart("meta", "cam[0].gain", parse_type("int32")))
    heading = Heading(
        [column("id", "int32", in_key=True), column("tag", "varchar(8)"), column("meta", "json")]
    )
    declare(session, TableSpec(name, heading, indexes=(Index(parts, unique=True),)))
    documents = ['{"cam":[{"gain":1}]}', '{"cam":[{"gain":2}]}']
    columns: list[list[Any]] = [[1, 2], ["Ab", "aB"], documents]
    session.insert_columns(name, ["id", "tag", "meta"], columns)
    with pytest.raises(DuplicateError, match="unique index"):
        session.execute('UPDATE "lab.note" SET "meta" = ?', ['{"cam":[{"gain":1}]}'])
    (index,) = session.load_tables()[0].indexes
    assert index.columns == (None, None)
    assert len(index.expressions) == 2
    assert "gain" in str(index.expressions[1])


# connecting --------------------------------------------------------------------------------------------------


def test_connecting_by_address(path: str) -> None:
    session = backends.connect(parse_url(f"sqlite:///{path}"), Settings())
    assert session.execute("PRAGMA journal_mode").rows == [("wal",)]
    assert session.execute("PRAGMA foreign_keys").rows == [(1,)]
    session.close()


def test_connecting_to_read_only(session: SqliteSession, path: str) -> None:
    reader = backends.connect(parse_url(f"sqlite:///{path}?mode=ro"), Settings())
    assert reader.list_schemas() == ["exp", "lab"]
    with pytest.raises(AccessError, match="written"):
        reader.insert_columns(MOUSE, ["mouse", "tag"], [[1], ["a"]])
    reader.close()
    with pytest.raises(ConfigError, match="mode=ro"):
        backends.connect(parse_url(f"sqlite:///{path}?cache=shared"), Settings())


def test_schemas_that_differ_in_case_only(session: SqliteSession) -> None:
    """SQLite's tables ignore case: "Lab.mouse" is "lab.mouse"."""
    for statement in ddl.create_schema("LAB", SQLITE):
        session.execute(statement.sql, statement.params)
    assert session.list_schemas() == ["exp", "lab"]


def test_memory_stays_with_its_process(opened: Callable[..., SqliteSession]) -> None:
    session = opened(":memory:")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            session.execute("SELECT 1")
        except LostConnectionError as error:
            os._exit(
                0 if "Use a file" in str(error) and SqliteSession(":memory:").list_schemas() == [] else 1
            )
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    session.execute("SELECT 1")


@pytest.mark.parametrize("in_use", [False, True])
def test_forks(session: SqliteSession, path: str, in_use: bool) -> None:
    """An idle session serves both processes afterwards, each by its own connection; one in use stays the parent's."""
    if in_use:
        session.begin()
        add_mice(session, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests may have left threads
        child = os.fork()
    if child == 0:
        os._exit(_in_child(session, path, in_use))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    if in_use:
        session.commit()
    assert [row[0] for row in mice(session)] == ([1] if in_use else [5])


@pytest.mark.parametrize("work", ["read", "write"])
def test_forks_while_another_thread_works(work: str, session: SqliteSession) -> None:
    """Its session is closed between two statements only, never within one; it may wait, but notices nothing."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.is_set():
            if work == "read":
                mice(session)
            else:
                session.begin()
                session.execute('UPDATE "lab.mouse" SET "mouse" = "mouse"')
                session.commit()

    with ThreadPoolExecutor(1) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads in a process that forks
        done = pool.submit(go_on)
        for _ in range(100):
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        ended.set()
        done.result()


def _in_child(session: SqliteSession, path: str, in_use: bool) -> int:
    try:
        add_mice(session, 5)
    except LostConnectionError:
        if not in_use:
            return 1
    else:
        return 2 if in_use else 0
    try:
        SqliteSession(path)
    except DataMillError as error:
        return 0 if "spawn" in str(error) else 3
    return 4


@pytest.mark.parametrize(
    "call",
    [
        "dm_dayofyear('1')",
        "dm_decimal('*', 'a', '1')",
        "dm_to_int(x'00ff')",
        "dm_to_datetime(1.5, 0)",
        "dm_uuid(7)",
        "dm_lower(5)",
        "dm_weekday('2024-01-01', 2)",
        "dm_sum(x) FROM (SELECT 'a' AS x)",
        "dm_var_pop(x) OVER () FROM (SELECT 'a' AS x)",
    ],
)
def test_functions_refuse_what_they_cannot_take(session: SqliteSession, call: str) -> None:
    with pytest.raises(
        QueryError, match=r"DAYOFYEAR|DECIMAL|TO_INT|TO_DATETIME|UUID|LOWER|WEEKDAY|SUM|VAR_POP"
    ):
        session.execute(f"SELECT {call}")


def test_queries_of_no_rows_have_names_behind_any_blanks(session: SqliteSession) -> None:
    for sql in (f"{' ' * 100}SELECT 1 AS a WHERE FALSE", "\n\tSELECT\n\t1 AS a WHERE FALSE"):
        assert session.execute(sql).columns == ("a",)
    assert session.execute(" " * 60).columns == ()


def test_a_missing_table_tells_how_names_are_written(session: SqliteSession) -> None:
    with pytest.raises(MissingTableError, match=r'full_table_name says: "lab\.mouse"'):
        session.execute("SELECT * FROM `lab`.`mouse`")


def test_a_stream_ends_with_its_session(session: SqliteSession) -> None:
    add_mice(session, 1, 2)
    stream = session.stream('SELECT * FROM "lab.mouse"', batch_size=1)
    next(stream)
    session.close()
    with pytest.raises(LostConnectionError, match="is closed"):
        next(stream)


def test_closing_ends_what_other_threads_run(session: SqliteSession) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(session.execute, endless)
        with pytest.raises(TimeoutError):
            running.result(0.2)
        session.close()
        with pytest.raises((QueryError, LostConnectionError), match=r"interrupted|closed"):
            running.result(20)


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_to_a_file_that_was_removed(
    session: SqliteSession, path: str, replaced: bool
) -> None:
    add_mice(session, 1)
    for file in (path, f"{path}-wal", f"{path}-shm"):
        Path(file).rename(f"{file}.away")
    if replaced:
        Path(path).write_bytes(b"")
    with pytest.raises(LostConnectionError, match="moved, removed or replaced"):
        add_mice(session, 2)
    with pytest.raises(LostConnectionError, match="moved, removed or replaced"):
        session.begin()
    assert not session.in_transaction
