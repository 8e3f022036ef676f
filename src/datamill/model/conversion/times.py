"""Rules for dates, datetimes and times of day."""

from __future__ import annotations

import datetime as dt
import re
from operator import attrgetter
from typing import Any, Final

from datamill.model.conversion.rule import Note, Refusal, Rule, from_texts, of, wrong_kind
from datamill.model.types import AttributeType

_FIRST_DAY: Final = dt.date(1000, 1, 1)
_FIRST_MOMENT: Final = dt.datetime(1000, 1, 1)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_DAY: Final = 86_400_000_000
_RANGE: Final = "years are 1000 to 9999"
_LOOSE: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[T ]\s*(?P<clock>\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?)\s*(?P<zone>Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
# As Python and databases write datetimes: read at once.
_COMMON: Final = re.compile(r"[0-9-]{10}(?:[T ][0-9:]{5,8}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9:]{5})?)?")
_DATES: Final = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}\n)+")
_MOMENTS: Final = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?)?\n)+"
)
"""Columns of texts as programs write them, a line each."""
_MIDNIGHTS: Final = {dt.time()}
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?", re.ASCII)
_ZONE: Final = attrgetter("tzinfo")
_SUBSECOND: Final = attrgetter("microsecond")
_FINER: Final = "was rounded to microseconds"


def date_rule(type: AttributeType) -> Rule:
    """Return the rule for dates; a datetime loses its time of day with a note."""

    def each(value: Any, note: Note) -> dt.date:
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            day = dt.date(value.year, value.month, value.day)
        else:
            moment = _moment(value, note, "a date")
            day = moment.date()
            if moment.time() != dt.time():
                note("lost its time of day")
        if day < _FIRST_DAY:
            raise Refusal(_RANGE)
        return day

    def fast(column: list[Any]) -> list[Any] | None:
        return column if min(column) >= _FIRST_DAY else None

    def from_moments(column: list[Any]) -> list[Any] | None:
        is_plain = set(map(_ZONE, column)) == {None} and set(map(dt.datetime.time, column)) == _MIDNIGHTS
        return fast(list(map(dt.datetime.date, column))) if is_plain else None

    texts = from_texts(_DATES, dt.date.fromisoformat, fast)
    return Rule(each, {of(dt.date): fast, of(dt.datetime): from_moments, of(str): texts})


def datetime_rule(type: AttributeType) -> Rule:
    """Return the rule for datetime and timestamp: naive UTC, rounded to the digits of the type with a note."""
    digits = type.args[0] if type.args else 0
    step = 10 ** (6 - digits)

    def each(value: Any, note: Note) -> dt.datetime:
        moment = _moment(value, note, "a date and time")
        extra = moment.microsecond % step
        if extra:
            note(_rounded(digits))
            moment = _shift(moment, _to_step(extra, step) * _MICROSECOND)
        if moment < _FIRST_MOMENT:
            raise Refusal(_RANGE)
        return moment

    def fast(column: list[Any]) -> list[Any] | None:
        if set(map(_ZONE, column)) != {None} or min(column) < _FIRST_MOMENT:
            return None
        return column if _have_digits(column, step) else None

    return Rule(each, {of(dt.datetime): fast, of(str): from_texts(_MOMENTS, dt.datetime.fromisoformat, fast)})


def time_rule(type: AttributeType) -> Rule:
    """Return the rule for times of day, rounded to the digits of the type with a note."""
    digits = type.args[0] if type.args else 0
    step = 10 ** (6 - digits)

    def each(value: Any, note: Note) -> dt.time:
        total = _since_midnight(value, note)
        extra = total % step
        if extra:
            note(_rounded(digits))
            total += _to_step(extra, step)
        if not 0 <= total < _DAY:
            raise Refusal("it is not between 00:00:00 and 24:00:00")
        return (_FIRST_MOMENT + total * _MICROSECOND).time()

    def fast(column: list[Any]) -> list[Any] | None:
        return column if set(map(_ZONE, column)) == {None} and _have_digits(column, step) else None

    return Rule(each, {of(dt.time): fast})


def _have_digits(column: list[Any], step: int) -> bool:
    return step == 1 or not any(microsecond % step for microsecond in map(_SUBSECOND, column))


def _rounded(digits: int) -> str:
    return f"was rounded to {digits} digits of a second" if digits else "was rounded to seconds"


def _to_step(extra: int, step: int) -> int:
    """Return what to add to round to a multiple of `step`, halves up."""
    return step - extra if 2 * extra >= step else -extra


def _shift(moment: dt.datetime, by: dt.timedelta) -> dt.datetime:
    try:
        return moment + by
    except OverflowError:
        raise Refusal(_RANGE) from None


