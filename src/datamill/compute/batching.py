"""How many jobs a worker claims at once: enough to work for two seconds, few enough to leave some for others."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS_PER_CLAIM = 2.0
MOST_PER_CLAIM = 256
SHARE = 4
"""A claim takes at most a quarter of a worker's fair share of what is pending."""


@dataclass(slots=True)
class Batching:
    """Adapts the size of claims to how long keys take.

    Fields:
        wanted: Jobs that would take about two seconds.

    Example:
        >>> batching = Batching()
        >>> batching.size(pending=10_000, workers=2)
        1
        >>> batching.worked(keys=1, seconds=0.01)
        >>> batching.size(pending=10_000, workers=2)
        4
    """

    wanted: int = 1

    def worked(self, keys: int, seconds: float) -> None:
        """Learn from a batch: so many keys took so many seconds. A size at most quadruples."""
        if keys:
            fitting = int(SECONDS_PER_CLAIM * keys / max(seconds, 1e-9))
            self.wanted = max(1, min(fitting, self.wanted * 4, MOST_PER_CLAIM))

    def size(self, pending: int, workers: int) -> int:
        """Return how many jobs to claim next.

        Args:
            pending: Jobs that wait; need not be exact beyond what `enough` asks for.
            workers: Workers that live, this one included.
        """
        return max(1, min(self.wanted, pending // (SHARE * max(1, workers))))

    def enough(self, workers: int) -> int:
        """Return the number of pending jobs beyond which more do not matter."""
        return self.wanted * SHARE * max(1, workers)
