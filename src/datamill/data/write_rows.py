"""How encoded rows reach the database: offered to a running ``make``, or written in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from datamill.backends.base import BackendSession, Conflict
from datamill.data.encode import EncodedBatch, Encoder
from datamill.data.gc_marks import rescue
from datamill.data.insert_errors import explain
from datamill.data.observer import InsertBatch
from datamill.data.rows import RowBatch, row_batches
from datamill.data.transaction import RETRIES, is_retryable
from datamill.errors import DataMillError, DuplicateError, IntegrityError, QueryError
from datamill.model.table import TableSpec
from datamill.storage.journal import recording

if TYPE_CHECKING:
    from datamill.data.connection import Connection

SMALL = 100
"""Rows of a batch below which it is worth while to look whether it is the only one: a transaction costs two trips."""

TableBatch = tuple[TableSpec, EncodedBatch]


@dataclass(frozen=True, slots=True)
class InsertOptions:
    """What the user asked of an insert; see `insert.insert`.

    Raises:
        DataMillError: Two options exclude each other, or ``chunk_size`` is no positive number.
    """

    replace: bool = False
    skip_duplicates: bool = False
    ignore_extra_fields: bool = False
    allow_direct_insert: bool | None = None
    chunk_size: int | None = None

    def __post_init__(self) -> None:
        if self.replace and self.skip_duplicates:
            raise DataMillError("replace and skip_duplicates exclude each other.", hint="Choose one.")
        size: Any = self.chunk_size
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            raise DataMillError(f"chunk_size={size!r} is not a number of rows.", hint="It is at least 1.")

    @property
    def conflict(self) -> Conflict:
        """What happens to rows whose primary key exists."""
        return "replace" if self.replace else "skip" if self.skip_duplicates else "error"


def make_encoder(connection: Connection, spec: TableSpec, options: InsertOptions) -> Encoder:
    """Return the encoder for rows of a table under these options."""
    return Encoder(
        connection,
        spec,
        ignore_extra_fields=options.ignore_extra_fields,
        fill_all=options.replace,
        skip_existing=options.skip_duplicates,
    )


def write_rows(connection: Connection, spec: TableSpec, rows: Any, options: InsertOptions) -> None:
    """Encode and write rows of any form."""
    encoder = make_encoder(connection, spec, options)
    chunk = None if connection.in_transaction or connection.observer is not None else options.chunk_size
    given = row_batches(rows, spec.heading, chunk)
    if chunk is None:
        write_batches(connection, ((spec, encoder.encode(batch)) for batch in given), options)
    else:
        _write_chunks(connection, encoder, given, options, chunk)


def write_batches(connection: Connection, batches: Iterable[TableBatch], options: InsertOptions) -> int:
    """Write encoded batches all or none; return the number of rows that are not left to a running ``make``.

    The transaction opens when the first batch is there, so that input of one batch is read before.
    """
    remaining: Iterator[TableBatch] = iter(batches)
    if connection.observer is not None:
        remaining = iter(_offer(connection, remaining, options))
    first = next(remaining, None)
    if first is None:
        return 0
    rest = _Rest(remaining)
    retries = 0 if connection.in_transaction else RETRIES
    while True:
        try:
            return _write_all(connection, first, rest, options.conflict)
        except QueryError as error:
            if retries == 0 or rest.is_begun or not is_retryable(error):
                raise
            retries -= 1


class _Rest:
    """The batches behind the first; once one was taken, nothing can be repeated."""

    def __init__(self, batches: Iterator[TableBatch]) -> None:
        self._batches = batches
        self.is_begun = False

    def is_empty(self) -> bool:
        """True if there is no further batch; one that is looked at is kept."""
        following = next(self._batches, None)
        if following is not None:
            self._batches = chain((following,), self._batches)
        return following is None

    def __iter__(self) -> Iterator[TableBatch]:
        return self

    def __next__(self) -> TableBatch:
        batch = next(self._batches)
        self.is_begun = True
        return batch


def _write_all(connection: Connection, first: TableBatch, rest: _Rest, conflict: Conflict) -> int:
    spec, batch = first
    is_alone = batch.count < SMALL and not batch.objects and rest.is_empty()
    try:
        with connection.write(single=is_alone) as session:
            _write_batch(connection, session, spec, batch, conflict)
            count = batch.count
            for spec, batch in rest:
                _write_next_batch(connection, spec, batch, conflict)
                count += batch.count
    except (DuplicateError, IntegrityError) as error:
        if not rest.is_begun:
            raise explain(connection, spec, batch, error, conflict) from error.__cause__
        raise
    return count


def _offer(connection: Connection, batches: Iterator[TableBatch], options: InsertOptions) -> list[TableBatch]:
    """Hand the batches to a running ``make``; return those that it left to be written now."""
    observer = connection.observer
    assert observer is not None
    every = list(batches)  # a bad row in the last batch must keep the first from being buffered
    return [
        (spec, batch)
        for spec, batch in every
        if not observer.on_insert(as_insert_batch(spec, batch, options))
    ]


def as_insert_batch(spec: TableSpec, batch: EncodedBatch, options: InsertOptions) -> InsertBatch:
    """Return an encoded batch in the form in which a running ``make`` keeps it."""
    return InsertBatch(
        spec,
        batch.names,
        batch.columns,
        batch.keys,
        options.conflict,
        options.allow_direct_insert,
        batch.objects,
        batch.doubtful,
    )


def _write_chunks(
    connection: Connection, encoder: Encoder, given: Iterator[RowBatch], options: InsertOptions, size: int
) -> None:
    committed = 0
    try:
        while (first := next(given, None)) is not None:
            with recording(commits=True):  # what fails later does not touch its objects
                chunk = ((encoder.spec, encoder.encode(batch)) for batch in _chunk(first, given, size))
                committed += write_batches(connection, chunk, options)
    except DataMillError as error:
        error.rows_committed = committed
        raise
    except Exception as error:
        error.add_note(f"{committed} rows are committed: chunk_size={size}.")
        raise


def _chunk(first: RowBatch, given: Iterator[RowBatch], size: int) -> Iterator[RowBatch]:
    """Give the batches of one chunk; input beyond it is not touched, so that it can neither delay nor undo it."""
    for batch in chain((first,), given):
        yield batch
        if (batch.start + batch.count) % size == 0:
            return


def _write_batch(
    connection: Connection, session: BackendSession, spec: TableSpec, batch: EncodedBatch, conflict: Conflict
) -> None:
    unique = last_of_each_key(batch) if conflict == "replace" else batch
    if batch.objects:
        rescue(connection, session, batch.objects, batch.doubtful)
    session.insert_columns(spec.name, unique.names, unique.columns, key=spec.physical_key, conflict=conflict)


def _write_next_batch(
    connection: Connection, spec: TableSpec, batch: EncodedBatch, conflict: Conflict
) -> None:
    """Write a batch after others; if it fails, only its own rows are undone before the cause is looked for."""
    try:
        with connection.write() as session:
            _write_batch(connection, session, spec, batch, conflict)
    except (DuplicateError, IntegrityError) as error:
        raise explain(connection, spec, batch, error, conflict) from error.__cause__


def last_of_each_key(batch: EncodedBatch) -> EncodedBatch:
    """Return the batch with only the last row of each key."""
    last = {key: index for index, key in enumerate(batch.keys)}
    return batch if len(last) == batch.count else batch.select(sorted(last.values()))
