"""A diagram for terminals: each table below the last of its parents, other parents beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from datamill.diagram.picture import KINDS
from datamill.diagram.selection import closest_names
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName


def as_text(
    graph: DependencyGraph,
    shown: Collection[TableName],
    collapsed: Collection[TableName] = (),
    notes: Mapping[TableName, str] | None = None,
) -> str:
    """Draw tables as a tree of text lines.

    A table stands below the parent that comes last in topological order; ``<- Other`` names its other parents.

    Args:
        graph: The dependency graph.
        shown: Tables to draw.
        collapsed: Those among them that one line per schema stands for.
        notes: What is written behind the tier of a table.

    Returns:
        One line per table, tiers in a column on the right.
    """
    return _Tree(graph, shown, collapsed, notes or {}).text()


class _Tree:
    def __init__(
        self,
        graph: DependencyGraph,
        shown: Collection[TableName],
        collapsed: Collection[TableName],
        notes: Mapping[TableName, str],
    ) -> None:
        order = [name for name in graph.order() if name in shown]
        single = [name for name in order if name not in collapsed]
        self._notes = notes
        self._labels: dict[TableName, str] = closest_names(single)
        self._masters = set(single)
        hidden: dict[TableName, TableName] = {}
        counts: dict[TableName, int] = {}
        for name in order:
            if name in collapsed:
                node = hidden[name] = TableName(name.schema, "")
                counts[node] = counts.get(node, 0) + 1
                self._labels[node] = name.schema
        self._counts = counts
        place = {name: hidden.get(name, name) for name in order}
        self._nodes = list(dict.fromkeys(place.values()))
        self._parents: dict[TableName, list[TableName]] = {node: [] for node in self._nodes}
        for name in order:
            for edge in graph.parents(name):
                parent = place.get(edge.parent)
                if parent is not None and parent != place[name]:
                    self._parents[place[name]].append(parent)

    def text(self) -> str:
        if not self._nodes:
            return "(no tables)"
        position = {node: index for index, node in enumerate(self._nodes)}
        below: dict[TableName | None, list[TableName]] = {}
        beside: dict[TableName, list[TableName]] = {}
        for node in self._nodes:
            earlier = [p for p in dict.fromkeys(self._parents[node]) if position[p] < position[node]]
            home = (
                node.master
                if node.master in self._masters
                else max(earlier, key=position.__getitem__, default=None)
            )
            below.setdefault(home, []).append(node)
            beside[node] = [parent for parent in dict.fromkeys(self._parents[node]) if parent != home]
        lines = [
            (self._line(node, indent, beside[node]), self._remark(node)) for node, indent in _walk(below)
        ]
        width = max(len(line) for line, _ in lines) + 3
        return "\n".join(f"{line:<{width}}{remark}".rstrip() for line, remark in lines)

    def _line(self, node: TableName, indent: str, beside: list[TableName]) -> str:
        own = self._labels[node]
        if node.master in self._masters:
            own = own.rpartition(".")[2]
        others = ", ".join(self._labels[parent] for parent in beside)
        return f"{indent}{own}" + (f"  <- {others}" if others else "")

    def _remark(self, node: TableName) -> str:
        if node in self._counts:
            return f"schema of {self._counts[node]} table{'s' if self._counts[node] > 1 else ''}"
        note = self._notes.get(node)
        kind = KINDS.get(node.tier, "")
        return f"{kind:<10}{note}" if note else kind


def _walk(below: Mapping[TableName | None, list[TableName]]) -> list[tuple[TableName, str]]:
    """Return the nodes in the order of their lines, with what stands before each; no recursion, pipelines are deep."""
    found: list[tuple[TableName, str]] = []
    waiting = [(root, "", "") for root in reversed(below.get(None, []))]
    while waiting:
        node, indent, branch = waiting.pop()
        found.append((node, indent + branch))
        deeper = indent + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        children = below.get(node, [])
        last = len(children) - 1
        waiting += [
            (child, deeper, "└─ " if index == last else "├─ ")
            for index, child in reversed(list(enumerate(children)))
        ]
    return found
