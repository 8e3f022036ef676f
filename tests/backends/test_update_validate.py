"""Changing one row, and checking rows without storing them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from datamill.algebra.relations import BaseTable
from datamill.data.connection import Connection
from datamill.data.fetch import to_dicts
from datamill.data.insert import insert, insert1
from datamill.data.update import update1
from datamill.data.validate import validate
from datamill.errors import (
    DataMillError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    MissingAttributeError,
    UnknownAttributeError,
)
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]


@pytest.fixture
def tables(connection: Connection, declare: Declare) -> tuple[TableSpec, TableSpec]:
    rig = declare("lab.rig", "rig : varchar(8)")
    session = declare(
        "lab.session",
        """
        session : int32
        ---
        -> [nullable] lab.rig
        score = 5 : int32
        title : varchar(20)
        unique index (title)
        """,
    )
    insert(connection, rig, [{"rig": "A"}, {"rig": "B"}])
    insert(
        connection,
        session,
        [{"session": 1, "rig": "A", "title": "one"}, {"session": 2, "title": "two", "score": 1}],
    )
    return rig, session


def rows_of(connection: Connection, spec: TableSpec) -> list[dict[str, Any]]:
    return to_dicts(connection, BaseTable(spec, connection), order_by="KEY")


def test_update_changes_what_is_named(connection: Connection, tables: tuple[TableSpec, TableSpec]) -> None:
    _, session = tables
    update1(connection, session, {"session": 2, "rig": "B", "score": None})
    update1(connection, session, {"session": 1, "rig": None, "title": "uno"})
    update1(connection, session, {"session": 1})
    assert rows_of(connection, session) == [
        {"session": 1, "rig": None, "score": 5, "title": "uno"},
        {"session": 2, "rig": "B", "score": 5, "title": "two"},
    ]


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"score": 1}, DataMillError, "complete primary key"),
        ({"session": None, "score": 1}, DataMillError, "complete primary key"),
        ({"session": 9, "score": 1}, DataMillError, "no row"),
        ({"session": 9}, DataMillError, "no row"),
        ({"session": 1, "scroe": 1}, UnknownAttributeError, r"Did you mean 'score'\?$"),
        ({"session": 1, "score": "much"}, InvalidValueError, "much"),
        ({"session": 1, "title": None}, MissingAttributeError, "title"),
        ({"session": 1, "title": "two"}, DuplicateError, "title"),
        ({"session": 1, "rig": "C"}, IntegrityError, "nearest"),
        ([("session", 1)], DataMillError, "mapping"),
    ],
)
def test_update_refuses(
    row: Any,
    error: type[DataMillError],
    message: str,
    connection: Connection,
    tables: tuple[TableSpec, TableSpec],
) -> None:
    before = rows_of(connection, tables[1])
    with pytest.raises(error, match=message):
        update1(connection, tables[1], row)
    assert rows_of(connection, tables[1]) == before


def test_update_of_computed_rows_warns(
    connection: Connection, tables: tuple[TableSpec, TableSpec], declare: Declare, caplog: Any
) -> None:
    stats = declare("lab.__stats", "-> lab.session\n---\nmean : float64")
    insert1(connection, stats, {"session": 1, "mean": 1}, allow_direct_insert=True)
    with caplog.at_level(logging.WARNING, logger="datamill"):
        update1(connection, stats, {"session": 1, "mean": 2})
    assert rows_of(connection, stats) == [{"session": 1, "mean": 2.0}]


def test_validate_finds_everything_and_stores_nothing(
    connection: Connection, tables: tuple[TableSpec, TableSpec]
) -> None:
    _, session = tables
    before = rows_of(connection, session)
    rows = [
        {"session": 3, "title": "three"},
        {"session": "x", "score": 2.5},
        {"session": 3, "title": "again"},
        {"session": 4, "title": "four", "scroe": 1},
        {"session": 1, "title": "five", "rig": "C"},
    ]
    result = validate(connection, session, iter(rows))
    assert not result
    assert not result.is_valid
    assert result.rows_checked == 5
    assert {(index, name) for index, name, _ in result.errors} == {
        (1, "session"),
        (1, "score"),
        (1, "title"),
        (2, None),
        (3, "scroe"),
    }
    assert "row 1, score" in result.summary()
    with pytest.raises(DataMillError, match="row 1"):
        result.raise_if_invalid()
    found = validate(connection, session, rows[4:], check_database=True)
    assert {(index, name) for index, name, _ in found.errors} == {(0, None), (0, "rig")}
    good = validate(connection, session, rows[:1], check_database=True)
    assert good
    good.raise_if_invalid()
    assert validate(connection, session, rows[3:4], ignore_extra_fields=True)
    assert rows_of(connection, session) == before
