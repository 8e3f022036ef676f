"""Types of expressions: what results have, and what type several values have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from datamill.model.types import AttributeType, core_type, parse_type

BOOL: Final = parse_type("bool")
INT: Final = parse_type("int64")
UINT: Final = parse_type("uint64")
FLOAT: Final = parse_type("float64")
DECIMAL: Final = core_type("decimal", 65, 30)
TEXT: Final = AttributeType("text", "text")
DATE: Final = parse_type("date")
JSON: Final = parse_type("json")
BYTES: Final = parse_type("bytes")
UNKNOWN: Final = AttributeType("unknown", "opaque")
"""Type of NULL and of functions that the language does not know: it goes with everything."""

UNDECIDED: Final = AttributeType("number", "decimal", (65, 30))
"""Type of a literal such as ``1.5`` until it stands beside something: decimal beside a decimal, else float64."""

NUMERIC: Final = frozenset(("integer", "decimal", "float"))


class Mismatch(Exception):  # noqa: N818 - it never leaves this package: the resolver adds text and position
    """A value is of the wrong kind for its place."""


def datetime_of(digits: int) -> AttributeType:
    """Return ``datetime(digits)``."""
    return core_type("datetime", digits)


def digits_of(type: AttributeType) -> int:
    """Return the digits of the second that a datetime or time keeps; a date keeps none."""
    return int(type.args[0]) if type.family in ("datetime", "time") and type.args else 0


def numeric_result(types: Iterable[AttributeType]) -> AttributeType:
    """Return the type of arithmetic: float64 beats decimal beats integers.

    Example:
        >>> str(numeric_result([parse_type("int8"), parse_type("decimal(6,2)")]))
        'decimal(65,30)'
    """
    given = [item for item in types if item.family != "opaque"]
    families = {item.family for item in given}
    if "float" in families or "json" in families:
        return FLOAT
    if any(item is UNDECIDED for item in given):
        return DECIMAL if any(item.family == "decimal" and item is not UNDECIDED for item in given) else FLOAT
    if "decimal" in families:
        return DECIMAL
    if given and all(item.kind == "uint64" for item in given):
        return UINT
    return INT if given else UNKNOWN


def common_type(types: Iterable[AttributeType]) -> AttributeType:
    """Return the type to which all values can be brought.

    Raises:
        Mismatch: There is none.
    """
    given = [item for item in types if item.family != "opaque"]
    if not given:
        return UNKNOWN
    if all(item == given[0] for item in given) and given[0].kind != "enum":
        return FLOAT if given[0] is UNDECIDED else given[0]
    families = {item.family for item in given}
    if families <= {*NUMERIC, "bool", "json"}:
        return _common_number(given, families)
    families.discard("json")
    if families <= {"text", "enum"}:
        return TEXT
    if families <= {"date", "datetime"}:
        return datetime_of(max(map(digits_of, given)))
    if families == {"time"}:
        return core_type("time", max(map(digits_of, given)))
    if len(families) == 1:
        return next(item for item in given if item.family in families)
    raise Mismatch(f"{_list(given)} have no type in common: use CAST")


def _common_number(given: list[AttributeType], families: set[str]) -> AttributeType:
    if families == {"bool"}:
        return BOOL
    if families == {"json"}:
        return JSON
    if families == {"bool", "json"}:
        return BOOL
    if families == {"float"} and all(item.kind == "float32" for item in given):
        return given[0]
    plain = [INT if item.family == "bool" else item for item in given]
    result = numeric_result(plain)
    mixed = result == INT and any(item.kind == "uint64" for item in plain)
    return DECIMAL if mixed else result


def _list(types: list[AttributeType]) -> str:
    names = list(dict.fromkeys(item.text for item in types))
    return " and ".join((", ".join(names[:-1]), names[-1]) if len(names) > 1 else names)
