"""What an SQLite file says about its tables: four queries, however many tables there are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

from datamill.backends.base import RawColumn, RawForeignKey, RawIndex, RawTable, Result
from datamill.model.names import TableName

_TABLES = 'SELECT "schema", "name", "comment", "definition" FROM "~tables"{where} ORDER BY 1, 2'
_COLUMNS = """
SELECT t."schema", t."name", c.name, c.type, c."notnull", c.dflt_value, c.pk, d."comment"
FROM "~tables" AS t
JOIN pragma_table_xinfo(t."schema" || '.' || t."name") AS c
LEFT JOIN "~columns" AS d ON d."schema" = t."schema" AND d."table_name" = t."name" AND d."name" = c.name
{where} ORDER BY 1, 2, c.cid"""
_FOREIGN_KEYS = """
SELECT t."schema", t."name", f.id, f."table", f."from", f."to"
FROM "~tables" AS t JOIN pragma_foreign_key_list(t."schema" || '.' || t."name") AS f
{where} ORDER BY 1, 2, f.id DESC, f.seq"""
_INDEXES = """
SELECT t."schema", t."name", i.name, i."unique", x.name, s.sql
FROM "~tables" AS t
JOIN pragma_index_list(t."schema" || '.' || t."name") AS i
JOIN pragma_index_xinfo(i.name) AS x
JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name
WHERE i.origin = 'c' AND x.key{more} ORDER BY 1, 2, i.seq DESC, x.seqno"""
_AUTO_INCREMENT = re.compile(r"\bAUTOINCREMENT\b")


class Executes(Protocol):
    """What runs a statement."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement."""


def list_schemas(session: Executes) -> list[str]:
    """Return the names of the schemas, sorted."""
    return [row[0] for row in session.execute('SELECT "name" FROM "~schemas" ORDER BY "name"').rows]


def load_tables(
    session: Executes, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
) -> list[RawTable]:
    """Describe tables of some schemas, or of all; the caller holds a transaction open so that they agree."""
    params = (*(schemas or ()), *(names or ()))
    chosen = [
        (column, values) for column, values in (("schema", schemas), ("name", names)) if values is not None
    ]
    more = "".join(f' AND t."{column}" IN ({", ".join("?" * len(values))})' for column, values in chosen)
    where = more.replace(" AND", " WHERE", 1)
    run = session.execute
    columns, keys = _read_columns(run(_COLUMNS.format(where=where), params).rows)
    foreign_keys = _read_foreign_keys(run(_FOREIGN_KEYS.format(where=where), params).rows)
    indexes = _read_indexes(run(_INDEXES.format(more=more), params).rows)
    tables = run(_TABLES.format(where=where.replace("t.", "")), params).rows
    return [
        RawTable(
            name := TableName(schema, table),
            comment,
            columns[name],
            keys[name],
            foreign_keys.get(name, ()),
            indexes.get(name, ()),
            definition,
        )
        for schema, table, comment, definition in tables
        if TableName(schema, table) in columns
    ]


Row = tuple[Any, ...]


def _read_columns(
    rows: list[Row],
) -> tuple[dict[TableName, tuple[RawColumn, ...]], dict[TableName, tuple[str, ...]]]:
    columns: dict[TableName, list[RawColumn]] = defaultdict(list)
    keys: dict[TableName, list[tuple[int, str]]] = defaultdict(list)
    for schema, table, name, sql_type, not_null, default, place, comment in rows:
        table_name = TableName(schema, table)
        numbered = bool(place) and not not_null
        columns[table_name].append(
            RawColumn(
                name, sql_type, not (not_null or place), default, comment or "", is_auto_increment=numbered
            )
        )
        if place:
            keys[table_name].append((place, name))
    ordered = {name: tuple(attribute for _, attribute in sorted(keys[name])) for name in columns}
    return {name: tuple(items) for name, items in columns.items()}, ordered


def _read_foreign_keys(rows: list[Row]) -> dict[TableName, tuple[RawForeignKey, ...]]:
    grouped: dict[TableName, dict[int, tuple[TableName, list[str], list[str]]]] = defaultdict(dict)
    for schema, table, number, parent, own, theirs in rows:
        entry = grouped[TableName(schema, table)].setdefault(number, (_table_name(parent), [], []))
        entry[1].append(own)
        entry[2].append(theirs)
    return {
        name: tuple(
            RawForeignKey(parent, tuple(own), tuple(theirs)) for parent, own, theirs in entries.values()
        )
        for name, entries in grouped.items()
    }


def _table_name(flat: str) -> TableName:
    schema, _, table = flat.rpartition(".")
    return TableName(schema, table)


def _read_indexes(rows: list[Row]) -> dict[TableName, tuple[RawIndex, ...]]:
    grouped: dict[TableName, dict[str, tuple[bool, list[str | None], str]]] = defaultdict(dict)
    for schema, table, index, unique, column, sql in rows:
        entry = grouped[TableName(schema, table)].setdefault(index, (bool(unique), [], sql))
        entry[1].append(column)
    return {
        name: tuple(_index(index, *entry) for index, entry in entries.items())
        for name, entries in grouped.items()
    }


def _index(name: str, unique: bool, columns: list[str | None], sql: str) -> RawIndex:
    parts = split_parts(sql) if None in columns else []
    expressions = tuple(parts[place] if column is None else None for place, column in enumerate(columns))
    return RawIndex(tuple(columns), expressions, unique, name)


_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|.""", re.S)


def split_parts(sql: str) -> list[str]:
    """Return the parts of an index from its ``CREATE INDEX`` statement.

    Example:
        >>> split_parts('CREATE INDEX "i" ON "lab.t" ("a", (f("b", 1)))')
        ['"a"', '(f("b", 1))']
    """
    depth = 0
    parts = [""]
    for token in _TOKEN.findall(sql):
        depth -= token == ")"
        if token == "," and depth == 1:
            parts.append("")
        elif depth > 0:
            parts[-1] += token
        depth += token == "("
    return [part.strip() for part in parts]
