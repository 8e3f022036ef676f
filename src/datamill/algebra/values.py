"""Values of conditions, converted to the types of the attributes they are compared with.

A value that the attribute cannot hold (too long, out of range, no member of the enum) equals nothing; only a value
of the wrong kind is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from datamill.algebra.expression.collations import warn_of_collation
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.convert import CANNOT_OCCUR, convert_restriction
from datamill.model.types import KINDS, AttributeType

IMPOSSIBLE: Final = CANNOT_OCCUR
"""Stands for a value that no row can hold."""

Value = Any
"""A canonical value, None for NULL, or `IMPOSSIBLE`."""


def condition_value(attribute: Attribute, value: Any) -> Value:
    """Convert one value that an attribute is compared with.

    Raises:
        InvalidValueError: The value is of the wrong kind.
        DataMillError: The attribute cannot be compared.
    """
    warn_of_collation(attribute)
    type_ = attribute.stored
    quick = _QUICK.get((attribute.type.kind, type(value)))
    if quick is not None and quick(type_, value):
        return value
    check_restrictable(attribute)
    return convert_restriction(type_, value, attribute=attribute.name)


def condition_values(attribute: Attribute, values: Sequence[Any]) -> list[Value]:
    """Convert many values at once.

    Raises:
        InvalidValueError: A value is of the wrong kind.
        DataMillError: The attribute cannot be compared.
    """
    warn_of_collation(attribute)
    kinds = set(map(type, values))
    quick = _QUICK.get((attribute.type.kind, next(iter(kinds)))) if len(kinds) == 1 else None
    if quick is not None and all(quick(attribute.stored, value) for value in values):
        return list(values)
    check_restrictable(attribute)
    return [convert_restriction(attribute.stored, value, attribute=attribute.name) for value in values]


def check_restrictable(attribute: Attribute) -> None:
    """Refuse attributes that conditions cannot compare.

    Raises:
        DataMillError: It is one of a codec.
    """
    if attribute.is_codec:
        raise DataMillError(
            f"The attribute {attribute.name!r} is a {attribute.type} and cannot be used in a condition.",
            hint="Restrict by other attributes, then compare the fetched values in Python.",
        )


def _fits_range(type_: AttributeType, value: int) -> bool:
    low, high = _RANGES[type_.kind]
    return low <= value <= high


def _fits_length(type_: AttributeType, value: str) -> bool:
    return value.isascii() and len(value) <= type_.args[0] and "\0" not in value


def _is_member(type_: AttributeType, value: str) -> bool:
    return value in type_.args


def _is_canonical(type_: AttributeType, value: Any) -> bool:
    return True


_RANGES: Final = {
    kind.name: (kind.low, kind.high)
    for kind in KINDS.values()
    if kind.low is not None and kind.high is not None
}
_QUICK: Final[dict[tuple[str, type], Callable[[AttributeType, Any], bool]]] = {
    **{(name, int): _fits_range for name in _RANGES},
    ("varchar", str): _fits_length,
    ("enum", str): _is_member,
    ("date", date): _is_canonical,
    ("uuid", UUID): _is_canonical,
    ("bool", bool): _is_canonical,
}
"""Kind and Python type -> whether a value is canonical already; others take the slower way."""
