"""Connections: opening, threads, forks, other processes, raw SQL, the query cache."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from datamill.data.connection import Connection
from datamill.errors import ConfigError, DataMillError, LostConnectionError, QueryError
from datamill.model.names import TableName
from datamill.settings import Config

Declare = Callable[[str, str], object]


@pytest.fixture
def numbers(connection: Connection, declare: Declare) -> Connection:
    """A connection to a database with the table lab.number of three rows."""
    declare("lab.number", "n : int32\n---\nword : varchar(20)")
    connection.session.insert_columns(
        TableName("lab", "number"), ("n", "word"), [[1, 2, 3], ["one", "two", "three"]]
    )
    return connection


def table(connection: Connection) -> str:
    return connection.dialect.table(TableName("lab", "number"))


def count(connection: Connection) -> int:
    return int(connection.query(f"SELECT count(*) FROM {table(connection)}").fetchone()[0])


class TestOpening:
    def test_opens_and_closes(self, database_url: str) -> None:
        connection = Connection(url=database_url)
        states = [connection.is_connected]
        connection.close()
        connection.close()
        states.append(connection.is_connected)
        assert states == [True, False]
        with pytest.raises(LostConnectionError, match="connect"):
            connection.query("SELECT 1")
        connection.connect()
        assert connection.query("SELECT 1").fetchone() == (1,)
        connection.close()

    def test_host_may_be_a_url(self, database_url: str) -> None:
        with Connection(database_url) as connection:
            assert connection.matches(url=database_url)
            connection.ping()

    def test_settings_give_the_default(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.db"
        config = Config({"database.path": str(file)}, environment={}, ignore_files=True)
        with Connection(config_override=config) as connection:
            assert connection.config is config
        assert file.exists()

    def test_closing_rolls_back(self, numbers: Connection, database_url: str) -> None:
        numbers.start_transaction()
        numbers.query(f"DELETE FROM {table(numbers)}")
        numbers.close()
        with Connection(url=database_url) as other:
            assert count(other) == 3

    def test_names_the_user(self, connection: Connection) -> None:
        user, at, host = connection.get_user().partition("@")
        assert user
        assert at
        assert host

    def test_repr_hides_passwords(self) -> None:
        config = Config({"database.url": "sqlite://"}, environment={}, ignore_files=True)
        with Connection(config_override=config) as connection:
            assert "sqlite" in repr(connection)

    def test_runs_the_initial_sql(self, database_url: str) -> None:
        config = Config(
            {"connection.init_function": "SELECT no_such_function()"}, environment={}, ignore_files=True
        )
        with pytest.raises(QueryError):
            Connection(url=database_url, config_override=config)


class TestThreads:
    def test_each_thread_has_its_session_and_transaction(self, numbers: Connection) -> None:
        numbers.start_transaction()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: numbers.in_transaction).result() is False
            assert pool.submit(lambda: numbers.session).result() is not numbers.session
        numbers.cancel_transaction()

    def test_observer_belongs_to_a_thread(self, connection: Connection) -> None:
        connection.observer = Watcher()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: connection.observer).result() is None
        connection.observer = None

    def test_many_threads_write_without_losing_anything(self, numbers: Connection) -> None:
        name = TableName("lab", "number")

        def work(start: int) -> None:
            for n in range(start, start + 20):
                with numbers.write() as session:
                    session.insert_columns(name, ("n", "word"), [[n], ["x"]])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(100, 900, 100)))
        assert count(numbers) == 3 + 8 * 20

    def test_catalog_may_be_shared(self, numbers: Connection) -> None:
        def work(_: int) -> list[str]:
            numbers.catalog.invalidate()
            return numbers.catalog.spec(TableName("lab", "number")).heading.names

        with ThreadPoolExecutor(8) as pool:
            assert all(names == ["n", "word"] for names in pool.map(work, range(50)))


class TestMemory:
    @pytest.fixture
    def memory(self) -> Iterator[Connection]:
        with Connection(url="sqlite://") as connection:
            connection.query("CREATE TABLE t (a INTEGER PRIMARY KEY)")
            yield connection

    def test_threads_see_one_database(self, memory: Connection) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda a: memory.query("INSERT INTO t VALUES (%s)", (a,)), range(100)))
        assert memory.query("SELECT count(*) FROM t").fetchone() == (100,)

    def test_a_transaction_keeps_other_threads_waiting(self, memory: Connection) -> None:
        begun, seen = threading.Event(), []

        def other() -> None:
            begun.wait()
            seen.append(memory.query("SELECT count(*) FROM t").fetchone()[0])

        thread = threading.Thread(target=other)
        thread.start()
        with memory.transaction:
            memory.query("INSERT INTO t VALUES (1)")
            begun.set()
            thread.join(0.05)
            assert thread.is_alive()
            memory.query("INSERT INTO t VALUES (2)")
        thread.join()
        assert seen == [2]

    def test_rolled_back_transaction_lets_others_on(self, memory: Connection) -> None:
        memory.start_transaction()
        memory.query("INSERT INTO t VALUES (1)")
        memory.cancel_transaction()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(memory.query, "SELECT count(*) FROM t").result().fetchone() == (0,)

    def test_cannot_leave_the_process(self, memory: Connection) -> None:
        with pytest.raises(DataMillError, match="file"):
            pickle.dumps(memory)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    def test_cannot_be_used_after_a_fork(self, memory: Connection) -> None:
        assert in_fork(lambda: _error_of(memory)) == b"DataMillError"


def _error_of(connection: Connection) -> bytes:
    try:
        connection.query("SELECT 1")
    except DataMillError as error:
        return type(error).__name__.encode() if "file" in str(error) else b"no cure"
    return b"nothing"


def in_fork(work: Callable[[], bytes]) -> bytes:
    """Run a function in a forked child and return what it returns."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer = b"failed"
        try:
            answer = work()
        finally:
            os.write(writing, answer)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        answer = file.read()
    os.waitpid(child, 0)
    return answer


