"""Typed expression trees: what a condition or a computed attribute means, free of any SQL dialect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from datamill.model.types import AttributeType

AGGREGATES = frozenset(
    (
        *("COUNT", "SUM", "AVG", "MIN", "MAX", "ANY_VALUE", "JSON_ARRAYAGG", "BOOL_AND", "BOOL_OR"),
        *("STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP", "GROUP_CONCAT"),
    )
)
"""Canonical names of the functions that consume many rows."""


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute of the relation that an expression is about.

    Fields:
        name: Attribute name.
        type: Its stored type.
        source: Tag of the operand it comes from where a node has several (aggregation: ``"left"`` and ``"right"``),
            else empty.
    """

    name: str
    type: AttributeType
    source: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: a canonical Python value (see `datamill.model.convert`) and its type. None is NULL."""

    value: Any
    type: AttributeType


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function applied to arguments.

    Fields:
        function: Canonical upper-case name (``=``, ``AND``, ``LIKE``, ``IN``, ``CASE``, ``CAST``, ``DATE_ADD``, ...).
        arguments: Operands in order.
        type: Type of the result.
        options: What is no operand: units, ``distinct``, order of aggregation; pairs (name, value), sorted by name.
    """

    function: str
    arguments: tuple[Expression, ...]
    type: AttributeType
    options: tuple[tuple[str, Any], ...] = ()

    def option(self, name: str, default: Any = None) -> Any:
        """Return an option's value."""
        return dict(self.options).get(name, default)


Expression = Column | Literal | Call


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One item of an order: ``expression [ASC|DESC] [NULLS FIRST|LAST]``.

    Fields:
        expression: What is compared.
        descending: True for DESC.
        nulls_first: Where NULLs stand; None as by default: first ascending, last descending.
    """

    expression: Expression
    descending: bool = False
    nulls_first: bool | None = None


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything below it, parents first (expressions inside options included)."""
    yield expression
    if isinstance(expression, Call):
        for argument in expression.arguments:
            yield from walk(argument)
        for _, value in expression.options:
            yield from _walk_option(value)


def _walk_option(value: Any) -> Iterator[Expression]:
    if isinstance(value, Column | Literal | Call):
        yield from walk(value)
    elif isinstance(value, OrderItem):
        yield from walk(value.expression)
    elif isinstance(value, tuple):
        for item in value:
            yield from _walk_option(item)


def has_aggregate(expression: Expression) -> bool:
    """True if the expression contains an aggregate function that is not a window function."""
    return any(isinstance(node, Call) and node.function in AGGREGATES for node in walk(expression))


def columns(expression: Expression) -> set[str]:
    """Return the names of the attributes that an expression reads."""
    return {node.name for node in walk(expression) if isinstance(node, Column)}
