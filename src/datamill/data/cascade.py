"""Which rows go when others go: the keys of a delete, table by table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datamill.data.key_set import MOST_IN_MEMORY, Key, KeySet
from datamill.errors import AccessError, DataMillError
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName
from datamill.sql.keys import key_batches, select_by_key, select_page, types_of
from datamill.sql.writer import Statement

if TYPE_CHECKING:
    from datamill.data.connection import Connection

PartIntegrity = Literal["enforce", "ignore", "cascade"]

MOST_ROWS = 100_000
"""Rows that one query brings into memory."""
_UNORDERED = frozenset({"enum", "float32", "float64", "json", "opaque"})
"""Kinds that some database compares with a bound value otherwise than it sorts them."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Planned part rows whose master rows are not planned.

    Fields:
        part: The part table.
        master: Its master.
        count: Number of such part rows.
        keys: Primary keys (driver values) of the first five.
    """

    part: TableName
    master: TableName
    count: int
    keys: tuple[Key, ...]


class Cascade:
    """Works out the keys of all rows that go with some rows of a table.

    Matching is by the attribute map of each foreign key alone; any path suffices; NULL never matches.

    Args:
        connection: Where to read.
        graph: All tables of all schemas.
        target: Where it starts.
        part_integrity: ``"cascade"`` adds the master rows of planned part rows.
        is_firm: Keep others from referring to the rows until the transaction ends, where there is one.

    Fields:
        keys: Keys (driver values, in key order) by table; those of the target begin with the rows it started from.
        asked: How many these are.
    """

    def __init__(
        self,
        connection: Connection,
        graph: DependencyGraph,
        target: TableName,
        part_integrity: PartIntegrity,
        is_firm: bool = False,
    ) -> None:
        self.connection = connection
        self.graph = graph
        self.target = target
        self.part_integrity = part_integrity
        dialect = connection.dialect
        self._lock = dialect.firm_lock if is_firm else dialect.share_lock
        self.keys: dict[TableName, KeySet] = {name: KeySet() for name in graph.descendants(target)}
        self.asked = 0
        self._unlockable: set[TableName] = set()
        self._suspects = {target} if target.master else set()
        self._position = {name: index for index, name in enumerate(graph.order())}

    def add(self, table: TableName, keys: Iterable[Key]) -> int:
        """Plan rows of a table; return how many were not planned yet."""
        if table not in self.keys:  # a master that was reached upwards
            for name in self.graph.descendants(table):
                self.keys.setdefault(name, KeySet())
        new = self.keys[table].add(keys)
        while sum(found.in_memory for found in self.keys.values()) > MOST_IN_MEMORY:
            max(self.keys.values(), key=lambda found: found.in_memory).spill()
        return new

    def start(self, keys: Sequence[Key]) -> None:
        """Plan rows of the target, as far as they are there still once they are locked."""
        key = self.graph.specs[self.target].physical_key
        is_locked = self._lock == self.connection.dialect.firm_lock != ""
        self.asked += self.add(self.target, self._select(self.target, key, key, keys) if is_locked else keys)

    def tables(self) -> list[TableName]:
        """Return the tables within reach, parents first."""
        return sorted(self.keys, key=self._position.__getitem__)

    def run(self) -> None:
        """Follow the references from what was added until nothing is new."""
        followed: dict[TableName, int] = {}
        while (table := self._next(followed)) is not None:
            keys, start = self.keys[table], followed.get(table, 0)
            followed[table] = len(keys)
            if not self._leads_on(table):
                continue
            remaining = followed[table] - start
            for batch in keys.batches(start):
                self._follow(table, batch[:remaining])
                remaining -= len(batch)
                if remaining <= 0:
                    break

    def _next(self, followed: dict[TableName, int]) -> TableName | None:
        waiting = [name for name, keys in self.keys.items() if len(keys) > followed.get(name, 0)]
        return min(waiting, key=self._position.__getitem__, default=None)

    def _leads_on(self, table: TableName) -> bool:
        """Return whether further rows may go with rows of a table."""
        return bool(self.graph.children(table)) or (
            self.part_integrity == "cascade" and table.master is not None
        )

    def _follow(self, table: TableName, keys: Sequence[Key]) -> None:
        for edge in self.graph.children(table):
            if self.add(edge.child, self.referring(edge, keys)):
                self._suspect(edge)
        if self.part_integrity == "cascade" and table.master is not None:
            for edge in self.graph.parents(table):
                if self._leads_up(edge):
                    self.add(edge.parent, self.referenced(edge, keys))

    def _leads_up(self, edge: Edge) -> bool:
        """Return whether a row that is referred to goes with the part row that refers to it."""
        master = edge.child.master
        return (
            self.part_integrity == "cascade"
            and master is not None
            and master in (edge.parent, edge.parent.master)
        )

    def was_asked(self, table: TableName, key: Key) -> bool:
        """Tell whether a planned row is one that everything started from."""
        if table != self.target:
            return False
        keys, left = self.keys[table], self.asked
        if left == len(keys):
            return True
        for batch in keys.batches():
            if key in batch[:left]:
                return True
            left -= len(batch)
            if left <= 0:
                break
        return False

    def reasons(self, table: TableName, key: Key) -> Iterator[tuple[Edge, TableName, Key]]:
        """Yield the planned rows with which a planned row goes, and the foreign keys that say so."""
        for edge in self.graph.parents(table):
            yield from self._planned_ones(edge, edge.parent, self.referenced(edge, [key]))
        for edge in self.graph.children(table):
            if self._leads_up(edge):
                yield from self._planned_ones(edge, edge.child, self.referring(edge, [key]))

    def _planned_ones(
        self, edge: Edge, table: TableName, keys: Iterable[Key]
    ) -> Iterator[tuple[Edge, TableName, Key]]:
        planned = self.keys.get(table, ())
        return ((edge, table, key) for key in keys if key in planned)

    def _suspect(self, edge: Edge) -> None:
        """Note parts whose rows came by another way than from their master."""
        master = edge.child.master
        if master is None or edge.parent == master:
            return
        if edge.parent.master != master or edge.parent in self._suspects:
            self._suspects.add(edge.child)

    def referring(self, edge: Edge, keys: Sequence[Key]) -> Iterable[Key]:
        """Return the keys of the child's rows that refer to rows of the parent."""
        child = self.graph.specs[edge.child]
        return self._select(edge.child, child.physical_key, edge.foreign_key.attributes, keys)

    def referenced(self, edge: Edge, keys: Sequence[Key]) -> Iterable[Key]:
        """Return the keys of the parent's rows that rows of the child refer to."""
        child = self.graph.specs[edge.child]
        found = self._select(edge.child, edge.foreign_key.attributes, child.physical_key, keys)
        return (key for key in found if None not in key)

    def _select(
        self, table: TableName, wanted: Sequence[str], names: Sequence[str], keys: Sequence[Key]
    ) -> Iterator[Key]:
        """Yield columns of the rows of some keys; so few keys at a time that what they give fits into memory."""
        dialect, types = self.connection.dialect, types_of(self.graph.specs[table])
        for batch in key_batches(keys, len(names), dialect):
            start, size = 0, len(batch)
            while start < len(batch):
                some = batch[start : start + size]
                rows = self._read(table, select_by_key(dialect, table, wanted, names, some, types, MOST_ROWS))
                if len(rows) == MOST_ROWS and size > 1:
                    size = max(1, size // 8)
                    continue
                yield from rows if len(rows) < MOST_ROWS else self._pages(table, wanted, names, some[0])
                start += size

    def _pages(
        self, table: TableName, wanted: Sequence[str], names: Sequence[str], key: Key
    ) -> Iterator[Key]:
        """Yield columns of the many rows of one key."""
        dialect, after, types = self.connection.dialect, None, types_of(self.graph.specs[table])
        if any(types[name].kind in _UNORDERED for name in wanted):
            yield from self._read(table, select_by_key(dialect, table, wanted, names, [key], types))
            return
        while True:
            rows = self._read(table, select_page(dialect, table, wanted, names, key, after, MOST_ROWS))
            yield from rows
            if len(rows) < MOST_ROWS:
                return
            after = rows[-1]

    def _read(self, table: TableName, statement: Statement) -> Sequence[Key]:
        """Read rows as they are, not as a snapshot shows them, and keep others from adding to them meanwhile."""
        session = self.connection.session
        if self._lock and session.in_transaction and table not in self._unlockable:
            ends = self.connection.dialect.error_ends_transaction
            try:
                with self.connection.write() if ends else nullcontext(session) as locking:
                    return locking.execute(statement.sql + self._lock, statement.params).rows
            except AccessError:  # a plain read needs fewer privileges
                self._unlockable.add(table)
        return self.connection.read(statement)

    # masters and parts -----------------------------------------------------------------------------------------

    def violations(self) -> tuple[Violation, ...]:
        """Return planned part rows whose own master rows are not planned."""
        found = []
        for part in self.keys:
            if part in self._suspects and part.master in self.graph.specs:
                count, examples = self._orphans(part)
                if count and part.master is not None:
                    found.append(Violation(part, part.master, count, tuple(examples)))
        return tuple(found)

    def _orphans(self, part: TableName) -> tuple[int, list[Key]]:
        count = 0
        examples: list[Key] = []
        for batch in self.keys[part].batches():
            kept = self._with_planned_master(part, batch)
            orphans = [key for key in batch if key not in kept]
            count += len(orphans)
            examples += orphans[: 5 - len(examples)]
        return count, examples

    def _with_planned_master(self, part: TableName, keys: Sequence[Key]) -> set[Key]:
        """Return the part rows of which some master row is planned, on any way through sibling parts."""
        own = self.graph.specs[part].physical_key
        kept: set[Key] = set()
        for edge in self.graph.parents(part):
            if edge.parent != part.master and edge.parent.master != part.master:
                continue
            width = len(own)
            pairs = [
                (row[:width], row[width:])
                for row in self._select(part, (*own, *edge.foreign_key.attributes), own, keys)
                if None not in row[width:]
            ]
            planned = self._planned(edge.parent, part.master, list({parent for _, parent in pairs}))
            kept.update(key for key, parent in pairs if parent in planned)
        return kept

    def _planned(self, table: TableName, master: TableName | None, keys: Sequence[Key]) -> set[Key]:
        """Return the keys of the master that are planned, or of a sibling part whose master rows are."""
        if table != master:
            return self._with_planned_master(table, keys)
        planned = self.keys.get(table)
        return {key for key in keys if planned is not None and key in planned}


def check_part_integrity(value: str) -> PartIntegrity:
    """Return the value if it is one of the three.

    Raises:
        ValueError: It is not.
    """
    for known in ("enforce", "ignore", "cascade"):
        if value == known:
            return known
    raise ValueError(f"part_integrity={value!r} is unknown: use 'enforce', 'ignore' or 'cascade'.")


def refuse(violations: Sequence[Violation]) -> DataMillError:
    """Make the error for a delete that would leave masters without some of their parts."""
    listed = "; ".join(
        f"{item.count} row(s) of {item.part} without their master in {item.master}, such as {item.keys[0]}"
        for item in violations
    )
    return DataMillError(
        f"Part rows would be deleted without their master rows: {listed}. Nothing was deleted.",
        hint="Delete from the master, or pass part_integrity='cascade' (masters go too) or 'ignore'.",
    )
