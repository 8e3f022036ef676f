"""What ``via`` names: tables that a path of foreign keys passes through, and foreign keys by what they rename."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datamill.algebra.conditions import as_relation
from datamill.algebra.relations import sources
from datamill.algebra.stem import base_table
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A table on a path.

    Fields:
        table: The table.
        names: The foreign key that leads to it, as pairs (own attribute, the table's); None: any.
    """

    table: TableName
    names: frozenset[tuple[str, str]] | None = None

    def is_met_by(self, edge: Edge) -> bool:
        """Return True if a foreign key leads to the table as this says."""
        return edge.parent == self.table and self.names in (None, frozenset(edge.attribute_map))

    def __str__(self) -> str:
        renames = [f"{own}={theirs!r}" for own, theirs in sorted(self.names or ()) if own != theirs]
        return self.table.class_name + (f".proj({', '.join(renames)})" if renames else "")


def waypoints(via: Any, graph: DependencyGraph) -> list[Waypoint]:
    """Read what a user gave as ``via``: tables, their projections or names, one or several.

    Raises:
        DataMillError: A text names no table, or an expression has several.
    """
    if via is None:
        return []
    many = via if isinstance(via, list | tuple | set | frozenset) else [via]
    return [_waypoint(item, graph) for item in many]


def _waypoint(item: Any, graph: DependencyGraph) -> Waypoint:
    if isinstance(item, TableName):
        return Waypoint(item)
    relation = as_relation(item)
    if relation is not None:
        table = base_table(relation).spec.name
        held = frozenset(
            (own, theirs)
            for own in relation.heading.key
            for spec, theirs in sources(relation, own)
            if spec.name == table
        )
        return Waypoint(table, held if any(own != theirs for own, theirs in held) else None)
    fitting = [
        name
        for name in graph.specs
        if item in (str(name), name.class_name, f"{name.schema}.{name.class_name}")
    ]
    return Waypoint(fitting[0] if len(fitting) == 1 else TableName.parse(str(item)))


def waypoints_of(edges: Sequence[Edge]) -> list[Waypoint]:
    """Return what names a path completely: its tables but the ends, and the foreign keys that rename."""
    last = edges[-1]
    return [
        Waypoint(edge.parent, frozenset(edge.attribute_map) if edge.aliased else None)
        for edge in edges
        if edge is not last or edge.aliased or len(edges) == 1
    ]


def is_said(edge: Edge, via: Iterable[Waypoint]) -> bool:
    """Return True if a foreign key renames nothing, or as a waypoint says."""
    return not edge.aliased or any(item.names and item.is_met_by(edge) for item in via)


def is_named_by(edges: Sequence[Edge], via: Sequence[Waypoint]) -> bool:
    """Return True if a path passes through no other tables than those named, and renames nothing unsaid."""
    named = {edges[-1].parent, *(item.table for item in via)}
    return all(edge.parent in named and is_said(edge, via) for edge in edges)
