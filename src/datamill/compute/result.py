"""What populate returns."""

from __future__ import annotations

from typing import Any


class PopulateResult(dict[str, Any]):
    """Outcome of one `populate`: ``{"success_count": int, "error_list": [(key, error), ...]}``.

    Attributes:
        skipped: Keys that ended without a row of their own: computed meanwhile elsewhere, skipped, or empty.
        lost: Keys whose claim was lost to another worker.
        calls: Calls of ``make``.
        elapsed: Seconds.
    """

    def __init__(self) -> None:
        super().__init__(success_count=0, error_list=[])
        self.skipped = 0
        self.lost = 0
        self.calls = 0
        self.elapsed = 0.0

    def succeeded(self, count: int) -> None:
        """Count keys whose rows are committed."""
        self["success_count"] += count

    def failed(self, key: dict[str, Any], error: BaseException, as_object: bool) -> None:
        """Keep the error of a key."""
        self["error_list"].append((key, error if as_object else f"{type(error).__name__}: {error}"))

    def add(self, other: PopulateResult) -> None:
        """Add the outcome of another run."""
        self["success_count"] += other["success_count"]
        self["error_list"].extend(other["error_list"])
        self.skipped += other.skipped
        self.lost += other.lost
        self.calls += other.calls
        self.elapsed += other.elapsed
