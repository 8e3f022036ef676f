"""Rows that a make wants to store, kept until its flush."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from types import FrameType
from typing import Any

from datamill.data.observer import InsertBatch
from datamill.errors import DuplicateError
from datamill.model.names import TableName
from datamill.storage.journal import Journal

_PER_VALUE = 16


@dataclass(slots=True)
class Buffer:
    """The inserts of one make, in call order.

    Fields:
        batches: What was inserted.
        origins: For each batch, file and line of the insert.
        size: Estimated bytes.
        uploads: Objects in stores that go if the rows are not stored.
    """

    batches: list[InsertBatch] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    size: int = 0
    uploads: Journal = field(default_factory=Journal)
    _keys: dict[TableName, set[tuple[Any, ...]]] = field(default_factory=dict)

    @property
    def tables(self) -> Iterable[TableName]:
        """Tables with buffered rows."""
        return self._keys.keys()

    def clashes(self, batch: InsertBatch) -> bool:
        """True if a key of the batch is buffered already or comes twice in it."""
        known = self._keys.get(batch.spec.name, set())
        return len(set(batch.keys)) < len(batch.keys) or not known.isdisjoint(batch.keys)

    def add(self, batch: InsertBatch) -> None:
        """Keep a batch.

        Raises:
            DuplicateError: A primary key comes twice.
        """
        name = batch.spec.name
        known = self._keys.setdefault(name, set())
        for key in batch.keys:
            if key in known:
                values = dict(zip(batch.spec.physical_key, key, strict=False))
                raise DuplicateError(
                    f"make inserts {values} into {name} twice.",
                    attributes=batch.spec.physical_key,
                    key=values,
                    table=str(name),
                )
            known.add(key)
        self.batches.append(batch)
        self.origins.append(caller())
        self.size += sum(map(_size_of, batch.columns))


@dataclass(slots=True)
class Finished:
    """A key whose make has returned: what it wants to store, and when it was computed."""

    key: dict[str, Any]
    buffer: Buffer
    started: datetime
    duration: float


def _size_of(column: Any) -> int:
    return sum(len(value) if isinstance(value, bytes | str) else _PER_VALUE for value in column)


def caller() -> str:
    """Return file and line of the innermost frame outside this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("datamill."):
        frame = frame.f_back
    return "unknown" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def merge(batches: Iterable[InsertBatch]) -> list[InsertBatch]:
    """Join batches of the same table and shape, in order of first appearance."""
    joined: dict[tuple[Any, ...], list[InsertBatch]] = {}
    for batch in batches:
        joined.setdefault((batch.spec.name, batch.names, batch.conflict), []).append(batch)
    return [_joined(alike) for alike in joined.values()]


def _joined(batches: list[InsertBatch]) -> InsertBatch:
    columns = zip(*(batch.columns for batch in batches), strict=True)
    return replace(
        batches[0],
        columns=tuple(list(chain.from_iterable(parts)) for parts in columns),
        keys=[key for batch in batches for key in batch.keys],
        objects=tuple(item for batch in batches for item in batch.objects),
        doubtful=frozenset().union(*(batch.doubtful for batch in batches)),
    )


def utc_now() -> datetime:
    """Return the time in UTC, to the millisecond, without zone."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
