"""Foreign-key paths between two tables of a dependency graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from datamill.errors import AmbiguousPathError, DataMillError
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName

_MOST_PATHS = 10_000
"""Paths that are told apart before giving up; real pipelines have a handful."""


@dataclass(frozen=True, slots=True)
class Path:
    """A chain of foreign keys from a descendant up to an ancestor.

    Fields:
        edges: In that direction.
        carried: Attributes of the descendant that hold the ancestor's key: sorted pairs (descendant's, ancestor's);
            None if the path breaks the chain by a reference that is not inherited as a whole.
    """

    edges: tuple[Edge, ...]
    carried: tuple[tuple[str, str], ...] | None

    @property
    def tables(self) -> tuple[TableName, ...]:
        """The tables passed through, both ends included."""
        return (self.edges[0].child, *(edge.parent for edge in self.edges))

    def __str__(self) -> str:
        text = str(self.edges[0].child)
        for edge in self.edges:
            renames = [f"{own} -> {theirs}" for own, theirs in edge.attribute_map if own != theirs]
            text += f" -> {edge.parent}" + (f" ({', '.join(renames)})" if renames else "")
        return text


def find_paths(graph: DependencyGraph, descendant: TableName, ancestor: TableName) -> list[Path]:
    """Return the paths between two tables, shortest first; those that carry the same attributes count as one."""
    useful = set(graph.descendants(ancestor))
    start = {name: name for name in graph.specs[descendant].heading}
    level: list[tuple[tuple[Edge, ...], TableName, Mapping[str, str]]] = [((), descendant, start)]
    following: list[tuple[tuple[Edge, ...], TableName, Mapping[str, str]]]
    found: dict[object, Path] = {}
    seen: set[object] = set()
    while level:
        following = []
        for edges, table, carried in level:
            for edge in graph.parents(table):
                if edge.parent not in useful:
                    continue
                step = (*edges, edge)
                above = {theirs: carried[own] for own, theirs in edge.attribute_map if own in carried}
                is_whole = len(above) == len(edge.attribute_map)
                signature = (edge.parent, tuple(sorted(above.items()))) if is_whole else step
                if signature in seen:
                    continue
                seen.add(signature)
                if edge.parent == ancestor:
                    pairs = (
                        tuple(sorted((own, theirs) for theirs, own in above.items())) if is_whole else None
                    )
                    found[signature] = Path(step, pairs)
                else:
                    following.append((step, edge.parent, above))
        if len(seen) > _MOST_PATHS:
            raise DataMillError(
                f"Too many foreign-key paths lead from {descendant} to {ancestor}.", hint="Use a join."
            )
        level = following
    return list(found.values())


def one_path(
    paths: Sequence[Path], descendant: TableName, ancestor: TableName, via: Iterable[TableName]
) -> Path:
    """Return the only path that passes through some tables.

    Raises:
        AmbiguousPathError: There are several; ``paths`` lists them.
        DataMillError: There is none.
    """
    through = set(via)
    fitting = [path for path in paths if through <= set(path.tables)]
    if not fitting:
        where = f" through {', '.join(map(str, sorted(through)))}" if through else ""
        raise DataMillError(f"No foreign keys lead from {descendant} to {ancestor}{where}.")
    if len(fitting) > 1:
        texts = [str(path) for path in fitting]
        raise AmbiguousPathError(
            f"Several foreign-key paths lead from {descendant} to {ancestor}: {'; '.join(texts)}.",
            hint="Choose one with restrict_by_ancestor(X, via=[tables]) or restrict_by_descendant(X, via=[tables]).",
            paths=texts,
        )
    return fitting[0]
