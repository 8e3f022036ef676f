"""Reserved mode: claim jobs and compute their keys until none can be claimed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from datamill.algebra.relations import Relation
from datamill.compute.batching import Batching
from datamill.compute.claims import Claim, Claims
from datamill.compute.job_table import JobTable
from datamill.compute.jobs import Jobs
from datamill.compute.options import Options
from datamill.compute.recovery import recover
from datamill.compute.refresh import RefreshOptions, refresh
from datamill.compute.target import Target
from datamill.compute.work import Make, Work
from datamill.sql import jobs as sql


def ready_jobs(target: Target, source: Relation, options: Options) -> Jobs:
    """Return the jobs of a table, refreshed if the options or settings say so, lost ones recovered in any case."""
    jobs = Jobs(JobTable(target.connection, target.spec, target.key_source.heading.key))
    jobs.table.declare()
    if jobs.connection.config.jobs.auto_refresh if options.refresh is None else options.refresh:
        refresh(jobs, source, target.key_source, RefreshOptions(priority=options.priority))
    else:
        recover(jobs)
    return jobs


class Reserved:
    """One worker's reserved run.

    Args:
        target: The table.
        make: Form and function.
        source: The restricted key source.
        is_restricted: The source is less than the whole key source.
        options: How.
    """

    def __init__(
        self, target: Target, make: Make, source: Relation, is_restricted: bool, options: Options
    ) -> None:
        self._options = options
        self.jobs = ready_jobs(target, source, options)
        conditions: list[sql.Condition] = [self.jobs.in_query(source)] if is_restricted else []
        if options.keys is not None:
            conditions.append(self.jobs.table.listed(self.jobs.table.values_of(options.keys)))
        self.claims = Claims(self.jobs, conditions)
        self.work = Work(target, make, options, self.claims)
        self._batching = Batching()
        self._calls = 0
        self._ends: float | None = None
        self._is_stopped: Callable[[], bool] = lambda: False

    @property
    def size(self) -> int:
        """How many jobs the next claim would take."""
        return self._batching.wanted

    def run(
        self,
        seconds: float | None = None,
        size: int = 1,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Claim and compute until nothing can be claimed, or an error ends the run; claims left over are released.

        Args:
            seconds: Claim nothing after so many.
            size: Size of the first claim.
            is_stopped: Asked between keys whether to end early.

        Returns:
            True if there may be more to claim.
        """
        self._batching.wanted = size
        self._ends = None if seconds is None else time.monotonic() + seconds
        self._is_stopped = is_stopped
        try:
            try:
                with self.claims.heartbeat():
                    try:
                        return self._run_all()
                    finally:
                        self.work.flush()
            finally:
                self.claims.release()
        except BaseException:
            self.claims.release()  # an interrupt came just before, or between
            raise

    def _run_all(self) -> bool:
        while True:
            batch = self._claim()
            if not batch and self.work.waiting:
                self.work.flush()  # a key that cannot be stored may be pending again
                batch = self._claim()
            if not batch or not self._run_batch(batch):
                return False
            if self._ends is not None and time.monotonic() >= self._ends:
                return True

    def _claim(self) -> Sequence[Claim]:
        most = self._options.most
        left = None if most is None else most - self._calls
        if left is not None and left <= 0:
            return []
        pending, workers = self.claims.crowd(self._batching.enough)
        size = self._batching.size(pending, workers)
        batch = self.claims.claim(size if left is None else min(size, left), self._options.priority)
        self._calls += len(batch)
        return batch

    def _run_batch(self, batch: Sequence[Claim]) -> bool:
        """Compute claimed jobs; return False if the run is over."""
        begun = time.monotonic()
        for claim in batch:
            self.work.run(claim.key)
            if claim.crashes:
                self.work.flush()
            if self.work.is_over or self._is_stopped():
                return False
        self._batching.worked(len(batch), time.monotonic() - begun)
        return True
