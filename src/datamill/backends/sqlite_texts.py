"""Text functions that SQLite lacks, or that mean something else there."""

from __future__ import annotations

import re
from functools import lru_cache
from uuid import UUID

from datamill.algebra.expression.kinds import Mismatch
from datamill.algebra.expression.patterns import translate
from datamill.backends.sqlite_numbers import out_of_range
from datamill.errors import QuerySyntaxError

_LONGEST = 2**28


def lower(text: str) -> str:
    """Return a text in lower case, letter by letter."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def upper(text: str) -> str:
    """Return a text in upper case, letter by letter."""
    high = text.upper()
    return high if len(high) == len(text) else "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def reverse(text: str) -> str:
    """Return a text backwards, by code points."""
    return text[::-1]


def repeat(text: str, count: int) -> str:
    """Return a text many times over."""
    if count * len(text) > _LONGEST:
        raise out_of_range(f"REPEAT gives {count * len(text)} characters")
    return text * max(count, 0)


def left(text: str, count: int) -> str:
    """Return the first characters."""
    return text[: max(count, 0)]


def right(text: str, count: int) -> str:
    """Return the last characters."""
    return text[-count:] if count > 0 else ""


def substring(text: str, start: int, count: int | None = None) -> str:
    """Return a part from a 1-based position, negative ones counting from the end; from 0 nothing."""
    if start == 0 or (count is not None and count < 1) or start < -len(text):
        return ""
    begin = start - 1 if start > 0 else len(text) + start
    return text[begin:] if count is None else text[begin : begin + count]


def locate(part: str, text: str, start: int = 1) -> int:
    """Return the 1-based position of a part at or behind a position, 0 if there is none."""
    return 0 if start < 1 or start > len(text) + 1 else text.find(part, start - 1) + 1


def pad_left(text: str, length: int, fill: str = " ") -> str:
    """Return a text brought to a length on its left side."""
    return _padding(text, length, fill) + text[: max(length, 0)]


def pad_right(text: str, length: int, fill: str = " ") -> str:
    """Return a text brought to a length on its right side."""
    return text[: max(length, 0)] + _padding(text, length, fill)


def _padding(text: str, length: int, fill: str) -> str:
    missing = length - len(text)
    if length > _LONGEST:
        raise out_of_range(f"a text of {length} characters")
    if missing <= 0 or not fill:
        return ""
    return (fill * (missing // len(fill) + 1))[:missing]


def find_in_set(part: str, items: str) -> int:
    """Return the 1-based position of an item in a list with commas, 0 if it is not in it."""
    if not items or "," in part:
        return 0
    parts = items.split(",")
    return parts.index(part) + 1 if part in parts else 0


def substring_index(text: str, mark: str, count: int) -> str:
    """Return what stands before the nth mark, or behind it, counted from the end, if negative."""
    if not mark or count == 0:
        return ""
    parts = text.split(mark)
    return mark.join(parts[:count] if count > 0 else parts[count:])


def sha2(value: str | bytes, bits: int) -> str:
    """Return the SHA-2 hash in hexadecimal digits."""
    import hashlib

    data = value.encode() if isinstance(value, str) else bytes(value)
    return hashlib.new(f"sha{bits}", data).hexdigest()


def concat_ws(separator: str | None, *texts: str | None) -> str | None:
    """Join texts, leaving out NULLs."""
    return None if separator is None else separator.join([text for text in texts if text is not None])


def uuid_of(text: str) -> bytes | None:
    """Return the bytes of a uuid, None if the text is none."""
    try:
        return UUID(text).bytes
    except ValueError:
        return None


def uuid_text(value: bytes) -> str:
    """Return the text of a uuid."""
    return str(UUID(bytes=bytes(value)))


# --- patterns


@lru_cache(maxsize=256)
def _like_pattern(pattern: str, escape: str) -> re.Pattern[str]:
    parts: list[str] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == escape:
            parts.append(re.escape(next(letters, escape)))
        elif letter == "%":
            parts.append(".*")
        else:
            parts.append("." if letter == "_" else re.escape(letter))
    return re.compile("".join(parts), re.DOTALL)


def like(text: str, pattern: str, escape: str = "\\") -> bool:
    """Return whether a text is like a pattern, case-sensitively."""
    return _like_pattern(pattern, escape).fullmatch(text) is not None


def ilike(text: str, pattern: str, escape: str = "\\") -> bool:
    """Return whether a text is like a pattern, whatever the case."""
    return _like_pattern(lower(pattern), lower(escape)).fullmatch(lower(text)) is not None


@lru_cache(maxsize=256)
def _regular(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(translate(pattern), re.ASCII)
    except (Mismatch, re.error, RecursionError, OverflowError) as error:
        raise QuerySyntaxError(
            f"{pattern!r} is no regular expression: {error}.", expression=pattern
        ) from None


def regexp(pattern: str, text: str) -> bool:
    """Return whether a pattern is found in a text."""
    return _regular(pattern).search(text) is not None


def regexp_replace(text: str, pattern: str, replacement: str) -> str:
    r"""Replace all matches; ``\1`` stands for a group."""
    found = _regular(pattern)

    def insert(match: re.Match[str]) -> str:
        return re.sub(r"\\(\d)", lambda mark: match.group(int(mark[1])) or "", replacement)

    try:
        return found.sub(insert, text)
    except IndexError:
        raise QuerySyntaxError(
            f"{replacement!r} names a group that {pattern!r} lacks.", expression=pattern
        ) from None


def regexp_substr(text: str, pattern: str) -> str | None:
    """Return the first match, None if there is none."""
    match = _regular(pattern).search(text)
    return None if match is None else match.group(0)
