"""Casts in SQLite, by the family of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.algebra.expression.kinds import DECIMAL, TEXT, digits_of
from datamill.algebra.expression.tree import Call, Expression
from datamill.model.types import AttributeType
from datamill.sql.dialects.arithmetic_sqlite import is_exact
from datamill.sql.dialects.templates import family_of, write_call

if TYPE_CHECKING:
    from datamill.sql.writer import Writer


def render_cast(writer: Writer, call: Call) -> None:
    """Write a cast to the call's type."""
    value, type = call.arguments[0], call.type
    if value.type.family == "json" and type.family not in ("json", "text"):
        _cast_json(writer, call)
        return
    _CASTS[type.family if type.kind != "uint64" else "decimal"](writer, value, type)


def _cast_json(writer: Writer, call: Call) -> None:
    value, type = call.arguments[0], call.type
    if type.family == "bool":
        write_call(writer, "dm_json_bool", value)
    elif type.family in ("integer", "decimal", "float"):
        scalar = Call("dm_json_number", (value,), DECIMAL)
        writer.expression(Call("CAST", (scalar,), type))
    else:
        scalar = Call("dm_json_unquote", (value,), TEXT)
        writer.expression(Call("CAST", (scalar,), type))


def _to_integer(writer: Writer, value: Expression, type: AttributeType) -> None:
    if family_of(value) in ("integer", "bool"):
        writer.expression(value)
    else:
        write_call(writer, "dm_to_int", value)


def _to_decimal(writer: Writer, value: Expression, type: AttributeType) -> None:
    precision, scale = (20, 0) if type.kind == "uint64" else (0, 0) if type == DECIMAL else type.args
    if precision == 0 and is_exact(value):
        writer.expression(value)
        return
    writer.text("dm_to_decimal(")
    writer.expression(value)
    writer.text(f", {precision}, {scale})" if precision else ")")


def _to_float(writer: Writer, value: Expression, type: AttributeType) -> None:
    writer.text("dm_float32(CAST(" if type.kind == "float32" else "CAST(")
    writer.expression(value)
    writer.text(" AS REAL))" if type.kind == "float32" else " AS REAL)")


def _to_text(writer: Writer, value: Expression, type: AttributeType) -> None:
    length = type.args[0] if type.kind in ("char", "varchar") and type.args else None
    writer.text("substr(" if length else "")
    before, after = _TEXTS.get(family_of(value), ("", ""))
    writer.text(before)
    writer.expression(value)
    writer.text(after)
    writer.text(f", 1, {length})" if length else "")


_TEXTS = {
    "integer": ("CAST(", " AS TEXT)"),
    "bool": ("CAST(", " AS TEXT)"),
    "float": ("dm_float_text(", ")"),
    "uuid": ("dm_uuid_text(", ")"),
    "json": ("dm_json_unquote(", ")"),
    "bytes": ("CAST(", " AS TEXT)"),
    "opaque": ("CAST(", " AS TEXT)"),
}


def _to_bool(writer: Writer, value: Expression, type: AttributeType) -> None:
    if family_of(value) == "bool":
        writer.expression(value)
        return
    writer.text("(CAST(")
    writer.expression(value)
    writer.text(" AS REAL) <> 0)")


def _to_date(writer: Writer, value: Expression, type: AttributeType) -> None:
    write_call(writer, "dm_to_date", value)


def _to_datetime(writer: Writer, value: Expression, type: AttributeType) -> None:
    digits = digits_of(type)
    if value.type.family == "date":
        writer.text("(")
        writer.expression(value)
        writer.text(f" || ' 00:00:00{'.' + '0' * digits if digits else ''}')")
        return
    writer.text("dm_to_datetime(")
    writer.expression(value)
    writer.text(f", {digits})")


def _to_time(writer: Writer, value: Expression, type: AttributeType) -> None:
    writer.text("dm_to_time(")
    writer.expression(value)
    writer.text(f", {digits_of(type)})")


def _to_json(writer: Writer, value: Expression, type: AttributeType) -> None:
    if value.type.family == "json":
        writer.expression(value)
        return
    family = "decimal" if family_of(value) == "uint64" else value.type.family
    writer.text("dm_to_json(")
    writer.expression(value)
    writer.text(f", '{family}')")


def _to_uuid(writer: Writer, value: Expression, type: AttributeType) -> None:
    write_call(writer, "dm_uuid", value)


def _to_bytes(writer: Writer, value: Expression, type: AttributeType) -> None:
    writer.text("CAST(")
    writer.expression(value)
    writer.text(" AS BLOB)")


def _as_it_is(writer: Writer, value: Expression, type: AttributeType) -> None:
    writer.expression(value)


_CASTS = {
    "integer": _to_integer,
    "decimal": _to_decimal,
    "float": _to_float,
    "text": _to_text,
    "enum": _to_text,
    "bool": _to_bool,
    "date": _to_date,
    "datetime": _to_datetime,
    "time": _to_time,
    "json": _to_json,
    "uuid": _to_uuid,
    "bytes": _to_bytes,
    "opaque": _as_it_is,
}
