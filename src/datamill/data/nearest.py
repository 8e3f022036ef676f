"""Existing keys that look like a missing one: what the user may have meant."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

MOST_SIMILAR = 3
LONGEST_COMPARED = 100
INFINITE = math.inf

Score = tuple[int, float, int]
"""Number of unequal attributes, distance, position."""


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
    return [[existing[index] for *_, index in _nearest(key, existing, limit)] for key in missing]


def _nearest(key: Mapping[str, Any], existing: Sequence[Mapping[str, Any]], limit: int) -> list[Score]:
    best: list[Score] = []
    for index, other in enumerate(existing):
        unequal = [name for name in key if key[name] != other[name]]
        bound = (len(unequal), INFINITE)
        if len(best) == limit:
            worst = best[-1]
            if len(unequal) > worst[0]:
                continue
            bound = (worst[0], worst[1]) if len(unequal) == worst[0] else bound
        distance = 0.0
        for name in unequal:
            distance += _distance(key[name], other[name], bound[1] - distance)
        if len(best) < limit or distance < bound[1]:
            insort(best, (len(unequal), distance, index))
            del best[limit:]
    return best


def _distance(one: Any, other: Any, bound: float) -> float:
    if isinstance(one, Number) and isinstance(other, Number):
        return abs(float(one) - float(other))  # type: ignore[arg-type]
    if not isinstance(one, str):
        try:
            return abs(float((one - other).total_seconds()))
        except (TypeError, AttributeError):
            one = str(one)
    return edit_distance(one[:LONGEST_COMPARED], str(other)[:LONGEST_COMPARED], bound)


def edit_distance(one: str, other: str, bound: float = INFINITE) -> float:
    """Return how many insertions, deletions and replacements of characters turn one text into the other.

    Args:
        one: A text.
        other: Another.
        bound: Distances from here on are not told apart: infinity is returned for them.

    Example:
        >>> edit_distance("R-0O7", "R-007"), edit_distance("abc", "xyz", bound=2)
        (1, inf)
    """
    if abs(len(one) - len(other)) >= bound:
        return INFINITE
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        diagonal, row[0] = row[0], index
        for column, theirs in enumerate(other, 1):
            best = diagonal if letter == theirs else 1 + min(diagonal, row[column], row[column - 1])
            diagonal, row[column] = row[column], best
        if min(row) >= bound:
            return INFINITE
    return row[-1]
