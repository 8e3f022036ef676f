"""Kinds of settings: how a raw value from a file, the environment or code becomes a checked one."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from datamill.errors import ConfigError, DataMillWarning, warn_user
from datamill.settings.secret import MASK, Secret, is_secret_name, masked

T = TypeVar("T")

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_NONE = frozenset({"", "none", "null"})
_LEVELS = ("DEBUG", "JOBS", "INFO", "WARNING", "ERROR", "CRITICAL")
_SIZES = {"": 1, "B": 1, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZES |= {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of value: a description that completes "expected …", and a converter raising ValueError."""

    expected: str
    convert: Callable[[object], T]

    def __call__(self, name: str, value: object, source: str) -> T:
        """Convert a value of the named setting.

        Args:
            name: Dotted name of the setting.
            value: Raw value.
            source: Where it came from, for the message.

        Raises:
            ConfigError: The value does not fit.
        """
        try:
            return self.convert(value)
        except (ValueError, TypeError, OverflowError, RecursionError):
            is_tree = isinstance(value, str) and self.convert in (_mapping, _tls)  # may hold secrets
            shown = MASK if is_tree or is_secret_name(name) else masked(name, value)
            message = f"Setting {name} = {shown!r} from {source} is invalid: expected {self.expected}."
            raise ConfigError(message, setting=name, source=source) from None


def _text(value: object) -> str:
    if isinstance(value, (str, os.PathLike)):
        return str(value)
    raise ValueError


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, (str, int)) else None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError
    if isinstance(value, float) and not value.is_integer():
        raise ValueError
    return int(value)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError
    return int(number) if number.is_integer() else number


def _size(value: object) -> int:
    if isinstance(value, str):
        digits = value.strip().rstrip("BKMGTIbkmgti ")
        unit = value.strip()[len(digits) :].strip().upper()
        value = float(digits) * _SIZES[unit] if unit in _SIZES else digits + unit
    number = _whole(value)
    if number < 0:
        raise ValueError
    return number


def _mapping(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        import json

        value = json.loads(value)
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError
    return {key: _mapping(item) if isinstance(item, Mapping) else item for key, item in value.items()}


def _tls(value: object) -> bool | dict[str, Any]:
    if isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{")):
        return _mapping(value)
    return _boolean(value)


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(_text(value))


def _level(value: object) -> str:
    word = _text(value).strip().upper()
    if word not in _LEVELS:
        raise ValueError
    return word


def _priority(value: object) -> int:
    number = _whole(value)
    if not 0 <= number <= 255:
        raise ValueError
    if number > 127:
        warn_user(
            f"Setting jobs.default_priority = {number} is above the largest priority and becomes 127.",
            DataMillWarning,
        )
        return 127
    return number


def _url(value: object) -> str:
    text = _text(value).strip()
    if "://" not in text:
        raise ValueError
    return text


def optional(kind: Kind[T]) -> Kind[T | None]:
    """Return the kind that also takes None, written as ``none`` or ``null`` where only text can be written."""

    def convert(value: object) -> T | None:
        if value is None:
            return None
        try:
            return kind.convert(value)
        except (ValueError, TypeError):
            if isinstance(value, str) and value.strip().lower() in _NONE:
                return None
            raise

    return Kind(f"{kind.expected}, or none", convert)


def integer(low: int, high: int | None = None) -> Kind[int]:
    """Return the kind of whole numbers within bounds, both included."""

    def convert(value: object) -> int:
        number = _whole(value)
        if number < low or (high is not None and number > high):
            raise ValueError
        return number

    return Kind(f"an integer from {low} {'up' if high is None else f'to {high}'}", convert)


def choice(*words: str, aliases: Mapping[str, str] | None = None) -> Kind[str]:
    """Return the kind of one word out of several; case does not matter."""
    known = {word.lower(): word for word in words} | dict(aliases or {})

    def convert(value: object) -> str:
        if value is False and "off" in known:  # a bare `off` or `no` in some file formats
            return known["off"]
        word = _text(value).strip().lower()
        if word not in known:
            raise ValueError
        return known[word]

    return Kind(" or ".join(f'"{word}"' for word in words), convert)


TEXT = Kind("a text", _text)
BOOLEAN = Kind("true or false", _boolean)
SECONDS = Kind("a number of seconds from 0 up", _seconds)
SIZE = Kind('a number of bytes, such as 1048576 or "10 GiB"', _size)
MAPPING = Kind("a table of keys and values (in a variable: a JSON object)", _mapping)
TLS = Kind("true, false or a table of TLS options", _tls)
SECRET = Kind("a text", _secret)
LOG_LEVEL = Kind(f"one of {', '.join(_LEVELS)}", _level)
PRIORITY = Kind("an integer from 0 to 127", _priority)
URL = Kind("a URL such as sqlite:///data.db or postgresql://user@host/name", _url)
