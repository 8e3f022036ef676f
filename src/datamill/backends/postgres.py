"""PostgreSQL through psycopg: one connection per session, binary results, COPY."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.sql import Literal

from datamill.backends import postgres_arrow, postgres_catalog, postgres_insert, postgres_notify
from datamill.backends.base import Conflict, RawTable, Result
from datamill.backends.postgres_arrow import ArrowReader
from datamill.backends.postgres_errors import DRIVER_ERRORS, copied_row, is_stale_plan, translate
from datamill.backends.postgres_notify import PostgresListener
from datamill.backends.postgres_open import PgConnection, open_connection
from datamill.backends.postgres_privileges import explain_denied
from datamill.backends.postgres_rebuild import References, complete
from datamill.backends.postgres_stream import Row, RowStream
from datamill.backends.postgres_text import numbered, with_literals
from datamill.errors import AccessError, DataMillError, IntegrityError, LostConnectionError
from datamill.model.names import TableName
from datamill.settings.address import DatabaseAddress
from datamill.settings.values import Settings
from datamill.sql.dialects.base import Dialect
from datamill.sql.dialects.postgresql import POSTGRESQL

if TYPE_CHECKING:
    import pyarrow

Returned = TypeVar("Returned")

_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR, TransactionStatus.ACTIVE)
_VERSION = (
    "SELECT COUNT(*), SUM(oid::bigint)::bigint, MAX(xmin::text::bigint) FROM pg_catalog.pg_class "
    "WHERE relkind IN ('r', 'p') AND relpersistence = 'p' AND oid >= 16384"
)


def connect(address: DatabaseAddress, settings: Settings) -> PostgresSession:
    """Open a session; see `postgres_open.open_connection` for settings and errors."""
    return PostgresSession(address, settings)


class PostgresSession:
    """One connection to a PostgreSQL server: see `datamill.backends.base.BackendSession`.

    A transaction begins on the server with its first statement: so a connection that broke while it was idle is
    replaced before anything is sent, if ``database.reconnect`` is set.

    Args:
        address: Server, database and user.
        settings: ``database.reconnect``, ``database.time_zone``, ``connection.init_function``.
    """

    dialect: Dialect = POSTGRESQL

    def __init__(self, address: DatabaseAddress, settings: Settings) -> None:
        self._address, self._settings = address, settings
        self._place = str(address)
        self._reader: PgConnection | None = None
        self._streaming: list[PgConnection] = []
        self._closed = False
        self._begin: str | None = None
        self._arrow: ArrowReader | None = None
        self._written: set[str] = set()
        self._connection = open_connection(address, settings)

    # statements ------------------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """True between begin and commit or rollback, also after the server has given the transaction up."""
        return self._begin is not None or self._status in _OPEN

    @property
    def _status(self) -> int:
        return self._connection.pgconn.transaction_status

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement and fetch everything it returns."""
        table = self._announced(sql)
        if table is None:
            return self._run(lambda connection: self._fetch(sql, params), sql)
        with self._together(table):
            return self._run(lambda connection: self._fetch(sql, params), sql)

    def _announced(self, sql: str) -> str | None:
        """Return the table that a statement writes to, if that is to be announced."""
        return postgres_notify.table_written(sql) if self._settings.database.notify else None

    @contextmanager
    def _together(self, table: str | None, needed: bool = False) -> Iterator[None]:
        """Do a block in the open transaction, or in one of its own if it is needed or announces a table."""
        alone = not self.in_transaction and (needed or table is not None)
        if alone:
            self.begin()
        try:
            yield
            if table is not None:
                self._written.add(table)
            if alone:
                self.commit()
        finally:
            if alone:
                self.rollback()

    def _fetch(self, sql: str, params: Sequence[Any]) -> Result:
        statements = self._connection.statements
        # A plan that is kept for later calls would not know how long the arrays are.
        keep = list not in map(type, params)
        result = statements.run(numbered(sql) if params else sql, params, keep=keep)
        if result.nfields == 0:
            return Result((), [], result.command_tuples or 0)
        return Result(statements.columns(result), statements.rows(result), result.ntuples)

    def _run(self, work: Callable[[PgConnection], Returned], sql: str | None) -> Returned:
        """Do something on the connection, in the transaction that was asked for; errors are ours."""
        alone = not self.in_transaction
        if alone:
            self._replace_if_broken()
        begin, self._begin = self._begin, None
        try:
            if begin is not None:
                self._start(begin)
            return work(self._connection)
        except DRIVER_ERRORS as error:
            if is_stale_plan(error):
                self._forget_plans()
                if alone:
                    return self._once_more(work, sql)
            raise self._error(error, sql) from error

    def _once_more(self, work: Callable[[PgConnection], Returned], sql: str | None) -> Returned:
        try:
            return work(self._connection)
        except DRIVER_ERRORS as error:
            raise self._error(error, sql) from error

    def _start(self, begin: str) -> None:
        """Begin on the server; a connection that broke meanwhile is replaced, since nothing was sent yet."""
        try:
            self._send(begin)
        except DRIVER_ERRORS as error:
            if not self._may_replace(error):
                raise
            self._replace()
            self._send(begin)

    def _send(self, command: str) -> None:
        """Send a command that takes no time and gives nothing, without the ado that others need."""
        pgconn = self._connection.pgconn
        result = pgconn.exec_(command.encode())
        if result.status != ExecStatus.COMMAND_OK:
            if pgconn.status != ConnStatus.OK:
                raise psycopg.OperationalError(pgconn.get_error_message())
            raise error_from_result(result)

    def _may_replace(self, error: Exception) -> bool:
        is_lost = isinstance(translate(error, None, self._place), LostConnectionError)
        return is_lost and not self._closed and self._settings.database.reconnect

    def _replace_if_broken(self) -> None:
        """Connect anew if the server has closed the connection while it was idle."""
        if self._closed or not self._settings.database.reconnect:
            return
        pgconn = self._connection.pgconn
        if pgconn.status == ConnStatus.OK:
            if not select.select([pgconn.socket], [], [], 0)[0]:
                return
            with suppress(psycopg.Error):
                pgconn.consume_input()
            if pgconn.status == ConnStatus.OK and not _is_closing(pgconn.socket):
                return
        self._replace()

    def _replace(self) -> None:
        self._connection.close()
        self._connection = open_connection(self._address, self._settings)

    def _forget_plans(self) -> None:
        with suppress(psycopg.Error):
            self._connection.statements.forget()

    def _error(self, error: Exception, sql: str | None = None) -> DataMillError:
        if self._closed:
            return LostConnectionError(f"The connection to {self._place} is closed.", hint="Connect again.")
        meaning = translate(error, sql, self._place)
        return self._explain_denied(meaning, sql) if isinstance(meaning, AccessError) else meaning

    def _explain_denied(self, error: AccessError, sql: str | None) -> DataMillError:
        """Ask which privilege is missing; in a failed transaction only another connection can be asked."""
        if self._status == TransactionStatus.IDLE:
            return explain_denied(error, sql, self._connection)
        try:
            other = open_connection(self._address, self._settings)
        except DataMillError:
            return error
        try:
            return explain_denied(error, sql, other)
        finally:
            other.close()

    def stream(self, sql: str, params: Sequence[Any] = (), batch_size: int = 1000) -> Iterator[list[Row]]:
        """Run one query and yield batches of rows from a snapshot taken at its start."""
        if self.in_transaction:
            rows = self.execute(sql, params).rows
            return iter([rows[start : start + batch_size] for start in range(0, len(rows), batch_size)])
        reader, self._reader = self._reader, None
        if reader is None or reader.pgconn.status != ConnStatus.OK or _is_closing(reader.pgconn.socket):
            reader = open_connection(self._address, self._settings)
        self._streaming.append(reader)
        return RowStream(reader, sql, params, batch_size, self._error, self._take_back)

    def _take_back(self, reader: PgConnection) -> None:
        """Keep the connection of a finished stream for the next one."""
        if reader in self._streaming:
            self._streaming.remove(reader)
        if self._reader is None and not self._closed and not reader.closed:
            self._reader = reader
        else:
            reader.close()

    def read_arrow(self, sql: str, params: Sequence[Any] = ()) -> pyarrow.Table | None:
        """Run a query that gives a table of Arrow; None: `execute` is to run it."""
        if self.in_transaction or not postgres_arrow.is_installed():
            return None
        if self._arrow is None:
            self._arrow = ArrowReader(self._address, self._settings)
        try:
            literals = [Literal(value).as_string(self._connection) for value in params]
        except psycopg.Error:
            return None
        return self._arrow.read(with_literals(sql, literals) if params else sql)

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

        Errors carry ``row_index`` where the server tells. Outside a transaction the rows are written all or none.
        """
        sql = f"INSERT INTO {POSTGRESQL.table(table)}"  # for messages
        announced, clause = self._announced(sql), ""
        if announced is not None and not self.in_transaction and postgres_insert.is_single(columns):
            clause, announced = postgres_notify.returning(announced), None
        arguments = (table, tuple(names), columns, tuple(key), conflict, clause)
        needed = postgres_insert.needs_transaction(columns, conflict)
        alone = nullcontext() if announced is None and not needed else self._together(announced, needed)
        try:
            with alone:
                return self._run(lambda connection: postgres_insert.write(connection, *arguments), sql)
        except DataMillError as error:
            cause = error.__cause__
            if isinstance(cause, psycopg.Error):
                error.row_index = 0 if columns and len(columns[0]) == 1 else copied_row(cause)
            raise

    def announce(self, table: TableName) -> None:
        """Let waiting workers look once the open transaction is committed."""
        if self._settings.database.notify and self.in_transaction:
            self._written.add(str(table))

    def listener(self) -> PostgresListener | None:
        """A connection that hears which tables others write to; None if that is turned off."""
        return PostgresListener(self._address, self._settings) if self._settings.database.notify else None

    # transactions ----------------------------------------------------------------------------------------------

    def begin(self, write: bool = True) -> None:
        """Open a transaction; the server hears of it with the first statement."""
        if self.in_transaction:
            raise DataMillError("A transaction is open already.")
        if self._connection.closed and (self._closed or not self._settings.database.reconnect):
            raise self._error(psycopg.OperationalError("the connection is closed"))
        self._written.clear()
        self._begin = "BEGIN" if write else "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"

    def commit(self) -> None:
        """Make it last; if that fails it is undone."""
        if self._begin is not None:
            self._begin = None
            return
        failed = self._status == TransactionStatus.INERROR
        try:
            self._connection.execute("COMMIT" if failed else f"{postgres_notify.notify(self._written)}COMMIT")
        except DRIVER_ERRORS as error:
            meaning = self._error(error, "COMMIT")
            self._abandon()
            raise meaning from error
        if failed:
            raise DataMillError("An error within the transaction undid it; nothing was stored.")

    def rollback(self) -> None:
        """Undo it; nothing to do if the server has undone it already."""
        self._begin = None
        if self.in_transaction:
            try:
                self._connection.statements.run("ROLLBACK", keep=False)
            except DRIVER_ERRORS as error:
                raise self._error(error, "ROLLBACK") from error

    def _abandon(self) -> None:
        if self.in_transaction:
            with suppress(psycopg.Error):
                self._connection.execute("ROLLBACK")

    def savepoint(self, name: str) -> None:
        """Mark a point within the transaction."""
        self._run(lambda _: self._send(f"SAVEPOINT {POSTGRESQL.identifier(name)}"), "SAVEPOINT")

    def release_savepoint(self, name: str) -> None:
        """Forget the point."""
        self._run(lambda _: self._send(f"RELEASE SAVEPOINT {POSTGRESQL.identifier(name)}"), "RELEASE")

    def rollback_to_savepoint(self, name: str) -> None:
        """Undo what came after the point, and forget it."""
        if self.in_transaction:
            quoted = POSTGRESQL.identifier(name)
            self.execute(f"ROLLBACK TO SAVEPOINT {quoted}")
            self.execute(f"RELEASE SAVEPOINT {quoted}")

    # definitions -----------------------------------------------------------------------------------------------

    @contextmanager
    def rebuilding(self, tables: Sequence[TableName]) -> Iterator[None]:
        """Open a transaction in which references to ``tables`` are lifted; at its end they are checked."""
        self.begin()
        try:
            self.execute(POSTGRESQL.ddl.lock_definitions)
            self.execute("SET LOCAL row_security = off")  # refuses where rows are hidden that would be lost
            references = References(self, tables)
            references.lift()
            yield
            references.restore()
        except BaseException as error:
            self.rollback()
            if isinstance(error, IntegrityError):
                raise complete(self, error) from error.__cause__
            raise
        self.commit()

    def list_schemas(self) -> list[str]:
        """Names of user schemas, sorted."""
        return postgres_catalog.list_schemas(self)

    def load_tables(
        self, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
    ) -> list[RawTable]:
        """Describe all tables of the schemas (None: all schemas) in four queries on one snapshot."""
        if self.in_transaction:
            return postgres_catalog.load_tables(self, schemas, names)
        self.begin(write=False)
        try:
            return postgres_catalog.load_tables(self, schemas, names)
        finally:
            with suppress(LostConnectionError):
                self.rollback()

    def change_counter(self) -> int | None:
        """None: PostgreSQL does not tell cheaply whether others have committed."""
        return None

    def catalog_version(self) -> int | None:
        """A number that differs once anybody created, dropped or rebuilt a table."""
        return hash(tuple(self.execute(_VERSION).rows))

    def ping(self) -> None:
        """Raise LostConnectionError if the connection is gone."""
        try:
            self._connection.execute("SELECT 1")
        except DRIVER_ERRORS as error:
            raise self._error(error) from error

    def close(self) -> None:
        """End the connection, undoing an open transaction and ending streams; idempotent."""
        self._closed = True
        self._begin = None
        streaming, self._streaming = self._streaming, []
        for connection in (*streaming, self._reader, self._connection):
            if connection is not None:
                connection.close()
        self._reader = None
        if self._arrow is not None:
            self._arrow.close()


def _is_closing(socket: int) -> bool:
    """True if the other end has sent something while nothing was asked: its last words, or the end itself."""
    return bool(select.select([socket], [], [], 0)[0])
