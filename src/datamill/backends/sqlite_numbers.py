"""Numbers in SQLite: exact decimals kept as text, and arithmetic that refuses to overflow silently."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from datamill.errors import QueryError

_CONTEXT = Context(prec=100, Emax=999_999, Emin=-999_999)
_LOW, _HIGH = -(2**63), 2**63 - 1
_INFINITE = (math.inf, -math.inf)
_ROUNDING = {"ROUND": ROUND_HALF_UP, "TRUNCATE": ROUND_DOWN, "CEIL": ROUND_CEILING, "FLOOR": ROUND_FLOOR}


def out_of_range(what: str) -> QueryError:
    """Make the error for a result that its type cannot hold."""
    return QueryError(
        f"A value is out of range: {what}.",
        hint="CAST the operands to a wider type such as float, or restrict the rows first.",
        code="out of range",
        backend="sqlite",
    )


def compare_decimals(left: str, right: str) -> int:
    """Compare numbers kept as text, for the collation ``decimal``."""
    if left == right:
        return 0
    try:
        a, b = Decimal(left), Decimal(right)
        return (a > b) - (a < b)
    except InvalidOperation:
        return (left > right) - (left < right)


def _checked(name: str, compute: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if left is None or right is None:
            return None
        result = compute(left, right)
        if type(result) is int and not _LOW <= result <= _HIGH:
            raise out_of_range(f"{left} {name} {right} exceeds 64 bits")
        return result

    return apply


add_integers = _checked("+", operator.add)
subtract_integers = _checked("-", operator.sub)
multiply_integers = _checked("*", operator.mul)


def negate_integer(value: Any) -> Any:
    """Return ``-value``."""
    return None if value is None else subtract_integers(0, value)


def exclusive_or(left: int, right: int) -> int:
    """Return the bitwise exclusive or."""
    return left ^ right


def hexadecimal(value: int | str) -> str:
    """Return an integer in hexadecimal digits, negative ones as 64 bits in two's complement."""
    return format(int(value) & (2**64 - 1), "X")


def finite(value: Any, *inputs: Any) -> Any:
    """Return a float64 result, refusing an infinity that was not in the inputs."""
    if value in _INFINITE and not any(item in _INFINITE for item in inputs):
        raise out_of_range("the result is beyond the range of float64")
    return value


