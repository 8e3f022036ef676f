"""Pictures of the dependency graph."""

from datamill.diagram.selection import around, closest_names
from datamill.diagram.text import as_text

__all__ = ["around", "as_text", "closest_names"]
