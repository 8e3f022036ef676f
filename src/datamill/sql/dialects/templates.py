"""Renderers made from templates, and those that all dialects share.

A template is SQL text of our own with places for arguments: ``{0}`` is the first one, ``{*}`` all of them separated by
commas, ``{1*}`` all from the second on, ``{over}`` the window clause if the call stands in one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.tree import Call, Expression, Literal, OrderItem
from datamill.model.types import parse_type

if TYPE_CHECKING:
    from datamill.sql.dialects.base import Renderer
    from datamill.sql.writer import Writer

_BOOL = parse_type("bool")
_PLACE = re.compile(r"\{(\*|over|\d+\*?)\}")


def template(text: str) -> Renderer:
    """Make a renderer from a template."""
    pieces = _PLACE.split(text)
    steps = [
        _step(piece) if index % 2 else _text(piece)
        for index, piece in enumerate(pieces)
        if index % 2 or piece
    ]

    def render(writer: Writer, call: Call) -> None:
        for step in steps:
            step(writer, call)

    return render


def templates(rows: Mapping[str, str]) -> dict[str, Renderer]:
    """Make a table of renderers."""
    return {name: template(text) for name, text in rows.items()}


def by_family(index: int, rows: Mapping[str, Renderer | str], default: Renderer | str) -> Renderer:
    """Make a renderer that depends on the family of an argument's type (``uint64`` is a family of its own here)."""
    table = {family: _renderer(row) for family, row in rows.items()}
    other = _renderer(default)

    def render(writer: Writer, call: Call) -> None:
        table.get(family_of(call.arguments[index]), other)(writer, call)

    return render


def by_count(*rows: str) -> Renderer:
    """Make a renderer that depends on the number of arguments: the first row is for one, the second for two, ..."""
    table = [template(row) for row in rows]

    def render(writer: Writer, call: Call) -> None:
        table[len(call.arguments) - 1](writer, call)

    return render


def family_of(expression: Expression) -> str:
    """Return the family of an expression's type, or ``uint64``."""
    return "uint64" if expression.type.kind == "uint64" else expression.type.family


def is_nonzero_literal(expression: Expression) -> bool:
    """True for a constant other than zero and NULL."""
    return isinstance(expression, Literal) and expression.value is not None and expression.value != 0


def write_divisor(writer: Writer, divisor: Expression) -> None:
    """Write a divisor; zero gives NULL."""
    if is_nonzero_literal(divisor):
        writer.expression(divisor)
        return
    writer.text("NULLIF(")
    writer.expression(divisor)
    writer.text(", 0)")


def write_call(writer: Writer, name: str, *arguments: Expression) -> None:
    """Write ``name(arguments)``."""
    writer.text(f"{name}(")
    writer.expressions(arguments)
    writer.text(")")


def write_order_items(writer: Writer, items: Sequence[OrderItem]) -> None:
    """Write order items by the dialect's ``ORDER`` renderer."""
    for index, item in enumerate(items):
        if index:
            writer.text(", ")
        options = (("descending", item.descending), ("nulls_first", _nulls_first(item)))
        order = Call("ORDER", (item.expression,), item.expression.type, options)
        writer.dialect.functions.get("ORDER", _plain_order)(writer, order)


def _nulls_first(item: OrderItem) -> bool:
    return not item.descending if item.nulls_first is None else item.nulls_first


def _plain_order(writer: Writer, call: Call) -> None:
    """Write an order item where NULLs are small and enums are ordered by declaration."""
    descending, nulls_first = call.option("descending"), call.option("nulls_first")
    writer.expression(call.arguments[0])
    writer.text(" DESC" if descending else "")
    if nulls_first == bool(descending):
        writer.text(" NULLS FIRST" if nulls_first else " NULLS LAST")


def _renderer(row: Renderer | str) -> Renderer:
    return template(row) if isinstance(row, str) else row


def _text(piece: str) -> Renderer:
    return lambda writer, call: writer.text(piece)


def _step(place: str) -> Renderer:
    if place == "*":
        return lambda writer, call: writer.expressions(call.arguments)
    if place == "over":
        return _write_over
    if place.endswith("*"):
        start = int(place[:-1])
        return lambda writer, call: writer.expressions(call.arguments[start:])
    index = int(place)
    return lambda writer, call: writer.expression(call.arguments[index])


def _write_over(writer: Writer, call: Call) -> None:
    window: Any = call.option("over")
    if window is None:
        return
    blank = ""
    writer.text(" OVER (")
    if window.option("partition"):
        for index, item in enumerate(window.option("partition")):
            writer.text(", " if index else "PARTITION BY ")
            writer.collated(item)
        blank = " "
    if window.option("order"):
        writer.text(f"{blank}ORDER BY ")
        write_order_items(writer, window.option("order"))
        blank = " "
    writer.text(f"{blank}{window.option('frame')})" if window.option("frame") else ")")


