"""Altering tables: what changes, what is kept, what is refused, and that nothing is ever half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.backends.conftest import resolve

from datamill.catalog import AlterPlan, alter, compare
from datamill.data.connection import Connection
from datamill.errors import (
    DataMillError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    UnknownAttributeError,
)
from datamill.model.names import TableName
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]
MOUSE = TableName("lab", "mouse")
BEFORE = """
# mice
mouse : int32  # ear tag
---
sex : enum('M','F')
weight = null : float64  # in grams
note = '' : varchar(20)
index (sex)
"""


@pytest.fixture
def mice(connection: Connection, declare: Declare) -> Connection:
    """The tables mouse and, depending on it, session and scan, with rows."""
    declare("lab.mouse", BEFORE)
    declare("lab.session", "-> lab.mouse\nsession : int16\n---\nday : varchar(10)")
    declare("lab._scan", "-> lab.session\n---\n-> [nullable] lab.mouse.proj(cage_mate='mouse')")
    put(
        connection,
        "mouse",
        mouse=[1, 2, 3],
        sex=["M", "F", "F"],
        weight=[20.5, None, 30.0],
        note=["", "x", "5"],
    )
    put(connection, "session", mouse=[1, 1, 2], session=[1, 2, 1], day=["a", "b", "c"])
    put(connection, "_scan", mouse=[1, 2], session=[2, 1], cage_mate=[3, None])
    return connection


def put(connection: Connection, table: str, **columns: list[Any]) -> None:
    connection.session.insert_columns(TableName("lab", table), tuple(columns), list(columns.values()))


def rows(connection: Connection, table: str) -> list[dict[str, Any]]:
    name = connection.dialect.table(TableName("lab", table))
    return connection.query(f"SELECT * FROM {name} ORDER BY 1, 2", as_dict=True).fetchall()


def change(connection: Connection, definition: str, table: str = "mouse", **options: Any) -> AlterPlan:
    declared = resolve(connection, "lab", table, definition)
    plan = alter(connection, declared, prompt=False, **options)
    if plan and not options.get("dry_run"):
        assert compare(connection.catalog.spec(declared.name), plan.changes[0].new, comments=True) == []
    return plan


def state(connection: Connection) -> list[Any]:
    connection.catalog.invalidate()
    specs = connection.catalog.load("lab", hidden=True)
    return [specs, *(rows(connection, name) for name in ("mouse", "session", "_scan", "~lineage"))]


def test_nothing_to_do(mice: Connection) -> None:
    plan = change(mice, BEFORE)
    assert not plan
    assert "as defined" in str(plan)
    assert repr(plan) == str(plan)


def test_adds_drops_reorders_and_comments(mice: Connection) -> None:
    plan = change(
        mice,
        """
        # all mice
        mouse : int32  # tag
        ---
        note = '' : varchar(20)
        born = null : date
        legs = 4 : int8
        sex : enum('M','F')
        """,
        allow_data_loss=True,
    )
    assert plan
    heading = mice.catalog.spec(MOUSE).heading
    assert heading.names == ["mouse", "note", "born", "legs", "sex"]
    assert heading.comment == "all mice"
    assert heading["mouse"].comment == "tag"
    assert rows(mice, "mouse")[1] == {"mouse": 2, "note": "x", "born": None, "legs": 4, "sex": "F"}
    assert mice.catalog.spec(MOUSE).indexes == ()
    assert len(rows(mice, "session")) == 3


def test_comments_alone_leave_the_rows_where_they_are(mice: Connection) -> None:
    before = rows(mice, "mouse")
    plan = change(mice, BEFORE.replace("# mice", "# all mice").replace("in grams", "in kilograms"))
    assert plan.is_comments_only
    assert mice.catalog.spec(MOUSE).comment == "all mice"
    assert mice.catalog.spec(MOUSE).heading["weight"].comment == "in kilograms"
    assert rows(mice, "mouse") == before
    assert not change(mice, BEFORE.replace("# mice", "# all mice").replace("in grams", "in kilograms"))


def test_dry_run_changes_nothing(mice: Connection) -> None:
    before = state(mice)
    plan = change(mice, "mouse : int32\n---\nsex : enum('M','F')", dry_run=True)
    assert plan
    assert any("weight" in text for text in plan.problems)
    assert state(mice) == before


def test_asks_first(mice: Connection) -> None:
    declared = resolve(mice, "lab", "mouse", BEFORE + "tail = null : float32\n")
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return ["what?", "no"][len(asked) - 1]

    assert not alter(mice, declared, ask=answer)
    assert "tail" in asked[0]
    assert "tail" not in mice.catalog.spec(MOUSE).heading
    assert alter(mice, declared, ask=lambda question: "YES")
    assert "tail" in mice.catalog.spec(MOUSE).heading

    def nobody(question: str) -> str:
        raise EOFError

    with pytest.raises(DataMillError, match="prompt=False"):
        alter(mice, resolve(mice, "lab", "mouse", BEFORE), ask=nobody)


class TestRenames:
    def test_by_argument(self, mice: Connection) -> None:
        change(mice, BEFORE.replace("weight", "mass"), renames={"mass": "weight"})
        assert [row["mass"] for row in rows(mice, "mouse")] == [20.5, None, 30.0]

    def test_by_comment_which_is_not_stored(self, mice: Connection) -> None:
        change(mice, BEFORE.replace("weight = null : float64  # in", "mass = null : float64  # {weight} in"))
        assert mice.catalog.spec(MOUSE).heading["mass"].comment == "in grams"
        assert [row["mass"] for row in rows(mice, "mouse")] == [20.5, None, 30.0]
        assert not change(
            mice, BEFORE.replace("weight = null : float64  # in", "mass = null : float64  # {weight} in")
        )

    def test_swapping_names(self, mice: Connection) -> None:
        swapped = "mouse : int32\n---\na = '' : varchar(20)\nb = '' : varchar(20)"
        change(mice, swapped, renames={"a": "note"}, allow_data_loss=True)
        put(mice, "mouse", mouse=[9], a=["was a"], b=["was b"])
        change(mice, swapped, renames={"a": "b", "b": "a"})
        assert rows(mice, "mouse")[-1] == {"mouse": 9, "a": "was b", "b": "was a"}

    def test_of_the_key_reaches_dependents(self, mice: Connection) -> None:
        plan = change(mice, BEFORE.replace("mouse :", "animal :"), renames={"animal": "mouse"})
        assert [str(item.new.name) for item in plan.changes] == ["lab.mouse", "lab.session", "lab._scan"]
        assert mice.catalog.spec(TableName("lab", "session")).heading.primary_key == ["animal", "session"]
        scan = mice.catalog.spec(TableName("lab", "_scan"))
        assert scan.heading.names == ["animal", "session", "cage_mate"]
        assert scan.heading["cage_mate"].lineage == "lab.mouse.animal"
        assert rows(mice, "_scan") == [
            {"animal": 1, "session": 2, "cage_mate": 3},
            {"animal": 2, "session": 1, "cage_mate": None},
        ]
        lineage = {
            (row["table_name"], row["attribute_name"]): row["lineage"] for row in rows(mice, "~lineage")
        }
        assert lineage["_scan", "cage_mate"] == "lab.mouse.animal"
        assert ("session", "mouse") not in lineage
        with pytest.raises(IntegrityError):
            put(mice, "session", animal=[77], session=[1], day=["x"])

    def test_wrong_names(self, mice: Connection) -> None:
        before = state(mice)
        with pytest.raises(UnknownAttributeError, match="wait"):
            change(mice, BEFORE.replace("weight", "mass"), renames={"mass": "wait"})
        with pytest.raises(UnknownAttributeError, match="maas"):
            change(mice, BEFORE.replace("weight", "mass"), renames={"maas": "weight"})
        with pytest.raises(DataMillError, match="still has"):
            change(mice, BEFORE + "mass = null : float64\n", renames={"mass": "weight"})
        assert state(mice) == before


class TestRefusals:
    def test_losing_values(self, mice: Connection) -> None:
        before = state(mice)
        with pytest.raises(DataMillError, match="allow_data_loss"):
            change(mice, BEFORE.replace("weight = null : float64  # in grams", ""))
        assert state(mice) == before

    def test_dropping_what_is_empty_loses_nothing(self, mice: Connection) -> None:
        change(mice, BEFORE + "empty = null : date\n")
        assert change(mice, BEFORE)

    def test_new_required_attributes(self, mice: Connection) -> None:
        before = state(mice)
        definition = BEFORE + "room : int16\n"
        with pytest.raises(DataMillError, match="fill"):
            change(mice, definition)
        with pytest.raises(InvalidValueError):
            change(mice, definition, fill={"room": 100_000})
        with pytest.raises(UnknownAttributeError, match="rom"):
            change(mice, definition, fill={"rom": 1})
        assert state(mice) == before
        change(mice, definition, fill={"room": "12"})
        assert {row["room"] for row in rows(mice, "mouse")} == {12}

    def test_nulls_in_required_attributes(self, mice: Connection) -> None:
        definition = BEFORE.replace("weight = null", "weight")
        with pytest.raises(DataMillError, match="NULL"):
            change(mice, definition)
        change(mice, definition, fill={"weight": 1})
        assert [row["weight"] for row in rows(mice, "mouse")] == [20.5, 1.0, 30.0]

    def test_unconvertible_values(self, mice: Connection) -> None:
        before = state(mice)
        with pytest.raises(InvalidValueError, match="note"):
            change(mice, BEFORE.replace("note = '' : varchar(20)", "note = 0 : int32"))
        with pytest.raises(InvalidValueError):
            change(mice, BEFORE.replace("enum('M','F')", "enum('M')"))
        assert state(mice) == before

    def test_duplicate_keys(self, mice: Connection) -> None:
        before = state(mice)
        with pytest.raises(DuplicateError):
            change(
                mice, "-> lab.mouse\n---\nsession : int16\nday : varchar(10)", "session", allow_data_loss=True
            )
        assert state(mice) == before

    def test_orphans(self, mice: Connection, declare: Declare) -> None:
        declare("lab.cage", "cage : int32")
        before = state(mice)
        definition = BEFORE + "-> lab.cage\n"
        with pytest.raises(IntegrityError, match=r"lab\.cage"):
            change(mice, definition, fill={"cage": 5})
        assert state(mice) == before
        put(mice, "cage", cage=[5])
        change(mice, definition, fill={"cage": 5})
        assert {row["cage"] for row in rows(mice, "mouse")} == {5}

    def test_inside_a_transaction(self, mice: Connection) -> None:
        with mice.transaction, pytest.raises(DataMillError, match="transaction"):
            change(mice, BEFORE + "tail = null : float32\n")


class TestTypes:
    def test_converts_values(self, mice: Connection) -> None:
        change(
            mice,
            "# mice\nmouse : int64\n---\nsex : varchar(1)\nweight = null : varchar(10)\nnote = '' : varchar(40)\n",
        )
        assert rows(mice, "mouse")[0] == {"mouse": 1, "sex": "M", "weight": "20.5", "note": ""}

    def test_of_the_key_reaches_dependents(self, mice: Connection) -> None:
        change(mice, BEFORE.replace("mouse : int32", "mouse : varchar(8)"))
        assert mice.catalog.spec(TableName("lab", "_scan")).heading["cage_mate"].type.text == "varchar(8)"
        assert [row["mouse"] for row in rows(mice, "_scan")] == ["1", "2"]


class TestKeys:
    def test_new_key_attribute_reaches_dependents(self, mice: Connection) -> None:
        change(mice, BEFORE.replace("---", "lab : varchar(8)\n---"), fill={"lab": "paris"})
        assert mice.catalog.spec(TableName("lab", "session")).heading.primary_key == [
            "mouse",
            "lab",
            "session",
        ]
        scan = mice.catalog.spec(TableName("lab", "_scan"))
        assert scan.heading.primary_key == ["mouse", "lab", "session"]
        assert {row["lab"] for row in rows(mice, "session")} == {"paris"}

    def test_dropped_key_attribute(self, mice: Connection) -> None:
        put(mice, "session", mouse=[3], session=[3], day=["d"])
        mice.query(f"DELETE FROM {mice.dialect.table(TableName('lab', '_scan'))}")
        mice.query(f"DELETE FROM {mice.dialect.table(TableName('lab', 'session'))} WHERE mouse = 2")
        change(mice, "session : int16\n---\nday : varchar(10)", "session", allow_data_loss=True)
        assert [row["session"] for row in rows(mice, "session")] == [1, 2, 3]
        scan = mice.catalog.spec(TableName("lab", "_scan"))
        assert scan.heading.names == ["session", "cage_mate"]
        assert [str(key.parent) for key in scan.foreign_keys] == ["lab.session", "lab.mouse"]

    def test_singletons(self, connection: Connection, declare: Declare) -> None:
        declare("lab.mouse", "---\na : int32")
        put(connection, "mouse", a=[5])
        change(connection, "b : int32\n---\na : int32", fill={"b": 1})
        assert rows(connection, "mouse") == [{"b": 1, "a": 5}]
        change(connection, "---\na : int32", allow_data_loss=True)
        assert rows(connection, "mouse") == [{"a": 5, "_singleton": 1}]


def test_works_in_memory(declare: Declare) -> None:
    with Connection(url="sqlite://") as connection:
        connection.catalog.create_schema("lab")
        connection.catalog.declare(resolve(connection, "lab", "mouse", BEFORE))
        assert change(connection, BEFORE + "tail = null : float32\n")
        assert not connection.in_transaction
