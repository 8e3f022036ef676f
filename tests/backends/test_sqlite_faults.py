"""Real faults: killed processes, racing writers, full disks, files that are not ours."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.backends.conftest import resolve

from datamill import FreeTable
from datamill.backends.sqlite import SqliteSession
from datamill.data.connection import Connection
from datamill.errors import AccessError, DataMillError, QueryError
from datamill.model.names import TableName

TABLE = TableName("lab", "t")
CREATE = 'CREATE TABLE IF NOT EXISTS "lab.t" ("a" INT NOT NULL PRIMARY KEY, "b" TEXT NOT NULL) STRICT'


def start(path: Path, body: str, *arguments: object) -> subprocess.Popen[str]:
    """Run Python code in a process of its own; it has `session`, `insert(numbers)` and `arguments`."""
    program = f"""
import sys
from datamill.backends.sqlite import SqliteSession
from datamill.model.names import TableName

path, *arguments = sys.argv[1:]
session = SqliteSession(path)
session.execute({CREATE!r})

def insert(numbers):
    numbers = list(numbers)
    session.insert_columns(TableName("lab", "t"), ["a", "b"], [numbers, ["x" * 50] * len(numbers)])

"""
    code = program + textwrap.dedent(body)
    command = [sys.executable, "-c", code, str(path), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lab.db"


@pytest.fixture
def session(path: Path) -> Iterator[SqliteSession]:
    session = SqliteSession(str(path))
    session.execute(CREATE)
    yield session
    session.close()


def numbers(session: SqliteSession) -> list[int]:
    return [row[0] for row in session.execute('SELECT "a" FROM "lab.t" ORDER BY "a"').rows]


def check_file(session: SqliteSession) -> None:
    assert session.execute("PRAGMA integrity_check").rows == [("ok",)]


# killed processes --------------------------------------------------------------------------------------------


def test_a_kill_in_mid_insert_leaves_whole_inserts(path: Path, session: SqliteSession) -> None:
    body = """
    def stuttering():
        for number in range(1_000_000):
            if number == 250_000:
                print("half", flush=True)
            yield number
    insert(range(-1000, 0))
    import datamill.backends.sqlite_insert as bulk
    rows = stuttering()
    bulk.BulkInsert._rows = lambda self, columns, start, stop: ((next(rows), "x" * 50) for _ in columns[0])
    bulk.ROWS_PER_STATEMENT = 1
    insert(range(1_000_000))
    """
    process = start(path, body)
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    check_file(session)
    assert numbers(session) == list(range(-1000, 0))
    assert session.insert_columns(TABLE, ["a", "b"], [[1], ["after"]]) == 1


def test_a_kill_at_any_moment_loses_no_commit(path: Path, session: SqliteSession) -> None:
    body = """
    for number in range(100_000):
        insert([2 * number, 2 * number + 1])
        print(number, flush=True)
    """
    process = start(path, body)
    assert process.stdout is not None
    for _ in range(200):
        last = int(process.stdout.readline())
    process.kill()
    rest, _ = process.communicate()
    last = int(rest.splitlines()[-1]) if rest.endswith("\n") and rest else last
    check_file(session)
    stored = numbers(session)
    assert stored == list(range(len(stored)))
    assert len(stored) % 2 == 0
    assert len(stored) >= 2 * (last + 1)


# interrupts --------------------------------------------------------------------------------------------------

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def soon_interrupted() -> Iterator[None]:
    """Something like Ctrl-C a moment from now."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_interrupt_ends_a_statement_and_undoes_it(session: SqliteSession, soon_interrupted: None) -> None:
    with pytest.raises(KeyboardInterrupt):
        session.execute(f'INSERT INTO "lab.t" {ENDLESS.replace("SELECT count(*)", "SELECT i, i")}')
    assert numbers(session) == []
    assert not session.in_transaction


