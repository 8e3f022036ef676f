"""The parser of index lines: ``[unique] index (parts) # text``."""

from __future__ import annotations

import re

from datamill.errors import DefinitionError, near_misses
from datamill.language.source import SourceLine, closing, split_commas
from datamill.language.tree import IndexLine
from datamill.model.table import IndexPart
from datamill.model.types import AttributeType, parse_type

INDEX = re.compile(r"(?P<unique>unique\s+)?index\s*(?=\()", re.IGNORECASE)

_WORDS = re.compile(r"(?P<words>[A-Za-z_]+(?:\s+[A-Za-z_]+)?)\s*(?P<rest>\(.*)", re.DOTALL)
_PART = re.compile(
    r"""(?P<name>[a-z][a-z0-9_]*)
        (?:\s*\.\s*(?P<path>\w+(?:\[[0-9]+\])*(?:\.\w+(?:\[[0-9]+\])*)*)
           (?:\s*:\s*(?P<type>.+))?
        )?\Z""",
    re.VERBOSE | re.DOTALL,
)
_CAST_WORDS = {"signed": "int64", "unsigned": "uint64", "char": "text"}


def parse_index(line: SourceLine) -> IndexLine:
    """Read a line that declares an index.

    Raises:
        DefinitionError: It breaks the grammar.
    """
    opening = INDEX.match(line.text)
    assert opening is not None
    end = closing(line, opening.end())
    rest = line.text[end + 1 :].strip()
    if rest and not rest.startswith("#"):
        raise line.error(
            f"{rest!r} is out of place behind an index.", end + 1, "Write index (names) # comment."
        )
    parts: list[IndexPart] = []
    for offset, text in split_commas(line, opening.end() + 1, end):
        part = _part(line, offset, text)
        if part in parts:
            raise line.error(f"{text!r} stands twice in the index.", offset, "Give it once.")
        parts.append(part)
    return IndexLine(tuple(parts), opening["unique"] is not None, line.at())


def misspelt_index(text: str) -> str | None:
    """Return what a line that looks like an index should have been, else None.

    Example:
        >>> misspelt_index("unqiue index (a, b)")
        'unique index (a, b)'
    """
    match = _WORDS.match(text[:200])
    if match is None:
        return None
    words = " ".join(match["words"].lower().split())
    close = near_misses(words, ["index", "unique index"], limit=1)
    meant = "unique index" if words == "unique" else close[0] if close else None
    return f"{meant} {match['rest']}" if meant else None


def _part(line: SourceLine, offset: int, text: str) -> IndexPart:
    if text.startswith("(") and closing(line, offset) == offset + len(text) - 1:
        expression = text[1:-1].strip()
        if not expression:
            raise line.error("The expression is empty.", offset, "Write one between the parentheses.")
        return IndexPart(expression=expression)
    match = _PART.match(text)
    if match is None:
        hint = "Write expressions in parentheses: index ((lower(name)))." if "(" in text else None
        raise line.error(
            f"{text!r} is not a part of an index.",
            offset,
            hint or "Write names of attributes, comma-separated.",
        )
    type_ = _path_type(line, offset + match.start("type"), match["type"]) if match["type"] else None
    return IndexPart(match["name"], match["path"], type_)


def _path_type(line: SourceLine, offset: int, text: str) -> AttributeType:
    try:
        return parse_type(_CAST_WORDS.get(text.strip().lower(), text))
    except DefinitionError as error:
        raise line.locate(error, offset) from None
