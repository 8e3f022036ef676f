"""Aggregation: summaries of matching rows, one per row of an operand or per distinct combination of values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from datamill.algebra.expression import parse_expression
from datamill.algebra.expression.tree import (
    AGGREGATES,
    Call,
    Column,
    Expression,
    Literal,
    OrderItem,
    columns,
    has_aggregate,
)
from datamill.algebra.headings import changed
from datamill.algebra.jsonpath import parse_json_path
from datamill.algebra.matching import match
from datamill.algebra.predicates import Matches
from datamill.algebra.projection import check_new_name, computed_attribute, selected_names
from datamill.algebra.relations import Aggregation, Item, Join, Projection, Relation, Restriction, Summary
from datamill.errors import DataMillError, UnknownAttributeError
from datamill.model.heading import Heading
from datamill.model.types import parse_type

INT: Final = parse_type("int64")


def aggregate(
    left: Relation, group: Relation, /, *names: Any, exclude_nonmatching: bool = False, **new: str
) -> Relation:
    """Summarise the rows of ``group`` that match each row of ``left``.

    Args:
        left: Gives the rows and the key.
        group: Holds the primary key of ``left``.
        *names: Attributes of ``left`` to keep besides the key; ``...`` for all.
        exclude_nonmatching: Drop rows of ``left`` without matching rows.
        **new: Aggregates over ``group`` such as ``n="count(*)"``, or expressions over ``left``.

    Raises:
        DataMillError: ``group`` lacks a key attribute of ``left``; namesakes mean different things; an attribute of
            ``group`` stands outside an aggregate.
    """
    missing = [name for name in left.heading.key if name not in group.heading]
    if missing:
        raise DataMillError(
            f"The aggregated expression lacks {', '.join(map(repr, missing))} of the primary key.",
            hint="Rename its attributes with proj, or aggregate over dm.U(...).",
        )
    on = match(left, group, semantic_check=True)
    kept = selected_names(left.heading, names, renamed=set())
    split = _Split(left.heading, group.heading)
    items: list[Item] = [
        (item, Column(name, item.stored)) for name, item in left.heading.attributes.items() if name in kept
    ]
    items += split.split_items(new, kept)
    if not split.aggregates:
        return _without_aggregates(left, group, on, tuple(items), exclude_nonmatching)
    if not split.inputs <= set(group.heading):
        group, on = Join(left, group, on), left.heading.key
    return Aggregation(left, group, on, tuple(split.aggregates), tuple(items), exclude_nonmatching)


def summarise(operand: Relation, by: tuple[str, ...], new: Mapping[str, str]) -> Relation:
    """Summarise an operand per distinct combination of some attributes; without attributes, as one row.

    Raises:
        UnknownAttributeError: A name is no attribute of the operand.
        DataMillError: An attribute other than those stands outside an aggregate.
    """
    for name in by:
        if name not in operand.heading:
            raise operand.heading.unknown(name, "the aggregated expression")
    own = Heading([changed(operand.heading[name], in_key=True) for name in by])
    items: list[Item] = [(item, Column(name, item.stored)) for name, item in own.attributes.items()]
    items += _Split(own, operand.heading).whole_items(new, set(by))
    return Summary(operand, by, tuple(items))


class _Split:
    """Takes aggregate calls out of expressions and gives them internal names.

    Args:
        outside: What may stand outside aggregates.
        group: The rows that are summarised.
    """

    def __init__(self, outside: Heading, group: Heading) -> None:
        self.outside = outside
        self.group = group
        others = (item for name, item in group.attributes.items() if name not in outside)
        self.inside = Heading([*outside.attributes.values(), *others])
        self.aggregates: list[tuple[str, Call]] = []
        self.inputs: set[str] = set()

    def whole_items(self, new: Mapping[str, str], taken: set[str]) -> list[Item]:
        """Return the attributes that keyword arguments ask for, aggregates within their expressions."""
        items: list[Item] = []
        for name, text in new.items():
            expression = self.parse(name, text, taken)
            if isinstance(expression, Column):
                item = changed(self.outside[expression.name], name=name, in_key=False)
            else:
                item = computed_attribute(name, expression, nullable=not _is_count(expression))
            items.append((item, expression))
        return items

    def split_items(self, new: Mapping[str, str], taken: set[str]) -> list[Item]:
        """Return the same with internal names instead of aggregates."""
        return [(item, self.split(expression)) for item, expression in self.whole_items(new, taken)]

    def split(self, expression: Expression) -> Expression:
        """Return an expression over internal names instead of aggregates."""
        if not isinstance(expression, Call) or not has_aggregate(expression):
            return expression
        if expression.function in AGGREGATES:
            return self.take(expression)
        arguments = tuple(self.split(argument) for argument in expression.arguments)
        options = tuple((name, self.split_option(value)) for name, value in expression.options)
        return replace(expression, arguments=arguments, options=options)

    def split_option(self, value: Any) -> Any:
        if isinstance(value, Call):
            return self.split(value)
        if isinstance(value, OrderItem):
            return replace(value, expression=self.split(value.expression))
        return tuple(map(self.split_option, value)) if isinstance(value, tuple) else value

    def take(self, call: Call) -> Expression:
        name = next((name for name, known in self.aggregates if known == call), None)
        if name is None:
            name = f"_{len(self.aggregates) + 1}"
            self.aggregates.append((name, call))
            self.inputs |= columns(call)
        column = Column(name, call.type)
        # A group without rows gives no row to join: a count of it is 0, everything else NULL.
        return Call("COALESCE", (column, Literal(0, INT)), INT) if call.function == "COUNT" else column

    def parse(self, name: str, text: str, taken: set[str]) -> Expression:
        check_new_name(name)
        if not isinstance(text, str):
            raise DataMillError(f"{name}={text!r} is no expression.", hint=f"Give text: {name}='count(*)'.")
        if name in taken:
            raise DataMillError(
                f"The result would have two attributes named {name!r}.", hint="Choose another name."
            )
        try:
            return parse_json_path(text, self.outside) or parse_expression(
                text, self.outside, aggregate_scope=self.inside, key=self.group.key
            )
        except UnknownAttributeError as error:
            if error.attribute not in self.group:
                raise
            raise DataMillError(
                f"In {name} = {text!r} the attribute {error.attribute!r} stands outside an aggregate function; "
                f"there {', '.join(self.outside) or 'no attribute'} may stand.",
                hint=f"Summarise it, for example with max({error.attribute}).",
            ) from error


def _is_count(expression: Expression) -> bool:
    return isinstance(expression, Call) and expression.function == "COUNT"


def _without_aggregates(
    left: Relation, group: Relation, on: tuple[str, ...], items: tuple[Item, ...], inner: bool
) -> Relation:
    rows = Restriction(left, (Matches(group, tuple((name, name) for name in on)),)) if inner else left
    return Projection(rows, items)
