"""Transactions: explicit ones, implicit ones around writes, savepoints, and repeats after deadlocks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from types import FrameType
from typing import Any

import pytest

import datamill as dm
from datamill.backends.base import BackendSession
from datamill.data import transaction
from datamill.data.connection import Connection
from datamill.errors import DataMillError, DuplicateError, IntegrityError, LostConnectionError, QueryError
from datamill.model.names import TableName

Declare = Callable[[str, str], object]
NAME = TableName("lab", "number")
MANY = 25_000
"""Rows that are several batches."""


@pytest.fixture(autouse=True)
def number(declare: Declare) -> None:
    declare("lab.number", "n : int32")


def insert(connection: Connection, *values: int) -> None:
    with connection.write() as session:
        session.insert_columns(NAME, ("n",), [list(values)])


def insert_and_fail(
    connection: Connection,
    context: AbstractContextManager[object],
    *values: int,
    error: type[BaseException] = ZeroDivisionError,
) -> None:
    with context:
        insert(connection, *values)
        raise error


def rows(connection: Connection) -> list[int]:
    return [n for (n,) in connection.query(f"SELECT n FROM {connection.dialect.table(NAME)} ORDER BY n")]


def test_commits_at_the_end_of_the_block(connection: Connection) -> None:
    with connection.transaction as inside:
        assert inside is connection
        assert connection.in_transaction
        insert(connection, 1)
    assert not connection.in_transaction
    assert rows(connection) == [1]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_rolls_back_on_any_exception(connection: Connection, error: type[BaseException]) -> None:
    with pytest.raises(error):
        insert_and_fail(connection, connection.transaction, 1, error=error)
    assert not connection.in_transaction
    assert rows(connection) == []


def test_nesting_raises_and_leaves_the_outer_open(connection: Connection) -> None:
    with connection.transaction:
        insert(connection, 1)
        with pytest.raises(DataMillError, match="nest"), connection.transaction:
            pass
        with pytest.raises(DataMillError, match="nest"):
            connection.start_transaction()
        assert connection.in_transaction
        insert(connection, 2)
    assert rows(connection) == [1, 2]


def test_start_commit_and_cancel(connection: Connection) -> None:
    connection.start_transaction()
    insert(connection, 1)
    connection.commit_transaction()
    connection.start_transaction()
    insert(connection, 2)
    connection.cancel_transaction()
    assert rows(connection) == [1]


def test_commit_and_cancel_outside_do_nothing(connection: Connection) -> None:
    connection.commit_transaction()
    connection.cancel_transaction()
    assert not connection.in_transaction


def test_a_caught_error_undoes_that_write_only(connection: Connection) -> None:
    with connection.transaction:
        insert(connection, 1)
        with pytest.raises(DuplicateError):
            insert(connection, 2, 1)
        insert(connection, 3)
    assert rows(connection) == [1, 3]


def test_a_caught_error_of_a_query_leaves_the_transaction_as_it_was(connection: Connection) -> None:
    with connection.transaction:
        insert(connection, 1)
        for sql in ("SELECT no_such_function(1)", "UPDATE no_such_table SET a = 1"):
            with pytest.raises(DataMillError):
                connection.query(sql)
        insert(connection, 2)
    assert rows(connection) == [1, 2]


READS: dict[str, Callable[[Any, Any], object]] = {
    "iteration": lambda _, bad: next(iter(bad), None),
    "dicts": lambda _, bad: bad.to_dicts(),
    "pandas": lambda _, bad: bad.to_pandas(),
    "plan of a delete": lambda _, bad: bad.plan_delete(),
    "delete": lambda _, bad: bad.delete(prompt=False),
    "cascade": lambda _, bad: dm.Diagram.cascade(bad).counts(),
    "insert from a generator": lambda sample, bad: sample.insert(row for row in bad),
    "validate a generator": lambda sample, bad: sample.validate(row for row in bad),
    "insert of a query": lambda sample, bad: sample.insert(bad, skip_duplicates=True),
}


@pytest.fixture
def sample(connection: Connection) -> type[dm.Manual]:
    @dm.Schema("lab", connection=connection)
    class Sample(dm.Manual):
        definition = "sample : int32\n---\nx = 1 : int32"

    Sample.insert1({"sample": 0})
    return Sample


@pytest.mark.parametrize("read", READS)
def test_a_caught_error_of_any_read_leaves_the_transaction_as_it_was(
    read: str, connection: Connection, sample: type[dm.Manual]
) -> None:
    """The condition fails while rows are read: PostgreSQL gives up a transaction after any error."""
    with connection.transaction:
        sample.insert1({"sample": 1})
        with suppress(DataMillError):  # MySQL takes an overflow for NULL
            READS[read](sample, sample & "exp(x * 1000) > 0")
        sample.insert1({"sample": 2})
    assert sorted(sample.to_arrays("sample").tolist()) == [0, 1, 2]


def test_a_generator_may_catch_errors_of_its_reads(connection: Connection, sample: type[dm.Manual]) -> None:
    """Its later rows are asked for while the insert has its transaction open."""

    def given() -> Iterator[dict[str, int]]:
        for number in range(1, MANY):
            yield {"sample": number}
        bad = sample & "exp(x * 1000) > 0"
        with suppress(QueryError):
            bad.to_dicts()
        with suppress(QueryError):
            next(iter(bad), None)
        yield {"sample": MANY}

    sample.insert(given())
    assert len(sample) == MANY + 1


class TestGeneratorsThatEndTransactions:
    """Rows of which some are written cannot be committed before the others, nor undone alone."""

    @pytest.mark.parametrize("end", ["commit_transaction", "cancel_transaction"])
    @pytest.mark.parametrize("within", [False, True])
    def test_another_transaction(
        self, end: str, within: bool, connection: Connection, sample: type[dm.Manual]
    ) -> None:
        def given() -> Iterator[dict[str, int]]:
            for number in range(1, MANY):
                yield {"sample": number}
            getattr(connection, end)()
            for number in range(MANY, 2 * MANY):
                yield {"sample": number}

        if within:
            connection.start_transaction()
        with pytest.raises(DataMillError, match="ended while a write"):
            sample.insert(given())
        self.check_usable(connection, sample)

    def test_its_own_transaction(self, connection: Connection, sample: type[dm.Manual]) -> None:
        def given() -> Iterator[dict[str, int]]:
            with connection.transaction:
                for number in range(1, MANY):
                    yield {"sample": number}

        with pytest.raises(DataMillError, match="ended while a write"):
            sample.insert(given())
        self.check_usable(connection, sample)

    def test_an_error_in_its_own_transaction(self, connection: Connection, sample: type[dm.Manual]) -> None:
        def given() -> Iterator[dict[str, int]]:
            with connection.transaction:
                for number in range(1, MANY):
                    yield {"sample": number}
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            sample.insert(given())
        self.check_usable(connection, sample)

    def check_usable(self, connection: Connection, sample: type[dm.Manual]) -> None:
        assert not connection.in_transaction
        assert len(sample) == 1
        with connection.transaction:
            sample.insert1({"sample": 1})
        assert len(sample) == 2


def test_writes_nest(connection: Connection) -> None:
    with connection.write():
        insert(connection, 1)
        with pytest.raises(ZeroDivisionError):
            insert_and_fail(connection, connection.write(), 2)
        insert(connection, 3)
    assert rows(connection) == [1, 3]


def test_a_write_is_all_or_nothing(connection: Connection) -> None:
    with pytest.raises(ZeroDivisionError):
        insert_and_fail(connection, connection.write(), 1)
    assert rows(connection) == []


def test_others_do_not_see_what_is_not_committed(connection: Connection, database_url: str) -> None:
    with Connection(url=database_url) as other:
        with connection.transaction:
            insert(connection, 1)
            assert rows(other) == []
        assert rows(other) == [1]


@pytest.mark.differs(
    postgresql="read committed: transactions do not wait for readers (spec 03, 3.10)",
    mysql="repeatable-read snapshot: transactions do not wait for readers (spec 03, 3.10)",
    mariadb="repeatable-read snapshot: transactions do not wait for readers (spec 03, 3.10)",
)
def test_concurrent_transactions_wait_for_each_other(connection: Connection) -> None:
    def add_one(_: int) -> None:
        with connection.transaction:
            insert(connection, len(rows(connection)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(40)))
    assert rows(connection) == list(range(40))


@pytest.mark.parametrize("change", ["declare", "create", "drop", "drop schema", "lineage"])
def test_definitions_do_not_change_inside(connection: Connection, change: str) -> None:
    catalog = connection.catalog
    spec = catalog.spec(NAME)
    work: dict[str, Callable[[], object]] = {
        "declare": lambda: catalog.declare(spec),
        "create": lambda: catalog.create_schema("other"),
        "drop": lambda: catalog.drop_tables([NAME]),
        "drop schema": lambda: catalog.drop_schema("lab"),
        "lineage": lambda: catalog.rebuild_lineage("lab"),
    }
    with connection.transaction:
        insert(connection, 1)
        with pytest.raises(DataMillError, match="transaction"):
            work[change]()
        assert connection.in_transaction
    assert rows(connection) == [1]


def deadlock() -> QueryError:
    error = QueryError("deadlock detected")
    error.is_retryable = True
    return error


class TestRepeats:
    def test_implicit_transactions_are_repeated(self, connection: Connection) -> None:
        failures = [deadlock(), deadlock(), deadlock()]

        def work(session: BackendSession) -> str:
            session.insert_columns(NAME, ("n",), [[1]])
            if failures:
                raise failures.pop()
            return "done"

        assert connection.run_write(work) == "done"
        assert rows(connection) == [1]

    def test_not_for_ever(self, connection: Connection) -> None:
        calls = []

        def work(session: BackendSession) -> None:
            calls.append(1)
            raise deadlock()

        with pytest.raises(QueryError, match="deadlock"):
            connection.run_write(work)
        assert len(calls) == 4
        with pytest.raises(QueryError, match="deadlock"):
            connection.run_write(work, retries=0)
        assert len(calls) == 5

    def test_other_errors_are_not_repeated(self, connection: Connection) -> None:
        calls = []

        def work(session: BackendSession) -> None:
            calls.append(1)
            raise IntegrityError("no parent")

        with pytest.raises(IntegrityError):
            connection.run_write(work)
        assert len(calls) == 1

    def test_explicit_transactions_roll_back_whole(self, connection: Connection) -> None:
        def work(session: BackendSession) -> None:
            raise deadlock()

        connection.start_transaction()
        insert(connection, 1)
        with pytest.raises(QueryError, match="deadlock"):
            connection.run_write(work)
        with pytest.raises(QueryError, match="rolled back"):
            insert(connection, 2)
        with pytest.raises(QueryError, match="rolled back"):
            connection.commit_transaction()
        assert rows(connection) == []
        insert(connection, 3)
        assert rows(connection) == [3]


class TestLosses:
    """The database gives up a transaction by itself, or the connection breaks."""

    def test_an_undone_write_cannot_go_on(self, connection: Connection) -> None:
        def fill_the_disk() -> None:
            with connection.write() as session:
                session.rollback()  # as SQLite does by itself
                raise QueryError("disk full")

        def careless() -> None:
            with connection.write():
                insert(connection, 1)
                with pytest.raises(QueryError, match="disk full"):
                    fill_the_disk()
                with pytest.raises(QueryError, match="disk full"):
                    insert(connection, 2)

        with pytest.raises(QueryError, match="disk full"):
            careless()
        assert rows(connection) == []
        insert(connection, 3)
        assert rows(connection) == [3]

    def test_reads_are_repeated_on_a_new_session(self, connection: Connection) -> None:
        connection.session.close()
        assert rows(connection) == []

    def test_reads_are_not_repeated_if_not_wanted(self, connection: Connection) -> None:
        connection.session.close()
        with pytest.raises(LostConnectionError):
            connection.query("SELECT 1", reconnect=False)
        assert connection.query("SELECT 1", reconnect=False).fetchone() == (1,)

    def test_writes_are_not_repeated(self, connection: Connection) -> None:
        connection.session.close()
        with pytest.raises(LostConnectionError, match="unknown"):
            connection.query(f"DELETE FROM {connection.dialect.table(NAME)}")
        connection.session.close()
        with pytest.raises(LostConnectionError):
            insert(connection, 1)
        insert(connection, 2)
        assert rows(connection) == [2]

    def test_explicit_transactions_are_rolled_back(self, connection: Connection) -> None:
        def work() -> None:
            with connection.transaction:
                insert(connection, 1)
                connection.session.close()
                with pytest.raises(LostConnectionError):
                    connection.query("SELECT 1")
                insert(connection, 2)

        with pytest.raises(QueryError, match="rolled back"):
            work()
        assert rows(connection) == []


def interrupted_at(moment: int, work: Callable[[], object], within: str = "") -> bool:
    """Run a function with a KeyboardInterrupt at its n-th call, or return from C, as Ctrl-C may come.

    Args:
        moment: n.
        work: The function.
        within: Only calls of functions, or by functions, of this file count.

    Returns:
        False if the function ended before.
    """
    events = 0

    def count(frame: FrameType, event: str, function: object) -> None:
        nonlocal events
        if event == "return" or not frame.f_code.co_filename.startswith(within):
            return
        if frame.f_code.co_name == "__del__":  # out of which nothing can be raised
            return
        events += 1
        if events == moment:
            sys.setprofile(None)
            raise KeyboardInterrupt

    try:
        sys.setprofile(count)
        work()
        sys.setprofile(None)
    except KeyboardInterrupt:
        return True
    return False


@pytest.mark.parametrize("what", ["insert", "load"])
def test_an_interrupt_at_any_moment_leaves_no_transaction_open(what: str, connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        pytest.skip("the server drivers have moments of their own")

    def work() -> None:
        if what == "insert":
            insert(connection, 1)
        else:
            connection.session.load_tables()

    work()
    moment = 1
    while True:
        with connection.write() as session:
            session.execute('DELETE FROM "lab.number"')
        if not interrupted_at(moment, work):
            break
        assert not connection.in_transaction, moment
        moment += 1
    assert moment > 5


@pytest.mark.parametrize("fails", [False, True])
def test_an_interrupt_while_a_block_is_entered_or_left_leaves_no_transaction_open(
    connection: Connection, fails: bool
) -> None:
    """The interrupt comes at each step of the code that begins and ends transactions, its first included."""

    def work() -> None:
        with suppress(ZeroDivisionError), connection.transaction:
            insert(connection, 1)
            if fails:
                raise ZeroDivisionError

    moment = 1
    while interrupted_at(moment, work, transaction.__file__):
        assert not connection.in_transaction, moment
        with connection.transaction as again:
            again.query(f"DELETE FROM {connection.dialect.table(NAME)}")
        moment += 1
    assert moment > 10
