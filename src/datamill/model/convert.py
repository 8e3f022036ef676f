"""The one client-side conversion: from what users give to the canonical Python value of a type.

It serves inserts, updates, defaults and restrictions, so that a row is found by the value it was inserted with.
Columns of the right Python type pass with one check for the whole column; only others are looked at value by value.

Canonical values: int, float, Decimal (with the scale of the type), bool, str, date, naive UTC datetime, time, UUID,
JSON documents of dict, list, str, int, float, bool and None, and bytes. A float32 is the shortest decimal that
restores it. NULL is None.

Example:
    >>> from datamill.model.types import parse_type
    >>> convert_column(parse_type("uint8"), [1, "2", 3.0, None])
    [1, 2, 3, None]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from datamill.errors import InvalidValueError, PrecisionWarning, warn_user
from datamill.model.conversion import numbers, text, times
from datamill.model.conversion.numbers import shortest_float32
from datamill.model.conversion.rule import Note, Refusal, Rule, show
from datamill.model.conversion.text import json_text
from datamill.model.types import AttributeType

__all__ = [
    "CANNOT_OCCUR",
    "convert_column",
    "convert_one",
    "convert_restriction",
    "converter",
    "is_missing",
    "is_nan",
    "json_text",
    "shortest_float32",
    "without_missing",
]

Converter = Callable[[Iterable[Any]], list[Any]]
OnLoss = Callable[[Any, str], None]
"""Takes a value that lost precision, and what was done to it: ``was rounded to seconds``."""


class _CannotOccur(Enum):
    CANNOT_OCCUR = "a value that cannot occur"


CANNOT_OCCUR: Final = _CannotOccur.CANNOT_OCCUR
"""What `convert_restriction` returns for values that no row can have."""

_RULES: Final[dict[str, Callable[[AttributeType], Rule]]] = {
    "integer": numbers.integer_rule,
    "decimal": numbers.decimal_rule,
    "bool": numbers.bool_rule,
    "text": text.text_rule,
    "enum": text.enum_rule,
    "uuid": text.uuid_rule,
    "json": text.json_rule,
    "bytes": text.bytes_rule,
    "date": times.date_rule,
    "datetime": times.datetime_rule,
    "time": times.time_rule,
    "opaque": lambda type: Rule(lambda value, note: value),
}
_FLOATS: Final = {"float32": numbers.float32_rule, "float64": numbers.float64_rule}
_NONE: Final = type(None)
_NEVER_MISSING: Final = frozenset((int, float, str, bool, bytes))


@lru_cache(maxsize=4096)
def _rule(type: AttributeType) -> Rule:
    make = _FLOATS.get(type.kind) or _RULES.get(type.family)
    if make is None:
        raise ValueError(f"{type} is not a stored type; resolve its codec first.")
    return make(type)


def converter(
    type: AttributeType,
    *,
    nullable: bool = True,
    attribute: str | None = None,
    on_loss: OnLoss | None = None,
) -> Converter:
    """Return the function that converts columns to a type.

    Args:
        type: A core type or a native; for codecs the type in which they store.
        nullable: Whether NaN, and ``''`` for numbers, become None; otherwise they are refused. None itself, NA and
            NaT always become None.
        attribute: Name for messages.
        on_loss: Called for each column with the first value that loses subseconds or a time of day; None: warn.

    Returns:
        A function of a column (list, tuple, 1-D array or other iterable), returning a list of canonical values.
        It raises InvalidValueError with ``attribute``, ``value``, ``reason`` and ``row_index`` (position in the
        column), and warns with PrecisionWarning, once for the column, where subseconds or a time of day are lost.

    Example:
        >>> from datamill.model.types import parse_type
        >>> converter(parse_type("float32"))([0.1, float("nan")])
        [0.1, None]
    """
    rule = _rule(type)

    def convert(values: Iterable[Any]) -> list[Any]:
        column = values if isinstance(values, list) else _as_list(values, type)
        quick = _convert_quickly(rule, column)
        return (
            quick if quick is not None else _ByValue(rule, type, nullable, attribute, on_loss).convert(column)
        )

    return convert


def convert_column(
    type: AttributeType,
    values: Iterable[Any],
    *,
    nullable: bool = True,
    attribute: str | None = None,
    on_loss: OnLoss | None = None,
) -> list[Any]:
    """Convert one column; see `converter`.

    Raises:
        InvalidValueError: A value does not fit.
    """
    return converter(type, nullable=nullable, attribute=attribute, on_loss=on_loss)(values)


def convert_one(
    type: AttributeType, value: Any, *, nullable: bool = True, attribute: str | None = None
) -> Any:
    """Convert one value, as for a default or an update; see `converter`.

    Raises:
        InvalidValueError: The value does not fit.

    Example:
        >>> from datamill.model.types import parse_type
        >>> convert_one(parse_type("date"), "2024-1-5")
        datetime.date(2024, 1, 5)
    """
    return converter(type, nullable=nullable, attribute=attribute)([value])[0]


def convert_restriction(type: AttributeType, value: Any, *, attribute: str | None = None) -> Any:
    """Convert a value that an attribute is compared with.

    Returns:
        The canonical value; None for NULL (None, NaN, NaT, NA); `CANNOT_OCCUR` if the value is of the right kind but
        no row can have it: out of range, too long, no member of the enum.

    Raises:
        InvalidValueError: The value is of the wrong kind, such as text that is no number for an integer.

    Example:
        >>> from datamill.model.types import parse_type
        >>> convert_restriction(parse_type("uint8"), 300)
        <_CannotOccur.CANNOT_OCCUR: 'a value that cannot occur'>
    """
    try:
        return _ByValue(_rule(type), type, True, attribute).one(value)
    except Refusal as refusal:
        if not refusal.wrong_kind:
            return CANNOT_OCCUR
        raise _invalid(refusal, value, type, attribute) from None


def is_missing(value: Any) -> bool:
    """Return whether a value says that there is none: None, ``pandas.NA``, NaT of pandas or numpy. NaN does not.

    Example:
        >>> is_missing(None), is_missing(float("nan"))
        (True, False)
    """
    if value is None:
        return True
    name = type(value).__name__
    if name in ("datetime64", "timedelta64"):
        return bool(value != value)
    return name in ("NAType", "NaTType")


def without_missing(values: Iterable[Any]) -> list[Any]:
    """Return a column with None for whatever `is_missing`.

    Example:
        >>> without_missing([1, None])
        [1, None]
    """
    column = list(values)
    if _NEVER_MISSING.issuperset(set(map(type, column)) - {_NONE}):
        return column
    return [None if is_missing(value) else value for value in column]


def _convert_quickly(rule: Rule, column: list[Any]) -> list[Any] | None:
    """Convert a column whose values are all of the types that the rule takes as they are; None if they are not."""
    kinds = set(map(type, column))
    has_null = _NONE in kinds
    kinds.discard(_NONE)
    if not kinds:
        return list(column)
    at_once = rule.columns.get(frozenset(kinds))
    if at_once is None:
        return None
    present = [value for value in column if value is not None] if has_null else column
    try:
        converted = at_once(present)
    except Refusal:
        return None
    if converted is None or not has_null:
        return list(converted) if converted is column else converted
    following = iter(converted)
    return [None if value is None else next(following) for value in column]


class _ByValue:
    """Conversion value by value, which finds the row at fault.

    Args:
        rule: How to convert a value.
        type: The type, for messages.
        nullable: Whether NaN becomes None.
        attribute: Name for messages, or None.
        on_loss: Called with a value that loses something, and what; None: warn.
    """

    def __init__(
        self,
        rule: Rule,
        type: AttributeType,
        nullable: bool,
        attribute: str | None,
        on_loss: OnLoss | None = None,
    ) -> None:
        self.rule = rule
        self.type = type
        self.nullable = nullable
        self.attribute = attribute
        self.on_loss = on_loss
        self.losses: list[str] = []

    def convert(self, column: list[Any]) -> list[Any]:
        """Return the converted column."""
        note: Note = self.losses.append
        results: list[Any] = []
        lossy: list[int] = []
        for index, value in enumerate(column):
            before = len(self.losses)
            try:
                results.append(self._value(value, note))
            except Refusal as refusal:
                raise _invalid(refusal, value, self.type, self.attribute, index) from None
            if len(self.losses) > before:
                lossy.append(index)
        if lossy:
            self._warn(column[lossy[0]], lossy[0], len(lossy))
        return results

    def one(self, value: Any) -> Any:
        """Return the converted value; raise Refusal."""
        result = self._value(value, self.losses.append)
        if self.losses:
            self._warn(value, None, 1)
        return result

    def _value(self, value: Any, note: Note) -> Any:
        if is_missing(value):
            return None
        plain = _unwrap(value)
        if self._is_null(plain):
            if not self.nullable:
                raise Refusal("it is no value, and the attribute does not allow NULL")
            return None
        return self.rule.each(plain, note)

    def _is_null(self, value: Any) -> bool:
        if isinstance(value, str):
            return self.rule.is_number and not value.strip()
        return is_nan(value)

    def _warn(self, value: Any, index: int | None, count: int) -> None:
        if self.on_loss is not None:
            self.on_loss(value, self.losses[0])
            return
        place = "" if index is None else f" in row {index}"
        more = f" ({count} values in all)" if count > 1 else ""
        target = f"{self.attribute!r} of type {self.type}" if self.attribute else f"type {self.type}"
        message = f"{show(value)}{place}{more} {self.losses[0]} to fit {target}."
        warn_user(message, PrecisionWarning)


def is_nan(value: Any) -> bool:
    """Return whether a value is a NaN of any number type.

    Example:
        >>> is_nan(float("nan")), is_nan(1)
        (True, False)
    """
    kind = type(value)
    if kind.__name__ == "Decimal":
        return bool(value.is_nan())
    is_float = isinstance(value, float) or (kind.__module__ == "numpy" and kind.__name__.startswith("float"))
    return is_float and bool(value != value)


def _unwrap(value: Any) -> Any:
    """Return the Python value of a numpy scalar where it is the same, else the value itself."""
    if type(value).__module__ != "numpy" or getattr(value, "shape", None) != ():
        return value
    return value.item() if value.dtype.kind in "biuUSO" else value[()]


def _as_list(values: Iterable[Any], type: AttributeType) -> list[Any]:
    """Return a column as a list; arrays become Python values where nothing is lost by it."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(values, numpy.ndarray):
        return list(values)
    return _array_as_list(values, type)


def _array_as_list(array: Any, type: AttributeType) -> list[Any]:
    kind = array.dtype.kind
    is_plain = kind in "biuUO" or array.dtype.str[1:] == "f8" or (kind == "f" and type.family == "float")
    if kind == "M" and type.family in ("date", "datetime"):
        whole = array.astype("M8[us]")
        is_plain = bool(((whole == array) | (array != array)).all())
        array = whole if is_plain else array
    values: list[Any] = array.tolist() if is_plain else list(array)
    return values


def _invalid(
    refusal: Refusal, value: Any, type: AttributeType, attribute: str | None, index: int | None = None
) -> InvalidValueError:
    target = f"{attribute!r} of type {type}" if attribute else f"type {type}"
    error = InvalidValueError(
        f"{show(value)} does not fit {target}: {refusal.reason}.",
        hint=refusal.hint,
        attribute=attribute,
        value=value,
        reason=refusal.reason,
    )
    error.row_index = index
    return error
