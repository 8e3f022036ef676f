"""Restriction by resolved predicates."""

from __future__ import annotations

from datamill.algebra.predicates import Constant, Every, Predicate
from datamill.algebra.relations import Relation, Restriction


def restricted(relation: Relation, *predicates: Predicate) -> Relation:
    """Return a relation restricted by predicates; those that keep every row fall away.

    Restrictions of restrictions become one node, so that long chains stay flat.
    """
    useful: tuple[Predicate, ...] = ()
    for item in predicates:
        if type(item) is Every:
            useful += item.predicates
        elif type(item) is not Constant or not item.value or item.vacuous:
            useful += (item,)
    if not useful:
        return relation
    if isinstance(relation, Restriction):
        return Restriction(relation.operand, relation.predicates + useful)
    return Restriction(relation, useful)
