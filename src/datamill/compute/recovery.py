"""Recovery: jobs whose worker lost its lease, or died on this machine, become pending again, or are put aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from datamill.compute import job_states
from datamill.compute.identity import is_dead
from datamill.compute.job_states import Event, Status
from datamill.compute.jobs import UNCLAIMED, Jobs, failed
from datamill.compute.metrics import count
from datamill.sql import jobs as sql
from datamill.sql.writer import Statement

if TYPE_CHECKING:
    from datamill.backends.base import BackendSession


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many jobs became pending again, and how many were put aside as ``error``."""

    pending: int = 0
    quarantined: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.pending + self.quarantined


def recover(jobs: Jobs) -> Recovered:
    """Take jobs from workers that are gone.

    A worker is gone if its lease has expired by the server's clock, or if its process on this machine has ended. Each
    of its jobs counts a crash; one that has crashed ``jobs.max_crashes`` times becomes an error.

    Args:
        jobs: The jobs.
    """
    if not jobs.table.exists or not jobs.table.has_leases:
        return Recovered()
    dead = [worker for worker in _workers(jobs) if is_dead(worker)]
    most = jobs.connection.config.jobs.max_crashes

    def work(session: BackendSession) -> Recovered:
        now = jobs.table.now(session)[0]
        quarantined, pending = 0, 0
        for lost in _lost(jobs, now, dead):
            quarantined += _run(session, _quarantine(jobs, lost, most, now))
            pending += _run(session, _release(jobs, lost))
        return Recovered(pending, quarantined)

    if not dead and not _any_expired(jobs):
        return Recovered()
    found = jobs.connection.run_write(work)
    count(jobs.table.target.name, "recovered", found.pending)
    count(jobs.table.target.name, "quarantined", found.quarantined)
    return found


def _run(session: BackendSession, statement: Statement) -> int:
    return session.execute(statement.sql, statement.params).rowcount


def _workers(jobs: Jobs) -> list[str]:
    statement = sql.count_groups(
        jobs.connection.dialect,
        jobs.table.name,
        "_worker",
        [jobs.table.is_in(Status.RESERVED), sql.is_known("_lease_until")],
    )
    return [str(worker) for worker, _ in jobs.rows(statement)]


def _any_expired(jobs: Jobs) -> bool:
    conditions = _expired(jobs, jobs.now())
    return bool(jobs.rows(sql.count_some(jobs.connection.dialect, jobs.table.name, conditions, 1))[0][0])


def _expired(jobs: Jobs, now: datetime) -> list[sql.Condition]:
    reserved = jobs.table.is_in(*job_states.sources(Event.RECOVER))
    return [reserved, sql.at_most("_lease_until", jobs.table.bound("_lease_until", now))]


def _lost(jobs: Jobs, now: datetime, dead: Sequence[str]) -> list[list[sql.Condition]]:
    """Return the conditions of the jobs to recover, in disjoint groups."""
    found = [_expired(jobs, now)]
    if dead:
        found.append([jobs.table.is_in(Status.RESERVED), sql.among("_worker", dead)])
    return found


def _quarantine(jobs: Jobs, lost: Sequence[sql.Condition], most: int, now: datetime) -> Statement:
    message = f"Put aside: the worker was lost {most} times while computing this key."
    changes: dict[str, Any] = {
        **UNCLAIMED,
        **failed(message, None),
        "completed_time": now,
        "_crashes": sql.Plus(1),
    }
    return jobs.update(changes, *lost, sql.at_least("_crashes", most - 1))


def _release(jobs: Jobs, lost: Sequence[sql.Condition]) -> Statement:
    return jobs.update({**UNCLAIMED, "status": Status.PENDING.value, "_crashes": sql.Plus(1)}, *lost)


def quarantined_since(jobs: Jobs, moment: datetime) -> list[dict[str, Any]]:
    """Return the keys of jobs put aside since a moment of the server's time."""
    if not jobs.table.has_leases:
        return []
    conditions = [
        jobs.table.is_in(Status.ERROR),
        sql.at_least("_crashes", jobs.connection.config.jobs.max_crashes),
        sql.at_least("completed_time", jobs.table.bound("completed_time", moment)),
    ]
    table = jobs.table
    return table.keys_of(jobs.rows(table.select(table.key, conditions)))
