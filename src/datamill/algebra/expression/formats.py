"""The formats of DATE_FORMAT and STR_TO_DATE."""

from __future__ import annotations

from collections.abc import Iterator

from datamill.algebra.expression.kinds import Mismatch

DATE_MARKS = frozenset("YymcdeMbWaj")
CLOCK_MARKS = frozenset("HhisfpI")
_MARKS = frozenset("YymcdeHhisfpMbWaj%")


def format_pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Split a format into marks (True, letter) and plain text (False, text).

    Raises:
        Mismatch: A mark is unknown.

    Example:
        >>> list(format_pieces("%Y at %H"))
        [(True, 'Y'), (False, ' at '), (True, 'H')]
    """
    plain = ""
    position = 0
    while position < len(text):
        letter = text[position]
        if letter != "%":
            plain += letter
            position += 1
            continue
        mark = text[position + 1 : position + 2]
        if mark not in _MARKS or not mark:
            known = " ".join(f"%{item}" for item in sorted(_MARKS))
            raise Mismatch(f"'%{mark}' is no part of a date format; there are {known}")
        if mark == "%":
            plain += "%"
        else:
            if plain:
                yield False, plain
                plain = ""
            yield True, mark
        position += 2
    if plain:
        yield False, plain
