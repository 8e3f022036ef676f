"""Refresh: bring the jobs of a table in line with its key source, set by set within the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any

from datamill.algebra import operators
from datamill.algebra.conditions import Not, U
from datamill.algebra.relations import BaseTable, Relation
from datamill.compute import job_states
from datamill.compute.job_states import Event, Status
from datamill.compute.jobs import UNCLAIMED, Jobs, later
from datamill.compute.key_source import keys_of
from datamill.compute.recovery import recover
from datamill.errors import DataMillError, require
from datamill.sql import jobs as sql

MOST_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class RefreshOptions:
    """What a refresh does besides adding jobs.

    Fields:
        delay: Seconds until new jobs are due.
        priority: Of new jobs; None: ``jobs.default_priority``.
        stale_timeout: Seconds after which a job that left the key source is removed; 0: never; None: as configured.
        orphan_timeout: Seconds after which a reservation without lease is given up; None: never.
    """

    delay: float = 0
    priority: int | None = None
    stale_timeout: float | None = None
    orphan_timeout: float | None = None

    def __post_init__(self) -> None:
        for name in ("delay", "stale_timeout", "orphan_timeout"):
            seconds = getattr(self, name)
            require(seconds, (int, float, NoneType), f"{name} must be a number of seconds")
            if seconds is not None and not abs(seconds) < MOST_SECONDS:
                raise DataMillError(f"{name}={seconds} is no usable number of seconds.")
        require(self.priority, (int, NoneType), "priority must be a whole number")
        if self.priority is not None and not 0 <= self.priority <= 127:
            raise DataMillError(
                f"priority={self.priority} is out of range.", hint="Priorities are 0 to 127, lower first."
            )


def refresh(jobs: Jobs, source: Relation, whole: Relation, options: RefreshOptions) -> dict[str, int]:
    """Add jobs for keys that are to be computed, and remove what is superfluous.

    Args:
        jobs: The jobs.
        source: The key source, restricted as the caller wants.
        whole: The unrestricted key source, which decides about removal.
        options: What else to do.

    Returns:
        Numbers of jobs: ``added``, ``removed``, ``orphaned`` (reservations given up) and ``re_pended``.
    """
    jobs.table.declare()
    own = operators.project(BaseTable(jobs.table.target, jobs.connection))
    before = jobs.counts()
    to_do = operators.restrict(_job_keys(jobs, source), Not(own))
    now = jobs.now()
    new = operators.restrict(to_do, Not(operators.project(jobs.table.relation))) if before["total"] else to_do
    added = jobs.insert_keys(new, later(now, options.delay), now, options.priority)
    re_pended = 0
    if before["success"]:
        re_pended = _re_pend(jobs, to_do, later(now, options.delay))
    removed = _remove(jobs, _job_keys(jobs, whole), own, options, before)
    orphaned = _give_up(jobs, options.orphan_timeout) if before["reserved"] else 0
    if before["reserved"]:
        orphaned += recover(jobs).total
    return {"added": added, "removed": removed, "orphaned": orphaned, "re_pended": re_pended}


def _job_keys(jobs: Jobs, source: Relation) -> Relation:
    """Return the keys of jobs that a key source asks for: its own, or coarser ones."""
    keys = keys_of(source)
    if set(keys.heading.key) == set(jobs.table.key):
        return keys
    return operators.distinct(U(*jobs.table.key), keys)


def _re_pend(jobs: Jobs, to_do: Relation, scheduled: Any) -> int:
    changes = {
        **UNCLAIMED,
        "status": Status.PENDING.value,
        "scheduled_time": scheduled,
        "completed_time": None,
        "duration": None,
        "_attempts": 0,
        "_crashes": 0,
    }
    done = jobs.table.is_in(*job_states.sources(Event.REFRESH))
    return jobs.execute(jobs.update(changes, done, jobs.in_query(to_do)))


def _remove(
    jobs: Jobs, whole: Relation, own: Relation, options: RefreshOptions, before: Mapping[str, int]
) -> int:
    configured = jobs.connection.config.jobs.stale_timeout
    stale = configured if options.stale_timeout is None else options.stale_timeout
    table = jobs.table
    removed = 0
    if before["success"] or before["error"]:
        ended = operators.restrict(table.relation, {"status": ["success", "error"]})
        for relation in (whole, own):
            ended = operators.restrict(ended, Not(relation))
        removed += _delete(jobs, table.is_in(Status.SUCCESS, Status.ERROR), jobs.in_query(ended))
    if before["pending"]:
        pending = operators.restrict(table.relation, {"status": "pending"})
        computed = operators.restrict(pending, own)
        removed += _delete(jobs, table.is_in(Status.PENDING), jobs.in_query(computed))
    if stale and (before["pending"] or before["success"] or before["error"]):
        limit = later(jobs.now(), -stale)
        old = operators.restrict(table.relation, f"created_time < '{limit}'")
        gone = operators.restrict(old, Not(whole))
        removed += _delete(jobs, table.is_in(*job_states.sources(Event.CLEAN)), jobs.in_query(gone))
    return removed


def _delete(jobs: Jobs, *conditions: sql.Condition) -> int:
    return jobs.execute(sql.delete(jobs.connection.dialect, jobs.table.name, conditions))


def _give_up(jobs: Jobs, orphan_timeout: float | None) -> int:
    if orphan_timeout is None:
        return 0
    limit = jobs.table.bound("reserved_time", later(jobs.now(), -orphan_timeout))
    conditions = [
        jobs.table.is_in(*job_states.sources(Event.ORPHAN)),
        sql.at_most("reserved_time", limit),
    ]
    if jobs.table.has_leases:
        conditions.append(sql.is_null("_lease_until"))
    return jobs.execute(jobs.update({**UNCLAIMED, "status": Status.PENDING.value}, *conditions))
