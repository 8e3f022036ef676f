"""Connections: one per database, with a session and a transaction for each thread."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import uuid4

from datamill import backends
from datamill.backends.base import BackendSession
from datamill.catalog import Catalog
from datamill.data import elsewhere
from datamill.data.dependencies import Dependencies
from datamill.data.observer import Observer
from datamill.data.raw_query import run_query
from datamill.data.raw_sql import Arguments, Cursor
from datamill.data.shared_session import SharedSession
from datamill.data.transaction import RETRIES, ThreadState, Transaction, is_retryable
from datamill.errors import ConfigError, DataMillError, LostConnectionError, MakeError, QueryError
from datamill.settings import Config
from datamill.sql.dialects.queues import QUEUES
from datamill.storage import Stores

if TYPE_CHECKING:
    from datamill.settings.address import DatabaseAddress
    from datamill.sql.dialects.base import Dialect
    from datamill.sql.writer import Statement

Returned = TypeVar("Returned")


class Connection:
    """A connection to a database, safe to share between threads and processes.

    Each thread has a session and a transaction of its own; so has each forked child, and each process that a
    connection is sent to. A database in memory has one session, which threads use in turn and other processes cannot.

    Args:
        host: Server, ``server:port``, or a URL. With none of these arguments the settings decide; by default the
            database is the SQLite file ``datamill.db``.
        user, password, port: As the server wants them.
        use_tls: True requires TLS, False turns it off, None tries it; a mapping gives the driver's options.
        database_name: PostgreSQL database, or path of an SQLite file.
        backend: ``sqlite``, ``postgresql`` or ``mysql``.
        config_override: Settings of this connection; default: read from the usual sources.
        url: Address in one text, such as ``sqlite:///lab.db``, ``sqlite://`` (in memory), ``mysql://user@host/``.

    Raises:
        ConfigError: The arguments contradict each other.
        LostConnectionError: The database cannot be reached.

    Example:
        >>> with Connection(url="sqlite://") as connection:
        ...     connection.query("SELECT %s + 1", args=(1,)).fetchone()
        (2,)
    """

    def __init__(
        self,
        host: str | None = None,
        user: str | None = None,
        password: str | None = None,
        port: int | None = None,
        use_tls: bool | Mapping[str, Any] | None = None,
        *,
        database_name: str | None = None,
        backend: str | None = None,
        config_override: Config | None = None,
        url: str | None = None,
    ) -> None:
        config = config_override if config_override is not None else Config()
        address = _address(config, host, user, password, port, use_tls, database_name, backend, url)
        self._set_up(address, config, uuid4().hex)
        self.connect()

    def _set_up(self, address: DatabaseAddress, config: Config, token: str) -> None:
        self.address = address
        self.config = config
        self.schemas: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
        self.catalog = Catalog(self)
        self.dependencies = Dependencies(self)
        self.stores = Stores(config, address)
        self._token = token
        self._query_cache: str | None = None
        self._closed = True
        self._was_forked = False
        self._renew()
        elsewhere.register(token, self)

    def _renew(self) -> None:
        """Start without any session, as a new connection and a forked child do."""
        self._local = threading.local()
        self._lock = threading.RLock()
        self._states: weakref.WeakSet[ThreadState] = weakref.WeakSet()
        self._shared: SharedSession | None = None

    # opening and closing ---------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open the connection if it is closed."""
        self._closed = False
        try:
            self._state()
        except BaseException:
            self._closed = True
            raise

    def close(self) -> None:
        """Close the sessions of all threads; what they had open is rolled back. Idempotent."""
        with self._lock:
            states, shared = list(self._states), self._shared
            self._closed = True
            self._local = threading.local()
            self._states = weakref.WeakSet()
            self._shared = None
        for session in {
            id(item): item for item in [shared, *(state.session for state in states)] if item
        }.values():
            session.close()

    def ping(self) -> None:
        """Make sure that the database answers.

        Raises:
            LostConnectionError: It does not.
        """
        self.session.ping()

    @property
    def is_connected(self) -> bool:
        """True if the connection is open and the database answers."""
        if self._closed:
            return False
        try:
            self.ping()
        except LostConnectionError:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Connection({str(self)!r}{', closed' if self._closed else ''})"

    def __str__(self) -> str:
        return str(self.address)

    def matches(
        self,
        host: str | None = None,
        user: str | None = None,
        password: str | None = None,
        port: int | None = None,
        use_tls: bool | Mapping[str, Any] | None = None,
        url: str | None = None,
    ) -> bool:
        """True if these arguments, completed by the settings, lead to the address of this connection."""
        return _address(self.config, host, user, password, port, use_tls, None, None, url) == self.address

    def get_user(self) -> str:
        """Return who works here: ``user@host``, the machine's user if the database has no users."""
        import getpass
        import socket

        return f"{self.address.user or getpass.getuser()}@{socket.gethostname()}"

    @property
    def connection_id(self) -> int:
        """The server's number of the calling thread's session; 0 where there is no server."""
        number: int = self.query(f"SELECT {QUEUES[self.dialect.name].connection_id}").fetchone()[0]
        return number

    @property
    def conn_info(self) -> dict[str, Any]:
        """Where this connection leads, for code that connects by other means: host, port, user, passwd, ssl."""
        address = self.address
        return {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "passwd": address.password.get_secret_value() if address.password else None,
            "ssl": address.use_tls,
        }

    # sessions --------------------------------------------------------------------------------------------------

    @property
    def session(self) -> BackendSession:
        """The session of the calling thread, opened on first use.

        Raises:
            LostConnectionError: The connection is closed, or cannot be opened.
        """
        session = self._state().session
        if self._query_cache is None:
            return session
        from datamill.data.query_cache import CachingSession

        # Every database in memory is one of its own, whatever its address.
        place = self._token if self.address.is_memory else str(self.address)
        return CachingSession(session, self._cache_folder(), place, self._query_cache)

    @property
    def dialect(self) -> Dialect:
        """The SQL dialect of the database."""
        return self._state().session.dialect

    def _state(self) -> ThreadState:
        state: ThreadState | None = getattr(self._local, "state", None)
        if state is None:
            state = ThreadState(self._open())
            self._local.state = state
            with self._lock:
                self._states.add(state)
        return state

    def _open(self) -> BackendSession:
        if self._closed:
            raise LostConnectionError(
                f"The connection to {self} is closed.", hint="Call connect() to open it again."
            )
        if not self.address.is_memory:
            return backends.connect(self.address, self.config.settings)
        with self._lock:
            if self._was_forked:
                raise _memory_error("use it after a fork")
            if self._shared is None:
                self._shared = SharedSession(backends.connect(self.address, self.config.settings))
            return self._shared

    def _reopen(self) -> None:
        """Replace this thread's broken session; an open explicit transaction stays marked as undone."""
        state = self._state()
        broken = state.session
        with self._lock:
            self._shared = None
        state.session = self._open()
        broken.close()

    # transactions ----------------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """True if the calling thread has a transaction open."""
        return self._state().session.in_transaction

    @property
    def transaction(self) -> Transaction:
        """A context manager: commits at the end of its block, rolls back on any exception.

        Example:
            >>> with connection.transaction:
            ...     Mouse.insert1({"mouse": 1})
            ...     Session.insert1({"mouse": 1, "session": 1})

        Raises:
            DataMillError: On entering: a transaction is open; it stays open.
            QueryError: On leaving: the database undid the transaction meanwhile, or refuses to commit.
        """
        return Transaction(self)

    def start_transaction(self) -> None:
        """Begin a transaction of the calling thread.

        Raises:
            DataMillError: One is open and stays open, or a ``make`` is running.
        """
        self.refuse_transaction_in_make()
        self._state().start()

    def commit_transaction(self) -> None:
        """Make the open transaction last; without one nothing happens."""
        self.refuse_transaction_in_make()
        self._state().commit()

    def cancel_transaction(self) -> None:
        """Undo the open transaction; without one nothing happens."""
        self.refuse_transaction_in_make()
        self._state().cancel()

    def refuse_in_make(self, what: str) -> None:
        """Raise a MakeError if the calling thread runs a ``make``, which cannot do this."""
        if self.observer is not None:
            raise MakeError(f"A running make cannot {what}.", hint="Do it before populate.")

    def refuse_transaction_in_make(self) -> None:
        """Raise DataMillError if the calling thread runs a ``make``, which has no transactions of its own."""
        if self.observer is not None:
            raise DataMillError(
                "A running make has no transactions of its own.",
                hint="What it inserts is stored together when it returns, or not at all.",
            )

    @contextmanager
    def write(self, single: bool = False) -> Iterator[BackendSession]:
        """Run a block that writes: everything in it or nothing.

        In a transaction it is a savepoint, so that an error that is caught undoes this block only; outside, it is a
        transaction of its own.

        Args:
            single: The block does nothing but one `insert_columns`, which is all or nothing by itself: outside of a
                transaction none is opened for it.

        Yields:
            The session of the calling thread.
        """
        if self._query_cache is not None:
            self.session.begin(write=True)  # refuses
        state = self._state()
        was_open = self.in_transaction
        single = single and not was_open and not state.explicit
        try:
            if single:
                yield state.session
            else:
                with state.write() as session:
                    yield session
        except LostConnectionError as error:
            self._after_loss(state, was_open, error)
            if single:
                raise error.suggest("Whether the rows were stored is unknown.") from error.__cause__
            raise

    def run_write(self, work: Callable[[BackendSession], Returned], retries: int = RETRIES) -> Returned:
        """Run a function within `write`, and again after a deadlock if no transaction was open.

        Args:
            work: Called with the session. It must do the same when called again.
            retries: How often to repeat; 0 if its input can be read only once.

        Returns:
            What the function returns.
        """
        if self.in_transaction:
            retries = 0
        while True:
            try:
                with self.write() as session:
                    return work(session)
            except QueryError as error:
                if retries == 0 or not is_retryable(error):
                    raise
                retries -= 1

    def run_read(self, work: Callable[[BackendSession], Returned], reconnect: bool | None = None) -> Returned:
        """Run a function that only reads, once more on a new session if the connection was lost.

        Args:
            work: Called with the session.
            reconnect: Whether to; None: as ``config.database.reconnect`` says. Never in a transaction or in memory.
        """
        state = self._state()
        was_open = state.explicit or state.session.in_transaction
        try:
            return self._attempt(work)
        except LostConnectionError:
            wanted = self.config.database.reconnect if reconnect is None else reconnect
            if was_open or not wanted or self.address.is_memory:
                raise
        return work(self.session)

    def read(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Run a query as `run_read` does, and return its rows: values as the driver gives them."""
        return self.run_read(lambda session: session.execute(statement.sql, statement.params).rows)

    def stream(self, statement: Statement, batch_size: int = 1000) -> Iterator[list[tuple[Any, ...]]]:
        """Begin a query as `run_read` does, and return batches of its rows: see `BackendSession.stream`."""
        return self.run_read(lambda session: session.stream(statement.sql, statement.params, batch_size))

    def run_once(self, work: Callable[[BackendSession], Returned]) -> Returned:
        """Run a function that may write in its own way: without a transaction around it, and never again.

        Args:
            work: Called with the session.
        """
        try:
            return self._attempt(work)
        except LostConnectionError as error:
            raise error.suggest("The outcome of the statement is unknown.") from error.__cause__

    def _attempt(self, work: Callable[[BackendSession], Returned]) -> Returned:
        """Run a function; if the connection is lost meanwhile, the thread has a new session afterwards."""
        state = self._state()
        was_open = state.explicit or state.session.in_transaction
        try:
            with state.guarded():
                return work(self.session)
        except LostConnectionError as error:
            self._after_loss(state, was_open, error)
            raise

    def _after_loss(self, state: ThreadState, was_open: bool, error: LostConnectionError) -> None:
        if was_open and state.is_relied_on:
            state.undone = error
        if not self._closed and not self.address.is_memory:
            with suppress(DataMillError):  # the next use tries again
                self._reopen()

    # raw SQL ---------------------------------------------------------------------------------------------------

    def query(
        self,
        query: str,
        args: Arguments = (),
        *,
        as_dict: bool = False,
        suppress_warnings: bool = True,
        reconnect: bool | None = None,
    ) -> Cursor:
        """Run SQL as it is.

        Args:
            query: One statement. ``%s`` and ``%(name)s`` stand for values on every backend, ``%%`` for a percent
                sign; a lone ``%`` is itself.
            args: A sequence, or a mapping for names. None sends the text untouched.
            as_dict: Rows are dicts.
            suppress_warnings: Do not show the server's warnings.
            reconnect: Whether to connect again if the connection was lost; None: as configured. A statement that
                writes is never sent twice.

        Returns:
            A cursor with all rows.

        Raises:
            QueryError: The database refuses the statement; subclasses say why.
            LostConnectionError: The connection was lost; for a write the message says if its outcome is unknown.

        Example:
            >>> connection.query("SELECT * FROM pets WHERE legs > %(legs)s", {"legs": 3}, as_dict=True).fetchall()
        """
        return run_query(self, query, args, as_dict, reconnect)

    @property
    def observer(self) -> Observer | None:
        """What watches the calling thread's reads and writes while ``make`` runs; None otherwise. Settable."""
        observer: Observer | None = self._state().observer
        return observer

    @observer.setter
    def observer(self, observer: Observer | None) -> None:
        self._state().observer = observer

    # query cache -----------------------------------------------------------------------------------------------

    def set_query_cache(self, query_cache: str | None = None) -> None:
        """Answer SELECTs from files under ``config.query_cache``; until it is called without label, writes raise.

        Args:
            query_cache: Label of the cache; None ends caching.

        Raises:
            ConfigError: No folder is configured.
        """
        if query_cache is not None:
            self._cache_folder()
        self._query_cache = query_cache

    def purge_query_cache(self) -> None:
        """Delete all cached answers, of every label."""
        from datamill.data.query_cache import purge

        purge(self._cache_folder())

    def _cache_folder(self) -> Path:
        folder = self.config.query_cache
        if not folder:
            raise ConfigError(
                "There is no folder for the query cache.",
                setting="query_cache",
                hint="Set config.query_cache to a folder.",
            )
        return Path(folder).expanduser()

    # other processes -------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        if self.address.is_memory:
            raise _memory_error("send it to another process")
        changes = {name: value for name, value in self.config.items() if self.config.is_set(name)}
        return Connection.restore, (self._token, self.address, changes)

    @classmethod
    def restore(cls, token: str, address: DatabaseAddress, changes: Mapping[str, Any]) -> Connection:
        """Find a connection in the process it came from, or open its like in another one.

        Args:
            token: Its name.
            address: Where it leads.
            changes: Its settings that are not from the usual sources.
        """
        found = elsewhere.find(token)
        if isinstance(found, Connection):
            return found
        connection = cls.__new__(cls)
        connection._set_up(address, Config(changes), token)
        connection._closed = False
        return connection

    def after_fork(self) -> list[object]:
        """Start anew in a forked child; return what belongs to the parent."""
        theirs: list[object] = [self._local, self._shared, *self._states]
        self._was_forked = True
        self._renew()
        self.catalog.after_fork()
        return theirs


def _address(
    config: Config,
    host: str | None,
    user: str | None,
    password: str | None,
    port: int | None,
    use_tls: bool | Mapping[str, Any] | None,
    database_name: str | None,
    backend: str | None,
    url: str | None,
) -> DatabaseAddress:
    return config.database_address(
        url=url,
        host=host,
        port=port,
        user=user,
        password=password,
        name=database_name,
        backend=backend,
        use_tls=use_tls,
    )


def _memory_error(what: str) -> DataMillError:
    return DataMillError(
        f"A database in memory belongs to one process; cannot {what}.",
        hint="Use a file: url='sqlite:///lab.db'.",
    )
