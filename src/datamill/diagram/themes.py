"""Colours of pictures, light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind of node looks.

    Fields:
        fill: Colour of its surface.
        line: Colour of its border.
        text: Colour of its label.
    """

    fill: str
    line: str
    text: str


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours.

    Fields:
        nodes: Look by kind: ``manual lookup imported computed part other schema``.
        edge: Colour of edges.
        renamed: Colour of edges that rename attributes.
        group: Border and title of the box around a schema.
        family: Surface of the box around a master and its parts.
        background: Behind everything.
    """

    nodes: Mapping[str, Look]
    edge: str
    renamed: str
    group: str
    group_text: str
    family: str
    background: str


LIGHT = Theme(
    MappingProxyType(
        {
            "manual": Look("#dcf2e1", "#2f855a", "#1c4532"),
            "lookup": Look("#eceff3", "#7b8794", "#323f4b"),
            "imported": Look("#dceafc", "#2b6cb0", "#1a365d"),
            "computed": Look("#fde2e0", "#c53030", "#63171b"),
            "part": Look("#ffffff", "#9aa5b1", "#323f4b"),
            "other": Look("#ffffff", "#52606d", "#1f2933"),
            "schema": Look("#dfe4ea", "#616e7c", "#1f2933"),
        }
    ),
    edge="#52606d",
    renamed="#c77700",
    group="#9aa5b1",
    group_text="#616e7c",
    family="#f1f3f6",
    background="#ffffff",
)

DARK = Theme(
    MappingProxyType(
        {
            "manual": Look("#1c3d2e", "#68d391", "#d6f5e0"),
            "lookup": Look("#343c46", "#9aa5b1", "#e4e7eb"),
            "imported": Look("#1d3557", "#63b3ed", "#dbeafe"),
            "computed": Look("#4a2026", "#fc8181", "#fed7d7"),
            "part": Look("#1f2630", "#7b8794", "#e4e7eb"),
            "other": Look("#1f2630", "#9aa5b1", "#e4e7eb"),
            "schema": Look("#3e4c59", "#9aa5b1", "#f5f7fa"),
        }
    ),
    edge="#9aa5b1",
    renamed="#f6ad3c",
    group="#616e7c",
    group_text="#9aa5b1",
    family="#29313b",
    background="#161b22",
)

THEMES: Mapping[str, Theme] = MappingProxyType({"light": LIGHT, "dark": DARK})
