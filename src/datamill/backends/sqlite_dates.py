"""Dates in SQLite: ISO texts in, ISO texts out. A fraction keeps the digits that it came with."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from datamill.algebra.expression.formats import format_pieces
from datamill.backends.sqlite_numbers import out_of_range

_SPANS = {
    "MICROSECOND": timedelta(microseconds=1),
    "SECOND": timedelta(seconds=1),
    "MINUTE": timedelta(minutes=1),
    "HOUR": timedelta(hours=1),
    "DAY": timedelta(days=1),
    "WEEK": timedelta(weeks=1),
}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_EPOCH = datetime(1970, 1, 1)
MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def add(moment: str, count: int, unit: str) -> str:
    """Move a date or datetime by a number of units; the day is clamped to the end of the month."""
    start = datetime.fromisoformat(moment)
    try:
        moved = _add_months(start, count * _MONTHS[unit]) if unit in _MONTHS else start + _SPANS[unit] * count
    except (OverflowError, ValueError):
        raise out_of_range(f"{moment} moved by {count} {unit} lies beyond the years 1 to 9999") from None
    return _like(moved, moment)


def _add_months(start: datetime, count: int) -> datetime:
    month = start.year * 12 + start.month - 1 + count
    year, month = month // 12, month % 12 + 1
    if not 1 <= year <= 9999:
        raise ValueError(year)
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


def _like(value: datetime, example: str) -> str:
    """Write a moment in the shape of another one."""
    return value.isoformat(" ", "microseconds" if len(example) > 19 else "seconds")[: len(example)]


def difference(unit: str, start: str, end: str) -> int:
    """Return the complete units from start to end, negative if end comes first."""
    a, b = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if a > b:
        return -difference(unit, end, start)
    if unit not in _MONTHS:
        return (b - a) // _SPANS[unit]
    months = (b.year - a.year) * 12 + b.month - a.month
    if (b.day, b.time()) < (a.day, a.time()):
        months -= 1
    return months // _MONTHS[unit]


def days_between(later: str, earlier: str) -> int:
    """Return the days between two dates, times of day ignored."""
    return (date.fromisoformat(later[:10]) - date.fromisoformat(earlier[:10])).days


def day_of_year(moment: str) -> int:
    """Return 1 to 366."""
    return date.fromisoformat(moment[:10]).timetuple().tm_yday


def week_of_year(moment: str) -> int:
    """Return the ISO week, 1 to 53."""
    return date.fromisoformat(moment[:10]).isocalendar()[1]


def weekday(moment: str) -> int:
    """Return 0 for Monday to 6 for Sunday."""
    return date.fromisoformat(moment[:10]).weekday()


def last_day(moment: str) -> str:
    """Return the last day of the month."""
    day = date.fromisoformat(moment[:10])
    return day.replace(day=calendar.monthrange(day.year, day.month)[1]).isoformat()


def microsecond(moment: str) -> int:
    """Return the microseconds within the second."""
    return int((moment.partition(".")[2] + "000000")[:6])


def unix_seconds(moment: str) -> float:
    """Return the seconds since 1970 in UTC."""
    return (datetime.fromisoformat(moment) - _EPOCH) / timedelta(seconds=1)


def from_unix(seconds: float, digits: int) -> str:
    """Return the moment some seconds after 1970 in UTC."""
    try:
        moment = _EPOCH + timedelta(microseconds=round(seconds * 1_000_000))
    except (OverflowError, ValueError):
        raise out_of_range(f"{seconds} seconds lie beyond the year 9999") from None
    return _write(moment, digits)


def _write(moment: datetime, digits: int) -> str:
    text = moment.isoformat(" ", "microseconds")
    return text[: 19 + (digits + 1 if digits else 0)]


def _rounded(moment: datetime, digits: int) -> datetime:
    step = 10 ** (6 - digits)
    rest = moment.microsecond % step
    up = step if rest * 2 >= step and rest else 0
    return moment + timedelta(microseconds=up - rest)


def to_datetime(value: Any, digits: int) -> str | None:
    """Return a datetime with some digits of the second; None for text that is none."""
    moment = _moment(value)
    return None if moment is None else _write(_rounded(moment, digits), digits)


def to_date(value: Any) -> str | None:
    """Return the date of a date or datetime; None for text that is neither."""
    moment = _moment(value)
    return None if moment is None else moment.date().isoformat()


def to_time(value: Any, digits: int) -> str | None:
    """Return the time of day of a time or datetime; None for text that is neither."""
    try:
        clock = time.fromisoformat(value.strip()) if "-" not in value[:10] else None
    except ValueError:
        return None
    moment = (
        datetime.combine(_EPOCH.date(), clock.replace(tzinfo=None)) if clock is not None else _moment(value)
    )
    return None if moment is None else _write(_rounded(moment, digits), digits)[11:]


def _moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo is not None else moment


# --- formats


def _twelve(moment: datetime) -> int:
    return moment.hour % 12 or 12


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "Y": lambda m: f"{m.year:04d}",
    "y": lambda m: f"{m.year % 100:02d}",
    "m": lambda m: f"{m.month:02d}",
    "c": lambda m: str(m.month),
    "d": lambda m: f"{m.day:02d}",
    "e": lambda m: str(m.day),
    "H": lambda m: f"{m.hour:02d}",
    "h": lambda m: f"{_twelve(m):02d}",
    "i": lambda m: f"{m.minute:02d}",
    "s": lambda m: f"{m.second:02d}",
    "f": lambda m: f"{m.microsecond:06d}",
    "p": lambda m: "AM" if m.hour < 12 else "PM",
    "M": lambda m: MONTH_NAMES[m.month - 1],
    "b": lambda m: MONTH_NAMES[m.month - 1][:3],
    "W": lambda m: DAY_NAMES[m.weekday()],
    "a": lambda m: DAY_NAMES[m.weekday()][:3],
    "j": lambda m: f"{m.timetuple().tm_yday:03d}",
}
_READERS = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "c": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "e": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "h": r"(?P<h>\d{1,2})",
    "i": r"(?P<i>\d{1,2})",
    "s": r"(?P<s>\d{1,2})",
    "f": r"(?P<f>\d{1,6})",
    "p": r"(?P<p>[AaPp][Mm])",
    "M": r"(?P<M>[A-Za-z]+)",
    "b": r"(?P<M>[A-Za-z]{3})",
    "W": r"[A-Za-z]+",
    "a": r"[A-Za-z]{3}",
    "j": r"(?P<j>\d{1,3})",
}


def date_format(moment: str, text: str) -> str:
    """Write a moment in a format such as ``%d.%m.%Y``."""
    value = datetime.fromisoformat(moment)
    return "".join([_WRITERS[piece](value) if is_mark else piece for is_mark, piece in _pieces(text)])


@lru_cache(maxsize=256)
def _pieces(text: str) -> tuple[tuple[bool, str], ...]:
    return tuple(format_pieces(text))


@lru_cache(maxsize=256)
def _reader(text: str) -> re.Pattern[str] | None:
    parts = [_READERS[piece] if is_mark else re.escape(piece) for is_mark, piece in _pieces(text)]
    try:
        return re.compile("".join(parts))
    except re.error:  # a part that is named twice
        return None


def str_to_date(text: str, format: str, kind: str, digits: int) -> str | None:
    """Read a moment in a format; None if the text has another form or is no date."""
    pattern = _reader(format)
    match = None if pattern is None else pattern.fullmatch(text.strip())
    if match is None:
        return None
    try:
        moment = _assemble(match.groupdict())
    except ValueError:
        return None
    whole = _write(moment, digits)
    return whole[:10] if kind == "date" else whole[11:] if kind == "time" else whole


def _assemble(found: dict[str, str | None]) -> datetime:
    part = {name: value for name, value in found.items() if value is not None}
    day = _day(part)
    hour = int(part.get("H", 0))
    if "h" in part:
        hour = int(part["h"])
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        if "p" in part:
            hour = hour % 12 + (12 if part["p"].lower() == "pm" else 0)
    microseconds = int((part.get("f", "") + "000000")[:6])
    return datetime.combine(day, time(hour, int(part.get("i", 0)), int(part.get("s", 0)), microseconds))


def _day(part: dict[str, str]) -> date:
    year = int(part.get("Y", 1970))
    if "y" in part:
        short = int(part["y"])
        year = short + (2000 if short < 70 else 1900)
    if "j" in part:
        day = date(year, 1, 1) + timedelta(days=int(part["j"]) - 1)
        if day.year != year:
            raise ValueError(part["j"])
        return day
    month = _month(part["M"]) if "M" in part else int(part.get("m", 1))
    return date(year, month, int(part.get("d", 1)))


def _month(name: str) -> int:
    for number, month in enumerate(MONTH_NAMES, 1):
        if name.lower() in (month.lower(), month[:3].lower()):
            return number
    raise ValueError(name)
