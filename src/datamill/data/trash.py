"""The trash: what was deleted into it, restored from it, and removed from it for good."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from datamill.algebra.operators import project, restrict
from datamill.algebra.relations import BaseTable, Relation
from datamill.backends.base import BackendSession
from datamill.data import fetch
from datamill.data.trash_save import read_rows
from datamill.data.trash_table import definition_of, has_trash, trash_name, trash_spec, unpack_columns, wide
from datamill.data.values import map_column, to_driver
from datamill.errors import DataMillError, DefinitionError, DuplicateError, IntegrityError, did_you_mean
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.keys import delete_by_key

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Columns = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """One delete whose rows were saved.

    Fields:
        id: Its name, for `restore` and `purge`.
        time: When it was (UTC).
        user: Who did it, ``user@host``.
        target: Full name of the table that the delete was asked of.
        counts: Saved rows by full table name, in alphabetical order.
        bytes: Size of what is saved.
        schema: Where it is saved.
    """

    id: str
    time: datetime
    user: str
    target: str
    counts: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    schema: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one table, as they were saved."""

    table: TableName
    definition: dict[str, Any]
    columns: Columns


# looking -------------------------------------------------------------------------------------------------------


def entries(connection: Connection, schema: str) -> list[TrashEntry]:
    """Return the entries in the trash of a schema, newest first; none if it has no trash."""
    if not has_trash(connection, schema):
        return []
    names = ("saved_at", "saved_by", "table_name", "row_count", "size")
    rows = fetch.to_dicts(connection, project(_table(connection, schema), *names), order_by="KEY")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["trash_id"], []).append(row)
    made = [_entry(connection, schema, parts) for parts in found.values() if parts[0]["part"] == 0]
    return sorted(made, key=lambda entry: (entry.time, entry.id), reverse=True)


def _entry(connection: Connection, schema: str, parts: Sequence[dict[str, Any]]) -> TrashEntry:
    head = parts[0]
    counts: dict[str, int] = {}
    for part in parts[1:]:
        table = _full(connection, part["table_name"])
        counts[table] = counts.get(table, 0) + part["row_count"]
    return TrashEntry(
        head["trash_id"],
        head["saved_at"],
        head["saved_by"],
        _full(connection, head["table_name"]),
        dict(sorted(counts.items())),
        sum(part["size"] for part in parts),
        schema,
    )


def _full(connection: Connection, name: str) -> str:
    return connection.dialect.table(TableName.parse(name))


def _table(connection: Connection, schema: str) -> Relation:
    return BaseTable(trash_spec(schema), connection)


def _find(connection: Connection, id: str) -> str:
    """Return the schema whose trash has an entry."""
    known = []
    for schema in connection.catalog.list_schemas():
        if has_trash(connection, schema):
            keys = fetch.keys(connection, restrict(_table(connection, schema), {"part": 0}))
            names = [row["trash_id"] for row in keys]
            if id in names:
                return schema
            known += names
    raise DataMillError(
        f"There is no {id!r} in the trash of any schema of {connection}.",
        hint=did_you_mean(id, known)
        or "dm.trash.list(schema) shows what there is; pass connection= for another database.",
    )


def _numbers(connection: Connection, schema: str, id: str) -> dict[TableName, list[int]]:
    """Return the parts of an entry by table."""
    mine = restrict(_table(connection, schema), {"trash_id": id})
    rows = fetch.to_dicts(connection, project(restrict(mine, "part > 0"), "table_name"), order_by="KEY")
    numbers: dict[TableName, list[int]] = {}
    for row in rows:
        numbers.setdefault(TableName.parse(row["table_name"]), []).append(row["part"])
    return numbers


def _part(connection: Connection, schema: str, id: str, number: int) -> _Part:
    relation = restrict(_table(connection, schema), {"trash_id": id, "part": number})
    table, content = fetch.fetch1(connection, relation, "table_name", "content")
    content = bytes(content)
    length = int.from_bytes(content[:4], "big") + 4
    return _Part(TableName.parse(table), json.loads(content[4:length]), unpack_columns(content[length:]))


def saved_columns(connection: Connection, schema: str) -> Iterator[tuple[TableName, dict[str, Any], Columns]]:
    """Yield everything in the trash of a schema, for those who must know which objects it still needs.

    Yields:
        Table; its definition then (``columns``: name, type as declared, type as stored, in key, nullable); and the
        columns as canonical stored values.
    """
    for entry in entries(connection, schema):
        for numbers in _numbers(connection, schema, entry.id).values():
            for number in numbers:
                part = _part(connection, schema, entry.id, number)
                yield part.table, part.definition, part.columns


# restoring -----------------------------------------------------------------------------------------------------


def restore(connection: Connection, id: str, on_conflict: str = "raise") -> dict[str, int]:
    """Insert the rows of an entry again, all or none, and remove it from the trash.

    Args:
        connection: Where.
        id: Name of the entry.
        on_conflict: What happens to rows whose keys exist: ``"raise"``, or ``"skip"`` those that are identical.

    Returns:
        Rows inserted by full table name, parents first.

    Raises:
        DefinitionError: A table is gone or has other columns or references than then.
        DuplicateError: A key exists; with "skip": and its row differs.
        IntegrityError: Rows refer to rows that are gone.
        ValueError: ``on_conflict`` is neither of these.
    """
    if on_conflict not in ("raise", "skip"):
        raise ValueError(f"on_conflict={on_conflict!r} is unknown: use 'raise' or 'skip'.")
    schema = _find(connection, id)
    order = {name: index for index, name in enumerate(connection.catalog.graph().order())}
    return connection.run_write(
        lambda session: _restore(connection, schema, id, on_conflict == "skip", order)
    )


