"""Doing a thing once although several threads ask for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

Result = TypeVar("Result")


class Memo:
    """Results by key, each computed by the first thread that asks, while the others wait.

    Args:
        keys: Keys that will be asked for more than once; other keys are computed each time and not kept. None: all.

    Example:
        >>> memo = Memo()
        >>> [memo.get("a", lambda: calls.append(1) or len(calls)) for calls in [[]] for _ in range(2)]
        [1, 1]
    """

    __slots__ = ("_futures", "_keys", "_lock")

    def __init__(self, keys: frozenset[Any] | None = None) -> None:
        self._keys = keys
        self._futures: dict[Any, Future[Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Any, compute: Callable[[], Result]) -> Result:
        """Return the result of a key; a failure is raised to everybody who asks for it."""
        if self._keys is not None and key not in self._keys:
            return compute()
        with self._lock:
            future = self._futures.get(key)
            mine = future is None
            if future is None:
                future = self._futures[key] = Future()
        if mine:
            try:
                future.set_result(compute())
            except BaseException as error:
                future.set_exception(error)
                raise
        result: Result = future.result()
        return result


_memo: Final[ContextVar[Memo | None]] = ContextVar("datamill_memo", default=None)


@contextmanager
def remembering(memo: Memo) -> Iterator[None]:
    """Let `once` within a block remember results."""
    token = _memo.set(memo)
    try:
        yield
    finally:
        _memo.reset(token)


def once(key: Any, compute: Callable[[], Result]) -> Result:
    """Compute something, or take the result of an earlier call with this key within `remembering`."""
    memo = _memo.get()
    return compute() if memo is None else memo.get(key, compute)
