"""Update: secondary attributes of one existing row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datamill.data.encode import EncodedBatch, Encoder, without_missing
from datamill.data.gc_marks import Reference, rescue
from datamill.data.insert_errors import explain
from datamill.data.objects import is_stored, referenced
from datamill.data.rows import RowBatch
from datamill.data.values import table_coder
from datamill.errors import DataMillError, DuplicateError, IntegrityError
from datamill.model.table import TableSpec
from datamill.settings.log import logger
from datamill.sql.keys import Key, select_by_key, types_of, update_by_key
from datamill.storage.journal import recording

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def update1(connection: Connection, spec: TableSpec, row: Mapping[str, Any]) -> None:
    """Change secondary attributes of one row; rows that depend on it stay.

    Args:
        connection: Where the row is.
        spec: The table.
        row: The complete primary key, and the attributes to change; None sets the default. The key alone checks
            that the row exists.

    Raises:
        DataMillError: The key is incomplete, or no such row exists.
        UnknownAttributeError: A field is no attribute.
        InvalidValueError, MissingAttributeError, IntegrityError, DuplicateError: The change is not possible;
            nothing is changed.
    """
    if not isinstance(row, Mapping):
        raise DataMillError(f"update1 takes a mapping, not a {type(row).__name__}.")
    missing = [name for name in spec.heading.key if row.get(name) is None]
    if missing:
        raise DataMillError(
            f"update1 of {spec.name} needs the complete primary key; {', '.join(missing)} is missing.",
            hint="Give the key of the row and the attributes to change.",
        )
    encoder = Encoder(connection, spec, fill_all=True)
    given = RowBatch(0, 1, {name: [value] for name, value in row.items()})
    encoder.check_fields(given, advice="")
    with recording():  # objects of an update that fails are removed
        changes, objects = _encode(encoder, spec, given)
        key = tuple(changes.pop(name) for name in spec.heading.key)
        if spec.is_singleton:
            key = table_coder(connection.dialect, spec).singleton_key()
        if connection.observer is not None:
            connection.observer.on_write("update", spec.name, {"row": dict(row)})
        if spec.tier.is_auto_populated:
            logger.warning(
                "%s is filled by its make(): an update makes it differ from what was computed.", spec.name
            )
        _write(connection, spec, encoder, key, changes, objects)


def _encode(encoder: Encoder, spec: TableSpec, given: RowBatch) -> tuple[dict[str, Any], list[Reference]]:
    """Return driver values of the key and of what is to change, and the objects these refer to."""
    encoded: dict[str, Any] = {}
    keys: dict[str, Any] = {}
    objects: list[Reference] = []
    columns = without_missing(given)[0].columns
    for name in [name for name in spec.heading.names if name in columns]:
        attribute, values = spec.heading[name], columns[name]
        if values[0] is None:
            if attribute.is_required:
                raise encoder.missing([name], 0)
            values = [encoder.default(attribute)]
        column = encoder.upload_column(attribute, values, [dict(keys)])
        encoded[name] = column.driver[0]
        if is_stored(attribute):
            objects += referenced(attribute, column.canonical)
        if name in spec.heading.key:
            keys[name] = column.canonical[0]
    return encoded, objects


def _write(
    connection: Connection,
    spec: TableSpec,
    encoder: Encoder,
    key: Key,
    changes: dict[str, Any],
    objects: list[Reference],
) -> None:
    names = spec.physical_key
    columns = [item.name for item in spec.columns]
    current: dict[str, Any] = {}

    def work(session: Any) -> None:
        statement = select_by_key(connection.dialect, spec.name, columns, names, [key], types_of(spec))
        rows = session.execute(statement.sql, statement.params).rows
        if len(rows) != 1:
            raise DataMillError(
                f"{spec.name} has no row {dict(zip(spec.heading.key, key, strict=False))}.",
                hint="update1 changes an existing row; use insert1 for a new one.",
            )
        current.update(zip(columns, rows[0], strict=True), **changes)
        encoder.check_partial_references(RowBatch(0, 1, {name: [value] for name, value in current.items()}))
        if objects:
            rescue(connection, session, objects, encoder.doubtful)
        if changes:
            change = update_by_key(connection.dialect, spec.name, list(changes.items()), names, key)
            session.execute(change.sql, change.params)

    try:
        connection.run_write(work)
    except (DuplicateError, IntegrityError) as error:
        if error.row_index is not None or not current:
            raise
        batch = EncodedBatch(0, 1, tuple(current), tuple([value] for value in current.values()), [key])
        raise explain(connection, spec, batch, error, "replace") from error.__cause__
