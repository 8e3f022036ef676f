"""Diagrams of pipelines."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from datamill.api.schema import Schema
from datamill.api.table import Table
from datamill.diagram import around, as_text
from datamill.errors import DataMillError
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection


class Diagram:
    """A view of the dependency graph: which tables there are and what depends on what.

    ``d + 1`` adds a level of children, ``d - 1`` of parents; ``d1 + d2``, ``d1 - d2``, ``d1 * d2`` are union,
    difference and intersection. Immutable. Printing it draws it as text.

    Args:
        source: Schema, table, module of tables, or a list of these.
        context: Unused names to resolve classes; kept for compatibility.

    Raises:
        DataMillError: Nothing to draw from.

    Example:
        >>> import datamill as dm
        >>> print(dm.Diagram(schema))  # doctest: +SKIP
    """

    def __init__(self, source: Any, context: Mapping[str, Any] | None = None) -> None:
        self._connection, names = _collect(source)
        self.nodes_to_show: frozenset[TableName] = frozenset(names)

    @classmethod
    def from_sequence(cls, sequence: Iterable[Any]) -> Diagram:
        """Return the union of the diagrams of several sources."""
        return cls(list(sequence))

    def _with(self, names: Iterable[TableName]) -> Diagram:
        made = Diagram.__new__(Diagram)
        made._connection = self._connection
        made.nodes_to_show = frozenset(names)
        return made

    def _names(self, other: Any) -> frozenset[TableName]:
        return other.nodes_to_show if isinstance(other, Diagram) else Diagram(other).nodes_to_show

    def __add__(self, other: Any) -> Diagram:
        if isinstance(other, int):
            return self._with(around(self._connection.catalog.graph(), self.nodes_to_show, other))
        return self._with(self.nodes_to_show | self._names(other))

    def __sub__(self, other: Any) -> Diagram:
        if isinstance(other, int):
            return self._with(around(self._connection.catalog.graph(), self.nodes_to_show, -other))
        return self._with(self.nodes_to_show - self._names(other))

    def __mul__(self, other: Any) -> Diagram:
        return self._with(self.nodes_to_show & self._names(other))

    def __len__(self) -> int:
        return len(self.nodes_to_show)

    def __contains__(self, table: Any) -> bool:
        return self._names(table) <= self.nodes_to_show

    def text(self) -> str:
        """Return the drawing for terminals."""
        return as_text(self._connection.catalog.graph(), self.nodes_to_show)

    __str__ = text
    __repr__ = text


def _collect(source: Any) -> tuple[Connection, list[TableName]]:
    if isinstance(source, Schema):
        return source.connection, source._table_names()
    if isinstance(source, type) and issubclass(source, Table):
        source = source()
    if isinstance(source, Table):
        return source.connection, [source._name]
    if isinstance(source, types.ModuleType):
        return _collect([value for value in vars(source).values() if isinstance(value, Schema)] or None)
    if isinstance(source, Iterable) and not isinstance(source, str):
        parts = [_collect(item) for item in source]
        if parts:
            return parts[0][0], [name for _, names in parts for name in names]
    raise DataMillError(
        f"A diagram cannot be drawn from {source!r}.", hint="Give a schema, a table, or a list of them."
    )
