"""Relations to SELECT trees: one SELECT wherever its meaning allows, subqueries where it does not.

Operands are complete tables. Conditions, joins and projections of plain columns merge into one SELECT; DISTINCT,
grouping, limits, unions, window functions, and computed columns that something refers to, become subqueries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from datamill.algebra.expression.tree import Call, Column, Expression, columns, walk
from datamill.algebra.predicates import Matches, Negation, attribute_names
from datamill.algebra.relations import (
    Aggregation,
    BaseTable,
    Distinct,
    Item,
    Join,
    Projection,
    Relation,
    Restriction,
    Slice,
    Summary,
    Union,
    key_order,
)
from datamill.algebra.restriction import restricted
from datamill.sql.select_tree import Computed, Ref, Scope, Select, Source, plain, wrapped


def build(relation: Relation) -> Select:
    """Return the SELECT of a relation."""
    return _BUILDERS[type(relation)](relation)


def _base_table(table: BaseTable) -> Select:
    spec = table.spec
    source = Source(spec)
    columns: dict[str, Ref | Computed | None] = {name: (source, name) for name in spec.heading.attributes}
    if not spec.hidden:
        return Select([source], columns)
    return Select([source], columns, {**columns, **{item.name: (source, item.name) for item in spec.hidden}})


def _restriction(node: Restriction) -> Select:
    operand, predicates = node.operand, node.predicates
    if isinstance(operand, Aggregation):
        inside, outside = _split_by_row(operand, predicates)
        if inside:
            return build(restricted(_with_left(operand, restricted(operand.left, *inside)), *outside))
    select = plain(build(operand))
    if select.computed and _computes(
        select.scope, (name for item in predicates for name in attribute_names(item))
    ):
        select = wrapped(select)
    scope = select.scope
    select.where.extend([(predicate, scope) for predicate in predicates])
    return select


def _split_by_row(node: Aggregation, predicates: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Divide conditions on an aggregation into those on attributes that its rows had before, and the others.

    Below a window function no row may be taken away, so there nothing goes inside.
    """
    if any(_is_windowed(expression) for _, expression in node.items):
        return [], list(predicates)
    kept = {
        attribute.name
        for attribute, item in node.items
        if isinstance(item, Column) and item.name == attribute.name
    }
    inside: list[Any] = []
    outside: list[Any] = []
    for predicate in predicates:
        (inside if kept.issuperset(attribute_names(predicate)) else outside).append(predicate)
    return inside, outside


def _with_left(node: Aggregation, left: Relation) -> Aggregation:
    return Aggregation(left, node.group, node.on, node.aggregates, node.items, node.inner)


def _computes(scope: Scope, names: Iterable[str]) -> bool:
    return any(type(scope[name]) is not tuple for name in names)


def _set_items(select: Select, items: Iterable[Item]) -> None:
    """Replace the columns of a SELECT; expressions see the old ones, none of which they name may be computed."""
    scope = select.scope
    found: dict[str, Ref | Computed | None] = {}
    select.computed = select.windowed = False
    for attribute, expression in items:
        if type(expression) is Column:
            value = scope[expression.name]
            if type(value) is not tuple:
                select.computed = True
                select.windowed = select.windowed or (
                    isinstance(value, Computed) and _is_windowed(value.expression)
                )
        else:
            value = Computed(expression, scope)
            select.computed = True
            select.windowed = select.windowed or _is_windowed(expression)
        found[attribute.name] = value
    select.columns = found
    select.scope = found


def _is_windowed(expression: Expression) -> bool:
    return any(isinstance(node, Call) and node.function == "OVER" for node in walk(expression))


def _inputs(items: Iterable[Item]) -> Iterable[str]:
    """Return the names that computed items read."""
    for _, expression in items:
        if type(expression) is not Column:
            yield from columns(expression)


def _projection(node: Projection) -> Select:
    select = build(node.operand)
    if (
        select.distinct
        or select.group is not None
        or (select.is_cut and any(type(item) is not Column for _, item in node.items))
    ):
        select = wrapped(select)
    if select.computed and _computes(select.scope, _inputs(node.items)):
        select = wrapped(select)
    _set_items(select, node.items)
    return select


def _joinable(relation: Relation, on: tuple[str, ...]) -> Select:
    select = plain(build(relation))
    return wrapped(select) if select.computed and _computes(select.columns, on) else select


def _join(node: Join) -> Select:
    left, right = _joinable(node.left, node.on), _joinable(node.right, node.on)
    if right.has_outer_join or (node.outer and (right.computed or right.where or len(right.sources) > 1)):
        right = wrapped(right)
    return _combine(left, right, node.on, "LEFT JOIN" if node.outer else "JOIN", node.heading)


def _combine(left: Select, right: Select, on: tuple[str, ...], join: str, names: Iterable[str]) -> Select:
    first = right.sources[0]
    first.join = join
    # Each equality stands with the source of the right operand whose column it names.
    for name in on:
        ours, theirs = left.columns[name], right.columns[name]
        assert type(ours) is tuple
        assert type(theirs) is tuple
        theirs[0].on.append((ours, theirs))
    ours_by_name, theirs_by_name = left.columns, right.columns
    result = Select(
        left.sources + right.sources,
        {name: ours_by_name[name] if name in ours_by_name else theirs_by_name[name] for name in names},
    )
    result.where = left.where + right.where
    result.computed = left.computed or right.computed
    return result


