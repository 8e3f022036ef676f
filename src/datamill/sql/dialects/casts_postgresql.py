"""Casts in PostgreSQL, by the families of source and target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.algebra.expression.kinds import DECIMAL, FLOAT, TEXT, digits_of
from datamill.algebra.expression.tree import Call, Expression
from datamill.model.types import AttributeType
from datamill.sql.dialects.templates import template

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Renderer
    from datamill.sql.writer import Writer

NARROW = {
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16", "uint32"), "bigint"),
    "float32": "double precision",
}
"""Kinds whose columns are narrower than what expressions are computed in."""

_NAMES = {
    "integer": "bigint",
    "float": "double precision",
    "bool": "boolean",
    "text": "text",
    "enum": "text",
    "date": "date",
    "uuid": "uuid",
    "json": "jsonb",
    "bytes": "bytea",
    "opaque": "text",
}


def type_name(type: AttributeType) -> str:
    """Return the type that constants and results of a type have in expressions."""
    if type.family == "decimal":
        return "numeric" if type == DECIMAL or not type.args else f"numeric({type.args[0]},{type.args[1]})"
    if type.family == "datetime":
        return f"timestamp({digits_of(type)})"
    if type.family == "time":
        return f"time({digits_of(type)})"
    if type.kind in ("float32", "uint64"):
        return "real" if type.kind == "float32" else "numeric(20,0)"
    return _NAMES[type.family]


def render_cast(writer: Writer, call: Call) -> None:
    """Write a cast to the call's type."""
    value, type = call.arguments[0], call.type
    source, target = value.type.family, type.family
    if source == "json" and target != "json":
        _from_json(writer, value, type)
        return
    special = _SPECIAL.get((source, target)) or _SPECIAL.get(("", target))
    if special is not None:
        special(writer, call)
    elif target == "text" and source in ("datetime", "time"):
        _moment_text(writer, value)
    else:
        writer.text("(")
        writer.expression(value)
        writer.text(f")::{type_name(type)}")
    if target == "text" and type.kind in ("char", "varchar"):
        writer.text(f"::varchar({type.args[0]})")


def _moment_text(writer: Writer, value: Expression) -> None:
    digits = digits_of(value.type)
    day = value.type.family == "datetime"
    length = (19 if day else 8) + (digits + 1 if digits else 0)
    writer.text("LEFT(TO_CHAR(")
    writer.expression(value)
    writer.text(", 'YYYY-MM-DD HH24:MI:SS.US'" if day else "::interval, 'HH24:MI:SS.US'")
    writer.text(f"), {length})")


def _from_json(writer: Writer, value: Expression, type: AttributeType) -> None:
    """Read a scalar: numbers from numbers and from strings that look like one, everything else from its text."""
    if type.family in ("integer", "float", "decimal"):
        number = FLOAT if type.family == "float" else DECIMAL
        template(
            "CASE JSONB_TYPEOF({0}) WHEN 'boolean' THEN ({0})::integer::" + type_name(number) + " ELSE"
            r" SUBSTRING({0} #>> '{}' FROM '^\s*[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?\s*$')::"
            + type_name(number)
            + " END"
        )(writer, Call("", (value,), type))
        writer.text(f"::{type_name(type)}" if type.family != "float" and type != DECIMAL else "")
        return
    if type.family == "bool":
        template(
            "CASE JSONB_TYPEOF({0}) WHEN 'boolean' THEN ({0})::boolean WHEN 'number' THEN ({0})::numeric <> 0"
            " WHEN 'string' THEN ({0} #>> '{}')::boolean END"
        )(writer, Call("", (value,), type))
        return
    text = Call("JSON_TEXT", (value,), TEXT)
    writer.expression(text if type.family == "text" else Call("CAST", (text,), type))


def _json_from_text(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(")::jsonb")


_SPECIAL: dict[tuple[str, str], Renderer] = {
    ("bool", "integer"): template("({0})::integer::bigint"),
    ("bool", "float"): template("({0})::integer::double precision"),
    ("bool", "decimal"): template("({0})::integer::numeric"),
    ("bool", "text"): template("({0})::integer::text"),
    ("integer", "bool"): template("({0} <> 0)"),
    ("float", "bool"): template("({0} <> 0)"),
    ("decimal", "bool"): template("({0} <> 0)"),
    ("text", "bytes"): template("CONVERT_TO({0}, 'UTF8')"),
    ("bytes", "text"): template("CONVERT_FROM({0}, 'UTF8')"),
    ("text", "json"): _json_from_text,
    ("opaque", "json"): _json_from_text,
    ("", "json"): template("TO_JSONB({0})"),
    ("json", "json"): template("{0}"),
}
