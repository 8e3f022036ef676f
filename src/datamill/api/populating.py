"""What auto-populated tables add: populate, progress, upstream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

from datamill.algebra.relations import BaseTable, Relation
from datamill.api.binding import on_class, property_on_class
from datamill.api.expression import QueryExpression
from datamill.api.jobs import Job
from datamill.api.table import Table
from datamill.compute import MakeContext, PopulateResult, Target, populate, progress
from datamill.compute.forms import form_of, never_called
from datamill.compute.history import outdated, runs_of
from datamill.compute.key_source import check_key_source, default_key_source
from datamill.compute.populate import Options
from datamill.compute.resources import capacity_of
from datamill.compute.target import policy
from datamill.errors import DataMillError, require
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.compute.retry import Retry
    from datamill.compute.upstream import Upstream


class AutoPopulate(Table):
    """A table whose rows come from ``make``.

    Class attributes:
        transaction: ``"flush"`` (default) or ``"make"``.
        contract: ``"off"``, ``"warn"`` or ``"strict"``.
        reads, writes: Tables that ``make`` may touch besides what the definition references.
        retry: When a key that failed is tried again in reserved mode: a `datamill.Retry`.
        resources: What computing a key takes: ``dict(cpus=1, memory="4GB", gpus=0, time="1h", tags=())``, or a method
            from a key to such a dict.
    """

    transaction: ClassVar[str | None] = None
    contract: ClassVar[str | None] = None
    reads: ClassVar[Sequence[Any]] = ()
    writes: ClassVar[Sequence[Any]] = ()
    retry: ClassVar[Retry | None] = None
    resources: Any = None

    def make(self, key: dict[str, Any]) -> None:
        """Compute one key and insert its rows into self and its parts. Override it.

        Args:
            key: One primary key of `key_source`.
        """
        raise never_called(self)

    @property_on_class
    def key_source(self) -> Any:
        """The keys to compute: by default the join of the parents referenced from the primary key."""
        source = default_key_source(self._spec, self.connection.catalog, self.connection)
        return self._derive(source)

    @property_on_class
    def jobs(self) -> Job:
        """The queue of this table's keys; see `datamill.Job`."""
        return Job(self.connection, self._spec, self._checked_source())

    @property_on_class
    def runs(self) -> QueryExpression:
        """The runs that made these rows: who, when, where, with which code and packages.

        Raises:
            DataMillError: The table keeps no record of runs.

        Example:
            >>> (Spikes & {"mouse_id": 1}).runs.fetch1("code_version")  # doctest: +SKIP
            '3f2c9e1'
        """
        return QueryExpression._of(runs_of(self.connection, self._spec, self.__relation__()), self.connection)

    @property_on_class
    def outdated(self) -> Self:
        """Those of these rows that other code made than the class has now: delete them to compute them anew.

        Raises:
            DataMillError: The table keeps no record of code.
            MissingMakeError: The class has no ``make``.

        Example:
            >>> Spikes.outdated.delete()  # doctest: +SKIP
        """
        form_of(self, AutoPopulate)
        return self._restricted(outdated(self._spec, self, self.__relation__()))

    def _checked_source(self) -> Relation:
        source = self.key_source
        source = source() if isinstance(source, type) else source
        return check_key_source(source, self._spec)

    @property
    def upstream(self) -> Upstream:
        """Inside ``make``: each ancestor restricted to what the key derives from.

        Raises:
            DataMillError: Outside ``make``.
        """
        observer = self.connection.observer
        if not isinstance(observer, MakeContext) or observer.target.name != self._name:
            raise DataMillError(
                "self.upstream exists only while make runs.", hint="Use it inside make(self, key)."
            )
        return observer.upstream

    def _target(self, transaction: str | None, contract: str | None) -> Target:
        jobs = self.connection.config.jobs
        return Target(
            spec=self._spec,
            connection=self.connection,
            maker=self,
            key_source=self._checked_source(),
            wrap=self._derive,
            reads=table_names(self.reads),
            writes=table_names(self.writes),
            transaction=policy("transaction", transaction, self.transaction, jobs.transaction),
            contract=policy("contract", contract, self.contract, jobs.contract),
            empty_make=policy("empty_make", jobs.empty_make),
            parts=tuple(self.connection.catalog.graph().parts(self._name)),
        )

    @on_class
    def populate(
        self,
        *restrictions: Any,
        suppress_errors: bool = False,
        return_exception_objects: bool = False,
        reserve_jobs: bool = False,
        max_calls: int | None = None,
        display_progress: bool = False,
        make_kwargs: dict[str, Any] | None = None,
        processes: int | None = 1,
        priority: int | None = None,
        refresh: bool | None = None,
        executor: Any = None,
        capacity: Mapping[str, Any] | None = None,
        keys: Iterable[Mapping[str, Any]] | Mapping[str, Any] | None = None,
        order: str = "original",
        limit: int | None = None,
        transaction: str | None = None,
        contract: str | None = None,
    ) -> PopulateResult:
        """Compute the rows that are missing.

        Args:
            *restrictions: Conditions on `key_source`, all of which hold.
            suppress_errors: Collect errors and go on.
            return_exception_objects: Collect exceptions instead of texts ``"Class: message"``.
            reserve_jobs: Claim keys from the job table, so that many workers can share the work.
            max_calls: Calls of ``make`` at the most.
            display_progress: Show a progress bar.
            make_kwargs: Keyword arguments for ``make``.
            processes: Processes to compute in, at the most one per processor; None: one per processor.
            priority: With ``reserve_jobs``: claim jobs of this priority or a smaller number; jobs added get it.
            refresh: With ``reserve_jobs``: call ``jobs.refresh`` first; default ``config.jobs.auto_refresh``.
            executor: Where to compute: ``"processes"``, ``"threads"``, ``"dask"``, ``"ray"``, ``"slurm"``, ``"mpi"``,
                or any object with ``submit`` and ``shutdown``; see `datamill.executors`.
            capacity: What the workers of this machine may take together, in the words of ``resources``; None: its
                processors, and the GPUs in ``CUDA_VISIBLE_DEVICES``. Keys that take more are left to others
                (``reserve_jobs``) or fail.
            keys: Compute these keys, or this one, instead of the missing ones.
            order: ``"original"`` (by primary key), ``"reverse"`` or ``"random"``.
            limit: Keys to consider at the most.
            transaction: Overrides the class attribute.
            contract: Overrides the class attribute.

        Returns:
            ``{"success_count": int, "error_list": [(key, error), ...]}`` with attributes ``skipped``, ``lost``,
            ``calls``, ``elapsed`` (seconds).

        Raises:
            MissingMakeError: The class has no complete ``make``.
            DataMillError: The table is restricted, a transaction is open, or this is inside a ``make``.
            WorkerLostError: A worker died; it is the error of the key it was at.
            Exception: The first error of a ``make``, unless ``suppress_errors``.
        """
        if not isinstance(self.__relation__(), BaseTable):
            raise DataMillError(
                "populate works on the whole table.",
                hint="Pass the restriction as an argument: T.populate(restriction).",
            )
        require(make_kwargs or {}, Mapping, "make_kwargs must be a mapping")
        form = form_of(self, AutoPopulate)
        options = Options(
            suppress_errors=suppress_errors,
            return_exception_objects=return_exception_objects,
            max_calls=max_calls,
            limit=limit,
            order=order,
            display_progress=display_progress,
            keys=None if keys is None else _listed_keys(keys),
            make_kwargs=make_kwargs or {},
            reserve_jobs=reserve_jobs,
            priority=priority,
            refresh=refresh,
            capacity=None if capacity is None else capacity_of(capacity),
        )
        target = self._target(transaction, contract)
        if executor is None and processes == 1:
            return populate(target, form, restrictions, options)
        # Classes are sent by a module that knows all of them, so that this one cannot import it.
        distributing = import_module("datamill.api.distributing")
        where = distributing.Where(executor, processes, transaction, contract)
        result: PopulateResult = distributing.populate_elsewhere(
            self, target, form, restrictions, options, where
        )
        return result

    @on_class
    def progress(self, *restrictions: Any, display: bool = False) -> tuple[int, int]:
        """Return how many keys remain and how many there are.

        Args:
            *restrictions: Conditions on `key_source`.
            display: Also log it.
        """
        remaining, total = progress(self._target(None, None), restrictions)
        if display:
            from datamill.settings.log import logger

            share = 100 * (1 - remaining / total) if total else 100.0
            logger.info("%s: %d of %d done (%.1f %%)", self.class_name, total - remaining, total, share)
        return remaining, total


def _listed_keys(keys: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return keys as they were given: several, or one."""
    require(keys, Iterable, "keys must be an iterable of keys")
    found = [keys] if isinstance(keys, Mapping) else list(keys)
    for key in found:
        require(key, Mapping, "Each of keys must be a mapping from attributes to values")
    return [dict(key) for key in found]


def table_names(tables: Sequence[Any]) -> frozenset[TableName]:
    """Return the full names of tables that are given as classes, instances or text."""
    return frozenset(
        TableName.parse(table) if isinstance(table, str) else _name_of(table) for table in tables
    )


def _name_of(table: Any) -> TableName:
    instance = table() if isinstance(table, type) else table
    if not isinstance(instance, Table):
        raise DataMillError(f"{table!r} in reads or writes is not a table.")
    return instance._name
