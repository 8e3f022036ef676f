"""Pictures as text in the DOT language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from datamill.diagram.picture import Family, Group, Line, Node, Picture
from datamill.diagram.themes import Look, Theme

FONT = "Helvetica,Arial,sans-serif"
SHAPES = {
    "manual": 'shape=box, style="rounded,filled", margin="0.14,0.06"',
    "lookup": 'shape=box, style="rounded,filled", margin="0.14,0.06"',
    "imported": 'shape=ellipse, style="filled", margin="0.04,0.02"',
    "computed": 'shape=ellipse, style="filled", margin="0.04,0.02"',
    "part": 'shape=box, style="filled", fontsize=10, height=0.2, margin="0.08,0.03"',
    "other": 'shape=box, style="filled", margin="0.14,0.06"',
    "schema": 'shape=box3d, style="filled", margin="0.2,0.1"',
}
WIDE, NARROW = 2, 0.75


def as_dot(picture: Picture, theme: Theme, direction: str = "LR") -> str:
    """Write a picture as a directed graph.

    Args:
        picture: What to draw.
        theme: Colours.
        direction: ``LR`` (from left to right) or ``TB`` (from top to bottom).

    Returns:
        The text; the same picture gives the same text.
    """
    return "\n".join(_graph(picture, theme, direction)) + "\n"


def _graph(picture: Picture, theme: Theme, direction: str) -> Iterator[str]:
    yield "digraph pipeline {"
    yield (
        f"  graph [rankdir={direction}, bgcolor={_text(theme.background)}, fontname={_text(FONT)}, fontsize=12, "
        'pad=0.2, nodesep=0.18, ranksep=0.45, newrank=true, remincross=true, outputorder=edgesfirst, tooltip=" "];'
    )
    yield f"  node [fontname={_text(FONT)}, fontsize=12, height=0.32, penwidth=1];"
    yield "  edge [arrowhead=none];"
    for number, group in enumerate(picture.groups):
        yield from _group(group, number, theme)
    for node in picture.schemas:
        yield "  " + _node(node, theme)
    for line in picture.lines:
        yield "  " + _line(line, theme)
    yield "}"


def _group(group: Group, number: int, theme: Theme) -> Iterator[str]:
    yield f"  subgraph cluster_{number} {{"
    yield (
        f'    graph [label={_text(group.title)}, labeljust=l, style="dashed,rounded", color={_text(theme.group)}, '
        f'fontcolor={_text(theme.group_text)}, margin=12, class="schema", tooltip={_text(group.title)}];'
    )
    for index, family in enumerate(group.families):
        yield from _family(family, f"{number}_{index}", theme)
    yield "  }"


def _family(family: Family, number: str, theme: Theme) -> Iterator[str]:
    if not family.parts:
        yield "    " + _node(family.master, theme)
        return
    yield f"    subgraph cluster_{number} {{"
    yield (
        f'      graph [label="", style="filled,rounded", color={_text(theme.family)}, '
        f'fillcolor={_text(theme.family)}, margin=6, class="family", tooltip={_text(family.master.label)}];'
    )
    for node in (family.master, *family.parts):
        yield "      " + _node(node, theme)
    yield "    }"


def _node(node: Node, theme: Theme) -> str:
    look = theme.nodes[node.kind]
    return (
        f"{_text(node.id)} [label={_label(node, look)}, {SHAPES[node.kind]}, fillcolor={_text(look.fill)}, "
        f"color={_text(look.line)}, fontcolor={_text(look.text)}, class={_text(node.kind)}, "
        f"tooltip={_text(node.tooltip)}];"
    )


def _label(node: Node, look: Look) -> str:
    first, *rest = (_markup(line) for line in node.label.split("\n"))
    head = f"<U>{first}</U>" if node.underlined else first
    tail = "".join(f'<BR/><FONT POINT-SIZE="9">{line}</FONT>' for line in rest)
    return f"<{head}{tail}>"


def _line(line: Line, theme: Theme) -> str:
    style = "solid" if line.primary else "dashed"
    colour, kind = (theme.renamed, "renamed") if line.renames else (theme.edge, "plain")
    weight = _weight(line)
    tooltip = line.tooltip or f"{line.head} <- {line.tail}".replace(":", "")
    return (
        f"{_text(line.tail)} -> {_text(line.head)} [style={style}, penwidth={WIDE if line.wide else NARROW}, "
        f"color={_text(colour)}, class={_text(kind)}, weight={weight}, tooltip={_text(tooltip)}];"
    )


def _weight(line: Line) -> int:
    """Return how much an edge wants to be short and straight: parts stay with masters, chains in line.

    Secondary references to other schemas give way: they would pull lines of computation apart.
    """
    if line.within == "family":
        return 24
    if line.within == "schema":
        return 6 if line.wide else 3 if line.primary else 2
    return 2 if line.primary else 0


def _text(text: str) -> str:
    """Quote a text, lines kept."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _markup(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
