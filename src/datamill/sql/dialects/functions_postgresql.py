"""How PostgreSQL spells the functions of the expression language.

Constants are cast to their types, because a bare placeholder has none. Arithmetic is done in ``bigint`` and ``double
precision`` whatever the columns are, and text is ordered by code point (``COLLATE "C"``). A ``char`` takes part
without its padding, as text (`Dialect.operands`). No ``%`` is ever written: it is the driver's sign for placeholders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.kinds import TEXT
from datamill.algebra.expression.paths import parse_path
from datamill.algebra.expression.patterns import POSTGRESQL, translate
from datamill.algebra.expression.tree import Call, Column, Expression, Literal
from datamill.model.types import parse_type
from datamill.sql.dialects.casts_postgresql import NARROW, render_cast, type_name
from datamill.sql.dialects.dates_postgresql import DATES
from datamill.sql.dialects.templates import (
    COMMON,
    aggregate,
    by_count,
    by_family,
    family_of,
    is_nonzero_literal,
    template,
    templates,
    write_call,
    write_divisor,
    write_order_items,
)

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Renderer
    from datamill.sql.writer import Writer


def _literal(writer: Writer, call: Call) -> None:
    literal = call.arguments[0]
    assert isinstance(literal, Literal)
    writer.bind(literal.value, literal.type)
    if literal.type.family not in ("enum", "opaque"):
        writer.text(f"::{type_name(literal.type)}")


def write_number(writer: Writer, expression: Expression) -> None:
    """Write an operand of arithmetic, in the width that all backends compute with."""
    writer.expression(expression)
    if not isinstance(expression, Literal) and expression.type.kind in NARROW:
        writer.text(f"::{NARROW[expression.type.kind]}")


def _write_stored(writer: Writer, expression: Expression) -> None:
    """Write an operand whose padding does not count; a column as it is, so that indexes serve."""
    if isinstance(expression, Column):
        writer.column(expression)
    else:
        writer.expression(expression)


def _in(writer: Writer, call: Call) -> None:
    writer.text("(")
    _write_stored(writer, call.arguments[0])
    writer.text(" IN (")
    writer.expressions(call.arguments[1:])
    writer.text("))")


def _is_null(writer: Writer, call: Call) -> None:
    writer.text("(")
    _write_stored(writer, call.arguments[0])
    writer.text(" IS NULL)")


def _write_text(writer: Writer, expression: Expression) -> None:
    """Write an operand whose order counts."""
    writer.expression(expression)
    if expression.type.family == "text":
        writer.text(' COLLATE "C"')


def _ordered(sign: str) -> Renderer:
    def render(writer: Writer, call: Call) -> None:
        writer.text("(")
        _write_text(writer, call.arguments[0])
        writer.text(f" {sign} ")
        writer.expression(call.arguments[1])
        writer.text(")")

    return render


def _between(writer: Writer, call: Call) -> None:
    writer.text("(")
    _write_text(writer, call.arguments[0])
    writer.text(" BETWEEN ")
    writer.expression(call.arguments[1])
    writer.text(" AND ")
    writer.expression(call.arguments[2])
    writer.text(")")


def _extreme(writer: Writer, call: Call) -> None:
    """GREATEST and LEAST: PostgreSQL's own pass over NULLs."""
    writer.text("CASE WHEN ")
    for index, item in enumerate(call.arguments):
        writer.text(" OR " if index else "")
        writer.expression(item)
        writer.text(" IS NULL")
    writer.text(f" THEN NULL ELSE {call.function}(")
    for index, item in enumerate(call.arguments):
        writer.text(", " if index else "")
        _write_text(writer, item)
    writer.text(") END")


# --- numbers


def _binary(sign: str) -> Renderer:
    def render(writer: Writer, call: Call) -> None:
        writer.text("(")
        write_number(writer, call.arguments[0])
        writer.text(f" {sign} ")
        write_number(writer, call.arguments[1])
        writer.text(")")

    return render


def _prefix(sign: str) -> Renderer:
    def render(writer: Writer, call: Call) -> None:
        writer.text(f"({sign} ")
        write_number(writer, call.arguments[0])
        writer.text(")")

    return render


