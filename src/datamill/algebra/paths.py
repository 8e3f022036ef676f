"""Foreign-key paths between two tables of a dependency graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datamill.algebra.via import Waypoint, is_named_by, is_said, waypoints_of
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
            None if a table between holds some of it.
        optional: Those of its references that may be NULL, each with what says which row holds it.
    """

    edges: tuple[Edge, ...]
    carried: tuple[tuple[str, str], ...] | None
    optional: frozenset[object]

    @property
    def is_direct(self) -> bool:
        """True if the descendant's own attributes say which ancestor row it has.

        A reference that holds a NULL leads nowhere, though its other attributes may look like a key further up.
        """
        return self.carried is not None and not self.optional

    def __str__(self) -> str:
        text = str(self.edges[0].child)
        for edge in self.edges:
            renames = [f"{own} -> {theirs}" for own, theirs in edge.attribute_map if own != theirs]
            text += f" -> {edge.parent}" + (f" ({', '.join(renames)})" if renames else "")
        return text


@dataclass(frozen=True, slots=True)
class _Way:
    """A path on its way up.

    Fields:
        table: The table it has come to.
        row: What says which row of that table: for each attribute of its key, the row below that holds it, and where.
        edges: The foreign keys so far.
        optional: As in `Path`.
        met: The waypoints passed.
        is_plain: True if it renames nothing but what a waypoint says.
    """

    table: TableName
    row: tuple[tuple[str, tuple[object, str]], ...]
    edges: tuple[Edge, ...]
    optional: frozenset[object]
    met: frozenset[Waypoint]
    is_plain: bool = True

    @property
    def state(self) -> object:
        """What tells it apart: ways to the same row differ only in when they lead nowhere, and in what they passed."""
        return (self.table, self.row, self.optional, self.met, self.is_plain)

    def follow(self, edge: Edge, may_be_null: bool, via: Sequence[Waypoint]) -> _Way:
        held = dict(self.row)
        here = (self.table, self.row)
        return _Way(
            edge.parent,
            tuple(sorted((theirs, held.get(own, (here, own))) for own, theirs in edge.attribute_map)),
            (*self.edges, edge),
            self.optional | {(here, edge)} if may_be_null else self.optional,
            self.met.union(item for item in via if item.is_met_by(edge)),
            self.is_plain and is_said(edge, via),
        )

    def path(self, descendant: TableName) -> Path:
        carried = tuple(sorted((own, theirs) for theirs, (row, own) in self.row if row == (descendant, ())))
        return Path(self.edges, carried if len(carried) == len(self.row) else None, self.optional)


def find_paths(
    graph: DependencyGraph, descendant: TableName, ancestor: TableName, via: Sequence[Waypoint] = ()
) -> list[list[Path]]:
    """Return the paths between two tables that pass through some others, shortest first.

    Returns:
        Groups of paths to the same row, or nowhere where a reference holds NULL: they carry the ancestor's key into the
        same attributes of the descendant, or of the same row between. Of several that hold alike one is listed.
    """
    found: dict[object, list[Path]] = {}
    for way in _ways(graph, descendant, ancestor, via):
        if way.met.issuperset(via):
            found.setdefault(way.row, []).append(way.path(descendant))
    return list(found.values())


def _ways(
    graph: DependencyGraph, descendant: TableName, ancestor: TableName, via: Sequence[Waypoint]
) -> Iterator[_Way]:
    useful = set(graph.descendants(ancestor))
    met = frozenset(item for item in via if item == Waypoint(descendant))
    level = [_Way(descendant, (), (), frozenset(), met)]
    seen: set[object] = set()
    while level:
        following = []
        for way in level:
            for edge in graph.parents(way.table):
                if edge.parent not in useful:
                    continue
                step = way.follow(edge, _may_be_null(graph, edge), via)
                if step.state in seen:
                    continue
                seen.add(step.state)
                if edge.parent == ancestor:
                    yield step
                else:
                    following.append(step)
        if len(seen) > _MOST_PATHS:
            raise DataMillError(
                f"Too many foreign-key paths lead from {descendant} to {ancestor}.", hint="Use a join."
            )
        level = following


def _may_be_null(graph: DependencyGraph, edge: Edge) -> bool:
    heading = graph.specs[edge.child].heading
    return any(own in heading and heading[own].nullable for own in edge.foreign_key.attributes)


def choose_paths(
    graph: DependencyGraph,
    descendant: TableName,
    ancestor: TableName,
    via: Sequence[Waypoint],
    method: str,
) -> list[Path]:
    """Return the paths that ``via`` means, all to the same ancestor row: a row may have it by any of them.

    If several paths pass through what ``via`` names, that is meant which passes through nothing else.

    Args:
        graph: The foreign keys.
        descendant: Where the paths start.
        ancestor: Where they end.
        via: What they pass through.
        method: What the user called, for messages.

    Raises:
        AmbiguousPathError: There are several; ``paths`` lists them.
        DataMillError: There is none.
    """
    groups = find_paths(graph, descendant, ancestor, via)
    if len(groups) > 1 and via:
        named = [[path for path in group if is_named_by(path.edges, via)] for group in groups]
        exact = [group for group in named if group]
        groups = exact if len(exact) == 1 else groups
    if not groups:
        where = f" through {', '.join(map(str, via))}" if via else ""
        others = [path for group in find_paths(graph, descendant, ancestor) for path in _needed(group)]
        raise DataMillError(
            f"No foreign keys lead from {descendant} to {ancestor}{where}.",
            hint=_choices(others, method) if others else None,
        )
    if len(groups) > 1:
        paths = [path for group in groups for path in _needed(group)]
        texts = [str(path) for path in paths]
        raise AmbiguousPathError(
            f"Several foreign-key paths lead from {descendant} to {ancestor}: {'; '.join(texts)}.",
            hint=_choices(paths, method),
            paths=texts,
        )
    return _needed(groups[0])


def _needed(group: list[Path]) -> list[Path]:
    """Return the paths of a group without those that hold only where another holds too."""
    needed: list[Path] = []
    for path in sorted(group, key=lambda path: len(path.optional)):
        if not any(other.optional <= path.optional for other in needed):
            needed.append(path)
    return needed


def _choices(paths: Sequence[Path], method: str) -> str:
    texts = [f"via=[{', '.join(map(str, waypoints_of(path.edges)))}]" for path in paths]
    return f"Choose one with {method}(X, via=...): {'; '.join(texts)}."
