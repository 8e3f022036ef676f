"""The last line: where trees become SQL text with bound values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from datamill.algebra.expression.tree import Call, Column, Expression, Literal
from datamill.model.names import TableName
from datamill.model.types import AttributeType
from datamill.sql.dialects.base import Dialect


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and the values to bind, as the driver takes them."""

    sql: str
    params: tuple[Any, ...] = ()


class Writer:
    """Collects pieces of SQL and their bound values.

    Args:
        dialect: The dialect to write.
        inline: Write values into the text instead of binding them (for people to read, never for execution).

    Fields:
        column: Writes an attribute within an expression; by default its quoted name.
    """

    __slots__ = ("_parts", "_values", "column", "dialect", "inline")

    def __init__(self, dialect: Dialect, inline: bool = False) -> None:
        self.dialect = dialect
        self.inline = inline
        self._parts: list[str] = []
        self._values: list[Any] = []
        self.column: Callable[[Column], None] = lambda column: self.identifier(column.name)

    def text(self, sql: str) -> None:
        """Add SQL text of our own making: keywords, operators, quoted identifiers."""
        self._parts.append(sql)

    def identifier(self, name: str) -> None:
        """Add a quoted name."""
        self._parts.append(self.dialect.identifier(name))

    def table(self, name: TableName) -> None:
        """Add a quoted table name."""
        self._parts.append(self.dialect.table(name))

    def bind(self, value: Any, type: AttributeType) -> None:
        """Add a value of a type: a placeholder and the value as the driver takes it."""
        if value is None:
            self._parts.append("NULL")
        elif self.inline:
            self._parts.append(self.dialect.literal(value, type))
        else:
            self._parts.append(self.dialect.placeholder)
            self._values.append(self.dialect.bound(value, type))

    def value(self, value: Any) -> None:
        """Bind a value that is already as the driver takes it."""
        self._parts.append(self.dialect.placeholder)
        self._values.append(value)

    def statement(self, statement: Statement) -> None:
        """Add a statement that is finished, with its bound values."""
        self._parts.append(statement.sql)
        self._values.extend(statement.params)

    def expression(self, expression: Expression) -> None:
        """Add an expression, its functions as the dialect spells them."""
        if isinstance(expression, Column):
            self.column(expression)
            self._parts.append(self.dialect.operands.get(expression.type.kind, ""))
            return
        functions = self.dialect.functions
        if isinstance(expression, Literal):
            renderer = functions.get("LITERAL")
            if renderer is None:
                self.bind(expression.value, expression.type)
            else:
                renderer(self, Call("LITERAL", (expression,), expression.type))
            return
        renderer = functions.get(expression.function)
        if renderer is not None and not expression.option("unknown"):
            renderer(self, expression)
            return
        self.text(f"{expression.function}(")
        self.expressions(expression.arguments)
        self.text(")")

    def expressions(self, expressions: Sequence[Expression], separator: str = ", ") -> None:
        """Add several expressions."""
        for index, item in enumerate(expressions):
            if index:
                self.text(separator)
            self.expression(item)

    def collated(self, expression: Expression) -> None:
        """Add an expression whose value is compared with others, or told apart from them."""
        self.expression(expression)
        self._parts.append(self.dialect.collations.get(expression.type.kind, ""))

    def finish(self) -> Statement:
        """Return what was written."""
        return Statement("".join(self._parts), tuple(self._values))
