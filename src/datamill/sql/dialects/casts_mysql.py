"""Casts in MySQL and MariaDB, by the families of source and target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.algebra.expression.kinds import DECIMAL, TEXT, digits_of
from datamill.algebra.expression.tree import Call
from datamill.model.types import AttributeType
from datamill.sql.dialects.templates import family_of, template

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Renderer
    from datamill.sql.writer import Writer

_NAMES = {
    "integer": "SIGNED",
    "bool": "SIGNED",
    "date": "DATE",
    "json": "JSON",
    "bytes": "BINARY",
    "uuid": "BINARY",
}
_WHOLE = ("integer", "uint64", "bool")
_UUID_TEXT = (
    "LOWER(CONCAT_WS('-', SUBSTR(HEX({0}), 1, 8), SUBSTR(HEX({0}), 9, 4), SUBSTR(HEX({0}), 13, 4),"
    " SUBSTR(HEX({0}), 17, 4), SUBSTR(HEX({0}), 21)))"
)
# What JSON functions return has a collation of its own, which goes with no other: the casts give it the session's.
JSON_KIND = "CAST(JSON_TYPE({0}) AS CHAR)"
JSON_CONTENT = "CAST(JSON_UNQUOTE({0}) AS CHAR)"
_JSON_NUMBER = (
    f"CASE {JSON_KIND} WHEN 'BOOLEAN' THEN {JSON_CONTENT} = 'true' WHEN 'NULL' THEN NULL"
    " WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL"
    f" ELSE CASE WHEN {JSON_CONTENT} REGEXP '^ *[-+]?[0-9]+[.]?[0-9]*([eE][-+]?[0-9]+)? *$'"
    f" THEN CAST({JSON_CONTENT} AS {{name}}) END END"
)
_JSON_BOOL = (
    f"CASE {JSON_KIND} WHEN 'BOOLEAN' THEN {JSON_CONTENT} = 'true' WHEN 'NULL' THEN NULL"
    " WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL"
    f" WHEN 'STRING' THEN CASE LOWER({JSON_CONTENT}) WHEN 'true' THEN 1 WHEN '1' THEN 1"
    f" WHEN 'false' THEN 0 WHEN '0' THEN 0 END ELSE CAST({JSON_CONTENT} AS DOUBLE) <> 0 END"
)
JSON_TEXT = f"CASE WHEN {JSON_KIND} <> 'NULL' THEN {JSON_CONTENT} END"
"""Template of a JSON value as text; JSON's null is NULL."""


def type_name(type: AttributeType) -> str:
    """Return what stands behind AS in a cast."""
    if type.kind in ("uint64", "float32"):
        return "UNSIGNED" if type.kind == "uint64" else "FLOAT"
    if type.family == "decimal":
        precision, scale = type.args or (65, 30)
        return f"DECIMAL({precision}, {scale})"
    if type.family in ("datetime", "time"):
        digits = digits_of(type)
        return f"{type.family.upper()}({digits})" if digits else type.family.upper()
    if type.kind in ("char", "varchar"):
        return f"CHAR({type.args[0]})"
    return "DOUBLE" if type.family == "float" else _NAMES.get(type.family, "CHAR")


def _plain(writer: Writer, call: Call) -> None:
    template(f"CAST({{0}} AS {type_name(call.type)})")(writer, call)


def _to_integer(writer: Writer, call: Call) -> None:
    source = family_of(call.arguments[0])
    if call.type.kind == "uint64":
        _plain(writer, call)
    elif source in ("integer", "bool"):
        writer.expression(call.arguments[0])
    elif source == "text":
        template("(ROUND(CAST({0} AS DECIMAL(65, 30))) DIV 1)")(writer, call)
    else:
        template("(ROUND({0}) DIV 1)")(writer, call)


def _to_decimal(writer: Writer, call: Call) -> None:
    """Whole numbers need no digits behind the point, which would be shown as zeros."""
    whole = call.type == DECIMAL and family_of(call.arguments[0]) in _WHOLE
    if call.type == DECIMAL and family_of(call.arguments[0]) == "decimal":
        writer.expression(call.arguments[0])
    elif whole:
        template("CAST({0} AS DECIMAL(20, 0))")(writer, call)
    else:
        _plain(writer, call)


def _to_text(writer: Writer, call: Call) -> None:
    if family_of(call.arguments[0]) == "uuid":
        template(_UUID_TEXT)(writer, call)
    else:
        _plain(writer, call)


def _to_bool(writer: Writer, call: Call) -> None:
    if family_of(call.arguments[0]) == "bool":
        writer.expression(call.arguments[0])
    else:
        template("({0} <> 0)")(writer, call)


def _to_uuid(writer: Writer, call: Call) -> None:
    template("UNHEX(REPLACE({0}, '-', ''))")(writer, call)


BOOL_TO_JSON = "CASE WHEN {0} THEN JSON_EXTRACT('true', '$') WHEN NOT {0} THEN JSON_EXTRACT('false', '$') END"
"""Template of a truth value as JSON."""


def _to_json(writer: Writer, call: Call) -> None:
    if family_of(call.arguments[0]) == "bool":
        template(BOOL_TO_JSON)(writer, call)
    else:
        _plain(writer, call)


def _to_mariadb_json(writer: Writer, call: Call) -> None:
    source = family_of(call.arguments[0])
    if source == "bool":
        template(BOOL_TO_JSON)(writer, call)
    elif source in ("text", "json"):
        writer.expression(call.arguments[0])
    elif source in ("integer", "uint64", "decimal", "float"):
        template("CAST({0} AS CHAR)")(writer, call)
    else:
        template("JSON_QUOTE(CAST({0} AS CHAR))")(writer, call)


def _from_json(writer: Writer, call: Call) -> None:
    """Read a scalar: numbers from numbers and from strings that look like one, everything else from its text."""
    value, type = call.arguments[0], call.type
    if type.family in ("integer", "float", "decimal"):
        name = "DOUBLE" if type.family == "float" else "DECIMAL(65, 30)"
        number = _JSON_NUMBER.replace("{name}", name)
        if type.family == "integer":
            number = f"(ROUND({number}) DIV 1)"
        elif type.family == "decimal" and type != DECIMAL:
            number = f"CAST({number} AS {type_name(type)})"
        template(number)(writer, call)
    elif type.family == "bool":
        template(_JSON_BOOL)(writer, call)
    elif type.family == "text":
        template(JSON_TEXT)(writer, call)
    else:
        writer.expression(Call("CAST", (Call("CAST", (value,), TEXT),), type))


_CASTS: dict[str, Renderer] = {
    "integer": _to_integer,
    "decimal": _to_decimal,
    "text": _to_text,
    "enum": _to_text,
    "bool": _to_bool,
    "uuid": _to_uuid,
}


def _casts(to_json: Renderer) -> Renderer:
    table = {**_CASTS, "json": to_json}

    def render(writer: Writer, call: Call) -> None:
        if call.arguments[0].type.family == "json" and call.type.family != "json":
            _from_json(writer, call)
        else:
            table.get(call.type.family, _plain)(writer, call)

    return render


MYSQL_CASTS: Renderer = _casts(_to_json)
"""Writes a cast in MySQL."""

MARIADB_CASTS: Renderer = _casts(_to_mariadb_json)
"""Writes a cast in MariaDB."""
