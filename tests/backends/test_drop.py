"""Drop: tables with what depends on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datamill.data.connection import Connection
from datamill.data.drop import drop, drop_quick
from datamill.data.insert import insert
from datamill.errors import DataMillError, IntegrityError, MissingTableError
from datamill.model.names import TableName
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]


@pytest.fixture
def tables(declare: Declare) -> list[TableSpec]:
    return [
        declare("lab.a", "a : int32"),
        declare("other.b", "-> lab.a\nb : int32"),
        declare("lab.m", "m : int32"),
        declare("lab.m__p", "-> lab.m\n-> lab.a"),
    ]


def left(connection: Connection, tables: list[TableSpec]) -> list[str]:
    return [str(spec.name) for spec in tables if connection.catalog.has(spec.name)]


def test_drop_takes_dependents_of_all_schemas(connection: Connection, tables: list[TableSpec]) -> None:
    with pytest.raises(DataMillError, match=r"lab.m__p \(of lab.m\)"):
        drop(connection, tables[0].name, prompt=False)
    with pytest.raises(ValueError, match="cascade"):
        drop(connection, tables[0].name, prompt=False, part_integrity="cascade")
    with pytest.raises(DataMillError, match="without their masters"):
        drop(connection, tables[3].name, prompt=False)
    assert len(left(connection, tables)) == 4
    drop(connection, tables[0].name, prompt=False, part_integrity="ignore")
    assert left(connection, tables) == ["lab.m"]
    with pytest.raises(MissingTableError):
        drop(connection, tables[0].name, prompt=False)


def test_drop_asks(connection: Connection, tables: list[TableSpec], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(question: str = "") -> str:
        asked.append(question)
        return "no" if len(asked) == 1 else "yes"

    monkeypatch.setattr("builtins.input", answer)
    insert(connection, tables[0], [{"a": 1}])
    drop(connection, tables[2].name)
    assert len(left(connection, tables)) == 4
    drop(connection, tables[2].name)
    assert left(connection, tables) == ["lab.a", "other.b"]
    assert asked == ["Proceed? [yes, No]: "] * 2


def test_drop_quick(connection: Connection, tables: list[TableSpec]) -> None:
    with pytest.raises(IntegrityError, match=r"other\.b"):
        drop_quick(connection, tables[0].name)
    drop_quick(connection, tables[1].name)
    drop_quick(connection, TableName("lab", "nothing"))
    assert len(left(connection, tables)) == 3


def test_no_drop_within_a_transaction(connection: Connection, tables: list[TableSpec]) -> None:
    with connection.transaction:
        with pytest.raises(DataMillError, match="transaction"):
            drop(connection, tables[1].name, prompt=False)
        with pytest.raises(DataMillError, match="transaction"):
            drop_quick(connection, tables[1].name)
    assert len(left(connection, tables)) == 4
