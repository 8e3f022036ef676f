"""The one client-side conversion."""

import datetime as dt
import enum
import math
import subprocess
import sys
import uuid
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamill.errors import DataMillError, InvalidValueError, PrecisionWarning
from datamill.model.convert import (
    CANNOT_OCCUR,
    convert_column,
    convert_one,
    convert_restriction,
    converter,
    is_missing,
    json_text,
    shortest_float32,
    without_missing,
)
from datamill.model.types import parse_type


class Level(enum.IntEnum):
    LOW = 1


class Name(enum.StrEnum):
    ANN = "ann"


DAY = dt.date(2024, 2, 29)
MOMENT = dt.datetime(2024, 2, 29, 12, 30, 15)
PLUS2 = dt.timezone(dt.timedelta(hours=2))
IDENTITY = uuid.UUID(int=7)

ACCEPTED: list[tuple[str, Any, Any]] = [
    ("int8", -128, -128),
    ("int8", True, 1),
    ("int8", Level.LOW, 1),
    ("int8", np.int64(5), 5),
    ("int8", np.uint8(5), 5),
    ("int8", np.bool_(True), 1),
    ("int8", np.array(5), 5),
    ("int8", 5.0, 5),
    ("int8", np.float32(5), 5),
    ("int8", Decimal("5.00"), 5),
    ("int8", " -5 ", -5),
    ("int8", "5.0", 5),
    ("uint64", 2**64 - 1, 2**64 - 1),
    ("uint64", str(2**64 - 1), 2**64 - 1),
    ("int64", Decimal(2**63 - 1), 2**63 - 1),
    ("mediumint unsigned", 7, 7),
    ("float64", 1, 1.0),
    ("float64", 0.1, 0.1),
    ("float64", np.float64(0.1), 0.1),
    ("float64", np.float32(0.1), 0.1),
    ("float64", Decimal("0.1"), 0.1),
    ("float64", "1e-3", 0.001),
    ("float64", "-inf", -math.inf),
    ("float64", math.inf, math.inf),
    ("float64", True, 1.0),
    ("float32", 0.1, 0.1),
    ("float32", np.float32(0.1), 0.1),
    ("float32", 1 / 3, 0.33333334),
    ("float32", 16777217, 16777216.0),
    ("float32", -math.inf, -math.inf),
    ("decimal(6,2)", "1.5", Decimal("1.50")),
    ("decimal(6,2)", 1.5, Decimal("1.50")),
    ("decimal(6,2)", 0.1, Decimal("0.10")),
    ("decimal(6,2)", np.float32(0.1), Decimal("0.10")),
    ("decimal(6,2)", np.float64(0.1), Decimal("0.10")),
    ("decimal(6,2)", -9999, Decimal("-9999.00")),
    ("decimal(6,2)", Decimal("1.5000"), Decimal("1.50")),
    ("decimal(65,30)", Decimal("1" * 35 + "." + "1" * 30), Decimal("1" * 35 + "." + "1" * 30)),
    ("bool", True, True),
    ("bool", 0, False),
    ("bool", np.bool_(False), False),
    ("bool", 1.0, True),
    ("bool", "True", True),
    ("bool", "0", False),
    ("varchar(5)", "héllo", "héllo"),
    ("varchar(5)", Name.ANN, "ann"),
    ("varchar(5)", np.str_("a"), "a"),
    ("varchar(5)", 12, "12"),
    ("varchar(5)", np.int8(12), "12"),
    ("varchar(5)", True, "1"),
    ("varchar(5)", 1.5, "1.5"),
    ("varchar(5)", np.float64(1.5), "1.5"),
    ("varchar(5)", np.float32(0.1), "0.1"),
    ("varchar(5)", Decimal("1.50"), "1.50"),
    ("varchar(5)", Path("a/b"), "a/b"),
    ("varchar(5)", "", ""),
    ("varchar(5)", "a ", "a "),
    ("char(3)", "a  ", "a"),
    ("char(3)", "abc   ", "abc"),
    ("longtext", "x" * 10000, "x" * 10000),
    ("enum('a','b c')", "b c", "b c"),
    ("enum('ann')", Name.ANN, "ann"),
    ("enum('1','2')", 1, "1"),
    ("date", DAY, DAY),
    ("date", "2024-02-29", DAY),
    ("date", "2024-1-5", dt.date(2024, 1, 5)),
    ("date", dt.datetime(2024, 2, 29), DAY),
    ("date", pd.Timestamp("2024-02-29"), DAY),
    ("date", np.datetime64("2024-02-29"), DAY),
    ("datetime", MOMENT, MOMENT),
    ("datetime", "2024-02-29 12:30:15", MOMENT),
    ("datetime", "2024-02-29T12:30:15Z", MOMENT),
    ("datetime", "2024-02-29T14:30:15+02:00", MOMENT),
    ("datetime", "2024-2-29 2:05", dt.datetime(2024, 2, 29, 2, 5)),
    ("datetime", "2024-02-29", dt.datetime(2024, 2, 29)),
    ("datetime", DAY, dt.datetime(2024, 2, 29)),
    ("datetime", MOMENT.replace(tzinfo=PLUS2), dt.datetime(2024, 2, 29, 10, 30, 15)),
    ("datetime", pd.Timestamp(MOMENT), MOMENT),
    ("datetime", pd.Timestamp(MOMENT, tz="Europe/Berlin"), MOMENT - dt.timedelta(hours=1)),
    ("datetime", np.datetime64("2024-02-29T12:30:15", "ns"), MOMENT),
    ("timestamp(6)", "2024-02-29 12:30:15.000001", MOMENT + dt.timedelta(microseconds=1)),
    ("time", dt.time(1, 2), dt.time(1, 2)),
    ("time", "1:02", dt.time(1, 2)),
    ("time", "01:02:03", dt.time(1, 2, 3)),
    ("time", dt.timedelta(hours=23), dt.time(23)),
    ("time", pd.Timedelta("23h"), dt.time(23)),
    ("time", np.timedelta64(60, "s"), dt.time(0, 1)),
    ("time(6)", "01:02:03.000004", dt.time(1, 2, 3, 4)),
    ("uuid", IDENTITY, IDENTITY),
    ("uuid", str(IDENTITY), IDENTITY),
    ("json", {"a": (1, [2.5, None, True])}, {"a": [1, [2.5, None, True]]}),
    ("json", "text", "text"),
    ("json", [np.float64(1.5), np.int8(2), Level.LOW, Name.ANN], [1.5, 2, 1, "ann"]),
    ("json", 2**64 - 1, 2**64 - 1),
    ("bytes", b"ab", b"ab"),
    ("bytes", bytearray(b"ab"), b"ab"),
    ("bytes", memoryview(b"ab"), b"ab"),
    ("bytes", np.bytes_(b"ab"), b"ab"),
]


