"""How MySQL and MariaDB spell the functions of the expression language.

Integer results that could be DECIMAL or unsigned there are brought back to BIGINT, with an error if they exceed it
(``DIV 1`` does that). No ``%`` is ever written: it is the driver's sign for placeholders.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.kinds import TEXT
from datamill.algebra.expression.patterns import ICU, translate
from datamill.algebra.expression.tree import Call, Expression, Literal
from datamill.model.types import parse_type
from datamill.sql.dialects.casts_mysql import BOOL_TO_JSON, JSON_TEXT, MARIADB_CASTS, MYSQL_CASTS, type_name
from datamill.sql.dialects.templates import (
    COMMON,
    aggregate,
    by_count,
    by_family,
    family_of,
    template,
    templates,
    write_call,
    write_divisor,
    write_order_items,
)

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Renderer
    from datamill.sql.writer import Writer

_TYPED = frozenset(("date", "datetime", "time"))


def _literal(writer: Writer, call: Call) -> None:
    """Write a constant; a date as text would stay text in date arithmetic."""
    literal = call.arguments[0]
    assert isinstance(literal, Literal)
    typed = literal.type.family in _TYPED or literal.type.kind == "float32"
    if literal.value is None or not (typed or literal.type.family == "json"):
        writer.bind(literal.value, literal.type)
        return
    if writer.inline and literal.type.family != "float":
        writer.bind(literal.value, literal.type)
        return
    writer.text("CAST(")
    writer.bind(literal.value, literal.type)
    writer.text(f" AS {type_name(literal.type)})")


def _mariadb_literal(writer: Writer, call: Call) -> None:
    literal = call.arguments[0]
    assert isinstance(literal, Literal)
    if literal.type.family == "json":
        writer.bind(literal.value, literal.type)
    else:
        _literal(writer, call)


def _divide(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(" / ")
    write_divisor(writer, call.arguments[1])
    writer.text(")")


def _div(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(" DIV ")
    write_divisor(writer, call.arguments[1])
    writer.text(")")


def _modulo(writer: Writer, call: Call) -> None:
    writer.text("MOD(")
    writer.expression(call.arguments[0])
    writer.text(", ")
    write_divisor(writer, call.arguments[1])
    writer.text(")")


def _like(writer: Writer, call: Call) -> None:
    fold = call.function == "ILIKE"
    for index, item in enumerate(call.arguments):
        writer.text(("(", " LIKE ", " ESCAPE ")[index])
        writer.text("LOWER(" if fold and index < 2 else "")
        writer.expression(item)
        writer.text(")" if fold and index < 2 else "")
    writer.text(")")


def _pattern(expression: Expression) -> Expression:
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        return Literal(translate(expression.value, ICU), TEXT)
    return expression


def _with_pattern(before: str, after: str, replacement: bool = False) -> Renderer:
    def render(writer: Writer, call: Call) -> None:
        text, pattern, *rest = call.arguments
        writer.text(before)
        writer.expressions(
            (text, _pattern(pattern), *(_dollars(item) if replacement else item for item in rest))
        )
        writer.text(after)

    return render


def _dollars(expression: Expression) -> Expression:
    r"""Spell groups in a replacement as ICU does: ``$1`` for ``\1``."""
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        return Literal(re.sub(r"\\(\d)", r"$\1", expression.value.replace("$", "\\$")), TEXT)
    return expression


def _mariadb_regexp(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(" REGEXP ")
    writer.expression(_pattern(call.arguments[1]))
    writer.text(")")


def _interval(writer: Writer, call: Call) -> None:
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(" + INTERVAL ")
    writer.expression(call.arguments[1])
    writer.text(f" {call.option('unit')})")


def _timestampdiff(writer: Writer, call: Call) -> None:
    writer.text(f"TIMESTAMPDIFF({call.option('unit')}, ")
    writer.expressions(call.arguments)
    writer.text(")")


def _now(writer: Writer, call: Call) -> None:
    digits = call.type.args[0]
    writer.text(f"UTC_TIMESTAMP({digits})" if digits else "UTC_TIMESTAMP()")


def _typed(before: str, after: str) -> Renderer:
    """A function whose result is cast to the call's type, because the server's own depends on the format."""

    def render(writer: Writer, call: Call) -> None:
        writer.text(f"CAST({before}")
        writer.expressions(call.arguments)
        writer.text(f"{after} AS {type_name(call.type)})")

    return render


def _mariadb_date(writer: Writer, call: Call) -> None:
    """Only where something is added does MariaDB find that there is no such day."""
    after = ")" if call.type.family == "time" else ") + INTERVAL 0 DAY"
    _typed("STR_TO_DATE(", after)(writer, call)


def _unix_timestamp(writer: Writer, call: Call) -> None:
    whole = call.type.family == "integer"
    unit, after = ("SECOND", "") if whole else ("MICROSECOND", " / 1e6)")
    writer.text(f"{'' if whole else '('}TIMESTAMPDIFF({unit}, TIMESTAMP '1970-01-01 00:00:00', ")
    writer.expression(call.arguments[0])
    writer.text(f"){after}")


def _sum(writer: Writer, call: Call) -> None:
    if call.type.kind == "uint64":
        aggregate("CAST(SUM(", ") AS UNSIGNED)")(writer, call)
    elif call.type.family == "integer":
        aggregate("(SUM(", ") DIV 1)")(writer, call)
    else:
        aggregate("SUM(")(writer, call)


def _count(writer: Writer, call: Call) -> None:
    if len(call.arguments) < 2:
        COMMON["COUNT"](writer, call)
    else:
        template("COUNT(DISTINCT {*})")(writer, call)


def _group_concat(writer: Writer, call: Call) -> None:
    value, separator = call.arguments
    order: Any = call.option("order") or ()
    writer.text("GROUP_CONCAT(DISTINCT " if call.option("distinct") else "GROUP_CONCAT(")
    writer.expression(value)
    if order:
        writer.text(" ORDER BY ")
        write_order_items(writer, order)
    writer.text(" SEPARATOR ")
    writer.expression(separator)
    writer.text(")")


def _order(writer: Writer, call: Call) -> None:
    """NULLs are small by nature; the other order needs a key of its own."""
    value, descending = call.arguments[0], bool(call.option("descending"))
    if bool(call.option("nulls_first")) == descending:
        writer.text("(")
        writer.expression(value)
        writer.text(" IS NULL) DESC, " if descending else " IS NULL), ")
    writer.expression(value)
    writer.text(" DESC" if descending else "")


def _json_value(writer: Writer, call: Call) -> None:
    place = Call("->", call.arguments, parse_type("json"))
    writer.expression(Call("CAST", (place,), call.type))


def _arrayagg(writer: Writer, call: Call) -> None:
    value = call.arguments[0]
    if family_of(value) == "bool":
        template(f"JSON_ARRAYAGG({BOOL_TO_JSON})")(writer, call)
    else:
        write_call(writer, "JSON_ARRAYAGG", value)


def _normalized(sign: str) -> Renderer:
    """Compare documents in MariaDB, where they are text."""
    plain = COMMON.get(sign) or template(f"({{0}} {sign} {{1}})")

    def render(writer: Writer, call: Call) -> None:
        if "json" in (call.arguments[0].type.family, call.arguments[1].type.family):
            template(f"(JSON_NORMALIZE({{0}}) {sign} JSON_NORMALIZE({{1}}))")(writer, call)
        else:
            plain(writer, call)

    return render


def _whole(name: str) -> dict[str, str]:
    """Functions that give a whole number of the argument's type: of small decimals the servers make integers."""
    return {"integer": "{0}", "uint64": "{0}", "decimal": f"CAST({name}({{0}}) AS DECIMAL(65, 0))"}


