"""`dm.Job`: the queue of one auto-populated table, as users see and steer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from datamill.algebra import operators
from datamill.algebra.expression.tree import Column, Literal
from datamill.algebra.relations import BaseTable, Projection, Relation
from datamill.api.table import Table
from datamill.compute.claims import Claims
from datamill.compute.job_states import Status
from datamill.compute.job_table import JobTable
from datamill.compute.jobs import Jobs
from datamill.compute.key_source import restricted
from datamill.compute.recovery import recover
from datamill.compute.refresh import RefreshOptions, refresh
from datamill.errors import DataMillError
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.model.table import TableSpec


class Job(Table):
    """The jobs of an auto-populated table: ``T.jobs``. A query expression with methods that steer the queue.

    The table ``~~name`` is created by the first method that writes; until then every read is empty.

    Example:
        >>> Spikes.jobs.refresh()  # doctest: +SKIP
        {'added': 6, 'removed': 0, 'orphaned': 0, 're_pended': 0}
        >>> Spikes.jobs.errors.proj("error_message").to_dicts()  # doctest: +SKIP
    """

    def __init__(self, connection: Connection, target: TableSpec, key_source: Relation | None) -> None:
        self._connection_cache: Connection | None = connection
        self._source = key_source
        self._table = JobTable(connection, target, None if key_source is None else key_source.heading.key)
        self._jobs = Jobs(self._table)
        self._relation_cache: Relation | None = None

    @property
    def _name(self) -> TableName:
        return self._table.name

    @property
    def _spec(self) -> TableSpec:
        return self._table.spec

    def __relation__(self) -> Relation:
        if self._relation_cache is not None:
            return self._relation_cache
        if self._table.exists:
            return self._table.relation
        return self._nothing()

    def _nothing(self) -> Relation:
        """The relation while there is no job table: the target without any row has the key, all else is NULL."""
        empty = operators.restrict(BaseTable(self._table.target, self.connection), False)
        items = [
            (item, Column(name, item.stored) if item.in_key else Literal(None, item.stored))
            for name, item in self._spec.heading.attributes.items()
        ]
        return Projection(empty, tuple(items))

    # what there is ---------------------------------------------------------------------------------------------

    def progress(self) -> dict[str, int]:
        """Return how many jobs there are of each status, and ``total``; zeros if there is no job table."""
        return self._jobs.counts()

    def _of(self, status: Status) -> Self:  # type: ignore[override]
        return self & {"status": status.value} if self._table.exists else self

    @property
    def pending(self) -> Self:
        """Jobs that wait, also those that are not due yet."""
        return self._of(Status.PENDING)

    @property
    def reserved(self) -> Self:
        """Jobs that a worker holds."""
        return self._of(Status.RESERVED)

    @property
    def errors(self) -> Self:
        """Jobs that failed; ``error_message`` and ``error_stack`` say why."""
        return self._of(Status.ERROR)

    @property
    def ignored(self) -> Self:
        """Jobs that are passed over."""
        return self._of(Status.IGNORE)

    @property
    def completed(self) -> Self:
        """Jobs done, where ``jobs.keep_completed`` keeps them."""
        return self._of(Status.SUCCESS)

    @property
    def quarantined(self) -> Self:
        """Failed jobs over which workers were lost ``jobs.max_crashes`` times."""
        most = int(self.connection.config.jobs.max_crashes)
        return self.errors & f"_crashes >= {most}" if self._table.exists else self

    @property
    def delayed(self) -> Self:
        """Pending jobs that are not due yet."""
        if not self._table.exists:
            return self
        return self.pending & f"scheduled_time > '{self._jobs.now()}'"

    def seconds_until_due(self) -> float | None:
        """Return in how many seconds the first job that is not due yet will be; None if there is none."""
        return self._jobs.seconds_until_due() if self._table.exists else None

    # steering --------------------------------------------------------------------------------------------------

    def refresh(
        self,
        *restrictions: Any,
        delay: float = 0,
        priority: int | None = None,
        stale_timeout: float | None = None,
        orphan_timeout: float | None = None,
    ) -> dict[str, int]:
        """Bring the jobs in line with the key source.

        Keys that are to be computed become pending; jobs that are superfluous go; jobs of lost workers become pending.

        Args:
            *restrictions: Conditions on the key source for what is added; removal looks at all of it.
            delay: Seconds until new jobs are due.
            priority: Of new jobs, 0 to 127, lower first; default ``jobs.default_priority``.
            stale_timeout: Seconds after which jobs whose key left the key source are removed; 0: never; default
                ``jobs.stale_timeout``.
            orphan_timeout: Seconds after which a reservation without lease is given up; default: never.

        Returns:
            Numbers of jobs: ``added``, ``removed``, ``orphaned``, ``re_pended``.

        Raises:
            DataMillError: The table has no key source at hand, or ``priority`` is out of range.
        """
        if self._source is None:
            raise DataMillError(
                f"The key source of {self._table.target.name} is not at hand.",
                hint="Use T.jobs of its class.",
            )
        options = RefreshOptions(delay, priority, stale_timeout, orphan_timeout)
        return refresh(self._jobs, restricted(self._source, restrictions), self._source, options)

    def reserve(self, key: Mapping[str, Any]) -> bool:
        """Reserve one pending job that is due, without a lease: only `release` or ``orphan_timeout`` gives it back.

        Args:
            key: The job's key.

        Returns:
            True if this call reserved it.
        """
        return self._table.exists and self._jobs.reserve(key)

    def complete(self, key: Mapping[str, Any], duration: float | None = None) -> None:
        """Complete a reserved or pending job; nothing happens if it is not there.

        Args:
            key: The job's key.
            duration: Seconds it took.

        Raises:
            JobStateError: The job is neither reserved nor pending.
        """
        if self._table.exists:
            self._jobs.complete(key, duration)

    def error(self, key: Mapping[str, Any], error_message: str, error_stack: str | None = None) -> None:
        """Mark a reserved or pending job as failed.

        Args:
            key: The job's key.
            error_message: Cut to 2047 characters.
            error_stack: The traceback, whole.

        Raises:
            JobStateError: The job is neither reserved nor pending.
        """
        self._table.declare()
        self._jobs.error(key, error_message, error_stack)

    def ignore(self, key: Mapping[str, Any], reason: str = "") -> None:
        """Pass a key over from now on, also in direct mode; the result of a worker that holds it is dropped.

        Args:
            key: The job's key.
            reason: Kept as ``error_message``.
        """
        self._jobs.ignore(key, reason)

    def claim(self, n: int, *restrictions: Any) -> list[dict[str, Any]]:
        """Claim up to n pending jobs that are due, by priority, time and key.

        The claims have a lease of ``jobs.lease`` seconds, which nobody renews here: work that takes longer is given to
        others. `populate` renews its own.

        Args:
            n: How many at most.
            *restrictions: Conditions on the jobs.

        Returns:
            Their keys.
        """
        if not self._table.exists:
            return []
        claims = Claims(self._jobs, self._jobs.matching(restrictions))
        return [claim.key for claim in claims.claim(n)]

    def release(self, key: Mapping[str, Any]) -> None:
        """Give a reserved job back.

        Raises:
            JobStateError: It is not reserved.
        """
        self._table.declare()
        self._jobs.release(key)

    def retry(self, *restrictions: Any) -> int:
        """Make failed jobs pending again, with all their attempts.

        Args:
            *restrictions: Conditions on the jobs.

        Returns:
            How many.
        """
        return self._jobs.retry(self._conditions(restrictions)) if self._table.exists else 0

    def recover(self) -> int:
        """Take jobs from workers whose lease expired or whose process on this machine has ended; return how many."""
        return recover(self._jobs).total

    def delete(self, /, *args: Any, **options: Any) -> int:
        """Delete these jobs, without asking; return how many."""
        return self._jobs.delete(self._conditions(())) if self._table.exists else 0

    def drop(self, *args: Any, **options: Any) -> None:
        """Drop the job table, without asking."""
        if self._table.exists:
            self.connection.catalog.drop_tables([self._name])

    def _conditions(self, restrictions: tuple[Any, ...]) -> list[Any]:
        own = self._relation_cache
        return [*([self._derive(own)] if own is not None else []), *restrictions]


def jobs_of_schema(connection: Connection, schema: str) -> list[Job]:
    """Return the queues that a schema has, in the order of their names."""
    specs = connection.catalog.load(schema)
    names = connection.catalog.load(schema, hidden=True)
    found = []
    for name, spec in specs.items():
        if name.tier.is_auto_populated:
            job = Job(connection, spec, None)
            if job._name in names:
                found.append(job)
    return sorted(found, key=lambda job: job.table_name)
