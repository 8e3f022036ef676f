"""The last line: where trees become SQL text with bound values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    """

    __slots__ = ("_parts", "_values", "dialect", "inline")

    def __init__(self, dialect: Dialect, inline: bool = False) -> None:
        self.dialect = dialect
        self.inline = inline
        self._parts: list[str] = []
        self._values: list[Any] = []

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
            adapt = self.dialect.to_driver_for(type)
            self._parts.append(self.dialect.placeholder)
            self._values.append(value if adapt is None else adapt(value))

    def finish(self) -> Statement:
        """Return what was written."""
        return Statement("".join(self._parts), tuple(self._values))
