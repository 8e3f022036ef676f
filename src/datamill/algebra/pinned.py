"""Pinned attributes: those for which a query looks at one value only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from datamill.algebra.expression.tree import Call, Column, Expression, Literal
from datamill.algebra.predicates import Equal, Every, Holds, Matches, Predicate, parts
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
)
from datamill.model.names import TableName

Pins = Mapping[str, Any]
"""Attribute -> its only value."""


def reads_only(relation: Relation, table: TableName, key: Pins) -> bool:
    """True if the result of a query depends on no other rows of a table than those with the values of a key.

    Queries that cannot be seen to be restricted so count as reading other rows.

    Args:
        relation: The query.
        table: The table.
        key: Canonical values of some of its attributes.
    """
    return all(
        all(pins.get(name, pins) == value for name, value in key.items() if name in found.heading)
        for found, pins in _tables(relation, {})
        if found.spec.name == table
    )


def _tables(relation: Relation, pins: Pins) -> Iterable[tuple[BaseTable, Pins]]:
    """Yield the base tables that a query reads, each with the values to which it is restricted there.

    Args:
        relation: The query.
        pins: The values to which attributes of its result are restricted from outside.
    """
    if isinstance(relation, BaseTable):
        yield relation, pins
    elif isinstance(relation, Restriction):
        yield from _restricted(relation, pins)
    elif isinstance(relation, Join):
        yield from _joined(relation, pins)
    elif isinstance(relation, Aggregation):
        inside = {**pinned(relation.left), **_before(relation.items, pins)}
        yield from _tables(relation.left, inside)
        yield from _tables(relation.group, _chosen(inside, relation.on))
    elif isinstance(relation, Union):
        yield from _tables(relation.left, pins)
        yield from _tables(relation.right, pins)
    elif isinstance(relation, Projection):
        yield from _tables(relation.operand, _before(relation.items, pins))
    elif isinstance(relation, Summary):
        yield from _tables(relation.operand, _chosen(_before(relation.items, pins), relation.by))
    else:
        cut = isinstance(relation, Slice) and relation.is_cut  # which rows are left depends on the others
        yield from _tables(relation.operand, {} if cut else pins)


def _restricted(relation: Restriction, pins: Pins) -> Iterable[tuple[BaseTable, Pins]]:
    inside = {**pins, **_equalities(relation.predicates)}
    yield from _tables(relation.operand, inside)
    for predicate in relation.predicates:
        for part in parts(predicate):
            if isinstance(part, Matches):
                yield from _tables(
                    part.relation, {name: inside[own] for own, name in part.pairs if own in inside}
                )


def _joined(relation: Join, pins: Pins) -> Iterable[tuple[BaseTable, Pins]]:
    left, right = relation.left, relation.right
    from_left = _chosen({**pinned(left), **pins}, relation.on)
    from_right = {} if relation.outer else _chosen(pinned(right), relation.on)
    yield from _tables(left, {**_chosen(pins, left.heading), **from_right})
    own = {name: value for name, value in pins.items() if name not in left.heading}
    yield from _tables(right, {**_chosen(own, right.heading), **from_left})


def pinned(relation: Relation) -> Pins:
    """Return the attributes that have the same value in all rows of a query, as far as its conditions tell.

    Args:
        relation: The query.
    """
    if isinstance(relation, Restriction):
        return {**pinned(relation.operand), **_equalities(relation.predicates)}
    if isinstance(relation, Join):
        return {**({} if relation.outer else pinned(relation.right)), **pinned(relation.left)}
    if isinstance(relation, Projection | Aggregation):
        operand = relation.left if isinstance(relation, Aggregation) else relation.operand
        return _after(relation.items, pinned(operand))
    if isinstance(relation, Distinct):
        return _chosen(pinned(relation.operand), relation.names)
    return pinned(relation.operand) if isinstance(relation, Slice) else {}


def _equalities(predicates: Iterable[Predicate]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for predicate in predicates:
        if isinstance(predicate, Equal):
            found[predicate.name] = predicate.value
        elif isinstance(predicate, Every):
            found.update(_equalities(predicate.predicates))
        elif isinstance(predicate, Holds):
            found.update(_equal(predicate.expression))
        elif isinstance(predicate, Matches):
            theirs = pinned(predicate.relation)
            found.update({own: theirs[name] for own, name in predicate.pairs if name in theirs})
    return found


def _equal(expression: Expression) -> dict[str, Any]:
    """Return what text like ``a = 1 AND b = 2`` says."""
    if not isinstance(expression, Call) or expression.function not in ("=", "AND"):
        return {}
    if expression.function == "AND":
        return {name: value for part in expression.arguments for name, value in _equal(part).items()}
    left, right = expression.arguments
    if isinstance(left, Column) and isinstance(right, Literal):
        return {left.name: right.value}
    return {}


def _before(items: Iterable[Item], pins: Pins) -> dict[str, Any]:
    """Return the values of attributes of an operand, given those of the result."""
    return {
        expression.name: pins[attribute.name]
        for attribute, expression in items
        if isinstance(expression, Column) and attribute.name in pins
    }


def _after(items: Iterable[Item], pins: Pins) -> dict[str, Any]:
    """Return the values of attributes of the result, given those of an operand."""
    return {
        attribute.name: pins[expression.name]
        for attribute, expression in items
        if isinstance(expression, Column) and expression.name in pins
    }


def _chosen(pins: Pins, names: Iterable[str]) -> dict[str, Any]:
    return {name: pins[name] for name in names if name in pins}
