"""What MySQL and MariaDB say about their tables: five queries of information_schema, however many tables there are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from time import monotonic
from typing import Any, Protocol

from datamill.backends.base import (
    RawColumn,
    RawForeignKey,
    RawIndex,
    RawTable,
    Result,
    definition_of_indexes,
)
from datamill.model.names import TableName
from datamill.sql.dialects.mysql import MARIADB, read_comment

SYSTEM_SCHEMAS = ("information_schema", "mysql", "performance_schema", "sys", "ndbinfo")
_SYSTEM = ", ".join(f"'{name}'" for name in SYSTEM_SCHEMAS)
_SCHEMAS = f"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ({_SYSTEM})"
_TABLES = """
SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_COMMENT FROM information_schema.TABLES
WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA {where}"""
_COLUMNS = """
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLUMN_COMMENT, EXTRA,
  COLLATION_NAME, GENERATION_EXPRESSION
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA {where} ORDER BY 1, 2, ORDINAL_POSITION"""
_FOREIGN_KEYS = """
SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME,
  REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE
WHERE REFERENCED_TABLE_NAME IS NOT NULL AND TABLE_SCHEMA {where} ORDER BY 1, 2, 3, ORDINAL_POSITION"""
_JSON = """
SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS
WHERE CHECK_CLAUSE LIKE 'json_valid(%%)' AND CONSTRAINT_SCHEMA {where}"""
_INDEXES = """
SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, {expression}, INDEX_COMMENT
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA {where} ORDER BY 1, 2, 3, SEQ_IN_INDEX"""

_VERSION = f"""
SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('/', TABLE_SCHEMA, TABLE_NAME, CREATE_TIME))),
  MAX(CREATE_TIME) >= NOW() - INTERVAL 2 SECOND
FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ({_SYSTEM})"""
_CODE_POINT_ORDER = frozenset(("utf8mb4_0900_bin", "utf8mb4_nopad_bin"))
"""Collations under which text compares as everywhere else."""

Row = tuple[Any, ...]
_MOMENT = 0.05
"""Seconds for which a change may go unnoticed if its table was changed within the same second before."""


class Executes(Protocol):
    """What runs a statement."""

    is_mariadb: bool

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement."""


def list_schemas(session: Executes) -> list[str]:
    """Return the names of the schemas that the user sees, sorted, without the server's own."""
    return sorted(str(row[0]) for row in session.execute(_SCHEMAS).rows)


def version(session: Executes) -> int:
    """Return a number that differs once a table was made, changed or dropped.

    Each change gives a table a new time, in whole seconds: while the last is recent, a number holds for a moment only.
    """
    count, times, is_recent = session.execute(_VERSION).rows[0]
    number = (int(count) << 32) + int(times)
    return -(int(monotonic() / _MOMENT) << 64) - number if is_recent else number


def load_tables(
    session: Executes, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
) -> list[RawTable]:
    """Describe tables of some schemas, or of all."""
    if any(values is not None and not values for values in (schemas, names)):
        return []
    params = (*(schemas or ()), *(names or ()))
    where = f"NOT IN ({_SYSTEM})" if schemas is None else f"IN ({_marks(schemas)})"
    where += "" if names is None else f" AND TABLE_NAME IN ({_marks(names)})"

    def rows(sql: str, **parts: str) -> list[Row]:
        text = sql.format(where=where, **parts)
        return session.execute(text if params else text.replace("%%", "%"), params).rows

    tables = rows(_TABLES)
    documents = _documents(rows(_JSON)) if session.is_mariadb else frozenset()
    columns, hidden = _columns(_with_byte_defaults(session, rows(_COLUMNS)), documents, session.is_mariadb)
    foreign_keys = _foreign_keys(rows(_FOREIGN_KEYS))
    expression = "NULL" if session.is_mariadb else "EXPRESSION"
    listed = rows(_INDEXES, expression=expression)
    keys, indexes = _indexes(listed, hidden)
    definitions = _definitions(listed, hidden)
    described = sorted((TableName(row[0], row[1]), row[2]) for row in tables)
    return [
        RawTable(
            name,
            read_comment(comment),
            columns[name],
            keys.get(name, ()),
            foreign_keys.get(name, ()),
            indexes.get(name, ()),
            definitions.get(name, ""),
        )
        for name, comment in described
        if name in columns
    ]


def _marks(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values))


# --- columns ---------------------------------------------------------------------------------------------------


Place = tuple[TableName, str]


def _documents(rows: list[Row]) -> frozenset[Place]:
    """Return the columns of MariaDB that hold json: text that a CHECK wants to be valid."""
    return frozenset((TableName(row[0], row[1]), row[2][len("json_valid(") : -1].strip("`")) for row in rows)


def _columns(
    rows: list[Row], documents: frozenset[Place], is_mariadb: bool
) -> tuple[dict[TableName, tuple[RawColumn, ...]], dict[Place, str]]:
    """Return the columns of tables, and apart the generated ones that only carry an index: column -> expression."""
    columns: dict[TableName, list[RawColumn]] = defaultdict(list)
    hidden: dict[Place, str] = {}
    for schema, table, name, sql_type, nullable, default, comment, extra, collation, expression in rows:
        owner, words = TableName(schema, table), (extra or "").upper()
        if "INVISIBLE" in words and "GENERATED" in words and "DEFAULT_GENERATED" not in words:
            hidden[owner, name] = _text(expression)
            continue
        if (owner, name) in documents:
            sql_type, collation = "json", None
        columns[owner].append(
            RawColumn(
                name,
                _text(sql_type),
                nullable == "YES",
                _default(default, sql_type, "DEFAULT_GENERATED" in words, is_mariadb),
                read_comment(comment or ""),
                is_auto_increment="AUTO_INCREMENT" in words,
                collation=None if collation in _CODE_POINT_ORDER else collation,
            )
        )
    return {name: tuple(items) for name, items in columns.items()}, hidden


