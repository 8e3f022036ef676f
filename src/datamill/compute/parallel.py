"""One populate on many workers: hands out work, gathers outcomes, and copes with workers that die."""

from __future__ import annotations

import concurrent.futures
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import islice
from operator import or_
from queue import Empty, SimpleQueue
from typing import Any

from datamill.algebra import operators
from datamill.algebra.relations import BaseTable
from datamill.compute.batch import BatchSpec, Outcome, Recipe, run_batch
from datamill.compute.batching import Batching
from datamill.compute.executors import WorkerGoneError, workers_of
from datamill.compute.options import Options
from datamill.compute.resources import Resources, needs_of
from datamill.compute.result import PopulateResult
from datamill.compute.target import Target
from datamill.compute.work import Key
from datamill.data.scalars import fetch_tuples
from datamill.errors import WorkerLostError, warn_user
from datamill.settings.log import logger

POLL_SECONDS = 0.02
SECONDS_BETWEEN_PARTS = 0.2
SECONDS_TO_STOP = 10.0
LOSSES_PER_WORKER = 3
"""Workers lost in a row, for each there is, after which the run ends: something is wrong with all of them."""


class Parallel:
    """The parent's side of a populate on several workers.

    Args:
        target: The table.
        options: How.
        executor: Where workers run.
        workers: How many tasks run at once.
        recipe: What the workers need to know.
        advance: Called with numbers of keys done, for a progress bar.

    Fields:
        result: What `populate` returns.
        failures: Errors of keys.
        findings: How make broke its contract.
        has_losses: A worker died.
    """

    def __init__(
        self,
        target: Target,
        options: Options,
        executor: Any,
        workers: int,
        recipe: Recipe,
        advance: Callable[[int], Any],
    ) -> None:
        self.result = PopulateResult()
        self.failures: list[BaseException] = []
        self.findings: set[str] = set()
        self._target = target
        self._options = options
        self._executor = executor
        there = workers_of(executor)
        self._workers = max(1, min(workers, there))
        self._at_once = self._workers * (
            2 if self._workers == there else 1
        )  # none waits where another could work
        self._recipe = recipe
        self._advance = advance
        self._running: dict[Any, BatchSpec] = {}
        self._parts: SimpleQueue[tuple[Any, Outcome]] = SimpleQueue()
        self._done: dict[Any, Outcome] = {}
        self._told: set[str] = set()
        self._losses = 0
        self.has_losses = False
        self._needs = needs_of(target.maker)
        self._require = getattr(executor, "require", None)
        if self._require is not None:
            self._require(self._needs if isinstance(self._needs, Resources) else None)
        if hasattr(executor, "on_part"):
            executor.on_part = lambda future, part: self._parts.put((future, part))

    @property
    def is_over(self) -> bool:
        """True once an error ends the run."""
        return bool(self.failures) and not self._options.suppress_errors

    # direct mode -------------------------------------------------------------------------------------------------

    def run_keys(self, keys: Iterable[Key], count: int) -> None:
        """Compute keys.

        Args:
            keys: The keys, read as they are needed.
            count: How many there are.
        """
        batching, again = Batching(), deque[tuple[Key, ...]]()
        iterator, left = iter(keys), count
        with self._stopping():
            while not self.is_over:
                while len(self._running) < self._at_once:
                    batch = again.popleft() if again else _next(iterator, batching.size(left, self._workers))
                    if not batch:
                        break
                    left -= len(batch)
                    self._submit(BatchSpec(self._recipe, self._options, batch))
                if not self._running:
                    return
                for spec, outcome, done in self._finished():
                    if isinstance(outcome, Outcome):
                        self._take(outcome)
                        batching.worked(len(spec.keys or ()), outcome.seconds)
                    else:
                        again.extend(self._lost_keys(spec.keys or (), outcome, done))

    def _lost_keys(self, keys: Sequence[Key], error: BaseException, done: Outcome) -> list[tuple[Key, ...]]:
        """Settle a batch whose worker died; return batches of the keys that are to be tried again.

        The key that the worker was at fails. If it is not known which that was, keys are tried again one by one.
        """
        settled = self._stored(keys)
        self.result.succeeded(max(0, len(settled) - done.success_count))
        settled.update(tuple(key.values()) for key, _ in done.errors)
        missing = [(index, key) for index, key in enumerate(keys) if tuple(key.values()) not in settled]
        self._advance(max(0, len(keys) - len(missing) - done.calls))
        position = getattr(error, "position", None)
        if position is None and len(missing) == 1:
            position = missing[0][0]
        again = [(index, key) for index, key in missing if index != position]
        for index, key in missing:
            if index == position:
                message = f"The worker computing {key} of {self._target.name} was lost. {error}"
                self.add_failure(key, WorkerLostError(message, key=key))
                self._advance(1)
        if position is None:
            return [(key,) for _, key in again]
        return [tuple(key for _, key in again)] if again else []

    def _stored(self, keys: Sequence[Key]) -> set[tuple[Any, ...]]:
        own = BaseTable(self._target.spec, self._target.connection)
        relation = operators.restrict(own, [dict(key) for key in keys])
        return set(fetch_tuples(self._target.connection, relation, tuple(keys[0])))

    # reserved mode -----------------------------------------------------------------------------------------------

    def run_claims(self) -> None:
        """Let workers claim until none of them finds anything to claim."""
        seconds = getattr(self._executor, "seconds", None)
        most = self._options.most
        shares: list[int | None] = [None] * self._workers if most is None else _shares(most, self._workers)
        with self._stopping():
            for share in shares:
                options = replace(self._options, limit=share, max_calls=None)
                self._submit(BatchSpec(self._recipe, options, None, seconds))
            while self._running and not self.is_over:
                for spec, outcome, done in self._finished():
                    self._go_on(spec, outcome, done)

    def _go_on(self, spec: BatchSpec, outcome: Outcome | BaseException, done: Outcome) -> None:
        calls = done.calls
        if isinstance(outcome, Outcome):
            self._take(outcome)
            calls += outcome.calls
            spec = replace(spec, size=outcome.size)
            more = outcome.more
        else:
            logger.warning("%s Its jobs are recovered.", outcome)
            more = True
        limit = spec.options.limit
        left = None if limit is None else limit - calls
        if more and (left is None or left > 0):
            self._submit(replace(spec, options=replace(spec.options, limit=left)))

    # futures -----------------------------------------------------------------------------------------------------

    def ask_for(self, keys: Iterable[Key]) -> None:
        """Ask the cluster for what is enough for each of some keys, where that depends on the key."""
        if self._require is not None and callable(self._needs):
            self._require(reduce(or_, map(self._needs, keys), Resources()))

    def _submit(self, spec: BatchSpec) -> None:
        self.ask_for(spec.keys) if spec.keys else None
        self._running[self._executor.submit(run_batch, spec)] = spec

    def _finished(self) -> list[tuple[BatchSpec, Outcome | BaseException, Outcome]]:
        """Wait until some tasks are done.

        Returns:
            For each what it was, its outcome or the error that ended its worker, and what it had told before.
        """
        found: list[tuple[BatchSpec, Outcome | BaseException, Outcome]] = []
        done = _wait(list(self._running), SECONDS_BETWEEN_PARTS)
        self._take_parts()
        for future in done:
            spec, told = self._running.pop(future), self._done.pop(future, Outcome())
            try:
                found.append((spec, self._result(future), told))
                self._losses = 0
            except Exception as error:
                if not _is_loss(error):
                    raise
                found.append((spec, error, told))
                self._count_loss(error)
        return found

    def _result(self, future: Any) -> Outcome:
        outcome: Outcome = future.result()
        if outcome.interrupted is not None:  # somebody told the worker to stop: this means all of it
            self._take(outcome)
            raise outcome.interrupted
        return outcome

    def _count_loss(self, error: BaseException) -> None:
        self.has_losses = True
        self._losses += 1
        if self._losses > LOSSES_PER_WORKER * self._workers:
            raise WorkerLostError(
                f"{self._losses} workers in a row were lost while populating {self._target.name}: {error}"
            ) from error

    def _take_parts(self) -> None:
        """Take what workers have told; a part of a task always comes before its end."""
        while True:
            try:
                future, part = self._parts.get_nowait()
            except Empty:
                return
            self._take(part)
            told = self._done.setdefault(future, Outcome())
            told.success_count += part.success_count
            told.calls += part.calls
            told.errors += part.errors

    def _stopping(self) -> _Stopping:
        return _Stopping(self)

    def stop(self, seconds: float) -> None:
        """Make running tasks end early and take what they have done."""
        self._recipe.stop()
        interrupt = getattr(self._executor, "interrupt", None)
        for future in self._running:
            future.cancel()
        if interrupt is not None:
            interrupt()
        ends = time.monotonic() + seconds
        while self._running and time.monotonic() < ends:
            for future in _wait(list(self._running), ends - time.monotonic()):
                self._running.pop(future)
                self._take_late(future)
        self._take_parts()
        self._running.clear()

    def _take_late(self, future: Any) -> None:
        try:
            self._take(future.result())
        except (Exception, concurrent.futures.CancelledError) as error:  # noqa: BLE001 - the run is over anyway
            logger.debug("A task ended with %r while the run was being stopped.", error)

    # accounts ----------------------------------------------------------------------------------------------------

    def _take(self, outcome: Outcome) -> None:
        result = self.result
        result.succeeded(outcome.success_count)
        result.skipped += outcome.skipped
        result.lost += outcome.lost
        result.calls += outcome.calls
        self.findings.update(outcome.findings)
        for key, error in outcome.errors:
            self.add_failure(key, error)
        self._advance(outcome.calls)
        for once, warning in outcome.warnings.items():
            if once not in self._told:
                self._told.add(once)
                warn_user(*warning)

    def add_failure(self, key: Key, error: BaseException) -> None:
        """Count a key that failed."""
        self.result.failed(key, error, self._options.return_exception_objects)
        self.failures.append(error)


