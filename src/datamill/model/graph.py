"""The dependency graph: which table references which, with the attribute map of each reference."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from datamill.errors import DefinitionError, MissingTableError
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, TableSpec


@dataclass(frozen=True, slots=True)
class Edge:
    """One foreign key, from the referenced table to the referring one."""

    parent: TableName
    child: TableName
    foreign_key: ForeignKey
    primary: bool
    multi: bool

    @property
    def attribute_map(self) -> tuple[tuple[str, str], ...]:
        """Pairs (child attribute, parent attribute)."""
        return self.foreign_key.attribute_map

    @property
    def aliased(self) -> bool:
        """True if any attribute is renamed."""
        return self.foreign_key.is_renamed


class DependencyGraph:
    """An immutable multigraph of tables.

    Args:
        specs: The tables. References to tables outside are kept as edges but have no node.

    Raises:
        DefinitionError: Tables reference each other in a cycle (on `order` and what needs it).
    """

    __slots__ = ("_children", "_parents", "_position", "specs")

    def __init__(self, specs: Iterable[TableSpec]) -> None:
        self.specs: Mapping[TableName, TableSpec] = {spec.name: spec for spec in specs}
        self._parents: dict[TableName, list[Edge]] = {name: [] for name in self.specs}
        self._children: dict[TableName, list[Edge]] = {name: [] for name in self.specs}
        for spec in self.specs.values():
            for foreign_key in spec.foreign_keys:
                edge = _edge(spec, foreign_key)
                self._parents[spec.name].append(edge)
                self._children.setdefault(edge.parent, []).append(edge)
        self._position: dict[TableName, int] | None = None

    def __contains__(self, name: object) -> bool:
        return name in self.specs

    def __iter__(self) -> Iterator[TableName]:
        return iter(self.order())

    def __len__(self) -> int:
        return len(self.specs)

    def parents(self, name: TableName) -> tuple[Edge, ...]:
        """Edges to the tables that a table references, in order of definition."""
        return tuple(self._parents.get(name, ()))

    def children(self, name: TableName) -> tuple[Edge, ...]:
        """Edges to the tables that reference a table."""
        return tuple(self._children.get(name, ()))

    def ancestors(self, name: TableName) -> list[TableName]:
        """The table and all it depends on, itself first, then in reverse topological order."""
        return self._sorted(self._reach(name, upward=True), reverse=True)

    def descendants(self, name: TableName) -> list[TableName]:
        """The table and all that depend on it, itself first, in topological order."""
        return self._sorted(self._reach(name, upward=False), reverse=False)

    def parts(self, master: TableName) -> list[TableName]:
        """The part tables of a master, in topological order."""
        return self._sorted({name for name in self.specs if name.master == master}, reverse=False)

    def order(self) -> list[TableName]:
        """All tables in topological order: ties by name, each part as soon as possible after its master."""
        if self._position is None:
            self._position = {name: index for index, name in enumerate(self._topological())}
        return list(self._position)

    def _sorted(self, names: set[TableName], reverse: bool) -> list[TableName]:
        self.order()
        assert self._position is not None
        return sorted(names, key=self._position.__getitem__, reverse=reverse)

    def _reach(self, start: TableName, upward: bool) -> set[TableName]:
        if start not in self.specs:
            raise MissingTableError(f"{start} is not in the graph of tables.", table=str(start))
        edges = self._parents if upward else self._children
        seen = {start}
        work = [start]
        while work:
            for edge in edges.get(work.pop(), ()):
                target = edge.parent if upward else edge.child
                if target in self.specs and target not in seen:
                    seen.add(target)
                    work.append(target)
        return seen

    def _topological(self) -> Iterator[TableName]:
        # Masters wait for their parts' other parents where that makes no cycle, so that a group stays together.
        waits = self._waits(grouped=True)
        order = _kahn(waits)
        if len(order) < len(self.specs):
            order = _kahn(self._waits(grouped=False))
        if len(order) < len(self.specs):
            cycle = sorted(str(name) for name in set(self.specs) - set(order))
            raise DefinitionError(
                f"Tables reference each other in a cycle: {', '.join(cycle)}.",
                hint="Break it by removing a foreign key.",
            )
        return iter(order)

    def _waits(self, grouped: bool) -> dict[TableName, set[TableName]]:
        waits: dict[TableName, set[TableName]] = {
            name: {edge.parent for edge in self._parents[name] if edge.parent in self.specs}
            for name in self.specs
        }
        if grouped:
            for name in self.specs:
                master = name.master
                if master in waits:
                    below = self._reach(master, upward=False)
                    waits[master] |= {parent for parent in waits[name] if parent not in below}
        return waits


def _edge(spec: TableSpec, foreign_key: ForeignKey) -> Edge:
    own, key = set(foreign_key.attributes), set(spec.physical_key)
    return Edge(foreign_key.parent, spec.name, foreign_key, primary=own <= key, multi=own != key)


def _kahn(waits: dict[TableName, set[TableName]]) -> list[TableName]:
    missing = {name: len(parents) for name, parents in waits.items()}
    children: dict[TableName, list[TableName]] = {name: [] for name in waits}
    for name, parents in waits.items():
        for parent in parents:
            children[parent].append(name)
    ready = [(_rank(name, False), name) for name, count in missing.items() if count == 0]
    heapq.heapify(ready)
    order: list[TableName] = []
    done: set[TableName] = set()
    while ready:
        _, name = heapq.heappop(ready)
        order.append(name)
        done.add(name)
        for child in children[name]:
            missing[child] -= 1
            if missing[child] == 0:
                heapq.heappush(ready, (_rank(child, child.master in done), child))
    return order


def _rank(name: TableName, follows_master: bool) -> tuple[int, TableName]:
    """Parts whose master is placed come before everything else."""
    return (0 if follows_master else 1, name)
