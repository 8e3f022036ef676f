"""A list of keys that is read once from the database and waits, beyond some size, in a temporary file."""

from __future__ import annotations

import pickle
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

Key = tuple[Any, ...]

MOST_IN_MEMORY = 20_000


class KeySpool:
    """Keys in batches, in order of arrival; memory is bounded by `MOST_IN_MEMORY` keys.

    Args:
        batches: The keys.
        most: Stop after so many; None for all.
        in_memory: Keys that stay in memory; more go to a temporary file.

    Example:
        >>> spool = KeySpool([[(1,), (2,)], [(3,)]])
        >>> len(spool), list(spool)
        (3, [(1,), (2,), (3,)])
    """

    def __init__(
        self, batches: Iterable[Sequence[Key]], most: int | None = None, in_memory: int = MOST_IN_MEMORY
    ) -> None:
        self._batches: list[Sequence[Key]] = []
        self._offsets: list[int] = []
        self._file: IO[bytes] | None = None
        self._length = 0
        for batch in batches:
            kept = batch if most is None else batch[: most - self._length]
            self._add(kept, in_memory)
            if most is not None and self._length >= most:
                break

    def _add(self, batch: Sequence[Key], in_memory: int) -> None:
        if not batch:
            return
        self._length += len(batch)
        if self._length <= in_memory:
            self._batches.append(list(batch))
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="datamill-keys-")  # noqa: SIM115 - closed with the spool
        self._offsets.append(self._file.tell())
        pickle.dump(list(batch), self._file, protocol=5)

    def __len__(self) -> int:
        return self._length

    def batches(self, shuffle: bool = False) -> Iterator[Sequence[Key]]:
        """Yield the batches; shuffled, the batches come in random order, each shuffled in itself."""
        order = list(range(len(self._batches) + len(self._offsets)))
        if shuffle:
            random.shuffle(order)
        for index in order:
            batch = list(self._read(index))
            if shuffle:
                random.shuffle(batch)
            yield batch

    def _read(self, index: int) -> Sequence[Key]:
        if index < len(self._batches):
            return self._batches[index]
        assert self._file is not None
        self._file.seek(self._offsets[index - len(self._batches)])
        keys: Sequence[Key] = pickle.load(self._file)
        return keys

    def __iter__(self) -> Iterator[Key]:
        for batch in self.batches():
            yield from batch

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()
