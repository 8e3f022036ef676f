"""populate(): compute what is missing, in direct or reserved mode."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from datamill.compute.batch import Recipe
from datamill.compute.direct import DirectKeys, run_direct
from datamill.compute.interrupts import sigterm_as_exit
from datamill.compute.jobs import Jobs
from datamill.compute.key_source import keys_of, keys_to_do, restricted
from datamill.compute.options import Options
from datamill.compute.parallel import Parallel
from datamill.compute.records import RunRecord
from datamill.compute.recovery import quarantined_since
from datamill.compute.reserved import Reserved, ready_jobs
from datamill.compute.resources import Resources, needs_of, too_large
from datamill.compute.result import PopulateResult
from datamill.compute.target import Target
from datamill.compute.work import Make, Work
from datamill.data.scalars import counts
from datamill.errors import WorkerLostError
from datamill.settings.log import logger

__all__ = ["Options", "populate", "populate_parallel", "progress"]


def populate(target: Target, make: Make, restrictions: Sequence[Any], options: Options) -> PopulateResult:
    """Compute and store the missing keys of a table.

    Args:
        target: The table.
        make: Form and function, from `form_of`.
        restrictions: Conditions on the key source, all of which hold.
        options: How.

    Returns:
        Counts and errors.

    Raises:
        DataMillError: A transaction is open, or this is called inside a make.
        BaseException: Without ``suppress_errors``, the first error of a make, once finished keys are stored.
    """
    options.check(target)
    if not has_room(target, options):
        return PopulateResult()
    begun = time.monotonic()
    with sigterm_as_exit():
        run = _reserved if options.reserve_jobs else _direct
        work = run(target, make, restrictions, options)
    work.result.elapsed = time.monotonic() - begun
    if work.is_over:
        raise work.failures[0]
    return work.result


def populate_parallel(
    target: Target,
    restrictions: Sequence[Any],
    options: Options,
    executor: Any,
    workers: int,
    recipe: Recipe,
) -> PopulateResult:
    """Populate on several workers.

    Args:
        target: The table.
        restrictions: Conditions on the key source, which the recipe holds too.
        options: How.
        executor: Where workers run.
        workers: Tasks at once, at the most.
        recipe: What workers need to know.
    """
    options.check(target)
    if not has_room(target, options):
        return PopulateResult()
    begun = time.monotonic()
    source = restricted(target.key_source, restrictions)
    jobs: Jobs | None = None
    keys: DirectKeys | None = None
    with sigterm_as_exit():
        if options.reserve_jobs:
            jobs = ready_jobs(target, source, options)
            count = jobs.counts()["pending"]
        else:
            keys = DirectKeys(target, source, options)
            count = len(keys)
        record = RunRecord(target, options.make_kwargs)
        with progress_bar(target, count, options.display_progress) as advance:
            shared = replace(options, max_calls=None, limit=options.most, stamp=record.stamp)
            parallel = Parallel(target, shared, executor, min(workers, max(1, count)), recipe, advance)
            if count:
                record.begin()
            try:
                if jobs is not None:
                    _run_claims(parallel, jobs)
                elif keys is not None and count:
                    parallel.run_keys(keys, count)
            finally:
                record.end(sorted(parallel.findings))
    parallel.result.elapsed = time.monotonic() - begun
    if parallel.is_over:
        raise parallel.failures[0]
    return parallel.result


def has_room(target: Target, options: Options) -> bool:
    """False if the keys of a table, which are then left to other workers, take more than there is here.

    Raises:
        DataMillError: The same in direct mode.
    """
    needs, capacity = needs_of(target.maker), options.capacity
    if capacity is None or not isinstance(needs, Resources) or needs.fits(capacity):
        return True
    error = too_large(target.name, needs, capacity)
    if not options.reserve_jobs:
        raise error
    logger.warning("%s", error)
    return False


def _run_claims(parallel: Parallel, jobs: Jobs) -> None:
    """Run workers that claim; keys put aside meanwhile are errors of this run."""
    begun = jobs.now()
    parallel.ask_for(jobs.pending_keys())
    parallel.run_claims()
    if parallel.has_losses:
        for key in quarantined_since(jobs, begun):
            message = f"{jobs.table.target.name} lost its worker again and again over {key}."
            parallel.add_failure(key, WorkerLostError(message, key=key))


def _direct(target: Target, make: Make, restrictions: Sequence[Any], options: Options) -> Work:
    keys = DirectKeys(target, restricted(target.key_source, restrictions), options)
    work = Work(target, make, options)
    with progress_bar(target, len(keys), options.display_progress) as work.advance:
        try:
            run_direct(work, keys)
        finally:
            work.end()
    return work


def _reserved(target: Target, make: Make, restrictions: Sequence[Any], options: Options) -> Work:
    source = restricted(target.key_source, restrictions)
    reserved = Reserved(target, make, source, bool(restrictions), options)
    total = reserved.jobs.counts()["pending"] if options.display_progress else 0
    with progress_bar(target, total, options.display_progress) as reserved.work.advance:
        try:
            reserved.run()
        finally:
            reserved.work.close()
    return reserved.work


def progress(target: Target, restrictions: Sequence[Any]) -> tuple[int, int]:
    """Return how many keys remain to be computed, and how many there are.

    Args:
        target: The table.
        restrictions: Conditions on the key source.
    """
    source = restricted(target.key_source, restrictions)
    remaining = keys_to_do(source, target.spec, target.connection)
    first, second = counts(target.connection, [remaining, keys_of(source)])
    return first, second


@contextmanager
def progress_bar(target: Target, total: int, display: bool) -> Iterator[Callable[[int], Any]]:
    """Show a bar of keys while the block runs; it gets what advances it."""
    if not display or not total:
        yield lambda count: None
        return
    # tqdm.auto warns in notebooks without ipywidgets
    tqdm = import_module("tqdm.auto" if find_spec("ipywidgets") else "tqdm").tqdm
    with tqdm(total=total, desc=target.name.class_name, unit=" keys") as bar:
        yield bar.update
