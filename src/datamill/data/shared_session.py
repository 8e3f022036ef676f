"""One physical connection for many threads: databases that live in memory have no second one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from datamill.backends.base import BackendSession, Conflict, Listener, RawTable, Result
from datamill.model.names import TableName

Returned = TypeVar("Returned")


class SharedSession:
    """A session that threads use in turn: a transaction keeps the others waiting until it ends.

    Args:
        session: The physical connection.
    """

    def __init__(self, session: BackendSession) -> None:
        self.dialect = session.dialect
        self._session = session
        self._lock = threading.RLock()
        self._owner: int | None = None

    @property
    def in_transaction(self) -> bool:
        """True if this thread has a transaction open."""
        return self._owner == threading.get_ident()

    def _run(self, work: Callable[..., Returned], *args: Any, **options: Any) -> Returned:
        with self._lock:
            try:
                return work(*args, **options)
            finally:
                self._settle()

    def _settle(self) -> None:
        """Keep the lock exactly as long as a transaction is open, however it was begun or ended."""
        if self._session.in_transaction and self._owner is None:
            self._lock.acquire()
            self._owner = threading.get_ident()
        elif self._owner is not None and not self._session.in_transaction:
            self._owner = None
            self._lock.release()

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement."""
        return self._run(self._session.execute, sql, params)

    def stream(
        self, sql: str, params: Sequence[Any] = (), batch_size: int = 1000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Run one query; its rows are buffered, since another thread may use the connection meanwhile."""
        return iter(self._run(lambda: list(self._session.stream(sql, params, batch_size))))

    def insert_columns(
        self,
        table: TableName,
        names: Sequence[str],
        columns: Sequence[Sequence[Any]],
        *,
        key: Sequence[str] = (),
        conflict: Conflict = "error",
    ) -> int:
        """Insert rows given as columns."""
        return self._run(self._session.insert_columns, table, names, columns, key=key, conflict=conflict)

    def begin(self, write: bool = True) -> None:
        """Open a transaction; waits until no other thread has one."""
        self._run(self._session.begin, write)

    def commit(self) -> None:
        """Make it last."""
        self._run(self._session.commit)

    def rollback(self) -> None:
        """Undo it."""
        self._run(self._session.rollback)

    def savepoint(self, name: str) -> None:
        """Mark a point."""
        self._run(self._session.savepoint, name)

    def release_savepoint(self, name: str) -> None:
        """Forget the point."""
        self._run(self._session.release_savepoint, name)

    def rollback_to_savepoint(self, name: str) -> None:
        """Undo what came after the point."""
        self._run(self._session.rollback_to_savepoint, name)

    @contextmanager
    def rebuilding(self, tables: Sequence[TableName]) -> Iterator[None]:
        """Open a transaction for rebuilding tables; other threads wait."""
        with self._lock:
            try:
                with self._session.rebuilding(tables):
                    self._settle()
                    yield
            finally:
                self._settle()

    def list_schemas(self) -> list[str]:
        """Names of user schemas."""
        return self._run(self._session.list_schemas)

    def load_tables(
        self, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
    ) -> list[RawTable]:
        """Describe tables."""
        return self._run(self._session.load_tables, schemas, names)

    def change_counter(self) -> int | None:
        """Return the database's counter of changes by others."""
        return self._run(self._session.change_counter)

    def announce(self, table: TableName) -> None:
        """Wake those that listen."""
        self._run(self._session.announce, table)

    def listener(self) -> Listener | None:
        """Open what hears of writes by others."""
        return self._run(self._session.listener)

    def catalog_version(self) -> int | None:
        """Return the number that changes with the definitions."""
        return self._run(self._session.catalog_version)

    def ping(self) -> None:
        """Raise if the connection is gone."""
        self._run(self._session.ping)

    def close(self) -> None:
        """End the connection, and with it the database."""
        with self._lock:
            self._session.close()
            if self._owner is not None:
                self._owner = None
                self._lock.release()
