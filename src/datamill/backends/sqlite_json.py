"""JSON functions that SQLite lacks, or that write documents in another form."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any
from uuid import UUID

from datamill.algebra.expression.paths import parse_path

_ABSENT = object()


def _load(text: str) -> Any:
    return json.loads(text)


def _dump(value: Any) -> str:
    """Write a document as MySQL and PostgreSQL do: short keys first, a blank behind commas and colons."""
    return json.dumps(_sorted(value), ensure_ascii=False)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: (len(key.encode()), key))}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def unquote(text: str) -> str | None:
    """Return the text of a JSON value: of a string its characters, of null None, else its JSON text."""
    first = text[:1]
    if first == '"':
        return str(_load(text))
    if first in ("{", "["):
        return _dump(_load(text))
    return None if text == "null" else text


def comparable(text: str) -> str:
    """Return a text that is equal for equal documents."""
    return json.dumps(_plain(_load(text)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and math.isfinite(value):
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def number(text: str) -> float | int | str | None:
    """Return a JSON number, or the number that a string spells; None for anything else."""
    value = _load(text)
    if isinstance(value, str):
        try:
            return str(Decimal(value.strip())) if value.strip() else None
        except ArithmeticError:
            return None
    return value if isinstance(value, int | float) else None


def boolean(text: str) -> int | None:
    """Return a JSON truth value; numbers other than zero are true."""
    value = _load(text)
    if isinstance(value, str):
        return {"true": 1, "1": 1, "false": 0, "0": 0}.get(value.lower())
    return int(bool(value)) if isinstance(value, bool | int | float) else None


def length(text: str) -> int:
    """Return the number of members; of a scalar 1."""
    value = _load(text)
    return len(value) if isinstance(value, list | dict) else 1


def keys(text: str) -> str | None:
    """Return the keys of an object as an array; None for anything else."""
    value = _load(text)
    return _dump(list(_sorted(value))) if isinstance(value, dict) else None


def contains(target: str, candidate: str) -> bool:
    """Return whether a document contains another one."""
    return _contains(_load(target), _load(candidate))


def _contains(target: Any, candidate: Any) -> bool:
    if isinstance(target, list):
        if isinstance(candidate, list):
            return all(_contains(target, item) for item in candidate)
        return any(_contains(item, candidate) for item in target)
    if isinstance(target, dict) and isinstance(candidate, dict):
        return all(key in target and _contains(target[key], item) for key, item in candidate.items())
    return type(target) in _KIN.get(type(candidate), (type(candidate),)) and bool(target == candidate)


_KIN: dict[type, tuple[type, ...]] = {int: (int, float), float: (int, float)}


def from_value(value: Any, family: str) -> str | None:
    """Return the JSON text of a value of some family; None for text that is no document."""
    if family == "json":
        return str(value)
    if family == "text":
        try:
            return _dump(_load(value))
        except ValueError:
            return None
    if family == "bool":
        return "true" if value else "false"
    if family == "decimal":
        return str(value)
    if family == "uuid":
        return json.dumps(str(UUID(bytes=bytes(value))))
    return json.dumps(value, ensure_ascii=False)


def member(value: Any, family: str) -> str:
    """Return the JSON text of an array's member: text is a string here, not a document."""
    if value is None:
        return "null"
    if family in ("json", "bool", "decimal", "uuid"):
        return from_value(value, family) or "null"
    return json.dumps(value, ensure_ascii=False)


def extract(text: str, path: str) -> str | None:
    """Return the JSON text at a path, None if there is none."""
    value = _load(text)
    for step in parse_path(path):
        value = _step(value, step)
        if value is _ABSENT:
            return None
    return _dump(value)


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step, _ABSENT)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return _ABSENT
