"""Table-like inputs of insert: NumPy arrays, pandas and polars data frames, Arrow tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from datamill.data.stored_columns import Read, reader_of
from datamill.errors import DataMillError, warn_user
from datamill.model.heading import Heading

NUMERIC_FAMILIES = ("integer", "float", "decimal")


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that lie in memory as columns.

    Fields:
        length: Number of rows.
        slice: Function of (first, past the last) giving these rows as columns of Python values.
    """

    length: int
    slice: Callable[[int, int], dict[str, list[Any]]]


def numpy_block(array: Any, heading: Heading) -> Block:
    """Read a structured array by field, or a plain 2-D array of shape (rows, attributes) by position.

    Raises:
        DataMillError: The array has neither fields nor two dimensions, or another number of columns.
    """
    if array.dtype.names is not None:
        flat = array.reshape(-1)
        fields = {name: flat[name] for name in array.dtype.names}
    elif array.ndim == 2:
        if array.shape[1] != len(heading):
            raise DataMillError(
                f"The array has {array.shape[1]} columns for {len(heading)} attributes.",
                hint=f"By position it needs: {', '.join(heading.names)}.",
            )
        message = "Rows given by position are deprecated: give a structured array or a data frame."
        warn_user(message, DeprecationWarning)
        flat = array
        fields = {name: array[:, index] for index, name in enumerate(heading.names)}
    else:
        raise DataMillError(
            f"An array of {array.ndim} dimensions and dtype {array.dtype} is not a set of rows.",
            hint="Give a structured array, or a 2-D array with one column per attribute.",
        )

    def cut(first: int, last: int) -> dict[str, list[Any]]:
        return {
            name: _numpy_values(column[first:last], _is_codec(heading, name))
            for name, column in fields.items()
        }

    return Block(len(flat), cut)


def _is_codec(heading: Heading, name: str) -> bool:
    attribute = heading.get(name)
    return attribute is not None and attribute.is_codec


def _numpy_values(column: Any, keep_scalars: bool) -> list[Any]:
    # Plain Python numbers convert fastest; where the NumPy type carries meaning its scalars stay.
    plain = column.ndim == 1 and (column.dtype.kind in "biuSUO" or column.dtype.str[1:] == "f8")
    return column.tolist() if plain and not keep_scalars else list(column)


def pandas_block(frame: Any, heading: Heading) -> Block:
    """Read a pandas DataFrame; named index levels are columns, missing values are None.

    Raises:
        DataMillError: Two columns, or a column and an index level, have the same name.
    """
    levels = () if frame.index.names == [None] else frame.index.names
    _check_distinct([str(name) for name in (*levels, *frame.columns) if name is not None])
    if levels:
        frame = frame.reset_index()

    def cut(first: int, last: int) -> dict[str, list[Any]]:
        part = frame.iloc[first:last]
        return {str(name): _pandas_values(part[name], heading, str(name)) for name in part.columns}

    return Block(len(frame), cut)


def _check_distinct(names: list[str]) -> None:
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise DataMillError(
            f"Several columns are named {', '.join(map(repr, repeated))}.",
            hint="Rename or drop all but one; levels of an index count as columns.",
        )


def _pandas_values(series: Any, heading: Heading, name: str) -> list[Any]:
    values: list[Any] = _plain_moments(series) or series.tolist()
    missing = series.isna()
    if not missing.any():
        return values
    attribute = heading.get(name)
    keep_nan = (
        attribute is not None and not attribute.is_codec and attribute.stored.family in NUMERIC_FAMILIES
    )
    return [
        None if absent and not (keep_nan and isinstance(value, float)) else value
        for value, absent in zip(values, missing.tolist(), strict=True)
    ]


def _plain_moments(series: Any) -> list[Any] | None:
    """Return the datetimes of a series of whole microseconds, none of them missing; Timestamps take far longer."""
    if not getattr(series.dtype, "str", "").startswith("<M8"):  # NumPy's own, without time zone
        return None
    exact = series.to_numpy()
    values: list[Any] = exact.astype("M8[us]").tolist() if (exact.astype("M8[us]") == exact).all() else []
    return values if set(map(type, values)) == {datetime} else None


def polars_block(frame: Any, heading: Heading) -> Block:
    """Read a polars DataFrame; text for a json attribute is JSON."""
    readers = {name: reader_of(heading, name) for name in frame.columns}

    def cut(first: int, last: int) -> dict[str, list[Any]]:
        part = frame.slice(first, last - first)
        return {name: _read(part[name].to_list(), readers[name], first) for name in part.columns}

    return Block(len(frame), cut)


def arrow_blocks(table: Any, heading: Heading, start: int = 0) -> Iterator[Block]:
    """Read an Arrow Table, RecordBatch or RecordBatchReader batch by batch; text for a json attribute is JSON.

    Args:
        table: The rows.
        heading: Of the table that takes them.
        start: Position of the first row in the user's input.
    """
    batches: Iterable[Any]
    if hasattr(table, "to_batches"):
        batches = table.to_batches()
    elif hasattr(table, "read_next_batch"):
        batches = table
    else:
        batches = [table]
    for batch in batches:
        yield _arrow_block(batch, heading, start)
        start += batch.num_rows


def _arrow_block(batch: Any, heading: Heading, start: int) -> Block:
    _check_distinct(batch.schema.names)
    readers = [reader_of(heading, field.name, field.metadata) for field in batch.schema]

    def cut(first: int, last: int) -> dict[str, list[Any]]:
        part = batch.slice(first, last - first)
        return {
            name: _read(part.column(index).to_pylist(), readers[index], start + first)
            for index, name in enumerate(part.schema.names)
        }

    return Block(batch.num_rows, cut)


def _read(values: list[Any], reader: Read | None, first_row: int) -> list[Any]:
    return values if reader is None else reader(values, first_row)