_BYTE_DEFAULT = rb" [^\n']* DEFAULT (?:0x([0-9A-F]*)|'((?:[^'\\]|''|\\.)*)')"


def _with_byte_defaults(session: Executes, rows: list[Row]) -> list[Row]:
    """Give columns of bytes the defaults they have: MySQL's catalog cuts them at zeros, MariaDB's makes them text."""
    found: dict[TableName, bytes] = {}
    result = []
    for row in rows:
        owner, column, default = TableName(row[0], row[1]), row[2], _text(row[5])
        if "binary(" in _text(row[3]) and default.startswith(("'", "0x")):
            if owner not in found:
                found[owner] = _create_table(session, owner)
            place = re.escape(MARIADB.identifier(column).encode())
            match = re.search(rb"\n  " + place + _BYTE_DEFAULT, found[owner], re.DOTALL)
            if match is not None:
                row = (*row[:5], f"0x{(match[1] or _unescaped(match[2]).hex().encode()).decode()}", *row[6:])
        result.append(row)
    return result


def _create_table(session: Executes, name: TableName) -> bytes:
    session.execute("SET character_set_results = binary")
    try:
        text: bytes = session.execute(f"SHOW CREATE TABLE {MARIADB.table(name)}").rows[0][1]
    finally:
        session.execute("SET character_set_results = @@character_set_client")
    return text


def _unescaped(content: bytes) -> bytes:
    escapes = {name.encode(): letter.encode() for name, letter in _ESCAPES.items()}
    content = content.replace(b"''", b"'")
    return re.sub(rb"\\(.)", lambda found: escapes.get(found[1], found[1]), content, flags=re.DOTALL)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")


def _default(text: Any, sql_type: Any, is_expression: bool, is_mariadb: bool) -> str | None:
    """Return a default as SQL whose strings have doubled quotes and no backslashes that escape."""
    if text is None:
        return None
    text = _text(text)
    if is_expression:
        return _plain_strings(text)
    if text.startswith("0x") and "binary" in _text(sql_type):
        return f"X'{text[2:]}'"
    if not is_mariadb:
        return _quoted(text)
    return None if text == "NULL" else _plain_strings(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_STRING = re.compile(r"(?:_utf8mb4)?\\?'((?:[^'\\]|''|\\.)*?)\\?'", re.DOTALL)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}


def _plain_strings(text: str) -> str:
    """Write the strings of an expression without charset and backslashes."""

    def plain(match: re.Match[str]) -> str:
        content = match[1].replace("''", "'")
        content = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), content, flags=re.DOTALL)
        return _quoted(content)

    return _STRING.sub(plain, text)


# --- keys and indexes ------------------------------------------------------------------------------------------


def _foreign_keys(rows: list[Row]) -> dict[TableName, tuple[RawForeignKey, ...]]:
    grouped: dict[TableName, dict[str, tuple[TableName, list[str], list[str]]]] = defaultdict(dict)
    for schema, table, constraint, own, parent_schema, parent, theirs in rows:
        entry = grouped[TableName(schema, table)].setdefault(
            constraint, (TableName(parent_schema, parent), [], [])
        )
        entry[1].append(own)
        entry[2].append(theirs)
    return {
        name: tuple(
            RawForeignKey(parent, tuple(own), tuple(theirs))
            for _, (parent, own, theirs) in sorted(entries.items(), key=lambda item: _age(item[0]))
        )
        for name, entries in grouped.items()
    }


def _age(constraint: str) -> tuple[int, str]:
    """Sort constraints as declared: servers name them ``{table}_ibfk_{n}``; MariaDB also plainly ``{n}``."""
    number = re.search(r"(\d+)\Z", constraint)
    return (int(number[1]) if number else 0, constraint)


def _indexes(
    rows: list[Row], hidden: dict[Place, str]
) -> tuple[dict[TableName, tuple[str, ...]], dict[TableName, tuple[RawIndex, ...]]]:
    """Return the primary keys and the other indexes."""
    keys: dict[TableName, list[str]] = defaultdict(list)
    parts: dict[TableName, dict[str, tuple[bool, list[tuple[str | None, str | None]]]]] = defaultdict(dict)
    for schema, table, index, non_unique, column, expression, _comment in rows:
        owner = TableName(schema, table)
        if index == "PRIMARY":
            keys[owner].append(column)
            continue
        carried = hidden.get((owner, column))
        entry = parts[owner].setdefault(index, (not int(non_unique), []))
        if column is None or carried is not None:
            entry[1].append((None, carried if carried is not None else _text(expression)))
        else:
            entry[1].append((column, None))
    indexes = {
        owner: tuple(
            RawIndex(tuple(name for name, _ in items), tuple(text for _, text in items), unique, index)
            for index, (unique, items) in entries.items()
        )
        for owner, entries in parts.items()
    }
    return {owner: tuple(names) for owner, names in keys.items()}, indexes


def _definitions(rows: list[Row], hidden: dict[Place, str]) -> dict[TableName, str]:
    """Return the lines that declared the indexes over expressions, if all of a table's have theirs as a comment."""
    lines: dict[TableName, dict[str, str]] = defaultdict(dict)
    for schema, table, index, _non_unique, column, _expression, comment in rows:
        owner = TableName(schema, table)
        if column is None or (owner, column) in hidden:
            lines[owner][index] = read_comment(comment)
    return {
        owner: definition_of_indexes(comments.values())
        for owner, comments in lines.items()
        if all(comments.values())
    }