def _shifted(writer: Writer, call: Call) -> None:
    """LAG and LEAD in MariaDB, which know no default: a constant is NULL exactly where there is no such row."""
    if len(call.arguments) < 3:
        template(f"{call.function}({{*}}){{over}}")(writer, call)
        return
    value, distance, default = call.arguments
    one = Call(call.function, (Literal(1, parse_type("int64")), distance), call.type, call.options)
    writer.text("CASE WHEN ")
    template(f"{call.function}({{*}}){{over}}")(writer, one)
    writer.text(" IS NULL THEN ")
    writer.expression(default)
    writer.text(" ELSE ")
    row = Call(call.function, (value, distance), call.type, call.options)
    template(f"{call.function}({{*}}){{over}}")(writer, row)
    writer.text(" END")


_PLACE = "JSON_EXTRACT({0}, {1})"
_SIGNED = "CAST(({}) AS SIGNED)"

MYSQL_FUNCTIONS: dict[str, Renderer] = {
    **COMMON,
    "LITERAL": _literal,
    "/": _divide,
    "DIV": _div,
    "%": _modulo,
    "LIKE": _like,
    "ILIKE": _like,
    "REGEXP": _with_pattern("REGEXP_LIKE(", ", 'c')"),
    "REGEXP_REPLACE": _with_pattern("REGEXP_REPLACE(", ", 1, 0, 'c')", replacement=True),
    "REGEXP_SUBSTR": _with_pattern("REGEXP_SUBSTR(", ", 1, 1, 'c')"),
    "LPAD": by_count("", "LPAD({0}, GREATEST({1}, 0), ' ')", "LPAD({0}, GREATEST({1}, 0), {2})"),
    "RPAD": by_count("", "RPAD({0}, GREATEST({1}, 0), ' ')", "RPAD({0}, GREATEST({1}, 0), {2})"),
    "NOW": _now,
    "DATE_ADD": _interval,
    "TIMESTAMPDIFF": _timestampdiff,
    "STR_TO_DATE": _typed("STR_TO_DATE(", ")"),
    "FROM_UNIXTIME": _typed("TIMESTAMP '1970-01-01 00:00:00' + INTERVAL ", " SECOND"),
    "UNIX_TIMESTAMP": _unix_timestamp,
    "JSON_VALUE": _json_value,
    "SUM": _sum,
    "COUNT": _count,
    "GROUP_CONCAT": _group_concat,
    "JSON_ARRAYAGG": _arrayagg,
    "CAST": MYSQL_CASTS,
    "ORDER": _order,
    "AVG": aggregate("AVG("),
    "-": by_family(0, {"uint64": "(CAST({0} AS DECIMAL(20, 0)) - {1})"}, "({0} - {1})"),
    "CEIL": by_family(0, _whole("CEIL"), "CEIL({0})"),
    "FLOOR": by_family(0, _whole("FLOOR"), "FLOOR({0})"),
    **templates(
        {
            "XOR": "({0} XOR {1})",
            "<=>": "({0} <=> {1})",
            "IS DISTINCT FROM": "(NOT ({0} <=> {1}))",
            **{sign: _SIGNED.format(f"{{0}} {sign} {{1}}") for sign in ("&", "|", "^", "<<")},
            "~": _SIGNED.format("~{0}"),
            ">>": "CASE WHEN {0} < 0 THEN CAST((~(~{0} >> {1})) AS SIGNED) ELSE CAST(({0} >> {1}) AS SIGNED) END",
            "GREATEST": "GREATEST({*})",
            "CONCAT": "CONCAT({*})",
            "CONCAT_WS": "CONCAT_WS({*})",
            "LENGTH": "LENGTH({0})",
            "CHAR_LENGTH": "CHAR_LENGTH({0})",
            "LOWER": "LOWER({0})",
            "UPPER": "UPPER({0})",
            "TRIM": "TRIM({0})",
            "LTRIM": "LTRIM({0})",
            "RTRIM": "RTRIM({0})",
            "REPLACE": "REPLACE({*})",
            "REPEAT": "REPEAT({*})",
            "REVERSE": "REVERSE({0})",
            "HEX": "HEX({0})",
            "FIND_IN_SET": "FIND_IN_SET({*})",
            "SUBSTRING_INDEX": "SUBSTRING_INDEX({*})",
            "SHA2": "SHA2({*})",
            "LEFT": "LEFT({*})",
            "RIGHT": "RIGHT({*})",
            "SUBSTRING": "SUBSTRING({*})",
            "LOCATE": "LOCATE({*})",
            "ABS": "ABS({0})",
            "SIGN": "SIGN({0})",
            "TRUNCATE": "TRUNCATE({*})",
            "ROUND": "ROUND({*})",
            "POW": "POW({*})",
            "EXP": "EXP({0})",
            "SQRT": "SQRT({0})",
            "SIN": "SIN({0})",
            "COS": "COS({0})",
            "TAN": "TAN({0})",
            "ASIN": "ASIN({0})",
            "ACOS": "ACOS({0})",
            "ATAN": "ATAN({0})",
            "ATAN2": "ATAN2({*})",
            "PI": "(PI() + 0e0)",
            "RADIANS": "RADIANS({0})",
            "DEGREES": "DEGREES({0})",
            "RAND": "RAND()",
            "LN": "LN({0})",
            "LOG": "LOG({*})",
            "LOG2": "LOG2({0})",
            "LOG10": "LOG10({0})",
            "CURDATE": "UTC_DATE()",
            **{
                name: f"{name}({{0}})"
                for name in (
                    *("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND"),
                    *("DAYOFYEAR", "WEEKOFYEAR", "DAYOFWEEK", "WEEKDAY", "DATE", "LAST_DAY"),
                )
            },
            "DATEDIFF": "DATEDIFF({*})",
            "DATE_FORMAT": "DATE_FORMAT({*})",
            "->": _PLACE,
            "->>": JSON_TEXT.replace("{0}", _PLACE),
            "JSON_LENGTH": "JSON_LENGTH({0})",
            "JSON_KEYS": "JSON_KEYS({0})",
            "JSON_CONTAINS": "JSON_CONTAINS({*})",
            "MIN": "MIN({0}){over}",
            "MAX": "MAX({0}){over}",
            "ANY_VALUE": "MIN({0}){over}",
            "BOOL_AND": "MIN({0}){over}",
            "BOOL_OR": "MAX({0}){over}",
            **{
                name: f"{name}({{0}}){{over}}"
                for name in ("STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP")
            },
        }
    ),
}
"""Canonical function name -> renderer, for MySQL."""

MARIADB_FUNCTIONS: dict[str, Renderer] = {
    **MYSQL_FUNCTIONS,
    "LITERAL": _mariadb_literal,
    "STR_TO_DATE": _mariadb_date,
    "CAST": MARIADB_CASTS,
    "REGEXP": _mariadb_regexp,
    "REGEXP_REPLACE": _with_pattern("REGEXP_REPLACE(", ")"),
    "REGEXP_SUBSTR": _with_pattern("NULLIF(REGEXP_SUBSTR(", "), '')"),
    **{sign: _normalized(sign) for sign in ("=", "<>", "<=>")},
    "LAG": _shifted,
    "LEAD": _shifted,
    # Ten digits behind the point otherwise.
    "PERCENT_RANK": template("(PERCENT_RANK(){over} + 0e0)"),
    "CUME_DIST": template("(CUME_DIST(){over} + 0e0)"),
}
"""The same for MariaDB, where json is text and regular expressions are PCRE's."""
