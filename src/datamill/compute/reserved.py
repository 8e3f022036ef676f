"""Reserved mode: claim jobs and compute their keys until none can be claimed."""

from __future__ import annotations

import time
from collections.abc import Sequence

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
        self._source = source
        self.jobs = Jobs(JobTable(target.connection, target.spec, target.key_source.heading.key))
        self.jobs.table.declare()
        self._refresh(target)
        conditions: list[sql.Condition] = [self.jobs.in_query(source)] if is_restricted else []
        if options.keys is not None:
            conditions.append(self.jobs.table.listed(self.jobs.table.bound_keys(options.keys)))
        self.claims = Claims(self.jobs, conditions)
        self.work = Work(target, make, options, self.claims)
        self._batching = Batching()
        self._calls = 0

    def _refresh(self, target: Target) -> None:
        wanted = self._options.refresh
        if self.jobs.connection.config.jobs.auto_refresh if wanted is None else wanted:
            how = RefreshOptions(priority=self._options.priority)
            refresh(self.jobs, self._source, target.key_source, how)
        else:
            recover(self.jobs)

    def pending(self) -> int:
        """Return how many jobs are pending, for a progress bar."""
        return self.jobs.counts()["pending"]

    def run(self) -> None:
        """Claim and compute until nothing can be claimed, or an error ends the run; claims left over are released."""
        try:
            with self.claims.heartbeat():
                try:
                    self._run_all()
                finally:
                    self.work.flush()
        finally:
            self.claims.release()

    def _run_all(self) -> None:
        while True:
            batch = self._claim()
            if not batch and self.work.waiting:
                self.work.flush()  # a key that cannot be stored may be pending again
                batch = self._claim()
            if not batch or not self._run_batch(batch):
                return

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
            if self.work.is_over:
                return False
        self._batching.worked(len(batch), time.monotonic() - begun)
        return True
