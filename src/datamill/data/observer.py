"""How a running ``make`` sees and redirects what happens on its connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from datamill.algebra.relations import Relation
from datamill.backends.base import Conflict
from datamill.model.names import TableName
from datamill.model.table import TableSpec


@dataclass(frozen=True, slots=True)
class InsertBatch:
    """Rows ready to be written: validated, encoded, as columns of driver values.

    Fields:
        spec: The table.
        names: Column names, in order.
        columns: One sequence of driver values per name, all of one length.
        keys: The primary keys of the rows as canonical Python values, in order (tuples in key order).
        conflict: What to do with existing keys.
        allow_direct_insert: As the user gave it.
        objects: Store and path of the objects in stores that the rows refer to.
        doubtful: Paths of objects that garbage collection had marked when they were uploaded.
    """

    spec: TableSpec
    names: tuple[str, ...]
    columns: tuple[Sequence[Any], ...]
    keys: Sequence[tuple[Any, ...]]
    conflict: Conflict = "error"
    allow_direct_insert: bool | None = None
    objects: tuple[tuple[str | None, str], ...] = ()
    doubtful: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0


class Observer(Protocol):
    """Installed on a thread of a connection while ``make`` runs; ``connection.observer`` is None otherwise."""

    def on_read(self, tables: Sequence[TableName], relation: Relation | None = None) -> None:
        """Called with the base tables of a query, and the query unless it is a user's SQL, before it runs."""

    def on_unreadable(self, sql: str) -> None:
        """Called with a user's SQL of which cannot be told what it reads and writes."""

    def on_insert(self, batch: InsertBatch) -> bool:
        """Called with rows before they are written. True: taken into the buffer, do not write them."""

    def on_write(self, action: str, table: TableName | None, details: Mapping[str, Any]) -> None:
        """Called before an update, delete, insert from a query, or SQL that is no SELECT."""

    def origin(self) -> Mapping[str, Any]:
        """Return what is recorded with rows that are inserted into manual tables: the table and key being made."""

    def may_insert(self, table: TableName) -> bool:
        """True if rows of this auto-populated table or part may be inserted without ``allow_direct_insert``."""