def test_an_interrupt_ends_a_bulk_insert_and_undoes_it(
    session: SqliteSession, soon_interrupted: None
) -> None:
    count = 3_000_000
    with pytest.raises(KeyboardInterrupt):
        session.insert_columns(TABLE, ["a", "b"], [range(count), ["x"] * count])
    assert not session.in_transaction
    assert numbers(session) == []


# racing writers ----------------------------------------------------------------------------------------------


def test_processes_writing_at_once_lose_nothing(path: Path) -> None:
    body = """
    start = int(arguments[0])
    for number in range(150):
        insert([start + number])
        session.begin()
        session.execute('UPDATE "lab.t" SET "b" = ? WHERE "a" = ?', ("seen", start + number))
        session.commit()
    """
    for process in [start(path, body, 1000 * number) for number in range(3)]:
        finish(process)
    session = SqliteSession(str(path))
    assert numbers(session) == [1000 * process + number for process in range(3) for number in range(150)]
    assert session.execute('SELECT DISTINCT "b" FROM "lab.t"').rows == [("seen",)]
    session.close()


def test_processes_creating_one_file_at_once(path: Path) -> None:
    for process in [start(path, "insert([int(arguments[0])])", number) for number in range(4)]:
        finish(process)
    session = SqliteSession(str(path))
    assert numbers(session) == [0, 1, 2, 3]
    session.close()


def test_threads_creating_files_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for number in range(60):
            start = threading.Barrier(4)

            def create(start: threading.Barrier = start, place: str = f"{tmp_path}/{number}.db") -> None:
                start.wait()
                SqliteSession(place).close()

            for created in [pool.submit(create) for _ in range(4)]:
                created.result()


# full disks --------------------------------------------------------------------------------------------------


def test_a_full_database_stores_nothing_half(session: SqliteSession) -> None:
    session.execute("PRAGMA max_page_count = 40")
    with pytest.raises(QueryError, match="no room"):
        session.insert_columns(TABLE, ["a", "b"], [list(range(10_000)), ["x" * 50] * 10_000])
    assert not session.in_transaction
    assert numbers(session) == []
    check_file(session)
    session.execute("PRAGMA max_page_count = 1000000")
    assert session.insert_columns(TABLE, ["a", "b"], [[1], ["fits"]]) == 1


def test_a_full_database_within_a_transaction(session: SqliteSession) -> None:
    session.execute("PRAGMA max_page_count = 40")
    session.begin()
    session.insert_columns(TABLE, ["a", "b"], [[1], ["fits"]])
    session.savepoint("batch")
    with pytest.raises(QueryError):
        session.insert_columns(TABLE, ["a", "b"], [list(range(2, 10_000)), ["x" * 50] * 9998])
    session.rollback_to_savepoint("batch")
    session.rollback()
    assert numbers(session) == []
    check_file(session)


def test_a_file_that_may_not_grow(path: Path) -> None:
    """A quota: the system refuses to extend the file."""
    body = """
    import resource, signal
    from datamill.errors import QueryError
    insert(range(10))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    try:
        insert(range(10, 100_000))
    except QueryError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    insert([10])
    """
    message = finish(start(path, body))
    assert "not stored" in message
    assert "quota" in message
    session = SqliteSession(str(path))
    assert numbers(session) == list(range(11))
    check_file(session)
    session.close()


def test_the_limit_of_files_is_that_of_the_test() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


# files that are not ours -------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    before = path.read_bytes()
    with pytest.raises(DataMillError) as caught:
        SqliteSession(str(path))
    assert path.read_bytes() == before
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_the_database_of_another_program(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.commit()
    other.close()
    assert "another program" in refused(path)


def test_the_marked_database_of_another_program(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA application_id = 77")
    other.execute("CREATE TABLE t (a)")
    other.close()
    assert "another program" in refused(path)


def test_a_file_of_a_newer_datamill(path: Path, session: SqliteSession) -> None:
    session.execute("PRAGMA user_version = 999")
    session.close()
    assert "Upgrade" in refused(path)


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_text("mouse,age\n1,3\n" * 1000)
    assert "not an SQLite database" in refused(path)


def test_an_empty_file_is_made_ours(path: Path) -> None:
    path.touch()
    session = SqliteSession(str(path))
    assert session.list_schemas() == []
    session.close()


def test_a_damaged_file(path: Path, session: SqliteSession) -> None:
    session.insert_columns(TABLE, ["a", "b"], [list(range(5000)), ["x" * 50] * 5000])
    session.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xa5" * (len(damaged) - 4096)
    path.write_bytes(damaged)
    with pytest.raises(DataMillError, match="damaged"):
        numbers(SqliteSession(str(path)))


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="does not exist"):
        SqliteSession(str(tmp_path / "nowhere" / "lab.db"))


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="is a folder"):
        SqliteSession(str(tmp_path))


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(AccessError, match="cannot"):
        SqliteSession(str(tmp_path / name))


