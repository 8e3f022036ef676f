"""Claims: the jobs that one worker holds, from the claim over the lease to the end of each."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.compute import job_states, metrics
from datamill.compute.identity import worker_name
from datamill.compute.interrupts import deferred
from datamill.compute.job_states import Event, Status
from datamill.compute.jobs import UNCLAIMED, Jobs, completed, failed, later
from datamill.errors import DataMillError, LostConnectionError
from datamill.settings.log import logger
from datamill.sql import jobs as sql
from datamill.sql.keys import key_batches

if TYPE_CHECKING:
    from datamill.backends.base import BackendSession

Key = Mapping[str, Any]
Values = tuple[Any, ...]

HEARTBEATS_PER_LEASE = 4
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Seconds between attempts to claim jobs that others hold locked for the moment."""
_TOKEN_BITS = 62


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker holds.

    Fields:
        key: The job's key.
        values: The canonical values of the key.
        token: Proves that the claim is the latest one.
        attempts: Failed attempts so far.
        crashes: Workers lost over it so far.
    """

    key: dict[str, Any]
    values: Values
    token: int
    attempts: int
    crashes: int


class Claims:
    """The jobs that one worker holds.

    Args:
        jobs: The jobs.
        conditions: Only jobs that meet these are claimed.
        order: Columns that break ties after priority and time, instead of the key; empty for none.
    """

    def __init__(self, jobs: Jobs, conditions: Sequence[sql.Condition] = ()) -> None:
        self.jobs = jobs
        self.table = jobs.table
        self.worker = worker_name()
        self.lease = float(jobs.connection.config.jobs.lease)
        self._conditions = list(conditions)
        self._held: dict[Values, Claim] = {}
        self._left: list[Values] = []

    def __len__(self) -> int:
        return len(self._held)

    # claiming --------------------------------------------------------------------------------------------------

    def claim(self, count: int, most_priority: int | None = None) -> list[Claim]:
        """Claim up to so many pending jobs that are due: by priority, then time, then key.

        Jobs over which a worker was lost are claimed alone, so that a key that kills its worker takes no other along.

        Args:
            count: How many at most.
            most_priority: Only jobs of this priority or a smaller number.
        """
        begun = time.monotonic()
        claims = self._claim_once(count, most_priority)
        for pause in _PAUSES:
            if claims or not self._is_any_due(most_priority):
                break
            time.sleep(pause)
            claims = self._claim_once(count, most_priority)
        name = self.table.target.name
        metrics.count(name, "claims", len(claims))
        metrics.count(name, "queue_seconds", time.monotonic() - begun)
        return claims

    def _claim_once(self, count: int, most_priority: int | None) -> list[Claim]:
        with deferred():  # what is claimed is known to be held, or it would never be given back
            run = self.jobs.connection.run_write
            try:
                claims = run(lambda session: self._claim(session, count, most_priority))
            except LostConnectionError:  # nobody knows whether something was claimed
                self._disclaim()
                claims = run(lambda session: self._claim(session, count, most_priority))
            self._held.update((claim.values, claim) for claim in claims)
        return claims

    def _is_any_due(self, most_priority: int | None) -> bool:
        """True if there is a job to claim, locked or not: databases lock rows for a moment that they only look at."""

        def work(session: BackendSession) -> bool:
            now, _ = self.table.now(session)
            return bool(self._candidates(session, now, 1, most_priority, lock=False))

        return self.jobs.connection.run_read(work)

    def _disclaim(self) -> None:
        """Give back what was claimed by a transaction whose end is not known; without leases that cannot be told."""
        if self.table.has_leases:
            others = [sql.none_of(self.table.listed(list(self._held)))] if self._held else []
            changes = {**UNCLAIMED, "status": Status.PENDING.value}
            self.jobs.execute(self.jobs.update(changes, *self._mine(), *others))

    def _claim(self, session: BackendSession, count: int, most_priority: int | None) -> list[Claim]:
        now, number = self.table.now(session)
        found = self._candidates(session, now, count, most_priority)
        if not found:
            return []
        token = secrets.randbits(_TOKEN_BITS)
        changes = {
            "status": Status.RESERVED.value,
            "reserved_time": now,
            **self.jobs.identity(number),
            "_worker": self.worker,
            "_token": token,
            "_lease_until": later(now, self.lease),
        }
        keys, width = self.table.keys_of(found), len(self.table.key)
        values, claimed = self.table.values_of(keys), 0
        for batch in key_batches(values, width):
            statement = self.jobs.update(changes, self.table.listed(batch))
            claimed += session.execute(statement.sql, statement.params).rowcount
        if claimed != len(found):  # or their rows could never be stored, and they would be claimed for ever
            raise DataMillError(
                f"Of {len(found)} jobs in {self.table.name} only {claimed} are found by their keys: {keys[:3]}.",
                hint="Give the key another type, or populate(reserve_jobs=False).",
            )
        counts = [(row[width], row[width + 1]) if self.table.has_leases else (0, 0) for row in found]
        return [
            Claim(key, own, token, int(attempts), int(crashes))
            for key, own, (attempts, crashes) in zip(keys, values, counts, strict=True)
        ]

    def _candidates(
        self, session: BackendSession, now: Any, count: int, most_priority: int | None, *, lock: bool = True
    ) -> list[Values]:
        conditions = [
            self.table.is_in(*job_states.sources(Event.RESERVE)),
            sql.at_most("scheduled_time", self.table.bound("scheduled_time", now)),
            *self._conditions,
            *([sql.none_of(self.table.listed(self._left))] if self._left else []),
        ]
        if most_priority is not None:
            conditions.append(sql.at_most("priority", most_priority))
        counters = ("_attempts", "_crashes") if self.table.has_leases else ()
        statement = self.table.select(
            (*self.table.key, *counters),
            conditions,
            order=("priority", "scheduled_time", *self.table.key),
            limit=count,
            skip_locked=lock,
        )
        rows = session.execute(statement.sql, statement.params).rows
        if not counters:
            return rows
        crashed = next((index for index, row in enumerate(rows) if row[-1] > 0), len(rows))
        return rows[: max(1, crashed)]

    def crowd(self, enough: Callable[[int], int]) -> tuple[int, int]:
        """Return how many jobs are pending, as far as it matters, and how many workers live.

        Args:
            enough: Given the number of workers, how many pending jobs matter.
        """
        dialect, name = self.jobs.connection.dialect, self.table.name
        workers = (
            self.jobs.rows(sql.count_groups(dialect, name, "_worker", [self.table.is_in(Status.RESERVED)]))
            if self.table.has_leases
            else []
        )
        living = len({worker for worker, _ in workers if worker} | {self.worker})
        pending = sql.count_some(dialect, name, [self.table.is_in(Status.PENDING)], enough(living))
        return int(self.jobs.rows(pending)[0][0]), living

    # the lease -------------------------------------------------------------------------------------------------

    def renew(self) -> None:
        """Renew the lease of everything that this worker holds."""
        if not self.table.has_leases:
            return
        until = later(self.jobs.now(), self.lease)
        self.jobs.execute(self.jobs.update({"_lease_until": until}, *self._mine()))

    def _mine(self) -> list[sql.Condition]:
        if self.table.has_leases:
            return [sql.equals("_worker", self.worker), self.table.is_in(Status.RESERVED)]
        return [self.table.is_in(Status.RESERVED), self.table.listed(list(self._held))]

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew the lease from a thread while the block runs."""
        stop = threading.Event()
        interval = self.lease / HEARTBEATS_PER_LEASE
        thread = threading.Thread(
            target=self._beat, args=(stop, interval), name="datamill-heartbeat", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _beat(self, stop: threading.Event, interval: float) -> None:
        begun = time.monotonic()
        while not stop.wait(interval):
            if not self._held:
                continue
            try:
                self.renew()
            except DataMillError as error:
                seconds = time.monotonic() - begun
                logger.warning(
                    "The lease of %s was not renewed after %.0f s: %s", self.worker, seconds, error
                )

    # the fence: within the transaction that stores rows ----------------------------------------------------------

    def held(self, keys: Sequence[Key], *, lock: bool = True) -> list[bool]:
        """Return for each key whether this worker still holds it, and lock those jobs until the transaction ends."""
        wanted_keys = self.table.values_of(keys)
        session, found = self.jobs.connection.session, dict[Values, Values]()
        width = len(self.table.key)
        wanted = ("_token", "_worker", "status") if self.table.has_leases else ("pid", "status", "status")
        for batch in key_batches(list(dict.fromkeys(wanted_keys)), width):
            statement = self.table.select((*self.table.key, *wanted), [self.table.listed(batch)], lock=lock)
            rows = session.execute(statement.sql, statement.params).rows
            values = self.table.values_of(self.table.keys_of(rows))
            found.update(zip(values, [row[width:] for row in rows], strict=True))
        return [self._is_mine(values, found.get(values)) for values in wanted_keys]

    def _is_mine(self, values: Values, row: Values | None) -> bool:
        claim = self._held.get(values)
        if claim is None or row is None or row[-1] != Status.RESERVED.value:
            return False
        return not self.table.has_leases or (int(row[0]), row[1]) == (claim.token, self.worker)

    def complete(self, keys: Sequence[Key], durations: Sequence[float | None]) -> None:
        """Complete jobs that this worker holds, within the open transaction."""
        session, connection = self.jobs.connection.session, self.jobs.connection
        found = self.table.values_of(keys)
        if connection.config.jobs.keep_completed:
            now = self.table.now(session)[0]
            statements = [
                self.jobs.update(completed(now, duration), self.table.listed([values]))
                for values, duration in zip(found, durations, strict=True)
            ]
        else:
            statements = self.jobs.delete_keys(found)
        for statement in statements:
            session.execute(statement.sql, statement.params)

    def forget(self, keys: Sequence[Key]) -> None:
        """Drop claims that have ended, or were lost; called after the commit."""
        for values in self.table.values_of(keys):
            self._held.pop(values, None)

    # other ends of a claim -------------------------------------------------------------------------------------

    def fail(self, key: Key, message: str, stack: str, wait: float | None) -> bool:
        """End a claim whose key failed.

        Args:
            key: The job.
            message: Of the error.
            stack: The traceback.
            wait: Seconds until the next attempt; None for an error.

        Returns:
            False if the claim had been lost, so that nothing was changed.
        """
        now = self.jobs.now()
        changes = {**UNCLAIMED, **failed(message, stack), "_attempts": sql.Plus(1)}
        if wait is None:
            changes["completed_time"] = now
        else:
            changes["status"], changes["scheduled_time"] = Status.PENDING.value, later(now, wait)
        return self._end(key, changes)

    def leave(self, key: Key) -> None:
        """Give a job back that cannot be done here; it is not claimed again."""
        self._left += self.table.values_of([key])
        self._end(key, {**UNCLAIMED, "status": Status.PENDING.value})

    def pass_over(self, key: Key, reason: str) -> bool:
        """End a claim whose make asked to leave the key out: the job is ignored from now on."""
        changes = {
            **UNCLAIMED,
            "status": Status.IGNORE.value,
            "error_message": failed(reason, None)["error_message"],
        }
        return self._end(key, changes)

    def finish(self, key: Key, duration: float) -> bool:
        """Complete a job in a transaction of its own; return False if the claim had been lost."""

        def work(session: BackendSession) -> bool:
            (mine,) = self.held([key])
            if mine:
                self.complete([key], [duration])
            return mine

        done = self.jobs.connection.run_write(work)
        self.forget([key])
        return done

    def _end(self, key: Key, changes: Mapping[str, Any]) -> bool:
        (values,) = self.table.values_of([key])
        claim = self._held.get(values)
        if claim is None:
            return False
        conditions = [self.table.is_in(Status.RESERVED), self.table.listed([values])]
        if self.table.has_leases:
            conditions += [sql.equals("_worker", self.worker), sql.equals("_token", claim.token)]
        ended = self.jobs.execute(self.jobs.update(changes, *conditions)) == 1
        self._held.pop(values, None)
        return ended

    def attempts(self, key: Key) -> int:
        """Return how many attempts of a held job have failed before."""
        (values,) = self.table.values_of([key])
        claim = self._held.get(values)
        return claim.attempts if claim is not None else 0

    def release(self) -> None:
        """Give back everything that this worker still holds; no attempt is counted."""
        if not self._held:
            return
        changes = {**UNCLAIMED, "status": Status.PENDING.value}
        with deferred():  # a worker whose error ends the run is told to stop while it is here
            try:
                self.jobs.execute(self.jobs.update(changes, *self._mine()))
            except DataMillError as error:
                logger.warning(
                    "Jobs of %s were not given back: %s. Their lease will run out.", self.worker, error
                )
            self._held.clear()