def _aggregation(node: Aggregation) -> Select:
    group = _grouped(_narrowed(node.left, node.group, node.on), node)
    # One group over all rows is there even if it is empty; without rows in it nothing matches.
    matched = restricted(node.left, Matches(node.group, ())) if node.inner and not node.on else node.left
    left = _joinable(matched, node.on)
    if left.computed and _computes({**group.columns, **left.columns}, _inputs(node.items)):
        left = wrapped(left)
    names = [*left.columns, *(name for name, _ in node.aggregates)]
    joined = _combine(left, wrapped(group), node.on, "JOIN" if node.inner else "LEFT JOIN", names)
    _set_items(joined, node.items)
    return joined


def _grouped(operand: Relation, node: Aggregation) -> Select:
    """Return the rows of an operand grouped by the attributes on which they are matched."""
    select = plain(build(operand))
    inputs = [name for _, call in node.aggregates for name in columns(call)]
    if select.computed and _computes(select.scope, [*node.on, *inputs]):
        select = wrapped(select)
    scope = select.scope
    found: dict[str, Ref | Computed | None] = {name: scope[name] for name in node.on}
    found.update({name: Computed(call, scope) for name, call in node.aggregates})
    select.columns = select.scope = found
    select.group = [ref for name in node.on if type(ref := found[name]) is tuple]
    select.computed = True
    return select


def _narrowed(left: Relation, group: Relation, on: tuple[str, ...]) -> Relation:
    """Restrict the summarised rows to those that can match, where the rows to match are few.

    Databases summarise a grouped subquery whole before joining it; without this, asking for one row of an aggregation
    would read the entire table.
    """
    few = _restricted_source(left)
    return (
        group
        if few is None or not on
        else restricted(group, Matches(few, tuple((name, name) for name in on)))
    )


def _restricted_source(relation: Relation) -> Relation | None:
    """Return a relation holding the same rows that is restricted, or None if all rows of tables take part."""
    if isinstance(relation, BaseTable | Union):
        return None
    if isinstance(relation, Aggregation) and not relation.inner:
        return _restricted_source(relation.left)
    if isinstance(relation, Projection | Distinct | Summary):
        return relation if _restricted_source(relation.operand) is not None else None
    if isinstance(relation, Join):
        parts = (relation.left,) if relation.outer else (relation.left, relation.right)
        return relation if any(_restricted_source(part) is not None for part in parts) else None
    if isinstance(relation, Slice) and not relation.is_cut:
        return _restricted_source(relation.operand)
    return relation


def _summary(node: Summary) -> Select:
    select = plain(build(node.operand))
    if select.computed and _computes(select.scope, [*node.by, *_inputs(node.items)]):
        select = wrapped(select)
    scope = select.scope
    _set_items(select, node.items)
    select.group = [ref for name in node.by if type(ref := scope[name]) is tuple]
    return select


def _distinct(node: Distinct) -> Select:
    select = plain(build(node.operand))
    select.columns = select.scope = {name: select.columns[name] for name in node.names}
    select.computed = any(type(value) is not tuple for value in select.columns.values())
    if node.names:
        select.distinct = True
    else:
        select.limit = 1
    return select


def _slice(node: Slice) -> Select:
    select = plain(build(node.operand))
    order = node.order
    if node.is_cut:
        ordered = {item.expression for item in order}
        order = (*order, *[item for item in key_order(node) if item.expression not in ordered])
    if select.computed and _computes(
        select.scope, (name for item in order for name in columns(item.expression))
    ):
        select = wrapped(select)
    select.order, select.order_scope = order, select.scope
    select.limit, select.offset = node.limit, node.offset
    return select


def _union(node: Union) -> Select:
    left, right = node.left, node.right
    key = left.heading.key
    pairs = tuple((name, name) for name in key)
    if len(left.heading) == len(key) == len(right.heading):
        return _united([_branch(build(left), key), _branch(build(right), key)], "UNION", key)
    both = Join(left, right, key, outer=True) if len(right.heading) > len(key) else left
    rest = restricted(right, Negation(Matches(left, pairs)))
    names = node.heading.names
    return _united([_branch(build(both), names), _branch(build(rest), names)], "UNION ALL", names)


def _branch(select: Select, names: Iterable[str]) -> Select:
    """Return a SELECT of a union: all attributes in one order, NULL for those it lacks."""
    if select.is_cut or select.distinct or select.group is not None:
        select = wrapped(select)
    select.order = ()
    select.columns = {name: select.columns.get(name) for name in names}
    return select


def _united(selects: list[Select], word: str, names: Iterable[str]) -> Select:
    source = Source(selects, word)
    return Select([source], {name: (source, name) for name in names})


_BUILDERS: dict[type, Callable[[Any], Select]] = {
    BaseTable: _base_table,
    Restriction: _restriction,
    Projection: _projection,
    Join: _join,
    Aggregation: _aggregation,
    Summary: _summary,
    Distinct: _distinct,
    Slice: _slice,
    Union: _union,
}