def _insert_in_process(connection: Connection, n: int) -> None:
    name = TableName("lab", "number")
    connection.run_write(lambda session: session.insert_columns(name, ("n", "word"), [[n], ["process"]]))


class TestProcesses:
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    def test_a_forked_child_has_its_own_session(self, numbers: Connection) -> None:
        def child() -> bytes:
            _insert_in_process(numbers, 50)
            return str(count(numbers)).encode()

        assert in_fork(child) == b"4"
        assert count(numbers) == 4
        numbers.run_write(
            lambda session: session.insert_columns(TableName("lab", "number"), ("n", "word"), [[9], ["x"]])
        )
        assert count(numbers) == 5

    def test_pickles_to_itself_within_the_process(self, connection: Connection) -> None:
        assert pickle.loads(pickle.dumps(connection)) is connection

    def test_other_processes_write_through_it(self, numbers: Connection) -> None:
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=_insert_in_process, args=(numbers, n)) for n in (60, 61)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0]
        assert count(numbers) == 5


class TestQuery:
    def test_positional_and_named_placeholders(self, connection: Connection) -> None:
        assert connection.query("SELECT %s, %s", (1, "a")).fetchall() == [(1, "a")]
        assert connection.query("SELECT %(a)s, %(b)s, %(a)s", {"a": 1, "b": 2}).fetchall() == [(1, 2, 1)]

    def test_percent_signs(self, connection: Connection) -> None:
        assert connection.query("SELECT 'abc' LIKE 'a%', 'x' LIKE 'a%%'").fetchone() == (1, 0)
        assert connection.query("SELECT '100%', %s", (1,)).fetchone() == ("100%", 1)
        assert connection.query("SELECT '%s'").fetchone() == ("%s",)
        assert connection.query("SELECT 7 %% 4, 7 % 4").fetchone() == (3, 3)
        assert connection.query("SELECT '%%'", None).fetchone() == ("%%",)

    def test_lists_of_values(self, numbers: Connection) -> None:
        found = numbers.query(f"SELECT word FROM {table(numbers)} WHERE n IN %s ORDER BY n", ([1, 3],))
        assert found.fetchall() == [("one",), ("three",)]
        assert numbers.query(f"SELECT word FROM {table(numbers)} WHERE n IN %s", ([],)).fetchall() == []

    def test_wrong_number_of_values(self, connection: Connection) -> None:
        wrong: list[Sequence[int] | dict[str, int]] = [(), (1,), (1, 2, 3), {"a": 1}]
        for args in wrong:
            with pytest.raises(QueryError, match="placeholder"):
                connection.query("SELECT %s, %s", args)
        with pytest.raises(QueryError, match="b"):
            connection.query("SELECT %(b)s", {"a": 1})

    def test_values_of_many_types(self, connection: Connection) -> None:
        values = (None, 1, 1.5, "a", b"b", True, Decimal("1.50"), UUID(int=1))
        row = connection.query("SELECT %s, %s, %s, %s, %s, %s, %s, %s", values).fetchone()
        assert row[:5] == (None, 1, 1.5, "a", b"b")
        moment = datetime.datetime(2024, 2, 29, 12, 30, 15)
        assert str(connection.query("SELECT %s", (moment,)).fetchone()[0]) == "2024-02-29 12:30:15"

    def test_rows_as_dicts(self, numbers: Connection) -> None:
        cursor = numbers.query(f"SELECT * FROM {table(numbers)} ORDER BY n", as_dict=True)
        assert [item[0] for item in cursor.description or ()] == ["n", "word"]
        assert cursor.fetchone() == {"n": 1, "word": "one"}
        assert cursor.fetchmany(1) == [{"n": 2, "word": "two"}]
        assert list(cursor) == [{"n": 3, "word": "three"}]
        assert cursor.fetchone() is None

    def test_counts_changed_rows(self, numbers: Connection) -> None:
        assert numbers.query(f"UPDATE {table(numbers)} SET word = 'x' WHERE n > %s", (1,)).rowcount == 2

    def test_wrong_sql_is_a_query_error(self, connection: Connection) -> None:
        with pytest.raises(QueryError):
            connection.query("SELECT FROM WHERE")


