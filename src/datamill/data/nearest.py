"""Existing keys that look like a missing one: what the user may have meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import nsmallest
from numbers import Number
from typing import Any

MOST_SIMILAR = 3


def nearest_keys(
    missing: Sequence[Mapping[str, Any]], existing: Sequence[dict[str, Any]], limit: int = MOST_SIMILAR
) -> list[list[dict[str, Any]]]:
    """Return, for each missing key, the existing keys most like it.

    First come those with most equal attributes, then those with the smallest distance in the others: numbers by
    difference, texts by edit distance.

    Args:
        missing: Keys that do not exist.
        existing: Keys that do.
        limit: How many to return for each.

    Example:
        >>> nearest_keys([{"run": "R-0O7"}], [{"run": "R-007"}, {"run": "R-100"}, {"run": "S-9"}], 1)
        [[{'run': 'R-007'}]]
    """
    return [nsmallest(limit, existing, key=lambda other: _difference(key, other)) for key in missing]


def _difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[int, float, str]:
    unequal = [name for name in one if one[name] != other[name]]
    return len(unequal), sum(_distance(one[name], other[name]) for name in unequal), str(other)


def _distance(one: Any, other: Any) -> float:
    if isinstance(one, Number) and isinstance(other, Number):
        return abs(float(one) - float(other))  # type: ignore[arg-type]
    try:
        span = one - other
    except TypeError:
        return edit_distance(str(one), str(other))
    seconds = getattr(span, "total_seconds", None)
    return abs(float(seconds())) if seconds is not None else edit_distance(str(one), str(other))


def edit_distance(one: str, other: str) -> int:
    """Return how many insertions, deletions and replacements of characters turn one text into the other.

    Example:
        >>> edit_distance("R-0O7", "R-007")
        1
    """
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    if not one or not other:
        return max(len(one), len(other))
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        diagonal, row[0] = row[0], index
        for column, theirs in enumerate(other, 1):
            replaced = diagonal + (letter != theirs)
            diagonal = row[column]
            row[column] = min(replaced, row[column] + 1, row[column - 1] + 1)
    return row[-1]
