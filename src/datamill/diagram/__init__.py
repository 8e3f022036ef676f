"""Pictures of the dependency graph."""

from datamill.diagram.dot import as_dot
from datamill.diagram.mermaid import as_mermaid
from datamill.diagram.picture import Naming, Picture, compose
from datamill.diagram.render import as_png, as_svg
from datamill.diagram.selection import around, closest_names
from datamill.diagram.text import as_text
from datamill.diagram.themes import THEMES, Theme

__all__ = [
    "THEMES",
    "Naming",
    "Picture",
    "Theme",
    "around",
    "as_dot",
    "as_mermaid",
    "as_png",
    "as_svg",
    "as_text",
    "closest_names",
    "compose",
]
