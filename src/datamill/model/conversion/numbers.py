"""Rules for integers, floats, decimals and booleans."""

from __future__ import annotations

import math
import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from numbers import Integral, Real
from struct import Struct
from typing import Any, Final

from datamill.model.conversion.rule import (
    Column,
    Columns,
    Note,
    Refusal,
    Rule,
    from_texts,
    of,
    unchanged,
    wrong_kind,
)
from datamill.model.types import KINDS, AttributeType

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGERS: Final = re.compile(r"(?:-?[0-9]{1,18}\n)+")
_NUMBERS: Final = re.compile(r"(?:-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?\n)+")
"""Columns of texts as programs write them, a line each."""
_INFINITY: Final = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_SIZE_LIMIT: Final = 400
"""Numbers of more digits before the point fit no type; their digits are never written out."""
_SHORT_INTEGER: Final = 20
_EXACT: Final = Context(prec=100, traps=[InvalidOperation, Inexact])
_FLOAT32: Final = Struct("<f")
_SMALLEST_NORMAL32: Final = 2.0**-126


def _number_of(value: Any) -> Any:
    """Return an int, float or Decimal for any number or numeric text; infinities are floats."""
    if isinstance(value, str):
        return _read(value)
    if type(value).__name__ == "timedelta64":  # which numpy counts among the integers
        raise wrong_kind(value, "a number")
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() else float(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Real):  # numpy floats of other widths: their own shortest digits
        number = float(value)
        return Decimal(str(value)) if math.isfinite(number) and _NUMBER.fullmatch(str(value)) else number
    raise wrong_kind(value, "a number")


def _read(text: str) -> int | Decimal | float:
    text = text.strip()
    if len(text) < _SHORT_INTEGER and text.isascii() and text.isdigit():
        return int(text)
    if _INFINITY.fullmatch(text):
        return float(text)
    if not _NUMBER.fullmatch(text):
        raise Refusal("the text is not a number", wrong_kind=True)
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal holds
        raise Refusal("the number is out of range") from None


def integer_rule(type: AttributeType) -> Rule:
    """Return the rule for an integer type: range and lost digits are checked."""
    kind = KINDS[type.kind]
    low, high = kind.low or 0, kind.high or 0

    def each(value: Any, note: Note) -> int:
        number = _whole(_number_of(value))
        if not low <= number <= high:
            raise Refusal(f"it is not between {low} and {high}")
        return number

    def fast(column: list[Any]) -> list[Any] | None:
        return column if min(column) >= low and max(column) <= high else None

    return Rule(each, {of(int): fast, of(str): from_texts(_INTEGERS, int, fast)}, is_number=True)


def _whole(number: int | float | Decimal) -> int:
    if isinstance(number, int):
        return number
    if isinstance(number, Decimal):
        if number and number.adjusted() > _SIZE_LIMIT:
            raise Refusal("it is out of range")
        if number != number.to_integral_value(context=Context(prec=_SIZE_LIMIT + 2)):
            raise Refusal("it is not a whole number", "Round it first.")
        return int(number)
    if math.isinf(number):
        raise Refusal("infinity is not an integer")
    if not number.is_integer():
        raise Refusal("it is not a whole number", "Round it first.")
    return int(number)


def _float_of(value: Any) -> float:
    number = _number_of(value)
    if isinstance(number, float):
        return number
    try:
        result = float(number)
    except OverflowError:
        result = math.inf
    if math.isinf(result):
        raise Refusal("it is beyond the range of a float")
    return result


def float64_rule(type: AttributeType) -> Rule:
    """Return the rule for float64: any number, infinities too."""

    def each(value: Any, note: Note) -> float:
        return _float_of(value)

    def fast(column: list[Any]) -> list[Any] | None:
        return None if math.isnan(sum(column)) else column

    return Rule(each, _float_columns(fast), is_number=True)


def _float_columns(fast: Column) -> Columns:
    """Return how columns become floats, given what does so for floats."""

    def from_numbers(column: list[Any]) -> list[Any] | None:
        try:
            return fast(list(map(float, column)))
        except OverflowError:
            return None

    return {
        of(float): fast,
        of(int): from_numbers,
        of(int, float): from_numbers,
        of(str): from_texts(_NUMBERS, float, fast),
    }


