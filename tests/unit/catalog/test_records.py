"""Type records in comments, defaults in SQL, types of columns without record."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.backends.base import RawColumn
from datamill.catalog.native import inverse_type
from datamill.catalog.records import parse_default, recorded_type, split_record
from datamill.model.attribute import Now
from datamill.model.types import core_type, parse_type
from datamill.sql.ddl_columns import default_text
from datamill.sql.dialects import get_dialect

DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb")


@given(st.lists(st.text(max_size=6), min_size=1, max_size=4), st.text(max_size=20))
def test_records_end_at_the_colon_outside_quotes(members: list[str], comment: str) -> None:
    text = core_type("enum", *members).text
    assert split_record(f":{text}:{comment}") == (text, comment)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("", (None, "")),
        ("ear tag", (None, "ear tag")),
        (":int32:", ("int32", "")),
        (":<blob@raw>:a : b", ("<blob@raw>", "a : b")),
        (":no end", (None, ":no end")),
        (":enum('a:'):x", ("enum('a:')", "x")),
        ("::x", ("", "x")),
    ],
)
def test_records(comment: str, expected: tuple[str | None, str]) -> None:
    assert split_record(comment) == expected


def test_records_of_unknown_types_give_no_type() -> None:
    assert recorded_type("int8") == parse_type("int8")
    assert recorded_type("no such type") is None
    assert recorded_type("") is None
    assert recorded_type(None) is None


VALUES: list[tuple[str, Any]] = [
    ("int8", -5),
    ("uint64", 2**64 - 1),
    ("float32", 0.5),
    ("float64", 1.5e300),
    ("decimal(6,2)", Decimal("1.50")),
    ("bool", True),
    ("bool", False),
    ("varchar(20)", 'it\'s 100% "so"'),
    ("varchar(20)", ""),
    ("varchar(20)", "NULL"),
    ("varchar(20)", "(a)"),
    ("varchar(20)", "CURRENT_TIMESTAMP"),
    ("enum('a','it''s')", "it's"),
    ("date", datetime.date(2024, 2, 29)),
    ("datetime(3)", datetime.datetime(2024, 2, 29, 12, 30, 1, 500_000)),
    ("time", datetime.time(12, 30)),
    ("datetime(3)", Now(3)),
    ("datetime", Now(0)),
    ("timestamp(6)", Now(6)),
    ("date", Now(0)),
]


@pytest.mark.parametrize("dialect_name", ["sqlite"])
@pytest.mark.parametrize(("type_text", "value"), VALUES)
def test_defaults_are_read_as_they_were_written(dialect_name: str, type_text: str, value: Any) -> None:
    dialect, type_ = get_dialect(dialect_name), parse_type(type_text)
    read = parse_default(default_text(value, type_, dialect), type_, dialect)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("dialect_name", DIALECTS)
def test_no_default(dialect_name: str) -> None:
    dialect, type_ = get_dialect(dialect_name), parse_type("int32")
    assert parse_default(None, type_, dialect) is None
    assert parse_default("NULL", type_, dialect) is None


@pytest.mark.parametrize(
    ("text", "type_text", "value"),
    [
        ("'-5'::integer", "int32", -5),
        ("('it''s'::character varying)", "varchar(9)", "it's"),
        ("now()", "datetime(3)", Now(3)),
        ("CURRENT_TIMESTAMP(3)", "datetime(3)", Now(3)),
        ("some_function(a)", "int32", "some_function(a)"),
    ],
)
def test_defaults_of_other_databases(text: str, type_text: str, value: Any) -> None:
    assert parse_default(text, parse_type(type_text), get_dialect("postgresql")) == value


@pytest.mark.parametrize(
    ("dialect", "sql_type", "expected"),
    [
        ("sqlite", "INTEGER", "int64"),
        ("sqlite", "REAL", "float64"),
        ("sqlite", "TEXT", "text"),
        ("sqlite", "BLOB", "bytes"),
        ("mysql", "tinyint", "int8"),
        ("mysql", "bigint unsigned", "uint64"),
        ("mysql", "enum('A','b')", "enum('A','b')"),
        ("mysql", "datetime(3)", "datetime(3)"),
        ("mysql", "decimal(6,2)", "decimal(6,2)"),
        ("mysql", "longblob", "longblob"),
        ("mysql", "mediumtext", "mediumtext"),
        ("mysql", "geometry", "geometry"),
        ("postgresql", "character varying(8)", "varchar(8)"),
        ("postgresql", "timestamp(3) without time zone", "datetime(3)"),
        ("postgresql", "double precision", "float64"),
        ("postgresql", "jsonb", "json"),
    ],
)
def test_columns_without_record(dialect: str, sql_type: str, expected: str) -> None:
    assert inverse_type(RawColumn("a", sql_type, False, None, ""), get_dialect(dialect)).text == expected


def test_numbered_columns_without_record() -> None:
    column = RawColumn("a", "int unsigned", False, None, "", is_auto_increment=True)
    assert inverse_type(column, get_dialect("mysql")).text == "int unsigned auto_increment"
