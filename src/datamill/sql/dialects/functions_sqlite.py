"""How SQLite spells the functions of the expression language.

Decimals and ``uint64`` are kept as text: their arithmetic goes through functions of ours, their order through the
collation ``decimal``. Functions with the prefix ``dm_`` are registered by `datamill.backends.sqlite_functions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.kinds import digits_of
from datamill.algebra.expression.tree import Call, Expression, Literal
from datamill.model.types import parse_type
from datamill.sql.dialects.arithmetic_sqlite import ARITHMETIC, EXACT, float_columns, is_exact
from datamill.sql.dialects.casts_sqlite import render_cast
from datamill.sql.dialects.templates import (
    COMMON,
    aggregate,
    by_count,
    by_family,
    family_of,
    template,
    templates,
    write_call,
    write_order_items,
)

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Renderer
    from datamill.sql.writer import Writer

_INT = parse_type("int64")
# --- comparison


def _comparison(sign: str) -> Renderer:
    def render(writer: Writer, call: Call) -> None:
        left, right = call.arguments
        if "json" in (left.type.family, right.type.family):
            left, right = _comparable(left), _comparable(right)
        writer.text("(")
        writer.collated(left)
        writer.text(f" {sign} ")
        writer.expression(right)
        writer.text(")")

    return render


def _comparable(expression: Expression) -> Expression:
    if expression.type.family != "json":
        return expression
    return Call("dm_json_key", (expression,), expression.type)


def _between(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.collated(call.arguments[0])
    writer.text(" BETWEEN ")
    writer.expression(call.arguments[1])
    writer.text(" AND ")
    writer.expression(call.arguments[2])
    writer.text(")")


def _in(writer: Writer, call: Call) -> None:
    value, *items = call.arguments
    if value.type.family == "json":
        value, items = _comparable(value), [_comparable(item) for item in items]
    writer.text("(")
    if isinstance(value, Call) and value.function == "ROW":
        for index, item in enumerate(value.arguments):
            writer.text(", " if index else "(")
            writer.collated(item)
        writer.text(") IN (VALUES ")
    else:
        writer.collated(value)
        writer.text(" IN (")
    writer.expressions(items)
    writer.text("))")


def _nullif(writer: Writer, call: Call) -> None:
    writer.text("NULLIF(")
    writer.collated(call.arguments[0])
    writer.text(", ")
    writer.expression(call.arguments[1])
    writer.text(")")


def _extreme(name: str) -> Renderer:
    """GREATEST and LEAST: the collation of the first argument counts."""

    def render(writer: Writer, call: Call) -> None:
        writer.text(f"{name}(")
        writer.collated(call.arguments[0])
        writer.text(", ")
        writer.expressions(call.arguments[1:])
        writer.text(")")

    return render


# --- text


def _literal_int(expression: Expression) -> int | None:
    if isinstance(expression, Literal) and isinstance(expression.value, int):
        return expression.value
    return None


def _substring(writer: Writer, call: Call) -> None:
    known = [_literal_int(item) for item in call.arguments[1:]]
    native = None not in known and (known[0] or 0) > 0 and all((item or 0) >= 0 for item in known)
    write_call(writer, "substr" if native else "dm_substring", *call.arguments)


def _left(writer: Writer, call: Call) -> None:
    count = _literal_int(call.arguments[1])
    if count is None or count < 0:
        write_call(writer, "dm_left", *call.arguments)
    else:
        write_call(writer, "substr", call.arguments[0], Literal(1, _INT), call.arguments[1])


def _like(writer: Writer, call: Call) -> None:
    """A constant pattern becomes a GLOB, which is case-sensitive and may use an index."""
    escape = call.arguments[2] if len(call.arguments) > 2 else None
    pattern = call.arguments[1]
    if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
        write_call(writer, f"dm_{call.function.lower()}", *call.arguments)
        return
    glob = glob_pattern(pattern.value, escape.value if isinstance(escape, Literal) else "\\")
    writer.text("(" if call.function == "LIKE" else "(dm_lower(")
    writer.expression(call.arguments[0])
    writer.text(" GLOB " if call.function == "LIKE" else ") GLOB ")
    writer.expression(Literal(glob if call.function == "LIKE" else glob.lower(), pattern.type))
    writer.text(")")


def glob_pattern(pattern: str, escape: str) -> str:
    r"""Return the GLOB pattern for a LIKE pattern.

    Example:
        >>> glob_pattern(r"50\% of_*%", "\\")
        '50% of?[*]*'
    """
    parts: list[str] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == escape:
            letter = next(letters, escape)
        elif letter in "%_":
            parts.append("*" if letter == "%" else "?")
            continue
        parts.append(f"[{letter}]" if letter in "*?[" else letter)
    return "".join(parts)


# --- dates


def _now(writer: Writer, call: Call) -> None:
    digits = digits_of(call.type)
    if digits == 0:
        writer.text("strftime('%Y-%m-%d %H:%M:%S', 'now')")
        return
    moment = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    zeros = "0" * max(digits - 3, 0)
    writer.text(f"({moment} || '{zeros}')" if zeros else f"substr({moment}, 1, {20 + digits})")


def _clock(start: int, length: int) -> Renderer:
    """A part of the time of day: a time starts with it, a datetime has the date before it."""
    rows = {"time": f"CAST(substr({{0}}, {start}, {length}) AS INTEGER)"}
    return by_family(0, rows, f"CAST(substr({{0}}, {start + 11}, {length}) AS INTEGER)")


def _shift(writer: Writer, call: Call) -> None:
    writer.text("dm_date_add(")
    writer.expressions(call.arguments)
    writer.text(f", '{call.option('unit')}')")


def _timestampdiff(writer: Writer, call: Call) -> None:
    writer.text(f"dm_timestampdiff('{call.option('unit')}', ")
    writer.expressions(call.arguments)
    writer.text(")")


def _unix_timestamp(writer: Writer, call: Call) -> None:
    whole = call.type.family == "integer"
    writer.text("CAST(dm_unix(" if whole else "dm_unix(")
    writer.expression(call.arguments[0])
    writer.text(") AS INTEGER)" if whole else ")")


def _with_digits(name: str) -> Renderer:
    def render(writer: Writer, call: Call) -> None:
        writer.text(f"{name}(")
        writer.expressions(call.arguments)
        writer.text(f", {digits_of(call.type)})")

    return render


def _str_to_date(writer: Writer, call: Call) -> None:
    writer.text("dm_str_to_date(")
    writer.expressions(call.arguments)
    writer.text(f", '{call.type.family}', {digits_of(call.type)})")


# --- aggregates


_LARGEST = template("max(abs({0})){over}")


def _sum(writer: Writer, call: Call) -> None:
    if is_exact(call):
        aggregate("dm_sum(")(writer, call)
    elif call.type.family == "float":
        writer.text("dm_finite(")
        aggregate("sum(")(writer, call)
        for column in float_columns(call.arguments[0]):
            writer.text(", ")
            _LARGEST(writer, Call("MAX", (column,), call.type, call.options))
        writer.text(")")
    else:
        aggregate("sum(")(writer, call)


def _collated(name: str) -> Renderer:
    """MIN and MAX: numbers kept as text by their collation."""
    plain, collated = template(f"{name}({{0}}){{over}}"), template(f"{name}({{0}} COLLATE decimal){{over}}")

    def render(writer: Writer, call: Call) -> None:
        (collated if is_exact(call.arguments[0]) else plain)(writer, call)

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
    writer.text(" THEN ")
    for index, item in enumerate(call.arguments):
        writer.text(" || ',' || quote(" if index else "quote(")
        writer.expression(Call("dm_decimal_key", (item,), item.type) if is_exact(item) else item)
        writer.text(")")
    writer.text(" END)")


def _group_concat(writer: Writer, call: Call) -> None:
    order: Any = call.option("order") or ()
    if call.option("distinct"):
        descending = int(bool(order and order[0].descending))
        writer.text("dm_concat_distinct(")
        writer.expressions(call.arguments)
        writer.text(f", {descending})")
        return
    writer.text("group_concat(")
    writer.expressions(call.arguments)
    if order:
        writer.text(" ORDER BY ")
        write_order_items(writer, order)
    writer.text(")")


def _arrayagg(writer: Writer, call: Call) -> None:
    value = call.arguments[0]
    writer.text("CASE WHEN COUNT(*) > 0 THEN json_group_array(json(dm_json_member(")
    writer.expression(value)
    family = "decimal" if family_of(value) == "uint64" else value.type.family
    writer.text(f", '{family}'))) END")


def _order(writer: Writer, call: Call) -> None:
    value, descending = call.arguments[0], bool(call.option("descending"))
    if value.type.kind == "enum":
        writer.text("CASE ")
        writer.expression(value)
        for number, member in enumerate(value.type.args):
            writer.text(" WHEN ")
            writer.bind(member, value.type)
            writer.text(f" THEN {number}")
        writer.text(" END")
    else:
        writer.collated(value)
    writer.text(" DESC" if descending else "")
    if bool(call.option("nulls_first")) == descending:
        writer.text(" NULLS FIRST" if descending else " NULLS LAST")


SQLITE_FUNCTIONS: dict[str, Renderer] = {
    **COMMON,
    **{sign: _comparison(sign) for sign in ("=", "<>", "<", "<=", ">", ">=")},
    "<=>": _comparison("IS"),
    "IS DISTINCT FROM": _comparison("IS NOT"),
    "BETWEEN": _between,
    "IN": _in,
    "NULLIF": _nullif,
    "GREATEST": _extreme("max"),
    "LEAST": _extreme("min"),
    **ARITHMETIC,
    "LIKE": _like,
    "ILIKE": _like,
    "SUBSTRING": _substring,
    "LEFT": _left,
    "HEX": by_family(0, {"integer": "dm_hex({0})", "uint64": "dm_hex({0})"}, "hex({0})"),
    "ABS": by_family(0, dict.fromkeys(EXACT, "dm_decimal_abs({0})"), "abs({0})"),
    "CEIL": by_family(0, {"decimal": "dm_decimal_cut('CEIL', {0})", "float": "ceil({0})"}, "{0}"),
    "FLOOR": by_family(0, {"decimal": "dm_decimal_cut('FLOOR', {0})", "float": "floor({0})"}, "{0}"),
    "ROUND": by_family(
        0,
        {
            **dict.fromkeys(EXACT, template("dm_decimal_cut('ROUND', {*})")),
            "integer": by_count("{0}", "dm_round_int({*})"),
        },
        "dm_round({*})",
    ),
    "TRUNCATE": by_family(
        0,
        {**dict.fromkeys(EXACT, "dm_decimal_cut('TRUNCATE', {*})"), "integer": "dm_truncate_int({*})"},
        "dm_truncate({*})",
    ),
    "LOCATE": by_count("", "instr({1}, {0})", "dm_locate({*})"),
    "NOW": _now,
    "HOUR": _clock(1, 2),
    "MINUTE": _clock(4, 2),
    "SECOND": _clock(7, 2),
    "DATE_ADD": _shift,
    "TIMESTAMPDIFF": _timestampdiff,
    "UNIX_TIMESTAMP": _unix_timestamp,
    "FROM_UNIXTIME": _with_digits("dm_from_unix"),
    "STR_TO_DATE": _str_to_date,
    "SUM": _sum,
    "COUNT": _count,
    "MIN": _collated("min"),
    "MAX": _collated("max"),
    "ANY_VALUE": _collated("min"),
    "AVG": aggregate("avg("),
    "GROUP_CONCAT": _group_concat,
    "JSON_ARRAYAGG": _arrayagg,
    "CAST": render_cast,
    "ORDER": _order,
    **templates(
        {
            "XOR": "({0} <> {1})",
            "^": "dm_bit_xor({0}, {1})",
            "<<": "({0} << {1})",
            ">>": "({0} >> {1})",
            "REGEXP": "({0} REGEXP {1})",
            "REGEXP_REPLACE": "dm_regexp_replace({*})",
            "REGEXP_SUBSTR": "dm_regexp_substr({*})",
            "CONCAT_WS": "dm_concat_ws({*})",
            "LENGTH": "length(CAST({0} AS BLOB))",
            "CHAR_LENGTH": "length({0})",
            "LOWER": "dm_lower({0})",
            "UPPER": "dm_upper({0})",
            "TRIM": "trim({0})",
            "LTRIM": "ltrim({0})",
            "RTRIM": "rtrim({0})",
            "REPLACE": "replace({*})",
            "REPEAT": "dm_repeat({*})",
            "REVERSE": "dm_reverse({0})",
            "LPAD": "dm_lpad({*})",
            "RPAD": "dm_rpad({*})",
            "FIND_IN_SET": "dm_find_in_set({*})",
            "SUBSTRING_INDEX": "dm_substring_index({*})",
            "SHA2": "dm_sha2({*})",
            "RIGHT": "dm_right({*})",
            "SIGN": "sign(CAST({0} AS NUMERIC))",
            "POW": "dm_pow({*})",
            "EXP": "dm_exp({0})",
            "SQRT": "sqrt({0})",
            "SIN": "sin({0})",
            "COS": "cos({0})",
            "TAN": "tan({0})",
            "ASIN": "asin({0})",
            "ACOS": "acos({0})",
            "ATAN": "atan({0})",
            "ATAN2": "atan2({*})",
            "PI": "pi()",
            "RADIANS": "radians({0})",
            "DEGREES": "degrees({0})",
            "RAND": "(((random() >> 11) & 9007199254740991) / 9007199254740992.0)",
            "LN": "ln({0})",
            "LOG": "dm_log({*})",
            "LOG2": "log2({0})",
            "LOG10": "log10({0})",
            "CURDATE": "date('now')",
            "YEAR": "CAST(substr({0}, 1, 4) AS INTEGER)",
            "QUARTER": "((CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3)",
            "MONTH": "CAST(substr({0}, 6, 2) AS INTEGER)",
            "DAY": "CAST(substr({0}, 9, 2) AS INTEGER)",
            "MICROSECOND": "dm_microsecond({0})",
            "DAYOFYEAR": "dm_dayofyear({0})",
            "WEEKOFYEAR": "dm_weekofyear({0})",
            "WEEKDAY": "dm_weekday({0})",
            "DAYOFWEEK": "((dm_weekday({0}) + 1) % 7 + 1)",
            "DATE": "substr({0}, 1, 10)",
            "LAST_DAY": "dm_last_day({0})",
            "DATEDIFF": "dm_datediff({*})",
            "DATE_FORMAT": "dm_date_format({*})",
            "->": "({0} -> {1})",
            "->>": "dm_json_unquote({0} -> {1})",
            "JSON_LENGTH": "dm_json_length({0})",
            "JSON_KEYS": "dm_json_keys({0})",
            "JSON_CONTAINS": "dm_json_contains({*})",
            "BOOL_AND": "min({0}){over}",
            "BOOL_OR": "max({0}){over}",
            "STDDEV_POP": "dm_stddev_pop({0}){over}",
            "STDDEV_SAMP": "dm_stddev_samp({0}){over}",
            "VAR_POP": "dm_var_pop({0}){over}",
            "VAR_SAMP": "dm_var_samp({0}){over}",
        }
    ),
}
"""Canonical function name -> renderer."""


def _concat(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expressions(call.arguments, " || ")
    writer.text(")")


def _json_value(writer: Writer, call: Call) -> None:
    """``JSON_VALUE(j, path)`` as a type: the value at the path, cast."""
    place = Call("->", call.arguments, parse_type("json"))
    writer.expression(Call("CAST", (place,), call.type))


SQLITE_FUNCTIONS.update({"CONCAT": _concat, "JSON_VALUE": _json_value})
