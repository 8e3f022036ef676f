"""The forms in which users hand over rows, turned into batches of columns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from datamill.data.row_files import csv_blocks, parquet_blocks
from datamill.data.row_tables import Block, arrow_blocks, numpy_block, pandas_block, polars_block
from datamill.errors import DataMillError, warn_user
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading

BATCH_ROWS = 1000
"""Rows that are converted and written at once."""

BATCH_BYTES = 8 * 2**20
"""Bytes of large values after which a batch ends early."""

LONGEST_SMALL_TEXT = 255


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some consecutive rows of one call, as columns of the values that the user gave.

    Fields:
        start: Position of the first row within the call.
        count: Number of rows.
        columns: Attribute name to values; a row without the attribute holds None.
    """

    start: int
    count: int
    columns: dict[str, list[Any]]

    def tuples(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return some columns as rows; a column that is absent holds None."""
        if not names:
            return [()] * self.count
        return list(zip(*(self.columns.get(name) or [None] * self.count for name in names), strict=True))

    def select(self, positions: Sequence[int]) -> RowBatch:
        """Return some of the rows, as if they were all."""
        columns = {name: [values[index] for index in positions] for name, values in self.columns.items()}
        return RowBatch(self.start, len(positions), columns)


def row_batches(rows: Any, heading: Heading, chunk_size: int | None = None) -> Iterator[RowBatch]:
    """Read rows in any accepted form, once, a batch at a time.

    Args:
        rows: Iterable of mappings, tuples or ``numpy.void``; NumPy array; pandas or polars DataFrame; Arrow Table,
            RecordBatch or RecordBatchReader; path of a CSV or Parquet file.
        heading: The attributes of the table; gives positional rows their names.
        chunk_size: No batch crosses a multiple of this many rows.

    Raises:
        DataMillError: The form is none of these.

    Example:
        >>> from datamill.model.attribute import Attribute
        >>> from datamill.model.types import parse_type
        >>> heading = Heading([Attribute("a", parse_type("int32"), parse_type("int32"), in_key=True)])
        >>> [batch.columns for batch in row_batches([{"a": 1}, {"a": 2}], heading)]
        [{'a': [1, 2]}]
    """
    blocks = None if isinstance(rows, list | tuple) else _blocks(rows, heading)
    if blocks is not None:
        return _cut_blocks(blocks, chunk_size)
    if isinstance(rows, Mapping | str | bytes | bytearray) or not isinstance(rows, Iterable):
        hint = (
            "Use insert1 for one row."
            if isinstance(rows, Mapping)
            else "See the table of input forms of insert."
        )
        raise DataMillError(f"{type(rows).__name__} is no set of rows.", hint=hint)
    return _read_iterable(rows, heading, chunk_size)


def _blocks(rows: Any, heading: Heading) -> Iterable[Block] | None:
    """Return the columnar blocks of a table-like input, or None if it is a plain iterable."""
    path = _file_path(rows)
    if path is not None:
        return (csv_blocks if path.suffix.lower() == ".csv" else parquet_blocks)(path, heading)
    library = type(rows).__module__.partition(".")[0]
    reader = _TABLE_READERS.get((library, type(rows).__name__))
    if reader is not None:
        return reader(rows, heading)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(rows, numpy.ndarray):
        return [numpy_block(rows, heading)]
    return None


_TABLE_READERS: dict[tuple[str, str], Callable[[Any, Heading], Iterable[Block]]] = {
    ("pandas", "DataFrame"): lambda rows, heading: [pandas_block(rows, heading)],
    ("polars", "DataFrame"): lambda rows, heading: [polars_block(rows, heading)],
    ("pyarrow", "Table"): lambda rows, heading: arrow_blocks(rows, heading),
    ("pyarrow", "RecordBatch"): lambda rows, heading: arrow_blocks(rows, heading),
    ("pyarrow", "RecordBatchReader"): lambda rows, heading: arrow_blocks(rows, heading),
}


def _file_path(rows: Any) -> Path | None:
    if not isinstance(rows, str | Path):
        return None
    path = Path(rows)
    if path.suffix.lower() in (".csv", ".parquet"):
        return path
    raise DataMillError(
        f"{str(rows)!r} names no file of rows.", hint="Files of rows end in .csv or .parquet."
    )


def _batch_limit(start: int, chunk_size: int | None) -> int:
    return BATCH_ROWS if chunk_size is None else min(BATCH_ROWS, chunk_size - start % chunk_size)


def _cut_blocks(blocks: Iterable[Block], chunk_size: int | None) -> Iterator[RowBatch]:
    start = 0
    for block in blocks:
        done = 0
        while done < block.length:
            stop = min(block.length, done + _batch_limit(start, chunk_size))
            yield RowBatch(start, stop - done, block.slice(done, stop))
            start += stop - done
            done = stop


def _read_iterable(rows: Iterable[Any], heading: Heading, chunk_size: int | None) -> Iterator[RowBatch]:
    iterator = iter(rows)
    is_short = isinstance(rows, list | tuple) and len(rows) <= 1
    large = () if is_short else tuple(n for n, item in heading.attributes.items() if _may_be_large(item))
    start, warned = 0, False
    while batch := _take(iterator, _batch_limit(start, chunk_size), large):
        if not warned and any(isinstance(row, tuple | list) for row in batch[:1]):
            warned = True
            message = "Rows given by position are deprecated: give mappings from attribute names to values."
            warn_user(message, DeprecationWarning)
        yield RowBatch(start, len(batch), _columns_of(batch, heading, start))
        start += len(batch)


def _may_be_large(attribute: Attribute) -> bool:
    stored = attribute.stored
    if attribute.is_codec or stored.kind in ("bytes", "json", "text", "opaque"):
        return True
    return stored.kind in ("char", "varchar") and bool(stored.args) and stored.args[0] > LONGEST_SMALL_TEXT


def _take(iterator: Iterator[Any], limit: int, large: tuple[str, ...]) -> list[Any]:
    if not large:
        return list(islice(iterator, limit))
    batch: list[Any] = []
    size = 0
    for row in islice(iterator, limit):
        batch.append(row)
        size += _large_size(row, large)
        if size >= BATCH_BYTES:
            break
    return batch


def _large_size(row: Any, large: tuple[str, ...]) -> int:
    if isinstance(row, Mapping):
        values: Iterable[Any] = (row.get(name) for name in large)
    else:
        values = row if isinstance(row, Iterable) else ()
    return sum(map(_value_size, values))


def _value_size(value: Any) -> int:
    size = getattr(value, "nbytes", None)
    return size if isinstance(size, int) else sys.getsizeof(value)


def _columns_of(batch: list[Any], heading: Heading, start: int) -> dict[str, list[Any]]:
    kinds = set(map(type, batch))
    if kinds == {dict}:
        return columns_of_mappings(batch)
    if kinds <= {tuple, list}:
        return _columns_of_tuples(batch, heading, start)
    return columns_of_mappings([_as_mapping(row, heading, start + index) for index, row in enumerate(batch)])


def columns_of_mappings(batch: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Turn mappings into columns; where a mapping lacks a name that others have, the column holds None."""
    names = tuple(batch[0])
    if set(map(len, batch)) == {len(names)} and set(map(type, batch)) == {dict}:
        try:
            return {name: list(map(itemgetter(name), batch)) for name in names}
        except KeyError:  # same number of fields, other names
            pass
    every = dict.fromkeys(chain.from_iterable(batch))
    return {name: [row.get(name) for row in batch] for name in every}


def _columns_of_tuples(batch: list[Any], heading: Heading, start: int) -> dict[str, list[Any]]:
    for index, row in enumerate(batch):
        _check_length(row, heading, start + index)
    return {name: list(column) for name, column in zip(heading.names, zip(*batch, strict=True), strict=True)}


def _check_length(row: Sequence[Any], heading: Heading, row_index: int) -> None:
    if len(row) != len(heading):
        error = DataMillError(
            f"Row {row_index} has {len(row)} values for {len(heading)} attributes.",
            hint=f"A row given by position has all of: {', '.join(heading.names)}.",
        )
        error.row_index = row_index
        raise error


def _as_mapping(row: Any, heading: Heading, row_index: int) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    if isinstance(row, tuple | list):
        _check_length(row, heading, row_index)
        return dict(zip(heading.names, row, strict=True))
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(row, numpy.void) and row.dtype.names is not None:
        return {name: row[name] for name in row.dtype.names}
    error = DataMillError(
        f"Row {row_index} is a {type(row).__name__}.",
        hint="A row is a mapping from attribute names to values.",
    )
    error.row_index = row_index
    raise error
