"""A piece of work for one worker, wherever it runs: what travels there, what is done, what comes back."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from datamill.compute.key_source import restricted
from datamill.compute.options import Options
from datamill.compute.reserved import Reserved
from datamill.compute.resources import Resources, needs_of
from datamill.compute.target import Target
from datamill.compute.work import Key, Make, Work
from datamill.errors import DataMillError


class Tracker(Protocol):
    """Tells the parent how far a worker is, where there is a way to, so that nothing is forgotten if it dies."""

    def at(self, position: int) -> None:
        """Tell which key of the batch is next."""

    def need(self, resources: Resources | None) -> None:
        """Give back what this worker holds, and wait until it can have something else."""

    def done(self, part: Outcome) -> None:
        """Tell what has been done since the last call; the outcome of the batch leaves it out."""


tracker: ContextVar[Tracker | None] = ContextVar("tracker", default=None)
"""The tracker of this worker."""


class Opened(NamedTuple):
    """What a worker needs to know of the table: where, how, and which keys."""

    target: Target
    make: Make
    restrictions: Sequence[Any]


class Recipe(Protocol):
    """Makes an `Opened` in the worker."""

    def open(self) -> Opened:
        """Return the table, ready to be computed."""

    def call(self, function: Callable[[BatchSpec], Outcome], spec: BatchSpec) -> Outcome:
        """Call a function with the settings of who called `populate`, where they are at hand."""

    def stop(self) -> None:
        """Let workers end after the key they are at, where they can be told."""

    def is_stopped(self) -> bool:
        """True once the run is over, where workers can be told."""

    def need(self, resources: Resources | None) -> None:
        """Wait until the calling worker can have resources, where somebody keeps account."""


@dataclass(frozen=True, slots=True)
class PackedRecipe:
    """A recipe that travels between processes.

    Fields:
        opener: Function from the payload; it travels by name.
        payload: Bytes.
    """

    opener: Callable[[bytes], Opened]
    payload: bytes

    def open(self) -> Opened:
        """Return the table; unpacked once per process."""
        return _opened(self.opener, self.payload)

    def call(self, function: Callable[[BatchSpec], Outcome], spec: BatchSpec) -> Outcome:
        """Call it: the settings have travelled along."""
        return function(spec)

    def stop(self) -> None:
        """Processes are told by a signal."""

    def is_stopped(self) -> bool:
        """Processes are told by a signal."""
        return False

    def need(self, resources: Resources | None) -> None:
        """Ask the parent, if there is a way to."""
        found = tracker.get()
        if found is not None:
            found.need(resources)


@lru_cache(maxsize=4)
def _opened(opener: Callable[[bytes], Opened], payload: bytes) -> Opened:
    return opener(payload)


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """What one worker is asked to do.

    Fields:
        recipe: The table.
        options: How to populate; ``keys`` and ``most`` are those of this batch.
        keys: The keys to compute, in direct mode; None in reserved mode, where the worker claims.
        seconds: In reserved mode, claim nothing after so many; None: until nothing can be claimed.
        size: Size of the first claim.
    """

    recipe: Recipe
    options: Options
    keys: tuple[Key, ...] | None
    seconds: float | None = None
    size: int = 1


@dataclass(slots=True)
class Outcome:
    """What one worker has done.

    Fields:
        success_count, skipped, lost, calls: As in `PopulateResult`.
        errors: Keys that failed, with their errors.
        seconds: How long it took.
        more: There may be more to claim.
        size: Size of the last claim, to go on with.
        findings: How make broke its contract.
        warnings: What the caller is to be told once in a run, and the words and category of it.
        interrupted: What stopped the worker before the end; None if nothing did.
    """

    success_count: int = 0
    skipped: int = 0
    lost: int = 0
    calls: int = 0
    errors: list[tuple[Key, BaseException]] = field(default_factory=list)
    seconds: float = 0.0
    more: bool = False
    size: int = 1
    findings: list[str] = field(default_factory=list)
    warnings: dict[str, tuple[str, type[Warning]]] = field(default_factory=dict)
    interrupted: BaseException | None = None


class _Account:
    """What of a result has been told already."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._told = Outcome()
        self._errors = 0

    def tell(self) -> None:
        found = tracker.get()
        if found is not None:
            found.done(self.rest())

    def rest(self) -> Outcome:
        """Return what has not been told yet; from now on it has."""
        result, told = self._work.result, self._told
        part = Outcome(
            result["success_count"] - told.success_count,
            result.skipped - told.skipped,
            result.lost - told.lost,
            result.calls - told.calls,
            [(key, portable(error)) for key, error in result["error_list"][self._errors :]],
        )
        self._errors += len(part.errors)
        self._told = Outcome(result["success_count"], result.skipped, result.lost, result.calls)
        return part


