"""What can be done with jobs one by one or by condition: thin statements over the table of transitions."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from datamill.algebra import operators
from datamill.algebra.relations import Relation
from datamill.compute import job_states
from datamill.compute.job_states import Event, Status
from datamill.compute.job_table import JobTable, shortened
from datamill.data.origin import recorded_version
from datamill.data.values import from_driver
from datamill.errors import DuplicateError, LostConnectionError
from datamill.settings.log import logger
from datamill.sql import jobs as sql
from datamill.sql.keys import key_batches
from datamill.sql.select import compile_select
from datamill.sql.writer import Statement

if TYPE_CHECKING:
    from datamill.backends.base import BackendSession

Key = Mapping[str, Any]

UNCLAIMED: Mapping[str, Any] = {"reserved_time": None, "_worker": None, "_token": 0, "_lease_until": None}
"""What a job loses when nobody works on it any more."""


class Jobs:
    """The jobs of one table.

    Args:
        table: Where they are.
    """

    def __init__(self, table: JobTable) -> None:
        self.table = table
        self.connection = table.connection

    # statements ------------------------------------------------------------------------------------------------

    def execute(self, *statements: Statement) -> int:
        """Run statements in one transaction, or in a savepoint of the open one; return the rows they changed.

        They are run again if the connection is lost: each says from which state it leads, so that it acts only once.
        """

        def work(session: BackendSession) -> int:
            return sum(session.execute(item.sql, item.params).rowcount for item in statements)

        if self.connection.in_transaction:
            return self.connection.run_write(work)
        try:
            return self.connection.run_write(work)
        except LostConnectionError as error:
            logger.warning("Changing jobs of %s again: %s", self.table.target.name, error)
            return self.connection.run_write(work)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Run a query and return what the driver gives."""
        return self.connection.read(statement)

    def now(self) -> datetime:
        """Return the server's time."""
        return self.connection.run_read(lambda session: self.table.now(session)[0])

    def update(self, changes: Mapping[str, Any], *conditions: sql.Condition) -> Statement:
        """Return the update of jobs that meet conditions; the values are canonical."""
        return sql.update(self.connection.dialect, self.table.name, self.table.changes(**changes), conditions)

    def matching(self, restrictions: Sequence[Any]) -> list[sql.Condition]:
        """Return the conditions of jobs that meet restrictions given by a user."""
        if not restrictions:
            return []
        relation: Relation = self.table.relation
        for condition in restrictions:
            relation = operators.restrict(relation, condition)
        return [self.in_query(relation)]

    def in_query(self, relation: Relation) -> sql.Condition:
        """Return the condition that a job's key is that of a row of a relation."""
        keys = operators.project(relation)
        return sql.selected(self.table.key, compile_select(keys, self.connection.dialect))

    # one job ---------------------------------------------------------------------------------------------------

    def identity(self, number: int) -> dict[str, Any]:
        """Return the columns that say who works on a job.

        Args:
            number: The server's number of this connection.
        """
        return {
            "user": self.connection.get_user()[:255],
            "host": socket.gethostname()[:255],
            "pid": os.getpid(),
            "connection_id": number,
            "version": recorded_version(self.connection.config.jobs.version_method),
        }

    def reserve(self, key: Key) -> bool:
        """Reserve one pending job that is due, without a lease.

        Returns:
            True if it is now reserved by the caller; False if it was not pending, not due, or not there.
        """
        (values,) = self.table.values_of([key])

        def work(session: BackendSession) -> bool:
            now, number = self.table.now(session)
            changes = {**UNCLAIMED, "status": Status.RESERVED.value, **self.identity(number)}
            statement = self.update(
                {**changes, "reserved_time": now},
                self.table.listed([values]),
                self.table.is_in(*job_states.sources(Event.RESERVE)),
                sql.at_most("scheduled_time", self.table.bound("scheduled_time", now)),
            )
            return session.execute(statement.sql, statement.params).rowcount == 1

        return self.connection.run_write(work)

    def status(self, session: BackendSession, key: tuple[Any, ...]) -> job_states.State:
        """Return the status of one job (canonical values), None if it is not there."""
        statement = self.table.select(["status"], [self.table.listed([key])], lock=True)
        rows = session.execute(statement.sql, statement.params).rows
        return Status(rows[0][0]) if rows else None

    def complete(self, key: Key, duration: float | None = None) -> None:
        """Complete one job: it is deleted, or kept as ``success`` under ``jobs.keep_completed``.

        Raises:
            JobStateError: It is neither reserved nor pending. A job that is not there is none of them but no error.
        """
        keep = self.connection.config.jobs.keep_completed
        (values,) = self.table.values_of([key])

        def work(session: BackendSession) -> None:
            status = self.status(session, values)
            if status is None:
                return
            job_states.advance(status, Event.KEEP if keep else Event.COMPLETE, key)
            condition = self.table.listed([values])
            if keep:
                now = self.table.now(session)[0]
                statement = self.update(completed(now, duration), condition)
            else:
                statement = sql.delete(self.connection.dialect, self.table.name, [condition])
            session.execute(statement.sql, statement.params)

        self.connection.run_write(work)

    def error(self, key: Key, message: str, stack: str | None = None) -> None:
        """Mark one job as failed.

        Raises:
            JobStateError: It is neither reserved nor pending.
        """
        self._move(key, Event.FAIL, {**UNCLAIMED, **failed(message, stack)})

    def ignore(self, key: Key, reason: str = "") -> None:
        """Mark one job as to be passed over, adding it if it is not there; a running claim is void from now on."""
        self.table.declare()
        changes = {**UNCLAIMED, "status": Status.IGNORE.value, "error_message": shortened(reason)}
        (values,) = self.table.values_of([key])

        def work(session: BackendSession) -> None:
            statement = self.update(changes, self.table.listed([values]))
            if session.execute(statement.sql, statement.params).rowcount:
                return
            row = {
                name: self.table.bound(name, value)
                for name, value in zip(self.table.key, values, strict=True)
            }
            row.update(self.table.changes(priority=self.priority(None), **changes))
            session.insert_columns(
                self.table.name,
                tuple(row),
                [[value] for value in row.values()],
                key=self.table.spec.physical_key,
                conflict="skip",
            )

        self.connection.run_write(work)

    def release(self, key: Key) -> None:
        """Give one reserved job back.

        Raises:
            JobStateError: It is not reserved.
        """
        self._move(key, Event.RELEASE, {**UNCLAIMED, "status": Status.PENDING.value})

    def _move(self, key: Key, event: Event, changes: Mapping[str, Any]) -> None:
        (values,) = self.table.values_of([key])

        def work(session: BackendSession) -> None:
            job_states.advance(self.status(session, values), event, key)
            statement = self.update(changes, self.table.listed([values]))
            session.execute(statement.sql, statement.params)

        self.connection.run_write(work)

    # many jobs -------------------------------------------------------------------------------------------------

    def retry(self, restrictions: Sequence[Any] = ()) -> int:
        """Make failed jobs pending again, with all their attempts; return how many."""
        now = self.now()
        changes = {
            **UNCLAIMED,
            "status": Status.PENDING.value,
            "scheduled_time": now,
            "completed_time": None,
            "duration": None,
            "error_message": "",
            "error_stack": None,
            "_attempts": 0,
            "_crashes": 0,
        }
        status = self.table.is_in(*job_states.sources(Event.RETRY))
        statement = self.update(changes, status, *self.matching(restrictions))

        def work(session: BackendSession) -> int:
            session.announce(self.table.target.name)
            return session.execute(statement.sql, statement.params).rowcount

        return self.connection.run_write(work)

    def delete(self, restrictions: Sequence[Any]) -> int:
        """Delete jobs, without asking; return how many."""
        conditions = self.matching(restrictions)
        return self.execute(sql.delete(self.connection.dialect, self.table.name, conditions))

    def delete_keys(self, keys: Sequence[tuple[Any, ...]]) -> list[Statement]:
        """Return the statements that delete jobs by key (canonical values)."""
        return [
            sql.delete(self.connection.dialect, self.table.name, [self.table.listed(batch)])
            for batch in key_batches(keys, len(self.table.key))
        ]

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are of each status, and ``total``."""
        found = dict.fromkeys((status.value for status in Status), 0)
        if self.table.exists:
            statement = sql.count_groups(self.connection.dialect, self.table.name, "status")
            found.update({str(status): int(number) for status, number in self.rows(statement)})
        return {**found, "total": sum(found.values())}

    def pending_keys(self) -> Iterator[dict[str, Any]]:
        """Yield the keys of all pending jobs, in bounded memory."""
        statement = self.table.select(self.table.key, [self.table.is_in(Status.PENDING)])
        for rows in self.connection.stream(statement):
            yield from self.table.keys_of(rows)

    def seconds_until_due(self) -> float | None:
        """Return in how many seconds the first pending job that is not due yet will be; None if there is none."""
        now = self.now()
        conditions = [
            self.table.is_in(Status.PENDING),
            sql.more_than("scheduled_time", self.table.bound("scheduled_time", now)),
        ]
        dialect, name = self.connection.dialect, "scheduled_time"
        rows = self.rows(sql.select(dialect, self.table.name, [name], conditions, order=[name], limit=1))
        moments = from_driver(dialect, self.table.spec.heading[name], [row[0] for row in rows])
        return float((moments[0] - now).total_seconds()) if rows else None

    def priority(self, priority: int | None) -> int:
        """Return a priority, by default that of the settings."""
        return int(self.connection.config.jobs.default_priority if priority is None else priority)

    def insert_keys(
        self, keys: Relation, scheduled: datetime, created: datetime, priority: int | None
    ) -> int:
        """Add a pending job for each row of a relation, passing over those that another process adds meanwhile."""
        query = compile_select(operators.project(keys), self.connection.dialect)
        constants = self.table.changes(
            priority=self.priority(priority), created_time=created, scheduled_time=scheduled
        )
        statement = sql.insert_keys(
            self.connection.dialect,
            self.table.name,
            self.table.key,
            Status.PENDING.value,
            constants,
            query,
        )
        for _ in range(3):
            try:
                return self.execute(statement)
            except DuplicateError:
                continue  # a dialect without ON CONFLICT: the query now leaves out what the other one added
        return self.execute(statement)


def completed(now: datetime, duration: float | None) -> dict[str, Any]:
    """Return the columns of a job that has succeeded and is kept."""
    return {
        **UNCLAIMED,
        "status": Status.SUCCESS.value,
        "completed_time": now,
        "duration": duration,
        "error_message": "",
        "error_stack": None,
    }


def failed(message: str, stack: str | None) -> dict[str, Any]:
    """Return the columns of a job that has failed."""
    return {"status": Status.ERROR.value, "error_message": shortened(message), "error_stack": stack}


def later(now: datetime, seconds: float) -> datetime:
    """Return a time so many seconds later, to the millisecond."""
    moment = now + timedelta(seconds=seconds)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
