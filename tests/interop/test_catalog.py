"""What lies in the catalog of the database is what the genuine package puts there (spec 06, sections 1 to 5)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.interop.conftest import Lab

from datamill.backends.base import RawTable


@pytest.fixture
def tables(genuine_made: Lab, ours_made: Lab) -> tuple[dict[str, RawTable], dict[str, RawTable]]:
    """The tables of the pipeline as the database describes them: those of the genuine package, and datamill's."""
    session = ours_made.instance.connection.session
    theirs, ours = (
        {table.name.table: table for table in session.load_tables([ours_made.name(purpose)])}
        for purpose in ("genuine", "ours")
    )
    return theirs, ours


def test_the_same_tables(tables: tuple[dict[str, RawTable], dict[str, RawTable]]) -> None:
    """Apart from hidden ones, which datamill may add."""
    theirs, ours = ({name for name in side if name[0] != "~" or name == "~lineage"} for side in tables)
    assert ours == theirs


def test_the_same_columns(tables: tuple[dict[str, RawTable], dict[str, RawTable]]) -> None:
    theirs, ours = tables
    for name, table in theirs.items():
        if not name.startswith("~"):
            assert columns(ours[name]) == columns(table), name


def columns(table: RawTable) -> list[tuple[Any, ...]]:
    """Return what must agree of the columns: all but what only datamill has, and type records of inherited ones."""
    inherited = {name for key in table.foreign_keys for name in key.columns}
    return [
        (
            item.name,
            # The genuine package declares datetime on PostgreSQL with all six digits.
            item.sql_type.replace("timestamp(0)", "timestamp"),
            item.nullable,
            value_of(item.default),
            None if item.name in inherited else item.comment,
        )
        for item in table.columns
        if not item.name.startswith("_job")
    ]


def value_of(default: str | None) -> str | None:
    """Return a default without the cast that PostgreSQL shows with it."""
    text = (default or "NULL").partition("::")[0]
    return None if text == "NULL" else text


def test_the_same_keys_and_indexes(tables: tuple[dict[str, RawTable], dict[str, RawTable]]) -> None:
    theirs, ours = tables
    for name, table in theirs.items():
        if name.startswith("~"):
            continue
        assert ours[name].primary_key == table.primary_key, name
        assert references(ours[name]) == references(table), name
        assert indexes(ours[name]) == indexes(table), name


def references(table: RawTable) -> list[tuple[Any, ...]]:
    return sorted((key.parent.table, key.columns, key.parent_columns) for key in table.foreign_keys)


def indexes(table: RawTable) -> list[tuple[Any, ...]]:
    return sorted((index.columns, index.unique) for index in table.indexes)


def test_the_same_comments(tables: tuple[dict[str, RawTable], dict[str, RawTable]]) -> None:
    theirs, ours = tables
    for name, table in theirs.items():
        if not name.startswith("~"):
            assert ours[name].comment == table.comment, name