def _moment(value: Any, note: Note, expected: str) -> dt.datetime:
    """Return the naive UTC datetime of anything that says one; sub-microseconds are rounded."""
    if isinstance(value, dt.datetime):
        return _plain_moment(value, note)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    if isinstance(value, str):
        return _read_moment(value.strip(), note)
    if type(value).__module__ == "numpy" and type(value).__name__ == "datetime64":
        return _plain_moment(_from_numpy(value, "M8[us]", note), note)
    raise wrong_kind(value, expected, "Give a datetime object, or text such as '2024-02-29 12:30:00'.")


def _plain_moment(value: dt.datetime, note: Note) -> dt.datetime:
    nanosecond = getattr(value, "nanosecond", 0)  # pandas
    if value.tzinfo is not None:
        try:
            value = value.astimezone(dt.UTC)
        except OverflowError:
            raise Refusal(_RANGE) from None
    if type(value) is dt.datetime:
        return value.replace(tzinfo=None)
    plain = dt.datetime.combine(
        dt.date(value.year, value.month, value.day),
        dt.time(value.hour, value.minute, value.second, value.microsecond),
    )
    return _shift(plain, _nearest(nanosecond, note))


def _nearest(nanosecond: int, note: Note) -> dt.timedelta:
    if nanosecond:
        note(_FINER)
    return _MICROSECOND if nanosecond >= 500 else dt.timedelta()


def _from_numpy(value: Any, unit: str, note: Note) -> Any:
    """Return the datetime or timedelta of a datetime64 or timedelta64, as `unit` says: M8[us] or m8[us]."""
    whole = value.astype(unit)
    rest = value - whole
    if rest != whole - whole:
        note(_FINER)
        whole = whole + (int(rest.astype("m8[ns]").astype("i8")) + 500) // 1000
    plain = whole.item()
    if isinstance(plain, int):  # beyond what Python's types hold
        raise Refusal(_RANGE)
    return plain


def _read_moment(text: str, note: Note) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text) if _COMMON.fullmatch(text) else _read_loose(text, note)
    except (ValueError, OverflowError):
        hint = "Write it as '2024-02-29' or '2024-02-29 12:30:00.5'."
        raise Refusal("the text is not a date and time", hint, wrong_kind=True) from None
    return _plain_moment(moment, note)


def _read_loose(text: str, note: Note) -> dt.datetime:
    """Return the datetime of a text like ``2024-1-5 3:04``, or of any other ISO form; raise ValueError."""
    loose = _LOOSE.fullmatch(text)
    if loose is None:
        return dt.datetime.fromisoformat(text)
    day = dt.datetime(int(loose["year"]), int(loose["month"]), int(loose["day"]))
    clock = _read_clock(loose["clock"], note) if loose["clock"] else 0
    zone = dt.datetime.fromisoformat(f"2000-01-01T00:00{loose['zone'] or ''}").tzinfo
    return (day + clock * _MICROSECOND).replace(tzinfo=zone)


def _read_clock(text: str, note: Note) -> int:
    """Return the microseconds since midnight of ``h:m[:s[.f]]``; raise ValueError."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        moment = dt.time.fromisoformat(text)
        if moment.tzinfo is not None:
            raise _zoned()
        return _microseconds(moment)
    hour, minute, second, fraction = match.groups()
    total = _microseconds(dt.time(int(hour), int(minute), int(second or 0)))
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:
        note(_FINER)
    return total + int(digits[:6].ljust(6, "0")) + (digits[6:7] >= "5")


def _microseconds(moment: dt.time) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond


def _zoned() -> Refusal:
    return Refusal(
        "a time of day with a zone is not a time of day everywhere", "Drop the zone.", wrong_kind=True
    )


def _since_midnight(value: Any, note: Note) -> int:
    if isinstance(value, dt.time):
        if value.tzinfo is not None:
            raise _zoned()
        return _microseconds(value)
    if isinstance(value, str):
        try:
            return _read_clock(value.strip(), note)
        except ValueError:
            hint = "Write it as '12:30:00.5'."
            raise Refusal("the text is not a time of day", hint, wrong_kind=True) from None
    if type(value).__module__ == "numpy" and type(value).__name__ == "timedelta64":
        value = _from_numpy(value, "m8[us]", note)
    if not isinstance(value, dt.timedelta):
        raise wrong_kind(value, "a time of day", "Give a time object, or text such as '12:30:00'.")
    extra = _nearest(getattr(value, "nanoseconds", 0), note)  # pandas
    plain = dt.timedelta(value.days, value.seconds, value.microseconds) + extra
    return plain // _MICROSECOND
