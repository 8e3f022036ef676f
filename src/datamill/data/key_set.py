"""Sets of keys that remember the order of arrival, in memory while they are small and in a temporary file beyond."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, overload

Key = tuple[Any, ...]

MOST_IN_MEMORY = 500_000
"""Keys that stay in memory, of one set or of all sets of a plan: about 100 MB."""

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
                self.spill()
        return new

    @property
    def in_memory(self) -> int:
        """Number of keys that are in memory."""
        return len(self._store) if isinstance(self._store, _InMemory) else 0

    def spill(self) -> None:
        """Move the keys to a temporary file."""
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


class KeyColumn(Sequence[Any]):
    """One value of each key of a set, converted when it is looked at.

    Args:
        keys: The keys, which no longer change.
        place: Which value of each.
        convert: Turns some of them into what they are to be.

    Example:
        >>> keys = KeySet()
        >>> keys.add([(1, "a"), (2, "b")])
        2
        >>> list(KeyColumn(keys, 1, list))
        ['a', 'b']
    """

    __slots__ = ("_convert", "_keys", "_place")

    def __init__(self, keys: KeySet, place: int, convert: Callable[[list[Any]], list[Any]]) -> None:
        self._keys, self._place, self._convert = keys, place, convert

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Any]:
        for batch in self._keys.batches():
            yield from self._convert([key[self._place] for key in batch])

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        return list(self)[index]


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
