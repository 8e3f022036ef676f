"""Literals take the type of what they stand beside."""

from __future__ import annotations

import json
import re
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from datamill.algebra.expression.kinds import (
    BOOL,
    DATE,
    DECIMAL,
    FLOAT,
    INT,
    JSON,
    NUMERIC,
    TEXT,
    UINT,
    UNDECIDED,
    UNKNOWN,
    Mismatch,
    datetime_of,
)
from datamill.algebra.expression.tree import Expression, Literal
from datamill.errors import DataMillError
from datamill.model.types import AttributeType, core_type

_NATURAL = (TEXT, INT, UINT, UNDECIDED, FLOAT, DECIMAL, BOOL, UNKNOWN)
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?\Z")
_WORDS = {"1": True, "0": False, "true": True, "false": False}


def is_adaptable(expression: Expression) -> bool:
    """True for a literal as written, which has not been given a type by CAST."""
    return isinstance(expression, Literal) and expression.type in _NATURAL


def number_literal(text: str) -> Literal:
    """Return the literal of a number as written: an integer, a number still undecided, or a float with exponent.

    Example:
        >>> number_literal("1.50").value, number_literal("1e3").value
        (Decimal('1.50'), 1000.0)
    """
    try:
        if text.isascii() and text.isdigit():
            return integer_literal(int(text))
        if "e" in text.lower():
            return Literal(_finite(float(text)), FLOAT)
        return Literal(Decimal(text), UNDECIDED)
    except (ValueError, InvalidOperation):
        raise Mismatch(f"{text!r} is no number") from None


def integer_literal(value: int) -> Literal:
    """Return the literal of an integer; beyond 64 bits it is a decimal."""
    if -(2**63) <= value < 2**63:
        return Literal(value, INT)
    if 0 <= value < 2**64:
        return Literal(value, UINT)
    if abs(value) >= 10**65:
        raise Mismatch("A number has more than 65 digits")
    return Literal(Decimal(value), DECIMAL)


def settle(expression: Expression) -> Expression:
    """Turn a number that stands beside nothing into a float64."""
    if isinstance(expression, Literal) and expression.type is UNDECIDED:
        return Literal(float(expression.value), FLOAT)
    return expression


def adapt(literal: Literal, type: AttributeType) -> Literal:
    """Return a literal brought to the family of the type it stands beside, as far as its value allows.

    Text becomes a number, a date, a uuid; a number beside text becomes its text. A number that the type cannot hold
    stays a number: it is then compared as such and matches nothing.

    Raises:
        Mismatch: The value is of the wrong kind: text that is no number beside a number, and the like.
    """
    if literal.value is None:
        return Literal(None, type)
    family = type.family
    if family in NUMERIC:
        return adapt_number(literal, type)
    method = _ADAPTERS.get(family)
    return literal if method is None else method(literal, type)


def adapt_number(literal: Literal, type: AttributeType) -> Literal:
    """Return a numeric literal that fits beside a number of a type."""
    value = literal.value
    if isinstance(value, str):
        literal = number_literal_of_text(value)
        value = literal.value
    if isinstance(value, bool):
        literal, value = Literal(int(value), INT), int(value)
    if type.family == "float":
        return Literal(_float(value, type), type)
    if isinstance(value, float) or literal.type is UNDECIDED:
        undecided = type.family != "decimal"
        return (
            Literal(float(value), FLOAT) if undecided or isinstance(value, float) else Literal(value, DECIMAL)
        )
    if type.family == "decimal":
        return Literal(Decimal(value), DECIMAL)
    return Literal(value, UINT) if type.kind == "uint64" and 0 <= value < 2**64 else literal


def number_literal_of_text(text: str) -> Literal:
    """Return the number that a text spells, with sign and blanks."""
    clean = text.strip()
    sign = clean[:1] if clean[:1] in ("-", "+") else ""
    try:
        literal = number_literal(clean[len(sign) :])
    except Mismatch:
        raise Mismatch(f"{text!r} is no number") from None
    return negated(literal) if sign == "-" else literal


def negated(literal: Literal) -> Literal:
    """Return the literal with its sign changed."""
    value = -literal.value
    return integer_literal(value) if isinstance(value, int) else Literal(value, literal.type)


