"""Resolved conditions: what a restriction means once every name and value is known.

Each predicate is true or not true of a row; "unknown" counts as not true, so that a predicate and its `Negation` divide
the rows between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.tree import Expression, columns
from datamill.model.types import AttributeType

if TYPE_CHECKING:
    from datamill.algebra.relations import Relation


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """Keeps all rows or none.

    Fields:
        value: True keeps all.
        vacuous: Why a condition that looked selective keeps all rows, else empty. Deletes and updates refuse it.
    """

    value: bool
    vacuous: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Equal:
    """An attribute equals a value; None asks for NULL."""

    name: str
    type: AttributeType
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """The attributes equal one of many combinations of values, none of which is NULL.

    Fields:
        names: Attributes, at least one.
        types: Their types.
        columns: One sequence of canonical values per attribute, all of one length.
    """

    names: tuple[str, ...]
    types: tuple[AttributeType, ...]
    columns: tuple[Sequence[Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Holds:
    """An expression is true."""

    expression: Expression
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(columns(self.expression)))


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Some row of another relation agrees on all pairs (own attribute, other's attribute).

    Without pairs: the other relation has a row.
    """

    relation: Relation
    pairs: tuple[tuple[str, str], ...]
    vacuous: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Negation:
    """A predicate is not true."""

    predicate: Predicate


@dataclass(frozen=True, slots=True, eq=False)
class Every:
    """All of some predicates are true."""

    predicates: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Some:
    """At least one of some predicates is true."""

    predicates: tuple[Predicate, ...]


Predicate = Constant | Equal | OneOf | Holds | Matches | Negation | Every | Some

ALL = Constant(True)
NONE = Constant(False)


def negate(predicate: Predicate) -> Predicate:
    """Return the complement."""
    if isinstance(predicate, Constant):
        return Constant(not predicate.value, predicate.vacuous)
    return predicate.predicate if isinstance(predicate, Negation) else Negation(predicate)


def every(predicates: Sequence[Predicate]) -> Predicate:
    """Return the conjunction, simplified."""
    useful = []
    for item in predicates:
        if isinstance(item, Constant):
            if not item.value:
                return NONE
            if not item.vacuous:
                continue
        useful.append(item)
    if not useful:
        return ALL
    return useful[0] if len(useful) == 1 else Every(tuple(useful))


def some(predicates: Sequence[Predicate]) -> Predicate:
    """Return the disjunction, simplified."""
    useful = [item for item in predicates if not (isinstance(item, Constant) and not item.value)]
    for item in useful:
        if isinstance(item, Constant):
            return item
    if not useful:
        return NONE
    return useful[0] if len(useful) == 1 else Some(tuple(useful))


def parts(predicate: Predicate) -> Iterator[Predicate]:
    """Yield a predicate and all that it is made of."""
    yield predicate
    if isinstance(predicate, Negation):
        yield from parts(predicate.predicate)
    elif isinstance(predicate, Every | Some):
        for item in predicate.predicates:
            yield from parts(item)


def attribute_names(predicate: Predicate) -> Iterator[str]:
    """Yield the names of the attributes that a predicate reads."""
    for item in parts(predicate):
        if isinstance(item, Equal):
            yield item.name
        elif isinstance(item, OneOf | Holds):
            yield from item.names
        elif isinstance(item, Matches):
            for name, _ in item.pairs:
                yield name
