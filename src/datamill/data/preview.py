"""Previews: the first rows of a query as a text table, and as an HTML table for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from types import NoneType
from typing import TYPE_CHECKING, Any

from datamill.algebra.operators import project
from datamill.algebra.relations import Relation, Slice
from datamill.data.fetch import count
from datamill.data.query import narrowed, run, sliced
from datamill.errors import require
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading

if TYPE_CHECKING:
    from datamill.data.connection import Connection

ROOM = 4
"""Characters that a column is wider than its longest text."""
MOST_IN_HTML = 200
"""Characters of a cell in HTML at the most."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a preview shows.

    Fields:
        heading: All attributes.
        rows: Texts, one per attribute, of the first rows.
        has_more: True if there are further rows.
        total: Number of all rows, or None if it is not to be shown.
    """

    heading: Heading
    rows: list[list[str]]
    has_more: bool
    total: int | None


def preview_text(
    connection: Connection, relation: Relation, *, limit: int | None = None, width: int | None = None
) -> str:
    """Return the first rows as a text table, key attributes marked with ``*``.

    Args:
        connection: Where to read.
        relation: What to show; by key, unless a Top gives the order.
        limit: Rows to show; default ``config.display.limit``.
        width: Characters of a column at the most; default ``config.display.width``.

    Example:
        >>> print(preview_text(connection, mice))  # doctest: +SKIP
        *mouse   age
        +------+ +----+
        1        12
         (Total: 1)
    """
    found = _read(connection, relation, limit)
    require(width, (int, NoneType), "width must be a number of characters")
    most = connection.config.display.width if width is None else int(width)
    names = found.heading.names
    titles = [f"*{name}" if found.heading[name].in_key else name for name in names]
    cells = [[row[index] for row in found.rows] for index in range(len(names))]
    widths = [min(max(map(len, (names[index], *column))) + ROOM, most) for index, column in enumerate(cells)]
    lines = [_line(titles, widths), " ".join(f"+{'-' * max(0, size - 2)}+" for size in widths)]
    numbers = [found.heading[name].is_numeric for name in names]
    lines += [
        _line([_fit(*cell) for cell in zip(row, numbers, widths, strict=True)], widths) for row in found.rows
    ]
    if found.has_more:
        lines.append("   ...")
    if found.total is not None:
        lines.append(f" (Total: {found.total})")
    return "\n".join(lines) + "\n"


def _fit(text: str, is_number: bool, size: int) -> str:
    """Return a number that is too long with fewer digits: cut like text, 3.33e-11 could read as 3.33."""
    if not is_number or len(text) <= size or text == "None":
        return text
    number = Decimal(text)
    shorter = (f"{number:.{digits}g}" for digits in range(size, 0, -1))
    return next((short for short in shorter if len(short) <= size), "#" * size)


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(f"{text[:size]:<{size}}" for text, size in zip(texts, widths, strict=True))


def preview_html(connection: Connection, relation: Relation, *, limit: int | None = None) -> str:
    """Return the first rows as an HTML table; comments are tooltips, everything is escaped.

    Args:
        connection: Where to read.
        relation: What to show.
        limit: Rows to show; default ``config.display.limit``.
    """
    found = _read(connection, relation, limit)
    titles = "".join(_title(attribute) for attribute in found.heading.attributes.values())
    rows = "".join(f"<tr>{''.join(f'<td>{_cell(text)}</td>' for text in row)}</tr>" for row in found.rows)
    caption = f"<p><b>{escape(found.heading.comment)}</b></p>" if found.heading.comment else ""
    more = "<p>...</p>" if found.has_more else ""
    total = "" if found.total is None else f"<p>Total: {found.total}</p>"
    table = f'<table class="datamill"><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>'
    return f"<div>{caption}{table}{more}{total}</div>"


def _cell(text: str) -> str:
    """Return escaped text, long texts cut: one of 16000 characters would push all else off the screen."""
    return escape(text if len(text) <= MOST_IN_HTML else f"{text[: MOST_IN_HTML - 3]}...")


def _title(attribute: Attribute) -> str:
    name = f"<b><u>{escape(attribute.name)}</u></b>" if attribute.in_key else escape(attribute.name)
    tooltip = escape(attribute.comment or attribute.type.text, quote=True)
    return f'<th title="{tooltip}">{name}</th>'


def _read(connection: Connection, relation: Relation, limit: int | None) -> Preview:
    require(limit, (int, NoneType), "limit must be a number of rows")
    most = connection.config.display.limit if limit is None else limit
    heading = relation.heading
    shown = [name for name, attribute in heading.attributes.items() if _is_readable(attribute)]
    order = None if isinstance(relation, Slice) or not heading.key else "KEY"
    rows = run(connection, sliced(_without_blobs(relation, shown), order, most + 1, None), shown)
    columns = [
        [_text(value) for value in rows.decoded(name)]
        if name in shown
        else [_stand_in(heading[name])] * len(rows)
        for name in heading.names
    ]
    texts = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in rows.rows]
    total = count(connection, relation) if connection.config.display.show_tuple_count else None
    return Preview(heading, texts[:most], len(rows) > most, total)


def _without_blobs(relation: Relation, shown: list[str]) -> Relation:
    if len(shown) == len(relation.heading):
        return relation
    if isinstance(relation, Slice):
        return narrowed(relation, shown)
    return project(relation, *(name for name in shown if name not in relation.heading.key))


def _is_readable(attribute: Attribute) -> bool:
    return not attribute.is_blob and attribute.stored.kind != "json"


def _stand_in(attribute: Attribute) -> str:
    return attribute.type.text if attribute.is_codec else attribute.stored.kind


def _text(value: Any) -> str:
    return str(value).replace("\n", " ").replace("\r", " ").replace("\t", " ")
