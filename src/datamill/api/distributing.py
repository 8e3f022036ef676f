"""Populating on several workers: picks the executor, and sends the table to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any

from datamill.api.populating import AutoPopulate
from datamill.api.transport import pack
from datamill.compute import PopulateResult, Target, populate
from datamill.compute.batch import BatchSpec, Opened, Outcome, Recipe
from datamill.compute.executors import EXECUTORS, checked, cpu_count, workers_of
from datamill.compute.executors.processes import Processes
from datamill.compute.forms import form_of
from datamill.compute.options import Options
from datamill.compute.populate import populate_parallel
from datamill.compute.resources import UNLIMITED, Resources, most_at_once, needs_of
from datamill.compute.work import Make
from datamill.errors import DataMillError, require


@dataclass(frozen=True, slots=True)
class Where:
    """Where `populate` is to compute.

    Fields:
        executor: A name, an executor, or None for processes.
        processes: How many workers at the most; None: as many as fit.
        transaction, contract: As given to `populate`.
    """

    executor: Any
    processes: int | None
    transaction: str | None
    contract: str | None


class SharedRecipe:
    """The recipe for threads: each batch gets an instance of its own, and the settings of the caller.

    Args:
        table: The table.
        restrictions: Conditions on its key source.
        where: The policies to hand on.
        executor: The pool of threads.
    """

    def __init__(self, table: AutoPopulate, restrictions: Sequence[Any], where: Where, executor: Any) -> None:
        self._need = getattr(executor, "need", lambda resources: None)
        self._class = type(table)
        self._restrictions = tuple(restrictions)
        self._where = where
        self._stop = threading.Event()
        self._context = copy_context()

    def open(self) -> Opened:
        """Return the table for one batch."""
        instance = self._class()
        target = instance._target(self._where.transaction, self._where.contract)
        return Opened(target, form_of(instance, AutoPopulate), self._restrictions)

    def call(self, function: Callable[[BatchSpec], Outcome], spec: BatchSpec) -> Outcome:
        """Call a function as in the thread that called `populate`, whose overrides of settings hold."""
        return self._context.copy().run(function, spec)

    def is_stopped(self) -> bool:
        """True once the run is over."""
        return self._stop.is_set()

    def need(self, resources: Resources | None) -> None:
        """Ask the pool of threads, if it keeps account."""
        self._need(resources)

    def stop(self) -> None:
        """Let workers end after the key they are at."""
        self._stop.set()


def populate_elsewhere(
    table: AutoPopulate,
    target: Target,
    make: Make,
    restrictions: Sequence[Any],
    options: Options,
    where: Where,
) -> PopulateResult:
    """Populate on several workers; the executor made for this is shut down at the end.

    Args:
        table: The table's instance.
        target: The same for `compute`.
        make: Form and function.
        restrictions: Conditions on the key source.
        options: How.
        where: Which workers.

    Raises:
        DataMillError: The executor is none, the number of processes makes no sense, or the class cannot be sent.
    """
    options.check(target)
    workers = _wanted(where)
    if where.executor is None and workers == 1:
        return populate(target, make, restrictions, options)
    made = where.executor is None or isinstance(where.executor, str)
    if made:
        executor: Any = _made(where.executor or "processes", workers, target)
    else:
        executor = checked(where.executor)
    if hasattr(executor, "require"):  # a cluster, which keeps account by itself
        options = replace(options, capacity=None)
    else:
        workers = _limited(executor, workers, target, options)
    recipe: Recipe = _recipe(table, restrictions, where, executor)
    try:
        return populate_parallel(
            target, restrictions, options, executor, workers or workers_of(executor), recipe
        )
    finally:
        if made:
            executor.shutdown()


def _wanted(where: Where) -> int | None:
    """Return how many workers to use; None: as many as the executor has."""
    require(where.processes, (int, NoneType), "processes must be a whole number or None")
    if where.processes is not None and where.processes < 1:
        raise DataMillError(f"processes={where.processes} makes no sense.", hint="Give at least 1, or None.")
    if where.executor is None:
        return min(where.processes or cpu_count(), cpu_count())
    return where.processes if where.processes != 1 else None


def _limited(executor: Any, workers: int | None, target: Target, options: Options) -> int | None:
    """Let workers of this machine hold no more than there is; return how many can be at work at once."""
    if hasattr(executor, "limit"):
        executor.limit(options.capacity)
    most = most_at_once(needs_of(target.maker), options.capacity)
    return workers if most == UNLIMITED else min(workers or workers_of(executor), int(most))


def _made(name: str, workers: int | None, target: Target) -> Any:
    if name == "processes":
        return EXECUTORS.get(name)(workers, target.connection.config.jobs.start_method)
    return EXECUTORS.get(name)(workers)


def _recipe(table: AutoPopulate, restrictions: Sequence[Any], where: Where, executor: Any) -> Recipe:
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    if isinstance(executor, ThreadPoolExecutor) or getattr(executor, "in_process", False):
        return SharedRecipe(table, restrictions, where, executor)
    local = where.executor in (None, "processes") or isinstance(executor, Processes | ProcessPoolExecutor)
    return pack(table, restrictions, where.transaction, where.contract, secrets=local)