def _float(value: Any, type: AttributeType) -> float:
    number = _finite(float(value))
    if type.kind != "float32":
        return number
    import struct

    try:
        exact = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        return number
    for digits in range(6, 10):
        short = float(f"{exact:.{digits}g}")
        if abs(short) < 3.5e38 and struct.unpack("f", struct.pack("f", short))[0] == exact:
            return short
    return float(exact)


def _finite(value: float) -> float:
    if value in (float("inf"), float("-inf")):
        raise Mismatch("A number is beyond the range of float64")
    return value


def _adapt_bool(literal: Literal, type: AttributeType) -> Literal:
    value = literal.value
    if isinstance(value, str):
        if value.lower() not in _WORDS:
            raise Mismatch(f"{value!r} is neither true nor false")
        return Literal(_WORDS[value.lower()], BOOL)
    return Literal(bool(value), BOOL) if value in (0, 1) else settled_literal(literal)


def settled_literal(literal: Literal) -> Literal:
    """Return `settle` of a literal."""
    return Literal(float(literal.value), FLOAT) if literal.type is UNDECIDED else literal


def text_of(literal: Literal) -> str:
    """Return a literal's text: of true ``1``, of a number its digits."""
    value = literal.value
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        short = repr(value)
        return short[:-2] if short.endswith(".0") else short
    return str(value)


def _adapt_text(literal: Literal, type: AttributeType) -> Literal:
    text = text_of(literal)
    return Literal(text.rstrip(" ") if type.kind == "char" else text, TEXT)


def _adapt_enum(literal: Literal, type: AttributeType) -> Literal:
    text = text_of(literal)
    return Literal(text, type if text in type.args else TEXT)


def day_literal(literal: Literal) -> Literal:
    """Return the date, or the datetime if there is a time of day, that a text spells."""
    text = _text(literal, "a date")
    if len(text.strip()) <= 10:
        return Literal(_convert(text, DATE), DATE)
    moment = _convert(text, datetime_of(6))
    return Literal(moment, datetime_of(6 if moment.microsecond else 0))


def clock_literal(literal: Literal) -> Literal:
    """Return the time of day, or the datetime, that a text spells."""
    text = _text(literal, "a time")
    if _TIME_OF_DAY.match(text.strip()):
        return Literal(_convert(text.strip(), core_type("time", 6)), core_type("time", 6))
    day = day_literal(literal)
    return (
        day
        if isinstance(day.value, datetime)
        else Literal(datetime.combine(day.value, time()), datetime_of(0))
    )


def _adapt_date(literal: Literal, type: AttributeType) -> Literal:
    day = day_literal(literal)
    if isinstance(day.value, datetime) and day.value.time() == time():
        return Literal(day.value.date(), DATE)
    return day


def _adapt_datetime(literal: Literal, type: AttributeType) -> Literal:
    return Literal(_convert(_text(literal, "a datetime"), type), type)


def _adapt_value(literal: Literal, type: AttributeType) -> Literal:
    return Literal(_convert(_text(literal, f"a {type.family}"), type), type)


def json_literal(literal: Literal) -> Literal:
    """Return the document that a literal spells.

    Raises:
        Mismatch: A text is no JSON document.
    """
    value = literal.value
    if isinstance(value, str):
        try:
            return Literal(json.loads(value, parse_constant=_no_constant), JSON)
        except (ValueError, RecursionError):
            raise Mismatch(
                f"{value!r} is no JSON document; a JSON string needs its own double quotes"
            ) from None
    return Literal(float(value) if isinstance(value, Decimal) else value, JSON)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _text(literal: Literal, what: str) -> str:
    if not isinstance(literal.value, str):
        raise Mismatch(f"{text_of(literal)} is not {what}: dates and the like are written as text in quotes")
    return literal.value


def _convert(text: str, type: AttributeType) -> Any:
    from datamill.model.convert import convert_one

    try:
        return convert_one(type, text)
    except DataMillError as error:
        raise Mismatch(
            f"{text!r} is not of type {type}: {getattr(error, 'reason', None) or error}"
        ) from error


_ADAPTERS = {
    "bool": _adapt_bool,
    "text": _adapt_text,
    "enum": _adapt_enum,
    "date": _adapt_date,
    "datetime": _adapt_datetime,
    "time": _adapt_value,
    "uuid": _adapt_value,
    "bytes": _adapt_value,
}
