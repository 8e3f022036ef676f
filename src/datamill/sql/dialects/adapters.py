"""Functions between canonical Python values and what drivers bind and return.

They are mapped over whole columns, so most are implemented in C: methods of the standard library's types and
`operator.methodcaller`. None of them ever sees None.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from operator import attrgetter, methodcaller
from typing import Any
from uuid import UUID

from datamill.model.conversion.numbers import shortest_float32
from datamill.model.types import AttributeType

Adapter = Callable[[Any], Any]

strip_blanks: Adapter = methodcaller("rstrip", " ")
uuid_to_bytes: Adapter = attrgetter("bytes")
bytes_to_uuid: Adapter = partial(UUID, None)
decimal_to_text: Adapter = methodcaller("__format__", "f")
date_to_text: Adapter = date.isoformat
text_to_date: Adapter = date.fromisoformat
text_to_datetime: Adapter = datetime.fromisoformat
text_to_time: Adapter = time.fromisoformat
text_to_decimal: Adapter = Decimal
widen_float32: Adapter = shortest_float32
"""What drivers return as a double."""
json_to_text: Adapter = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
).encode
"""One text per document: keys are sorted, so that equal documents are equal texts."""
text_to_json: Adapter = json.loads
_LARGE_FLOAT = re.compile(r'"(?:[^"\\]|\\.)*"|-?[\d.]+e\+\d+')

_TIMESPEC = {0: "seconds", 3: "milliseconds", 6: "microseconds"}


def json_to_decimal_text(value: Any) -> str:
    """Return a JSON document whose large floats have a decimal point: jsonb reads ``1e+16`` as a whole number.

    Example:
        >>> json_to_decimal_text([1e16, "1e+16"])
        '[10000000000000000.0,"1e+16"]'
    """
    text: str = json_to_text(value)
    if "e+" not in text:
        return text
    return _LARGE_FLOAT.sub(
        lambda found: found[0] if found[0][0] == '"' else f"{Decimal(found[0]):f}.0", text
    )


def digits_of(type: AttributeType) -> int:
    """Return how many digits of the second a datetime, timestamp or time keeps."""
    return int(type.args[0]) if type.args else 0


def _datetime_writer(digits: int) -> Adapter:
    if digits in _TIMESPEC:
        return methodcaller("isoformat", " ", _TIMESPEC[digits])
    return lambda value: value.isoformat(" ", "microseconds")[: digits - 6]


def _time_writer(digits: int) -> Adapter:
    if digits in _TIMESPEC:
        return methodcaller("isoformat", _TIMESPEC[digits])
    return lambda value: value.isoformat("microseconds")[: digits - 6]


_DATETIME_WRITERS = tuple(_datetime_writer(digits) for digits in range(7))
_TIME_WRITERS = tuple(_time_writer(digits) for digits in range(7))


def datetime_to_text(type: AttributeType) -> Adapter:
    """Return the function writing ``YYYY-MM-DD HH:MM:SS[.ffffff]`` with exactly the digits of the type.

    Example:
        >>> from datamill.model.types import parse_type
        >>> datetime_to_text(parse_type("datetime(3)"))(datetime(2024, 2, 29, 12))
        '2024-02-29 12:00:00.000'
    """
    return _DATETIME_WRITERS[digits_of(type)]


def time_to_text(type: AttributeType) -> Adapter:
    """Return the function writing ``HH:MM:SS[.ffffff]`` with exactly the digits of the type."""
    return _TIME_WRITERS[digits_of(type)]


_FLOAT32 = struct.Struct("f")


def exact_float32(value: float) -> float:
    """Return the float32 next to a number, exactly: the shortest decimal of the largest one exceeds it.

    Example:
        >>> exact_float32(3.4028235e38)
        3.4028234663852886e+38
    """
    return float(_FLOAT32.unpack(_FLOAT32.pack(value))[0])


def timedelta_to_time(value: Any) -> Any:
    """Return the time of day that MySQL's drivers return as timedelta; what exceeds a day stays a timedelta."""
    if isinstance(value, timedelta) and timedelta(0) <= value < timedelta(days=1):
        return (datetime.min + value).time()
    return value


def quote_text(text: str) -> str:
    """Return a standard SQL string: quotes doubled, no escapes.

    Example:
        >>> quote_text("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