def _restore(
    connection: Connection, schema: str, id: str, skips: bool, order: dict[TableName, int]
) -> dict[str, int]:
    numbers = _numbers(connection, schema, id)
    gone = [str(name) for name in numbers if name not in order]
    if gone:
        raise DefinitionError(
            f"{', '.join(gone)} is no longer there: nothing was restored.", hint="Declare it again first."
        )
    counts = {}
    for name in sorted(numbers, key=order.__getitem__):
        spec = connection.catalog.spec(name)
        counts[connection.dialect.table(name)] = sum(
            _put_back(connection, spec, _part(connection, schema, id, number), skips)
            for number in numbers[name]
        )
    _remove(connection, schema, [id], connection.session)
    return counts


def _put_back(connection: Connection, spec: TableSpec, part: _Part, skips: bool) -> int:
    if json.loads(json.dumps(definition_of(spec))) != part.definition:
        raise DefinitionError(
            f"The definition of {spec.name} changed since its rows were deleted: nothing was restored.",
            table=str(spec.name),
            hint=_differences(definition_of(spec), part.definition),
        )
    columns = _without_existing(connection, wide(spec), part.columns, skips)
    count = len(next(iter(columns.values())))
    if not count:
        return 0
    by_name = {item.name: item for item in spec.columns}
    given = [to_driver(connection.dialect, by_name[name], values) for name, values in columns.items()]
    try:
        connection.session.insert_columns(spec.name, list(columns), given)
    except IntegrityError as error:
        parents = ", ".join(dict.fromkeys(map(str, spec.parents)))
        raise IntegrityError(
            f"Saved rows of {spec.name} refer to rows that are gone from {parents}: nothing was restored.",
            constraint="foreign key",
            child=str(spec.name),
            parent=parents,
            table=str(spec.name),
            hint="Insert those rows, or restore them from the trash, first.",
        ) from error.__cause__
    return count


def _differences(now: dict[str, Any], then: dict[str, Any]) -> str:
    new, old = ({str(item[0]): item for item in side["columns"]} for side in (now, then))
    changed = sorted(name for name in {*new, *old} if new.get(name) != old.get(name))
    return f"Changed: {', '.join(changed) or 'references'}."


def _without_existing(connection: Connection, spec: TableSpec, columns: Columns, skips: bool) -> Columns:
    """Leave out rows that are in the table as they were.

    Raises:
        DuplicateError: A key exists and ``skips`` is False, or its row differs.
    """
    key = spec.physical_key
    adapted = [
        map_column(connection.dialect.to_driver_for(spec.heading[name].stored), columns[name]) for name in key
    ]
    existing = read_rows(connection, spec, list(zip(*adapted, strict=True)))
    names = list(columns)
    rows = list(zip(*columns.values(), strict=True))
    positions = [names.index(name) for name in key]
    found = {
        tuple(row[index] for index in positions): row
        for row in zip(*(existing[name] for name in names), strict=True)
    }
    kept = []
    for row in rows:
        there = found.get(tuple(row[index] for index in positions))
        if there is None:
            kept.append(row)
        elif not skips or there != row:
            raise _exists(spec, dict(zip(names, row, strict=True)), skips)
    return dict(zip(names, map(list, zip(*kept, strict=True)), strict=True)) if kept else {key[0]: []}


def _exists(spec: TableSpec, row: dict[str, Any], differs: bool) -> DuplicateError:
    key = {name: row[name] for name in spec.physical_key}
    what = "with other values" if differs else "again"
    return DuplicateError(
        f"{spec.name} has a row {key} {what}: nothing was restored.",
        attributes=spec.physical_key,
        key=key,
        table=str(spec.name),
        hint="Delete it first." if differs else 'on_conflict="skip" passes over identical rows.',
    )


# removing for good ---------------------------------------------------------------------------------------------


def purge(
    connection: Connection, id: str | None = None, older_than: datetime | timedelta | float | None = None
) -> int:
    """Remove entries from the trash for good.

    Args:
        connection: Where.
        id: Which; None: all.
        older_than: Only entries from before a moment (UTC), or older than a time span (or so many seconds).

    Returns:
        The number of entries removed.
    """
    limit = _moment(older_than)
    schemas = [_find(connection, id)] if id is not None else connection.catalog.list_schemas()
    count = 0
    for schema in schemas:
        doomed = [
            entry.id
            for entry in entries(connection, schema)
            if id in (None, entry.id) and (limit is None or entry.time < limit)
        ]
        if doomed:
            connection.run_write(partial(_remove, connection, schema, doomed))
        count += len(doomed)
    return count


def _moment(older_than: datetime | timedelta | float | None) -> datetime | None:
    if older_than is None:
        return None
    if isinstance(older_than, datetime):
        return older_than.astimezone(UTC).replace(tzinfo=None) if older_than.tzinfo else older_than
    span = older_than if isinstance(older_than, timedelta) else timedelta(seconds=older_than)
    return datetime.now(UTC).replace(tzinfo=None) - span


def _remove(connection: Connection, schema: str, ids: Sequence[str], session: BackendSession) -> None:
    for id in ids:
        statement = delete_by_key(connection.dialect, trash_name(schema), ("trash_id",), [(id,)])
        session.execute(statement.sql, statement.params)
