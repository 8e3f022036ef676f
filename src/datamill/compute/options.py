"""How to populate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from datamill.compute.records import Stamp
from datamill.compute.resources import Resources
from datamill.compute.target import Target
from datamill.errors import DataMillError, DataMillWarning, warn_user

ORDERS = ("original", "reverse", "random")


@dataclass(frozen=True, slots=True)
class Options:
    """How to populate; see `datamill.Computed.populate`."""

    suppress_errors: bool = False
    return_exception_objects: bool = False
    max_calls: int | None = None
    limit: int | None = None
    order: str = "original"
    display_progress: bool = False
    keys: Sequence[dict[str, Any]] | None = None
    make_kwargs: dict[str, Any] = field(default_factory=dict)
    reserve_jobs: bool = False
    priority: int | None = None
    refresh: bool | None = None
    stamp: Stamp | None = None
    capacity: Resources | None = None

    @property
    def most(self) -> int | None:
        """Keys at the most; None for all."""
        bounds = [bound for bound in (self.limit, self.max_calls) if bound is not None]
        return min(bounds) if bounds else None

    def check(self, target: Target) -> None:
        """Refuse what cannot be.

        Raises:
            DataMillError: A transaction is open, this is inside a make, or an option is no choice.
        """
        if target.connection.observer is not None:
            raise DataMillError(
                "populate was called inside a make.", hint="Populate the tables one after another."
            )
        if target.connection.in_transaction:
            raise DataMillError(
                "populate was called inside a transaction.", hint="Leave the transaction first."
            )
        if self.order not in ORDERS:
            raise DataMillError(
                f"order={self.order!r} is no choice.", hint=f"Choose from {', '.join(ORDERS)}."
            )
        if self.priority is not None and not self.reserve_jobs:
            warn_user("priority has no meaning without reserve_jobs=True.", DataMillWarning)
