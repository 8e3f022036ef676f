"""Reading one line of a definition: places, quotes and brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from datamill.errors import DefinitionError
from datamill.language.tree import Position

CLOSING = {"(": ")", "<": ">", "[": "]"}
_UNSTORABLE = re.compile("[\\0\\ud800-\\udfff]")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a definition, stripped, which knows where it came from.

    Fields:
        number: 1-based line number.
        raw: The line as it stands in the text, without trailing blanks.
        table: The table being defined, if known.
    """

    number: int
    raw: str
    table: str | None = None

    @property
    def text(self) -> str:
        """The line without blanks around it; offsets count from its start."""
        return self.raw.strip()

    @property
    def indent(self) -> int:
        """How many blanks stand before the text."""
        return len(self.raw) - len(self.raw.lstrip())

    def at(self, offset: int = 0) -> Position:
        """Return the place of a character of the text."""
        return Position(self.number, self.raw, self.indent + offset + 1)

    def error(self, message: str, offset: int = 0, hint: str | None = None) -> DefinitionError:
        """Make the error for something wrong at an offset of the text."""
        return self.at(offset).error(message, hint, self.table)

    def locate(self, error: DefinitionError, offset: int = 0) -> DefinitionError:
        """Return an error as it reads when it happened at an offset of the text."""
        return self.at(offset).locate(error, self.table)


def source_lines(text: str, table: str | None) -> Iterator[SourceLine]:
    """Yield the lines of a definition that are not blank.

    Raises:
        DefinitionError: The text holds characters that no database can store: NUL or a lone surrogate.
    """
    for number, raw in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        line = SourceLine(number, raw.rstrip(), table)
        bad = _UNSTORABLE.search(line.text)
        if bad is not None:
            raise line.error(f"The character {bad[0]!r} cannot be stored.", bad.start(), "Remove it.")
        if line.text:
            yield line


def structure(line: SourceLine, start: int = 0) -> list[tuple[int, str]]:
    """Return the offsets of the structural characters ``# : = ,`` of a line, up to the first ``#``.

    Those inside quotes, parentheses and ``<>`` do not count.

    Raises:
        DefinitionError: A quote or bracket is not closed.
    """
    found: list[tuple[int, str]] = []
    text, offset = line.text, start
    while offset < len(text):
        character = text[offset]
        if character in "'\"(<":
            offset = closing(line, offset)
        elif character in "#:=,":
            found.append((offset, character))
            if character == "#":
                break
        offset += 1
    return found


def closing(line: SourceLine, start: int) -> int:
    """Return the offset of the quote or bracket that closes the one at an offset.

    Within parentheses, quotes and inner parentheses are skipped; within ``<>``, ``[]`` and quotes nothing counts.

    Raises:
        DefinitionError: There is none.
    """
    text = line.text
    if text[start] != "(":
        end = text.find(CLOSING.get(text[start], text[start]), start + 1)
        if end < 0:
            raise _unclosed(line, start)
        return end
    depth, offset = 0, start
    while offset < len(text):
        character = text[offset]
        if character in "'\"":
            offset = closing(line, offset)
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return offset
        offset += 1
    raise _unclosed(line, start)


def _unclosed(line: SourceLine, start: int) -> DefinitionError:
    opener = line.text[start]
    return line.error(f"{opener} is not closed.", start, f"Add the closing {CLOSING.get(opener, opener)}.")


def split_commas(line: SourceLine, start: int, end: int) -> list[tuple[int, str]]:
    """Split a stretch of a line at its commas outside quotes and parentheses.

    Returns:
        Pairs (offset, stripped text), possibly empty texts.
    """
    pieces: list[tuple[int, str]] = []
    text, begin, offset = line.text, start, start
    while offset <= end:
        if offset == end or text[offset] == ",":
            piece = text[begin:offset]
            pieces.append((begin + len(piece) - len(piece.lstrip()), piece.strip()))
            begin = offset + 1
        elif text[offset] in "'\"(":
            offset = closing(line, offset)
        offset += 1
    return pieces


def quote(text: str) -> str:
    r"""Write a string in quotes, doubling those inside if both kinds occur.

    Example:
        >>> quote("it's"), quote('a "b"')
        ('"it\'s"', '\'a "b"\'')
    """
    mark = "'" if '"' in text else '"'
    return mark + text.replace(mark, mark * 2) + mark


def unquote(text: str) -> str:
    """Read a string written in quotes."""
    mark = text[0]
    return text[1:-1].replace(mark * 2, mark)
