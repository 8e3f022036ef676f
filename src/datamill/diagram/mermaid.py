"""Pictures as Mermaid flowcharts, which GitHub, GitLab and many notebooks draw."""

from __future__ import annotations

from collections.abc import Iterator

from datamill.diagram.picture import Family, Group, Line, Node, Picture
from datamill.diagram.themes import Theme

_SHAPES = {
    "manual": ("(", ")"),
    "lookup": ("(", ")"),
    "imported": ("([", "])"),
    "computed": ("([", "])"),
    "part": ("[", "]"),
    "other": ("[", "]"),
    "schema": ("[[", "]]"),
}


def as_mermaid(picture: Picture, theme: Theme, direction: str = "LR") -> str:
    """Write a picture as a Mermaid flowchart; arguments as for `dot.as_dot`."""
    return "\n".join(_Writer(picture, theme, direction).lines()) + "\n"


class _Writer:
    def __init__(self, picture: Picture, theme: Theme, direction: str) -> None:
        self._picture = picture
        self._theme = theme
        self._direction = direction
        self._ids: dict[str, str] = {}
        self._kinds: dict[str, list[str]] = {}
        self._families: list[str] = []
        self._groups: list[str] = []

    def lines(self) -> Iterator[str]:
        yield f"flowchart {self._direction}"
        for number, group in enumerate(self._picture.groups):
            yield from self._group(group, number)
        for node in self._picture.schemas:
            yield "  " + self._node(node)
        for line in self._picture.lines:
            yield "  " + self._edge(line)
        yield from self._styles()

    def _group(self, group: Group, number: int) -> Iterator[str]:
        self._groups.append(f"s{number}")
        yield f'  subgraph s{number}["{_escape(group.title)}"]'
        for index, family in enumerate(group.families):
            yield from self._family(family, f"f{number}_{index}")
        yield "  end"

    def _family(self, family: Family, id: str) -> Iterator[str]:
        if not family.parts:
            yield "    " + self._node(family.master)
            return
        self._families.append(id)
        yield f'    subgraph {id}[" "]'
        for node in (family.master, *family.parts):
            yield "      " + self._node(node)
        yield "    end"

    def _node(self, node: Node) -> str:
        id = self._ids[node.id] = f"n{len(self._ids)}"
        self._kinds.setdefault(node.kind, []).append(id)
        first, *rest = node.label.split("\n")
        head = f"<u>{_escape(first)}</u>" if node.underlined else _escape(first)
        left, right = _SHAPES[node.kind]
        return f'{id}{left}"{"<br/>".join([head, *map(_escape, rest)])}"{right}'

    def _edge(self, line: Line) -> str:
        stroke = "===" if line.wide else "---" if line.primary else "-.-"
        return f"{self._ids[line.tail]} {stroke} {self._ids[line.head]}"

    def _styles(self) -> Iterator[str]:
        for kind, ids in self._kinds.items():
            look = self._theme.nodes[kind]
            yield f"  classDef {kind} fill:{look.fill},stroke:{look.line},color:{look.text}"
            yield f"  class {','.join(ids)} {kind}"
        for id in self._groups:
            yield f"  style {id} fill:none,stroke:{self._theme.group},stroke-dasharray:4 3"
        for id in self._families:
            yield f"  style {id} fill:{self._theme.family},stroke:{self._theme.family}"
        renamed = [str(number) for number, line in enumerate(self._picture.lines) if line.renames]
        plain = [str(number) for number, line in enumerate(self._picture.lines) if not line.renames]
        if plain:
            yield f"  linkStyle {','.join(plain)} stroke:{self._theme.edge}"
        if renamed:
            yield f"  linkStyle {','.join(renamed)} stroke:{self._theme.renamed}"


def _escape(text: str) -> str:
    for plain, code in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(plain, code)
    return text
