"""Statements as PostgreSQL takes them: ``%s`` becomes ``$1``, ``$2``, ..."""

from __future__ import annotations

import re
from functools import lru_cache

_PIECES = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | %% | %s""", re.VERBOSE)


@lru_cache(maxsize=2048)
def numbered(sql: str) -> str:
    """Number the placeholders of a statement that has values to bind.

    ``%%`` is a percent sign, also within quotes; any other ``%`` is itself, and so is ``%s`` within quotes.

    Example:
        >>> numbered('SELECT "a%s" FROM t WHERE b %% 2 = %s AND c IN (%s, %s)')
        'SELECT "a%s" FROM t WHERE b % 2 = $1 AND c IN ($2, $3)'
    """
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        piece = match[0]
        if piece == "%s":
            count += 1
            return f"${count}"
        return piece.replace("%%", "%")

    return _PIECES.sub(replace, sql)
