"""Measuring two ways of doing one thing, side by side in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: seconds per unit of datamill, of the raw driver and of the peer, medians of turns."""

    name: str
    unit: str
    datamill: float
    raw: float | None
    target: str
    peer: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times longer datamill takes."""
        return None if not self.raw else self.datamill / self.raw


def seconds(action: Callable[[], object], count: int = 1) -> float:
    """Run an action and return the seconds per unit of work in it."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) / count


def pairs(first: Callable[[], float], second: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Measure two things in turn and return the medians."""
    one, two = in_turn(rounds, first, second)
    return one, two


def in_turn(rounds: int, *actions: Callable[[], float]) -> list[float]:
    """Measure things in turn, so that each meets the same load, and return the median of each."""
    measured = [[action() for action in actions] for _ in range(rounds)]
    return [statistics.median(times) for times in zip(*measured, strict=True)]


def show(rows: Iterable[Row], peer: Mapping[str, float] | None = None) -> str:
    """Return the table as text, with columns for the peer's figures (label -> seconds per unit) if there are any."""
    rows = list(rows)
    peer = {**(peer or {}), **{row.name: row.peer for row in rows if row.peer is not None}}
    titles = f"{'peer':>14}{'faster':>8}" if peer else ""
    lines = [f"{'operation':<44}{'datamill':>14}{'raw':>14}{'ratio':>8}{titles}   target", "-" * 122]
    for row in rows:
        raw = "" if row.raw is None else spell(row.raw)
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        theirs = peer.get(row.name)
        compared = "" if theirs is None else f"{spell(theirs):>14}{theirs / row.datamill:>7.1f}x"
        compared = f"{compared:>22}" if peer else ""
        lines.append(
            f"{row.name + ' / ' + row.unit:<44}{spell(row.datamill):>14}{raw:>14}{ratio:>8}{compared}   {row.target}"
        )
    return "\n".join(lines)


def spell(duration: float) -> str:
    """Return a duration with a fitting unit."""
    for limit, factor, unit in ((1e-3, 1e6, "us"), (1.0, 1e3, "ms")):
        if duration < limit:
            return f"{duration * factor:.2f} {unit}"
    return f"{duration:.2f} s"
