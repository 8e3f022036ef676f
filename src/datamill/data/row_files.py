"""Files as inputs of insert: CSV and Parquet."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from datamill.data.row_tables import Block, arrow_blocks
from datamill.errors import DataMillError, InvalidValueError, MissingExtraError
from datamill.model.heading import Heading

BLOCK_ROWS = 1000
_MOST_IN_CELL = 2**31 - 1
_limit = threading.Lock()
_TRUTHS = {"0": False, "1": True, "false": False, "true": True}


def csv_blocks(path: Path, heading: Heading) -> Iterator[Block]:
    """Read a CSV file: UTF-8, separated by commas, names in the first row.

    An empty cell is the empty string for char and varchar attributes, and missing for all others.

    Raises:
        DataMillError: The file cannot be read, has no header, or a row has more or fewer cells than the header.
        InvalidValueError: A column belongs to a codec or bytes attribute, or a cell is malformed.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = (cells for cells in csv.reader(file, strict=True) if cells)  # blank lines are no rows
            names = _header(next(iter(_read_rows(reader, 1)), None), heading, path)
            parsers = {name: _cell_parser(name, heading, path) for name in names}
            start = 0
            while block := _read_rows(reader, BLOCK_ROWS):
                yield _csv_block(block, parsers, path, start)
                start += len(block)
    except FileNotFoundError as error:
        raise _no_file(path) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataMillError(
            f"Cannot read {path}: {error}.", hint="CSV files are UTF-8 with commas."
        ) from error


def _read_rows(reader: Iterator[list[str]], count: int) -> list[list[str]]:
    """Read rows whose cells are of any length: the module's limit, one for the whole process, is lifted meanwhile."""
    with _limit:
        before = csv.field_size_limit(_MOST_IN_CELL)
        try:
            return list(islice(reader, count))
        finally:
            csv.field_size_limit(before)


def _no_file(path: Path) -> DataMillError:
    return DataMillError(f"There is no file {path}.", hint=f"The current folder is {Path.cwd()}.")


def _header(names: list[str] | None, heading: Heading, path: Path) -> list[str]:
    if names is None:
        raise DataMillError(f"{path} is empty.", hint="The first row of a CSV file names its columns.")
    separator = next((sign for sign in ";\t|" if sign in names[0]), None)
    if len(names) == 1 and separator and names[0].split(separator)[0] in heading:
        raise DataMillError(
            f"The columns of {path} are separated by {separator!r}, not by commas.",
            hint=f"Read it with pandas.read_csv(path, sep={separator!r}) and insert the data frame.",
        )
    return names


def _csv_block(block: list[list[str]], parsers: dict[str, Any], path: Path, start: int) -> Block:
    for index, cells in enumerate(block):
        if len(cells) != len(parsers):
            error = DataMillError(
                f"Row {start + index} of {path} has {len(cells)} cells for {len(parsers)} columns.",
                hint="Quote cells that contain commas; the first row names each column once.",
            )
            error.row_index = start + index
            raise error
    texts = dict(zip(parsers, zip(*block, strict=True), strict=True))

    def cut(first: int, last: int) -> dict[str, list[Any]]:
        return {
            name: _parse_cells(name, texts[name][first:last], parsers[name], start + first)
            for name in parsers
        }

    return Block(len(block), cut)


def _parse_cells(name: str, cells: tuple[str, ...], parse: Callable[[str], Any], first_row: int) -> list[Any]:
    values = []
    for index, cell in enumerate(cells):
        try:
            values.append(parse(cell))
        except InvalidValueError as error:
            error.row_index = first_row + index
            error.args = (f"Row {error.row_index}, column {name!r}: {error.args[0]}",)
            raise
    return values


def _cell_parser(name: str, heading: Heading, path: Path) -> Callable[[str], Any]:
    attribute = heading.get(name)
    if attribute is None:
        return str
    if attribute.is_blob:
        raise InvalidValueError(
            f"Column {name!r} of {path} belongs to an attribute of type {attribute.type}, which CSV cannot hold.",
            attribute=name,
            hint="Leave the column out, or insert these values from Python.",
        )
    kind = attribute.stored.kind
    if kind in ("char", "varchar"):
        return str
    parse = {"json": _parse_json, "bool": _parse_bool}.get(kind, str)
    return lambda cell: parse(cell) if cell else None


def _parse_json(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError as error:
        raise InvalidValueError(
            f"{cell[:100]!r} is not JSON: {error}.", value=cell, hint="Write documents with json.dumps."
        ) from error


def _parse_bool(cell: str) -> Any:
    return _TRUTHS.get(cell.strip().lower(), cell)


def parquet_blocks(path: Path, heading: Heading) -> Iterator[Block]:
    """Read a Parquet file by row batches.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataMillError: The file cannot be read.
    """
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError as error:
        raise MissingExtraError(
            "Reading Parquet files needs pyarrow.",
            extra="arrow",
            hint="Install it: pip install datamill[arrow].",
        ) from error
    try:
        with parquet.ParquetFile(path) as file:
            start = 0
            for batch in file.iter_batches(BLOCK_ROWS):
                yield from arrow_blocks(batch, heading, start)
                start += batch.num_rows
    except FileNotFoundError as error:
        raise _no_file(path) from error
    except (OSError, ArrowInvalid) as error:
        raise DataMillError(f"Cannot read {path}: {error}.") from error
