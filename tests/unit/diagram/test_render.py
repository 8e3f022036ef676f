"""Drawing: titles keep clear of edges, and the terminal stays quiet."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from datamill.diagram.dot import as_dot
from datamill.diagram.picture import Family, Group, Line, Node, Picture
from datamill.diagram.render import as_png, as_svg
from datamill.diagram.themes import DARK, LIGHT

NUMBER = r"-?\d+(?:\.\d+)?"


def table(name: str) -> Family:
    return Family(Node(name, name, "manual"))


def crossing_picture() -> Picture:
    """A schema below another one, into which edges come from above."""
    above = [table(f"above_{index}") for index in range(4)]
    below = [table(f"below_{index}") for index in range(4)]
    chain = [Line(f"below_{index}", f"below_{index + 1}", wide=True, within="schema") for index in range(3)]
    down = [Line(f"above_{index}", f"below_{index}") for index in range(4)]
    return Picture((Group("sources", tuple(above)), Group("results", tuple(below))), (), (*chain, *down))


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_edges_keep_clear_of_titles(direction: str) -> None:
    svg = as_svg(as_dot(crossing_picture(), LIGHT, direction))
    boxes = re.findall(r'class="node title">.*?points="([^"]*)".*?>(\w+)</text>', svg, re.DOTALL)
    assert {title for _, title in boxes} == {"sources", "results"}
    edges = [
        re.findall(rf"({NUMBER}),({NUMBER})", path) for path in re.findall(r'<path [^>]*d="([^"]*)"', svg)
    ]
    assert edges
    for corners, title in boxes:
        xs, ys = zip(
            *((float(a), float(b)) for a, b in re.findall(rf"({NUMBER}),({NUMBER})", corners)), strict=True
        )
        for edge in edges:
            assert not any(min(xs) < float(a) < max(xs) and min(ys) < float(b) < max(ys) for a, b in edge), (
                title
            )
    assert svg.index('class="node title"') > svg.rindex('class="edge')


def test_the_background_of_titles_follows_the_viewer() -> None:
    svg = as_svg(as_dot(crossing_picture(), LIGHT), follows_system=True)
    style = svg.partition("<style>")[2].partition("</style>")[0]
    assert f".node.title polygon {{ fill: {DARK.background}" in style


def test_pictures_are_the_same_each_time() -> None:
    dot = as_dot(crossing_picture(), DARK)
    assert as_png(dot) == as_png(dot)
    assert as_svg(dot) == as_svg(dot)


@pytest.mark.parametrize("title", ["lab", "ana", "x", "a_b_c", "W" * 30, "illi"])
def test_titles_fit_their_boxes(title: str, capfd: pytest.CaptureFixture[str]) -> None:
    as_svg(as_dot(Picture((Group(title, (table("a"),)),)), LIGHT))
    assert capfd.readouterr().err == ""


SCRIPT = """
import os
from datamill.diagram.fonts import quiet_fonts
from datamill.diagram.render import as_png
with open("picture.png", "wb") as file:
    file.write(as_png('digraph { graph [label=""] a -> b }'))
with quiet_fonts():
    os.write(2, b"Fontconfig warning: line 6: unknown element\\nsomething else\\n")
"""


def test_only_complaints_about_fonts_are_left_out(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stderr == "something else\n"
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
