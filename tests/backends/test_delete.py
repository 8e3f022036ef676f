"""Delete: exact plans, all paths, masters and parts, prompts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from datamill.algebra.operators import join, project, restrict, top
from datamill.algebra.relations import BaseTable, Relation
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.delete import delete, delete_quick, plan_delete
from datamill.data.delete_plan import DeletePlan
from datamill.data.insert import insert
from datamill.errors import DataMillError, DataMillWarning, IntegrityError, UnknownAttributeError
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]
Tables = dict[str, Relation]


@pytest.fixture
def tables(connection: Connection, declare: Declare) -> Tables:
    """A diamond, a renamed, a nullable and a parallel key, and a master whose parts refer to others."""
    definitions = {
        "lab.a": "a : int32\n---\nnote = '' : varchar(9)",
        "lab.b": "-> lab.a\nb : int32",
        "lab.c": "-> lab.a\nc : int32",
        "lab.d": "-> lab.b\n-> lab.c\n---\nx = 0 : int32",
        "lab.e": "e : int32\n---\n-> [nullable] lab.a",
        "other.f": "f : int32\n---\n-> lab.a.proj(first='a')\n-> lab.a.proj(second='a')",
        "lab.m": "m : int32",
        "lab.m__p": "-> lab.m\np : int32\n---\n-> lab.a",
        "lab.m__q": "-> lab.m__p\nq : int32",
    }
    specs = {name: declare(name, text) for name, text in definitions.items()}
    rows: dict[str, list[dict[str, Any]]] = {
        "lab.a": [{"a": k} for k in range(4)],
        "lab.b": [{"a": k, "b": 1} for k in range(4)],
        "lab.c": [{"a": k, "c": k} for k in range(4)],
        "lab.d": [{"a": k, "b": 1, "c": k} for k in range(4)],
        "lab.e": [{"e": 1, "a": 1}, {"e": 2}, {"e": 3, "a": 2}],
        "other.f": [
            {"f": 1, "first": 0, "second": 1},
            {"f": 2, "first": 1, "second": 0},
            {"f": 3, "first": 2, "second": 2},
        ],
        "lab.m": [{"m": 1}, {"m": 2}],
        "lab.m__p": [{"m": 1, "p": 1, "a": 3}, {"m": 1, "p": 2, "a": 0}, {"m": 2, "p": 1, "a": 0}],
        "lab.m__q": [{"m": 1, "p": 1, "q": 1}, {"m": 2, "p": 1, "q": 1}],
    }
    for name, given in rows.items():
        insert(connection, specs[name], given)
    return {name.partition(".")[2]: BaseTable(spec, connection) for name, spec in specs.items()}


@pytest.fixture
def counts(connection: Connection, tables: Tables) -> Callable[[], dict[str, int]]:
    return lambda: {name: fetch.count(connection, table) for name, table in tables.items()}


Counts = Callable[[], dict[str, int]]


def test_delete_follows_every_path(connection: Connection, tables: Tables, counts: Counts) -> None:
    assert delete(connection, restrict(tables["a"], {"a": 1}), prompt=False) == 1
    assert counts() == {"a": 3, "b": 3, "c": 3, "d": 3, "e": 2, "f": 1, "m": 2, "m__p": 3, "m__q": 2}
    assert [row["e"] for row in fetch.to_dicts(connection, tables["e"])] == [2, 3]


def test_a_plan_says_what_would_go_and_changes_nothing(
    connection: Connection, tables: Tables, counts: Counts
) -> None:
    before = counts()
    plan = plan_delete(connection, restrict(tables["a"], "a IN (1, 2)"))
    name = connection.dialect.table
    assert plan.counts() == {
        name(tables[key].spec.name): count  # type: ignore[union-attr]
        for key, count in {"a": 2, "b": 2, "c": 2, "d": 2, "e": 2, "f": 3, "m__p": 0, "m__q": 0}.items()
    }
    assert next(iter(plan.counts())) == plan.target
    assert plan.total == 13
    assert len(plan.tables) == 6
    first, *lines = repr(plan).splitlines()
    assert first == f"Delete from {plan.target}, 13 rows in all:"
    assert lines == [f"  {full_name}: {plan.counts()[full_name]}" for full_name in plan.tables]
    assert sorted(row["f"] for row in fetch.to_dicts(connection, plan["other.f"])) == [1, 2, 3]
    assert fetch.count(connection, plan["lab.m__p"]) == 0
    with pytest.raises(KeyError):
        plan["lab.m"]
    path = plan.why("lab.d", {"a": 1, "b": 1, "c": 1})
    assert [str(edge.parent) for edge in path][-1] == "lab.a"
    assert plan.why("lab.a", {"a": 1}) == []
    with pytest.raises(KeyError):
        plan.why("lab.d", {"a": 0, "b": 1, "c": 0})
    assert plan.violations() == ()
    assert plan.owners()[name(tables["f"].spec.name)].schema == "other"  # type: ignore[union-attr]
    assert counts() == before
    assert plan.check() == {}
    insert(connection, tables["b"].spec, [{"a": 1, "b": 7}])  # type: ignore[union-attr]
    assert plan.check() == {name(tables["b"].spec.name): (1, 0)}  # type: ignore[union-attr]
    with pytest.raises(IntegrityError, match=r"lab\.b"):
        plan.apply()
    assert counts() == {**before, "b": 5}


def test_an_applied_plan_removes_exactly_its_rows(
    connection: Connection, tables: Tables, counts: Counts
) -> None:
    plan = plan_delete(connection, restrict(tables["a"], "a = 1"))
    assert delete(connection, restrict(tables["d"], "a = 1"), prompt=False) == 1
    insert(connection, tables["a"].spec, [{"a": 9}])  # type: ignore[union-attr]
    assert plan.apply() == 1
    assert counts()["a"] == 4
    assert counts()["d"] == 3


def test_parts_keep_their_masters(connection: Connection, tables: Tables, counts: Counts) -> None:
    before = counts()
    source = restrict(tables["a"], {"a": 0})
    plan = plan_delete(connection, source)
    (violation,) = [item for item in plan.violations() if item.part.table == "m__p"]
    assert (violation.count, str(violation.master)) == (2, "lab.m")
    with pytest.raises(DataMillError, match=r"2 row\(s\) of lab.m__p"):
        delete(connection, source, prompt=False)
    with pytest.raises(DataMillError, match="without their master"):
        plan.apply()
    assert counts() == before
    with pytest.raises(ValueError, match="part_integrity"):
        delete(connection, source, prompt=False, part_integrity="maybe")


def test_parts_may_go_alone(connection: Connection, tables: Tables, counts: Counts) -> None:
    delete(connection, restrict(tables["a"], {"a": 0}), prompt=False, part_integrity="ignore")
    assert {name: counts()[name] for name in ("m", "m__p", "m__q")} == {"m": 2, "m__p": 1, "m__q": 1}


def test_masters_may_go_with_their_parts(connection: Connection, tables: Tables, counts: Counts) -> None:
    delete(connection, restrict(tables["a"], {"a": 3}), prompt=False, part_integrity="cascade")
    assert {name: counts()[name] for name in ("a", "m", "m__p", "m__q")} == {
        "a": 3,
        "m": 1,
        "m__p": 1,
        "m__q": 1,
    }


def test_plans_say_why_masters_go_with_their_parts(connection: Connection, tables: Tables) -> None:
    def why(plan: DeletePlan, table: str, **key: int) -> list[tuple[str, str]]:
        path = plan.why(f"lab.{table}", key)
        return [(edge.child.table, edge.parent.table) for edge in path]

    plan = plan_delete(connection, restrict(tables["a"], {"a": 3}), "cascade")
    assert why(plan, "m__p", m=1, p=1) == [("m__p", "a")]
    assert why(plan, "m", m=1) == [("m__p", "m"), ("m__p", "a")]
    assert why(plan, "m__p", m=1, p=2) == [("m__p", "m"), ("m__p", "m"), ("m__p", "a")]
    assert why(plan, "a", a=3) == []
    with pytest.raises(KeyError):
        plan.why("lab.m", {"m": 2})
    plan = plan_delete(connection, restrict(tables["m__q"], "m = 1"), "cascade")
    assert why(plan, "m__q", m=1, p=1, q=1) == []
    assert why(plan, "m__p", m=1, p=1) == [("m__q", "m__p")]
    assert why(plan, "m", m=1) == [("m__p", "m"), ("m__q", "m__p")]
    assert why(plan, "m__p", m=1, p=2) == [("m__p", "m"), ("m__p", "m"), ("m__q", "m__p")]
    plan = plan_delete(connection, restrict(tables["m__p"], "p = 2"), "cascade")
    assert why(plan, "m__p", m=1, p=2) == []
    assert why(plan, "m__p", m=1, p=1) == [("m__p", "m"), ("m__p", "m")]


def test_rows_of_parts(connection: Connection, tables: Tables, counts: Counts) -> None:
    with pytest.raises(DataMillError, match="is a part"):
        delete(connection, tables["m__p"], prompt=False)
    assert delete(connection, restrict(tables["m__p"], "a = 3"), prompt=False, force_parts=True) == 1
    assert counts()["m__q"] == 1
    assert delete(connection, restrict(tables["m__q"], "m = 2"), prompt=False, part_integrity="cascade") == 1
    assert (counts()["m"], counts()["m__p"]) == (1, 1)
    assert delete(connection, tables["m"], prompt=False) == 1


def test_restrictions_may_read_what_is_deleted(
    connection: Connection, tables: Tables, counts: Counts
) -> None:
    delete(connection, restrict(tables["b"], restrict(tables["d"], "c > 1")), prompt=False)
    assert (counts()["b"], counts()["d"]) == (2, 2)
    assert delete(connection, top(tables["c"], 1, "KEY"), prompt=False) == 1
    assert [row["a"] for row in fetch.to_dicts(connection, tables["c"], order_by="KEY")] == [1, 2, 3]


def test_what_is_no_table_is_refused(connection: Connection, tables: Tables, counts: Counts) -> None:
    before = counts()
    for relation in (project(tables["a"]), join(tables["a"], tables["b"])):
        with pytest.raises(DataMillError, match="restricted or not"):
            delete(connection, relation, prompt=False)
    with pytest.warns(DataMillWarning):
        vacuous = restrict(tables["a"], {"aa": 1})
    with pytest.raises(UnknownAttributeError):
        delete(connection, vacuous, prompt=False)
    with pytest.raises(UnknownAttributeError):
        delete_quick(connection, vacuous)
    assert counts() == before


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], list[str]]:
    def prepare(given: list[str]) -> list[str]:
        remaining: Iterator[str] = iter(given)
        asked: list[str] = []

        def answer(question: str = "") -> str:
            asked.append(question)
            return next(remaining)

        monkeypatch.setattr("builtins.input", answer)
        return asked

    return prepare


Answers = Callable[[list[str]], list[str]]


def test_the_prompt(
    connection: Connection, tables: Tables, counts: Counts, answers: Answers, caplog: Any
) -> None:
    before = counts()
    source = restrict(tables["a"], {"a": 1})
    with caplog.at_level(logging.INFO, logger="datamill"):
        asked = answers(["perhaps", "No"])
        assert delete(connection, source) == 0
        assert asked == ["Commit deletes? [yes, No]: "] * 2
        assert not connection.in_transaction
        answers([""])
        assert delete(connection, source, prompt=True) == 0
        assert counts() == before
        answers(["YES"])
        assert delete(connection, source) == 1
        assert delete(connection, source) == 0
    texts = [record.getMessage() for record in caplog.records]
    assert f"{connection.dialect.table(tables['f'].spec.name)} (2 tuples)" in texts  # type: ignore[union-attr]
    assert "Delete cancelled" in texts
    assert texts[-1] == "Nothing to delete."


def test_nobody_to_ask(
    connection: Connection, tables: Tables, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_input(question: str = "") -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", no_input)
    before = counts()
    with pytest.raises(DataMillError, match="prompt=False"):
        delete(connection, tables["a"], part_integrity="ignore")
    assert counts() == before
    with connection.config.override(safemode=False):
        assert delete(connection, restrict(tables["a"], {"a": 1})) == 1


def test_transactions(connection: Connection, tables: Tables, counts: Counts) -> None:
    before = counts()
    connection.start_transaction()
    with pytest.raises(DataMillError, match="transaction is open"):
        delete(connection, tables["a"], prompt=True)
    delete(connection, restrict(tables["a"], {"a": 1}), prompt=False)
    assert counts()["a"] == 3
    connection.cancel_transaction()
    assert counts() == before
    assert delete(connection, restrict(tables["a"], {"a": 1}), prompt=False, transaction=False) == 1


def test_delete_quick(connection: Connection, tables: Tables, counts: Counts) -> None:
    before = counts()
    with pytest.raises(IntegrityError, match=r"lab\.b and lab\.c"):
        delete_quick(connection, restrict(tables["a"], {"a": 2}))
    assert counts() == before
    assert delete_quick(connection, restrict(tables["d"], "a = 1")) is None
    assert delete_quick(connection, restrict(tables["d"], "a > 1"), get_count=True) == 2
    assert counts()["d"] == 1


def test_singletons(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.one", "---\nc = 1 : int32")
    relation = BaseTable(spec, connection)
    removals: list[Callable[[], int | None]] = [
        lambda: delete(connection, relation, prompt=False),
        lambda: delete_quick(connection, relation, True),
    ]
    for remove in removals:
        insert(connection, spec, [{}])
        assert delete(connection, restrict(relation, "c = 2"), prompt=False) == 0
        assert remove() == 1
        assert fetch.count(connection, relation) == 0


def test_large_plans_spill(connection: Connection, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    from datamill.data import key_set

    monkeypatch.setattr(key_set.KeySet.__init__, "__defaults__", (50,))
    top_, below = declare("lab.top", "name : varchar(9)"), declare("lab.below", "-> lab.top\nk : int32")
    insert(connection, top_, [{"name": f"n{k}"} for k in range(300)])
    insert(connection, below, [{"name": f"n{k}", "k": j} for k in range(300) for j in range(3)])
    source = restrict(BaseTable(top_, connection), "name <> 'n7'")
    plan = plan_delete(connection, source)
    assert plan.total == 299 * 4
    assert plan.why("lab.below", {"name": "n8", "k": 1})[0].parent == top_.name
    assert plan.check() == {}
    assert fetch.count(connection, plan["lab.below"]) == 897
    assert fetch.count(connection, restrict(plan["lab.top"], "name > 'n9'")) == 10
    assert plan.apply() == 299
    assert fetch.count(connection, BaseTable(below, connection)) == 3


KEYS = {
    "text": ("k : varchar(9)", [f"ä{k}" for k in range(95)]),
    "enum": (
        f"k : enum({', '.join(repr(f'e{k}') for k in range(95))})",
        [f"e{k}" for k in range(95)],
    ),
}


@pytest.mark.parametrize("kind", list(KEYS))
def test_many_rows_below_one_are_read_little_by_little(
    connection: Connection, declare: Declare, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    from datamill.data import cascade

    lengths = []
    read = cascade.Cascade._read

    def measured(self: cascade.Cascade, *arguments: Any) -> Any:
        rows = read(self, *arguments)
        lengths.append(len(rows))
        return rows

    monkeypatch.setattr(cascade, "MOST_ROWS", 10)
    monkeypatch.setattr(cascade.Cascade, "_read", measured)
    attribute, values = KEYS[kind]
    top_ = declare("lab.top", "t : int32")
    below = declare("lab.below", f"-> lab.top\n{attribute}")
    beside = declare("lab.beside", f"{attribute}\n---\n-> lab.top")
    insert(connection, top_, [{"t": t} for t in range(40)])
    for spec in (below, beside):
        insert(connection, spec, [{"t": 7, "k": value} for value in values])
    insert(connection, below, [{"t": t, "k": value} for t in range(8, 40) for value in values[:3]])
    plan = plan_delete(connection, restrict(BaseTable(top_, connection), "t > 6"))
    assert sorted(plan.counts().values()) == [33, 95, 95 + 96]
    assert kind == "enum" or max(lengths) <= 10
    assert plan.check() == {}
    assert plan.apply() == 33
    assert fetch.count(connection, BaseTable(below, connection)) == 0


def test_rows_that_others_add_while_the_user_thinks_are_planned_anew(
    database_url: str, connection: Connection, tables: Tables, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(question: str = "") -> str:
        asked.append(question)
        if len(asked) == 1:
            with Connection(url=database_url) as other:
                insert(other, tables["b"].spec, [{"a": 1, "b": 5}])  # type: ignore[union-attr]
        return "yes"

    monkeypatch.setattr("builtins.input", answer)
    assert delete(connection, restrict(tables["a"], {"a": 1})) == 1
    assert len(asked) == 2
    assert counts()["b"] == 3


def test_others_who_never_stop_win(
    database_url: str, connection: Connection, tables: Tables, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counts()
    asked = []

    def answer(question: str = "") -> str:
        asked.append(question)
        with Connection(url=database_url) as other:
            insert(other, tables["b"].spec, [{"a": 1, "b": 5 + len(asked)}])  # type: ignore[union-attr]
        return "yes"

    monkeypatch.setattr("builtins.input", answer)
    with pytest.raises(IntegrityError, match=r"lab\.b"):
        delete(connection, restrict(tables["a"], {"a": 1}))
    assert len(asked) == 4
    assert counts() == {**before, "b": before["b"] + 4}