def _function(name: str, after: str = "") -> Renderer:
    """A function of numbers."""

    def render(writer: Writer, call: Call) -> None:
        writer.text(f"{name}(")
        for index, item in enumerate(call.arguments):
            writer.text(", " if index else "")
            write_number(writer, item)
        writer.text(f"){after}")

    return render


def _divide(writer: Writer, call: Call) -> None:
    writer.text("(")
    write_number(writer, call.arguments[0])
    writer.text(" / ")
    _write_divisor(writer, call.arguments[1])
    writer.text(")")


def _write_divisor(writer: Writer, divisor: Expression) -> None:
    if is_nonzero_literal(divisor) or divisor.type.kind not in NARROW:
        write_divisor(writer, divisor)
        return
    writer.text("NULLIF(")
    write_number(writer, divisor)
    writer.text(", 0)")


def _div(writer: Writer, call: Call) -> None:
    if all(family_of(item) == "integer" for item in call.arguments):
        _divide(writer, call)
        return
    writer.text("DIV(")
    writer.expression(call.arguments[0])
    writer.text("::numeric, NULLIF(")
    writer.expression(call.arguments[1])
    writer.text("::numeric, 0))::bigint")


def _modulo(writer: Writer, call: Call) -> None:
    left, right = call.arguments
    if call.type.family != "float":
        writer.text("MOD(")
        write_number(writer, left)
        writer.text(", ")
        _write_divisor(writer, right)
        writer.text(")")
        return
    writer.text("(")
    write_number(writer, left)
    writer.text(" - ")
    write_number(writer, right)
    writer.text(" * TRUNC(")
    write_number(writer, left)
    writer.text("::double precision / ")
    _write_divisor(writer, right)
    writer.text("))")


def _shift(sign: str) -> Renderer:
    def render(writer: Writer, call: Call) -> None:
        value, count = call.arguments
        writer.text("CASE WHEN ")
        writer.expression(count)
        writer.text(" BETWEEN 0 AND 63 THEN ")
        write_number(writer, value)
        writer.text(f" {sign} ")
        writer.expression(count)
        writer.text("::integer WHEN ")
        writer.expression(count)
        writer.text(" > 63 THEN ")
        write_number(writer, value)
        writer.text(f" {sign} 63 {sign} 1 END" if sign == ">>" else " * 0 END")

    return render


def _scaled(cut: str) -> Renderer:
    """Round or truncate a float to decimal digits, as scaled binary numbers."""

    def render(writer: Writer, call: Call) -> None:
        value, *rest = call.arguments
        if not rest:
            write_call(writer, cut, value)
            return
        digits = rest[0]
        known = digits.value if isinstance(digits, Literal) and isinstance(digits.value, int) else None
        multiply, divide = ("*", "/") if known is None or known >= 0 else ("/", "*")
        writer.text(f"({cut}(")
        write_number(writer, value)
        _write_scale(writer, multiply, digits, known)
        writer.text(")")
        _write_scale(writer, divide, digits, known)
        writer.text(")")

    return render


def _write_scale(writer: Writer, sign: str, digits: Expression, known: int | None) -> None:
    if known is not None:
        writer.text(f" {sign} 1e{min(abs(known), 300)}::double precision")
        return
    writer.text(f" {sign} POWER(10::double precision, ")
    writer.expression(digits)
    writer.text(")")


# --- text


