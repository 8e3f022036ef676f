"""Tracing: the rows upstream that a key of a table derives from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from datamill.algebra.predicates import NONE, Equal, Matches, Predicate, every, some
from datamill.algebra.relations import BaseTable, Relation
from datamill.algebra.restriction import restricted
from datamill.algebra.values import IMPOSSIBLE, condition_value
from datamill.errors import DataMillError
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName
from datamill.model.table import TableSpec

Values = dict[str, Any]


@dataclass(slots=True)
class _Reached:
    """How a table was reached: by values of its attributes, from restricted rows that refer to it, or freely."""

    values: list[Values] = field(default_factory=list)
    references: list[tuple[Relation, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    is_open: bool = False

    @property
    def is_restricted(self) -> bool:
        return bool(self.values or self.references)


def trace(
    graph: DependencyGraph, spec: TableSpec, key: Mapping[str, Any], ancestor: TableName, origin: Hashable
) -> Relation:
    """Return the rows of an ancestor, or of a part of one, that a key derives from.

    The key's values are followed up the foreign keys, renames undone; where several paths lead to the ancestor, rows on
    any of them count. A secondary foreign key of an ancestor is followed through that ancestor's rows. What is reached
    only through secondary foreign keys of the table itself is not restricted: its row does not exist yet.

    Args:
        graph: The foreign keys.
        spec: The table that the key belongs to; its row need not exist.
        key: Values of key attributes.
        ancestor: The table asked for.
        origin: Connection token.

    Raises:
        DataMillError: The table is neither an ancestor nor a part of one.
    """
    reached = _walk(graph, spec, key, origin)
    if ancestor in reached and ancestor != spec.name:
        return _relation(graph, ancestor, reached[ancestor], origin)
    master = ancestor.master
    if master is not None and master in reached and master != spec.name and ancestor in graph:
        return _part_relation(graph, ancestor, master, reached[master], origin)
    raise DataMillError(f"{ancestor} is not upstream of {spec.name}.")


def _walk(
    graph: DependencyGraph, spec: TableSpec, key: Mapping[str, Any], origin: Hashable
) -> dict[TableName, _Reached]:
    reached = {spec.name: _Reached([{name: value for name, value in key.items() if name in spec.heading}])}
    for name in graph.ancestors(spec.name):
        for edge in graph.parents(name):
            if edge.parent in graph:
                above = reached.setdefault(edge.parent, _Reached())
                if name == spec.name:
                    _follow_own(edge, reached[name].values[0], above)
                else:
                    _follow(graph, edge, reached[name], above, origin)
    return reached


def _follow_own(edge: Edge, values: Values, above: _Reached) -> None:
    """Follow a foreign key of the table itself, of which only the key's values are known."""
    known = {theirs: values[own] for own, theirs in edge.attribute_map if own in values}
    if known:
        _add(above, known)
    else:
        above.is_open = True


def _follow(graph: DependencyGraph, edge: Edge, below: _Reached, above: _Reached, origin: Hashable) -> None:
    """Follow a foreign key of an ancestor."""
    if not below.is_restricted:
        above.is_open = True
        return
    whole = [
        {theirs: values[own] for own, theirs in edge.attribute_map}
        for values in below.values
        if all(own in values for own, _ in edge.attribute_map)
    ]
    if len(whole) == len(below.values) and not below.references:
        for values in whole:
            _add(above, values)
        return
    rows = _relation(graph, edge.child, below, origin)
    above.references.append((rows, tuple((theirs, own) for own, theirs in edge.attribute_map)))


def _add(above: _Reached, values: Values) -> None:
    if values not in above.values:
        above.values.append(values)


def _relation(graph: DependencyGraph, name: TableName, reached: _Reached, origin: Hashable) -> Relation:
    table = BaseTable(graph.specs[name], origin)
    if not reached.is_restricted:
        return table
    found: list[Predicate] = [_equalities(table.spec, values) for values in reached.values]
    found += [Matches(rows, pairs) for rows, pairs in reached.references]
    return restricted(table, some(found))


def _equalities(spec: TableSpec, values: Values) -> Predicate:
    found: list[Predicate] = []
    for name, value in values.items():
        converted = condition_value(spec.heading[name], value)
        if converted is IMPOSSIBLE:
            return NONE
        found.append(Equal(name, spec.heading[name].stored, converted))
    return every(found)


def _part_relation(
    graph: DependencyGraph, part: TableName, master: TableName, reached: _Reached, origin: Hashable
) -> Relation:
    """Restrict a part that is no ancestor itself by its master."""
    table = BaseTable(graph.specs[part], origin)
    edges = [edge for edge in graph.parents(part) if edge.parent == master]
    if not edges or not reached.is_restricted:
        return table
    found: list[Predicate] = []
    for edge in edges:
        if reached.references or not all(
            theirs in values for values in reached.values for _, theirs in edge.attribute_map
        ):
            found.append(Matches(_relation(graph, master, reached, origin), edge.attribute_map))
            continue
        found += [
            _equalities(table.spec, {own: values[theirs] for own, theirs in edge.attribute_map})
            for values in reached.values
        ]
    return restricted(table, some(found))
