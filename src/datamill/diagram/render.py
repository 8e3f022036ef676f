"""Drawing DOT text with the Graphviz that the wheels of pygraphviz carry."""

from __future__ import annotations

import re
from importlib import import_module
from threading import Lock
from typing import Any

from datamill.diagram.fonts import quiet_fonts
from datamill.diagram.themes import DARK, Theme
from datamill.diagram.titles import place_titles
from datamill.errors import MissingExtraError

_PROLOGUE = re.compile(r"\A.*?(?=<svg)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_ALONE = Lock()
"""Graphviz draws one picture at a time."""
_CLASS = "datamill-diagram"
"""Of the picture, so that its colours do not reach others on the page."""


def as_svg(dot: str, *, follows_system: bool = False) -> str:
    """Draw as SVG.

    Args:
        dot: The graph, in light colours if ``follows_system``.
        follows_system: Add the dark colours, for viewers who prefer these.

    Raises:
        MissingExtraError: pygraphviz cannot be imported.
    """
    svg = _COMMENT.sub("", _PROLOGUE.sub("", _draw(dot, "svg").decode("utf-8"), count=1))
    svg = svg.replace("<svg ", f'<svg class="{_CLASS}" ', 1)
    if follows_system:
        svg = svg.replace(">\n", f">\n<style>{_dark_style(DARK)}</style>\n", 1)
    return svg


def as_png(dot: str, dpi: int = 144) -> bytes:
    """Draw as PNG.

    Args:
        dot: The graph.
        dpi: Pixels per inch.

    Raises:
        MissingExtraError: pygraphviz cannot be imported.
    """
    return _draw(dot.replace("graph [", f"graph [dpi={dpi}, ", 1), "png")


def _draw(dot: str, format: str) -> bytes:
    try:
        graphviz: Any = import_module("pygraphviz")
    except ImportError as error:
        raise MissingExtraError(
            "Drawing needs pygraphviz, whose wheels carry Graphviz.",
            extra="diagram",
            hint="Install it: pip install 'datamill[diagram]'. make_dot() and make_mermaid() work without it.",
        ) from error
    with _ALONE, quiet_fonts():
        graph = graphviz.AGraph(string=dot)
        graph.layout(prog="dot")
        place_titles(graph)
        drawn: bytes = graph.draw(format=format)
    return drawn


def _dark_style(theme: Theme) -> str:
    rules = [
        f"& {{ background: {theme.background} }}",
        f"& .graph > polygon, & .graph > g > a > polygon {{ fill: {theme.background} }}",
    ]
    for kind, look in theme.nodes.items():
        shapes = ", ".join(f"& .node.{kind} {shape}" for shape in ("path", "polygon", "polyline", "ellipse"))
        rules.append(f"{shapes} {{ fill: {look.fill}; stroke: {look.line} }}")
        rules.append(f"& .node.{kind} text {{ fill: {look.text} }}")
    rules += [
        f"& .edge.plain path {{ stroke: {theme.edge} }}",
        f"& .edge.renamed path {{ stroke: {theme.renamed} }}",
        f"& .cluster.schema path {{ fill: none; stroke: {theme.group} }}",
        f"& .node.title polygon {{ fill: {theme.background}; stroke: none }}",
        f"& .node.title text {{ fill: {theme.group_text} }}",
        f"& .cluster.family path {{ fill: {theme.family}; stroke: {theme.family} }}",
    ]
    text = " ".join(rules).replace("&", f".{_CLASS}")
    return f"@media (prefers-color-scheme: dark) {{ {text} }}"
