"""MySQL 8.0.22 and later, and MariaDB 10.11 and later."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from datamill.model.types import AttributeType
from datamill.sql.dialects import adapters, attached
from datamill.sql.dialects.base import Dialect
from datamill.sql.dialects.functions_mysql import MARIADB_FUNCTIONS, MYSQL_FUNCTIONS
from datamill.sql.dialects.traits import DefinitionTraits

_PLAIN = {
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "tinyint unsigned",
    "uint16": "smallint unsigned",
    "uint32": "int unsigned",
    "uint64": "bigint unsigned",
    "float32": "float",
    "float64": "double",
    "bool": "tinyint",
    "date": "date",
    "uuid": "binary(16)",
    "json": "json",
    "bytes": "longblob",
    "text": "longtext",
}


def quote_text(text: str) -> str:
    r"""Return a string as MySQL reads it by default: quotes doubled, backslashes doubled.

    Example:
        >>> print(quote_text("a'b\\"))
        'a''b\\'
    """
    return adapters.quote_text(text.replace("\\", "\\\\"))


_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_ESCAPED = re.compile(r"\\U(00(?:0[1-9a-f]|10)[0-9a-f]{4})")


def write_comment(text: str) -> str:
    r"""Return a comment as the catalog can hold it: of characters beyond U+FFFF it would make question marks.

    Example:
        >>> print(write_comment("a 🐭"))
        a \U0001f42d
    """
    return _BEYOND.sub(lambda found: f"\\U{ord(found[0]):08x}", text)


def read_comment(text: str) -> str:
    """Return what `write_comment` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _fixed(name: str) -> Callable[[AttributeType], str]:
    return lambda type: name


def _sized(name: str) -> Callable[[AttributeType], str]:
    return lambda type: f"{name}({type.args[0]})"


def _with_digits(name: str) -> Callable[[AttributeType], str]:
    def write(type: AttributeType) -> str:
        digits = adapters.digits_of(type)
        return f"{name}({digits})" if digits else name

    return write


def _decimal(type: AttributeType) -> str:
    precision, scale = type.args
    return f"decimal({precision},{scale})"


def _enum(type: AttributeType) -> str:
    return f"enum({','.join(map(quote_text, type.args))})"


def _opaque(type: AttributeType) -> str:
    return type.native or "longtext"


def _now(type: AttributeType) -> str:
    digits = adapters.digits_of(type)
    size = f"({digits})" if digits else ""
    if type.kind == "date":
        return "(CURRENT_DATE)"
    return f"(CURRENT_TIME{size})" if type.kind == "time" else f"CURRENT_TIMESTAMP{size}"


_WORDS = {"date": "DATE ", "datetime": "TIMESTAMP ", "timestamp": "TIMESTAMP ", "time": "TIME "}


def _literal(value: Any, type: AttributeType) -> str:
    if value is None:
        return "NULL"
    if type.kind == "json":
        return f"CAST({quote_text(adapters.json_to_text(value))} AS JSON)"
    if type.kind == "uuid":
        value = value.bytes
    if isinstance(value, bytes | bytearray | memoryview):
        return f"X'{bytes(value).hex()}'"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        text = repr(value)
        return text if "e" in text else f"{text}e0"  # without an exponent it would be a decimal
    if type.family in ("integer", "decimal"):
        return format(value, "f" if type.family == "decimal" else "d")
    return _WORDS.get(type.kind, "") + quote_text(str(value))


def _mariadb_literal(value: Any, type: AttributeType) -> str:
    if type.kind == "json" and value is not None:
        return quote_text(adapters.json_to_text(value))
    return _literal(value, type)


MYSQL: Final = Dialect(
    name="mysql",
    quote="`",
    placeholder="%s",
    grants_query="SHOW GRANTS",
    column_type={
        **{kind: _fixed(name) for kind, name in _PLAIN.items()},
        "decimal": _decimal,
        "char": _sized("char"),
        "varchar": _sized("varchar"),
        "enum": _enum,
        "datetime": _with_digits("datetime"),
        "timestamp": _with_digits("timestamp"),
        "time": _with_digits("time"),
        "opaque": _opaque,
    },
    to_driver={
        "bool": int,
        "float32": adapters.exact_float32,
        "char": adapters.strip_blanks,
        "uuid": adapters.uuid_to_bytes,
        "json": adapters.json_to_text,
    },
    from_driver={
        "uint64": int,
        "bool": bool,
        "float32": adapters.widen_float32,
        "time": adapters.timedelta_to_time,
        "uuid": adapters.bytes_to_uuid,
        "json": adapters.text_to_json,
    },
    functions=MYSQL_FUNCTIONS,
    literal=_literal,
    has_antijoin=True,
    has_infinity=False,
    deletes_by_join=True,
    share_lock=" LOCK IN SHARE MODE",
    firm_lock=" FOR UPDATE",
    reads={"float32": "({} + 0e0)"},
    has_schema_ddl=False,
    has_conflict_target=False,
    ddl=DefinitionTraits(
        now=_now,
        native_types=True,
        auto_increment="AUTO_INCREMENT",
        inline_comments=True,
        comment=write_comment,
        inline_indexes=True,
        indexes_foreign_keys=False,
        index_text=("CAST(LEFT({}, 255) AS CHAR(255))", "varchar(255)"),
        unique_index_text=("CAST(SHA2({}, 256) AS CHAR(64))", "char(64)"),  # equal exactly if the texts are
        code_point_collation="utf8mb4_0900_bin",
        # `bytes` has a type record, DataJoint's older blobs have none.
        inverse_types={"longblob": "longblob", "binary(16)": "uuid"},
        attached=attached.MYSQL,
        options="ENGINE=InnoDB",
        create_schema="CREATE DATABASE IF NOT EXISTS",
        drop_schema="DROP DATABASE IF EXISTS",
        lock_definitions="SELECT GET_LOCK('datamill definitions', 30)",
        unlock_definitions="SELECT RELEASE_LOCK('datamill definitions')",
        longest_table_name=64,
        longest_platform_name=64,
        longest_child_name=57,  # of foreign keys: {table}_ibfk_1
    ),
)
"""MySQL; ``float`` columns are read as ``x+0e0``, sessions run in UTC."""

MARIADB: Final = replace(
    MYSQL,
    name="mariadb",
    functions=MARIADB_FUNCTIONS,
    literal=_mariadb_literal,
    ddl=replace(
        MYSQL.ddl,
        expression_indexes=False,
        code_point_collation="utf8mb4_nopad_bin",
        longest_child_name=56,
    ),
)
"""MariaDB: json is text, and indexes take no expressions."""
