"""Arithmetic in SQLite: exact decimals, and integers and floats that refuse to overflow silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.algebra.expression.tree import Call, Column, Expression, Literal, walk
from datamill.model.types import KINDS, AttributeType
from datamill.sql.dialects.templates import COMMON, family_of, is_nonzero_literal, write_call, write_divisor

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Renderer
    from datamill.sql.writer import Writer

_LOW, _HIGH = -(2**63), 2**63 - 1
EXACT = ("decimal", "uint64")
"""Families of numbers that are kept as text."""


def is_exact(expression: Expression) -> bool:
    """True for numbers that are kept as text."""
    return family_of(expression) in EXACT


def bounds(expression: Expression) -> tuple[int, int]:
    """Return between which integers a value lies, as far as types and constants tell."""
    if isinstance(expression, Literal) and isinstance(expression.value, int):
        return int(expression.value), int(expression.value)
    if isinstance(expression, Column):
        return _kind_bounds(expression.type)
    if isinstance(expression, Call):
        if expression.function in ("+", "-", "*", "NEGATE") and expression.type.kind == "int64":
            low, high = _result_bounds(expression)
            return max(low, _LOW), min(high, _HIGH)
        return _CALL_BOUNDS.get(expression.function) or _cast_bounds(expression)
    return _LOW, _HIGH


def _cast_bounds(call: Call) -> tuple[int, int]:
    if call.function == "CAST" and call.arguments[0].type.family == "bool":
        return 0, 1
    return _kind_bounds(call.type)


def _kind_bounds(type: AttributeType) -> tuple[int, int]:
    kind = KINDS.get(type.kind)
    if kind is None or kind.low is None or kind.high is None:
        return (0, 1) if type.kind == "bool" else (_LOW, _HIGH)
    return kind.low, kind.high


def _result_bounds(call: Call) -> tuple[int, int]:
    """Return the bounds of an integer operation, which may lie beyond 64 bits."""
    left, *rest = map(bounds, call.arguments)
    if not rest:
        return -left[1], -left[0]
    right = rest[0]
    if call.function == "+":
        return left[0] + right[0], left[1] + right[1]
    if call.function == "-":
        return left[0] - right[1], left[1] - right[0]
    corners = [a * b for a in left for b in right]
    return min(corners), max(corners)


_SMALL = (0, 2**40)
_CALL_BOUNDS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(
        ("COUNT", "LENGTH", "CHAR_LENGTH", "LOCATE", "FIELD", "FIND_IN_SET", "JSON_LENGTH"), _SMALL
    ),
    **dict.fromkeys(("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND"), _SMALL),
    **dict.fromkeys(("DAYOFYEAR", "WEEKOFYEAR", "DAYOFWEEK", "WEEKDAY", "ROW_NUMBER", "RANK"), _SMALL),
    **dict.fromkeys(("DATEDIFF", "UNIX_TIMESTAMP", "SIGN"), (-(2**40), 2**40)),
}
_CHECKED = {"+": "dm_add", "-": "dm_subtract", "*": "dm_multiply"}
_FLOAT_OPERATORS = frozenset(("+", "-", "*", "/", "NEGATE"))


def _arithmetic(writer: Writer, call: Call) -> None:
    if call.type.family == "float":
        _float_root(writer, call)
    elif is_exact(call):
        writer.text(f"dm_decimal('{call.function}', ")
        writer.expressions(call.arguments)
        writer.text(")")
    elif call.type.family == "integer" and not _stays_within(call):
        write_call(writer, _CHECKED[call.function], *call.arguments)
    else:
        COMMON[call.function](writer, call)


def _stays_within(call: Call) -> bool:
    low, high = _result_bounds(call)
    return low >= _LOW and high <= _HIGH


def _negate(writer: Writer, call: Call) -> None:
    if is_exact(call):
        write_call(writer, "dm_decimal_negate", *call.arguments)
    elif call.type.family == "integer" and not _stays_within(call):
        write_call(writer, "dm_negate", *call.arguments)
    else:
        COMMON["NEGATE"](writer, call)


def _float_root(writer: Writer, call: Call) -> None:
    """Write float arithmetic with one check around all of it: infinity is an overflow unless a column held it."""
    writer.text("dm_finite(")
    _float_part(writer, call)
    for column in float_columns(call):
        writer.text(", ")
        writer.expression(column)
    writer.text(")")


def float_columns(expression: Expression) -> list[Column]:
    """Return the attributes in an expression that may hold an infinity."""
    found = [node for node in walk(expression) if isinstance(node, Column) and node.type.family == "float"]
    return list(dict.fromkeys(found))


def _float_part(writer: Writer, expression: Expression) -> None:
    if not (
        isinstance(expression, Call)
        and expression.function in _FLOAT_OPERATORS
        and expression.type.family == "float"
    ):
        writer.expression(expression)
        return
    if expression.function == "NEGATE":
        writer.text("(-")
        _float_part(writer, expression.arguments[0])
        writer.text(")")
        return
    left, right = expression.arguments
    writer.text("(")
    _float_part(writer, left)
    writer.text(f" {expression.function} ")
    if expression.function != "/" or is_nonzero_literal(right):
        _float_part(writer, right)
    else:
        writer.text("NULLIF(")
        _float_part(writer, right)
        writer.text(", 0)")
    writer.text(")")


def _div(writer: Writer, call: Call) -> None:
    if all(family_of(item) == "integer" for item in call.arguments):
        writer.text("(")
        writer.expression(call.arguments[0])
        writer.text(" / ")
        write_divisor(writer, call.arguments[1])
        writer.text(")")
    else:
        write_call(writer, "dm_div", *call.arguments)


def _modulo(writer: Writer, call: Call) -> None:
    left, right = call.arguments
    if is_exact(call):
        _arithmetic(writer, call)
        return
    native = call.type.family == "integer"
    writer.text("(" if native else "mod(")
    writer.expression(left)
    writer.text(" % " if native else ", ")
    write_divisor(writer, right)
    writer.text(")")


ARITHMETIC: dict[str, Renderer] = {
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    "/": _float_root,
    "NEGATE": _negate,
    "DIV": _div,
    "%": _modulo,
}
"""Operators."""
