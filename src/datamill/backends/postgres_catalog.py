"""What PostgreSQL's catalog says about tables: four queries, however many tables there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

from datamill.backends.base import RawColumn, RawForeignKey, RawIndex, RawTable, Result, definition_of_indexes
from datamill.model.names import TableName

_OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_CHOSEN = "n.nspname = ANY(%s::name[])"
_NAMED = " AND c.relname = ANY(%s::name[])"
_SCHEMAS = (
    f'SELECT n.nspname::text FROM pg_catalog.pg_namespace AS n WHERE {_OURS} ORDER BY n.nspname COLLATE "C"'
)
_TABLES = """
SELECT c.oid, n.nspname::text, c.relname::text, COALESCE(pg_catalog.obj_description(c.oid, 'pg_class'), '')
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND {which} ORDER BY n.nspname, c.relname"""
_COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname::text,
  COALESCE('enum(' || (SELECT string_agg(pg_catalog.quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
    FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = a.atttypid) || ')',
    pg_catalog.format_type(a.atttypid, a.atttypmod)),
  NOT a.attnotnull, CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
  COALESCE(pg_catalog.col_description(a.attrelid, a.attnum), ''), a.attidentity <> '', l.collname::text
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND {which} ORDER BY a.attrelid, a.attnum"""
_KEYS = """
SELECT k.conrelid, k.contype::text, k.conkey::int[], fn.nspname::text, f.relname::text,
  ARRAY(SELECT fa.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS x(attnum, place)
    JOIN pg_catalog.pg_attribute AS fa ON fa.attrelid = k.confrelid AND fa.attnum = x.attnum ORDER BY x.place)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class AS f ON f.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.relnamespace
WHERE k.contype IN ('p', 'f') AND {which} ORDER BY k.conrelid, k.oid"""
_INDEXES = """
SELECT i.indrelid, x.relname::text, i.indisunique, i.indkey::text,
  ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, s.place, true)
    FROM pg_catalog.generate_series(1, i.indnkeyatts) AS s(place) ORDER BY s.place),
  pg_catalog.obj_description(i.indexrelid, 'pg_class')
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT i.indisprimary AND i.indpred IS NULL AND c.relkind IN ('r', 'p') AND {which}
ORDER BY i.indrelid, i.indexrelid"""


class Executes(Protocol):
    """What runs a statement."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement."""


def list_schemas(session: Executes) -> list[str]:
    """Return the names of the schemas, sorted, without the server's own."""
    return [row[0] for row in session.execute(_SCHEMAS).rows]


def load_tables(
    session: Executes, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
) -> list[RawTable]:
    """Describe tables of some schemas, or of all; the caller holds a snapshot so that the queries agree."""
    which = (_OURS if schemas is None else _CHOSEN) + ("" if names is None else _NAMED)
    params = tuple(list(values) for values in (schemas, names) if values is not None)
    tables, columns, keys, indexes = (
        session.execute(query.format(which=which), params).rows
        for query in (_TABLES, _COLUMNS, _KEYS, _INDEXES)
    )
    labels: dict[int, dict[int, str]] = defaultdict(dict)
    described: dict[int, list[RawColumn]] = defaultdict(list)
    for table, number, name, *rest in columns:
        labels[table][number] = name
        described[table].append(_column(name, *rest))
    primary, foreign = _keys(keys, labels)
    found = _indexes(indexes, labels)
    definitions = _definitions(indexes)
    return [
        RawTable(
            TableName(schema, table),
            comment,
            tuple(described.get(oid, ())),
            primary.get(oid, ()),
            tuple(foreign.get(oid, ())),
            tuple(found.get(oid, ())),
            definitions.get(oid),
        )
        for oid, schema, table, comment in tables
    ]


Row = tuple[Any, ...]


def _column(
    name: str,
    sql_type: str,
    nullable: bool,
    default: str | None,
    comment: str,
    is_identity: bool,
    collation: str | None,
) -> RawColumn:
    is_serial = default is not None and default.startswith("nextval(")
    return RawColumn(
        name,
        sql_type,
        nullable,
        None if is_serial else default,
        comment.replace('\\"', '"'),  # as DataJoint writes them
        is_identity or is_serial,
        None if collation == "C" else collation,
    )


def _keys(
    rows: list[Row], names: dict[int, dict[int, str]]
) -> tuple[dict[int, tuple[str, ...]], dict[int, list[RawForeignKey]]]:
    primary: dict[int, tuple[str, ...]] = {}
    foreign: dict[int, list[RawForeignKey]] = defaultdict(list)
    for table, kind, numbers, schema, parent, theirs in rows:
        own = tuple(names[table][number] for number in numbers)
        if kind == "p":
            primary[table] = own
        else:
            foreign[table].append(RawForeignKey(TableName(schema, parent), own, tuple(theirs)))
    return primary, foreign


def _definitions(rows: list[Row]) -> dict[int, str]:
    """Return the lines that declared the indexes over expressions, if all of a table's have theirs as a comment."""
    lines: dict[int, list[str | None]] = defaultdict(list)
    for table, _name, _unique, numbers, _texts, comment in rows:
        if "0" in numbers.split():
            lines[table].append(comment)
    return {
        table: definition_of_indexes(found)
        for table, comments in lines.items()
        if len(found := [line for line in comments if line]) == len(comments)
    }


def _indexes(rows: list[Row], names: dict[int, dict[int, str]]) -> dict[int, list[RawIndex]]:
    indexes: dict[int, list[RawIndex]] = defaultdict(list)
    for table, name, unique, numbers, texts, _comment in rows:
        columns = [names[table].get(int(number)) for number in numbers.split()][: len(texts)]
        expressions = [
            None if column is not None else text for column, text in zip(columns, texts, strict=True)
        ]
        indexes[table].append(RawIndex(tuple(columns), tuple(expressions), unique, name))
    return indexes
