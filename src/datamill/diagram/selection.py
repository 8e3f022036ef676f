"""Which tables a diagram shows."""

from __future__ import annotations

from collections.abc import Iterable

from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName


def around(graph: DependencyGraph, names: Iterable[TableName], levels: int) -> frozenset[TableName]:
    """Add levels of children (positive) or parents (negative) to a set of tables.

    Args:
        graph: All tables.
        names: Where to start.
        levels: How many steps to go.
    """
    shown = set(names)
    border = set(shown)
    for _ in range(min(abs(levels), len(graph))):
        if levels > 0:
            reached = {edge.child for name in border for edge in graph.children(name)}
        else:
            reached = {edge.parent for name in border for edge in graph.parents(name)}
        border = {name for name in reached if name in graph} - shown
        shown |= border
    return frozenset(shown)


def closest_names(names: Iterable[TableName]) -> dict[TableName, str]:
    """Return the shortest label of each table: its class name, with the schema where that is needed."""
    ordered = list(names)
    labels = [name.class_name for name in ordered]
    return {
        name: label if labels.count(label) == 1 else f"{name.schema}.{label}"
        for name, label in zip(ordered, labels, strict=True)
    }
