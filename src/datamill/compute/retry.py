"""When a failed key is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from datamill.errors import DataMillError, LostConnectionError, UpstreamChangedError, require

TRANSIENT_ATTEMPTS = 3
"""Attempts that failures get which are nobody's fault, whatever the policy."""


def is_transient(error: BaseException) -> bool:
    """True for lost connections, deadlocks and inputs that changed meanwhile: a repeat may well succeed."""
    return isinstance(error, LostConnectionError | UpstreamChangedError) or bool(
        getattr(error, "is_retryable", False)
    )


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and when, a failed key of reserved mode is tried again; a class attribute ``retry`` of the table.

    Args:
        attempts: Attempts in all, the first included; 1 means no second one.
        on: Exception class, or tuple of classes, that deserve another attempt.
        backoff: Seconds before the second attempt.
        factor: Each further wait is so many times longer.
        cap: Longest wait in seconds.
        jitter: Share of the wait by which it varies at random, so that workers do not return all at once.

    Raises:
        DataMillError: A number makes no sense.

    Example:
        >>> Retry(attempts=3, on=OSError, jitter=0).wait(1, OSError("busy"))
        10.0
        >>> Retry(attempts=3, on=OSError).wait(1, ValueError("no")) is None
        True
    """

    attempts: int = 1
    on: type[BaseException] | tuple[type[BaseException], ...] = Exception
    backoff: float = 10
    factor: float = 2
    cap: float = 3600
    jitter: float = 0.2

    def __post_init__(self) -> None:
        for name in ("attempts", "backoff", "factor", "cap", "jitter"):
            require(getattr(self, name), (int, float), f"{name} must be a number")
        if (
            self.attempts < 1
            or self.backoff < 0
            or self.factor < 1
            or self.cap < 0
            or not 0 <= self.jitter <= 1
        ):
            raise DataMillError(
                f"{self!r} makes no sense.",
                hint="attempts and factor are at least 1, backoff and cap at least 0, jitter between 0 and 1.",
            )

    def wait(
        self, failures: int, error: BaseException, chance: Callable[[], float] = random.random
    ) -> float | None:
        """Return the seconds until the next attempt; None if there is none.

        Args:
            failures: Attempts that have failed, this one included.
            error: Why this one failed.
            chance: Gives a number from 0 to 1.
        """
        if failures < self.attempts and isinstance(error, self.on):
            wait = min(self.cap, self.backoff * self.factor ** (failures - 1))
            return wait * (1 + self.jitter * (2 * chance() - 1))
        return 0.0 if failures < TRANSIENT_ATTEMPTS and is_transient(error) else None
