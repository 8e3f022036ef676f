"""Functions whose arguments are more than values: units, types, formats, paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.build import build, case, check_count
from datamill.algebra.expression.casts import cast_type
from datamill.algebra.expression.coerce import cast, to_day, to_family, to_number, to_text, to_type
from datamill.algebra.expression.formats import CLOCK_MARKS, DATE_MARKS, format_pieces
from datamill.algebra.expression.functions import FUNCTIONS, Function
from datamill.algebra.expression.kinds import (
    DATE,
    FLOAT,
    INT,
    JSON,
    TEXT,
    Mismatch,
    datetime_of,
    digits_of,
)
from datamill.algebra.expression.literals import adapt, is_adaptable, json_literal, settle
from datamill.algebra.expression.paths import Path, parse_path, path_text
from datamill.algebra.expression.syntax import UNITS, unquote
from datamill.algebra.expression.tree import Call, Expression, Literal
from datamill.model.types import AttributeType, core_type

if TYPE_CHECKING:
    from datamill.algebra.expression.resolve import Resolver

Nodes = Sequence[Any]
_DAY_UNITS = frozenset(("DAY", "WEEK", "MONTH", "QUARTER", "YEAR"))
_PARTS = {
    **{name: name for name in ("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND")},
    "WEEK": "WEEKOFYEAR",
    "DOY": "DAYOFYEAR",
}


def unit_of(node: Any) -> str:
    """Return the unit that a node names.

    Raises:
        Mismatch: It names none.
    """
    key = getattr(node, "key", "")
    word = node.name if key == "column" else node.this.strip("'\"") if key == "literal" else ""
    unit = str(word).upper().removeprefix("SQL_TSI_")
    if unit not in UNITS:
        raise Mismatch(f"{word or key!r} is no unit of time; there are {', '.join(sorted(UNITS))}")
    return unit


def interval(node: Any) -> tuple[Any, str] | None:
    """Return amount and unit if a node is ``INTERVAL n unit``."""
    if getattr(node, "key", "") == "paren":
        return interval(node.this)
    if (
        getattr(node, "key", "") != "anonymous"
        or str(node.this).upper() != "INTERVAL"
        or len(node.expressions) != 2
    ):
        return None
    amount, unit = node.expressions
    return amount, unit_of(unit)


def add_interval(resolver: Resolver, day: Any, span: Any, sign: int) -> Expression:
    """Resolve ``d + INTERVAL n unit`` and its relatives."""
    found = interval(span)
    if found is None:
        raise Mismatch("INTERVAL n unit is needed here, such as INTERVAL 1 DAY")
    amount, unit = found
    return shift(resolver.visit(day), resolver.visit(amount), unit, sign)


def shift(day: Expression, amount: Expression, unit: str, sign: int) -> Expression:
    """Build the call that moves a date or datetime by a number of units."""
    moment = to_day(day)
    number = to_family(amount, "integer")
    if sign < 0:
        literal = isinstance(number, Literal) and number.value is not None
        number = Literal(-number.value, INT) if literal else build(FUNCTIONS["NEGATE"], [number])  # type: ignore[union-attr]
    if moment.type.family == "date" and unit not in _DAY_UNITS:
        moment = to_type(moment, datetime_of(0))
    if unit == "MICROSECOND" and digits_of(moment.type) < 6:
        moment = to_type(moment, datetime_of(6))
    return Call("DATE_ADD", (moment, number), moment.type, (("unit", unit),))


def _date_add(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    sign = -1 if row.name == "DATE_SUB" else 1
    if interval(nodes[1]) is None:
        return shift(resolver.visit(nodes[0]), resolver.visit(nodes[1]), "DAY", sign)
    return add_interval(resolver, nodes[0], nodes[1], sign)


def _timestampadd(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    return shift(resolver.visit(nodes[2]), resolver.visit(nodes[1]), unit_of(nodes[0]), 1)


def _timestampdiff(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    moments = [to_family(item, "moment") for item in resolver.visit_all(nodes[1:])]
    return Call("TIMESTAMPDIFF", tuple(moments), INT, (("unit", unit_of(nodes[0])),))


def _extract(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    word = str(getattr(nodes[0], "name", "")).strip("'\"").upper()
    if word not in _PARTS:
        raise Mismatch(f"EXTRACT knows {', '.join(_PARTS)}, not {word!r}")
    return build(FUNCTIONS[_PARTS[word]], [resolver.visit(nodes[1])])


def _now(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    digits = resolver.visit(nodes[0]) if nodes else Literal(0, INT)
    if not isinstance(digits, Literal) or type(digits.value) is not int or not 0 <= digits.value <= 6:
        raise Mismatch("NOW takes the number of digits of the second, 0 to 6")
    return Call("NOW", (), datetime_of(digits.value))


def _unix_timestamp(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    moment = to_family(resolver.visit(nodes[0]), "moment") if nodes else Call("NOW", (), datetime_of(0))
    return Call("UNIX_TIMESTAMP", (moment,), FLOAT if digits_of(moment.type) else INT)


def _from_unixtime(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    seconds = settle(to_number(resolver.visit(nodes[0])))
    whole = seconds.type.family == "integer"
    number = to_family(seconds, "integer" if whole else "float")
    return Call("FROM_UNIXTIME", (number,), datetime_of(0 if whole else 6))


def _date_format(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    text = resolver.string(nodes[1], "The format")
    list(format_pieces(text))
    return build(row, [resolver.visit(nodes[0]), Literal(text, TEXT)])


def _str_to_date(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    text = resolver.string(nodes[1], "The format")
    marks = {piece for is_mark, piece in format_pieces(text) if is_mark}
    days, clock = marks & DATE_MARKS, marks & CLOCK_MARKS
    digits = 6 if "f" in marks else 0
    type = core_type("time", digits) if clock and not days else datetime_of(digits) if clock else DATE
    return Call("STR_TO_DATE", (to_text(resolver.visit(nodes[0])), Literal(text, TEXT)), type)


def _cast(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    return cast_value(resolver.visit(nodes[0]), cast_type(resolver.string(nodes[1], "The type")))


def cast_value(value: Expression, type: AttributeType) -> Expression:
    """Build a cast; of a literal of the right form, the converted literal."""
    if isinstance(value, Literal) and is_adaptable(value) and _is_exact(value, type):
        return adapt(value, type) if type.family != "decimal" else cast(adapt(value, type), type)
    if type.family == "json" and isinstance(value, Literal) and isinstance(value.value, str):
        return json_literal(value)
    return cast(settle(value), type)


def _is_exact(value: Literal, type: AttributeType) -> bool:
    if isinstance(value.value, str):
        return type.family in ("date", "datetime", "time", "uuid")
    return type.family == "decimal" and not isinstance(value.value, bool)


def _if(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    return case(resolver.visit_all(nodes))


def _instr(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    text, part = resolver.visit_all(nodes)
    return build(FUNCTIONS["LOCATE"], [part, text])


def _length(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    value = resolver.visit(nodes[0])
    return build(row, [value if value.type.family == "bytes" else to_text(value)])


def _hex(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    value = resolver.visit(nodes[0])
    if value.type.family in ("decimal", "float", "bool", "integer"):
        value = to_family(value, "integer")
    elif value.type.family not in ("bytes", "uuid"):
        value = to_text(value)
    return build(row, [value])


def _sha2(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    bits = resolver.visit(nodes[1]) if len(nodes) > 1 else Literal(256, INT)
    if not isinstance(bits, Literal) or bits.value not in (0, 224, 256, 384, 512):
        raise Mismatch("SHA2 takes a length of 224, 256, 384 or 512 bits")
    return build(row, [resolver.visit(nodes[0]), Literal(bits.value or 256, INT)])


def _log(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    arguments = resolver.visit_all(nodes)
    return build(row if len(nodes) == 2 else FUNCTIONS["LN"], arguments)


def _atan(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    arguments = resolver.visit_all(nodes)
    return build(row if len(nodes) == 1 else FUNCTIONS["ATAN2"], arguments)


# --- json


def path_of(node: Any) -> Path:
    """Return the path that the right side of ``->`` spells: ``'$.a[0]'``, ``'key'`` or an index."""
    if getattr(node, "key", "") == "literal":
        if node.is_string:
            return parse_path(unquote(node.this))
        if node.this.isdigit():
            return (int(node.this),)
    raise Mismatch("A JSON path is a constant: '$.a[0]', 'key', or an index")


def extract(document: Expression, path: Path) -> Expression:
    """Build the access to a place in a document; the document itself for an empty path."""
    value = to_family(document, "json")
    if isinstance(value, Call) and value.function == "->":
        value, start = value.arguments
        path = (*parse_path(start.value), *path)  # type: ignore[union-attr]
    return Call("->", (value, Literal(path_text(path), TEXT)), JSON) if path else value


def _arrow(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    document = resolver.visit(nodes[0])
    if document.type.family == "text" and not isinstance(document, Literal):
        raise Mismatch("-> reads from a json value; use CAST(... AS json) on text")
    return extract(document, path_of(nodes[1]))


def _arrow_text(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    return cast(_arrow(resolver, row, nodes), TEXT)


def _json_value(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    type = cast_type(resolver.string(nodes[2], "The type")) if len(nodes) > 2 else TEXT
    place = _arrow(resolver, row, nodes[:2])
    return place if type.family == "json" else cast(place, type)


def _json_unquote(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    return cast(to_family(resolver.visit(nodes[0]), "json"), TEXT)


def _json_place(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    """JSON_LENGTH and JSON_KEYS: of the document, or of a place in it."""
    check_count(row, len(nodes))
    place = extract(resolver.visit(nodes[0]), path_of(nodes[1]) if len(nodes) > 1 else ())
    return Call(row.name, (place,), JSON if row.result == "json" else INT)


def _json_contains(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    check_count(row, len(nodes))
    target = extract(resolver.visit(nodes[0]), path_of(nodes[2]) if len(nodes) > 2 else ())
    return build(row, [target, resolver.visit(nodes[1])])


def _alone(resolver: Resolver, row: Function, nodes: Nodes) -> Expression:
    raise Mismatch(f"{row.name} is not written as a call")


SPECIAL: dict[str, Callable[[Resolver, Function, Nodes], Expression]] = {
    "DATE_ADD": _date_add,
    "DATE_SUB": _date_add,
    "TIMESTAMPADD": _timestampadd,
    "TIMESTAMPDIFF": _timestampdiff,
    "EXTRACT": _extract,
    "NOW": _now,
    "UNIX_TIMESTAMP": _unix_timestamp,
    "FROM_UNIXTIME": _from_unixtime,
    "DATE_FORMAT": _date_format,
    "STR_TO_DATE": _str_to_date,
    "CAST": _cast,
    "IF": _if,
    "INSTR": _instr,
    "LENGTH": _length,
    "HEX": _hex,
    "SHA2": _sha2,
    "LOG": _log,
    "ATAN": _atan,
    "->": _arrow,
    "->>": _arrow_text,
    "JSON_VALUE": _json_value,
    "JSON_UNQUOTE": _json_unquote,
    "JSON_LENGTH": _json_place,
    "JSON_KEYS": _json_place,
    "JSON_CONTAINS": _json_contains,
    "LIKE": _alone,
    "ILIKE": _alone,
}
"""Canonical name -> function of (resolver, row of the table, argument nodes)."""