class Watcher:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.reads: list[TableName] = []
        self.writes: list[str] = []

    def on_read(self, tables: Sequence[TableName], relation: object = None) -> None:
        self.reads.extend(tables)

    def on_insert(self, batch: object) -> bool:
        return False

    def on_write(self, action: str, table: TableName | None, details: object) -> None:
        self.writes.append(action)

    def on_unreadable(self, sql: str) -> None:
        raise AssertionError(sql)

    def origin(self) -> dict[str, object]:
        return {}

    def may_insert(self, table: TableName) -> bool:
        return False


def test_observer_hears_of_raw_sql(numbers: Connection) -> None:
    watcher = Watcher()
    numbers.observer = watcher
    numbers.query(f"SELECT * FROM {table(numbers)} WHERE n = %s", (1,))
    numbers.query(f"WITH a AS (SELECT n FROM {table(numbers)}) SELECT * FROM a")
    numbers.query(f"DELETE FROM {table(numbers)} WHERE n = 1")
    numbers.observer = None
    assert watcher.reads == [TableName("lab", "number")] * 2
    assert watcher.writes == ["query"]


class TestQueryCache:
    def test_answers_from_files_and_refuses_to_write(self, numbers: Connection, tmp_path: Path) -> None:
        numbers.config["query_cache"] = str(tmp_path / "cache")
        numbers.set_query_cache("first")
        assert count(numbers) == 3
        with pytest.raises(QueryError, match="set_query_cache"):
            numbers.query(f"DELETE FROM {table(numbers)}")
        with pytest.raises(QueryError, match="set_query_cache"), numbers.write():
            pass
        numbers.set_query_cache()
        numbers.query(f"DELETE FROM {table(numbers)}")
        assert count(numbers) == 0
        numbers.set_query_cache("first")
        assert count(numbers) == 3
        numbers.set_query_cache("second")
        assert count(numbers) == 0
        numbers.purge_query_cache()
        numbers.set_query_cache("first")
        assert count(numbers) == 0

    def test_each_database_has_its_own_answers(self, tmp_path: Path) -> None:
        """Whether in files or in memory, and whatever the password."""
        for url in (f"sqlite:///{tmp_path}/1.db", f"sqlite:///{tmp_path}/2.db", "sqlite://", "sqlite://"):
            with Connection(url=url) as connection:
                connection.query("CREATE TABLE t (url TEXT)")
                token = uuid4().hex
                connection.query("INSERT INTO t VALUES (%s)", (token,))
                connection.config["query_cache"] = str(tmp_path / "cache")
                connection.set_query_cache("label")
                for _ in range(2):
                    assert connection.query("SELECT url FROM t").fetchall() == [(token,)]

    def test_threads_share_a_cache(self, numbers: Connection, tmp_path: Path) -> None:
        numbers.config["query_cache"] = str(tmp_path / "cache")
        numbers.set_query_cache("label")

        def work(_: int) -> list[int]:
            found = []
            for n in range(40):
                text = f"SELECT {n} FROM {table(numbers)} WHERE n = 1"
                found += [row[0] for row in numbers.query(text)]
                if n % 10 == 0:
                    numbers.purge_query_cache()
            return found

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(work, range(6))) == [list(range(40))] * 6
        assert {file.suffix for file in (tmp_path / "cache").iterdir()} == {".query"}

    def test_needs_a_folder(self, connection: Connection) -> None:
        with pytest.raises(ConfigError, match="query_cache"):
            connection.set_query_cache("label")
