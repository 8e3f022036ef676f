"""Altering tables: what changes, what is kept, what is refused, and that nothing is ever half done."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.backends.conftest import resolve

from datamill.api.table import FreeTable
from datamill.catalog import AlterPlan, alter, compare
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.errors import (
    DataMillError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    PrecisionWarning,
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


def fetch(connection: Connection, table: str, attribute: str) -> list[Any]:
    """Return the values of an attribute, as users get them, in the order of the first."""
    return [row[attribute] for row in FreeTable(connection, f"lab.{table}").to_dicts(order_by="a")]


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
        reorder=True,
    )
    assert "order of attributes" in str(plan)
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

    @pytest.mark.parametrize(
        ("before", "value", "after", "loss"),
        [
            ("datetime(3)", dt.datetime(2024, 1, 1, 10, 11, 12, 345000), "date", "lost its time of day"),
            (
                "datetime(3)",
                dt.datetime(2024, 1, 1, 10, 11, 12, 345000),
                "datetime",
                "was rounded to seconds",
            ),
            ("varchar(30)", "2024-01-01 10:11", "date", "lost its time of day"),
            ("time(3)", dt.time(10, 11, 12, 345000), "time", "was rounded to seconds"),
            ("int64", 2**53 + 1, "float64", "becomes 9007199254740992.0"),
            ("int32", 2**24 + 1, "float32", "becomes 16777216.0"),
            ("float64", 1 / 3, "float32", "becomes 0.33333334"),
            ("decimal(20,18)", Decimal("0.123456789012345678"), "float64", "becomes 0.12345678901234568"),
            ("varchar(30)", "0.123456789012345678", "float64", "becomes 0.12345678901234568"),
            ("varchar(30)", " ", "int32", "becomes NULL"),
        ],
    )
    def test_nothing_is_lost_unless_allowed(
        self, connection: Connection, declare: Declare, before: str, value: Any, after: str, loss: str
    ) -> None:
        spec = declare("lab.t", f"a : int32\n---\nx = null : {before}")
        insert(connection, spec, [{"a": 1, "x": value}, {"a": 2}])
        definition = f"a : int32\n---\nx = null : {after}"
        (problem,) = change(connection, definition, "t", dry_run=True).problems
        assert loss in problem
        assert "allow_data_loss=True" in problem
        with pytest.raises(InvalidValueError, match="not altered") as refused:
            change(connection, definition, "t")
        assert refused.value.attribute == "x"
        assert connection.catalog.spec(spec.name) == spec
        assert change(connection, definition, "t", dry_run=True, allow_data_loss=True).problems == ()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PrecisionWarning)
            change(connection, definition, "t", allow_data_loss=True)
        assert connection.catalog.spec(spec.name).heading["x"].type.text == after

    @pytest.mark.parametrize(
        ("before", "value", "after", "expected"),
        [
            ("datetime(3)", dt.datetime(2024, 1, 1), "date", dt.date(2024, 1, 1)),
            (
                "datetime(3)",
                dt.datetime(2024, 1, 1, 10, 11, 12),
                "datetime",
                dt.datetime(2024, 1, 1, 10, 11, 12),
            ),
            ("date", dt.date(2024, 1, 1), "datetime(6)", dt.datetime(2024, 1, 1)),
            ("int64", 2**60, "float64", float(2**60)),
            ("float32", 0.1, "float64", 0.1),
            ("float32", 0.33333334, "float64", 0.33333334),
            ("float64", 0.1, "float32", 0.1),
            ("float64", 20.0, "int16", 20),
            ("varchar(10)", "20", "float64", 20.0),
            ("varchar(10)", "20.50", "float32", 20.5),
            ("decimal(6,2)", Decimal("20.50"), "float64", 20.5),
        ],
    )
    def test_what_loses_nothing_needs_no_leave(
        self, connection: Connection, declare: Declare, before: str, value: Any, after: str, expected: Any
    ) -> None:
        spec = declare("lab.t", f"a : int32\n---\nx = null : {before}")
        insert(connection, spec, [{"a": 1, "x": value}, {"a": 2}])
        change(connection, f"a : int32\n---\nx = null : {after}", "t")
        assert fetch(connection, "t", "x") == [expected, None]

    def test_what_came_meanwhile_is_not_lost_either(self, connection: Connection, declare: Declare) -> None:
        spec = declare("lab.t", "a : int32\n---\nx = null : datetime")

        def agree(question: str) -> str:
            insert(connection, spec, [{"a": 1, "x": dt.datetime(2024, 1, 1, 10)}])
            return "yes"

        with pytest.raises(InvalidValueError, match="time of day"):
            alter(connection, resolve(connection, "lab", "t", "a : int32\n---\nx = null : date"), ask=agree)
        assert fetch(connection, "t", "x") == [dt.datetime(2024, 1, 1, 10)]

    def test_unconvertible_values_show_in_the_plan(self, mice: Connection) -> None:
        plan = change(mice, BEFORE.replace("note = '' : varchar(20)", "note = 0 : int32"), dry_run=True)
        assert "does not fit 'note'" in plan.problems[0]

    def test_other_attributes_keep_their_digits(self, connection: Connection, declare: Declare) -> None:
        definition = "a : int32\n---\nf : float32\ng : float64\nt : time(6)\nn : int16"
        spec = declare("lab.t", definition)
        row = {"a": 1, "f": 0.33333334, "g": 1 / 3, "t": dt.time(1, 2, 3, 456789)}
        insert(connection, spec, [{**row, "n": 5}])
        change(connection, definition.replace("n : int16", "n : varchar(9)"), "t")
        assert [fetch(connection, "t", name)[0] for name in row] == [*row.values()]

    def test_fills_what_it_converts(self, connection: Connection, declare: Declare) -> None:
        spec = declare("lab.t", "a : int32\n---\nx = null : varchar(9)")
        insert(connection, spec, [{"a": 1, "x": "5"}, {"a": 2}])
        change(connection, "a : int32\n---\nx : int16", "t", fill={"x": 7})
        assert fetch(connection, "t", "x") == [5, 7]


class TestOrder:
    BEFORE = "a : int32\nb : int32\n---\nx : int8\ny = null : int8"
    AFTER = "b : int32\na : int32\n---\ny = null : int8\nnew = null : int8\nx : int8"

    @pytest.mark.differs(mysql="places columns without a copy", mariadb="places columns without a copy")
    def test_is_kept(self, connection: Connection, declare: Declare) -> None:
        spec = declare("lab.t", self.BEFORE)
        only_order = self.BEFORE.replace("x : int8\ny = null : int8", "y = null : int8\nx : int8")
        plan = change(connection, only_order, "t")
        assert not plan
        assert "unless reorder=True" in str(plan)
        assert connection.catalog.spec(spec.name) == spec
        plan = change(connection, self.AFTER, "t")
        assert "unless reorder=True" in str(plan)
        assert connection.catalog.spec(spec.name).heading.names == ["a", "b", "x", "y", "new"]
        change(
            connection,
            self.BEFORE.replace("x :", "w = 1 : int8\nz :"),
            "t",
            renames={"z": "x"},
            allow_data_loss=True,
        )
        assert connection.catalog.spec(spec.name).heading.names == ["a", "b", "w", "z", "y"]

    def test_changes_where_asked(self, connection: Connection, declare: Declare) -> None:
        spec = declare("lab.t", self.BEFORE)
        insert(connection, spec, [{"a": 1, "b": 2, "x": 3, "y": 4}])
        plan = change(connection, self.AFTER, "t", reorder=True)
        assert "order of attributes" in str(plan)
        assert connection.catalog.spec(spec.name).heading.names == ["b", "a", "y", "new", "x"]
        assert rows(connection, "t") == [{"b": 2, "a": 1, "y": 4, "new": None, "x": 3}]
        assert not change(connection, self.AFTER, "t", reorder=True)


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