def test_a_file_that_may_only_be_read(session: SqliteSession, path: Path, shared: Path) -> None:
    session.insert_columns(TABLE, ["a", "b"], [[1], ["x"]])
    session.close()
    program = """
    import os
    from datamill.errors import AccessError

    SqliteSession(":memory:").close()  # loads everything while this process may
    if os.geteuid() == 0:
        os.seteuid(65534)
    session = SqliteSession(arguments[0])
    print(session.execute('SELECT "a" FROM "lab.t"').rows)
    for attempt in (lambda: session.execute('DELETE FROM "lab.t"'), lambda: insert([2])):
        try:
            attempt()
        except AccessError as error:
            print("refused")
    """
    assert finish(start(path, program, _copy(path, shared / "open", 0o777))) == "[(1,)]\nrefused\nrefused\n"
    with_hint = program.replace("session = SqliteSession(arguments[0])", SHUT)
    assert "copy the file" in finish(start(path, with_hint, _copy(path, shared / "shut", 0o555)))


def _copy(path: Path, folder: Path, mode: int) -> Path:
    folder.mkdir()
    copy = folder / "lab.db"
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o444)
    folder.chmod(mode)
    return copy


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that other users may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for inner in folder.iterdir():
            inner.chmod(0o755)


SHUT = """
    try:
        session = SqliteSession(arguments[0])
    except AccessError as error:
        print(error)
        raise SystemExit(0)
"""


# users without permission to write -------------------------------------------------------------------------------


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that others can reach, as those of pytest are not; at the end it and what it holds is removed."""
    folder = Path(tempfile.mkdtemp(prefix="datamill-shared-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    for item in (folder, *folder.rglob("*")):
        item.chmod(0o755)
    shutil.rmtree(folder)


def as_somebody_else(work: Callable[[], str]) -> str:
    """Run a function in a process of a user without privileges; return what it returns."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.write(writer, work().encode())
        except BaseException as error:  # noqa: BLE001 - told to the parent
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def test_a_file_in_a_folder_that_may_not_be_written(shared_folder: Path) -> None:
    path = shared_folder / "lab data #1.db"

    def read(url: str) -> str:
        with Connection(url=url) as connection:
            table = FreeTable(connection, "lab.mouse")
            found = [len(table), len(list(table)), len(table.to_dicts())]
            for change in (
                lambda: table.insert1({"mouse": 9}),
                lambda: (table & "mouse = 1").delete(prompt=False),
                lambda: connection.catalog.create_schema("mine"),
                connection.start_transaction,
            ):
                with pytest.raises(AccessError, match="cannot be written"):
                    change()
            assert not connection.in_transaction
            return str(found)

    url = f"sqlite:///{quote(str(path))}"
    with Connection(url=url) as connection:
        connection.catalog.create_schema("lab")
        spec = resolve(connection, "lab", "mouse", "mouse : int32")
        connection.catalog.declare(spec)
        FreeTable(connection, "lab.mouse").insert({"mouse": mouse} for mouse in range(3))
    path.chmod(0o444)
    shared_folder.chmod(0o555)
    assert as_somebody_else(lambda: read(f"{url}?mode=ro")) == "[3, 3, 3]"
    assert "AccessError" in as_somebody_else(lambda: read(url))
