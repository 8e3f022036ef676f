"""The trash: what is kept, restored and purged, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import datamill as dm
from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch, trash
from datamill.data.connection import Connection
from datamill.data.delete import delete, plan_delete
from datamill.data.insert import insert
from datamill.errors import DataMillError, DefinitionError, DuplicateError, IntegrityError
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]

DEFINITION = """
a : int32
---
i = null : int64
f = null : float64
g = null : float32
n = null : decimal(9,3)
t = '' : varchar(40)
e = 'x' : enum('x', 'y')
d = null : date
m = null : datetime(6)
u = null : uuid
j = null : json
b = null : bytes
o = null : bool
v = null : <blob>
"""
ROWS: list[dict[str, Any]] = [
    {"a": 1},
    {
        "a": 2,
        "i": -(2**62),
        "f": 0.1,
        "g": 0.5,
        "n": Decimal("1.250"),
        "t": "naïve 'text' \U0001f9ea",
        "e": "y",
        "d": date(2025, 1, 2),
        "m": datetime(2025, 1, 2, 3, 4, 5, 678901),
        "u": UUID(int=7),
        "j": {"k": [1, None, "x"]},
        "b": b"\x00\xff",
        "o": True,
        "v": {"trace": [1, 2.5]},
    },
]


@pytest.fixture
def tables(connection: Connection, declare: Declare) -> dict[str, BaseTable]:
    specs = {
        "lab.a": declare("lab.a", DEFINITION),
        "lab.only": declare("lab.only", "---\nx : int32\n-> lab.a"),
        "other.c": declare("other.c", "-> lab.a\nc : int32"),
    }
    tables = {name: BaseTable(spec, connection) for name, spec in specs.items()}
    insert(connection, specs["lab.a"], ROWS)
    insert(connection, specs["other.c"], [{"a": a, "c": c} for a in (1, 2) for c in range(3)])
    insert(connection, specs["lab.only"], [{"x": 5, "a": 2}])
    return tables


def contents(connection: Connection, tables: dict[str, BaseTable]) -> dict[str, Any]:
    return {
        name: fetch.to_dicts(connection, table, order_by="KEY" if table.heading.key else None)
        for name, table in tables.items()
    }


def test_what_was_deleted_comes_back(connection: Connection, tables: dict[str, BaseTable]) -> None:
    before = contents(connection, tables)
    assert delete(connection, tables["lab.a"], prompt=False, trash=True) == 2
    assert not any(contents(connection, tables).values())
    (entry,) = trash.entries(connection, "lab")
    name = connection.dialect.table
    assert entry.target == name(tables["lab.a"].spec.name)
    assert entry.counts == {name(table.spec.name): len(before[key]) for key, table in tables.items()}
    assert entry.bytes > 0
    assert entry.user == connection.get_user()
    assert abs(entry.time - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=5)
    assert trash.restore(connection, entry.id) == entry.counts
    assert contents(connection, tables) == before
    assert trash.entries(connection, "lab") == []


def test_nothing_is_kept_unless_asked_for(connection: Connection, tables: dict[str, BaseTable]) -> None:
    delete(connection, restrict(tables["lab.a"], {"a": 1}), prompt=False)
    assert trash.entries(connection, "lab") == []
    connection.config["delete.trash"] = True
    delete(connection, restrict(tables["lab.a"], {"a": 2}), prompt=False)
    assert len(trash.entries(connection, "lab")) == 1
    assert "~trash" not in str(list(connection.catalog.graph()))


def test_a_plan_keeps_rows_too(connection: Connection, tables: dict[str, BaseTable]) -> None:
    before = contents(connection, tables)
    for transaction in (True, False):
        plan_delete(connection, restrict(tables["lab.a"], "a = 2")).apply(transaction, trash=True)
        trash.restore(connection, trash.entries(connection, "lab")[0].id)
        assert contents(connection, tables) == before


def test_a_delete_that_fails_leaves_no_trash(connection: Connection, tables: dict[str, BaseTable]) -> None:
    plan = plan_delete(connection, tables["lab.a"])
    insert(connection, tables["other.c"].spec, [{"a": 1, "c": 9}])
    with pytest.raises(IntegrityError):
        plan.apply(trash=True)
    assert trash.entries(connection, "lab") == []


def test_existing_keys(connection: Connection, tables: dict[str, BaseTable]) -> None:
    before = contents(connection, tables)
    delete(connection, tables["lab.a"], prompt=False, trash=True)
    (entry,) = trash.entries(connection, "lab")
    insert(connection, tables["lab.a"].spec, [ROWS[1]])
    with pytest.raises(DuplicateError) as raised:
        trash.restore(connection, entry.id)
    assert raised.value.key == {"a": 2}
    assert [len(rows) for rows in contents(connection, tables).values()] == [1, 0, 0]
    assert (
        trash.restore(connection, entry.id, "skip")[connection.dialect.table(tables["lab.a"].spec.name)] == 1
    )
    assert contents(connection, tables) == before

    delete(connection, restrict(tables["lab.a"], "a = 1"), prompt=False, trash=True)
    (entry,) = trash.entries(connection, "lab")
    insert(connection, tables["lab.a"].spec, [{"a": 1, "i": 3}])
    with pytest.raises(DuplicateError, match="other values"):
        trash.restore(connection, entry.id, "skip")
    with pytest.raises(ValueError, match="on_conflict"):
        trash.restore(connection, entry.id, "maybe")


def test_missing_parents(connection: Connection, tables: dict[str, BaseTable]) -> None:
    delete(connection, restrict(tables["other.c"], "a = 1"), prompt=False, trash=True)
    (entry,) = trash.entries(connection, "other")
    delete(connection, tables["lab.a"], prompt=False)
    with pytest.raises(IntegrityError, match=r"lab\.a") as raised:
        trash.restore(connection, entry.id)
    assert raised.value.child == "other.c"
    assert trash.entries(connection, "other") == [entry]


def test_changed_definitions(connection: Connection, tables: dict[str, BaseTable], declare: Declare) -> None:
    delete(connection, tables["other.c"], prompt=False, trash=True)
    (entry,) = trash.entries(connection, "other")
    connection.catalog.drop_tables([tables["other.c"].spec.name])
    with pytest.raises(DefinitionError, match=r"other\.c is no longer there"):
        trash.restore(connection, entry.id)
    declare("other.c", "-> lab.a\nc : int64\n---\nz = 0 : int32")
    with pytest.raises(DefinitionError, match="Changed: c, z"):
        trash.restore(connection, entry.id)
    connection.catalog.drop_tables([tables["other.c"].spec.name])
    declare("other.c", "# another comment\n-> lab.a\nc : int32  # explained")
    trash.restore(connection, entry.id)
    assert (
        fetch.count(connection, BaseTable(connection.catalog.spec(tables["other.c"].spec.name), connection))
        == 6
    )


def test_transactions(connection: Connection, tables: dict[str, BaseTable]) -> None:
    before = contents(connection, tables)
    with connection.transaction, pytest.raises(DataMillError, match="prepare"):
        delete(connection, tables["lab.a"], prompt=False, trash=True)
    dm.trash.prepare("lab", connection=connection)
    with connection.transaction:
        delete(connection, tables["lab.a"], prompt=False, trash=True)
    (entry,) = dm.trash.list("lab", connection=connection)
    connection.start_transaction()
    dm.trash.restore(entry, connection=connection)
    connection.cancel_transaction()
    assert list(dm.trash.list("lab", connection=connection)) == [entry]
    dm.trash.restore(entry, connection=connection)
    assert contents(connection, tables) == before


def test_purge(connection: Connection, tables: dict[str, BaseTable]) -> None:
    for a in (1, 2):
        delete(connection, restrict(tables["lab.a"], {"a": a}), prompt=False, trash=True)
    newest, oldest = trash.entries(connection, "lab")
    assert newest.time >= oldest.time
    assert trash.purge(connection, older_than=timedelta(days=1)) == 0
    assert trash.purge(connection, older_than=datetime(2020, 1, 1, tzinfo=UTC)) == 0
    assert trash.purge(connection, oldest.id) == 1
    assert trash.entries(connection, "lab") == [newest]
    with pytest.raises(DataMillError, match="in the trash of any schema"):
        trash.purge(connection, oldest.id)
    assert trash.purge(connection) == 1
    assert trash.entries(connection, "lab") == []


def test_what_the_trash_holds_can_be_walked(connection: Connection, tables: dict[str, BaseTable]) -> None:
    delete(connection, tables["lab.a"], prompt=False, trash=True)
    found = {str(name): columns for name, _, columns in trash.saved_columns(connection, "lab")}
    assert set(found) == {"lab.a", "lab.only", "other.c"}
    assert sorted(found["lab.a"]["a"]) == [1, 2]
    assert isinstance(found["lab.a"]["v"][1], bytes)
