"""What a diagram shows: which tables, which of them as one node per schema, and which of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from datamill.algebra.propagation import stem
from datamill.algebra.relations import Relation
from datamill.diagram.rows import Rows
from datamill.diagram.selection import around
from datamill.errors import DataMillError
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName


@dataclass(frozen=True, slots=True)
class View:
    """Tables of a dependency graph and their rows; every operation gives a new view.

    Fields:
        rows: The rows, and the graph.
        shown: The tables.
        collapsed: Those among them that one node per schema stands for.
    """

    rows: Rows
    shown: frozenset[TableName] = frozenset()
    collapsed: frozenset[TableName] = frozenset()

    @property
    def graph(self) -> DependencyGraph:
        """The dependency graph."""
        return self.rows.graph

    def ordered(self) -> list[TableName]:
        """Return the tables in topological order."""
        return [name for name in self.graph.order() if name in self.shown]

    def edges(self) -> Iterator[Edge]:
        """Yield the foreign keys between the tables, in topological order of the referring ones."""
        for name in self.ordered():
            yield from (edge for edge in self.graph.parents(name) if edge.parent in self.shown)

    def showing(
        self,
        shown: Iterable[TableName],
        collapsed: Iterable[TableName] | None = None,
        rows: Rows | None = None,
    ) -> View:
        """Return a view of other tables.

        Raises:
            DataMillError: A delete or a trace chose the rows, and none of one of the tables.
        """
        tables = frozenset(shown)
        hidden = self.collapsed if collapsed is None else frozenset(collapsed)
        made = View(self.rows if rows is None else rows, tables, hidden & tables)
        outside = sorted(name for name in tables if not made.rows.covers(name))
        if outside:
            mode = made.rows.mode
            raise DataMillError(
                f"{', '.join(map(str, outside))} cannot be added: {mode}() has chosen no rows there.",
                hint=f"Combine diagrams before {mode}(), or draw two.",
            )
        return made

    def extended(self, levels: int) -> View:
        """Add levels of children, or of parents if negative."""
        return self.showing(around(self.graph, self.shown, levels))

    def united(self, other: View, newest: Callable[[], DependencyGraph]) -> View:
        """Add the tables and restrictions of another view; a table that either shows expanded is expanded.

        Args:
            other: The other view.
            newest: Gives the graph with tables that were declared since.
        """
        shown = self.shown | other.shown
        expanded = (self.shown - self.collapsed) | (other.shown - other.collapsed)
        rows = self.rows.united(other.rows)
        if not rows.given and shown - set(rows.graph.specs):
            rows = replace(rows, graph=newest())
        return self.showing(shown, shown - expanded, rows)

    def without(self, other: View) -> View:
        """Leave out the tables of another view."""
        return self.showing(self.shown - other.shown)

    def common(self, other: View) -> View:
        """Keep the tables that another view shows too, under the restrictions of both."""
        return self.showing(self.shown & other.shown, rows=self.rows.united(other.rows))

    def with_parts(self) -> View:
        """Add the parts of all masters."""
        parts = {part for name in self.graph.specs if (part := name).master in self.shown}
        collapsed = {part for part in parts - self.shown if part.master in self.collapsed}
        return self.showing(self.shown | parts, self.collapsed | collapsed)

    def restricted(self, relation: Relation) -> View:
        """Restrict a table by an expression over it, and all that depend on it.

        Raises:
            DataMillError: The table is not shown; or the rows are those of a delete or a trace.
        """
        self.rows.require_free("restrict")
        name = stem(relation).spec.name
        if name not in self.shown:
            raise DataMillError(f"{name} is not in the diagram.", hint="Add it first: diagram + Table.")
        return self.showing(self.shown, rows=self.rows.restrict(relation))
