"""The objects in stores that planned rows refer to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import BaseTable
from datamill.data.key_set import KeySet
from datamill.data.objects import is_owned, is_stored, referenced
from datamill.data.query import narrowed
from datamill.data.trash_save import read_rows
from datamill.data.trash_table import wide
from datamill.data.values import from_driver
from datamill.model.attribute import Attribute
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.select import compile_select

if TYPE_CHECKING:
    from datamill.data.connection import Connection


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """An object that a planned row refers to. Deletes leave objects to garbage collection, which keeps shared ones.

    Fields:
        table: Full name of the row's table.
        key: Its primary key.
        attribute: The attribute whose value it is.
        store: Name of the store; None where the value names none.
        path: Where it lies in the store.
        size: Bytes; None where the value does not say.
        shared: True if rows that stay refer to it too, or it is a file of others (`<filepath@>`).
    """

    table: str
    key: dict[str, Any]
    attribute: str
    store: str | None
    path: str
    size: int | None
    shared: bool


@dataclass(frozen=True, slots=True)
class _Found:
    table: TableName
    key: dict[str, Any]
    attribute: Attribute
    store: str | None
    path: str
    size: int | None


def planned_files(
    connection: Connection, graph: DependencyGraph, keys: Mapping[TableName, KeySet]
) -> list[PlannedFile]:
    """Return the objects that rows refer to.

    Args:
        connection: Where the rows are.
        graph: All tables.
        keys: Primary keys (driver values) of the rows by table.
    """
    found = [
        item for name, planned in keys.items() for item in _of_table(connection, graph.specs[name], planned)
    ]
    staying = _staying(connection, graph, found)
    return [
        PlannedFile(
            connection.dialect.table(item.table),
            item.key,
            item.attribute.name,
            item.store,
            item.path,
            item.size,
            not is_owned(item.attribute) and (_is_foreign(item) or (item.store, item.path) in staying),
        )
        for item in found
    ]


def _of_table(connection: Connection, spec: TableSpec, planned: KeySet) -> Iterator[_Found]:
    attributes = [item for item in spec.columns if is_stored(item)]
    if not attributes:
        return
    plain = wide(spec)
    for batch in planned.batches():
        columns = read_rows(connection, plain, batch)
        for index in range(len(next(iter(columns.values())))):
            key = {name: columns[name][index] for name in spec.heading.key}
            for item in attributes:
                value = columns[item.name][index]
                size = value.get("size") if isinstance(value, Mapping) else None
                for store, path in referenced(item, [value]):
                    yield _Found(spec.name, key, item, store, path, size)


def _is_foreign(item: _Found) -> bool:
    return item.attribute.type.codec_name == "filepath"


def _staying(
    connection: Connection, graph: DependencyGraph, found: Iterable[_Found]
) -> set[tuple[str | None, str]]:
    """Return the objects among these that rows which are not planned refer to."""
    planned = Counter((item.store, item.path) for item in found if not is_owned(item.attribute))
    if not planned:
        return set()
    everywhere: Counter[tuple[str | None, str]] = Counter()
    for spec in graph.specs.values():
        for item in spec.heading.attributes.values():
            if is_stored(item) and not is_owned(item):
                for value in _values(connection, spec, item):
                    everywhere.update(pair for pair in referenced(item, [value]) if pair in planned)
    return {pair for pair, count in planned.items() if everywhere[pair] > count}


def _values(connection: Connection, spec: TableSpec, attribute: Attribute) -> Iterator[Any]:
    relation = narrowed(BaseTable(spec, connection), (attribute.name,))
    position = relation.heading.names.index(attribute.name)
    statement = compile_select(relation, connection.dialect)
    for rows in connection.stream(statement):
        yield from from_driver(connection.dialect, attribute, [row[position] for row in rows])
