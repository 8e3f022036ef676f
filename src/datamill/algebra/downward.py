"""Restrictions that travel down: which rows remain below restricted tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from datamill.algebra.predicates import Matches, Predicate, some
from datamill.algebra.relations import BaseTable, Relation
from datamill.algebra.restriction import restricted
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName

Pairs = tuple[tuple[str, str], ...]
Match = tuple[Relation, Pairs]
"""Rows elsewhere, and pairs (own attribute, theirs) on which some of them must agree."""


@dataclass(slots=True)
class _Condition:
    """What the rows of a table must meet: own predicates, and clauses of which one match each must hold."""

    own: tuple[Predicate, ...] = ()
    clauses: list[tuple[Match, ...]] = field(default_factory=list)

    @property
    def is_restricted(self) -> bool:
        return bool(self.own or self.clauses)

    def require(self, clause: tuple[Match, ...]) -> None:
        """Add a clause unless it is there: diamonds lead to the same one on several ways."""
        if _signature(clause) not in map(_signature, self.clauses):
            self.clauses.append(clause)


def _signature(clause: tuple[Match, ...]) -> frozenset[object]:
    return frozenset((id(rows), frozenset(pairs)) for rows, pairs in clause)


def restrict_downward(
    graph: DependencyGraph, own: Mapping[TableName, Sequence[Predicate]], origin: Hashable
) -> dict[TableName, Relation]:
    """Return the rows that remain when some tables are restricted.

    A row remains if it meets its own table's restrictions and, for each restricted table that its table references,
    some foreign key to that table leads to a row that remains.

    Args:
        graph: The foreign keys.
        own: Predicates by table.
        origin: Connection token.

    Returns:
        Relations of the restricted tables and all below them, in topological order.
    """
    reach = {below for name in own for below in graph.descendants(name)}
    conditions: dict[TableName, _Condition] = {}
    found: dict[TableName, Relation] = {}
    for name in graph.order():
        if name in reach:
            condition = conditions[name] = _Condition(tuple(own.get(name, ())))
            for edges in _edges_by_parent(graph, name):
                above = conditions.get(edges[0].parent)
                if above is not None and above.is_restricted:
                    _inherit(graph, condition, above, edges, found[edges[0].parent], origin)
            found[name] = _relation(graph, name, condition.own, condition.clauses, origin)
    return found


def _edges_by_parent(graph: DependencyGraph, name: TableName) -> list[list[Edge]]:
    grouped: dict[TableName, list[Edge]] = {}
    for edge in graph.parents(name):
        grouped.setdefault(edge.parent, []).append(edge)
    return list(grouped.values())


def _inherit(
    graph: DependencyGraph,
    condition: _Condition,
    above: _Condition,
    edges: Sequence[Edge],
    parent: Relation,
    origin: Hashable,
) -> None:
    """Add what a restricted parent demands of the rows that refer to it."""
    if len(edges) > 1 or _may_be_null(graph, edges[0]):
        condition.require(tuple((parent, edge.attribute_map) for edge in edges))
        return
    (edge,) = edges
    held = {theirs: mine for mine, theirs in edge.attribute_map}
    rest = []
    for clause in above.clauses:
        if all(name in held for _, pairs in clause for name, _ in pairs):
            # The parent's key decides, and the child holds it: the parent need not be read.
            condition.require(
                tuple((rows, tuple((held[name], theirs) for name, theirs in pairs)) for rows, pairs in clause)
            )
        else:
            rest.append(clause)
    if above.own or rest:
        rows = (
            parent
            if len(rest) == len(above.clauses)
            else _relation(graph, edge.parent, above.own, rest, origin)
        )
        condition.require(((rows, edge.attribute_map),))


def _may_be_null(graph: DependencyGraph, edge: Edge) -> bool:
    heading = graph.specs[edge.child].heading
    return any(heading[name].nullable for name in edge.foreign_key.attributes)


def _relation(
    graph: DependencyGraph,
    name: TableName,
    own: Sequence[Predicate],
    clauses: Sequence[tuple[Match, ...]],
    origin: Hashable,
) -> Relation:
    matches = [some([Matches(rows, pairs) for rows, pairs in clause]) for clause in clauses]
    return restricted(BaseTable(graph.specs[name], origin), *own, *matches)
