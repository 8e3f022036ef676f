"""A diagram for terminals: each table below the last of its parents, other parents beside it."""

from __future__ import annotations

from collections.abc import Collection

from datamill.diagram.selection import closest_names
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName, Tier

_TIER_NAMES = {
    Tier.MANUAL: "manual",
    Tier.LOOKUP: "lookup",
    Tier.IMPORTED: "imported",
    Tier.COMPUTED: "computed",
    Tier.PART: "part",
}


def as_text(graph: DependencyGraph, shown: Collection[TableName]) -> str:
    """Draw tables as a tree of text lines.

    A table stands below the parent that comes last in topological order; ``<- Other`` names its other parents.

    Args:
        graph: The dependency graph.
        shown: Tables to draw.

    Returns:
        One line per table, tiers in a column on the right.
    """
    order = [name for name in graph.order() if name in shown]
    if not order:
        return "(no tables)"
    labels = closest_names(order)
    position = {name: index for index, name in enumerate(order)}
    below: dict[TableName | None, list[TableName]] = {}
    beside: dict[TableName, list[TableName]] = {}
    for name in order:
        parents = list(dict.fromkeys(edge.parent for edge in graph.parents(name) if edge.parent in position))
        home = (
            name.master if name.master in position else max(parents, key=position.__getitem__, default=None)
        )
        below.setdefault(home, []).append(name)
        beside[name] = [parent for parent in parents if parent != home]
    lines: list[tuple[str, str]] = []

    def draw(name: TableName, indent: str, branch: str, deeper: str) -> None:
        others = ", ".join(labels[parent] for parent in beside[name])
        own = labels[name].split(".")[-1] if name.master in position else labels[name]
        text = f"{indent}{branch}{own}" + (f"  <- {others}" if others else "")
        lines.append((text, _TIER_NAMES.get(name.tier, "")))
        children = below.get(name, [])
        for index, child in enumerate(children):
            last = index == len(children) - 1
            draw(child, indent + deeper, "└─ " if last else "├─ ", "   " if last else "│  ")

    for root in below.get(None, []):
        draw(root, "", "", "")
    width = max(len(text) for text, _ in lines) + 3
    return "\n".join(f"{text:<{width}}{tier}" for text, tier in lines)
