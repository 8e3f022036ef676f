"""Contents of lookup tables: rows that come with the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from datamill.algebra.conditions import as_relation
from datamill.algebra.relations import BaseTable
from datamill.data.encode import EncodedBatch, Encoder
from datamill.data.insert import insert
from datamill.data.objects import is_stored
from datamill.data.rows import RowBatch, row_batches
from datamill.data.scalars import fetch_tuples
from datamill.data.values import from_driver
from datamill.data.write_rows import InsertOptions, write_batches
from datamill.errors import AccessError, DataMillError, LookupDriftWarning, warn_user
from datamill.model.attribute import Now
from datamill.model.table import TableSpec
from datamill.settings.log import logger

if TYPE_CHECKING:
    from datamill.data.connection import Connection

SHOWN_KEYS = 3


def insert_contents(connection: Connection, spec: TableSpec, contents: Any) -> None:
    """Insert the rows whose keys are absent; keep rows that differ, with a warning.

    Args:
        connection: Where to write. Without the privilege to insert, nothing happens.
        spec: The lookup table.
        contents: Any form of rows that insert accepts; an iterator is read once.

    Raises:
        DataMillError: A row is no row of the table; nothing is stored.
    """
    if as_relation(contents) is not None:
        insert(connection, spec, contents, skip_duplicates=True)
        return
    if any(map(is_stored, spec.heading.attributes.values())):  # objects are not uploaded only to be compared
        with suppress(AccessError):
            insert(connection, spec, _as_mappings(contents, spec), skip_duplicates=True)
        return
    encoder = Encoder(connection, spec, fill_all=True)
    given = list(row_batches(_as_mappings(contents, spec), spec.heading))
    batches = [encoder.encode(batch) for batch in given]
    if not batches:
        return
    names = [name for name in batches[0].names if name in spec.heading]
    existing = _existing(connection, spec, names)
    differing: list[tuple[tuple[Any, ...], list[str]]] = []
    absent = []
    for written, batch in zip(given, batches, strict=True):
        wanted = _canonical_rows(connection, spec, batch, names)
        absent.append(batch.select([index for index, key in enumerate(batch.keys) if key not in existing]))
        for index, (key, row) in enumerate(zip(batch.keys, wanted, strict=True)):
            values = zip(names, row, existing.get(key, row), strict=True)
            others = [name for name, ours, theirs in values if ours != theirs]
            others = [name for name in others if not _is_left_to_the_clock(spec, written, name, index)]
            if others:
                differing.append((key, others))
    _write(connection, spec, [batch for batch in absent if batch.count])
    if differing:
        _warn(spec, differing)


def _is_left_to_the_clock(spec: TableSpec, batch: RowBatch, name: str, index: int) -> bool:
    """Return True if a row leaves an attribute to its default CURRENT_TIMESTAMP, which is another each time."""
    column = batch.columns.get(name)
    return isinstance(spec.heading[name].default, Now) and (column is None or column[index] is None)


def _as_mappings(contents: Any, spec: TableSpec) -> Any:
    """Give rows that are tuples their names; contents are usually written so."""
    if isinstance(contents, Mapping) or type(contents).__module__.split(".")[0] in (
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
    ):
        return contents
    if isinstance(contents, str) or not isinstance(contents, Iterable):
        return contents
    names = spec.heading.names
    rows = []
    for index, row in enumerate(contents):
        if isinstance(row, tuple | list):
            if len(row) != len(names):
                raise DataMillError(
                    f"Row {index} of the contents of {spec.name} has {len(row)} values for {len(names)} attributes.",
                    hint=f"The attributes are {', '.join(names)}.",
                )
            rows.append(dict(zip(names, row, strict=True)))
        else:
            rows.append(row)
    return rows


def _existing(
    connection: Connection, spec: TableSpec, names: list[str]
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = fetch_tuples(connection, BaseTable(spec, connection), names)
    positions = [names.index(name) for name in spec.heading.key]
    return {tuple(row[index] for index in positions): row for row in rows}


def _canonical_rows(
    connection: Connection, spec: TableSpec, batch: EncodedBatch, names: list[str]
) -> list[tuple[Any, ...]]:
    columns = [from_driver(connection.dialect, spec.heading[name], batch.column(name)) for name in names]
    return list(zip(*columns, strict=True)) if columns else [()] * batch.count


def _write(connection: Connection, spec: TableSpec, batches: list[EncodedBatch]) -> None:
    if not batches:
        return
    try:
        # Another process may declare the same table at the same time: its rows are as good as ours.
        write_batches(connection, ((spec, batch) for batch in batches), InsertOptions(skip_duplicates=True))
    except AccessError as error:
        logger.info("The contents of %s were not inserted: %s", spec.name, error)


def _warn(spec: TableSpec, differing: list[tuple[tuple[Any, ...], list[str]]]) -> None:
    shown = [
        f"{dict(zip(spec.heading.key, key, strict=True))} in {' and '.join(names)}"
        for key, names in differing[:SHOWN_KEYS]
    ]
    more = f" and {len(differing) - SHOWN_KEYS} more" if len(differing) > SHOWN_KEYS else ""
    warn_user(
        f"Rows of {spec.name} differ from its contents in code and were kept: {', '.join(shown)}{more}. "
        "Update or delete them to match.",
        LookupDriftWarning,
    )
