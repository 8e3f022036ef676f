"""PostgreSQL 14 and later, through psycopg 3."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from datamill.model.types import KINDS, AttributeType
from datamill.sql.dialects import adapters, attached
from datamill.sql.dialects.base import Dialect
from datamill.sql.dialects.functions_postgresql import POSTGRESQL_FUNCTIONS
from datamill.sql.dialects.traits import DefinitionTraits

_PLAIN = {
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "integer",
    "uint32": "bigint",
    "uint64": "numeric(20,0)",
    "float32": "real",
    "float64": "double precision",
    "bool": "boolean",
    "date": "date",
    "uuid": "uuid",
    "json": "jsonb",
    "bytes": "bytea",
    "text": "text",
}
_WIDER = ("int8", "uint8", "uint16", "uint32", "uint64")
"""Kinds whose column could hold more than the type allows."""


def enum_base_name(members: tuple[str, ...]) -> str:
    """Return the name that DataJoint gives the type of an enum: MD5 of the sorted members.

    Example:
        >>> enum_base_name(("b", "a"))
        'enum_dbf08e00'
    """
    from hashlib import md5

    return "enum_" + md5("_".join(sorted(members)).encode(), usedforsecurity=False).hexdigest()[:8]


def _fixed(name: str) -> Callable[[AttributeType], str]:
    return lambda type: name


def _sized(name: str) -> Callable[[AttributeType], str]:
    return lambda type: f"{name}({type.args[0]})"


def _with_digits(name: str) -> Callable[[AttributeType], str]:
    return lambda type: f"{name}({adapters.digits_of(type)})"


def _decimal(type: AttributeType) -> str:
    precision, scale = type.args
    return f"numeric({precision},{scale})"


def _opaque(type: AttributeType) -> str:
    return type.native or "text"


def _check_range(kind: str) -> Callable[[str, AttributeType], str]:
    low, high = KINDS[kind].low, KINDS[kind].high
    return lambda column, type: f"{column} BETWEEN {low} AND {high}"


def _now(type: AttributeType) -> str:
    if type.kind == "date":
        return "CURRENT_DATE"
    digits = adapters.digits_of(type)
    word = "LOCALTIME" if type.kind == "time" else "CURRENT_TIMESTAMP"
    return f"{word}({digits})"


_CASTS = {"date": "date", "datetime": "timestamp", "timestamp": "timestamp", "time": "time", "uuid": "uuid"}


def _literal(value: Any, type: AttributeType) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"'\\x{bytes(value).hex()}'::bytea"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if type.kind == "json":
        return f"{adapters.quote_text(adapters.json_to_decimal_text(value))}::jsonb"
    if isinstance(value, float) and not math.isfinite(value):
        return f"'{value}'::double precision"
    if type.family in ("integer", "float", "decimal"):
        return (
            repr(value)
            if isinstance(value, float)
            else format(value, "f" if type.family == "decimal" else "d")
        )
    cast = _CASTS.get(type.kind)
    return adapters.quote_text(str(value)) + (f"::{cast}" if cast else "")


_NAMED_OBJECTS = """
SELECT n.nspname::text, t.typname::text,
  ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND n.nspname = ANY(%s::name[])
UNION ALL
SELECT n.nspname::text, c.relname::text, NULL
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s::name[])"""
_UNUSED_TYPES = """
SELECT n.nspname::text, t.typname::text
FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND t.typname ~ '^enum_[0-9a-f]{8}(_[0-9]+)?$' AND n.nspname = ANY(%s::name[]) AND NOT EXISTS (
  SELECT 1 FROM pg_catalog.pg_depend AS d
  WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray) AND d.deptype <> 'i')"""

POSTGRESQL: Final = Dialect(
    name="postgresql",
    quote='"',
    placeholder="%s",
    column_type={
        **{kind: _fixed(name) for kind, name in _PLAIN.items()},
        "decimal": _decimal,
        "char": _sized("char"),
        "varchar": _sized("varchar"),
        "enum": lambda type: f'"{enum_base_name(type.args)}"',
        "datetime": _with_digits("timestamp"),
        "timestamp": _with_digits("timestamp"),
        "time": _with_digits("time"),
        "opaque": _opaque,
    },
    table_owners="SELECT schemaname, tablename, tableowner FROM pg_tables",
    to_driver={
        "char": adapters.strip_blanks,
        "json": adapters.json_to_decimal_text,
        "float32": adapters.exact_float32,  # compared as a double, which is how it is read, too
    },
    from_driver={
        "json": adapters.text_to_json,
        "uint64": int,
        "float32": adapters.widen_float32,
        "char": adapters.strip_blanks,
    },
    operands={"char": "::text"},
    functions=POSTGRESQL_FUNCTIONS,
    literal=_literal,
    error_ends_transaction=True,
    has_antijoin=True,
    long_lists="unnest",
    firm_lock=" FOR UPDATE",
    ddl=DefinitionTraits(
        checks={kind: _check_range(kind) for kind in _WIDER},
        collations=dict.fromkeys(("char", "varchar", "text"), 'COLLATE "C"'),
        now=_now,
        auto_increment="GENERATED BY DEFAULT AS IDENTITY",
        auto_increment_type="bigint",
        restart_numbering=(
            "SELECT setval(pg_get_serial_sequence({table_text}, {column_text}), "
            "(SELECT max({column}) FROM {table}))"
        ),
        # Without type record bytes are a native type. A bare timestamp keeps six digits.
        inverse_types={"bytea": "longblob", "timestamp": "datetime(6)", "time": "time(6)"},
        enum_types=True,
        comment_statements=True,
        drop_schema="DROP SCHEMA IF EXISTS",
        replica_identity="ALTER TABLE {table} REPLICA IDENTITY {mode}",
        keep_compressed="ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL",
        lock_definitions="SELECT pg_catalog.pg_advisory_xact_lock(1684892012)",
        attached=attached.POSTGRESQL,
        keeps_order=True,
        named_objects=_NAMED_OBJECTS,
        system_columns=frozenset(("tableoid", "ctid", "xmin", "xmax", "cmin", "cmax")),
        unused_types=_UNUSED_TYPES,
        longest_table_name=62,
        longest_platform_name=63,
        longest_index_name=63,
    ),
)
"""PostgreSQL; sessions run in UTC. The driver returns json as text, uuid and moments as Python values."""