def power(base: float, exponent: float) -> float:
    """Return a power."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        raise out_of_range(f"POW({base}, {exponent})") from None
    except ValueError:
        raise out_of_range(f"POW({base}, {exponent}) is not a real number") from None


def exponential(value: float) -> float:
    """Return e to a power."""
    try:
        return math.exp(value)
    except OverflowError:
        raise out_of_range(f"EXP({value})") from None


def logarithm(base: float, value: float) -> float | None:
    """Return the logarithm to a base, None off its domain."""
    if base <= 0 or base == 1 or value <= 0:
        return None
    return math.log(value) / math.log(base)


def round_float(value: float, digits: int = 0) -> float:
    """Round half to even, as scaled binary numbers."""
    if not math.isfinite(value):
        return value
    if digits == 0:
        return float(round(value))
    return _scaled(value, digits, round)


def truncate_float(value: float, digits: int) -> float:
    """Cut decimal digits off."""
    return value if not math.isfinite(value) else _scaled(value, digits, math.trunc)


def _scaled(value: float, digits: int, cut: Callable[[float], int]) -> float:
    if digits > 308 or digits < -308:
        return value if digits > 0 else 0.0
    scale = 10.0 ** abs(digits)
    scaled = value * scale if digits > 0 else value / scale
    if not math.isfinite(scaled):
        return value
    whole = cut(scaled)
    return whole / scale if digits > 0 else whole * scale


def round_integer(value: int, digits: int) -> int:
    """Round an integer half away from zero; negative digits count to the left of the point."""
    return value if digits >= 0 else _fits(int(_quantized(Decimal(value), digits, ROUND_HALF_UP)))


def truncate_integer(value: int, digits: int) -> int:
    """Replace digits to the left of the point by zeros."""
    return value if digits >= 0 else int(_quantized(Decimal(value), digits, ROUND_DOWN))


def _fits(value: int) -> int:
    if not _LOW <= value <= _HIGH:
        raise out_of_range(f"{value} exceeds 64 bits")
    return value


def _quantized(value: Decimal, digits: int, rounding: str) -> Decimal:
    digits = max(-80, min(digits, 30))
    return value.quantize(Decimal(1).scaleb(-digits), rounding, _CONTEXT)


def divide_whole(left: Any, right: Any) -> int | None:
    """Return the quotient without its fraction."""
    a, b = number(left), number(right)
    if b == 0:
        return None
    if isinstance(a, float) or isinstance(b, float):
        return _fits(_whole(float(a) / float(b)))
    return _fits(int(_CONTEXT.divide_int(Decimal(a), Decimal(b))))


def _whole(value: float) -> int:
    if not math.isfinite(value):
        raise out_of_range(f"{value} is no whole number")
    return math.trunc(value)


def number(value: Any) -> Any:
    """Return a number; what is kept as text as a Decimal."""
    return Decimal(value) if isinstance(value, str) else value


def to_integer(value: Any) -> int | None:
    """Round to an integer: a float half to even, a decimal half away from zero; None for text that is no number."""
    if isinstance(value, str):
        try:
            return _fits(int(Decimal(value.strip()).quantize(Decimal(1), ROUND_HALF_UP, _CONTEXT)))
        except InvalidOperation:
            return None
    if isinstance(value, float):
        if not math.isfinite(value):
            raise out_of_range(f"{value} is no whole number")
        return _fits(round(value))
    return int(value)


# --- decimals as text


def decimal_of(value: Any) -> Decimal | None:
    """Return a Decimal of a number or of its text; None for text that is no number."""
    try:
        return Decimal(repr(value) if isinstance(value, float) else str(value).strip())
    except InvalidOperation:
        return None


def to_decimal(value: Any, precision: int = 65, scale: int = -1) -> str | None:
    """Return a decimal's text, rounded half away from zero to a scale (-1: as it is)."""
    exact = decimal_of(value)
    if exact is None or not exact.is_finite():
        return None
    if scale >= 0:
        exact = _quantized(exact, scale, ROUND_HALF_UP)
    if exact.adjusted() >= precision - max(scale, 0) and exact != 0:
        raise out_of_range(f"{exact} exceeds decimal({precision},{max(scale, 0)})")
    return format(exact, "f")


def _text(value: Decimal) -> str:
    if value.adjusted() >= 65:
        raise out_of_range(f"{value} exceeds 65 digits")
    return format(value, "f")


_EXACT: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _CONTEXT.add,
    "-": _CONTEXT.subtract,
    "*": _CONTEXT.multiply,
    "%": _CONTEXT.remainder,
}


def decimal_operation(sign: str, left: Any, right: Any) -> str | None:
    """Compute ``left sign right`` exactly; None for a zero divisor."""
    a, b = Decimal(left), Decimal(right)
    if sign == "%" and b == 0:
        return None
    return _text(_EXACT[sign](a, b))


def negate_decimal(value: Any) -> str:
    """Return ``-value``."""
    return _text(_CONTEXT.minus(Decimal(value)))


def absolute_decimal(value: Any) -> str:
    """Return the absolute value."""
    return _text(abs(Decimal(value)))


def cut_decimal(how: str, value: Any, digits: int = 0) -> str:
    """Round, truncate, or take the ceiling or floor."""
    return _text(_quantized(Decimal(value), digits, _ROUNDING[how]))


def decimal_key(value: Any) -> str:
    """Return a text that is equal for equal decimals.

    Example:
        >>> decimal_key("1.500"), decimal_key("-0.0"), decimal_key("300")
        ('1.5', '0', '300')
    """
    return format(_CONTEXT.plus(Decimal(value).normalize(_CONTEXT)), "f")


def float_text(value: float) -> str:
    """Return the shortest text of a float64.

    Example:
        >>> float_text(2.0), float_text(1.5), float_text(1e20)
        ('2', '1.5', '1e+20')
    """
    if not math.isfinite(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    places = len(digits) + exponent - 1
    if -5 < places < 15:
        text = format(Decimal(repr(value)).normalize(), "f")
        return "0" if text == "-0" else text
    mantissa = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{places:+03d}"


def float32(value: float) -> float:
    """Return the shortest decimal that restores a float32."""
    import struct

    try:
        exact = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        raise out_of_range(f"{value} exceeds float32") from None
    for digits in range(6, 10):
        short = float(f"{exact:.{digits}g}")
        if abs(short) < 3.402824e38 and struct.unpack("f", struct.pack("f", short))[0] == exact:
            return short
    return float(exact)
