"""MySQL without a server: values as text, rows as text, errors, versions."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest

from datamill.backends.mysql_catalog import _default
from datamill.backends.mysql_errors import LOST, row_of, translate
from datamill.backends.mysql_literals import bind, literal
from datamill.backends.mysql_open import read_version, target_of
from datamill.backends.mysql_render import pieces, rows_as_lines, rows_as_values
from datamill.errors import (
    AccessError,
    ConfigError,
    DataMillError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    LockTimeoutError,
    LostConnectionError,
    MissingAttributeError,
    MissingTableError,
    QueryError,
    QuerySyntaxError,
    UnknownAttributeError,
)
from datamill.settings.address import parse_url
from datamill.settings.values import Settings


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, b"NULL"),
        (True, b"1"),
        (-7, b"-7"),
        (Number.ONE, b"1"),
        (0.1, b"0.1e0"),
        (1e300, b"1e+300"),
        (Decimal("1E+3"), b"1000"),
        (Decimal("-0.10"), b"-0.10"),
        ("it's \\ %s\0", b"'it\\'s \\\\ %s\0'"),
        ("ü", "'ü'".encode()),
        (b"\0'\\\xff", b"_binary'\0\\'\\\\\xff'"),
        (bytearray(b"a"), b"_binary'a'"),
        (memoryview(b"a"), b"_binary'a'"),
        (datetime.date(2024, 2, 29), b"DATE'2024-02-29'"),
        (datetime.datetime(2024, 2, 29, 1, 2, 3, 40), b"TIMESTAMP'2024-02-29 01:02:03.000040'"),
        (datetime.time(1, 2, 3), b"TIME'01:02:03'"),
        (datetime.timedelta(days=1, seconds=1), b"TIME'24:00:01.000000'"),
        (datetime.timedelta(seconds=-61), b"TIME'-00:01:01.000000'"),
    ],
)
def test_literals(value: Any, text: bytes) -> None:
    assert literal(value) == text
    assert bind("%s", (value,)) == text


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, Decimal("NaN"), object(), UUID(int=1)])
def test_what_mysql_has_not(value: Any) -> None:
    with pytest.raises(InvalidValueError):
        bind("SELECT %s", (value,))


@pytest.mark.parametrize(
    ("sql", "values"), [("SELECT '\ud800'", ()), ("SELECT '\ud800', %s", (1,)), ("%s", ("\ud800",))]
)
def test_half_a_character(sql: str, values: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidValueError, match="half a character"):
        bind(sql, values)


def test_places_for_values() -> None:
    assert bind("SELECT 'a%', '%s'", ()) == b"SELECT 'a%', '%s'"
    assert bind("SELECT %s, '5%%', 7 % 4", (1,)) == b"SELECT 1, '5%', 7 % 4"
    assert bind("%%s %%%s %%%%", ("%s",)) == b"%s %'%s' %%"
    with pytest.raises(QueryError, match=r"1 placeholder\(s\) but 2 value"):
        bind("SELECT %s", (1, 2))


@pytest.mark.parametrize("value", [None, True, 7, 0.5, "it's", "ü", b"\0'", Decimal("1.50")])
def test_one_row_is_written_as_one_of_many(value: Any) -> None:
    assert rows_as_values([[value], [1]]) * 2 == rows_as_values([[value, value], [1, 1]])


def test_rows_as_text() -> None:
    columns: list[list[Any]] = [[1, 2], [0.5, None], ["a", "it's"], [b"\\", b""], [None, None]]
    assert rows_as_values(columns) == [
        b"(1,0.5e0,'a',_binary'\\\\',NULL)",
        b"(2,NULL,'it\\'s',_binary'',NULL)",
    ]
    columns = [[1, True], ["a\tb", "\\N"], [Decimal("1.50"), None], [datetime.datetime(2024, 1, 2), "ü\n"]]
    assert rows_as_lines(columns) == [
        b"1\ta\\\tb\t1.50\t2024-01-02 00:00:00\n".replace(b"\\\t", b"\\t"),
        "1\t\\\\N\t\\N\tü\\n\n".encode(),
    ]


def test_rows_are_cut_into_packets() -> None:
    rows = [b"x" * size for size in (3, 3, 20, 1)]
    assert [(start, len(run)) for start, run in pieces(rows, 8)] == [(0, 2), (2, 1), (3, 1)]
    assert [start for start, _ in pieces(rows, 1000)] == [0]


FK = (
    "Cannot add or update a child row: a foreign key constraint fails (`lab`.`c`, CONSTRAINT `c_ibfk_1` FOREIGN KEY "
    "(`a`, `b`) REFERENCES `p` (`a`, `b`) ON DELETE RESTRICT ON UPDATE CASCADE)"
)


@pytest.mark.parametrize(
    ("code", "message", "kind", "fields"),
    [
        (1062, "Duplicate entry 'x.y' for key 't.PRIMARY'", DuplicateError, {"table": "t"}),
        (1062, "Duplicate entry '1-2' for key 'name'", DuplicateError, {}),
        (1452, FK, IntegrityError, {"child": "lab.c", "parent": "lab.p", "attributes": ("a", "b")}),
        (1451, FK.replace("`p`", "`o`.`p`"), IntegrityError, {"parent": "o.p"}),
        (1048, "Column 'x' cannot be null", MissingAttributeError, {"attribute": "x"}),
        (1364, "Field 'x' doesn't have a default value", MissingAttributeError, {"attribute": "x"}),
        (1264, "Out of range value for column 'x' at row 3", InvalidValueError, {"attribute": "x"}),
        (1292, "Truncated incorrect DOUBLE value: 'a'", QueryError, {}),
        (1366, "Incorrect integer value: 'a' for column 'x' at row 1", InvalidValueError, {"attribute": "x"}),
        (1690, "BIGINT value is out of range in '(1 + 2)'", QueryError, {"code": 1690}),
        (1146, "Table 'lab.t' doesn't exist", MissingTableError, {"schema": "lab", "table": "t"}),
        (1049, "Unknown database 'lab'", MissingTableError, {"schema": "lab"}),
        (1054, "Unknown column 't1.x' in 'field list'", UnknownAttributeError, {"attribute": "x"}),
        (1064, "You have an error", QuerySyntaxError, {"expression": "SELECT"}),
        (1142, "SELECT command denied to user 'u'@'h' for table 't'", AccessError, {"privilege": "SELECT"}),
        (
            1142,
            "SELECT, LOCK TABLES command denied to user",
            AccessError,
            {"privilege": "SELECT, LOCK TABLES"},
        ),
        (1227, "Access denied; you need (at least one of) the SUPER privilege(s)", AccessError, {}),
        (1045, "Access denied for user", AccessError, {"privilege": "login"}),
        (1290, "running with the --read-only option", AccessError, {"privilege": "write"}),
        (1205, "Lock wait timeout exceeded", LockTimeoutError, {}),
        (1153, "Got a packet bigger", InvalidValueError, {}),
        (1040, "Too many connections", LostConnectionError, {}),
        (2003, "Can't connect", LostConnectionError, {}),
        (2026, "SSL connection error", LostConnectionError, {}),
        (1114, "The table 't' is full", QueryError, {}),
        (99999, "Something new", QueryError, {"code": 99999}),
        *((code, "gone", LostConnectionError, {}) for code in sorted(LOST)),
    ],
)
def test_errors(code: int, message: str, kind: type[DataMillError], fields: dict[str, Any]) -> None:
    error = translate(RuntimeError(code, message), "SELECT", "server:3306")
    assert type(error) is kind
    assert {name: getattr(error, name) for name in fields} == fields


def test_deadlocks_may_be_repeated() -> None:
    error = translate(RuntimeError(1213, "Deadlock found"), None, "server")
    assert getattr(error, "is_retryable", False) is True
    assert row_of(RuntimeError(1264, "Out of range value for column 'x' at row 3")) == 2


@pytest.mark.parametrize(
    ("text", "sql_type", "is_expression", "is_mariadb", "expected"),
    [
        (None, "int", False, False, None),
        ("it's", "varchar(9)", False, False, "'it''s'"),
        ("'don''t \\\\ x'", "varchar(9)", False, True, "'don''t \\ x'"),
        ("NULL", "int", False, True, None),
        ("NULL", "varchar(9)", False, False, "'NULL'"),
        ("CURRENT_TIMESTAMP(3)", "datetime(3)", True, False, "CURRENT_TIMESTAMP(3)"),
        ("0x0102", "binary(2)", False, False, "X'0102'"),
    ],
)
def test_defaults(
    text: Any, sql_type: str, is_expression: bool, is_mariadb: bool, expected: str | None
) -> None:
    assert _default(text, sql_type, is_expression, is_mariadb) == expected


def test_versions() -> None:
    assert read_version("5.5.5-10.11.19-MariaDB-0+deb12u1") == ((10, 11, 19), True)
    assert read_version("9.7.4-2") == ((9, 7, 4), False)


def test_addresses() -> None:
    target = target_of(
        parse_url("mysql://ann:s%40@lab.org:3307/?driver=pymysql&connect_timeout=3"), Settings()
    )
    assert (target.login.host, target.login.port, target.login.password) == ("lab.org", 3307, "s@")
    assert (target.driver, target.login.wait, target.place) == ("pymysql", 3.0, "lab.org:3307")
    assert "s@" not in repr(target)
    with pytest.raises(ConfigError, match="colour"):
        target_of(parse_url("mysql://ann@lab.org/?colour=red"), Settings())