def _concat(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expressions(call.arguments, " || ")
    writer.text(")")


def _like(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(f" {call.function} ")
    writer.expression(call.arguments[1])
    if len(call.arguments) > 2:
        writer.text(" ESCAPE ")
        writer.expression(call.arguments[2])
    writer.text(")")


def _pattern(expression: Expression, wrap: str = "{}") -> Expression:
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        return Literal(wrap.format(translate(expression.value, POSTGRESQL)), TEXT)
    return expression


def _regexp(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(" ~ ")
    writer.expression(_pattern(call.arguments[1]))
    writer.text(")")


def _regexp_replace(writer: Writer, call: Call) -> None:
    text, pattern, replacement = call.arguments
    writer.text("REGEXP_REPLACE(")
    writer.expressions((text, _pattern(pattern), replacement))
    writer.text(", 'g')")


def _regexp_substr(writer: Writer, call: Call) -> None:
    text, pattern = call.arguments
    writer.text("(REGEXP_MATCH(")
    writer.expression(text)
    writer.text(", ")
    if isinstance(pattern, Literal):
        writer.expression(_pattern(pattern, "({})"))
    else:
        writer.text("'(' || ")
        writer.expression(pattern)
        writer.text(" || ')'")
    writer.text("))[1]")


def _sha2(writer: Writer, call: Call) -> None:
    bits = call.arguments[1]
    assert isinstance(bits, Literal)
    writer.text(f"ENCODE(SHA{int(bits.value)}(CONVERT_TO(")
    writer.expression(call.arguments[0])
    writer.text(", 'UTF8')), 'hex')")


# --- json


def _json_place(sign: str) -> Renderer:
    def render(writer: Writer, call: Call) -> None:
        document, path = call.arguments
        assert isinstance(path, Literal)
        writer.text("(")
        writer.expression(document)
        writer.text(f" {sign} ARRAY[")
        writer.expressions([Literal(str(step), TEXT) for step in parse_path(path.value)])
        writer.text("])")

    return render


def _json_value(writer: Writer, call: Call) -> None:
    place = Call("->", call.arguments, parse_type("json"))
    writer.expression(Call("CAST", (place,), call.type))


# --- aggregates


def _sum(writer: Writer, call: Call) -> None:
    if call.type.family == "integer" and call.type.kind != "uint64":
        aggregate("(SUM(", "))::bigint")(writer, call)
    elif call.arguments[0].type.kind == "float32":
        _widened("SUM")(writer, call)
    else:
        aggregate("SUM(")(writer, call)


def _widened(name: str) -> Renderer:
    """An aggregate computed in double precision."""
    plain = aggregate(f"{name}(")

    def render(writer: Writer, call: Call) -> None:
        value = Call("CAST", call.arguments, parse_type("float64"))
        plain(writer, Call(call.function, (value,), call.type, call.options))

    return render


def _count(writer: Writer, call: Call) -> None:
    if len(call.arguments) < 2:
        COMMON["COUNT"](writer, call)
        return
    writer.text("COUNT(DISTINCT CASE WHEN ")
    for index, item in enumerate(call.arguments):
        writer.text(" AND " if index else "")
        writer.expression(item)
        writer.text(" IS NOT NULL")
    writer.text(" THEN ROW(")
    writer.expressions(call.arguments)
    writer.text(") END)")


def _group_concat(writer: Writer, call: Call) -> None:
    value, separator = call.arguments
    order: Any = call.option("order") or ()
    if call.option("distinct"):
        descending = order and order[0].descending
        direction = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
        text = '({0})::text COLLATE "C"'
        template(f"STRING_AGG(DISTINCT {text}, {{1}} ORDER BY {text} {direction})")(writer, call)
        return
    writer.text("STRING_AGG(")
    writer.expressions((value, separator))
    if order:
        writer.text(" ORDER BY ")
        write_order_items(writer, order)
    writer.text(")")


def _order(writer: Writer, call: Call) -> None:
    value = call.arguments[0]
    _write_stored(writer, value)
    writer.text(' COLLATE "C"' if value.type.family == "text" else "")
    writer.text(" DESC" if call.option("descending") else "")
    writer.text(" NULLS FIRST" if call.option("nulls_first") else " NULLS LAST")


_POSITIVE = "NULLIF(GREATEST({0}, 0), 0)"
_JSON_LENGTH = (
    "CASE WHEN {0} IS NULL THEN NULL WHEN JSONB_TYPEOF({0}) = 'array' THEN JSONB_ARRAY_LENGTH({0})::bigint"
    " WHEN JSONB_TYPEOF({0}) = 'object' THEN (SELECT COUNT(*) FROM JSONB_OBJECT_KEYS({0})) ELSE 1 END"
)
_JSON_KEYS = (
    "CASE WHEN JSONB_TYPEOF({0}) = 'object'"
    " THEN (SELECT COALESCE(JSONB_AGG(k), '[]') FROM JSONB_OBJECT_KEYS({0}) AS k) END"
)
_SUBSTRING = (
    "CASE WHEN {{1}} > 0 THEN SUBSTR({{0}}, {{1}}::integer{length})"
    " WHEN {{1}} < 0 AND -{{1}} <= CHAR_LENGTH({{0}})"
    " THEN SUBSTR({{0}}, (CHAR_LENGTH({{0}}) + {{1}} + 1)::integer{length})"
    " WHEN {{0}} IS NULL OR {{1}} IS NULL THEN NULL ELSE '' END"
)
_SUBSTRING_INDEX = (
    "CASE WHEN {0} IS NULL OR {1} IS NULL OR {2} IS NULL THEN NULL WHEN {1} = '' OR {2} = 0 THEN ''"
    " WHEN {2} > 0 THEN ARRAY_TO_STRING((STRING_TO_ARRAY({0}, {1}))[1:{2}::integer], {1})"
    " ELSE ARRAY_TO_STRING((STRING_TO_ARRAY({0}, {1}))"
    "[GREATEST(CARDINALITY(STRING_TO_ARRAY({0}, {1})) + {2} + 1, 1)::integer:], {1}) END"
)
_LOCATE_FROM = (
    "CASE WHEN {2} < 1 OR {2} > CHAR_LENGTH({1}) + 1 OR STRPOS(SUBSTR({1}, {2}::integer), {0}) = 0 THEN 0"
    " ELSE STRPOS(SUBSTR({1}, {2}::integer), {0}) + {2} - 1 END"
)
_MINIMA = (("MIN", "MIN"), ("MAX", "MAX"), ("ANY_VALUE", "MIN"))


def _extreme_of(name: str) -> Renderer:
    text = f'{name}({{0}} COLLATE "C"){{over}}'
    return by_family(
        0, {"text": text, "uuid": f"({name}({{0}}::text){{over}})::uuid"}, f"{name}({{0}}){{over}}"
    )


def _neighbour(name: str) -> Renderer:
    """LAG and LEAD."""
    two = f"{name}({{0}}, {{1}}::integer"
    return by_count(f"{name}({{0}}){{over}}", f"{two}){{over}}", f"{two}, {{2}}){{over}}")


POSTGRESQL_FUNCTIONS: dict[str, Renderer] = {
    **COMMON,
    "LITERAL": _literal,
    **{sign: _ordered(sign) for sign in ("<", "<=", ">", ">=")},
    "BETWEEN": _between,
    "IN": _in,
    "IS NULL": _is_null,
    "GREATEST": _extreme,
    "LEAST": _extreme,
    **{sign: _binary(sign) for sign in ("+", "-", "*", "&", "|")},
    "^": _binary("#"),
    "NEGATE": _prefix("-"),
    "~": _prefix("~"),
    "<<": _shift("<<"),
    ">>": _shift(">>"),
    "/": _divide,
    "DIV": _div,
    "%": _modulo,
    "ABS": _function("ABS"),
    "SIGN": _function("SIGN", "::bigint"),
    "CEIL": by_family(0, dict.fromkeys(("integer", "uint64"), "{0}"), "CEIL({0})"),
    "FLOOR": by_family(0, dict.fromkeys(("integer", "uint64"), "{0}"), "FLOOR({0})"),
    "ROUND": by_family(
        0,
        {
            "float": _scaled("ROUND"),
            "integer": by_count("{0}", "ROUND({0}::numeric, {1}::integer)::bigint"),
        },
        by_count("ROUND({0})", "ROUND({0}, {1}::integer)"),
    ),
    "TRUNCATE": by_family(
        0,
        {"float": _scaled("TRUNC"), "integer": "TRUNC({0}::numeric, {1}::integer)::bigint"},
        "TRUNC({0}, {1}::integer)",
    ),
    "CONCAT": _concat,
    "LIKE": _like,
    "ILIKE": _like,
    "REGEXP": _regexp,
    "REGEXP_REPLACE": _regexp_replace,
    "REGEXP_SUBSTR": _regexp_substr,
    "SHA2": _sha2,
    "LENGTH": template("OCTET_LENGTH({0})::bigint"),
    "HEX": by_family(
        0,
        {
            "integer": template("UPPER(TO_HEX({0}::bigint))"),
            "bytes": template("UPPER(ENCODE({0}, 'hex'))"),
            "uuid": template("UPPER(REPLACE({0}::text, '-', ''))"),
        },
        "UPPER(ENCODE(CONVERT_TO({0}, 'UTF8'), 'hex'))",
    ),
    "SUBSTRING": by_count(
        "", _SUBSTRING.format(length=""), _SUBSTRING.format(length=", GREATEST({2}, 0)::integer")
    ),
    "LPAD": by_count("", "LPAD({0}, {1}::integer)", "LPAD({0}, {1}::integer, {2})"),
    "RPAD": by_count("", "RPAD({0}, {1}::integer)", "RPAD({0}, {1}::integer, {2})"),
    "LOCATE": by_count("", "STRPOS({1}, {0})::bigint", _LOCATE_FROM),
    **DATES,
    "JSON_TEXT": template("({0} #>> '{}')"),
    "->": _json_place("#>"),
    "->>": _json_place("#>>"),
    "JSON_VALUE": _json_value,
    "SUM": _sum,
    "AVG": _widened("AVG"),
    "COUNT": _count,
    "GROUP_CONCAT": _group_concat,
    "CAST": render_cast,
    "ORDER": _order,
    **{name: _extreme_of(sql) for name, sql in _MINIMA},
    **{name: _widened(name) for name in ("STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP")},
    **templates(
        {
            "XOR": "({0} <> {1})",
            "<=>": "({0} IS NOT DISTINCT FROM {1})",
            "IS DISTINCT FROM": "({0} IS DISTINCT FROM {1})",
            "CHAR_LENGTH": "CHAR_LENGTH({0})::bigint",
            "CONCAT_WS": "CONCAT_WS({*})",
            "LOWER": "LOWER({0})",
            "UPPER": "UPPER({0})",
            "TRIM": "BTRIM({0})",
            "LTRIM": "LTRIM({0})",
            "RTRIM": "RTRIM({0})",
            "REPLACE": "REPLACE({*})",
            "REPEAT": "REPEAT({0}, {1}::integer)",
            "REVERSE": "REVERSE({0})",
            "FIND_IN_SET": "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL"
            " THEN COALESCE(ARRAY_POSITION(STRING_TO_ARRAY({1}, ','), {0}), 0)::bigint END",
            "SUBSTRING_INDEX": _SUBSTRING_INDEX,
            "LEFT": "LEFT({0}, GREATEST({1}, {1} * 0)::integer)",
            "RIGHT": "RIGHT({0}, GREATEST({1}, {1} * 0)::integer)",
            "POW": "POWER({*})",
            "EXP": "EXP({0})",
            "SQRT": "CASE WHEN {0} >= 0 THEN SQRT({0}) END",
            "SIN": "SIN({0})",
            "COS": "COS({0})",
            "TAN": "TAN({0})",
            "ASIN": "CASE WHEN {0} BETWEEN -1 AND 1 THEN ASIN({0}) END",
            "ACOS": "CASE WHEN {0} BETWEEN -1 AND 1 THEN ACOS({0}) END",
            "ATAN": "ATAN({0})",
            "ATAN2": "ATAN2({*})",
            "RADIANS": "RADIANS({0})",
            "DEGREES": "DEGREES({0})",
            "RAND": "RANDOM()",
            "LN": f"LN({_POSITIVE})",
            "LOG": "(LN(NULLIF(GREATEST({1}, 0), 0)) / NULLIF(LN(NULLIF(GREATEST({0}, 0), 0)), 0))",
            "LOG2": f"LOG(2::numeric, {_POSITIVE}::numeric)::double precision",
            "LOG10": f"LOG({_POSITIVE})",
            "JSON_LENGTH": _JSON_LENGTH,
            "JSON_KEYS": _JSON_KEYS,
            "JSON_CONTAINS": "({0} @> {1})",
            "JSON_ARRAYAGG": "JSONB_AGG({0})",
            "BOOL_AND": "BOOL_AND({0}){over}",
            "BOOL_OR": "BOOL_OR({0}){over}",
            "NTILE": "NTILE({0}::integer){over}",
            "NTH_VALUE": "NTH_VALUE({0}, {1}::integer){over}",
        }
    ),
    "LAG": _neighbour("LAG"),
    "LEAD": _neighbour("LEAD"),
}
"""Canonical function name -> renderer."""
