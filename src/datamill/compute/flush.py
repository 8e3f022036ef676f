"""Storing what makes computed: short transactions, in groups where that is safe."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Protocol

from datamill.algebra import operators
from datamill.algebra.relations import BaseTable, Relation
from datamill.compute.buffer import Finished, merge, utc_now
from datamill.compute.interrupts import deferred
from datamill.compute.job_table import server_time
from datamill.compute.key_source import keys_of
from datamill.compute.metrics import count
from datamill.compute.records import CODE, RUN, Stamp
from datamill.compute.result import PopulateResult
from datamill.compute.target import Target
from datamill.data import fetch as fetching
from datamill.data.gc_marks import rescue
from datamill.data.observer import InsertBatch
from datamill.data.scalars import fetch_tuples
from datamill.data.values import to_driver
from datamill.errors import (
    DataMillError,
    DataMillWarning,
    DuplicateError,
    IntegrityError,
    LostConnectionError,
    UpstreamChangedError,
    warn_user,
)
from datamill.model.attribute import Attribute
from datamill.model.names import TableName
from datamill.sql.keys import update_by_key

KEYS_PER_GROUP = 100
SECONDS_PER_GROUP = 0.5
BYTES_PER_GROUP = 16 * 2**20
QUICK_MAKE_SECONDS = 0.1
SECONDS_AFTER_DEADLOCKS = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Longest waits before a key that a deadlock undid is stored again."""

Key = Mapping[str, Any]


class Discarded(Exception):  # noqa: N818 - a signal, not an error
    """The key was computed elsewhere meanwhile; what was computed here is dropped."""


class ClaimLost(Exception):  # noqa: N818 - a signal, not an error
    """The job of the key was given to another worker meanwhile; what was computed here is dropped."""


class Fence(Protocol):
    """The claims under which keys are stored, in reserved mode."""

    def held(self, keys: Sequence[Key], *, lock: bool = True) -> list[bool]:
        """Return for each key whether it is still held, and lock its job until the transaction ends."""

    def complete(self, keys: Sequence[Key], durations: Sequence[float]) -> None:
        """Complete jobs within the open transaction."""

    def finish(self, key: Key, duration: float) -> bool:
        """Complete a job in a transaction of its own; return False if the claim had been lost."""

    def forget(self, keys: Sequence[Key]) -> None:
        """Drop claims that have ended."""


