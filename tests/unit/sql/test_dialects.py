"""Dialects: every kind has a type, and what goes to the driver comes back as it was."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.errors import ConfigError
from datamill.model.types import KINDS, AttributeType, core_type, parse_type
from datamill.sql.dialects import NAMES, adapters, get_dialect
from datamill.sql.dialects.base import Dialect
from datamill.sql.dialects.postgresql import enum_base_name

DIALECTS = [get_dialect(name) for name in NAMES]
EXAMPLES = {"decimal": "decimal(30,5)", "char": "char(20)", "varchar": "varchar(20)", "enum": "enum('a','b')"}


def type_of(kind: str) -> AttributeType:
    if not KINDS[kind].is_core:
        return AttributeType(kind, kind, native="geometry" if kind == "opaque" else kind)
    return parse_type(EXAMPLES.get(kind, kind))


def names(dialect: Dialect) -> str:
    return dialect.name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", DIALECTS, ids=names)
def test_every_dialect_maps_every_kind(dialect: Dialect, kind: str) -> None:
    assert dialect.column_type[kind](type_of(kind))
    adapted = {*dialect.to_driver, *dialect.to_driver_by_type, *dialect.from_driver}
    assert adapted | {*dialect.ddl.checks, *dialect.ddl.collations} <= set(KINDS)


def test_unknown_dialect_is_named() -> None:
    with pytest.raises(ConfigError, match="oracle"):
        get_dialect("oracle")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
moments = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "float64": st.floats(allow_nan=False),
    "decimal(30,5)": st.decimals(-(10**20), 10**20, allow_nan=False, places=5),
    "bool": st.booleans(),
    "varchar(20)": texts,
    "char(20)": texts.map(lambda text: text.rstrip(" ")),
    "date": st.dates(date(1000, 1, 1)),
    "datetime(6)": moments,
    "datetime": moments.map(lambda moment: moment.replace(microsecond=0)),
    "datetime(2)": moments.map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 10000 * 10000)
    ),
    "time(6)": st.times(),
    "uuid": st.uuids(),
    "json": documents.filter(lambda document: document is not None),
    "bytes": st.binary(max_size=20),
}


@pytest.mark.parametrize("text", VALUES)
@given(data=st.data())
def test_sqlite_gives_back_what_it_got(text: str, data: st.DataObject) -> None:
    dialect, type = get_dialect("sqlite"), parse_type(text)
    value = data.draw(VALUES[text])
    to_driver, from_driver = dialect.to_driver_for(type), dialect.from_driver_for(type)
    bound = value if to_driver is None else to_driver(value)
    assert isinstance(bound, int | float | str | bytes)
    again = bound if from_driver is None else from_driver(bound)
    assert again == value
    assert type.kind != "decimal" or str(again) == str(value)


@pytest.mark.parametrize("digits", range(7))
@given(first=moments, second=moments)
def test_texts_of_moments_sort_as_the_moments(digits: int, first: datetime, second: datetime) -> None:
    unit = 10 ** (6 - digits)
    first, second = (item.replace(microsecond=item.microsecond // unit * unit) for item in (first, second))
    for type, convert in (("datetime", lambda item: item), ("time", datetime.time)):
        write = get_dialect("sqlite").to_driver_for(core_type(type, digits))
        assert write is not None
        assert (write(convert(first)) < write(convert(second))) == (convert(first) < convert(second))


@given(st.floats(width=32, allow_nan=False))
def test_float32_reads_as_its_shortest_decimal(value: float) -> None:
    short = adapters.widen_float32(value)
    assert struct.pack("f", short) == struct.pack("f", value)
    assert len(repr(short)) <= len(repr(value))


def test_equal_documents_are_equal_texts() -> None:
    assert adapters.json_to_text({"b": [1, "é"], "a": None}) == adapters.json_to_text(
        {"a": None, "b": [1, "é"]}
    )


def test_times_of_mysql() -> None:
    assert adapters.timedelta_to_time(timedelta(hours=1, microseconds=5)) == time(1, 0, 0, 5)
    assert adapters.timedelta_to_time(timedelta(hours=30)) == timedelta(hours=30)


def test_enum_names_are_those_of_the_shared_format() -> None:
    assert enum_base_name(("a", "b")) == enum_base_name(("b", "a")) == "enum_dbf08e00"


LITERALS: list[tuple[str, Any, dict[str, str]]] = [
    ("varchar(20)", "it's \\", {"sqlite": "'it''s \\'", "postgresql": "'it''s \\'", "mysql": "'it''s \\\\'"}),
    ("bool", True, {"sqlite": "1", "postgresql": "TRUE", "mysql": "1"}),
    ("decimal(5,2)", Decimal("1E+1"), {"sqlite": "'10'", "postgresql": "10", "mysql": "10"}),
    ("float64", 1e300, {"sqlite": "1e+300", "postgresql": "1e+300", "mysql": "1e+300"}),
    ("float64", float("-inf"), {"sqlite": "-9e999", "postgresql": "'-inf'::double precision"}),
    ("bytes", b"\0'", {"sqlite": "X'0027'", "postgresql": "'\\x0027'::bytea", "mysql": "X'0027'"}),
    (
        "date",
        date(2024, 2, 29),
        {"sqlite": "'2024-02-29'", "postgresql": "'2024-02-29'::date", "mysql": "DATE '2024-02-29'"},
    ),
    ("uuid", UUID(int=1), {"sqlite": f"X'{'0' * 31}1'", "mysql": f"X'{'0' * 31}1'"}),
    (
        "json",
        {"a": 1},
        {"sqlite": "'{\"a\":1}'", "postgresql": "'{\"a\":1}'::jsonb", "mariadb": "'{\"a\":1}'"},
    ),
    ("int8", None, {"sqlite": "NULL", "postgresql": "NULL", "mysql": "NULL"}),
]


@pytest.mark.parametrize(("text", "value", "expected"), LITERALS)
def test_literals(text: str, value: Any, expected: dict[str, str]) -> None:
    for name, sql in expected.items():
        assert get_dialect(name).literal(value, parse_type(text)) == sql


@pytest.mark.parametrize(
    ("name", "quoted"), [("sqlite", '"a""b`"'), ("postgresql", '"a""b`"'), ("mysql", '`a"b```')]
)
def test_identifiers_are_quoted(name: str, quoted: str) -> None:
    assert get_dialect(name).identifier('a"b`') == quoted


def test_adapters_are_quick() -> None:
    """Those of common kinds are implemented in C: they are mapped over columns of millions of values."""
    dialect = get_dialect("sqlite")
    for kind in (
        "uint64",
        "decimal(5,2)",
        "bool",
        "date",
        "datetime",
        "datetime(3)",
        "datetime(6)",
        "time",
        "uuid",
    ):
        adapt: Callable[[Any], Any] | None = dialect.to_driver_for(parse_type(kind))
        assert not hasattr(adapt, "__code__")
