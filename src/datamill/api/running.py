"""`dm.Runner`: populate a whole pipeline in dependency order, once or for as long as there may be something to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from datamill.api.pipeline import Pipeline
from datamill.compute import PopulateResult
from datamill.compute.watch import SECONDS_BETWEEN_LOOKS, Watch
from datamill.settings.log import logger

if TYPE_CHECKING:
    from datamill.api.populating import AutoPopulate


Event = dict[str, Any]
MOST_FAILURES = 100
"""Failed keys that an event tells of."""


class Runner:
    """Populates the auto-populated tables of a pipeline in the order in which they depend on each other.

    Args:
        *targets: Schemas, modules or packages (with all their modules), table classes, and diagrams.
        restrictions: Conditions on the key source of each table, all of which hold; or one condition.
        processes: As for `populate`.
        executor: As for `populate`.
        capacity: As for `populate`.
        on_event: Called with dicts that say what happens: ``{"event": "start", "table": ...}``, ``done``, ``wait``.
        **populate_kwargs: Further arguments of `populate`; ``reserve_jobs`` and ``suppress_errors`` are True here.

    Raises:
        DataMillError: A target is none of these, or there is nothing to populate in them.

    Example:
        >>> import datamill as dm
        >>> dm.Runner(schema).run()  # doctest: +SKIP
        {'lab.__spikes': {'success_count': 6, 'error_list': []}}
    """

    def __init__(
        self,
        *targets: Any,
        restrictions: Any = (),
        processes: int | None = 1,
        executor: Any = None,
        capacity: Mapping[str, Any] | None = None,
        on_event: Callable[[Event], Any] | None = None,
        **populate_kwargs: Any,
    ) -> None:
        self._pipeline = Pipeline(targets)
        several = isinstance(restrictions, list | tuple)
        self._restrictions = tuple(restrictions) if several else (restrictions,)
        self._options = {
            "reserve_jobs": True,
            "suppress_errors": True,
            **populate_kwargs,
            "processes": processes,
            "executor": executor,
            "capacity": capacity,
        }
        self._on_event = on_event or (lambda event: None)
        self._results: dict[str, PopulateResult] = {}

    def __repr__(self) -> str:
        return f"Runner({', '.join(map(str, self._pipeline.names))})"

    @property
    def tables(self) -> list[str]:
        """Full names of the tables, in the order in which they are populated."""
        return [str(name) for name in self._pipeline.names]

    # running -----------------------------------------------------------------------------------------------------

    def run(self, wait_delayed: bool = False) -> dict[str, PopulateResult]:
        """Populate until nothing is left to do.

        Tables below one that got new rows are populated again; jobs that other workers hold are waited for, since
        they may come back.

        Args:
            wait_delayed: Wait for jobs that are due later, too.

        Returns:
            For each table what `populate` returned, added up.

        Raises:
            Exception: With ``suppress_errors=False``, the first error of a ``make``.
        """
        self._results = {}
        self._until_settled(wait_delayed, threading.Event())
        return self._results

    def work(
        self,
        poll_interval: float = 5.0,
        idle_timeout: float | None = None,
        stop: threading.Event | None = None,
    ) -> dict[str, PopulateResult]:
        """Populate for ever: whatever is inserted upstream leads to everything downstream.

        PostgreSQL tells at once which tables others write to, SQLite that they did. Others are asked every
        ``poll_interval`` seconds, less often while nothing happens. Jobs that are due later are waited for.

        Args:
            poll_interval: Seconds until the first look that nothing led to; the next ones come ever later, at last
                each minute (PostgreSQL: half a minute).
            idle_timeout: Return after so many seconds without anything to do; None: never.
            stop: Set it from another thread to make this return.

        Returns:
            As `run`.
        """
        self._results = {}
        stop = stop or threading.Event()
        watch = Watch(self._pipeline.connection, self._pipeline.sources())
        try:
            self._watch(watch, poll_interval, idle_timeout, stop)
        finally:
            watch.close()
        return self._results

    def _watch(
        self, watch: Watch, poll_interval: float, idle_timeout: float | None, stop: threading.Event
    ) -> None:
        idle_since, interval = time.monotonic(), poll_interval
        while not stop.is_set():
            watch.mark()
            if self._until_settled(False, stop):
                idle_since, interval = time.monotonic(), poll_interval
            waits = [interval, *self._pipeline.seconds_until_due()]
            if idle_timeout is not None:
                waits.append(idle_since + idle_timeout - time.monotonic())
                if waits[-1] <= 0:
                    return
            self._tell("wait", seconds=round(min(waits), 3))
            watch.wait(min(waits), stop)
            interval = min(watch.longest, interval * 1.5)

    def _until_settled(self, wait_delayed: bool, stop: threading.Event) -> bool:
        """Populate until nothing is to be done; return whether anything was."""
        waiting, worked = set(self._pipeline.names), False
        while not stop.is_set():
            for name in self._pipeline.names:
                if name in waiting and not stop.is_set():
                    waiting.discard(name)
                    outcome = self._populate(name)
                    worked = worked or bool(outcome.calls)
                    if outcome["success_count"]:
                        waiting |= self._pipeline.below(name)
            if waiting:
                continue
            waiting = {name for name in self._pipeline.names if self._may_come(name, wait_delayed)}
            if not waiting:
                break
            stop.wait(SECONDS_BETWEEN_LOOKS)
        return worked

    def _may_come(self, name: Any, wait_delayed: bool) -> bool:
        """True if jobs of a table are held by workers, or will be due, so that there may be more to do."""
        jobs = self._pipeline.table(name).jobs
        if not self._options["reserve_jobs"] or not jobs.is_declared:
            return False
        found = len(jobs.reserved & "_lease_until IS NOT NULL")
        return bool(found) or (wait_delayed and len(jobs.delayed) > 0)

    def _populate(self, name: Any) -> PopulateResult:
        table: AutoPopulate = self._pipeline.table(name)
        self._tell("start", table=str(name))
        outcome: PopulateResult = table.populate(*self._restrictions, **self._options)
        if outcome.calls or str(name) not in self._results:
            self._results.setdefault(str(name), PopulateResult()).add(outcome)
        self._tell(
            "done",
            table=str(name),
            success=outcome["success_count"],
            errors=len(outcome["error_list"]),
            skipped=outcome.skipped,
            lost=outcome.lost,
            seconds=round(outcome.elapsed, 3),
            failures=[
                {"key": key, "error": str(error)} for key, error in outcome["error_list"][:MOST_FAILURES]
            ],
        )
        return outcome

    def _tell(self, event: str, **facts: Any) -> None:
        logger.debug("%s %s", event, facts)
        self._on_event({"event": event, **facts})

    # looking -----------------------------------------------------------------------------------------------------

    def progress(self) -> dict[str, dict[str, int]]:
        """Return for each table ``remaining``, ``total`` and its jobs by status."""
        return {str(name): self._progress_of(name) for name in self._pipeline.names}

    def _progress_of(self, name: Any) -> dict[str, int]:
        table = self._pipeline.table(name)
        remaining, total = table.progress(*self._restrictions)
        jobs = table.jobs.progress()
        return {"remaining": remaining, "total": total, **{key: jobs[key] for key in jobs if key != "total"}}

    def errors(self, stack: bool = False) -> list[dict[str, Any]]:
        """Return failed jobs: ``table``, ``key``, ``error_message`` and ``completed_time`` of each.

        Args:
            stack: Read ``error_stack`` too.
        """
        found = []
        wanted = ("error_message", "completed_time", *(["error_stack"] if stack else []))
        for name in self._pipeline.names:
            errors = self._pipeline.table(name).jobs.errors.proj(*wanted)
            key = errors.heading.primary_key
            for row in errors.to_dicts():
                facts = {item: row[item] for item in wanted}
                found.append({"table": str(name), "key": {item: row[item] for item in key}, **facts})
        return found

    def retry(self, *restrictions: Any) -> int:
        """Make failed jobs of all tables pending again; return how many.

        Args:
            *restrictions: Conditions on the jobs.
        """
        return sum(self._pipeline.table(name).jobs.retry(*restrictions) for name in self._pipeline.names)
