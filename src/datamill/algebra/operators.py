"""The operators of the query algebra: relations in, relation out. Nothing is read from a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from datamill.algebra.aggregation import aggregate as aggregate
from datamill.algebra.aggregation import summarise
from datamill.algebra.conditions import AndList, Top, U, resolve
from datamill.algebra.conditions import as_relation as as_relation
from datamill.algebra.conditions import vacuous_conditions as vacuous_conditions
from datamill.algebra.depth import nesting
from datamill.algebra.expression import parse_order
from datamill.algebra.expression.tree import OrderItem
from datamill.algebra.headings import determines
from datamill.algebra.matching import match, not_homologous
from datamill.algebra.projection import project as project
from datamill.algebra.propagation import restrict_by_ancestor as restrict_by_ancestor
from datamill.algebra.propagation import restrict_by_descendant as restrict_by_descendant
from datamill.algebra.relations import (
    Distinct,
    Join,
    Relation,
    Slice,
    Union,
    hidden_attributes,
    key_order,
    shared_origin,
)
from datamill.algebra.relations import base_tables as base_tables
from datamill.algebra.restriction import restricted
from datamill.errors import DataMillError


def restrict(relation: Relation, condition: Any, semantic_check: bool = True) -> Relation:
    """Keep the rows for which a condition is true.

    Args:
        relation: The operand.
        condition: Text, mapping, list (OR), `AndList` (AND), relation, `Not`, `Top`, ...
        semantic_check: Refuse to match namesakes of different lineage.

    Raises:
        QuerySyntaxError, UnknownAttributeError: Text cannot be understood.
        DataMillError: It is no condition, or does not fit the relation.
    """
    if isinstance(condition, Top):
        return top(relation, condition.limit, condition.order_by, condition.offset)
    with nesting("The condition"):
        if isinstance(condition, AndList):
            return restricted(relation, *[resolve(relation, item, semantic_check) for item in condition])
        return restricted(relation, resolve(relation, condition, semantic_check))


def join(
    a: Relation,
    b: Relation,
    semantic_check: bool = True,
    left: bool = False,
    allow_nullable_pk: bool = False,
) -> Relation:
    """Combine the rows of two relations that agree on all namesakes.

    Args:
        a: First operand.
        b: Second operand.
        semantic_check: Refuse namesakes of different lineage.
        left: Keep all rows of ``a``, with NULL for the attributes of ``b``.
        allow_nullable_pk: Allow a left join in which ``a`` does not determine ``b``; its key may hold NULL.

    Raises:
        DataMillError: Namesakes mean different things; a left join would have NULL in its key.
    """
    shared_origin(a, b)
    on = match(a, b, semantic_check)
    if left and not allow_nullable_pk and not determines(a.heading, b.heading):
        missing = [name for name in b.heading.key if name not in a.heading]
        raise DataMillError(
            f"The left operand of the left join lacks {', '.join(map(repr, missing))} of the right operand's primary "
            "key, so that the result would have several rows per row or NULL in its key.",
            hint="Swap the operands, aggregate the right one, or allow it with allow_nullable_pk=True.",
        )
    return Join(a, b, on, left)


def extend(a: Relation, b: Relation, semantic_check: bool = True) -> Relation:
    """Add the attributes of ``b`` that the rows of ``a`` determine; all rows and the key of ``a`` stay.

    Raises:
        DataMillError: ``a`` does not determine ``b``, or namesakes mean different things.
    """
    return join(a, b, semantic_check=semantic_check, left=True)


def union(a: Relation, b: Relation, semantic_check: bool = True) -> Relation:
    """Unite two relations of the same primary key; a key in both gives one row with both sides' attributes.

    Raises:
        DataMillError: The keys differ in names or meaning, or both sides have a secondary attribute of one name.
    """
    shared_origin(a, b)
    ours, theirs = a.heading, b.heading
    if set(ours.key) != set(theirs.key):
        raise DataMillError(
            f"A union needs the same primary key on both sides, not ({', '.join(ours.key)}) and "
            f"({', '.join(theirs.key)}).",
            hint="Rename key attributes with proj.",
        )
    for name in ours.key:
        if semantic_check and (ours[name].lineage is None or ours[name].lineage != theirs[name].lineage):
            raise not_homologous(ours[name], theirs[name])
    common = [name for name in ours.secondary_attributes if name in theirs]
    if common:
        raise DataMillError(
            f"Attributes of both sides of the union that are not in the key have the same name: {', '.join(common)}.",
            hint="Rename or leave them out on one side with proj. Rows of one table are combined by A & [c, d].",
        )
    return Union(a, b)


def distinct(u: U, a: Relation) -> Relation:
    """Return the distinct combinations of the values of some attributes: ``dm.U('x', 'y') & A``.

    Raises:
        UnknownAttributeError: A name is no attribute of ``a``.
    """
    for name in u.names:
        if name not in a.heading:
            raise a.heading.unknown(name, "the expression under dm.U")
    return Distinct(a, u.names)


def universal_aggregate(u: U, a: Relation, /, **new: str) -> Relation:
    """Summarise ``a`` per distinct combination of some attributes: ``dm.U('x').aggr(A, n='count(*)')``.

    Raises:
        UnknownAttributeError: A name is no attribute of ``a``.
        DataMillError: An attribute that is not one of these stands outside an aggregate.
    """
    return summarise(a, u.names, new)


def top(
    relation: Relation,
    limit: int | None = 1,
    order_by: str | Sequence[str] | None = "KEY",
    offset: int = 0,
) -> Relation:
    """Keep the first rows in an order.

    A Top of a Top acts on the rows that the first one kept; if both have the same order they become one.

    Args:
        relation: The operand.
        limit: Rows at the most; None for all.
        order_by: Text or texts ``expression [ASC|DESC] [NULLS FIRST|LAST]``; ``KEY`` is the primary key; None keeps
            the order of the Top below, else is ``KEY``.
        offset: Rows to pass over first.

    Raises:
        TypeError, ValueError: ``limit`` or ``offset`` is no whole number of at least 0.
        QuerySyntaxError, UnknownAttributeError: The order cannot be understood.
    """
    checked = Top(limit, order_by, offset)
    order = _order(relation, checked.order_by)
    if not isinstance(relation, Slice):
        return Slice(relation, order, checked.limit, checked.offset)
    if order == relation.order:
        return _merged(relation, checked.limit, checked.offset)
    if not relation.is_cut:
        return Slice(relation.operand, order, checked.limit, checked.offset)
    return Slice(relation, order, checked.limit, checked.offset)


def _order(relation: Relation, order_by: str | Sequence[str] | None) -> tuple[OrderItem, ...]:
    if order_by is None and isinstance(relation, Slice):
        return relation.order
    if order_by is None or order_by == "KEY":
        return key_order(relation)
    hidden = hidden_attributes(relation)
    if not hidden:
        return parse_order(order_by, relation.heading)
    return parse_order(
        order_by, {name: (item, "") for name, item in (*relation.heading.attributes.items(), *hidden.items())}
    )


def _merged(below: Slice, limit: int | None, offset: int) -> Slice:
    rest = None if below.limit is None else max(0, below.limit - offset)
    limits = [item for item in (rest, limit) if item is not None]
    return replace(below, limit=min(limits) if limits else None, offset=below.offset + offset)
