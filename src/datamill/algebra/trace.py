"""Tracing: the rows upstream that a key of a table, or some of its rows, derive from."""

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


Pairs = tuple[tuple[str, str], ...]
"""Attributes of a table and of the rows that it is matched with."""


@dataclass(slots=True)
class _Reached:
    """How a table was reached: by values of its attributes, from rows that lead to it, or freely.

    Fields:
        values: Values of key attributes, one mapping per way.
        references: Rows elsewhere, and which of their attributes hold this table's key.
        is_open: It was reached by a way that restricts nothing.
        rows: What it was given as, if the walk starts here.
    """

    values: list[Values] = field(default_factory=list)
    references: list[tuple[Relation, Pairs]] = field(default_factory=list)
    is_open: bool = False
    rows: Relation | None = None

    @property
    def is_restricted(self) -> bool:
        return bool(self.values or self.references or self.rows is not None)


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
    known = {name: value for name, value in key.items() if name in spec.heading}
    reached = _walk(graph, spec.name, _Reached([known]), origin)
    if ancestor in reached and ancestor != spec.name:
        return _relation(graph, ancestor, reached[ancestor], origin)
    master = ancestor.master
    if master is not None and master in reached and master != spec.name and ancestor in graph:
        return _part_relation(graph, ancestor, master, reached[master], origin)
    raise DataMillError(f"{ancestor} is not upstream of {spec.name}.")


def trace_rows(graph: DependencyGraph, table: TableName, rows: Relation) -> dict[TableName, Relation]:
    """Return the rows of a table and of all its ancestors that some rows of the table derive from.

    Args:
        graph: The foreign keys.
        table: Where to start.
        rows: Rows of that table, with its whole heading.

    Returns:
        Relations by table, the table itself first, ancestors in reverse topological order. A row is there if any path
        of foreign keys leads to it.
    """
    reached = _walk(graph, table, _Reached(rows=rows), rows.origin)
    return {
        name: _relation(graph, name, reached[name], rows.origin)
        for name in graph.ancestors(table)
        if name in reached
    }


def _walk(
    graph: DependencyGraph, start: TableName, given: _Reached, origin: Hashable
) -> dict[TableName, _Reached]:
    reached = {start: given}
    for name in graph.ancestors(start):
        for edge in graph.parents(name):
            if edge.parent in graph:
                above = reached.setdefault(edge.parent, _Reached())
                if name == start and given.rows is None:
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
    if below.values and len(whole) == len(below.values) and not below.references:
        for values in whole:
            _add(above, values)
        return
    if below.rows is None and not below.values and _refer_on(edge, below, above):
        return
    rows = _relation(graph, edge.child, below, origin)
    _refer(above, rows, tuple((theirs, own) for own, theirs in edge.attribute_map))


def _refer_on(edge: Edge, below: _Reached, above: _Reached) -> bool:
    """Follow a foreign key whose values the rows that led here hold, so that this table need not be read.

    Returns:
        False if they do not hold all of them, or may hold only some: a partial reference leads nowhere.
    """
    found = []
    for rows, pairs in below.references:
        held = dict(pairs)
        if not all(own in held for own, _ in edge.attribute_map):
            return False
        if any(rows.heading[theirs].nullable for theirs in held.values()):
            return False
        found.append((rows, tuple((theirs, held[own]) for own, theirs in edge.attribute_map)))
    for rows, pairs in found:
        _refer(above, rows, pairs)
    return True


def _refer(above: _Reached, rows: Relation, pairs: Pairs) -> None:
    if not any(known is rows and set(held) == set(pairs) for known, held in above.references):
        above.references.append((rows, pairs))


def _add(above: _Reached, values: Values) -> None:
    if values not in above.values:
        above.values.append(values)


def _relation(graph: DependencyGraph, name: TableName, reached: _Reached, origin: Hashable) -> Relation:
    if reached.rows is not None:
        return reached.rows
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
