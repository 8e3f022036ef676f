"""The dependency graph of a connection, as users walk it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Protocol

from datamill.catalog import Catalog
from datamill.errors import MissingTableError, did_you_mean
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName
from datamill.sql.dialects.base import Dialect


class Owner(Protocol):
    """What the graph needs of its connection."""

    @property
    def schemas(self) -> Iterable[str]:
        """Names of the schemas activated on it."""

    @property
    def catalog(self) -> Catalog:
        """The tables."""

    @property
    def dialect(self) -> Dialect:
        """The SQL dialect."""


class Dependencies:
    """A directed multigraph of tables: an edge from a referenced table to each table that refers to it.

    Nodes are full table names as the database quotes them; methods take any form of a name. The graph is read from
    the database when first needed and kept until a table is declared, altered or dropped on this connection.

    Args:
        connection: Whose database.

    Example:
        >>> connection.dependencies.load()
        >>> connection.dependencies.children("lab.mouse")
        ['"lab.session"']
    """

    def __init__(self, connection: Owner) -> None:
        self._connection = connection
        self._schemas: tuple[str, ...] | None = ()
        self._loaded = False

    # loading ---------------------------------------------------------------------------------------------------

    def load(self, force: bool = True, schema_names: Iterable[str] | None = None) -> None:
        """Read the graph.

        Args:
            force: Read again although nothing is known to have changed.
            schema_names: Which schemas; None: those activated on this connection.
        """
        if self._loaded and not force and schema_names is None:
            return
        self._schemas = tuple(self._connection.schemas if schema_names is None else schema_names)
        self._read(force)

    def load_all_downstream(self) -> None:
        """Read the graph of all schemas, those included that were never activated here."""
        self._schemas = None
        self._read(True)

    def load_all_upstream(self) -> None:
        """Read the graph of all schemas, those included that were never activated here."""
        self.load_all_downstream()

    def clear(self) -> None:
        """Forget the graph; the next use reads it."""
        self._loaded = False

    def _read(self, force: bool) -> None:
        if force:
            self._connection.catalog.invalidate()
        self._loaded = True
        self._graph.order()

    @property
    def _graph(self) -> DependencyGraph:
        if not self._loaded:
            self.load(force=False)
        return self._connection.catalog.graph(self._schemas)

    # nodes and edges -------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> dict[str, dict[str, Any]]:
        """Full name -> attributes of the node: ``primary_key``, a set of names."""
        return {
            self._full(name): {"primary_key": set(spec.heading.key)}
            for name, spec in self._graph.specs.items()
        }

    @property
    def edges(self) -> dict[tuple[str, str, tuple[str, ...]], dict[str, Any]]:
        """(parent, child, the child's attributes) -> attributes of the edge.

        These are ``attr_map`` (child attribute -> parent attribute), ``primary`` (all in the child's primary key),
        ``aliased`` (any is renamed) and ``multi`` (they are not the child's whole primary key).
        """
        found = {}
        for name in self._graph.specs:
            for edge in self._graph.parents(name):
                key = (self._full(edge.parent), self._full(edge.child), edge.foreign_key.attributes)
                found[key] = edge_attributes(edge)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self._graph)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and TableName.parse(name) in self._graph

    def in_edges(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """Pairs (parent, edge attributes), one per foreign key."""
        return [
            (self._full(edge.parent), edge_attributes(edge)) for edge in self._graph.parents(self._find(name))
        ]

    def out_edges(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """Pairs (child, edge attributes), one per foreign key."""
        return [
            (self._full(edge.child), edge_attributes(edge)) for edge in self._graph.children(self._find(name))
        ]

    def parents(self, name: str, primary: bool | None = None) -> list[str]:
        """Tables that a table references, one entry per foreign key.

        Args:
            name: Full name of the table.
            primary: True: only foreign keys within the primary key; False: only the others; None: all.
        """
        return [parent for parent, edge in self.in_edges(name) if primary in (None, edge["primary"])]

    def children(self, name: str, primary: bool | None = None) -> list[str]:
        """Tables that reference a table, one entry per foreign key; ``primary`` as for `parents`."""
        return [child for child, edge in self.out_edges(name) if primary in (None, edge["primary"])]

    def predecessors(self, name: str) -> Iterator[str]:
        """Each referenced table once."""
        return iter(dict.fromkeys(self.parents(name)))

    def successors(self, name: str) -> Iterator[str]:
        """Each referring table once."""
        return iter(dict.fromkeys(self.children(name)))

    def ancestors(self, name: str) -> list[str]:
        """The table and all it depends on, itself first, in reverse topological order."""
        return [self._full(item) for item in self._graph.ancestors(self._find(name))]

    def descendants(self, name: str) -> list[str]:
        """The table and all that depend on it, itself first, in topological order."""
        return [self._full(item) for item in self._graph.descendants(self._find(name))]

    def topo_sort(self) -> list[str]:
        """All tables in topological order, each part right after its master where that is possible."""
        return [self._full(name) for name in self._graph.order()]

    def to_networkx(self) -> Any:
        """The graph as a ``networkx.MultiDiGraph`` (networkx must be installed).

        Raises:
            MissingExtraError: It is not.
        """
        try:
            networkx = import_module("networkx")
        except ImportError as error:
            from datamill.errors import MissingExtraError

            raise MissingExtraError(
                "to_networkx() needs networkx.", extra="networkx", hint="Install it: pip install networkx"
            ) from error
        graph = networkx.MultiDiGraph()
        graph.add_nodes_from(self.nodes.items())
        graph.add_edges_from((parent, child, key, data) for (parent, child, key), data in self.edges.items())
        return graph

    def __repr__(self) -> str:
        return f"Dependencies({', '.join(self.topo_sort())})"

    def _full(self, name: TableName) -> str:
        return self._connection.dialect.table(name)

    def _find(self, text: str) -> TableName:
        name = TableName.parse(text)
        if name not in self._graph:
            raise MissingTableError(
                f"There is no table {name} in the dependency graph.",
                schema=name.schema,
                table=name.table,
                hint=did_you_mean(str(name), [str(item) for item in self._graph.specs])
                or "Call load_all_downstream() for tables of schemas that are not activated.",
            )
        return name


def edge_attributes(edge: Edge) -> dict[str, Any]:
    """Attributes of an edge as users see them."""
    return {
        "attr_map": dict(edge.attribute_map),
        "primary": edge.primary,
        "aliased": edge.aliased,
        "multi": edge.multi,
    }