def float32_rule(type: AttributeType) -> Rule:
    """Return the rule for float32: the nearest float32, as the shortest decimal that restores it."""

    def each(value: Any, note: Note) -> float:
        return shortest_float32(_float_of(value))

    def fast(column: list[Any]) -> list[Any] | None:
        return None if math.isnan(sum(column)) else list(map(shortest_float32, column))

    return Rule(each, _float_columns(fast), is_number=True)


def shortest_float32(value: float) -> float:
    """Return the shortest decimal whose nearest float32 is that of a value.

    Args:
        value: Any float; infinities and NaN are returned as they are.

    Raises:
        Refusal: The value is beyond the range of float32.

    Example:
        >>> shortest_float32(0.10000000149011612), shortest_float32(1 / 3)
        (0.1, 0.33333334)
    """
    try:
        packed = _FLOAT32.pack(value)
    except OverflowError:
        raise Refusal("it is beyond the range of float32") from None
    exact: float = _FLOAT32.unpack(packed)[0]
    if -_SMALLEST_NORMAL32 < exact < _SMALLEST_NORMAL32:
        return _with_digits(exact, packed, 1)
    seven = float(f"{exact:.7g}")
    if _FLOAT32.pack(seven) != packed:
        return _with_digits(exact, packed, 8)
    six = float(f"{exact:.6g}")
    return six if _FLOAT32.pack(six) == packed else seven


def _with_digits(exact: float, packed: bytes, fewest: int) -> float:
    for digits in range(fewest, 9):
        short = float(f"{exact:.{digits}g}")
        if _FLOAT32.pack(short) == packed:
            return short
    return float(f"{exact:.9g}")


def decimal_rule(type: AttributeType) -> Rule:
    """Return the rule for decimals: exactly the scale of the type, no digit lost."""
    precision, scale = type.args
    unit, limit = Decimal(1).scaleb(-scale), Decimal(10) ** (precision - scale)

    def fit(number: Decimal) -> Decimal:
        try:
            result = number.quantize(unit, context=_EXACT)
            if result.copy_abs() >= limit:
                raise Refusal(f"it has more than {precision - scale} digits before the point")
        except Inexact:
            raise Refusal(f"it has more than {scale} digits after the point", "Round it first.") from None
        except InvalidOperation:
            raise Refusal(f"it does not fit {precision} digits") from None
        return result if result else result.copy_abs()

    def each(value: Any, note: Note) -> Decimal:
        number = _number_of(value)
        if isinstance(number, float):
            if math.isinf(number):
                raise Refusal("infinity is not a decimal")
            number = Decimal(repr(number))
        elif isinstance(number, int):
            number = _decimal_of(number)
        return fit(number)

    def fast(column: list[Any]) -> list[Any]:
        return list(map(fit, column))

    columns: Columns = {
        of(Decimal): fast,
        of(int): lambda column: fast(list(map(_decimal_of, column))),
        of(str): from_texts(_NUMBERS, Decimal, fast),
    }
    return Rule(each, columns, is_number=True)


def _decimal_of(number: int) -> Decimal:
    if number.bit_length() > 4 * _SIZE_LIMIT:
        raise Refusal("it is out of range")
    return Decimal(number)


_TRUTHS: Final = {"0": False, "1": True, "false": False, "true": True}


def bool_rule(type: AttributeType) -> Rule:
    """Return the rule for booleans: True, False, 1, 0, and these as text."""

    def each(value: Any, note: Note) -> bool:
        if isinstance(value, str) and value.strip().lower() in _TRUTHS:
            return _TRUTHS[value.strip().lower()]
        number = _number_of(value)
        if number not in (0, 1):
            raise Refusal("it is neither true (1) nor false (0)")
        return bool(number)

    def from_integers(column: list[Any]) -> list[Any] | None:
        return list(map(bool, column)) if set(column) <= {0, 1} else None

    def from_words(column: list[Any]) -> list[Any] | None:
        truths = [_TRUTHS.get(text.lower()) for text in column]
        return None if None in truths else truths

    columns = {of(bool): unchanged, of(int): from_integers, of(str): from_words}
    return Rule(each, columns, is_number=True)
