"""SQLite through apsw: one file, many processes, one writer at a time."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import apsw

from datamill.backends import sqlite_catalog, sqlite_fork
from datamill.backends.base import Conflict, Listener, RawTable, Result
from datamill.backends.sqlite_errors import VALUE_ERRORS, duplicate_key, translate
from datamill.backends.sqlite_insert import BulkInsert
from datamill.backends.sqlite_open import MEMORY, open_connection
from datamill.backends.sqlite_stream import Row, RowStream, batches
from datamill.errors import ConfigError, DataMillError, DuplicateError, IntegrityError, LostConnectionError
from datamill.model.names import TableName
from datamill.settings.address import DatabaseAddress
from datamill.settings.values import Settings
from datamill.sql.dialects.base import Dialect
from datamill.sql.dialects.sqlite import SQLITE

DRIVER_ERRORS = (apsw.Error, *VALUE_ERRORS)
_FIRST_WORD = re.compile(r"[\s(]*(\w*)")
_CHANGES_ROWS = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_PATIENCE = 10
"""Seconds that `SqliteSession.close` waits for a statement of another thread to end."""
_READS_ROWS = ("SELECT", "VALUES", "WITH", "PRAGMA", "EXPLAIN")


def connect(address: DatabaseAddress, settings: Settings) -> SqliteSession:
    """Open a session on the file, or the database in memory, that an address names.

    Args:
        address: Its ``path`` is absolute or ":memory:".
        settings: ``database.busy_timeout`` in seconds; ``connection.init_function``, SQL to run first.

    Raises:
        ConfigError: The URL has an option other than ``mode=ro``.
        AccessError: The file cannot be opened.
        DataMillError: The file is damaged, or belongs to another program.
        LockTimeoutError: Others kept the file locked.
    """
    options = dict(address.options)
    mode = options.pop("mode", "rwc")
    if options or mode not in ("ro", "rwc"):
        text = f"{address} has an option that SQLite files do not know."
        raise ConfigError(
            text, setting="database.url", hint="The only one is mode=ro, to open it for reading."
        )
    return SqliteSession(
        address.path or MEMORY,
        settings.database.busy_timeout,
        settings.connection.init_function,
        read_only=mode == "ro",
    )


class SqliteSession:
    """One connection to an SQLite database: see `datamill.backends.base.BackendSession`.

    Args:
        path: Absolute path of the file, or ":memory:".
        busy_timeout: Seconds to wait for another writer.
        init_sql: A statement to run on every new connection.
        read_only: Refuse to write.

    Raises:
        AccessError: The file cannot be opened.
        DataMillError: The file is damaged, or belongs to another program.
        LockTimeoutError: Others kept the file locked.
    """

    dialect: Dialect = SQLITE

    def __init__(
        self, path: str, busy_timeout: float = 30, init_sql: str | None = None, *, read_only: bool = False
    ) -> None:
        self.path = path
        self.busy_timeout = busy_timeout
        self._init_sql = init_sql
        self._read_only = read_only
        self._busy = threading.RLock()
        self._connection: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        self._streaming: list[apsw.Connection] = []
        self._lost: str | None = None
        self._file: tuple[int, int] | None = None
        self._connection = self._open_main()
        sqlite_fork.watch(self)

    def _open_main(self) -> apsw.Connection:
        connection = self._open()
        self._file = _identity(self.path)
        return connection

    def _open(self, read_only: bool = False) -> apsw.Connection:
        if self.path in sqlite_fork.UNSAFE_PATHS:
            raise DataMillError(
                f"This process was forked while its parent was using {self.path}, so it cannot open that file.",
                hint="Start processes by 'spawn', or fork outside of transactions and iterations.",
            )
        connection = open_connection(self.path, self.busy_timeout, read_only=read_only or self._read_only)
        if self._init_sql:
            try:
                connection.execute(self._init_sql)
            except apsw.Error as error:
                raise self._error(error, self._init_sql) from error
        return connection

    def _ready(self) -> apsw.Connection:
        connection = self._connection
        return connection if connection is not None else self._reopen()

    def _reopen(self) -> apsw.Connection:
        """Connect again after a fork, which closes idle connections."""
        if self._lost is not None:
            hint = "Use a file: sqlite:///datamill.db." if self.path == MEMORY else "Connect again."
            raise LostConnectionError(f"The connection to {self.path} {self._lost}.", hint=hint)
        self._connection = self._open_main()
        return self._connection

    def suspend(self) -> None:
        """Close idle connections for a fork; one in use stays open."""
        if self.path == MEMORY or not self._busy.acquire(blocking=False):
            return  # another thread runs a statement
        try:
            if not (self._streaming or self._connection is None or self.in_transaction):
                self._drop_connections()
        finally:
            self._busy.release()

    def abandon(self) -> list[apsw.Connection]:
        """In a forked child: give up connections that are the parent's, and return them."""
        everything = (self._connection, self._reader, *self._streaming)
        parents = [connection for connection in everything if connection is not None]
        self._busy = threading.RLock()  # the old one may belong to a thread that the child does not have
        if parents:
            self._lost = "belongs to the process that this one was forked from"
            self._connection = self._reader = None
            self._streaming = []
        return parents

    def _error(self, error: Exception, sql: str | None = None) -> DataMillError:
        return translate(error, sql, self.path, self.busy_timeout)

    @property
    def in_transaction(self) -> bool:
        """True between begin and commit or rollback."""
        with self._busy:
            connection = self._connection
            return connection is not None and connection.in_transaction

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement and fetch everything it returns."""
        with self._busy:
            connection = self._ready()
            try:
                cursor = connection.execute(sql, params)
                try:
                    columns = tuple([item[0] for item in cursor.get_description()])
                except apsw.ExecutionCompleteError:
                    return _result_of_nothing(connection, sql, params)
                is_query = cursor.is_readonly
                rows = cursor.fetchall()
                return Result(columns, rows, len(rows) if is_query else connection.changes())
            except DRIVER_ERRORS as error:
                raise self._error(error, sql) from error

    def stream(self, sql: str, params: Sequence[Any] = (), batch_size: int = 1000) -> Iterator[list[Row]]:
        """Run one query and yield batches of rows from a snapshot taken at its start."""
        if self.path == MEMORY or self.in_transaction:
            return batches(self.execute(sql, params).rows, batch_size)
        with self._busy:
            reader = self._reader or self._open(read_only=True)
            self._reader = None
            self._streaming.append(reader)
        return RowStream(reader, sql, params, batch_size, self._error, self._take_back)

    def _take_back(self, reader: apsw.Connection) -> None:
        """Keep the connection of a finished stream for the next one."""
        with self._busy:
            if reader not in self._streaming:  # closed or forked meanwhile
                return
            self._streaming.remove(reader)
            if self._reader is None:
                self._reader = reader
            else:
                reader.close()

    def insert_columns(
        self,
        table: TableName,
        names: Sequence[str],
        columns: Sequence[Sequence[Any]],
        *,
        key: Sequence[str] = (),
        conflict: Conflict = "error",
    ) -> int:
        """Insert rows given as columns of driver values; return how many were written.

        Errors carry ``row_index``. Outside a transaction the rows are written all or none.
        """
        with self._busy:
            connection = self._ready()
            insert = BulkInsert(connection, table, tuple(names), tuple(key), conflict)
            return self._insert(connection, insert, columns)

    def _insert(
        self, connection: apsw.Connection, insert: BulkInsert, columns: Sequence[Sequence[Any]]
    ) -> int:
        before = connection.total_changes()
        alone = not connection.in_transaction
        try:
            if alone:
                self._check_file()
                connection.execute("BEGIN IMMEDIATE")
            insert.write(columns)
            if alone:
                connection.execute("COMMIT")
        except DRIVER_ERRORS as error:
            raise self._insert_error(error, insert, columns, alone) from error
        except BaseException:
            if alone:
                self.rollback()
            raise
        return connection.total_changes() - before

    def _insert_error(
        self, error: Exception, insert: BulkInsert, columns: Sequence[Sequence[Any]], alone: bool
    ) -> DataMillError:
        meaning = self._error(error, insert.sql)
        if isinstance(error, (apsw.ConstraintError, *VALUE_ERRORS)):
            meaning.row_index = insert.position
        if isinstance(meaning, DuplicateError) and insert.is_known_key(columns):
            meaning = duplicate_key(meaning, insert.table, insert.key)
        if alone:
            self.rollback()
        return meaning

    def _command(self, sql: str) -> None:
        try:
            with self._busy:
                self._ready().execute(sql)
        except DRIVER_ERRORS as error:
            raise self._error(error, sql) from error

    def begin(self, write: bool = True) -> None:
        """Open a transaction; a writing one waits for the other writer now rather than half-way."""
        with self._busy:
            if write:
                self._ready()
                self._check_file()
            self._command("BEGIN IMMEDIATE" if write else "BEGIN")

    def commit(self) -> None:
        """Make it last; if that fails it is undone."""
        try:
            self._command("COMMIT")
        except DataMillError:
            self.rollback()
            raise

    def rollback(self) -> None:
        """Undo it; nothing to do if the database has undone it already."""
        if self.in_transaction:
            self._command("ROLLBACK")

    def savepoint(self, name: str) -> None:
        """Mark a point within the transaction."""
        self._command(f"SAVEPOINT {SQLITE.identifier(name)}")

    def release_savepoint(self, name: str) -> None:
        """Forget the point."""
        self._command(f"RELEASE {SQLITE.identifier(name)}")

    def rollback_to_savepoint(self, name: str) -> None:
        """Undo what came after the point, and forget it."""
        if self.in_transaction:
            self._command(f"ROLLBACK TO {SQLITE.identifier(name)}")
            self.release_savepoint(name)

    @contextmanager
    def rebuilding(self, tables: Sequence[TableName]) -> Iterator[None]:
        """Open a transaction without foreign keys; at its end the rows of ``tables`` are checked."""
        try:
            with self._busy:
                self._command("PRAGMA foreign_keys = OFF")  # without effect inside a transaction
                self.begin()
            yield
            for table in tables:
                self._check_references(table)
            self.commit()
        except BaseException:  # wherever an interrupt comes
            self.rollback()
            raise
        finally:
            self._command("PRAGMA foreign_keys = ON")

    def _check_references(self, table: TableName) -> None:
        rows = self.execute(f"PRAGMA foreign_key_check({SQLITE.table(table)})").rows
        if rows:
            parent = str(rows[0][2])
            raise IntegrityError(
                f"{len(rows)} row(s) of {table} refer to rows that {parent} does not have.",
                constraint="foreign key",
                child=str(table),
                parent=parent,
                missing_count=len(rows),
            )

    def list_schemas(self) -> list[str]:
        """Names of user schemas, sorted."""
        return sqlite_catalog.list_schemas(self)

    def load_tables(
        self, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
    ) -> list[RawTable]:
        """Describe the tables of the schemas (None: of all), or only ``names``, in four queries on one snapshot."""
        if self.in_transaction:
            return sqlite_catalog.load_tables(self, schemas, names)
        try:
            self.begin(write=False)
            return sqlite_catalog.load_tables(self, schemas, names)
        finally:
            try:
                self.rollback()
            except KeyboardInterrupt:  # which must not leave the transaction open
                self.rollback()
                raise

    def change_counter(self) -> int | None:
        """A number that differs once another connection has committed."""
        try:
            with self._busy:
                return int(self._ready().pragma("data_version"))
        except DRIVER_ERRORS as error:
            raise self._error(error) from error

    def announce(self, table: TableName) -> None:
        """Nothing: the change counter tells others."""

    def listener(self) -> Listener | None:
        """None: see `change_counter`."""
        return None

    def catalog_version(self) -> int | None:
        """A number that differs once anybody changed a definition."""
        try:
            with self._busy:
                return int(self._ready().pragma("schema_version"))
        except DRIVER_ERRORS as error:
            raise self._error(error) from error

    def ping(self) -> None:
        """Raise LostConnectionError if the connection is closed or its file was moved or removed."""
        self.execute("SELECT 1")
        self._check_file()

    def _check_file(self) -> None:
        """Refuse to write to a file that nobody will find: one that was moved, removed or replaced meanwhile."""
        if self.path != MEMORY and _identity(self.path) != self._file:
            text = f"The database file {self.path} was moved, removed or replaced."
            raise LostConnectionError(text, hint="Connect again.")

    def close(self) -> None:
        """End the connection, undoing an open transaction, ending streams and what other threads run; idempotent."""
        if self._lost is None:
            self._lost = "was closed"
        streaming, self._streaming = self._streaming, []
        try:
            for connection in streaming:
                _shut(connection, _PATIENCE)
            self._drop_connections(_PATIENCE)
        except apsw.ThreadingViolationError as error:
            raise self._error(error) from error

    def _drop_connections(self, patience: float = 0) -> None:
        for name in ("_reader", "_connection"):
            connection: apsw.Connection | None = getattr(self, name)
            if connection is not None:
                _shut(connection, patience)
                setattr(self, name, None)


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file from others of its name; None if there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called often
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _shut(connection: apsw.Connection, patience: float = 0) -> None:
    """Close a connection with its cursors, interrupting the statement that another thread may run on it.

    Args:
        connection: Any.
        patience: Seconds to wait until that thread has noticed.

    Raises:
        apsw.ThreadingViolationError: It has not.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.close(force=True)
        except apsw.ThreadingViolationError:
            if time.monotonic() >= deadline:
                raise
            connection.interrupt()
            time.sleep(0.01)
        else:
            return


def _result_of_nothing(connection: apsw.Connection, sql: str, params: Sequence[Any]) -> Result:
    """Return the result of a statement that gave no row: the number of changes, or the names of a query's columns."""
    first = _FIRST_WORD.match(sql)
    word = first[1].upper() if first else ""
    if word in _CHANGES_ROWS:
        return Result((), [], connection.changes())
    if word not in _READS_ROWS:
        return Result((), [], 0)
    columns: list[str] = []
    is_query: list[bool] = []

    def look(cursor: apsw.Cursor, text: str, bindings: object) -> bool:
        columns.extend(item[0] for item in cursor.get_description())
        is_query.append(cursor.is_readonly)
        return False

    cursor = connection.cursor()
    cursor.exec_trace = look
    with suppress(apsw.ExecTraceAbort):  # what `look` ends it with, before it runs
        cursor.execute(sql, params, can_cache=False)
    return Result(tuple(columns), [], 0 if all(is_query) else connection.changes())