@pytest.mark.parametrize(("type", "value", "expected"), ACCEPTED)
def test_accepted(type: str, value: Any, expected: Any) -> None:
    attribute = parse_type(type)
    converted = convert_one(attribute, value)
    assert converted == expected
    assert converted.__class__ is expected.__class__
    assert repr(converted) == repr(expected)
    assert convert_column(attribute, [expected, None, expected]) == [expected, None, expected]
    assert convert_restriction(attribute, value) == expected


NEVER = False
WRONG_KIND = True
REFUSED: list[tuple[str, Any, bool]] = [
    ("int8", 128, NEVER),
    ("uint8", -1, NEVER),
    ("int8", 1.5, NEVER),
    ("int8", "1.5", NEVER),
    ("int8", math.inf, NEVER),
    ("int8", 10**5000, NEVER),
    ("int8", "9" * 6000, NEVER),
    ("int8", "1e999999999", NEVER),
    ("int8", "1e9999999999999999999999", NEVER),
    ("int8", Decimal("1e-5000"), NEVER),
    ("int8", "abc", WRONG_KIND),
    ("int8", "1_000", WRONG_KIND),
    ("int8", "٣", WRONG_KIND),
    ("int8", [1], WRONG_KIND),
    ("int8", 1j, WRONG_KIND),
    ("int8", b"1", WRONG_KIND),
    ("int8", np.array([1]), WRONG_KIND),
    ("int8", DAY, WRONG_KIND),
    ("int64", np.timedelta64(5, "s"), WRONG_KIND),
    ("float64", np.timedelta64(5, "ns"), WRONG_KIND),
    ("varchar(30)", np.timedelta64(5, "s"), WRONG_KIND),
    ("char(30)", np.timedelta64(5, "ns"), WRONG_KIND),
    ("enum('5')", np.timedelta64(5, "ns"), WRONG_KIND),
    ("float64", 10**400, NEVER),
    ("float64", "1e400", NEVER),
    ("float64", "abc", WRONG_KIND),
    ("float32", 1e39, NEVER),
    ("float32", None.__class__, WRONG_KIND),
    ("decimal(6,2)", 1.555, NEVER),
    ("decimal(6,2)", "10000", NEVER),
    ("decimal(6,2)", 10**5000, NEVER),
    ("decimal(6,2)", Decimal("1e1000"), NEVER),
    ("decimal(6,2)", math.inf, NEVER),
    ("decimal(6,2)", Decimal("-Infinity"), NEVER),
    ("decimal(6,2)", "1,5", WRONG_KIND),
    ("bool", 2, NEVER),
    ("bool", "yes", WRONG_KIND),
    ("varchar(3)", "abcd", NEVER),
    ("varchar(3)", 1234, NEVER),
    ("varchar(3)", "a\0", NEVER),
    ("varchar(3)", "\ud800", NEVER),
    ("varchar(3)", 10**5000, NEVER),
    ("varchar(3)", b"a", WRONG_KIND),
    ("varchar(3)", ["a"], WRONG_KIND),
    ("varchar(30)", DAY, WRONG_KIND),
    ("char(2)", "abc", NEVER),
    ("enum('a','b')", "c", NEVER),
    ("enum('a','b')", "A", NEVER),
    ("enum('a','b')", ["a"], WRONG_KIND),
    ("date", dt.date(999, 12, 31), NEVER),
    ("date", "2024-02-30", WRONG_KIND),
    ("date", 20240229, WRONG_KIND),
    ("date", ["2024-02-29"], WRONG_KIND),
    ("date", np.datetime64("20000-01-01"), NEVER),
    ("datetime", "abc", WRONG_KIND),
    ("datetime", dt.time(1), WRONG_KIND),
    ("datetime", dt.datetime(1, 1, 1), NEVER),
    ("datetime", dt.datetime.max.replace(tzinfo=dt.timezone(-dt.timedelta(hours=2))), NEVER),
    ("time", dt.timedelta(hours=24), NEVER),
    ("time", -dt.timedelta(seconds=1), NEVER),
    ("time", "25:00", WRONG_KIND),
    ("time", dt.time(1, tzinfo=dt.UTC), WRONG_KIND),
    ("time", 5, WRONG_KIND),
    ("uuid", "abc", WRONG_KIND),
    ("uuid", 5, WRONG_KIND),
    ("json", {1: 2}, WRONG_KIND),
    ("json", [math.nan], WRONG_KIND),
    ("json", [math.inf], WRONG_KIND),
    ("json", 2**64, WRONG_KIND),
    ("json", {"a": object()}, WRONG_KIND),
    ("json", {"a": {1}}, WRONG_KIND),
    ("json", "a\0", WRONG_KIND),
    ("json", {"\ud800": 1}, WRONG_KIND),
    ("json", np.arange(3), WRONG_KIND),
    ("json", b"a", WRONG_KIND),
    ("json", np.datetime64("2024-01-01T01:02:03.123456789"), WRONG_KIND),
    ("json", [np.timedelta64(5, "ns")], WRONG_KIND),
    ("json", [10**5000], WRONG_KIND),
    ("bytes", "a", WRONG_KIND),
    ("bytes", np.arange(3), WRONG_KIND),
    ("bytes", 5, WRONG_KIND),
]


