"""Calls built from typed arguments: arity checked, arguments brought to their families, the result typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datamill.algebra.expression import patterns
from datamill.algebra.expression.coerce import Use, to_bool, to_family, to_number, to_text, to_type, unify
from datamill.algebra.expression.functions import FUNCTIONS, Function
from datamill.algebra.expression.kinds import (
    BOOL,
    DATE,
    DECIMAL,
    FLOAT,
    INT,
    JSON,
    TEXT,
    UINT,
    UNKNOWN,
    Mismatch,
    datetime_of,
    numeric_result,
)
from datamill.algebra.expression.literals import adapt_number, is_adaptable, settle
from datamill.algebra.expression.tree import Call, Expression, Literal
from datamill.model.types import AttributeType

Options = tuple[tuple[str, Any], ...]

_RESULTS = {
    "bool": BOOL,
    "int64": INT,
    "float64": FLOAT,
    "text": TEXT,
    "json": JSON,
    "date": DATE,
    "datetime": datetime_of(0),
}
_EQUALITY = frozenset(("=", "<>", "<=>", "IS DISTINCT FROM", "IN", "NULLIF", "FIELD"))


def call(name: str, *arguments: Expression, **options: Any) -> Expression:
    """Build a call of a function of the table.

    Args:
        name: Canonical name.
        *arguments: Typed expressions; they are cast as the function needs.
        **options: Options of the call.

    Returns:
        The typed call.

    Raises:
        Mismatch: Too few or too many arguments, or one of the wrong kind.

    Example:
        >>> from datamill.algebra.expression.kinds import parse_type
        >>> from datamill.algebra.expression.tree import Column
        >>> str(call("ABS", Column("x", parse_type("int8"))).type)
        'int64'
    """
    return build(FUNCTIONS[name], arguments, tuple(sorted(options.items())))


def build(function: Function, arguments: Sequence[Expression], options: Options = ()) -> Expression:
    """Build a call of a function, see `call`."""
    check_count(function, len(arguments))
    ready, family_type = coerce_arguments(function, arguments)
    if function.name.startswith("REGEXP"):
        _check_pattern(ready[1])
    return Call(function.name, tuple(ready), _result(function, ready, family_type), options)


def _check_pattern(pattern: Expression) -> None:
    if isinstance(pattern, Literal) and isinstance(pattern.value, str):
        patterns.check(pattern.value)


def case(arguments: Sequence[Expression]) -> Expression:
    """Build a CASE from conditions and results by turns, and the ELSE result if their number is odd."""
    paired = len(arguments) - len(arguments) % 2
    is_test = [index < paired and index % 2 == 0 for index in range(len(arguments))]
    tests = [to_bool(item) for item, test in zip(arguments, is_test, strict=True) if test]
    results, type = unify([item for item, test in zip(arguments, is_test, strict=True) if not test])
    mixed: list[Expression] = []
    for index, test in enumerate(tests):
        mixed += [test, results[index]]
    return Call("CASE", (*mixed, *results[len(tests) :]), type)


def check_count(function: Function, count: int) -> None:
    """Raise Mismatch unless a function takes this many arguments."""
    if function.least <= count <= function.most:
        return
    most = function.most
    wanted = (
        f"at least {function.least}"
        if most == float("inf")
        else str(function.least)
        if most == function.least
        else f"{function.least} to {most}"
    )
    raise Mismatch(f"{function.name} takes {wanted} argument{'s' * (wanted != '1')}, not {count}")


def coerce_arguments(
    function: Function, arguments: Sequence[Expression]
) -> tuple[list[Expression], AttributeType]:
    """Bring arguments to their families.

    Returns:
        The arguments, and the type that those of family ``number``, ``common`` or ``pair`` share (else unknown).
    """
    ready = list(arguments)
    shared: list[int] = []
    kind = ""
    for index, argument in enumerate(ready):
        family = function.family(index)
        if family in ("number", "common", "pair"):
            shared.append(index)
            kind = family
        else:
            ready[index] = to_family(argument, family)
    if not shared:
        return ready, UNKNOWN
    values = [ready[index] for index in shared]
    if kind == "number":
        unified, type = unify_numbers(values)
    else:
        use: Use = "value" if kind == "common" else "equality" if function.name in _EQUALITY else "order"
        unified, type = unify(values, use)
    for index, value in zip(shared, unified, strict=True):
        ready[index] = value
    return ready, type


def unify_numbers(arguments: Sequence[Expression]) -> tuple[list[Expression], AttributeType]:
    """Bring numbers to the type in which they are computed with: float64, decimal, or an integer."""
    numbers = [to_number(item) for item in arguments]
    type = numeric_result([item.type for item in numbers])
    if all(isinstance(item, Literal) and item.value is None for item in numbers):
        return [Literal(None, FLOAT) for _ in numbers], FLOAT
    if type == INT and any(item.type.kind == "uint64" and not isinstance(item, Literal) for item in numbers):
        type = _unsigned_result(numbers)
    return [settle(_as_number(item, type)) for item in numbers], type


def _unsigned_result(numbers: Sequence[Expression]) -> AttributeType:
    others = [item for item in numbers if item.type.kind != "uint64"]
    unsigned = all(
        isinstance(item, Literal) and isinstance(item.value, int) and item.value >= 0 for item in others
    )
    return UINT if unsigned else DECIMAL


def _as_number(number: Expression, type: AttributeType) -> Expression:
    if isinstance(number, Literal) and is_adaptable(number) and type.family != "opaque":
        return adapt_number(number, type) if number.value is not None else Literal(None, type)
    source, target = number.type.family, type.family
    if source == target and (number.type.kind == "uint64") == (type.kind == "uint64"):
        return number
    if target == "float" and source == "integer" and number.type.kind != "uint64":
        return number
    return to_type(number, type) if "opaque" not in (source, target) else number


def _result(function: Function, arguments: Sequence[Expression], shared: AttributeType) -> AttributeType:
    fixed = _RESULTS.get(function.result)
    if fixed is not None:
        return fixed
    if function.result == "first":
        return arguments[0].type
    return shared


def first_value(expression: Expression) -> Expression:
    """Return an argument whose type the result takes: an enum gives text."""
    return to_text(expression) if expression.type.family == "enum" else settle(expression)
