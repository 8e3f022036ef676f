"""Titles of schemas, where no edge runs through them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Point = tuple[float, float]

_STEP = 6.0
"""Points (1/72 inch) between the places that are tried."""
_PIECES = 8
"""Straight pieces that stand for one piece of a curve."""
_POINTS_PER_INCH = 72


def place_titles(graph: Any) -> None:
    """Move the titles of schemas along the upper rim of their boxes to where the fewest edges are, before the edges.

    Args:
        graph: A ``pygraphviz.AGraph`` that is laid out. Titles become nodes, which are drawn over edges.
    """
    curves = [list(_curve(edge.attr["pos"])) for edge in graph.edges() if edge.attr["pos"]]
    for box in graph.subgraphs():
        title = box.graph_attr["label"]
        if title:
            _place(graph, box, title, curves)


def _place(graph: Any, box: Any, title: str, curves: list[list[Point]]) -> None:
    attributes = box.graph_attr
    left, _, right, _ = map(float, attributes["bb"].split(","))
    x, y = map(float, attributes["lp"].split(","))
    width, height = (float(attributes[name]) * _POINTS_PER_INCH for name in ("lwidth", "lheight"))
    last = right - width / 2 - (x - width / 2 - left)
    places = [x + step * _STEP for step in range(max(1, int((last - x) / _STEP) + 1))]
    near = [[a for a, b in curve if abs(b - y) <= height / 2] for curve in curves]
    crossings = [curve for curve in near if curve]
    reach = (width + _STEP) / 2
    best = min(
        places, key=lambda place: sum(any(abs(a - place) <= reach for a in curve) for curve in crossings)
    )
    attributes["label"] = ""
    graph.add_node(
        f"title of {box.name}",
        label=title,
        pos=f"{best},{y}",
        width=(width + 1) / _POINTS_PER_INCH,  # Graphviz has rounded it, maybe to less than the text takes
        height=(height + 1) / _POINTS_PER_INCH,
        fixedsize="true",
        shape="box",
        style="filled",
        penwidth=0,
        margin=0,
        fillcolor=graph.graph_attr["bgcolor"],
        fontcolor=attributes["fontcolor"],
        tooltip=attributes["tooltip"],
        **{"class": "title"},
    )


def _curve(position: str) -> Iterator[Point]:
    """Yield points of an edge, given as Graphviz writes it: cubic Bézier pieces that share their ends."""
    ends = [tuple(map(float, text.split(",")[-2:])) for text in position.split()]
    for start in range(0, len(ends) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = ends[start : start + 4]
        for piece in range(_PIECES + 1):
            t = piece / _PIECES
            u = 1 - t
            a, b, c, d = u**3, 3 * u * u * t, 3 * u * t * t, t**3
            yield a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy
