"""The contract between a database and everything above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

from datamill.model.names import TableName
from datamill.settings.address import DatabaseAddress
from datamill.sql.dialects.base import Dialect

if TYPE_CHECKING:
    import pyarrow

Address = DatabaseAddress
"""Where a database is and how to log in (``connect(address, settings)`` takes one)."""

Conflict = Literal["error", "skip", "replace"]
"""What an insert does with a row whose primary key exists."""


class Result(NamedTuple):
    """What a statement gave: rows as the driver returns them, column names, and the number of rows changed."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    rowcount: int


@dataclass(frozen=True, slots=True)
class RawColumn:
    """One column as the database's catalog describes it; ``comment`` holds the type record (spec 06)."""

    name: str
    sql_type: str
    nullable: bool
    default: str | None
    comment: str
    is_auto_increment: bool = False
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class RawForeignKey:
    """One foreign key as the catalog describes it."""

    parent: TableName
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawIndex:
    """One secondary index: column names, or expression texts where ``columns`` has None."""

    columns: tuple[str | None, ...]
    expressions: tuple[str | None, ...]
    unique: bool
    name: str


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table as the catalog describes it; ``definition`` is its text where the backend stores it."""

    name: TableName
    comment: str
    columns: tuple[RawColumn, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[RawForeignKey, ...] = ()
    indexes: tuple[RawIndex, ...] = field(default=())
    definition: str | None = None


def definition_of_indexes(lines: Iterable[str]) -> str:
    """Return a definition with these indexes, for backends that keep no other part of its text."""
    return "\n".join(("a : int32", "---", *lines))


class Listener(Protocol):
    """A connection that hears which tables are written to from the moment it is opened."""

    def wait(self, seconds: float) -> set[str]:
        """Return the full names of tables written since the last call, waiting so long for the first one."""

    def close(self) -> None:
        """End the connection; idempotent."""


@runtime_checkable
class ReadsArrow(Protocol):
    """A session that can have its driver make Arrow tables, which costs less than rows of Python objects."""

    def read_arrow(self, sql: str, params: Sequence[Any] = ()) -> pyarrow.Table | None:
        """Run a query; None if `BackendSession.execute` is to run it, also to say what is wrong with it."""


class BackendSession(Protocol):
    """One physical connection, used by one thread at a time. Every driver error is mapped to the tree of `errors`."""

    dialect: Dialect

    @property
    def in_transaction(self) -> bool:
        """True between begin and commit or rollback."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement and fetch everything it returns."""

    def stream(
        self, sql: str, params: Sequence[Any] = (), batch_size: int = 1000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Run one query and yield batches of rows in bounded memory, from a snapshot taken at its start.

        Outside a transaction it uses a connection of its own; inside one it buffers. Closing the iterator frees it.
        """

    def insert_columns(
        self,
        table: TableName,
        names: Sequence[str],
        columns: Sequence[Sequence[Any]],
        *,
        key: Sequence[str] = (),
        conflict: Conflict = "error",
    ) -> int:
        """Insert rows given as columns of driver values by the fastest way there is; return how many were written.

        ``key`` names the primary key. ``skip`` passes rows whose primary key exists; ``replace`` overwrites their
        other columns among ``names``; a clash on another unique index is a DuplicateError in every mode.
        """

    def begin(self, write: bool = True) -> None:
        """Open a transaction."""

    def commit(self) -> None:
        """Make it last."""

    def rollback(self) -> None:
        """Undo it."""

    def savepoint(self, name: str) -> None:
        """Mark a point within the transaction."""

    def release_savepoint(self, name: str) -> None:
        """Forget the point."""

    def rollback_to_savepoint(self, name: str) -> None:
        """Undo what came after the point, and forget it."""

    def rebuilding(self, tables: Sequence[TableName]) -> AbstractContextManager[None]:
        """A transaction in which tables are dropped and made anew while others refer to them.

        At the end the rows of ``tables`` are checked: an IntegrityError undoes everything if one refers to nothing.
        """

    def list_schemas(self) -> list[str]:
        """Names of user schemas, sorted."""

    def load_tables(
        self, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
    ) -> list[RawTable]:
        """Describe the tables of schemas (None: of all), or only ``names``, in a constant number of queries."""

    def change_counter(self) -> int | None:
        """A number that grows when another connection commits, where the database has one, else None."""

    def announce(self, table: TableName) -> None:
        """Wake those that listen for a table once the open transaction is committed; writes to it do so themselves."""

    def listener(self) -> Listener | None:
        """Open what hears of writes by anybody, where the database announces them; else None."""

    def catalog_version(self) -> int | None:
        """Return a number that differs once anybody changed a definition; None if the database does not tell."""

    def ping(self) -> None:
        """Raise LostConnectionError if the connection is gone."""

    def close(self) -> None:
        """End the connection; idempotent."""
