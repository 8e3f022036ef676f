"""What each type takes and refuses in a real SQLite table, below all client-side checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from datamill.backends.sqlite import SqliteSession
from datamill.errors import InvalidValueError
from datamill.model.attribute import Attribute, Now
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.model.types import KINDS, parse_type
from datamill.sql import ddl
from datamill.sql.dialects.sqlite import SQLITE

TABLE = TableName("lab", "t")
INTEGERS = [
    (kind.name, bound)
    for kind in KINDS.values()
    if kind.family == "integer"
    for bound in (kind.low, kind.high, 0, 1)
]
GOOD: list[tuple[str, Any]] = [
    *INTEGERS,
    ("float32", 0.1),
    ("float64", 5e-324),
    ("float64", 1.7976931348623157e308),
    ("float64", float("inf")),
    ("float64", float("-inf")),
    ("decimal(65,30)", Decimal("-" + "9" * 35 + "." + "9" * 30)),
    ("decimal(5,2)", Decimal("1.50")),
    ("bool", True),
    ("bool", False),
    ("char(3)", "añ\U0001f600"),
    ("varchar(3)", "   "),
    ("varchar(3)", ""),
    ("enum('it''s','b')", "it's"),
    ("date", date(1000, 1, 1)),
    ("date", date(9999, 12, 31)),
    ("datetime", datetime(2024, 2, 29, 23, 59, 59)),
    ("datetime(1)", datetime(2024, 2, 29, 23, 59, 59, 900000)),
    ("datetime(6)", datetime(1000, 1, 1, 0, 0, 0, 1)),
    ("timestamp(3)", datetime(2024, 1, 1)),
    ("time", time(23, 59, 59)),
    ("time(6)", time(0, 0, 0, 1)),
    ("uuid", UUID(int=2**128 - 1)),
    ("json", {"ä": [1, None, "x", {"b": 1.5}]}),
    ("json", 0),
    ("bytes", b""),
    ("bytes", bytes(range(256))),
]
BAD: list[tuple[str, Any]] = [
    *(
        (kind, bound + step)
        for kind, bound, step in [("int8", 127, 1), ("uint8", 0, -1), ("uint32", 2**32 - 1, 1)]
    ),
    ("int32", 1.5),
    ("int32", "one"),
    ("float64", "x"),
    ("bool", 2),
    ("varchar(3)", "four"),
    ("varchar(3)", b"x"),
    ("enum('a','b')", "A"),
    ("date", "2024-1-5"),
    ("date", "2024-01-05 00:00:00"),
    ("datetime", "2024-01-05T00:00:00"),
    ("datetime", "2024-01-05 00:00:00.5"),
    ("datetime(3)", "2024-01-05 00:00:00"),
    ("time", "25 o'clock"),
    ("uuid", b"short"),
    ("json", "{"),
    ("bytes", "text"),
]


@pytest.fixture
def session() -> Iterator[SqliteSession]:
    session = SqliteSession(":memory:")
    yield session
    session.close()


def declare(session: SqliteSession, type: str, **options: Any) -> Attribute:
    number, wanted = parse_type("int32"), parse_type(type)
    attribute = Attribute("a", wanted, wanted, **options)
    for statement in ddl.create_table(
        TableSpec(TABLE, Heading([Attribute("id", number, number, in_key=True), attribute])), SQLITE, {}
    ):
        session.execute(statement.sql, statement.params)
    return attribute


@pytest.mark.parametrize(("type", "value"), GOOD)
def test_values_come_back(session: SqliteSession, type: str, value: Any) -> None:
    stored = declare(session, type).stored
    to_driver, from_driver = SQLITE.to_driver_for(stored), SQLITE.from_driver_for(stored)
    session.insert_columns(TABLE, ["id", "a"], [[1], [value if to_driver is None else to_driver(value)]])
    ((found,),) = session.execute('SELECT "a" FROM "lab.t"').rows
    found = found if from_driver is None else from_driver(found)
    assert found == value
    assert repr(found) == repr(value)


@pytest.mark.parametrize(("type", "value"), BAD)
def test_what_another_program_might_write_is_refused(session: SqliteSession, type: str, value: Any) -> None:
    declare(session, type)
    with pytest.raises(InvalidValueError) as caught:
        session.insert_columns(TABLE, ["id", "a"], [[1], [value]])
    assert caught.value.attribute == "a"


@pytest.mark.parametrize(
    "type", ["date", *(f"{kind}({digits})" for kind in ("datetime", "time") for digits in range(7))]
)
def test_the_present_moment_fits_its_type(session: SqliteSession, type: str) -> None:
    stored = declare(session, type, default=Now(0)).stored
    session.insert_columns(TABLE, ["id"], [[1]])
    ((found,),) = session.execute('SELECT "a" FROM "lab.t"').rows
    convert = SQLITE.from_driver_for(stored)
    assert convert is not None
    assert convert(found)


@pytest.mark.parametrize("type", ["decimal(5,2)", "uint64"])
def test_numbers_kept_as_text_compare_as_numbers(session: SqliteSession, type: str) -> None:
    declare(session, type)
    session.insert_columns(TABLE, ["id", "a"], [[1, 2, 3], ["10", "9", "100"]])
    assert session.execute('SELECT "id" FROM "lab.t" ORDER BY "a"').rows == [(2,), (1,), (3,)]
    assert session.execute('SELECT "id" FROM "lab.t" WHERE "a" > ?', ["9.00"]).rows == [(1,), (3,)]
    assert session.execute('SELECT "id" FROM "lab.t" WHERE "a" = ?', ["9.00"]).rows == [(2,)]
