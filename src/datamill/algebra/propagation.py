"""Restrictions that travel along foreign keys: up to ancestors, down to descendants.

One walk in two directions serves ``<<`` and ``>>``, the inputs of a computation (`trace`), the rows of a diagram
(`trace_rows`, `restrict_downward`) and the cascade of a delete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datamill.algebra.conditions import Not, as_relation, resolve
from datamill.algebra.downward import restrict_downward as restrict_downward
from datamill.algebra.expression import parse_condition
from datamill.algebra.paths import Path, choose_paths
from datamill.algebra.predicates import Matches, Predicate, negate, some
from datamill.algebra.relations import BaseTable, Relation, shared_origin
from datamill.algebra.restriction import restricted
from datamill.algebra.stem import is_column_of
from datamill.algebra.stem import stem as stem
from datamill.algebra.trace import trace as trace
from datamill.algebra.trace import trace_rows as trace_rows
from datamill.algebra.via import waypoints
from datamill.errors import AmbiguousPathError, DataMillError, UnknownAttributeError
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName
from datamill.model.table import TableSpec


def restrict_child(child: Relation, edge: Edge, parent: Relation) -> Relation:
    """Keep the rows of a referring table that reference some row of ``parent`` by one foreign key.

    Only the foreign key's own attributes are matched, renames included; NULL references nothing.
    """
    return restricted(child, Matches(parent, edge.attribute_map))


def restrict_parent(parent: Relation, edge: Edge, child: Relation) -> Relation:
    """Keep the rows of a referenced table that some row of ``child`` references by one foreign key."""
    return restricted(parent, Matches(child, tuple((theirs, own) for own, theirs in edge.attribute_map)))


def restrict_by_ancestor(
    relation: Relation, condition: Any, graph: DependencyGraph, via: Any = None
) -> Relation:
    """Keep rows whose ancestor row satisfies a condition: ``relation << condition``.

    Args:
        relation: Stems from one table, its key unrenamed.
        condition: A relation over one ancestor; text or mapping whose attributes originate in one ancestor; or `Not`
            of these.
        graph: The foreign keys.
        via: Table or tables that the path passes through; a projection of one that renames its key means the foreign
            key that renames it so. If several paths pass there, the one that passes through nothing else.

    Raises:
        AmbiguousPathError: Several paths, or tables owning the attributes, fit.
        DataMillError: No path; the operands do not stem from one table.
    """
    return _restrict_far(relation, condition, graph, via, upward=True)


def restrict_by_descendant(
    relation: Relation, condition: Any, graph: DependencyGraph, via: Any = None
) -> Relation:
    """Keep rows with a descendant row that satisfies a condition: ``relation >> condition``.

    Arguments and errors as for `restrict_by_ancestor`.
    """
    return _restrict_far(relation, condition, graph, via, upward=False)


def _restrict_far(
    relation: Relation, condition: Any, graph: DependencyGraph, via: Any, upward: bool
) -> Relation:
    if isinstance(condition, Not):
        return restricted(
            relation, negate(_far_predicate(relation, condition.restriction, graph, via, upward))
        )
    return restricted(relation, _far_predicate(relation, condition, graph, via, upward))


def _far_predicate(
    relation: Relation, condition: Any, graph: DependencyGraph, via: Any, upward: bool
) -> Predicate:
    own = stem(relation)
    _check_known(own.spec.name, graph)
    other = _far_relation(own, condition, graph, upward)
    shared_origin(relation, other)
    far = stem(other)
    low, high = (own.spec.name, far.spec.name) if upward else (far.spec.name, own.spec.name)
    _check_known(far.spec.name, graph)
    if low == high:
        raise DataMillError(
            f"{high} is not its own {'ancestor' if upward else 'descendant'}.", hint="Use & to restrict it."
        )
    method = "restrict_by_ancestor" if upward else "restrict_by_descendant"
    paths = choose_paths(graph, low, high, waypoints(via, graph), method)
    if upward:
        return some([_ancestor_predicate(relation, own, other, path, graph) for path in paths])
    return some([_descendant_predicate(own, other, path, graph) for path in paths])


def _check_known(name: TableName, graph: DependencyGraph) -> None:
    if name not in graph:
        raise DataMillError(f"The foreign keys of {name} are not known.", hint="Activate its schema first.")


def _far_relation(own: BaseTable, condition: Any, graph: DependencyGraph, upward: bool) -> Relation:
    other = as_relation(condition)
    if other is not None:
        return other
    if not isinstance(condition, str | Mapping):
        raise DataMillError(
            f"{condition!r} is no condition on an {'ancestor' if upward else 'descendant'}.",
            hint="Give an expression over one table, text, a mapping, or dm.Not of these.",
        )
    names = graph.ancestors(own.spec.name) if upward else graph.descendants(own.spec.name)
    owners = [graph.specs[name] for name in names if name != own.spec.name]
    spec = _one_owner(owners, condition, "ancestor" if upward else "descendant")
    table = BaseTable(spec, own.origin)
    return restricted(table, resolve(table, condition))


def _one_owner(specs: list[TableSpec], condition: str | Mapping[str, Any], what: str) -> TableSpec:
    """Return the only table in which the attributes of a condition originate."""
    if isinstance(condition, str):
        fitting = [spec for spec in specs if _can_parse(condition, spec)]
    else:
        known = {name for name in condition for spec in specs if name in native_attributes(spec)}
        fitting = [spec for spec in specs if known and known <= native_attributes(spec)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise DataMillError(f"The attributes of {condition!r} do not originate in one {what}.")
    names = [str(spec.name) for spec in fitting]
    raise AmbiguousPathError(
        f"The attributes of {condition!r} originate in several tables: {', '.join(names)}.",
        hint="Restrict the table you mean, and give that expression.",
        paths=names,
    )


def native_attributes(spec: TableSpec) -> set[str]:
    """Return the attributes that a table does not inherit by foreign key."""
    inherited = {name for foreign_key in spec.foreign_keys for name in foreign_key.attributes}
    return {name for name in spec.heading if name not in inherited}


def _can_parse(text: str, spec: TableSpec) -> bool:
    scope = {name: (spec.heading[name], "") for name in spec.heading if name in native_attributes(spec)}
    try:
        parse_condition(text, scope)
    except UnknownAttributeError:
        return False
    return True


def _ancestor_predicate(
    relation: Relation, own: BaseTable, other: Relation, path: Path, graph: DependencyGraph
) -> Predicate:
    if path.is_direct:
        assert path.carried is not None
        return _on_rows(relation, own, Matches(other, path.carried))
    for edge in reversed(path.edges[1:]):
        other = restrict_child(BaseTable(graph.specs[edge.child], own.origin), edge, other)
    return _on_rows(relation, own, Matches(other, path.edges[0].attribute_map))


def _on_rows(relation: Relation, own: BaseTable, predicate: Matches) -> Predicate:
    """State a predicate about a table's rows for a relation over it, which may have dropped attributes."""
    if all(
        name in relation.heading and is_column_of(relation, name, own.spec) for name, _ in predicate.pairs
    ):
        return predicate
    return Matches(restricted(own, predicate), tuple((name, name) for name in own.spec.heading.key))


def _descendant_predicate(own: BaseTable, other: Relation, path: Path, graph: DependencyGraph) -> Predicate:
    far = stem(other)
    first = path.edges[0]
    needed = [mine for mine, _ in (path.carried if path.is_direct and path.carried else first.attribute_map)]
    if not all(name in other.heading and is_column_of(other, name, far.spec) for name in needed):
        other = restricted(far, Matches(other, tuple((name, name) for name in far.spec.heading.key)))
    if path.is_direct:
        assert path.carried is not None
        return Matches(other, tuple((theirs, mine) for mine, theirs in path.carried))
    for edge in path.edges[:-1]:
        other = restrict_parent(BaseTable(graph.specs[edge.parent], own.origin), edge, other)
    return Matches(other, tuple((theirs, mine) for mine, theirs in path.edges[-1].attribute_map))
