r"""Regular expressions: one meaning, spelled as each engine wants it.

``.`` is anything but a newline; ``\d \w \s \b`` are about ASCII; ``$`` is the very end. POSIX classes stand in
brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from datamill.algebra.expression.kinds import Mismatch

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": " \\t\\n\\r\\f\\v"}
_POSIX = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "A-Za-z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": " \\t\\n\\r\\f\\v",
    "blank": " \\t",
    "punct": "!-/:-@\\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": "A-Za-z0-9_",
}
_TOKEN = re.compile(r"\\(?P<escape>.)|(?P<bracket>\[\^?\]?)|(?P<dot>\.)|(?P<end>\$)|(?P<other>.)", re.DOTALL)
_IN_BRACKET = re.compile(
    r"\[:(?P<posix>\^?\w+):\]|\\(?P<escape>.)|(?P<close>\])|(?P<open>\[)|(?P<other>.)", re.DOTALL
)
_PLAIN_ESCAPES = frozenset("tnrfv") | frozenset("\\.^$|?*+()[]{}-/\"'!#%&,:;<=>@_`~ ")


@dataclass(frozen=True, slots=True)
class Flavour:
    """How an engine spells what differs.

    Fields:
        boundary, no_boundary: A word's edge, and no such edge.
        end: The very end of the text.
        dot: Anything but a newline.
    """

    boundary: str = r"\b"
    no_boundary: str = r"\B"
    end: str = r"\Z"
    dot: str = r"[^\n]"


PYTHON = Flavour()
POSTGRESQL = Flavour(boundary=r"\y", no_boundary=r"\Y", end=r"\Z")
ICU = Flavour(end=r"\z")


def translate(pattern: str, flavour: Flavour = PYTHON) -> str:
    r"""Spell a pattern for an engine.

    Raises:
        Mismatch: The pattern has a construct without a common meaning.

    Example:
        >>> translate(r"^\d+[[:alpha:]_].$")
        '^[0-9]+[A-Za-z_][^\\n]\\Z'
    """
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            raise Mismatch(f"The pattern {pattern!r} ends with a backslash")
        position = match.end()
        if match["bracket"]:
            text, position = _bracket(pattern, match["bracket"], position)
            parts.append(text)
        else:
            parts.append(_outside(pattern, match, flavour))
    return "".join(parts)


def check(pattern: str) -> None:
    """Raise Mismatch if a pattern is not well-formed."""
    try:
        re.compile(translate(pattern), re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise Mismatch(f"{pattern!r} is no regular expression: {error}") from None


def _outside(pattern: str, match: re.Match[str], flavour: Flavour) -> str:
    if match["dot"]:
        return flavour.dot
    if match["end"]:
        return flavour.end
    if match["other"] == "\b":  # what '\\b' becomes in a string: nobody searches for a backspace
        return flavour.boundary
    letter = match["escape"]
    if letter is None:
        if match["other"] == "\\":
            raise Mismatch(f"The pattern {pattern!r} ends with a backslash")
        return match["other"]
    if letter in _CLASSES:
        return f"[{_CLASSES[letter]}]"
    if letter.lower() in _CLASSES:
        return f"[^{_CLASSES[letter.lower()]}]"
    if letter in "bB":
        return flavour.boundary if letter == "b" else flavour.no_boundary
    return _escaped(pattern, letter)


def _escaped(pattern: str, letter: str) -> str:
    if letter in _PLAIN_ESCAPES or letter.isdigit():
        return letter if letter in "/\"'!#%&,:;<=>@_`~ " else f"\\{letter}"
    raise Mismatch(f"'\\{letter}' in the pattern {pattern!r} does not mean the same in all databases")


def _bracket(pattern: str, start: str, position: int) -> tuple[str, int]:
    opened = start.rstrip("]") + ("\\]" if start.endswith("]") else "")
    parts = [opened]
    while True:
        match = _IN_BRACKET.match(pattern, position)
        if match is None:
            raise Mismatch(f"A bracket in the pattern {pattern!r} is not closed")
        position = match.end()
        if match["close"]:
            return "".join(parts) + "]", position
        parts.append(_inside(pattern, match))


def _inside(pattern: str, match: re.Match[str]) -> str:
    if match["posix"]:
        if match["posix"] not in _POSIX:
            raise Mismatch(f"[:{match['posix']}:] in the pattern {pattern!r} is no class of characters")
        return _POSIX[match["posix"]]
    if match["open"]:
        return "\\["
    letter = match["escape"]
    if letter is None:
        return "\\\\" if match["other"] == "\\" else match["other"]
    if letter in _CLASSES:
        return _CLASSES[letter]
    if letter.lower() in _CLASSES or letter == "b":
        raise Mismatch(
            f"'\\{letter}' within brackets in the pattern {pattern!r} does not mean the same in all databases"
        )
    return f"\\{letter}" if letter in "\\]^-[" else _escaped(pattern, letter)
