"""Typed expressions to SQL: the dialect's table of functions does the work, the writer walks the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datamill.algebra.expression.tree import Column, Expression, OrderItem
from datamill.sql.dialects.templates import write_order_items
from datamill.sql.writer import Writer

WriteColumn = Callable[[Column], None]


def render(writer: Writer, expression: Expression, column: WriteColumn | None = None) -> None:
    """Write an expression.

    Args:
        writer: Collects the text and the bound values.
        expression: A typed expression.
        column: Writes the qualified name of an attribute; by default its quoted name.

    Example:
        >>> from datamill.algebra.expression.tree import Call, Literal
        >>> from datamill.model.types import parse_type
        >>> from datamill.sql.dialects.sqlite import SQLITE
        >>> number = parse_type("int64")
        >>> writer = Writer(SQLITE)
        >>> render(writer, Call(">", (Column("age", number), Literal(7, number)), parse_type("bool")))
        >>> writer.finish()
        Statement(sql='("age" > ?)', params=(7,))
    """
    with_column(writer, column, lambda: writer.expression(expression))


def render_order(writer: Writer, items: Sequence[OrderItem], column: WriteColumn | None = None) -> None:
    """Write what stands behind ORDER BY: NULLs first ascending and last descending, enums by declaration."""
    with_column(writer, column, lambda: write_order_items(writer, items))


def write_expression(writer: Writer, expression: Expression) -> None:
    """Write an expression over unqualified names."""
    render(writer, expression)


def with_column(writer: Writer, column: WriteColumn | None, write: Callable[[], None]) -> None:
    """Write something while attributes are written in a certain way."""
    if column is None:
        write()
        return
    before, writer.column = writer.column, column
    try:
        write()
    finally:
        writer.column = before
