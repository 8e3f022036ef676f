"""populate(): compute what is missing, key by key, in direct mode."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from datamill.compute.flush import Group, Storage
from datamill.compute.forms import Form
from datamill.compute.interrupts import sigterm_as_exit
from datamill.compute.key_source import keys_of, keys_to_do, restricted
from datamill.compute.result import PopulateResult
from datamill.compute.runner import Runner
from datamill.compute.target import Target
from datamill.compute.version import code_version
from datamill.data import fetch as fetching
from datamill.data.scalars import counts
from datamill.errors import DataMillError, LostConnectionError, SkipKey, UpstreamChangedError

ATTEMPTS = 3
ORDERS = ("original", "reverse", "random")


@dataclass(frozen=True, slots=True)
class Options:
    """How to populate; see `datamill.Computed.populate`."""

    suppress_errors: bool = False
    return_exception_objects: bool = False
    max_calls: int | None = None
    limit: int | None = None
    order: str = "original"
    display_progress: bool = False
    keys: Sequence[dict[str, Any]] | None = None
    make_kwargs: dict[str, Any] = field(default_factory=dict)


def populate(
    target: Target, make: tuple[Form, Any], restrictions: Sequence[Any], options: Options
) -> PopulateResult:
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
    _refuse(target, options)
    result = PopulateResult()
    begun = time.monotonic()
    source = restricted(target.key_source, restrictions)
    keys = _keys(target, source, options)
    failures: list[BaseException] = []

    def failed(key: dict[str, Any], error: BaseException) -> None:
        result.failed(key, error, options.return_exception_objects)
        failures.append(error)

    storage = Storage(target, result, code_version(target))
    group = Group(storage, failed)
    runner = Runner(target, *make, dict(options.make_kwargs), storage, group, result)
    with sigterm_as_exit(), _progress_bar(target, len(keys), options.display_progress) as advance:
        try:
            for key in keys:
                _run_key(runner, key, result, failed)
                advance()
                if failures and not options.suppress_errors:
                    break
        finally:
            group.flush()
    result.elapsed = time.monotonic() - begun
    if failures and not options.suppress_errors:
        raise failures[0]
    return result


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


def _refuse(target: Target, options: Options) -> None:
    if target.connection.observer is not None:
        raise DataMillError(
            "populate was called inside a make.", hint="Populate the tables one after another."
        )
    if target.connection.in_transaction:
        raise DataMillError("populate was called inside a transaction.", hint="Leave the transaction first.")
    if options.order not in ORDERS:
        raise DataMillError(
            f"order={options.order!r} is no choice.", hint=f"Choose from {', '.join(ORDERS)}."
        )


def _keys(target: Target, source: Any, options: Options) -> list[dict[str, Any]]:
    bounds = [bound for bound in (options.limit, options.max_calls) if bound is not None]
    most = min(bounds) if bounds else None
    if options.keys is not None:
        keys = [dict(key) for key in options.keys]
    else:
        names = source.heading.primary_key
        direction = " DESC" if options.order == "reverse" else ""
        order = [f"`{name}`{direction}" for name in names] or None
        limit = None if options.order == "random" else most
        to_do = keys_to_do(source, target.spec, target.connection)
        keys = fetching.to_dicts(target.connection, to_do, order_by=order, limit=limit)
    if options.order == "random":
        random.shuffle(keys)
    return keys[:most]


def _run_key(runner: Runner, key: dict[str, Any], result: PopulateResult, failed: Any) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            runner.run(key)
        except SkipKey:
            result.skipped += 1
        except (UpstreamChangedError, LostConnectionError) as error:
            if attempt < ATTEMPTS:
                continue
            failed(key, error)
        except Exception as error:  # noqa: BLE001 - whatever user code raises belongs to its key
            error.add_note(f"While computing {key}.")
            failed(key, error)
        return


@contextmanager
def _progress_bar(target: Target, total: int, display: bool) -> Iterator[Any]:
    if not display:
        yield lambda: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=target.name.class_name, unit="key") as bar:
        yield bar.update
