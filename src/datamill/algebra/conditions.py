"""Conditions: everything that may stand behind ``&`` and ``-``, turned into resolved predicates.

`AndList`, `Not`, `Top` and `U` are what users write; `resolve` understands them and all other kinds of conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set, ValuesView
from dataclasses import dataclass
from typing import Any, Final

from datamill.algebra.expression import parse_condition
from datamill.algebra.mapping import mapping_predicate
from datamill.algebra.matching import match
from datamill.algebra.predicates import (
    ALL,
    NONE,
    Constant,
    Holds,
    Matches,
    Predicate,
    every,
    negate,
    parts,
    some,
)
from datamill.algebra.relations import Relation, Restriction, hidden_attributes, shared_origin
from datamill.algebra.rowsets import foreign_predicate, mappings_predicate
from datamill.errors import DataMillError, DataMillWarning, warn_user


class AndList(list[Any]):
    """Conditions that must all be true, as a list means that one must be.

    Example:
        >>> AndList(["x > 1", {"y": 2}])
        AndList(['x > 1', {'y': 2}])
    """

    def __repr__(self) -> str:
        return f"AndList({list(self)!r})"


class Not:
    """The complement of a condition: the rows for which it is not true, NULL included.

    Args:
        restriction: Any condition.

    Example:
        >>> Not({"x": 1})
        Not({'x': 1})
    """

    __slots__ = ("restriction",)

    def __init__(self, restriction: Any) -> None:
        self.restriction = restriction

    def __repr__(self) -> str:
        return f"Not({self.restriction!r})"


@dataclass(frozen=True, slots=True)
class Top:
    """The first rows in an order.

    Args:
        limit: Rows at the most; None for all.
        order_by: ``"attribute [ASC|DESC] [NULLS FIRST|LAST]"`` or a sequence of these; ``"KEY"`` is the primary key;
            None keeps the order of a Top below, else is ``"KEY"``.
        offset: Rows to pass over first.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: ``limit`` or ``offset`` is negative.

    Example:
        >>> Top(5, "score DESC")
        Top(limit=5, order_by='score DESC', offset=0)
    """

    limit: int | None = 1
    order_by: str | Sequence[str] | None = "KEY"
    offset: int = 0

    def __post_init__(self) -> None:
        if self.limit is not None:
            object.__setattr__(self, "limit", _whole("limit", self.limit))
        object.__setattr__(self, "offset", _whole("offset", self.offset))
        order: Any = self.order_by
        if order is None or isinstance(order, str):
            return
        if not isinstance(order, Iterable) or not all(isinstance(item, str) for item in order):
            raise TypeError(f"order_by must be text or a sequence of texts, not {order!r}.")
        object.__setattr__(self, "order_by", tuple(order))


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        raise TypeError(f"{name} must be a whole number, not {value!r}.")
    number = int(value)
    if number < 0:
        raise ValueError(f"{name} must not be negative, but is {number}.")
    return number


class U:
    """The universal set: all values of some attributes.

    It is no table. ``U('a', 'b') & A`` gives the distinct values of ``a`` and ``b`` in ``A``, and
    ``U('a').aggr(A, n='count(*)')`` summarises ``A`` per value of ``a``.

    Args:
        *names: Attributes, which make the primary key of the result.

    Raises:
        DataMillError: A name is no string or is repeated.
    """

    __slots__ = ("names",)

    def __init__(self, *names: str) -> None:
        if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            raise DataMillError(f"dm.U{names!r} needs different names of attributes.")
        self.names = names

    def __repr__(self) -> str:
        return f"U({', '.join(map(repr, self.names))})"


def as_relation(value: Any) -> Relation | None:
    """Return the relation of a query expression, table or table class; None for anything else."""
    if isinstance(value, Relation):
        return value
    if isinstance(value, type):
        if not hasattr(value, "__relation__"):
            return None
        value = value()
    method = getattr(type(value), "__relation__", None)
    if method is None:
        return None
    relation: Relation = method(value)
    return relation


_COLLECTIONS: Final = (Set, Sequence, Iterator, ValuesView)
NO_CONDITION: Final = (
    "Conditions are text, mappings, lists, query expressions, dm.AndList, dm.Not and dm.Top."
)


def resolve(relation: Relation, condition: Any, semantic_check: bool = True) -> Predicate:
    """Return what a condition means for the rows of a relation.

    Args:
        relation: The relation that is restricted.
        condition: Any kind of condition but a Top.
        semantic_check: Refuse to match namesakes of different lineage.

    Raises:
        DataMillError: It is no condition, or does not fit the relation.
    """
    if isinstance(condition, str):
        return _resolve_text(relation, condition)
    if isinstance(condition, bool):
        return ALL if condition else NONE
    if isinstance(condition, Mapping):
        return mapping_predicate(relation, condition)
    if isinstance(condition, Not):
        return negate(resolve(relation, condition.restriction, semantic_check))
    other = as_relation(condition)
    if other is not None:
        return _resolve_relation(relation, other, semantic_check)
    return _resolve_collection(relation, condition, semantic_check)


def _resolve_text(relation: Relation, text: str) -> Predicate:
    hidden = hidden_attributes(relation)
    heading = relation.heading
    if not hidden:
        return Holds(parse_condition(text, heading))
    scope = {name: (item, "") for name, item in (*heading.attributes.items(), *hidden.items())}
    return Holds(parse_condition(text, scope))


def _resolve_relation(relation: Relation, other: Relation, semantic_check: bool) -> Predicate:
    shared_origin(relation, other)
    names = match(relation, other, semantic_check, filtering=True)
    if names:
        return Matches(other, tuple((name, name) for name in names))
    message = "The two expressions have no attributes in common: the condition keeps all rows if it has any, else none."
    if len(relation.heading):  # rows without attributes can be asked for nothing else
        warn_user(message, DataMillWarning)
    return Matches(other, (), vacuous=message)


def _resolve_collection(relation: Relation, condition: Any, semantic_check: bool) -> Predicate:
    if isinstance(condition, Top):
        raise DataMillError(
            "dm.Top cannot stand within a list, AndList or Not.",
            hint="Write A & dm.Top(...) as a restriction of its own.",
        )
    if isinstance(condition, U):
        return ALL
    if isinstance(condition, AndList):
        return every([resolve(relation, item, semantic_check) for item in condition])
    if isinstance(condition, list | tuple):
        return _resolve_any(relation, condition, semantic_check)
    found = foreign_predicate(relation, condition)
    if found is not None:
        return found
    if isinstance(condition, _COLLECTIONS) and not isinstance(condition, bytes | bytearray | memoryview):
        return _resolve_any(relation, list(condition), semantic_check)
    raise DataMillError(
        f"{condition!r} of type {type(condition).__name__} is no condition.", hint=NO_CONDITION
    )


def _resolve_any(relation: Relation, conditions: Sequence[Any], semantic_check: bool) -> Predicate:
    """OR of many conditions: the mappings among them together, as sets of values."""
    mappings = [item for item in conditions if type(item) is dict]
    if len(mappings) < len(conditions):
        others = [resolve(relation, item, semantic_check) for item in conditions if type(item) is not dict]
    else:
        others = []
    return some([*mappings_predicate(relation, mappings), *others])


def vacuous_conditions(relation: Relation) -> list[str]:
    """Return why conditions of a restriction look selective but are not; deletes and updates refuse these."""
    if not isinstance(relation, Restriction):
        return []
    found = (part for predicate in relation.predicates for part in parts(predicate))
    return [part.vacuous for part in found if isinstance(part, Constant | Matches) and part.vacuous]
