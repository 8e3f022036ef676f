"""Many rows of values behind IN: one placeholder each while they are few, one bound document or array when many."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from datamill.algebra.expression.tree import Literal
from datamill.model.types import AttributeType
from datamill.sql.writer import Statement, Writer

FEW = 500
"""Values that are bound one by one."""

_NO_ARRAY = ("enum", "opaque")
"""Kinds whose SQL type has no name that a query could give."""


def write_rows(writer: Writer, types: Sequence[AttributeType], columns: Sequence[Sequence[Any]]) -> None:
    """Write a parenthesised list of rows, or a subquery that gives them.

    Args:
        writer: Where to write.
        types: Types of the columns.
        columns: Canonical values, none None; all columns of one length of at least 1.
    """
    count = len(columns[0]) * len(columns)
    write = _LONG.get(writer.dialect.long_lists)
    if count > FEW and write is not None and not writer.inline and write(writer, types, columns):
        return
    _write_each(writer, types, columns)


def _write_each(writer: Writer, types: Sequence[AttributeType], columns: Sequence[Sequence[Any]]) -> None:
    if writer.inline or any(type.kind == "float32" for type in types):
        _write_typed(writer, types, columns)
        return
    adapted, place = _driver_columns(writer, types, columns), writer.dialect.placeholder
    if len(adapted) == 1:
        writer.statement(Statement(f"({', '.join([place] * len(adapted[0]))})", tuple(adapted[0])))
        return
    row = f"({', '.join([place] * len(adapted))})"
    rows = ", ".join([row] * len(adapted[0]))
    values = tuple(chain.from_iterable(zip(*adapted, strict=True)))
    writer.statement(Statement(f"({_values_word(writer)}{rows})", values))


def _values_word(writer: Writer) -> str:
    return "VALUES " if writer.dialect.lists_rows_as_values else ""


def _write_typed(writer: Writer, types: Sequence[AttributeType], columns: Sequence[Sequence[Any]]) -> None:
    """Write values for people to read, or a float32 as a literal of its type: some databases compare in double."""
    wide = len(columns) > 1
    writer.text(f"({_values_word(writer)}" if wide else "(")
    for number, row in enumerate(zip(*columns, strict=True)):
        writer.text(", " if number else "")
        writer.text("(" if wide else "")
        for index, value in enumerate(row):
            writer.text(", " if index else "")
            if types[index].kind == "float32":
                writer.expression(Literal(value, types[index]))
            else:
                writer.bind(value, types[index])
        writer.text(")" if wide else "")
    writer.text(")")


def _driver_columns(
    writer: Writer, types: Sequence[AttributeType], columns: Sequence[Sequence[Any]]
) -> list[list[Any]]:
    adapted = []
    for type, column in zip(types, columns, strict=True):
        adapt = writer.dialect.to_driver_for(type)
        adapted.append(list(column) if adapt is None else list(map(adapt, column)))
    return adapted


def _write_json_each(
    writer: Writer, types: Sequence[AttributeType], columns: Sequence[Sequence[Any]]
) -> bool:
    """Bind all rows as one JSON document that SQLite reads as a table; bytes travel as hexadecimal text."""
    adapted = _driver_columns(writer, types, columns)
    is_bytes = [isinstance(column[0], bytes) for column in adapted]
    for index, found in enumerate(is_bytes):
        if found:
            adapted[index] = [value.hex() for value in adapted[index]]
    if len(adapted) == 1:
        document, places = adapted[0], ["value"]
    else:
        document, places = (
            list(zip(*adapted, strict=True)),
            [f"value ->> {index}" for index in range(len(adapted))],
        )
    shown = [f"unhex({place})" if found else place for place, found in zip(places, is_bytes, strict=True)]
    writer.text(f"(SELECT {', '.join(shown)} FROM json_each(")
    writer.value(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    writer.text("))")
    return True


def _write_unnest(writer: Writer, types: Sequence[AttributeType], columns: Sequence[Sequence[Any]]) -> bool:
    """Bind one array per column, which PostgreSQL reads as a table."""
    if any(type.kind in _NO_ARRAY for type in types):
        return False
    arrays = _driver_columns(writer, types, columns)
    writer.text("(SELECT * FROM unnest(")
    for index, (type, array) in enumerate(zip(types, arrays, strict=True)):
        writer.text(", " if index else "")
        writer.value(array)
        writer.text(f"::{writer.dialect.column_type[type.kind](type)}[]")
    writer.text("))")
    return True


_LONG: dict[str, Callable[[Writer, Sequence[AttributeType], Sequence[Sequence[Any]]], bool]] = {
    "json_each": _write_json_each,
    "unnest": _write_unnest,
}
