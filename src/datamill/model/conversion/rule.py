"""What a conversion rule is, and how it refuses a value."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Note = Callable[[str], None]
"""Called by a conversion that loses precision, with what was done: "was rounded to 3 digits"."""

Column = Callable[[list[Any]], list[Any] | None]
"""Converts a column without None at once; returns None, or raises `Refusal`, if some value needs a closer look."""

Columns = Mapping[frozenset[type], Column]
"""For sets of Python types, how a column of exactly these is converted."""


class Refusal(Exception):  # noqa: N818 - a signal between the rules and `datamill.model.convert`
    """A value does not fit.

    Args:
        reason: Why, as the end of a sentence.
        hint: What to do about it.
        wrong_kind: True if the value is no number, no time... at all; False if it is of the right kind but cannot
            occur: out of range, too long, no member, of too many digits.
    """

    def __init__(self, reason: str, hint: str | None = None, *, wrong_kind: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.wrong_kind = wrong_kind


@dataclass(frozen=True, slots=True)
class Rule:
    """How values of one type are converted.

    Fields:
        each: Converts one value that is not missing; raises `Refusal`.
        columns: For sets of Python types, how a column of exactly these is converted.
        is_number: Whether ``''`` stands for NULL.
    """

    each: Callable[[Any, Note], Any]
    columns: Columns = field(default_factory=dict)
    is_number: bool = False


def of(*types: type) -> frozenset[type]:
    """Return a key of `Rule.columns`."""
    return frozenset(types)


def unchanged(column: list[Any]) -> list[Any]:
    """Return a column whose values are as they should be."""
    return column


def from_texts(pattern: re.Pattern[str], read: Callable[[str], Any], then: Column) -> Column:
    """Return what reads a column of texts and goes on with the values.

    Args:
        pattern: Plain texts, each with a line break, as programs write them; others need a closer look.
        read: Reads one; raises ValueError if it is none.
        then: Converts the column of values.
    """

    def fast(column: list[Any]) -> list[Any] | None:
        lines = "\n".join(column) + "\n"
        if lines.count("\n") != len(column) or not pattern.fullmatch(lines):
            return None
        try:
            return then(list(map(read, column)))
        except ValueError:
            return None

    return fast


def wrong_kind(value: object, expected: str, hint: str | None = None) -> Refusal:
    """Return the refusal of a value that is of another kind altogether."""
    return Refusal(f"{type(value).__name__} is not {expected}", hint, wrong_kind=True)


_LONGEST_INT_BITS = 400


class _Short(reprlib.Repr):
    """Short texts that never write out the digits of huge integers, which Python refuses to do."""

    def repr_int(self, x: int, level: int) -> str:
        """Return the text of an integer, wherever it stands in the value."""
        if x.bit_length() > _LONGEST_INT_BITS:
            return f"an integer of {x.bit_length()} bits"
        return super().repr_int(x, level)


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def show(value: object) -> str:
    """Return a short text for a value in a message.

    Example:
        >>> show("x" * 100)
        "'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
    """
    return _SHORT.repr(value)
