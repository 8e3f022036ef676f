"""What the parts of the catalog need of each other and of the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from datamill.backends.base import BackendSession
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.dialects.base import Dialect

Returned = TypeVar("Returned")


class Tables(Protocol):
    """Knows the tables of a database: the reading side of `Catalog`."""

    def spec(self, name: TableName) -> TableSpec:
        """Return a table's specification, or raise MissingTableError."""

    def has(self, name: TableName) -> bool:
        """True if the table is in the database now."""

    def peek(self, name: TableName) -> TableSpec | None:
        """Return a table's specification as it was at the last refresh, or None."""

    def load(self, schema: str, *, hidden: bool = False) -> dict[TableName, TableSpec]:
        """Return the tables of a schema."""

    def graph(self, schemas: Iterable[str] | None = None) -> DependencyGraph:
        """Return the graph of dependencies."""

    def list_schemas(self) -> list[str]:
        """Return the names of all schemas."""

    def invalidate(self) -> None:
        """Forget what was read."""

    def read_new(self, names: Sequence[TableName]) -> Callable[[], None]:
        """Read tables just made by the open transaction; return what adds them to what is known, once they last."""

    def refresh(self) -> None:
        """Forget what was read if somebody changed tables since."""


class Host(Protocol):
    """What a catalog needs of the connection it belongs to."""

    @property
    def catalog(self) -> Tables:
        """The tables."""

    @property
    def session(self) -> BackendSession:
        """The session of the calling thread."""

    @property
    def dialect(self) -> Dialect:
        """The SQL dialect."""

    def run_read(self, work: Callable[[BackendSession], Returned]) -> Returned:
        """Run a function that only reads, once more if the connection was lost."""

    @property
    def in_transaction(self) -> bool:
        """True if the calling thread has a transaction open."""

    def refuse_in_make(self, what: str) -> None:
        """Raise a MakeError if the calling thread runs a ``make``, which cannot do this."""

    def write(self) -> AbstractContextManager[BackendSession]:
        """A transaction around a block, or a savepoint within one."""
