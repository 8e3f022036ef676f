"""Aggregates that SQLite lacks. Each is also a window function: rows may leave again."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Context, Decimal
from typing import Any

from datamill.backends.sqlite_numbers import compare_decimals

_CONTEXT = Context(prec=100)


class DecimalSum:
    """The exact sum of decimals kept as text."""

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.count = 0

    def step(self, value: Any) -> None:
        """Take a row in."""
        if value is not None:
            self.total = _CONTEXT.add(self.total, Decimal(value))
            self.count += 1

    def inverse(self, value: Any) -> None:
        """Let a row go."""
        if value is not None:
            self.total = _CONTEXT.subtract(self.total, Decimal(value))
            self.count -= 1

    def value(self) -> str | None:
        """Return the sum of the rows taken in, None without any."""
        return format(self.total, "f") if self.count else None

    final = value


class Spread:
    """Mean and squared deviations in one pass, by Welford's recurrence."""

    def __init__(self, sample: int, root: bool) -> None:
        self.sample = sample
        self.root = root
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0

    def step(self, value: Any) -> None:
        """Take a row in."""
        if value is None:
            return
        self.count += 1
        delta = value - self.mean
        self.mean += delta / self.count
        self.squares += delta * (value - self.mean)

    def inverse(self, value: Any) -> None:
        """Let a row go."""
        if value is None:
            return
        self.count -= 1
        if self.count == 0:
            self.mean = self.squares = 0.0
            return
        delta = value - self.mean
        self.mean -= delta / self.count
        self.squares -= delta * (value - self.mean)

    def value(self) -> float | None:
        """Return variance or deviation, None for too few rows."""
        divisor = self.count - self.sample
        if divisor <= 0:
            return None
        variance = max(self.squares, 0.0) / divisor
        return math.sqrt(variance) if self.root else variance

    final = value


class DistinctConcat:
    """Distinct texts joined in order."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.separator = ","
        self.descending = False

    def step(self, text: Any, separator: str, descending: int) -> None:
        """Take a row in."""
        if text is not None:
            self.seen[text] += 1
            self.separator, self.descending = separator, bool(descending)

    def final(self) -> str | None:
        """Return the texts joined, None without any."""
        return self.separator.join(sorted(self.seen, reverse=self.descending)) if self.seen else None


__all__ = ["DecimalSum", "DistinctConcat", "Spread", "compare_decimals"]
