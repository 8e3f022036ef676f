"""Work on many objects at a time: threads that wait for stores, in the caller's context."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

DEFAULT_THREADS: Final = 8
FEWEST_WITH_BAR: Final = 20
SECONDS_WITHOUT_BAR = 3.0
_pools: dict[int, ThreadPoolExecutor] = {}
_lock = threading.Lock()
_inside: Final[ContextVar[bool]] = ContextVar("datamill_in_transfer", default=False)

_threads: Final[ContextVar[int]] = ContextVar("datamill_threads", default=DEFAULT_THREADS)


@contextmanager
def using_threads(threads: int) -> Iterator[None]:
    """Let `run_all` within a block make so many calls at a time."""
    token = _threads.set(threads)
    try:
        yield
    finally:
        _threads.reset(token)


def run_all(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int | None = None
) -> list[Result]:
    """Call a function for each item, several at a time, and return the results in order.

    Each call sees the context variables of the caller. Calls made from within such a call run one after another, so
    that threads never wait for threads. If a call fails, those not yet begun are left out.

    Args:
        function: Called with an item.
        items: The items.
        threads: Calls at a time; None: as many as `using_threads` says around this call.

    Raises:
        Exception: The failure of the first item, in order, that failed; all running calls have ended by then.
    """
    threads = _threads.get() if threads is None else threads
    if threads <= 1 or len(items) <= 1 or _inside.get():
        return [function(item) for item in items]

    def call(item: Item) -> Result:
        _inside.set(True)
        return function(item)

    pool = _pool(threads)
    futures = [pool.submit(copy_context().run, call, item) for item in items]
    return _collect(futures)


def _collect(futures: list[Future[Result]]) -> list[Result]:
    try:
        with _progress(len(futures)) as advance:
            for future in futures:
                future.result()
                advance()
    except BaseException:
        for future in futures:
            future.cancel()
        wait([future for future in futures if not future.cancelled()])
        raise
    return [future.result() for future in futures]


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], object]]:
    """Give a function that counts finished transfers: on a terminal, a bar appears once they take long."""
    if total < FEWEST_WITH_BAR or not sys.stderr.isatty():
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="object", desc="transfer", leave=False, delay=SECONDS_WITHOUT_BAR) as bar:
        yield bar.update


def _pool(threads: int) -> ThreadPoolExecutor:
    with _lock:
        pool = _pools.get(threads)
        if pool is None:
            pool = _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="datamill-store")
        return pool


def _after_fork() -> None:
    """Threads do not survive a fork: the child starts its own."""
    global _lock
    _lock = threading.Lock()
    _pools.clear()


os.register_at_fork(after_in_child=_after_fork)
