"""Why an insert was refused: which row, which key, and what the user may have meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from datamill.backends.base import Conflict
from datamill.data.encode import EncodedBatch
from datamill.data.nearest import nearest_keys
from datamill.data.values import from_driver
from datamill.errors import DataMillError, DuplicateError, IntegrityError
from datamill.model.table import ForeignKey, TableSpec
from datamill.sql.dialects.base import Dialect
from datamill.sql.keys import Key, key_batches, select_by_key, select_some, types_of

if TYPE_CHECKING:
    from datamill.data.connection import Connection

MOST_LISTED = 10
"""Missing keys that an error lists."""

MOST_CANDIDATES = 10_000
"""Keys of a parent that are read to find similar ones."""


def explain(
    connection: Connection,
    spec: TableSpec,
    batch: EncodedBatch,
    error: DuplicateError | IntegrityError,
    conflict: Conflict = "error",
) -> DataMillError:
    """Return the error to raise for a batch that the database refused and of which no row is left.

    Args:
        connection: Where it was to be written.
        spec: The table.
        batch: The rows.
        error: What the database said.
        conflict: What was to happen to existing keys.

    Returns:
        An error of the same class that says which row and key; the given one if that cannot be found out.
    """
    try:
        if isinstance(error, DuplicateError):
            return _explain_duplicate(connection, spec, batch, conflict) or error
        return _explain_reference(connection, spec, batch) or error
    except DataMillError:  # the diagnosis must not hide the failure
        return error


def _explain_duplicate(
    connection: Connection, spec: TableSpec, batch: EncodedBatch, conflict: Conflict
) -> DuplicateError | None:
    for names in _unique_keys(spec):
        is_key = names == spec.physical_key
        if is_key and conflict != "error":
            continue
        found = _clash(connection, spec, batch, names)
        if found is not None:
            index, earlier, values = found
            return _duplicate(spec, names, values, batch.position(index), earlier)
    return None


def _unique_keys(spec: TableSpec) -> Iterator[tuple[str, ...]]:
    yield spec.physical_key
    for index in spec.indexes:
        if index.unique and index.attributes:
            yield index.attributes
    for foreign_key in spec.foreign_keys:
        if foreign_key.unique:
            yield foreign_key.attributes


def _clash(
    connection: Connection, spec: TableSpec, batch: EncodedBatch, names: tuple[str, ...]
) -> tuple[int, int | None, Key] | None:
    """Return the first clashing row: its index, the position of the earlier row of this batch or None, its values."""
    dialect, width = connection.dialect, len(names)
    bound = [batch.column(name) for name in (*names, *spec.physical_key)]
    given = _canonical(dialect, spec, (*names, *spec.physical_key), bound)
    wanted = sorted({row for row in zip(*bound[:width], strict=True) if None not in row}, key=repr)
    found = _read(connection, spec, (*names, *spec.physical_key), names, wanted)
    existing = {row[:width]: row[width:] for row in found}
    seen: dict[Key, int] = {}
    for index, row in enumerate(given):
        values, own = row[:width], row[width:]
        if None in values:
            continue
        if values in existing and (names == spec.physical_key or existing[values] != own):
            return index, None, values
        if values in seen:
            return index, batch.position(seen[values]), values
        seen[values] = index
    return None


def _read(
    connection: Connection, spec: TableSpec, wanted: Sequence[str], names: Sequence[str], keys: Sequence[Key]
) -> Iterator[Key]:
    """Yield canonical columns of the rows of some keys (driver values)."""
    types = types_of(spec)
    for some in key_batches(keys, len(names), connection.dialect):
        statement = select_by_key(connection.dialect, spec.name, wanted, names, some, types)
        rows = connection.read(statement)
        if rows:
            yield from _canonical(connection.dialect, spec, wanted, list(zip(*rows, strict=True)))


def _canonical(
    dialect: Dialect, spec: TableSpec, names: Sequence[str], columns: Sequence[Sequence[Any]]
) -> list[Key]:
    """Return rows of canonical values from columns of driver values: what is read need not equal what was bound."""
    attributes = {item.name: item for item in spec.columns}
    values = [
        from_driver(dialect, attributes[name], list(column))
        for name, column in zip(names, columns, strict=True)
    ]
    return list(zip(*values, strict=True))


def _duplicate(
    spec: TableSpec,
    names: tuple[str, ...],
    values: Key,
    row_index: int,
    earlier: int | None,
) -> DuplicateError:
    key = dict(zip(names, values, strict=True))
    where = f"row {earlier} of the same insert has" if earlier is not None else "a row exists with"
    if spec.is_singleton and names == spec.physical_key:
        message = f"{spec.name} has its one row already."
    else:
        message = f"Row {row_index} for {spec.name} repeats a unique key: {where} {key}."
    hint = (
        "Pass skip_duplicates=True to pass over rows whose key exists."
        if names == spec.physical_key
        else None
    )
    error = DuplicateError(message, attributes=names, key=key, table=str(spec.name), hint=hint)
    error.row_index = row_index
    return error


def _explain_reference(connection: Connection, spec: TableSpec, batch: EncodedBatch) -> IntegrityError | None:
    for foreign_key in spec.foreign_keys:
        rows = list(zip(*(batch.column(name) for name in foreign_key.attributes), strict=True))
        missing = missing_parents(connection, foreign_key, rows)
        if missing:
            first = next(index for index, row in enumerate(rows) if row in missing)
            count = sum(row in missing for row in rows)
            error = dangling(connection, spec, foreign_key, list(missing.values()), count)
            error.row_index = batch.position(first)
            return error
    return None


def existing_keys(connection: Connection, spec: TableSpec, keys: Sequence[Key]) -> set[Key]:
    """Return which physical keys (driver values) exist in a table."""
    names = spec.physical_key
    wanted = list(dict.fromkeys(key for key in keys if None not in key))
    existing = set(_read(connection, spec, names, names, wanted))
    given = _canonical(connection.dialect, spec, names, list(zip(*wanted, strict=True))) if wanted else []
    return {key for key, values in zip(wanted, given, strict=True) if values in existing}


def missing_parents(
    connection: Connection, foreign_key: ForeignKey, rows: Sequence[Key]
) -> dict[Key, dict[str, Any]]:
    """Return the distinct references (driver values) that lead to no row, in order of first use.

    Each leads to the canonical values of the parent's attributes.
    """
    wanted = list(dict.fromkeys(row for row in rows if None not in row))
    if not wanted:
        return {}
    parent = connection.catalog.spec(foreign_key.parent)
    names = tuple(theirs for _, theirs in foreign_key.attribute_map)
    existing = set(_read(connection, parent, names, names, wanted))
    given = _canonical(connection.dialect, parent, names, list(zip(*wanted, strict=True)))
    return {
        row: dict(zip(names, values, strict=True))
        for row, values in zip(wanted, given, strict=True)
        if values not in existing
    }


def dangling(
    connection: Connection,
    spec: TableSpec,
    foreign_key: ForeignKey,
    missing: Sequence[dict[str, Any]],
    row_count: int,
) -> IntegrityError:
    """Make the error for references that lead to no row, with the most similar existing keys.

    Args:
        connection: Where to look for similar keys.
        spec: The referring table.
        foreign_key: The reference.
        missing: The missing keys.
        row_count: Number of rows that refer to them.
    """
    parent = connection.catalog.spec(foreign_key.parent)
    names = tuple(theirs for _, theirs in foreign_key.attribute_map)
    listed = list(missing[:MOST_LISTED])
    similar = nearest_keys(listed, _some_keys(connection, parent, names))
    rows = "1 row refers" if row_count == 1 else f"{row_count} rows refer"
    what = "a missing row" if len(missing) == 1 else "missing rows"
    shown = ", ".join(_show_missing(key, near) for key, near in zip(listed, similar, strict=True))
    more = f", and {len(missing) - MOST_LISTED} more" if len(missing) > MOST_LISTED else ""
    return IntegrityError(
        f"{spec.name.table} -> {parent.name.table}: {rows} to {what}: {shown}{more}.",
        constraint="foreign key",
        child=str(spec.name),
        parent=str(parent.name),
        attributes=foreign_key.attributes,
        key=listed[0],
        missing=listed,
        missing_count=len(missing),
        nearest=similar,
        table=str(spec.name),
        hint=f"Insert into {parent.name} first, or correct the values.",
    )


def _some_keys(connection: Connection, parent: TableSpec, names: tuple[str, ...]) -> list[dict[str, Any]]:
    statement = select_some(connection.dialect, parent.name, names, MOST_CANDIDATES, types_of(parent))
    rows = connection.read(statement)
    if not rows:
        return []
    keys = _canonical(connection.dialect, parent, names, list(zip(*rows, strict=True)))
    return [dict(zip(names, values, strict=True)) for values in keys]


def _show_missing(key: dict[str, Any], near: Sequence[dict[str, Any]]) -> str:
    if not near:
        return str(key)
    texts = [str(next(iter(item.values()))) if len(item) == 1 else str(item) for item in near]
    return f"{key} (nearest: {', '.join(texts)})"
