"""Dates in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.algebra.expression.formats import format_pieces
from datamill.algebra.expression.kinds import TEXT, digits_of
from datamill.algebra.expression.tree import Call, Literal
from datamill.sql.dialects.casts_postgresql import type_name
from datamill.sql.dialects.templates import template, templates, write_call

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Renderer
    from datamill.sql.writer import Writer

_PARTS = ("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE")
_SPANS = {"QUARTER": "3 months"}
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 604800}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_MARKS = {
    "Y": "YYYY",
    "y": "YY",
    "m": "MM",
    "c": "FMMM",
    "d": "DD",
    "e": "FMDD",
    "H": "HH24",
    "h": "HH12",
    "i": "MI",
    "s": "SS",
    "f": "US",
    "p": "AM",
    "M": "FMMonth",
    "b": "Mon",
    "W": "FMDay",
    "a": "Dy",
    "j": "DDD",
}
_DIGITS = r"\d{1,2}"
_ABBREVIATIONS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_SHAPES = {
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "f": r"\d{1,6}",
    "p": "[AP]M",
    "j": r"\d{1,3}",
    "M": "January|February|March|April|May|June|July|August|September|October|November|December",
    "b": "|".join(_ABBREVIATIONS),
    "W": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
    "a": "Mon|Tue|Wed|Thu|Fri|Sat|Sun",
}
_RANGES = {
    "Y": "1 AND 9999",
    **dict.fromkeys("mc", "1 AND 12"),
    **dict.fromkeys("de", "1 AND 31"),
    "H": "0 AND 23",
    "h": "1 AND 12",
    **dict.fromkeys("is", "0 AND 59"),
    "j": "1 AND 366",
}
_MONTH_NAMES = ", ".join(f"'{name.lower()}'" for name in _ABBREVIATIONS)


def _now(writer: Writer, call: Call) -> None:
    digits = digits_of(call.type)
    moment = "STATEMENT_TIMESTAMP() AT TIME ZONE 'UTC'"
    writer.text(
        f"({moment})::timestamp({digits})" if digits else f"DATE_TRUNC('second', {moment})::timestamp(0)"
    )


def _date_add(writer: Writer, call: Call) -> None:
    unit = str(call.option("unit"))
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(" + ")
    writer.expression(call.arguments[1])
    writer.text(f" * INTERVAL '{_SPANS.get(unit, '1 ' + unit.lower())}')::{type_name(call.type)}")


def _timestampdiff(writer: Writer, call: Call) -> None:
    unit = str(call.option("unit"))
    if unit in _MONTHS:
        template(
            "((EXTRACT(YEAR FROM {1}) - EXTRACT(YEAR FROM {0})) * 12"
            " + EXTRACT(MONTH FROM {1}) - EXTRACT(MONTH FROM {0})"
            " + CASE WHEN {1} >= {0}"
            " AND (EXTRACT(DAY FROM {1}), {1}::time) < (EXTRACT(DAY FROM {0}), {0}::time) THEN -1"
            " WHEN {1} < {0} AND (EXTRACT(DAY FROM {1}), {1}::time) > (EXTRACT(DAY FROM {0}), {0}::time) THEN 1"
            f" ELSE 0 END)::bigint / {_MONTHS[unit]}"
        )(writer, Call("", call.arguments, call.type))
        return
    scale = " * 1000000" if unit == "MICROSECOND" else f" / {_SECONDS[unit]}"
    template(f"TRUNC(EXTRACT(EPOCH FROM ({{1}} - {{0}})){scale})::bigint")(writer, call)


def _to_char_format(text: str) -> str:
    parts = []
    for is_mark, piece in format_pieces(text):
        escaped = piece.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(_MARKS[piece] if is_mark else f'"{escaped}"')
    return "".join(parts)


def _date_format(writer: Writer, call: Call) -> None:
    format = call.arguments[1]
    assert isinstance(format, Literal)
    write_call(writer, "TO_CHAR", call.arguments[0], Literal(_to_char_format(format.value), TEXT))


def _str_to_date(writer: Writer, call: Call) -> None:
    """A text of another form, and a day or time that there is not, give NULL; TO_TIMESTAMP takes what it can get."""
    text, format = call.arguments
    assert isinstance(format, Literal)
    pieces = list(format_pieces(format.value))
    shapes = [
        f"({_SHAPES.get(piece, _DIGITS)})" if is_mark else _quoted_pattern(piece) for is_mark, piece in pieces
    ]
    pattern = Literal(f"(?i)^\\s*{''.join(shapes)}\\s*$", TEXT)
    places = {piece: place for place, piece in enumerate((piece for is_mark, piece in pieces if is_mark), 1)}
    parts = {
        mark: f"(REGEXP_MATCH({{0}}, {{1}}))[{place}]{'' if mark in 'Mb' else '::integer'}"
        for mark, place in places.items()
        if mark not in "pWa"
    }
    checks = [check for check in (_in_range(parts), _in_calendar(parts)) if check]
    template("CASE WHEN {0} ~ {1} THEN " + "".join(f"CASE WHEN {check} THEN " for check in checks) + "(")(
        writer, Call("", (text, pattern), call.type)
    )
    write_call(writer, "TO_TIMESTAMP", text, Literal(_to_char_format(format.value), TEXT))
    writer.text(
        f" AT TIME ZONE CURRENT_SETTING('TimeZone'))::{type_name(call.type)}{' END' * len(checks)} END"
    )


def _in_range(parts: dict[str, str]) -> str:
    return " AND ".join(f"{part} BETWEEN {_RANGES[mark]}" for mark, part in parts.items() if mark in _RANGES)


def _in_calendar(parts: dict[str, str]) -> str:
    """Return the condition that the month has such a day, and the year as many days; empty if they are not given."""
    year = parts.get("Y") or ("y" in parts and f"(2000 + {parts['y']})")
    day = parts.get("d") or parts.get("e")
    month = parts.get("m") or parts.get("c")
    name = parts.get("M") or parts.get("b")
    if month is None and name is not None:
        month = f"ARRAY_POSITION(ARRAY[{_MONTH_NAMES}], LOWER(LEFT({name}, 3)))"
    checks = []
    if year and month and day:
        checks.append(f"EXTRACT(MONTH FROM MAKE_DATE({year}, {month}, 1) + ({day} - 1)) = {month}")
    if year and "j" in parts:
        checks.append(f"EXTRACT(YEAR FROM MAKE_DATE({year}, 1, 1) + ({parts['j']} - 1)) = {year}")
    return " AND ".join(checks)


def _quoted_pattern(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter == " " else "\\" + letter for letter in text)


def _unix_timestamp(writer: Writer, call: Call) -> None:
    whole = call.type.family == "integer"
    writer.text("FLOOR(EXTRACT(EPOCH FROM " if whole else "(EXTRACT(EPOCH FROM ")
    writer.expression(call.arguments[0])
    writer.text("))::bigint" if whole else ")::double precision)")


def _from_unixtime(writer: Writer, call: Call) -> None:
    writer.text("(TIMESTAMP '1970-01-01' + ")
    writer.expression(call.arguments[0])
    writer.text(f" * INTERVAL '1 second')::{type_name(call.type)}")


def _whole(sql: str) -> str:
    return f"({sql})::bigint"


DATES: dict[str, Renderer] = {
    "NOW": _now,
    "DATE_ADD": _date_add,
    "TIMESTAMPDIFF": _timestampdiff,
    "DATE_FORMAT": _date_format,
    "STR_TO_DATE": _str_to_date,
    "UNIX_TIMESTAMP": _unix_timestamp,
    "FROM_UNIXTIME": _from_unixtime,
    **templates(
        {
            "CURDATE": "(STATEMENT_TIMESTAMP() AT TIME ZONE 'UTC')::date",
            **{part: _whole(f"EXTRACT({part} FROM {{0}})") for part in _PARTS},
            "SECOND": "FLOOR(EXTRACT(SECOND FROM {0}))::bigint",
            "MICROSECOND": "MOD(EXTRACT(MICROSECONDS FROM {0})::bigint, 1000000)",
            "DAYOFYEAR": _whole("EXTRACT(DOY FROM {0})"),
            "WEEKOFYEAR": _whole("EXTRACT(WEEK FROM {0})"),
            "DAYOFWEEK": _whole("EXTRACT(DOW FROM {0}) + 1"),
            "WEEKDAY": _whole("EXTRACT(ISODOW FROM {0}) - 1"),
            "DATE": "({0})::date",
            "LAST_DAY": "(DATE_TRUNC('month', {0}) + INTERVAL '1 month - 1 day')::date",
            "DATEDIFF": "(({0})::date - ({1})::date)::bigint",
        }
    ),
}
"""Functions of dates and times."""