class Storage:
    """Re-checks keys and writes their rows.

    Args:
        target: The table being populated.
        result: Counts what happens.
        version: Text for the hidden attribute ``_job_version``.
        fence: The claims on the keys, in reserved mode.
        stamp: Run and code that the rows refer to.
    """

    def __init__(
        self,
        target: Target,
        result: PopulateResult,
        version: str,
        fence: Fence | None = None,
        stamp: Stamp | None = None,
    ) -> None:
        self._target = target
        self._result = result
        self._version = version
        self._fence = fence
        self._source = keys_of(target.key_source)
        self._own = BaseTable(target.spec, target.connection)
        self._metadata = [item for item in target.spec.hidden if item.name.startswith("_job_")]
        self._constant = [
            (item.name, self._bound(item, {RUN: stamp.run, CODE: stamp.code}[item.name]))
            for item in self._metadata
            if stamp is not None and item.name in (RUN, CODE)
        ]

    def recheck(self, key: Key) -> None:
        """Check one key inside its transaction.

        Raises:
            ClaimLost: Another worker has the job.
            Discarded: The table has it already.
            UpstreamChangedError: It is no longer in the key source.
        """
        if self._fence is not None and not self._fence.held([key], lock=False)[0]:
            raise ClaimLost
        present, valid = self._present([key]), self._valid([key])
        if present:
            raise Discarded
        if not valid:
            raise self._gone(key)

    def _gone(self, key: Key) -> UpstreamChangedError:
        return UpstreamChangedError(
            f"{dict(key)} left the key source of {self._target.name} while it was computed; nothing was stored.",
            table=str(self._target.name),
            key=dict(key),
        )

    def _values(self, relation: Relation, names: Sequence[str], keys: Sequence[Key]) -> set[tuple[Any, ...]]:
        conditions = [{name: key[name] for name in names} for key in keys]
        rows = fetch_tuples(self._target.connection, operators.restrict(relation, conditions), names)
        return set(rows)

    def _present(self, keys: Sequence[Key]) -> set[tuple[Any, ...]]:
        return self._values(self._own, tuple(keys[0]), keys)

    def _valid(self, keys: Sequence[Key]) -> set[tuple[Any, ...]]:
        return self._values(self._source, tuple(keys[0]), keys)

    def write_group(self, entries: Sequence[Finished]) -> list[tuple[Finished, DataMillError]]:
        """Store several keys in one transaction, inside which they are re-checked.

        Returns:
            Keys that left the key source, with their errors.
        """
        connection, begun = self._target.connection, time.monotonic()
        connection.start_transaction()
        try:
            entries, lost = self._fenced(entries)
            present, valid = self._check_group(entries) if entries else (set(), set())
            gone: list[tuple[Finished, DataMillError]] = [
                (entry, self._gone(entry.key)) for entry in entries if _values(entry) not in valid | present
            ]
            kept = [entry for entry in entries if _values(entry) in valid and _values(entry) not in present]
            for batch in self._batches(kept):
                self.write(batch)
            computed = [entry for entry in entries if _values(entry) in present]
            self._complete([*kept, *computed])
        except BaseException:
            connection.cancel_transaction()
            raise
        self._commit(kept)
        self._end([*kept, *computed])
        self._stored(kept, begun)
        self.discard([entry.key for entry in computed])
        self.lose([entry.key for entry in lost])
        for entry in (*computed, *lost, *(entry for entry, _ in gone)):
            entry.buffer.uploads.discard()
        return gone

    def _commit(self, entries: Sequence[Finished]) -> None:
        """Commit; if the connection is lost on the way, look whether the rows are there.

        Raises:
            LostConnectionError: They are not: nothing was stored.
        """
        try:
            self._target.connection.commit_transaction()
        except LostConnectionError:
            sample = next((entry for entry in entries if self._target.name in entry.buffer.tables), None)
            sample = sample or next(iter(entries), None)
            if sample is None or not self._present([sample.key]):
                raise

    def _stored(self, entries: Sequence[Finished], begun: float) -> None:
        self._result.succeeded(len(entries))
        name = self._target.name
        count(name, "flushes")
        count(name, "flush_keys", len(entries))
        count(name, "flush_seconds", time.monotonic() - begun)

    # claims ------------------------------------------------------------------------------------------------------

    def _fenced(self, entries: Sequence[Finished]) -> tuple[list[Finished], list[Finished]]:
        """Split keys into those whose claim holds, now locked, and those that were lost."""
        if self._fence is None:
            return list(entries), []
        held = self._fence.held([entry.key for entry in entries])
        mine = [entry for entry, is_held in zip(entries, held, strict=True) if is_held]
        return mine, [entry for entry, is_held in zip(entries, held, strict=True) if not is_held]

    def _complete(self, entries: Sequence[Finished]) -> None:
        if self._fence is not None and entries:
            self._fence.complete([entry.key for entry in entries], [entry.duration for entry in entries])

    def _end(self, entries: Sequence[Finished]) -> None:
        if self._fence is not None and entries:
            self._fence.forget([entry.key for entry in entries])

    def lose(self, keys: Sequence[Key]) -> None:
        """Count keys whose claim another worker has now."""
        self._result.lost += len(keys)
        count(self._target.name, "lost_leases", len(keys))
        if self._fence is not None and keys:
            self._fence.forget(keys)

    def finish_open(self, entry: Finished, *, has_row: bool) -> None:
        """Stamp, complete and commit a key whose rows are written, in its open transaction.

        Raises:
            ClaimLost: Another worker has the job; nothing is committed.
        """
        if has_row:
            self.stamp(entry)
        mine, _ = self._fenced([entry])
        if not mine:
            raise ClaimLost
        self._complete(mine)
        self._commit(mine if has_row else [])
        self._end(mine)

    def finish_unstored(self, key: Key, duration: float) -> None:
        """Complete the job of a key that stored nothing, or was stored elsewhere."""
        if self._fence is not None and not self._fence.finish(key, duration):
            self._result.lost += 1

    def store_alone(self, entry: Finished) -> None:
        """Store one key in a transaction of its own, again after deadlocks.

        Raises:
            UpstreamChangedError: Its inputs are gone.
            DataMillError: A row cannot be stored.
        """
        for wait in (*SECONDS_AFTER_DEADLOCKS, None):
            try:
                self._store_alone(entry)
            except DataMillError as error:
                if wait is not None and getattr(error, "is_retryable", False):
                    time.sleep(wait * random.random())
                    continue
                entry.buffer.uploads.discard()
                if not self.is_elsewhere(entry.key, error):
                    raise
                self.settle(entry.key, entry.duration, Discarded())
            return

    def is_elsewhere(self, key: Key, error: BaseException) -> bool:
        """True if rows of a key were refused because another process has stored the key meanwhile."""
        own = operators.restrict(self._own, dict(key))
        return isinstance(error, DuplicateError) and fetching.exists(self._target.connection, own)

    def _store_alone(self, entry: Finished) -> None:
        connection, begun = self._target.connection, time.monotonic()
        connection.start_transaction()
        try:
            self.recheck(entry.key)
            self.write_one(entry)
            mine, _ = self._fenced([entry])
            if not mine:
                raise ClaimLost
            self._complete(mine)
        except (Discarded, ClaimLost) as signal:
            connection.cancel_transaction()
            entry.buffer.uploads.discard()
            self.settle(entry.key, entry.duration, signal)
            return
        except BaseException as error:
            connection.cancel_transaction()
            if not isinstance(error, DataMillError):
                entry.buffer.uploads.discard()
            raise
        self._commit(mine)
        self._end(mine)
        self._stored(mine, begun)

    def settle(self, key: Key, duration: float, signal: Discarded | ClaimLost) -> None:
        """Count a key whose result is dropped, for whichever reason; its transaction is rolled back."""
        if isinstance(signal, ClaimLost):
            self.lose([key])
            return
        self.finish_unstored(key, duration)
        self.discard([key])

    def _check_group(self, entries: Sequence[Finished]) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
        keys = [entry.key for entry in entries]
        if not keys[0]:
            present = {()} if fetching.exists(self._target.connection, self._own) else set()
            valid = {()} if fetching.exists(self._target.connection, self._source) else set()
            return present, valid
        return self._present(keys), self._valid(keys)

    def discard(self, keys: Sequence[Key]) -> None:
        """Count keys that were computed elsewhere meanwhile."""
        self._result.skipped += len(keys)
        for key in keys:
            message = f"{dict(key)} of {self._target.name} was computed elsewhere meanwhile; this result is dropped."
            warn_user(message, DataMillWarning)

    def write(self, batch: InsertBatch) -> None:
        """Write rows inside the open transaction."""
        connection = self._target.connection
        if batch.objects:
            rescue(connection, connection.session, batch.objects, batch.doubtful)
        connection.session.insert_columns(
            batch.spec.name,
            batch.names,
            batch.columns,
            key=batch.spec.physical_key,
            conflict=batch.conflict,
        )

    def write_one(self, entry: Finished) -> None:
        """Write one key's rows in call order, each failure noting where the insert stands in the code."""
        for batch, origin in zip(entry.buffer.batches, entry.buffer.origins, strict=True):
            try:
                self.write(self._with_metadata(batch, entry))
            except IntegrityError as error:
                error.add_note(f"Inserted at {origin}.")
                if self._is_upstream(error):
                    raise self._gone(entry.key) from error
                raise
            except DataMillError as error:
                error.add_note(f"Inserted at {origin}.")
                raise

    def _is_upstream(self, error: IntegrityError) -> bool:
        """True if a row of the table itself, not of a part, refers to a row of the key source that is gone."""
        primary = {str(key.parent) for key in self._target.spec.foreign_keys if key.in_key}
        return str(error.child) == str(self._target.spec.name) and str(error.parent) in primary

    def _batches(self, entries: Sequence[Finished]) -> Iterable[InsertBatch]:
        """Merge the rows of several keys; what is the same for all of them is added afterwards, once."""
        pairs = ((batch, entry) for entry in entries for batch in entry.buffer.batches)
        if len(self._constant) < len(self._metadata):
            return merge(self._with_metadata(batch, entry) for batch, entry in pairs)
        return (self._with_values(batch, self._constant) for batch in merge(batch for batch, _ in pairs))

    def stamp(self, entry: Finished) -> None:
        """Fill the hidden metadata of a key whose rows are written already, inside its open transaction."""
        values = self._metadata_values(entry)
        if not values:
            return
        spec, dialect = self._target.spec, self._target.connection.dialect
        names = tuple(entry.key)
        key = tuple(self._bound(spec.heading[name], value) for name, value in entry.key.items())
        statement = update_by_key(dialect, spec.name, values, names, key)
        self._target.connection.session.execute(statement.sql, statement.params)

    def _with_metadata(self, batch: InsertBatch, entry: Finished) -> InsertBatch:
        return self._with_values(batch, self._metadata_values(entry))

    def _with_values(self, batch: InsertBatch, values: Sequence[tuple[str, Any]]) -> InsertBatch:
        if not values or batch.spec.name != self._target.name:
            return batch
        names = (*batch.names, *(name for name, _ in values))
        columns = (*batch.columns, *([value] * len(batch) for _, value in values))
        return replace(batch, names=names, columns=columns)

    def _metadata_values(self, entry: Finished) -> list[tuple[str, Any]]:
        known = {
            "_job_start_time": entry.started + self._zone,
            "_job_duration": entry.duration,
            "_job_version": self._version,
        }
        own = [
            (item.name, self._bound(item, known[item.name])) for item in self._metadata if item.name in known
        ]
        return [*own, *self._constant]

    @cached_property
    def _zone(self) -> timedelta:
        """How far the server's time is from UTC on this machine; asked only for tables that keep times."""
        if not any(item.name == "_job_start_time" for item in self._metadata):
            return timedelta(0)
        return server_time(self._target.connection.session)[0] - utc_now()

    def _bound(self, attribute: Attribute, value: Any) -> Any:
        return to_driver(self._target.connection.dialect, attribute, [value])[0]


