"""Sets of keys that remember the order of arrival, in memory while they are small and in a temporary file beyond."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

Key = tuple[Any, ...]

MOST_IN_MEMORY = 500_000
"""Keys of one table that stay in memory: about 100 MB."""

BATCH = 20_000


class _Store(Protocol):
    def add(self, keys: Sequence[Key]) -> int: ...

    def read(self, start: int, count: int) -> Sequence[Key]: ...

    def holds(self, key: Key) -> bool: ...

    def __len__(self) -> int: ...


class KeySet:
    """Distinct keys in the order in which they came.

    Args:
        limit: Keys that stay in memory; more go to a temporary file.

    Example:
        >>> keys = KeySet()
        >>> keys.add([(1,), (2,), (1,)])
        2
        >>> list(keys), (2,) in keys
        ([(1,), (2,)], True)
    """

    __slots__ = ("_limit", "_store")

    def __init__(self, limit: int = MOST_IN_MEMORY) -> None:
        self._limit = limit
        self._store: _Store = _InMemory()

    def add(self, keys: Iterable[Key]) -> int:
        """Add keys; return how many were new."""
        iterator, new = iter(keys), 0
        while batch := list(islice(iterator, BATCH)):
            new += self._store.add(batch)
            if len(self._store) > self._limit and isinstance(self._store, _InMemory):
                self._spill()
        return new

    def _spill(self) -> None:
        from datamill.data.key_file import KeyFile

        spilled = KeyFile()
        for batch in self.batches():
            spilled.add(batch)
        self._store = spilled

    def batches(self, start: int = 0, size: int = BATCH) -> Iterator[Sequence[Key]]:
        """Yield the keys from a position on, also those added meanwhile."""
        while batch := self._store.read(start, size):
            yield batch
            start += len(batch)

    def __iter__(self) -> Iterator[Key]:
        for batch in self.batches():
            yield from batch

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and self._store.holds(key)

    def __len__(self) -> int:
        return len(self._store)


class _InMemory:
    __slots__ = ("_known", "_order")

    def __init__(self) -> None:
        self._order: list[Key] = []
        self._known: set[Key] = set()

    def add(self, keys: Sequence[Key]) -> int:
        new = dict.fromkeys(keys)
        if not self._known.isdisjoint(new):
            new = {key: None for key in new if key not in self._known}
        self._known.update(new)
        self._order.extend(new)
        return len(new)

    def read(self, start: int, count: int) -> Sequence[Key]:
        return self._order[start : start + count]

    def holds(self, key: Key) -> bool:
        return key in self._known

    def __len__(self) -> int:
        return len(self._order)
