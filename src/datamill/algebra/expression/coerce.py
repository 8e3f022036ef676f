"""Arguments brought to the types that a function needs, by casts written into the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal as TypingLiteral

from datamill.algebra.expression.kinds import (
    BOOL,
    FLOAT,
    INT,
    JSON,
    NUMERIC,
    TEXT,
    UINT,
    Mismatch,
    common_type,
    datetime_of,
    digits_of,
)
from datamill.algebra.expression.literals import (
    adapt,
    adapt_number,
    clock_literal,
    day_literal,
    is_adaptable,
    json_literal,
    settle,
)
from datamill.algebra.expression.tree import Call, Column, Expression, Literal
from datamill.model.types import AttributeType


def cast(expression: Expression, type: AttributeType) -> Expression:
    """Return a cast; NULL needs none."""
    if isinstance(expression, Literal) and expression.value is None:
        return Literal(None, type)
    if isinstance(expression, Call) and expression.function == "->" and type == TEXT:
        return Call("->>", expression.arguments, TEXT, expression.options)
    return Call("CAST", (expression,), type)


def to_family(expression: Expression, family: str) -> Expression:
    """Return an argument brought to a family of the function table.

    Raises:
        Mismatch: It is of another kind and needs an explicit cast.
    """
    convert = _FAMILIES.get(family)
    if convert is None:
        return settle(expression)
    if isinstance(expression, Literal) and expression.value is None and family in _NULLS:
        return Literal(None, _NULLS[family])
    return convert(expression)


def to_bool(expression: Expression) -> Expression:
    """Return a condition: numbers other than zero are true."""
    family = expression.type.family
    if isinstance(expression, Literal) and isinstance(expression.value, bool | int | float | str):
        adapted = adapt(expression, BOOL) if family != "float" else expression
        return Literal(bool(adapted.value), BOOL)
    if family in ("bool", "opaque"):
        return expression
    if family in NUMERIC:
        zero = adapt_number(Literal(0, INT), expression.type)
        return Call("<>", (settle(expression), zero), BOOL)
    if family == "json":
        return cast(expression, BOOL)
    raise Mismatch(f"A {expression.type} is neither true nor false: compare it with something")


def to_number(expression: Expression) -> Expression:
    """Return a number; its exact type is settled by the function."""
    family = expression.type.family
    if family in NUMERIC or family == "opaque":
        return expression
    if isinstance(expression, Literal) and is_adaptable(expression):
        return adapt_number(expression, INT)
    if family == "bool":
        return cast(expression, INT)
    if family == "json":
        return cast(expression, FLOAT)
    raise Mismatch(f"A {expression.type} is no number: use CAST(... AS float) or CAST(... AS int)")


def to_integer(expression: Expression) -> Expression:
    """Return an integer; other numbers are rounded."""
    number = settle(to_number(expression))
    if (
        isinstance(number, Literal)
        and number.value is not None
        and number.type.family in ("float", "decimal")
    ):
        if number.value != int(number.value):
            raise Mismatch(f"{number.value} is no whole number")
        return Literal(int(number.value), INT)
    return number if number.type.family in ("integer", "opaque") else cast(number, INT)


def to_float(expression: Expression) -> Expression:
    """Return a float64."""
    number = to_number(expression)
    if isinstance(number, Literal) and number.type.family != "opaque":
        return Literal(None if number.value is None else float(number.value), FLOAT)
    return number if number.type.family in ("float", "opaque") else cast(number, FLOAT)


def to_text(expression: Expression) -> Expression:
    """Return text: of numbers, dates and so on the text they are written as."""
    if isinstance(expression, Literal) and is_adaptable(expression):
        return adapt(expression, TEXT)
    return expression if expression.type.family in ("text", "opaque") else cast(expression, TEXT)


def to_day(expression: Expression) -> Expression:
    """Return a date or a datetime."""
    family = expression.type.family
    if family in ("date", "datetime", "opaque"):
        return expression
    if isinstance(expression, Literal) and is_adaptable(expression):
        return day_literal(expression)
    if family == "json":
        return cast(expression, datetime_of(6))
    raise Mismatch(f"A {expression.type} is no date: use CAST(... AS date) or CAST(... AS datetime)")


def to_moment(expression: Expression) -> Expression:
    """Return a datetime; a date is its midnight."""
    day = to_day(expression)
    return to_type(day, datetime_of(0)) if day.type.family == "date" else day


def to_clock(expression: Expression) -> Expression:
    """Return a time of day or a datetime."""
    if expression.type.family == "time":
        return expression
    if isinstance(expression, Literal) and is_adaptable(expression) and expression.value is not None:
        return clock_literal(expression)
    return to_moment(expression)


def to_json(expression: Expression) -> Expression:
    """Return a json value; text is a document."""
    if expression.type.family in ("json", "opaque"):
        return expression
    if isinstance(expression, Literal) and is_adaptable(expression):
        return json_literal(expression)
    return cast(expression, JSON)


def to_constant(expression: Expression) -> Expression:
    """Return a literal.

    Raises:
        Mismatch: It is none.
    """
    if not isinstance(expression, Literal):
        raise Mismatch("A constant is needed here")
    return expression


_FAMILIES: dict[str, Callable[[Expression], Expression]] = {
    "bool": to_bool,
    "number": to_number,
    "integer": to_integer,
    "float": to_float,
    "text": to_text,
    "day": to_day,
    "moment": to_moment,
    "clock": to_clock,
    "json": to_json,
    "constant": to_constant,
}


_NULLS = {
    "bool": BOOL,
    "number": FLOAT,
    "integer": INT,
    "float": FLOAT,
    "text": TEXT,
    "day": datetime_of(0),
    "moment": datetime_of(0),
    "clock": datetime_of(0),
    "json": JSON,
}
"""The type that NULL takes as an argument of a family."""

Use = TypingLiteral["value", "order", "equality"]


def unify(expressions: Sequence[Expression], use: Use = "value") -> tuple[list[Expression], AttributeType]:
    """Bring expressions to one type; literals follow the others.

    Args:
        expressions: What is compared, or what a CASE may give.
        use: ``value`` if one of them becomes a result. ``order`` and ``equality`` if they are only compared: numbers of
            different types then stay as they are, because databases compare them; only equal members of an enum are
            compared as such, since they have another order as text.

    Returns:
        The expressions with casts, and their type.

    Raises:
        Mismatch: They have no type in common.
    """
    fixed = [item.type for item in expressions if not is_adaptable(item)]
    base = _base_type(fixed, use) if fixed else _type_of_literals(expressions)
    if base.family == "json" and use != "value":
        base = _json_partner(expressions, base)
    adapted = [
        adapt(item, base) if is_adaptable(item) and isinstance(item, Literal) else item
        for item in expressions
    ]
    target = _target(adapted, base)
    return [settle(to_type(item, target, loose=use != "value")) for item in adapted], target


def _base_type(fixed: list[AttributeType], use: Use) -> AttributeType:
    if use == "equality" and all(item == fixed[0] for item in fixed):
        return fixed[0]
    return common_type(fixed)


def _target(adapted: Sequence[Expression], base: AttributeType) -> AttributeType:
    if base.family == "enum" and all(item.type == base for item in adapted):
        return base
    return common_type([item.type for item in adapted])


def _type_of_literals(expressions: Sequence[Expression]) -> AttributeType:
    types = [item.type for item in expressions]
    if any(item.family == "text" for item in types):
        return TEXT
    return common_type(types)


def _json_partner(expressions: Sequence[Expression], base: AttributeType) -> AttributeType:
    """A json value is compared with a text by its text, unless both are whole documents."""
    texts = [item.value for item in expressions if isinstance(item, Literal) and isinstance(item.value, str)]
    whole = all(isinstance(item, Column | Literal) for item in expressions)
    if not texts or (whole and all(text.lstrip()[:1] in ("{", "[") for text in texts)):
        return base
    return TEXT


def to_type(expression: Expression, type: AttributeType, *, loose: bool = False) -> Expression:
    """Return an expression cast to a type, if it is not of it already.

    Args:
        expression: Any.
        type: The target.
        loose: Leave numbers of different types alone where all databases compare them rightly.
    """
    source = expression.type
    if source == type or "opaque" in (source.family, type.family):
        return expression
    if isinstance(expression, Literal) and (is_adaptable(expression) or source.family == "enum"):
        return _literal_to(expression, type)
    return expression if _is_alike(source, type, loose) else cast(expression, type)


def _literal_to(literal: Literal, type: AttributeType) -> Expression:
    if literal.value is None:
        return Literal(None, type)
    if type.family == "json":
        return json_literal(literal)
    if type.family == "bool" and literal.value not in (True, False):
        raise Mismatch(f"{literal.value} is neither true nor false")
    return adapt(literal, type)


def _is_alike(source: AttributeType, type: AttributeType, loose: bool) -> bool:
    """True if values of both types are represented in the same way on every backend."""
    if source.family != type.family:
        native = {source.family, type.family} <= {"integer", "float"} and UINT not in (source, type)
        return loose and native
    if source.family == "integer":
        return (source.kind == "uint64") == (type.kind == "uint64")
    return source.family in ("float", "decimal", "text", "json", "bytes", "uuid", "date", "bool") or (
        source.family in ("datetime", "time") and digits_of(source) == digits_of(type)
    )