def _values(entry: Finished) -> tuple[Any, ...]:
    return tuple(entry.key.values())


@dataclass(slots=True)
class Group:
    """Finished keys that wait to be stored together.

    Fields:
        storage: What writes them.
        failed: Called with a key and its error.
        stored: Called after each flush.
        entries: The keys.
    """

    storage: Storage
    failed: Any
    stored: Callable[[], Any] = lambda: None
    entries: list[Finished] = field(default_factory=list)
    _size: int = 0
    _opened: float = 0.0

    def add(self, entry: Finished) -> None:
        """Take a finished key; store the group if it is full, or the key was slow."""
        if not self.entries:
            self._opened = time.monotonic()
        self.entries.append(entry)
        self._size += entry.buffer.size
        if (
            entry.duration >= QUICK_MAKE_SECONDS
            or len(self.entries) >= KEYS_PER_GROUP
            or self._size >= BYTES_PER_GROUP
            or time.monotonic() - self._opened >= SECONDS_PER_GROUP
        ):
            self.flush()

    def tables(self) -> list[TableName]:
        """Tables with waiting rows."""
        return list({name for entry in self.entries for name in entry.buffer.tables})

    def flush(self) -> None:
        """Store the waiting keys; if one of them cannot be stored, each on its own."""
        entries, self.entries, self._size = self.entries, [], 0
        if not entries:
            return
        with deferred():
            try:
                gone = self.storage.write_group(entries)
            except DataMillError:
                gone = self._one_by_one(entries)
        for entry, error in gone:
            self.failed(entry.key, error)
        self.stored()

    def _one_by_one(self, entries: Sequence[Finished]) -> list[tuple[Finished, DataMillError]]:
        failures: list[tuple[Finished, DataMillError]] = []
        for entry in entries:
            try:
                self.storage.store_alone(entry)
            except DataMillError as error:
                failures.append((entry, error))
        return failures
