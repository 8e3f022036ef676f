"""MySQL 8.0.22 and later, and MariaDB 10.11 and later, through PyMySQL or mysqlclient."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from datamill.backends import mysql_catalog
from datamill.backends.base import Conflict, Listener, RawTable, Result
from datamill.backends.mysql_errors import DEADLOCKS, code_of, too_big, translate
from datamill.backends.mysql_insert import BulkInsert
from datamill.backends.mysql_literals import bind
from datamill.backends.mysql_open import Server, Target, target_of
from datamill.backends.mysql_stream import Row, RowStream, batches
from datamill.backends.mysql_wire import Answer, Wire
from datamill.errors import DataMillError, LostConnectionError, QueryError
from datamill.model.names import TableName
from datamill.settings.address import DatabaseAddress
from datamill.settings.values import Settings
from datamill.sql.dialects.base import Dialect
from datamill.sql.dialects.mysql import MARIADB, MYSQL

if TYPE_CHECKING:
    import pyarrow

Given = TypeVar("Given")
_WORD = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\()*([A-Za-z]+)(?:\s+([A-Za-z]+))?", re.DOTALL)
_PLAIN = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")
"""How statements begin that neither begin nor end a transaction: most."""
_COMMITS = frozenset(("CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "LOCK", "ANALYZE"))
"""First words of statements that commit what is open."""
_UNREADABLE = (ValueError, TypeError, ArithmeticError, LookupError, AssertionError)
"""What drivers raise for values that they cannot convert."""


def connect(address: DatabaseAddress, settings: Settings) -> MysqlSession:
    """Open a session on a server.

    Args:
        address: Its ``name``, if any, is the schema of unqualified names in raw SQL.
        settings: ``database.collation``, ``.time_zone``, ``.reconnect``, ``.busy_timeout`` (seconds that a lock is
            waited for), ``connection.charset``, ``.init_function``.

    Raises:
        ConfigError: The URL has an option other than ``driver``, ``unix_socket``, ``connect_timeout``.
        MissingExtraError: No driver is installed.
        LostConnectionError: The server cannot be reached.
        AccessError: It refuses the login.
        DataMillError: It is too old.
    """
    return MysqlSession(target_of(address, settings))


class MysqlSession:
    """One connection to MySQL or MariaDB: see `datamill.backends.base.BackendSession`.

    Args:
        target: Where to connect, and how.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._wire: Wire | None = None
        self._reader: Wire | None = None
        self._streams: list[RowStream] = []
        self._lost: str | None = None
        self._open = False
        self._is_undone = False  # a transaction went with the connection, and nobody has ended it yet
        self._wire, self.server = target.open()
        self.is_mariadb = self.server.is_mariadb
        self.dialect: Dialect = MARIADB if self.is_mariadb else MYSQL

    # statements ------------------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """True between begin and commit or rollback."""
        return self._open

    def run(self, statement: bytes, sql: str | None = None, data: Sequence[bytes] | None = None) -> Answer:
        """Run one statement whose values are in the text.

        Args:
            statement: Complete SQL.
            sql: What errors show of it; default: its beginning.
            data: What LOAD DATA LOCAL sends.
        """

        def work(wire: Wire) -> Answer:
            return wire.run(statement) if data is None else wire.load(statement, data)

        return self._work(work, statement, sql)

    def _work(self, work: Callable[[Wire], Given], statement: bytes, sql: str | None) -> Given:
        """Have the driver run a statement."""
        wire = self._ready()
        if len(statement) >= self.server.most_packet:  # the server would hang up
            raise too_big(
                f"a statement of {len(statement)} bytes; max_allowed_packet is {self.server.most_packet}"
            )
        try:
            return work(wire)
        except wire.errors as error:
            raise self._explained(error, sql or statement[:1000].decode(errors="replace")) from error
        except _UNREADABLE as error:
            self._lose("was given up after an answer that cannot be read")
            text = f"The answer of {self._target.place} cannot be read: {error}."
            raise QueryError(text, sql=sql, backend="mysql") from error
        except BaseException:
            # Interrupted half-way: what comes next on this connection would be the rest of this answer.
            self._lose("was interrupted")
            raise

    @contextmanager
    def byte_by_byte(self) -> Iterator[None]:
        """Within the block, have the server not look for characters of several bytes in the text of statements.

        For noise in binary values that takes it most of the time: 15 ms of 23 per MiB (measured). Text is still taken
        as utf8mb4, names are not, so statements with names beyond ASCII are to be run outside.
        """
        self.run(b"SET character_set_client = binary")
        try:
            yield
        finally:
            if self._wire is not None:
                self.run(f"SET character_set_client = {self._target.login.charset}".encode())

    def _ready(self) -> Wire:
        if self._wire is None and self._may_reopen and not self._is_undone:
            self._reopen()
        if self._wire is None:
            raise LostConnectionError(
                f"The connection to {self._target.place} {self._lost or 'is closed'}.", hint="Connect again."
            )
        return self._wire

    def _explained(self, error: Exception, sql: str | None) -> DataMillError:
        meaning = translate(error, sql, self._target.place)
        if isinstance(meaning, LostConnectionError):
            self._lose("was lost")
        elif code_of(error) in DEADLOCKS:
            self._open = False
        return meaning

    def _lose(self, how: str) -> None:
        self._is_undone = self._open
        wire, self._wire, self._open, self._lost = self._wire, None, False, how
        if wire is not None:
            wire.abort()

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement and fetch everything it returns."""
        columns, rows, changed, _ = self.run(bind(sql, params), sql)
        if not sql.startswith(_PLAIN):
            self._follow(sql)
        return Result(columns, rows, changed)

    def read_arrow(self, sql: str, params: Sequence[Any] = ()) -> pyarrow.Table | None:
        """Run a query that gives a table of Arrow; None: `execute` is to run it."""
        statement = bind(sql, params)
        if not self._ready().can_read_arrow or find_spec("pyarrow") is None:
            return None
        return self._work(lambda wire: wire.read_arrow(statement), statement, sql)

    def _follow(self, sql: str) -> None:
        """Keep track of transactions that a statement begins or ends."""
        match = _WORD.match(sql)
        if match is None:
            return
        first, second = match[1].upper(), (match[2] or "").upper()
        if first == "BEGIN" or (first == "START" and second == "TRANSACTION"):
            self._open = True
        elif _ends_transaction(first, second):
            self._open = False

    def stream(self, sql: str, params: Sequence[Any] = (), batch_size: int = 1000) -> Iterator[list[Row]]:
        """Run one query and yield batches of rows from a snapshot taken at its start."""
        if self._open:
            return batches(self.execute(sql, params).rows, batch_size)
        self._ready()
        reader, self._reader = self._reader, None
        statement = bind(sql, params)
        if reader is not None:
            try:
                return self._stream(reader, statement, sql, batch_size)
            except LostConnectionError:
                pass  # it was idle for long: a new one
        return self._stream(self._target.open(for_streams=True)[0], statement, sql, batch_size)

    def _stream(self, wire: Wire, statement: bytes, sql: str, size: int) -> RowStream:
        stream = RowStream(wire, statement, size, lambda error: translate(error, sql, self._target.place))
        stream.on_end(self._take_back)
        self._streams.append(stream)
        return stream

    def _take_back(self, stream: RowStream, wire: Wire | None) -> None:
        """Keep the connection of a finished stream for the next one."""
        if stream in self._streams:
            self._streams.remove(stream)
        if wire is not None and self._reader is None and self._wire is not None:
            self._reader = wire
        elif wire is not None:
            wire.close()

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

        Outside a transaction the rows are written all or none.
        """
        return BulkInsert(self, table, tuple(names), tuple(key), conflict).write(columns)

    @contextmanager
    def together(self, several: bool) -> Iterator[None]:
        """Write all or nothing of a block; one that is a single statement needs no transaction.

        Then nothing tells whether the statement was carried out if the connection breaks while it is. One that broke
        before, while nothing was done on it, is replaced.
        """
        if self._open:
            yield
            return
        if not several:
            if self._wire is not None and self._wire.is_stale() and self._target.settings.database.reconnect:
                self._lose("was lost")
                self._reopen()
            yield
            return
        self.begin()
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        self.commit()

    # transactions ----------------------------------------------------------------------------------------------

    def begin(self, write: bool = True) -> None:
        """Open a transaction; nothing was sent in it yet, so a lost connection is made anew."""
        statement = b"START TRANSACTION" if write else b"START TRANSACTION READ ONLY"
        try:
            self.run(statement)
        except LostConnectionError:
            if not self._may_reopen:
                raise
            self._reopen()
            self.run(statement)
        self._open = True

    @property
    def _may_reopen(self) -> bool:
        return self._target.settings.database.reconnect and self._lost != "was closed"

    def _reopen(self) -> None:
        self._is_undone = False
        self._wire, self.server = self._target.open()
        self._lost = None

    def commit(self) -> None:
        """Make it last; if that fails it is undone."""
        try:
            self.run(b"COMMIT")
        except DataMillError:
            self.rollback()
            raise
        finally:
            self._open = False

    def rollback(self) -> None:
        """Undo it; nothing to do if the server has undone it already."""
        self._is_undone = False
        if self._open:
            self._open = False
            self.run(b"ROLLBACK")

    def savepoint(self, name: str) -> None:
        """Mark a point within the transaction."""
        self.run(f"SAVEPOINT {self.dialect.identifier(name)}".encode())

    def release_savepoint(self, name: str) -> None:
        """Forget the point."""
        if self._open:
            self.run(f"RELEASE SAVEPOINT {self.dialect.identifier(name)}".encode())

    def rollback_to_savepoint(self, name: str) -> None:
        """Undo what came after the point, and forget it."""
        if self._open:
            self.run(f"ROLLBACK TO SAVEPOINT {self.dialect.identifier(name)}".encode())
            self.release_savepoint(name)

    @contextmanager
    def rebuilding(self, tables: Sequence[TableName]) -> Iterator[None]:
        """Let tables be dropped and renamed while others refer to them.

        Definitions are no part of transactions here: what is done within is not undone.
        """
        self.run(b"SET SESSION foreign_key_checks = 0")
        try:
            yield
        finally:
            if self._wire is not None:
                self.run(b"SET SESSION foreign_key_checks = 1")

    # the catalog -----------------------------------------------------------------------------------------------

    def list_schemas(self) -> list[str]:
        """Names of user schemas, sorted."""
        return mysql_catalog.list_schemas(self)

    def load_tables(
        self, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
    ) -> list[RawTable]:
        """Describe all tables of the schemas (None: all schemas) in four queries."""
        return mysql_catalog.load_tables(self, schemas, names)

    def change_counter(self) -> int | None:
        """MySQL does not count changes."""
        return None

    def announce(self, table: TableName) -> None:
        """Nothing: MySQL has nobody who listens."""

    def listener(self) -> Listener | None:
        """None: MySQL announces nothing."""
        return None

    def catalog_version(self) -> int | None:
        """A number that differs once anybody changed a definition: made of the times at which tables were changed.

        They are whole seconds, so while the last one is recent, every number is new.
        """
        return mysql_catalog.version(self)

    # the end ---------------------------------------------------------------------------------------------------

    def ping(self) -> None:
        """Raise LostConnectionError if the connection is gone."""
        self.run(b"DO 1")

    def close(self) -> None:
        """End the connection, undoing an open transaction and ending streams; idempotent."""
        if self._lost is None:
            self._lost = "was closed"
        wire, reader = self._wire, self._reader
        self._wire = self._reader = None
        self._open = False
        for stream in list(self._streams):
            stream.close()
        for item in (wire, reader):
            if item is not None:
                item.close()


def _ends_transaction(first: str, second: str) -> bool:
    """True if a statement that begins with these words commits or undoes what is open."""
    if first == "ROLLBACK":
        return second != "TO"
    return first == "COMMIT" or (first in _COMMITS and second != "TEMPORARY")


__all__ = ["MysqlSession", "Server", "connect"]
