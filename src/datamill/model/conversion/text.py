"""Rules for text, enums, UUIDs, bytes and JSON documents."""

from __future__ import annotations

import json
import math
import os
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, Final
from uuid import UUID

from datamill.errors import did_you_mean
from datamill.model.conversion.rule import Note, Refusal, Rule, of, unchanged, wrong_kind
from datamill.model.types import AttributeType


def text_rule(type: AttributeType) -> Rule:
    """Return the rule for char, varchar and unbounded text."""
    longest = type.args[0] if type.args else None
    strips = type.kind == "char"

    def each(value: Any, note: Note) -> str:
        text = _text_of(value)
        if strips:
            text = text.rstrip(" ")
        reason = _unstorable(text)
        if reason is not None:
            raise Refusal(reason)
        if longest is not None and len(text) > longest:
            raise Refusal(f"it has {len(text)} characters, more than {longest}")
        return text

    def fast(column: list[Any]) -> list[Any] | None:
        if strips:
            column = [text.rstrip(" ") for text in column]
        is_short = longest is None or max(map(len, column)) <= longest
        return column if is_short and _unstorable("".join(column)) is None else None

    return Rule(each, {of(str): fast})


def _unstorable(text: str) -> str | None:
    """Return why no database stores a text, or None."""
    if "\0" in text:
        return "it holds a NUL character"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "it holds a lone surrogate, which is no character"
    return None


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if (
        isinstance(value, Real | Decimal) and type(value).__name__ != "timedelta64"
    ):  # no number, for all numpy says
        return _text_of_number(value)
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        if isinstance(path, str):
            return path
    raise wrong_kind(value, "text", "Convert it with str(), or decode bytes with .decode().")


def _text_of_number(value: Any) -> str:
    if isinstance(value, Integral):
        try:
            return str(int(value))
        except ValueError:
            raise Refusal("it has too many digits") from None
    return repr(float(value)) if isinstance(value, float) else str(value)


def enum_rule(type: AttributeType) -> Rule:
    """Return the rule for enums: exactly a member."""
    members = frozenset(type.args)

    def each(value: Any, note: Note) -> str:
        text = _text_of(value)
        if text not in members:
            choices = ", ".join(map(repr, type.args[:20]))
            raise Refusal(f"it is not one of {choices}", did_you_mean(text[:100], type.args))
        return text

    def fast(column: list[Any]) -> list[Any] | None:
        return column if members.issuperset(column) else None

    return Rule(each, {of(str): fast})


def uuid_rule(type: AttributeType) -> Rule:
    """Return the rule for UUIDs: UUID objects and their text."""

    def each(value: Any, note: Note) -> UUID:
        if isinstance(value, UUID):
            return value
        if not isinstance(value, str):
            raise wrong_kind(value, "a UUID", "Give a uuid.UUID, or its 32 hexadecimal digits as text.")
        try:
            return UUID(value.strip())
        except ValueError:
            raise Refusal("the text is not a UUID", wrong_kind=True) from None

    return Rule(each, {of(UUID): unchanged})


def bytes_rule(type: AttributeType) -> Rule:
    """Return the rule for bytes: whatever is bytes-like."""

    def each(value: Any, note: Note) -> bytes:
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        hint = "Encode text with .encode(); store arrays and objects in a <blob> attribute."
        raise wrong_kind(value, "bytes", hint)

    return Rule(each, {of(bytes): unchanged})


_LOWEST_INT: Final = -(2**63)
_HIGHEST_INT: Final = 2**64 - 1


def json_rule(type: AttributeType) -> Rule:
    """Return the rule for JSON documents."""

    def each(value: Any, note: Note) -> Any:
        try:
            return _document(value)
        except RecursionError:
            raise Refusal("it is nested too deep, or contains itself", wrong_kind=True) from None

    def fast(column: list[Any]) -> list[Any]:
        return [each(value, _silent) for value in column]

    return Rule(each, dict.fromkeys((of(dict), of(list), of(dict, list)), fast))


def _silent(loss: str) -> None:
    """Take no note: documents lose nothing."""


def _document(value: Any) -> Any:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return _json_text(value)
    if isinstance(value, dict):
        return {_json_key(key): _document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_document(item) for item in value]
    return _json_number(value)


def _json_text(text: str) -> str:
    reason = _unstorable(text)
    if reason is not None:
        raise Refusal(f"a text in it cannot be stored: {reason}", wrong_kind=True)
    return str.__str__(text)


def _json_key(key: Any) -> str:
    if not isinstance(key, str):
        reason = f"a key in it is {type(key).__name__}, not text"
        raise Refusal(reason, "Convert keys with str().", wrong_kind=True)
    return _json_text(key)


def _json_number(value: Any) -> int | float | bool:
    is_scalar = type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
    plain = value.item() if is_scalar and value.dtype.kind not in "mM" else value  # times are no numbers
    if isinstance(plain, bool):
        return plain
    if isinstance(plain, int):
        if not _LOWEST_INT <= plain <= _HIGHEST_INT:
            raise Refusal("an integer in it has more than 64 bits", wrong_kind=True)
        return int(plain)
    if isinstance(plain, float):
        if not math.isfinite(plain):
            raise Refusal("JSON has neither NaN nor infinity", "Use None.", wrong_kind=True)
        return float(plain)
    hint = "JSON has dict, list, str, int, float, bool and None; store other objects in a <blob> attribute."
    raise Refusal(f"{type(value).__name__} has no form in JSON", hint, wrong_kind=True)


def json_text(document: Any) -> str:
    """Return the text of a canonical JSON document: keys sorted, no blanks, so that equal documents are equal text.

    Example:
        >>> json_text({"b": [1, None], "a": "é"})
        '{"a":"é","b":[1,null]}'
    """
    return json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