def render_over(writer: Writer, call: Call) -> None:
    """Write a window function: the function's own renderer puts the window where it belongs."""
    writer.expression(Call(call.option("function"), call.arguments, call.type, (("over", call),)))


def render_case(writer: Writer, call: Call) -> None:
    """Write ``CASE WHEN .. THEN .. ELSE .. END``."""
    arguments = call.arguments
    writer.text("CASE")
    for index in range(0, len(arguments) - 1, 2):
        writer.text(" WHEN ")
        writer.expression(arguments[index])
        writer.text(" THEN ")
        writer.expression(arguments[index + 1])
    if len(arguments) % 2:
        writer.text(" ELSE ")
        writer.expression(arguments[-1])
    writer.text(" END")


def render_in(writer: Writer, call: Call) -> None:
    """Write ``x IN (...)``."""
    writer.text("(")
    writer.expression(call.arguments[0])
    writer.text(" IN (")
    writer.expressions(call.arguments[1:])
    writer.text("))")


def render_field(writer: Writer, call: Call) -> None:
    """Write FIELD: which of the other arguments equals the first one."""
    value, *others = call.arguments
    branches: list[Expression] = []
    for number, other in enumerate(others, 1):
        branches += [Call("=", (value, other), _BOOL), Literal(number, call.type)]
    writer.expression(Call("CASE", (*branches, Literal(0, call.type)), call.type))


def render_coalesce(writer: Writer, call: Call) -> None:
    """Write COALESCE; of one argument it is the argument."""
    if len(call.arguments) == 1:
        writer.expression(call.arguments[0])
    else:
        write_call(writer, "COALESCE", *call.arguments)


def render_count(writer: Writer, call: Call) -> None:
    """Write COUNT of rows, of values, or of distinct values."""
    writer.text("COUNT(")
    if call.arguments:
        _write_summarised(writer, call)
    else:
        writer.text("*")
    writer.text(")")
    _write_over(writer, call)


def _write_summarised(writer: Writer, call: Call) -> None:
    if call.option("distinct"):
        writer.text("DISTINCT ")
        writer.collated(call.arguments[0])
    else:
        writer.expression(call.arguments[0])


def aggregate(before: str, after: str = ")") -> Renderer:
    """Make the renderer of an aggregate of one argument that may be DISTINCT: ``before`` opens the parenthesis."""

    def render(writer: Writer, call: Call) -> None:
        writer.text(before)
        _write_summarised(writer, call)
        writer.text(")")
        _write_over(writer, call)
        writer.text(after[1:])

    return render


COMMON: dict[str, Renderer] = {
    **templates(
        {
            "AND": "({0} AND {1})",
            "OR": "({0} OR {1})",
            "NOT": "(NOT {0})",
            "=": "({0} = {1})",
            "<>": "({0} <> {1})",
            "<": "({0} < {1})",
            "<=": "({0} <= {1})",
            ">": "({0} > {1})",
            ">=": "({0} >= {1})",
            "IS NULL": "({0} IS NULL)",
            "IS TRUE": "({0} IS TRUE)",
            "IS FALSE": "({0} IS FALSE)",
            "BETWEEN": "({0} BETWEEN {1} AND {2})",
            "ROW": "({*})",
            "+": "({0} + {1})",
            "-": "({0} - {1})",
            "*": "({0} * {1})",
            "NEGATE": "(-{0})",
            "&": "({0} & {1})",
            "|": "({0} | {1})",
            "~": "(~{0})",
            "NULLIF": "NULLIF({0}, {1})",
            "LEAST": "LEAST({*})",
            "PI": "PI()",
            "ROW_NUMBER": "ROW_NUMBER(){over}",
            "RANK": "RANK(){over}",
            "DENSE_RANK": "DENSE_RANK(){over}",
            "PERCENT_RANK": "PERCENT_RANK(){over}",
            "CUME_DIST": "CUME_DIST(){over}",
            "NTILE": "NTILE({0}){over}",
            "LAG": "LAG({*}){over}",
            "LEAD": "LEAD({*}){over}",
            "FIRST_VALUE": "FIRST_VALUE({0}){over}",
            "LAST_VALUE": "LAST_VALUE({0}){over}",
            "NTH_VALUE": "NTH_VALUE({*}){over}",
        }
    ),
    "OVER": render_over,
    "CASE": render_case,
    "FIELD": render_field,
    "IN": render_in,
    "COALESCE": render_coalesce,
    "COUNT": render_count,
}
"""What all dialects write alike, unless their own table says otherwise."""
