"""Transactions of one thread: explicit ones, the implicit one around a write, and savepoints inside both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from datamill.backends.base import BackendSession
from datamill.errors import DataMillError, LostConnectionError, QueryError

RETRIES = 3
"""How often an implicit transaction is tried again after a deadlock or serialization failure."""


def is_retryable(error: BaseException) -> bool:
    """True if the database undid a transaction only because others were at work, so that a repeat may succeed."""
    return bool(getattr(error, "is_retryable", False))


_NOTHING = nullcontext()


class ThreadState:
    """What one thread has on a connection: its session, its transaction, and its observer.

    Fields:
        session: The physical connection.
        observer: What a running ``make`` installed, or None.
        undone: The error after which the database gave up a transaction that somebody still believes open; None
            otherwise.
    """

    __slots__ = ("__weakref__", "_points", "_writes", "explicit", "observer", "session", "undone")

    def __init__(self, session: BackendSession) -> None:
        self.session = session
        self.observer: Any = None
        self.explicit = False
        self.undone: DataMillError | None = None
        self._points = 0
        self._writes = 0

    @property
    def is_relied_on(self) -> bool:
        """True while somebody believes a transaction open: the caller of `start`, or a write that is under way."""
        return self.explicit or self._writes > 0

    # explicit transactions -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin an explicit transaction.

        Raises:
            DataMillError: One is open; it stays open.
        """
        if self.explicit or self.session.in_transaction:
            raise DataMillError(
                "A transaction is open already, and transactions do not nest.",
                hint="Work within the open one: it is unharmed.",
            )
        try:
            self.session.begin(write=True)
            self.explicit = True
        except BaseException:  # an interrupt on the way back from the database, too, leaves nothing open
            self._rollback()
            raise

    def commit(self) -> None:
        """Commit; without a transaction nothing happens.

        Raises:
            QueryError: The database had undone the transaction, or refuses to commit; then it is rolled back.
            DataMillError: A write is under way, whose rows a generator that calls this gives; it is rolled back, too.
        """
        if self._writes:
            raise self._end_within_write()
        undone, self.undone, self.explicit = self.undone, None, False
        if undone is not None and not self.session.in_transaction:
            raise _rolled_back(undone, "Repeat it as a whole.")
        if self.session.in_transaction:
            self._commit()

    def cancel(self) -> None:
        """Roll back; without a transaction nothing happens. A write that is under way raises when it goes on."""
        if self._writes:
            self._end_within_write()
            return
        self.undone, self.explicit = None, False
        self._rollback()

    def _end_within_write(self) -> DataMillError:
        self.explicit = False
        self._rollback()
        self.undone = DataMillError(
            "The transaction was ended while a write in it was under way; all of it was undone.",
            hint="A generator of rows cannot end a transaction: do that after the insert.",
        )
        return self.undone

    def _commit(self) -> None:
        try:
            self.session.commit()
        except LostConnectionError as error:
            raise error.suggest("Whether the transaction was committed is unknown.") from error.__cause__
        except BaseException:
            self._rollback()
            raise

    def _rollback(self) -> None:
        try:
            self._rollback_once()
        except KeyboardInterrupt:  # which must not leave the transaction open
            self._rollback_once()
            raise

    def _rollback_once(self) -> None:
        if self.session.in_transaction:
            with suppress(LostConnectionError):  # then it is rolled back already
                self.session.rollback()

    # writes ----------------------------------------------------------------------------------------------------

    @contextmanager
    def write(self) -> Iterator[BackendSession]:
        """Run a block that writes: all of it or nothing, in a savepoint or a transaction of its own."""
        if self.undone is not None and not self.session.in_transaction:
            raise _rolled_back(
                self.undone, "Leave its with block, or call cancel_transaction(), then repeat it as a whole."
            )
        self._writes += 1
        try:
            with self._savepoint() if self.session.in_transaction else self._implicit():
                yield self.session
        finally:
            self._writes -= 1
            if not self.is_relied_on:
                self.undone = None

    def guarded(self) -> AbstractContextManager[None]:
        """Run one statement of a transaction so that its error, when caught, leaves the rest as it was.

        A savepoint, where the database gives up the whole transaction after any error; else nothing.
        """
        if self.is_relied_on and self.session.dialect.error_ends_transaction and self.session.in_transaction:
            return self._savepoint()
        return _NOTHING

    @contextmanager
    def _implicit(self) -> Iterator[None]:
        try:
            self.session.begin(write=True)
            yield
            self._require_open()
            self._commit()
        except BaseException:  # an interrupt between two of these steps, too, leaves nothing open
            self._rollback()
            raise

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        self._points += 1
        name = f"datamill_{self._points}"
        self.session.savepoint(name)
        try:
            yield
            self._require_open()
        except BaseException as error:
            self._undo(name, error)
            raise
        else:
            self.session.release_savepoint(name)
        finally:
            self._points -= 1

    def _require_open(self) -> None:
        if self.undone is not None and not self.session.in_transaction:
            raise _rolled_back(self.undone, "Repeat it as a whole.")

    def _undo(self, name: str, error: BaseException) -> None:
        """Undo one write; a deadlock takes the whole transaction with it."""
        if is_retryable(error) or isinstance(error, LostConnectionError):
            self._rollback()
        elif self.session.in_transaction:
            self.session.rollback_to_savepoint(name)
        if not self.session.in_transaction and not isinstance(
            error, GeneratorExit
        ):  # which comes after the end
            self.undone = error if isinstance(error, DataMillError) else QueryError(str(error))


def _rolled_back(cause: DataMillError, hint: str) -> QueryError:
    error = QueryError(f"The transaction was rolled back earlier: {cause}", hint=hint)
    error.__cause__ = cause
    return error


class Transaction:
    """The context manager ``connection.transaction``: commits at the end of the block, or rolls back.

    Args:
        connection: Whose transaction; the block gets it.
    """

    __slots__ = ("_connection", "_thread")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._thread: int | None = None

    def __enter__(self) -> Any:
        try:
            self._connection.start_transaction()
            self._thread = threading.get_ident()
        except KeyboardInterrupt:
            self._connection.cancel_transaction()
            raise
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if kind is None:
                self._connection.commit_transaction()
            else:
                self._connection.cancel_transaction()
            self._thread = None
        except KeyboardInterrupt:
            self._connection.cancel_transaction()
            raise
        except DataMillError:
            self._thread = None
            raise

    def __del__(self) -> None:
        """Roll back what an interrupt left open that came just when the block was left, before `__exit__` began."""
        if getattr(self, "_thread", None) == threading.get_ident():
            self._connection.cancel_transaction()