class _Stopping:
    """Around a run: whatever ends it early, running tasks are told to stop and their results are taken."""

    def __init__(self, parallel: Parallel) -> None:
        self._parallel = parallel

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exception: object) -> None:
        if self._parallel._running:
            self._parallel.stop(SECONDS_TO_STOP)


def _next(iterator: Iterator[Key], size: int) -> tuple[Key, ...]:
    return tuple(islice(iterator, size))


def _shares(most: int, workers: int) -> list[int | None]:
    shares = [most // workers + (index < most % workers) for index in range(workers)]
    return [share for share in shares if share]


def _is_loss(error: BaseException) -> bool:
    """True if the worker died, rather than that the task could not be run."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return isinstance(error, WorkerGoneError | concurrent.futures.BrokenExecutor) or bool(
        names & {"KilledWorker", "WorkerCrashedError", "ActorDiedError", "UncompletedJobError"}
    )


def _wait(futures: Sequence[Any], timeout: float | None = None) -> list[Any]:
    """Return futures that are done, waiting until there is one."""
    plain = [future for future in futures if isinstance(future, concurrent.futures.Future)]
    if len(plain) == len(futures):
        return list(concurrent.futures.wait(plain, timeout, concurrent.futures.FIRST_COMPLETED).done)
    ends = None if timeout is None else time.monotonic() + timeout
    while True:
        done = [future for future in futures if future.done()]
        if done or (ends is not None and time.monotonic() >= ends):
            return done
        time.sleep(POLL_SECONDS)