def run_batch(spec: BatchSpec) -> Outcome:
    """Compute the keys of a batch, or claim and compute; what was finished is stored whatever happens."""
    return spec.recipe.call(_run_batch, spec)


def _run_batch(spec: BatchSpec) -> Outcome:
    begun = time.monotonic()
    opened = spec.recipe.open()
    options = replace(spec.options, return_exception_objects=True, display_progress=False, refresh=False)
    run = _claim_and_run if spec.keys is None else _run_keys
    needs = needs_of(opened.target.maker)
    try:
        if isinstance(needs, Resources) and needs.gpus:
            spec.recipe.need(needs)
        outcome = run(spec, opened, options)
    finally:
        if needs is not None:
            spec.recipe.need(None)
    outcome.seconds = time.monotonic() - begun
    return outcome


def _run_keys(spec: BatchSpec, opened: Opened, options: Options) -> Outcome:
    work = Work(opened.target, opened.make, replace(options, keys=None))
    account, report, last = _Account(work), tracker.get(), Outcome()
    work.report, work.admit, work.warn = account.tell, spec.recipe.need, _collector(last)
    try:
        for position, key in enumerate(spec.keys or ()):
            if report is not None:
                report.at(position)
            work.run(key)
            if work.is_over or spec.recipe.is_stopped():
                break
    except (KeyboardInterrupt, SystemExit) as leaving:
        last.interrupted = portable(leaving)
    finally:
        work.end()
    return _closed(last, account, work)


def _claim_and_run(spec: BatchSpec, opened: Opened, options: Options) -> Outcome:
    source = restricted(opened.target.key_source, opened.restrictions)
    reserved = Reserved(opened.target, opened.make, source, bool(opened.restrictions), options)
    work, last = reserved.work, Outcome()
    account = _Account(work)
    work.report, work.admit, work.warn = account.tell, spec.recipe.need, _collector(last)
    try:
        last.more = reserved.run(spec.seconds, spec.size, spec.recipe.is_stopped)
    except (KeyboardInterrupt, SystemExit) as leaving:
        last.interrupted = portable(leaving)
    work.close()
    last.size = reserved.size
    return _closed(last, account, work)


def _collector(outcome: Outcome) -> Callable[[str, str, type[Warning]], Any]:
    return lambda once, message, category: outcome.warnings.setdefault(once, (message, category))


def _closed(last: Outcome, account: _Account, work: Work) -> Outcome:
    """Return the last outcome of a batch with what has not been told of it yet."""
    rest = account.rest()
    return replace(
        rest,
        more=last.more,
        size=last.size,
        findings=work.findings,
        warnings=last.warnings,
        interrupted=last.interrupted,
    )


def portable(error: BaseException) -> BaseException:
    """Return an error that can be sent to another process, its traceback as a note."""
    shown = "".join(traceback.format_exception(error)).rstrip()
    try:
        sent: BaseException = pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - classes may fail to be pickled in any way
        sent = DataMillError(f"{type(error).__name__}: {error}")
    for note in getattr(error, "__notes__", ()):
        if note not in getattr(sent, "__notes__", ()):
            sent.add_note(note)
    sent.add_note(f"In the worker:\n{shown}")
    return sent
