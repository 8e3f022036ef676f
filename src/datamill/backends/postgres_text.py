"""Texts as PostgreSQL takes them: statements in which ``%s`` becomes ``$1``, ``$2``, ..., and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

PLAIN_TEXT: dict[type, Callable[[Any], str]] = {
    int: int.__repr__,
    float: float.__repr__,
    bool: {True: "t", False: "f"}.__getitem__,
    Decimal: str,
    date: date.isoformat,
    datetime: datetime.isoformat,
    time: time.isoformat,
    UUID: str,
}
"""How values are written that need neither quotes nor escapes, alike in COPY and in array literals."""

_PIECES = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | %% | %s""", re.VERBOSE)


@lru_cache(maxsize=2048)
def numbered(sql: str) -> str:
    """Number the placeholders of a statement that has values to bind.

    ``%%`` is a percent sign, also within quotes; any other ``%`` is itself, and so is ``%s`` within quotes.

    Example:
        >>> numbered('SELECT "a%s" FROM t WHERE b %% 2 = %s AND c IN (%s, %s)')
        'SELECT "a%s" FROM t WHERE b % 2 = $1 AND c IN ($2, $3)'
    """
    return _replaced(sql, lambda place: f"${place + 1}")


def with_literals(sql: str, literals: Sequence[str]) -> str:
    """Write the literals of values where `numbered` would number them.

    Example:
        >>> with_literals("SELECT 7 %% %s, '%s'", ["4"])
        "SELECT 7 % 4, '%s'"
    """
    return _replaced(sql, literals.__getitem__)


def _replaced(sql: str, spell: Callable[[int], str]) -> str:
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        piece = match[0]
        if piece == "%s":
            count += 1
            return spell(count - 1)
        return piece.replace("%%", "%")

    return _PIECES.sub(replace, sql)
