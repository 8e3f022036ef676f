"""Diagrams of pipelines: which tables there are, what depends on what, and which rows are meant."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datamill import diagram as drawing
from datamill.api.diagram_source import collect, find_table, labels_of, titles_of
from datamill.api.table import FreeTable, Table
from datamill.data import fetch as fetching
from datamill.data.delete import plan_delete
from datamill.data.dependencies import edge_attributes
from datamill.data.scalars import counts as count_rows
from datamill.diagram.rows import LazyRows, Rows, traced
from datamill.diagram.view import View
from datamill.errors import DataMillError, MissingExtraError, require
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.data.delete_plan import DeletePlan


class Diagram:
    """A view of the dependency graph. Immutable: every operation returns a new one.

    ``d + 1`` adds a level of children, ``d - 1`` of parents, across schemas; ``d1 + d2``, ``d1 - d2`` and ``d1 * d2``
    are union, difference and intersection (with a diagram or a table). Printing draws it as text, Jupyter as a picture.

    Args:
        source: Schema, table, module of tables, or a list of these.
        context: Names of classes for labels; default: those of the schemas in use.

    Raises:
        DataMillError: Nothing to draw from.

    Example:
        >>> import datamill as dm
        >>> print(dm.Diagram(schema))  # doctest: +SKIP
        >>> (dm.Diagram(Session) - 1 + 2).save("session.svg")  # doctest: +SKIP
    """

    _connection: Connection
    _context: Mapping[str, Any] | None
    _view: View

    def __init__(self, source: Any, context: Mapping[str, Any] | None = None) -> None:
        if isinstance(source, Diagram):
            self.__dict__.update(source.__dict__)
            self._context = context if context is not None else source._context
            return
        self._connection, names = collect(source)
        graph = self._connection.catalog.graph()
        self._context = context
        self._view = View(Rows(graph, self._connection), frozenset(name for name in names if name in graph))

    @classmethod
    def _of(cls, connection: Connection, view: View, context: Mapping[str, Any] | None = None) -> Diagram:
        made = cls.__new__(cls)
        made._connection, made._view, made._context = connection, view, context
        return made

    def _with(self, view: View) -> Diagram:
        return self._of(self._connection, view, self._context)

    @classmethod
    def from_sequence(cls, sequence: Iterable[Any]) -> Diagram:
        """Return the union of the diagrams of several sources."""
        return cls(list(sequence))

    @classmethod
    def of_plan(cls, plan: DeletePlan) -> Diagram:
        """Return the diagram of a delete: the tables within reach, restricted to the planned rows."""
        connection = plan.connection
        given = LazyRows(plan.reach, plan.relation)
        counted = {TableName.parse(name): count for name, count in plan.counts().items()}
        rows = Rows(plan.graph, connection, "cascade", {}, given, counted)
        return cls._of(connection, View(rows, frozenset(given)))

    @classmethod
    def cascade(cls, expression: Any, part_integrity: str = "enforce") -> Diagram:
        """Return the tables that a delete would reach, restricted to the rows it would remove.

        Args:
            expression: A table, restricted or not.
            part_integrity: As for `delete`; part rows without their master do not raise here.
        """
        source = _instance(expression)
        return cls.of_plan(plan_delete(source.connection, source.__relation__(), part_integrity))

    @classmethod
    def trace(cls, expression: Any) -> Diagram:
        """Return a table and its ancestors in all schemas, restricted to the rows that some rows derive from.

        Args:
            expression: An expression over one table.
        """
        source = _instance(expression)
        rows = traced(source.connection.catalog.graph(), source.__relation__())
        return cls._of(source.connection, View(rows, frozenset(rows.given)))

    # algebra ---------------------------------------------------------------------------------------------------

    def _other(self, other: Any) -> View:
        found = other if isinstance(other, Diagram) else Diagram(other)
        if found._connection is not self._connection:
            raise DataMillError("The diagrams show different databases.", hint="Use one connection.")
        return found._view

    def __add__(self, other: Any) -> Diagram:
        if isinstance(other, int):
            return self._with(self._view.extended(_levels(other)))
        return self._with(self._view.united(self._other(other), self._connection.catalog.graph))

    def __sub__(self, other: Any) -> Diagram:
        if isinstance(other, int):
            return self._with(self._view.extended(-_levels(other)))
        return self._with(self._view.without(self._other(other)))

    def __mul__(self, other: Any) -> Diagram:
        return self._with(self._view.common(self._other(other)))

    def add_parts(self) -> Diagram:
        """Return the diagram with the parts of all masters that it shows."""
        return self._with(self._view.with_parts())

    def collapse(self) -> Diagram:
        """Return the diagram with one node per schema; in a union with an expanded one, expanded tables win."""
        return self._with(self._view.showing(self._view.shown, self._view.shown))

    # rows ------------------------------------------------------------------------------------------------------

    def restrict(self, expression: Any) -> Diagram:
        """Return the diagram with a table restricted, and all that depend on it. No table is hidden.

        A row stays if it meets its own table's restrictions and, for each restricted table that it references, some
        foreign key to that table leads to a row that stays.

        Args:
            expression: An expression over one table of the diagram.

        Raises:
            DataMillError: The table is not in the diagram; or this diagram is a cascade or a trace.
        """
        return self._with(self._view.restricted(_instance(expression).__relation__()))

    def counts(self) -> dict[str, int]:
        """Return the number of rows by full table name, in topological order.

        Raises:
            DataMillError: The diagram restricts nothing.
        """
        if not self._view.rows.mode:
            raise DataMillError(
                "The diagram is not restricted, so that there is nothing to count.",
                hint="Use restrict, Diagram.cascade or Diagram.trace, or len(Table()).",
            )
        return {self._full(name): count for name, count in self._counted().items()}

    def _counted(self) -> dict[TableName, int]:
        names, rows = self._view.ordered(), self._view.rows
        if rows.counted is not None:
            return {name: rows.counted[name] for name in names}
        return dict(zip(names, count_rows(self._connection, map(rows.relation, names)), strict=True))

    def prune(self) -> Diagram:
        """Return the diagram without the tables that have no rows, under its restrictions.

        Raises:
            DataMillError: This diagram is a cascade or a trace.
        """
        view = self._view
        view.rows.require_free("prune")
        return self._with(
            view.showing(
                name for name in view.shown if fetching.exists(self._connection, view.rows.relation(name))
            )
        )

    def _free(self, name: TableName) -> FreeTable:
        return FreeTable(self._connection, str(name))._restricted(self._view.rows.relation(name))

    def __iter__(self) -> Iterator[FreeTable]:
        return map(self._free, self._view.ordered())

    def __reversed__(self) -> Iterator[FreeTable]:
        return map(self._free, reversed(self._view.ordered()))

    def __getitem__(self, table: Any) -> Any:
        """Return a table with the diagram's restrictions: an instance of its class if a class is given.

        Args:
            table: Class, ``"Class"``, ``"Master.Part"``, ``"schema.Class"``, or full name.

        Raises:
            DataMillError: It is not in the diagram, or several fit.
        """
        name = self._find(table)
        if isinstance(table, type):
            return table()._restricted(self._view.rows.relation(name))
        return self._free(name)

    def _find(self, table: Any) -> TableName:
        return find_table(table, self._view.ordered(), self._labels(), "the diagram")

    def __contains__(self, table: Any) -> bool:
        try:
            self._find(table)
        except DataMillError:
            return False
        return True

    def __len__(self) -> int:
        return len(self._view.shown)

    # the graph -------------------------------------------------------------------------------------------------

    def _full(self, name: TableName) -> str:
        return self._connection.dialect.table(name)

    @property
    def nodes_to_show(self) -> set[str]:
        """Full names of the tables shown."""
        return set(map(self._full, self._view.shown))

    @property
    def nodes(self) -> dict[str, dict[str, Any]]:
        """Full name -> attributes of the node: ``primary_key``, a set of names; in topological order."""
        specs = self._view.graph.specs
        return {
            self._full(name): {"primary_key": set(specs[name].heading.key)} for name in self._view.ordered()
        }

    @property
    def edges(self) -> dict[tuple[str, str, tuple[str, ...]], dict[str, Any]]:
        """(parent, child, the child's attributes) -> attributes, as those of ``connection.dependencies.edges``."""
        return {
            (self._full(edge.parent), self._full(edge.child), edge.foreign_key.attributes): edge_attributes(
                edge
            )
            for edge in self._view.edges()
        }

    def predecessors(self, name: Any) -> Iterator[str]:
        """Each shown table that a table references, once."""
        found = {edge.parent for edge in self._view.graph.parents(self._find(name))}
        return (self._full(parent) for parent in self._view.ordered() if parent in found)

    def successors(self, name: Any) -> Iterator[str]:
        """Each shown table that references a table, once."""
        found = {edge.child for edge in self._view.graph.children(self._find(name))}
        return (self._full(child) for child in self._view.ordered() if child in found)

    def to_networkx(self) -> Any:
        """The shown part of the graph as a ``networkx.MultiDiGraph`` (networkx must be installed)."""
        full = self._connection.dependencies
        full.load_all_downstream()
        return full.to_networkx().subgraph(self.nodes_to_show).copy()

    # drawing ---------------------------------------------------------------------------------------------------

    def _labels(self) -> dict[TableName, str]:
        return labels_of(self._connection, self._view.graph.specs, self._context)

    def _picture(self) -> drawing.Picture:
        naming = drawing.Naming(self._labels(), titles_of(self._connection, self._view.shown), self._notes())
        return drawing.compose(self._view.graph, self._view.shown, self._view.collapsed, naming)

    def _notes(self) -> dict[TableName, str]:
        """Return what is written at tables whose rows a delete or a trace has chosen: how many they are."""
        if self._view.rows.mode not in ("cascade", "trace"):
            return {}
        return {name: f"{count} row{'' if count == 1 else 's'}" for name, count in self._counted().items()}

    @property
    def _direction(self) -> str:
        return str(self._connection.config.display.diagram_direction)

    @property
    def _theme(self) -> str:
        return str(self._connection.config.display.diagram_theme)

    def text(self) -> str:
        """Return the drawing for terminals."""
        return drawing.as_text(self._view.graph, self._view.shown, self._view.collapsed, self._notes())

    __str__ = text
    __repr__ = text

    def make_dot(self, theme: str | None = None) -> str:
        """Return the diagram in the DOT language of Graphviz.

        Args:
            theme: ``"light"`` or ``"dark"``; default ``config.display.diagram_theme``, "auto" being light.

        Raises:
            ValueError: There is no such theme.
        """
        return drawing.as_dot(self._picture(), _palette(theme or self._theme), self._direction)

    def make_mermaid(self) -> str:
        """Return the diagram as a Mermaid flowchart."""
        return drawing.as_mermaid(self._picture(), _palette(self._theme), self._direction)

    def svg_string(self) -> str:
        """Return the diagram as the text of an SVG picture; names show definitions when pointed at."""
        return drawing.as_svg(self.make_dot(), follows_system=self._theme == "auto")

    def make_svg(self) -> Any:
        """Return the diagram as an ``IPython.display.SVG``, or as text where IPython is not installed."""
        try:
            display: Any = import_module("IPython.display")
        except ImportError:
            return self.svg_string()
        return display.SVG(self.svg_string())

    def make_png(self) -> io.BytesIO:
        """Return the diagram as a PNG picture, in light colours unless the theme is dark."""
        return io.BytesIO(drawing.as_png(self.make_dot()))

    def make_image(self) -> Any:
        """Return the diagram as an array of shape (height, width, 4), values from 0 to 1 (needs matplotlib)."""
        return _matplotlib("image").imread(self.make_png(), format="png")

    def draw(self) -> None:
        """Show the diagram in the current axes of matplotlib."""
        pyplot = _matplotlib("pyplot")
        pyplot.imshow(self.make_image())
        pyplot.gca().axis("off")

    def save(self, filename: str | Path, format: str | None = None) -> None:
        """Write the diagram to a file.

        Args:
            filename: Where. Its ending says how: ``.svg``, ``.png``, ``.mmd`` or ``.mermaid``, ``.dot`` or ``.gv``.
            format: One of these endings, if the file's name has another.

        Raises:
            DataMillError: There is no such format.
        """
        path = Path(filename)
        require(format or "", str, "format must be text")
        ending = (format or path.suffix).lower().lstrip(".")
        make = self._formats().get(ending)
        if make is None:
            raise DataMillError(
                f"A diagram cannot be saved as {ending or 'a file without ending'!r}.",
                hint="Use .svg, .png, .mmd or .mermaid, .dot or .gv.",
            )
        path.write_bytes(make())

    def _formats(self) -> dict[str, Callable[[], bytes]]:
        def mermaid() -> bytes:
            return self.make_mermaid().encode()

        def dot() -> bytes:
            return self.make_dot().encode()

        return {
            "svg": lambda: self.svg_string().encode(),
            "png": lambda: self.make_png().getvalue(),
            "mmd": mermaid,
            "mermaid": mermaid,
            "dot": dot,
            "gv": dot,
        }

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """Show a picture in Jupyter, text if it cannot be drawn; never raise."""
        bundle: dict[str, str] = {}
        try:
            bundle["text/plain"] = self.text()
            bundle["image/svg+xml"] = self.svg_string()
        except (DataMillError, OSError, ValueError, RuntimeError) as error:
            bundle.setdefault("text/plain", f"Diagram of {len(self)} tables ({error})")
        return bundle

    def _repr_svg_(self) -> str | None:
        return self._repr_mimebundle_().get("image/svg+xml")


def _palette(theme: str) -> drawing.Theme:
    found = drawing.THEMES.get("light" if theme == "auto" else theme)
    if found is None:
        raise ValueError(f"theme={theme!r} is unknown: use 'light', 'dark' or 'auto'.")
    return found


def _levels(number: int) -> int:
    require(number, int, "The number of levels must be a whole number")
    if isinstance(number, bool) or number < 0:
        raise DataMillError(
            f"{number!r} is no number of levels.", hint="Write d + n or d - n with n of 0 or more."
        )
    return number


def _instance(expression: Any) -> Any:
    """Return an expression, an instance if a table class is given."""
    if isinstance(expression, type) and issubclass(expression, Table):
        return expression()
    if not hasattr(expression, "__relation__"):
        raise DataMillError(f"{expression!r} is no table or expression.")
    return expression


def _matplotlib(module: str) -> Any:
    try:
        return import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise MissingExtraError(
            "Drawing into axes needs matplotlib.",
            extra="diagram",
            hint="Install it: pip install 'datamill[diagram]'. save() and make_svg() work without it.",
        ) from error
