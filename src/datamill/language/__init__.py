"""The definition language: parse, print, resolve and describe table definitions.

Example:
    >>> from datamill.language import parse_definition, print_definition
    >>> print(print_definition(parse_definition("mouse_id : int32  # ear tag")), end="")
    mouse_id : int32 # ear tag
"""

from __future__ import annotations

from datamill.language.describer import definition_of, describe
from datamill.language.dotted_names import resolve_dotted
from datamill.language.older import with_codecs
from datamill.language.parser import LONGEST_COMMENT, LONGEST_TABLE_COMMENT, parse_definition
from datamill.language.printer import print_definition, print_line
from datamill.language.reference_parser import parse_reference, quoted_name
from datamill.language.resolver import SINGLETON, resolve_definition, singleton_attribute
from datamill.language.tree import (
    AttributeLine,
    Default,
    Definition,
    ForeignKeyLine,
    IndexLine,
    Line,
    Position,
    ProjectionItem,
    Reference,
    SeparatorLine,
)

__all__ = [
    "LONGEST_COMMENT",
    "LONGEST_TABLE_COMMENT",
    "SINGLETON",
    "AttributeLine",
    "Default",
    "Definition",
    "ForeignKeyLine",
    "IndexLine",
    "Line",
    "Position",
    "ProjectionItem",
    "Reference",
    "SeparatorLine",
    "definition_of",
    "describe",
    "parse_definition",
    "parse_reference",
    "print_definition",
    "print_line",
    "quoted_name",
    "resolve_definition",
    "resolve_dotted",
    "singleton_attribute",
    "with_codecs",
]
