"""What column comments and defaults of the database's catalog mean."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from datamill.errors import DefinitionError
from datamill.model.attribute import Now
from datamill.model.types import AttributeType, parse_type
from datamill.sql.dialects.base import Dialect

_NOW = re.compile(
    r"(?:current_timestamp|current_date|current_time|now|localtimestamp|curdate|curtime)\b(?:\(\d?\))?\Z",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[EN]?'((?:[^']|'')*)'(?:\s*::.*)?\Z", re.DOTALL)
_NULL = re.compile(r"NULL(?:\s*::.*)?\Z", re.IGNORECASE | re.DOTALL)
_BYTES = re.compile(r"[Xx]'([0-9A-Fa-f]*)'\Z")

_MOMENTS = ("date", "datetime", "time")
_FROM_TEXT = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}


def split_record(comment: str) -> tuple[str | None, str]:
    """Split the comment of a column into the type record and the text: ``:TYPE:text``.

    Args:
        comment: As the database keeps it.

    Returns:
        The type's text, None without record; and the user's comment.

    Example:
        >>> split_record(":enum('a:b','c'):it's so")
        ("enum('a:b','c')", "it's so")
        >>> split_record("plain")
        (None, 'plain')
    """
    if not comment.startswith(":"):
        return None, comment
    quote = ""
    for position, character in enumerate(comment[1:], start=1):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == ":":
            return comment[1:position], comment[position + 1 :]
    return None, comment


def recorded_type(text: str | None) -> AttributeType | None:
    """Return the type of a record; None without record, or with one that this version cannot read."""
    if not text:
        return None
    try:
        return parse_type(text)
    except DefinitionError:
        return None


def parse_default(text: str | None, type: AttributeType, dialect: Dialect) -> Any:
    """Return the default of a column as a canonical Python value.

    Args:
        text: SQL of the default as the catalog shows it; None if there is none.
        type: The stored type.
        dialect: Whose SQL it is.

    Returns:
        The value, `Now`, or None.
    """
    if text is None:
        return None
    bare = _strip_parentheses(text)
    if _NULL.match(bare):
        return None
    if type.family in _MOMENTS and (_NOW.match(bare) or bare == _strip_parentheses(dialect.ddl.now(type))):
        return Now(type.args[0] if type.args else 0)
    return _from_literal(bare, type, dialect)


def _strip_parentheses(text: str) -> str:
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _is_one_group(text):
        text = text[1:-1].strip()
    return text


def _is_one_group(text: str) -> bool:
    """True if the first parenthesis is closed by the last one."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(text) - 1
    return False


def _from_literal(text: str, type: AttributeType, dialect: Dialect) -> Any:
    quoted, hexadecimal = _QUOTED.match(text), _BYTES.match(text)
    value: Any = text
    if quoted is not None:
        value = quoted[1].replace("''", "'")
    elif hexadecimal is not None:
        value = bytes.fromhex(hexadecimal[1])
    try:
        return _canonical(value, type, dialect)
    except (ValueError, ArithmeticError):
        # A default that someone wrote by hand: an expression. The database applies it; here it only shows.
        return value


def _canonical(value: Any, type: AttributeType, dialect: Dialect) -> Any:
    if isinstance(value, str):
        if type.family == "integer":
            return int(value)
        if type.family == "float":
            return float(value)
        if type.family == "decimal":
            return Decimal(value)
        if type.family == "bool":
            return value.lower() in ("1", "true", "t")
        if type.family in _MOMENTS:
            return _FROM_TEXT[type.family](value)
    adapt = dialect.from_driver_for(type)
    return value if adapt is None else adapt(value)