@pytest.mark.parametrize(("type", "value", "kind"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_refused(type: str, value: Any, kind: bool) -> None:
    attribute = parse_type(type)
    with pytest.raises(InvalidValueError) as caught:
        converter(attribute, attribute="weight")([None, value])
    facts = vars(caught.value)
    assert facts["attribute"] == "weight"
    assert facts["value"] is value
    assert facts["reason"] in str(caught.value)
    assert caught.value.row_index == 1
    if kind == NEVER:
        assert convert_restriction(attribute, value) is CANNOT_OCCUR
    else:
        with pytest.raises(DataMillError):
            convert_restriction(attribute, value)


def test_recursive_documents() -> None:
    document: list[Any] = []
    document.append(document)
    with pytest.raises(InvalidValueError, match="nested too deep"):
        convert_one(parse_type("json"), document)


MISSING = [None, pd.NA, pd.NaT, np.datetime64("NaT"), np.timedelta64("NaT")]


@pytest.mark.parametrize(
    "type", ["int8", "float64", "varchar(3)", "date", "datetime", "json", "bytes", "uuid"]
)
def test_missing_markers_are_null(type: str) -> None:
    assert convert_column(parse_type(type), MISSING, nullable=False) == [None] * 5
    assert without_missing(MISSING) == [None] * 5
    assert all(map(is_missing, MISSING))
    assert [convert_restriction(parse_type(type), value) for value in MISSING] == [None] * 5


@pytest.mark.parametrize("nan", [math.nan, np.float64("nan"), np.float32("nan"), Decimal("NaN")])
@pytest.mark.parametrize("type", ["int8", "float32", "float64", "decimal(4,2)", "varchar(3)", "date"])
def test_nan_is_null_where_null_is_allowed(type: str, nan: Any) -> None:
    assert not is_missing(nan)
    assert convert_column(parse_type(type), [nan]) == [None]
    with pytest.raises(InvalidValueError, match="NULL"):
        convert_column(parse_type(type), [nan], nullable=False)


def test_nan_among_floats() -> None:
    for type in ("float32", "float64"):
        column = [1.0, math.nan, math.inf, -math.inf, None]
        assert convert_column(parse_type(type), column) == [1.0, None, math.inf, -math.inf, None]


def test_the_empty_text_is_null_for_numbers_only() -> None:
    for type in ("int8", "float64", "decimal(4,2)", "bool"):
        assert convert_one(parse_type(type), "") is None
        with pytest.raises(InvalidValueError):
            convert_one(parse_type(type), "", nullable=False)
    with pytest.raises(InvalidValueError):
        convert_one(parse_type("date"), "")


ROUNDED: list[tuple[str, Any, Any]] = [
    ("date", MOMENT, DAY),
    ("datetime", MOMENT.replace(microsecond=499999), MOMENT),
    ("datetime", MOMENT.replace(microsecond=500000), MOMENT.replace(second=16)),
    ("datetime(3)", MOMENT.replace(microsecond=1500), MOMENT.replace(microsecond=2000)),
    ("datetime(3)", "2024-02-29 12:30:15.0004", MOMENT),
    ("datetime(6)", "2024-02-29 12:30:15.0000019", MOMENT.replace(microsecond=2)),
    ("datetime(6)", pd.Timestamp(MOMENT) + pd.Timedelta(1500, "ns"), MOMENT.replace(microsecond=2)),
    ("datetime(6)", np.datetime64("2024-02-29T12:30:15.000001499", "ns"), MOMENT.replace(microsecond=1)),
    (
        "datetime(6)",
        np.datetime64("1960-01-01T00:00:00.000001700", "ns"),
        dt.datetime(1960, 1, 1, 0, 0, 0, 2),
    ),
    ("time", dt.time(1, 2, 3, 500000), dt.time(1, 2, 4)),
    ("time(6)", "1:02:03.0000004", dt.time(1, 2, 3)),
    ("time(6)", np.timedelta64(1600, "ns"), dt.time(0, 0, 0, 2)),
]


@pytest.mark.parametrize(("type", "value", "expected"), ROUNDED)
def test_rounded_with_a_warning(type: str, value: Any, expected: Any) -> None:
    with pytest.warns(PrecisionWarning, match="'start'") as caught:
        assert convert_column(parse_type(type), [None, value, value], attribute="start")[1:] == [expected] * 2
    assert len(caught) == 1
    assert "row 1 (2 values in all)" in str(caught[0].message)
    with pytest.warns(PrecisionWarning):
        assert convert_restriction(parse_type(type), value) == expected


def test_rounding_beyond_the_day_is_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InvalidValueError, match="24:00"):
            convert_one(parse_type("time"), dt.time(23, 59, 59, 999999))
        with pytest.raises(InvalidValueError, match="9999"):
            convert_one(parse_type("datetime"), dt.datetime.max)


def test_numpy_columns() -> None:
    cases: list[tuple[str, Any, list[Any]]] = [
        ("int16", np.arange(3), [0, 1, 2]),
        ("int16", np.array([1.0, 2.0]), [1, 2]),
        ("float64", np.array([0.1, np.nan]), [0.1, None]),
        ("float32", np.array([0.1, 2], dtype="f4"), [0.1, 2.0]),
        ("decimal(4,2)", np.array([0.1], dtype="f4"), [Decimal("0.10")]),
        ("varchar(4)", np.array([0.1], dtype="f4"), ["0.1"]),
        ("bool", np.array([True, False]), [True, False]),
        ("varchar(4)", np.array(["a", "bc"]), ["a", "bc"]),
        ("date", np.array(["2024-02-29", "NaT"], dtype="M8[D]"), [DAY, None]),
        ("datetime", np.array(["2024-02-29T12:30:15", "NaT"], dtype="M8[ns]"), [MOMENT, None]),
        ("int8", np.array([1, None], dtype=object), [1, None]),
    ]
    for type, array, expected in cases:
        converted = convert_column(parse_type(type), array)
        assert converted == expected
        assert [value.__class__ for value in converted] == [value.__class__ for value in expected]
    with pytest.raises(InvalidValueError):
        convert_column(parse_type("int8"), np.arange(300))
    with pytest.raises(InvalidValueError):
        convert_column(parse_type("datetime"), np.array(["20000-01-01"], dtype="M8[D]"))


def test_columns_are_copied_and_empty_ones_stay_empty() -> None:
    for type in ("int8", "float64", "varchar(3)", "json", "bytes", "date", "uuid", "enum('a')"):
        assert convert_column(parse_type(type), []) == []
    column = [1, 2]
    converted = convert_column(parse_type("int8"), column)
    assert converted == column
    assert converted is not column
    assert convert_column(parse_type("int8"), (1, 2)) == [1, 2]


def test_fast_and_slow_columns_agree() -> None:
    cases: list[tuple[str, list[Any]]] = [
        ("int8", [127, -128]),
        ("float32", [0.1, 1e-45, 3.4e38]),
        ("char(3)", ["a ", "b"]),
        ("decimal(5,1)", [Decimal("1"), Decimal("-0")]),
        ("date", [DAY]),
        ("datetime(6)", [MOMENT]),
        ("time(3)", [dt.time(1, microsecond=5000)]),
        ("bytes", [b"", b"a"]),
    ]
    for type, column in cases:
        attribute = parse_type(type)
        fast = convert_column(attribute, column)
        assert [repr(convert_restriction(attribute, value)) for value in column] == list(map(repr, fast))
        assert convert_column(attribute, [None, *column]) == [None, *fast]


_TEXTS = st.one_of(
    st.integers(-(10**19), 10**19).map(str),
    st.floats().map(repr),
    st.decimals(allow_nan=False, places=3).map(str),
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes().map(dt.datetime.isoformat),
    st.sampled_from(["", " 7 ", "+7", "007", "1e3", "-0", "1\n2", "1_0", "\u0661", "True", "no"]),
    st.sampled_from(["2024-W01-1", "2023-02-29", "2024-01-05 24:00:00", "2024-01-05x10:00:00", "0999-01-01"]),
)
_COLUMNS = st.one_of(
    st.lists(_TEXTS, min_size=1, max_size=4),
    st.lists(st.integers(-(2**70), 2**70) | st.sampled_from([0, 1, 10**400]), min_size=1, max_size=4),
    st.lists(st.integers(-300, 300) | st.floats(width=32), min_size=1, max_size=4),
    st.lists(
        st.datetimes()
        | st.datetimes().map(lambda moment: moment.replace(hour=0, minute=0, second=0, microsecond=0))
    ),
    st.lists(st.dates(), min_size=1, max_size=4),
)


@settings(max_examples=400)
@given(
    st.sampled_from(
        [
            "int8",
            "int64",
            "uint64",
            "float32",
            "float64",
            "decimal(6,3)",
            "bool",
            "date",
            "datetime",
            "datetime(6)",
            "time",
        ]
    ),
    _COLUMNS,
)
@pytest.mark.filterwarnings("ignore::datamill.errors.PrecisionWarning")
def test_columns_convert_like_their_values(type: str, column: list[Any]) -> None:
    attribute = parse_type(type)

    def outcome(values: list[Any]) -> str:
        try:
            return repr(convert_column(attribute, values))
        except InvalidValueError as error:
            return f"{error.reason} {error.value!r}"[:200]

    # An object that is no plain value makes the conversion go value by value.
    apart = [
        outcome([value, np.datetime64("NaT")]).removesuffix(", None]").removeprefix("[") for value in column
    ]
    at_once = outcome(column)
    if at_once.startswith("["):
        assert at_once == f"[{', '.join(apart)}]"
    else:
        assert at_once in apart


def test_codecs_have_no_rule() -> None:
    with pytest.raises(ValueError, match="resolve its codec"):
        converter(parse_type("<blob>"))


@given(st.floats(width=32, allow_nan=False))
@settings(max_examples=500)
def test_float32_is_bit_exact_and_shortest(value: float) -> None:
    short = shortest_float32(value)
    assert np.float32(short) == np.float32(value)
    assert len(repr(np.float32(value))) == len(repr(np.float32(short)))
    if math.isfinite(value):
        assert len(Decimal(repr(short)).normalize().as_tuple().digits) <= 9
        assert shortest_float32(short) == short


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abé", max_size=3), inner),
    )
)
def test_documents_are_canonical(document: Any) -> None:
    attribute = parse_type("json")
    converted = convert_one(attribute, document)
    assert converted == document
    assert json_text(converted) == json_text(convert_one(attribute, converted))


def test_the_model_needs_neither_numpy_nor_pandas() -> None:
    code = (
        "from datamill.model.convert import convert_column; from datamill.model.types import parse_type; import sys;"
        "convert_column(parse_type('int8'), [1, '2']); sys.exit(bool({'numpy', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
