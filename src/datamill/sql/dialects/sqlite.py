"""SQLite: STRICT tables, ISO texts for moments, numeric texts for decimals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from datamill.model.types import KINDS, AttributeType
from datamill.sql.dialects import adapters, attached
from datamill.sql.dialects.base import Dialect
from datamill.sql.dialects.functions_sqlite import SQLITE_FUNCTIONS
from datamill.sql.dialects.traits import DefinitionTraits

_STORAGE = {
    "integer": "INTEGER",
    "float": "REAL",
    "decimal": "TEXT",
    "bool": "INTEGER",
    "text": "TEXT",
    "enum": "TEXT",
    "date": "TEXT",
    "datetime": "TEXT",
    "time": "TEXT",
    "uuid": "BLOB",
    "json": "TEXT",
    "bytes": "BLOB",
    "opaque": "ANY",
}
_NUMERIC_TEXT = ("uint64", "decimal")
_DATE = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]"
_TIME = "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"


def _column_type(storage: str) -> Callable[[AttributeType], str]:
    return lambda type: storage


def _fraction(type: AttributeType) -> str:
    digits = adapters.digits_of(type)
    return "." + "[0-9]" * digits if digits else ""


def _check_range(low: int, high: int) -> Callable[[str, AttributeType], str]:
    return lambda column, type: f"{column} BETWEEN {low} AND {high}"


def _check_length(column: str, type: AttributeType) -> str:
    return f"length({column}) <= {type.args[0]}"


def _check_members(column: str, type: AttributeType) -> str:
    return f"{column} IN ({', '.join(map(adapters.quote_text, type.args))})"


def _now(type: AttributeType) -> str:
    digits = adapters.digits_of(type)
    if type.kind == "date":
        return "CURRENT_DATE"
    if digits == 0:
        return "CURRENT_TIME" if type.kind == "time" else "CURRENT_TIMESTAMP"
    shape, length = ("%H:%M:%f", 9) if type.kind == "time" else ("%Y-%m-%d %H:%M:%f", 20)
    milliseconds = f"strftime('{shape}', 'now')"
    if digits < 3:
        return f"(substr({milliseconds}, 1, {length + digits}))"
    return f"({milliseconds} || '{'0' * (digits - 3)}')" if digits > 3 else f"({milliseconds})"


def _literal(value: Any, type: AttributeType) -> str:
    if value is None:
        return "NULL"
    adapt = SQLITE.to_driver_for(type)
    bound = value if adapt is None else adapt(value)
    if isinstance(bound, bytes | bytearray | memoryview):
        return f"X'{bytes(bound).hex()}'"
    if isinstance(bound, float):
        return _float_literal(bound)
    if isinstance(bound, int):
        return str(int(bound))
    return adapters.quote_text(str(bound))


def _float_literal(value: float) -> str:
    if math.isnan(value):
        return "NULL"
    return repr(value) if math.isfinite(value) else ("9e999" if value > 0 else "-9e999")


_CHECKS: dict[str, Callable[[str, AttributeType], str]] = {
    **{
        kind.name: _check_range(kind.low, kind.high)
        for kind in KINDS.values()
        if kind.low is not None and kind.high is not None and kind.name not in ("int64", "uint64")
    },
    "bool": lambda column, type: f"{column} IN (0, 1)",
    "char": _check_length,
    "varchar": _check_length,
    "enum": _check_members,
    "date": lambda column, type: f"{column} GLOB '{_DATE}'",
    "datetime": lambda column, type: f"{column} GLOB '{_DATE} {_TIME}{_fraction(type)}'",
    "timestamp": lambda column, type: f"{column} GLOB '{_DATE} {_TIME}{_fraction(type)}'",
    "time": lambda column, type: f"{column} GLOB '{_TIME}{_fraction(type)}'",
    "uuid": lambda column, type: f"length({column}) = 16",
    "json": lambda column, type: f"json_valid({column})",
}

SQLITE: Final = Dialect(
    name="sqlite",
    quote='"',
    placeholder="?",
    column_type={
        kind.name: _column_type("TEXT" if kind.name in _NUMERIC_TEXT else _STORAGE[kind.family])
        for kind in KINDS.values()
    },
    to_driver={
        "uint64": str,
        "decimal": adapters.decimal_to_text,
        "bool": int,
        "char": adapters.strip_blanks,
        "date": adapters.date_to_text,
        "uuid": adapters.uuid_to_bytes,
        "json": adapters.json_to_text,
    },
    to_driver_by_type={
        "datetime": adapters.datetime_to_text,
        "timestamp": adapters.datetime_to_text,
        "time": adapters.time_to_text,
    },
    from_driver={
        "uint64": int,
        "decimal": adapters.text_to_decimal,
        "bool": bool,
        "date": adapters.text_to_date,
        "datetime": adapters.text_to_datetime,
        "timestamp": adapters.text_to_datetime,
        "time": adapters.text_to_time,
        "uuid": adapters.bytes_to_uuid,
        "json": adapters.text_to_json,
    },
    collations=dict.fromkeys(_NUMERIC_TEXT, " COLLATE decimal"),
    functions=SQLITE_FUNCTIONS,
    literal=_literal,
    has_flat_names=True,
    lists_rows_as_values=True,
    long_lists="json_each",
    explain="EXPLAIN QUERY PLAN",
    explain_analyze="EXPLAIN QUERY PLAN",
    ddl=DefinitionTraits(
        checks=_CHECKS,
        collations=dict.fromkeys(_NUMERIC_TEXT, "COLLATE decimal"),
        now=_now,
        auto_increment="AUTOINCREMENT",
        auto_increment_type="INTEGER",
        auto_increment_is_key=True,
        quotes_defaults=False,
        attached=attached.SQLITE,
        keeps_order=True,
        catalog_tables=True,
        clustered_keys=True,
        marks_inherited_extras=True,
        inverse_types={
            "integer": "int64",
            "int": "int64",
            "real": "float64",
            "text": "text",
            "blob": "bytes",
        },
        options="STRICT",
        create_schema="",
        drop_schema="",
    ),
)
"""SQLite as apsw ships it."""
