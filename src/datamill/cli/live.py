"""The live display of a running pipeline: for each table what is done, failed, how fast, and how long it will take."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.live import Live
from rich.table import Table

from datamill.errors import DataMillError

if TYPE_CHECKING:
    from datamill.api.running import Runner

SECONDS_BETWEEN_LOOKS = 1.0


class LiveTable:
    """A table on the terminal that follows a runner."""

    def __init__(self) -> None:
        self._current = ""
        self._failed: dict[str, int] = {}
        self._rows: dict[str, dict[str, int]] = {}
        self._first: dict[str, tuple[float, int]] = {}
        self._last: dict[str, tuple[float, int]] = {}
        self._stop = threading.Event()

    def on_event(self, event: dict[str, Any]) -> None:
        """Take an event of the runner."""
        if event["event"] == "start":
            self._current = event["table"]
        elif event["event"] == "done":
            self._failed[event["table"]] = self._failed.get(event["table"], 0) + event["errors"]
            self._current = ""
        elif event["event"] == "wait":
            self._current = ""

    @contextmanager
    def watching(self, runner: Runner) -> Iterator[None]:
        """Show the runner's tables while the block runs."""
        with Live(get_renderable=self.render, refresh_per_second=4) as live:
            thread = threading.Thread(target=self._look, args=(runner,), name="datamill-display", daemon=True)
            thread.start()
            try:
                yield
            finally:
                self._stop.set()
                thread.join()
                self._update(runner)
                live.refresh()

    def _look(self, runner: Runner) -> None:
        while not self._stop.is_set():
            self._update(runner)
            self._stop.wait(SECONDS_BETWEEN_LOOKS)

    def _update(self, runner: Runner) -> None:
        try:
            rows = runner.progress()
        except DataMillError:
            return  # the database is busy or gone; the runner says so itself
        now = time.monotonic()
        for table, row in rows.items():
            done = row["total"] - row["remaining"]
            self._first.setdefault(table, (now, done))
            if self._last.get(table, (0.0, -1))[1] != done:
                self._last[table] = (now, done)
        self._rows = rows

    def render(self) -> Table:
        """Draw the table."""
        table = Table("", "table", box=None)
        for name in ("done", "of", "running", "failed", "rate", "left"):
            table.add_column(name, justify="right")
        for name, row in self._rows.items():
            done = row["total"] - row["remaining"]
            rate = self._rate(name)
            to_do = row["remaining"] - row["error"] - row["ignore"]
            left = _span(to_do / rate) if rate and to_do > 0 else ""
            failed = max(row["error"], self._failed.get(name, 0))
            sign = ">" if name == self._current else ("*" if not row["remaining"] else "")
            shown = f"{rate:.1f}/s" if rate else ""
            table.add_row(
                sign, name, str(done), str(row["total"]), str(row["reserved"]), str(failed), shown, left
            )
        return table

    def _rate(self, name: str) -> float:
        """Keys per second, from the first look to the last one that found more."""
        (begun, first), (ended, last) = self._first[name], self._last[name]
        return (last - first) / (ended - begun) if ended > begun else 0.0


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
