r"""Values as MySQL reads them in the text of a statement: drivers for MySQL bind on the client.

Sessions use utf8mb4, and backslashes escape (the mode NO_BACKSLASH_ESCAPES is off).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from datamill.errors import InvalidValueError, QueryError

Encoder = Callable[[Any], bytes]
_PERCENT = re.compile(rb"%(s|%|)")


def bind(sql: str, params: Sequence[Any]) -> bytes:
    r"""Return a statement with its values in the text.

    Args:
        sql: ``%s`` stands for a value, ``%%`` for a percent sign; without values the text is sent as it is.
        params: The values.

    Raises:
        QueryError: There are more or fewer places than values.
        InvalidValueError: MySQL has nothing like a value.

    Example:
        >>> bind("SELECT %s, %s", (1, "it's"))
        b"SELECT 1, 'it\\'s'"
    """
    if not params:
        return _encoded(sql)
    template, places = _template(sql)
    if places != len(params):
        raise QueryError(
            f"The statement has {places} placeholder(s) but {len(params)} value(s).",
            sql=sql,
            backend="mysql",
        )
    return template % tuple(literals(params))


@lru_cache(maxsize=1024)
def _template(sql: str) -> tuple[bytes, int]:
    """Return what Python makes a statement of with its values, and how many those are."""
    template = _PERCENT.sub(lambda match: match[0] if match[1] else b"%%", _encoded(sql))
    return template, template.replace(b"%%", b"").count(b"%s")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        lone = text[error.start]
        raise InvalidValueError(
            f"MySQL cannot take {lone!r}, which is half a character.", value=lone, reason="it is no character"
        ) from error


def literals(values: Sequence[Any]) -> list[bytes]:
    """Return values as SQL text."""
    try:
        return [ENCODERS[type(value)](value) for value in values]
    except KeyError:
        return list(map(literal, values))


def literal(value: Any) -> bytes:
    """Return one value as SQL text."""
    encode = ENCODERS.get(type(value))
    return encode(value) if encode is not None else _of_subclass(value)


def _of_subclass(value: Any) -> bytes:
    for kind, encode in ENCODERS.items():
        if isinstance(value, kind):
            return encode(value)
    text = f"MySQL cannot store a value of type {type(value).__name__}."
    raise InvalidValueError(text, value=value, reason="no such type")


def quote_bytes(raw: bytes) -> bytes:
    """Return bytes between quotes; only backslashes and quotes need escapes."""
    if b"\\" in raw:
        raw = raw.replace(b"\\", b"\\\\")
    if b"'" in raw:
        raw = raw.replace(b"'", b"\\'")
    return b"'%b'" % raw


def text_literal(value: str) -> bytes:
    """Return text between quotes."""
    return quote_bytes(_encoded(value))


def bytes_literal(value: bytes | bytearray | memoryview) -> bytes:
    """Return bytes as a binary string."""
    return b"_binary" + quote_bytes(bytes(value))


def float_literal(value: float) -> bytes:
    """Return a float so that MySQL reads the same double, not a decimal."""
    if not math.isfinite(value):
        raise InvalidValueError(
            f"MySQL cannot store the number {value}.", value=value, reason="it is not finite"
        )
    text = repr(value)
    return (text if "e" in text else text + "e0").encode()


def _int_literal(value: int) -> bytes:
    return b"%d" % value


def _decimal_literal(value: Decimal) -> bytes:
    if not value.is_finite():
        raise InvalidValueError(
            f"MySQL cannot store the number {value}.", value=value, reason="it is not finite"
        )
    return format(value, "f").encode()


def _date_literal(value: date) -> bytes:
    return f"DATE'{value.isoformat()}'".encode()


def _datetime_literal(value: datetime) -> bytes:
    return f"TIMESTAMP'{value.replace(tzinfo=None).isoformat(' ')}'".encode()


def _time_literal(value: time) -> bytes:
    return f"TIME'{value.replace(tzinfo=None).isoformat()}'".encode()


def duration_text(value: timedelta) -> str:
    """Return a duration as MySQL's ``time`` holds it: ``[-]HHH:MM:SS.ffffff``."""
    micro = value // timedelta(microseconds=1)
    sign, micro = ("-", -micro) if micro < 0 else ("", micro)
    seconds, micro = divmod(micro, 1_000_000)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{micro:06d}"


ENCODERS: dict[type, Encoder] = {
    type(None): lambda value: b"NULL",
    bool: lambda value: b"1" if value else b"0",
    int: _int_literal,
    float: float_literal,
    str: text_literal,
    bytes: bytes_literal,
    bytearray: bytes_literal,
    memoryview: bytes_literal,
    Decimal: _decimal_literal,
    datetime: _datetime_literal,
    date: _date_literal,
    time: _time_literal,
    timedelta: lambda value: f"TIME'{duration_text(value)}'".encode(),
}
"""Python type -> function giving the SQL text; a datetime is listed before the date that it also is."""
