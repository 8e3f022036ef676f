"""Queries on real rows: every type as a condition, long lists, deep conditions, foreign keys followed far."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from datamill.algebra.conditions import Not, Top, U
from datamill.algebra.operators import (
    aggregate,
    project,
    restrict,
    restrict_by_ancestor,
    restrict_by_descendant,
    top,
    union,
    universal_aggregate,
)
from datamill.algebra.propagation import trace
from datamill.algebra.relations import BaseTable, Relation
from datamill.data import fetch
from datamill.data.fetch import to_dicts
from datamill.data.insert import insert
from datamill.errors import AmbiguousPathError, DataMillError

if TYPE_CHECKING:
    from tests.backends.conftest import Declare

    from datamill.data.connection import Connection

KINDS = """
    n : int32
    ---
    d : decimal(6,2)
    u : uint64
    id : uuid
    at : datetime(3)
    day : date
    tm : time
    e : enum('b','a')
    f : bool
    v : varchar(10)
    x : float32
    y : float64
"""
COUNT = 700
ROWS: list[dict[str, Any]] = [
    {
        "n": i,
        "d": Decimal(i) / 4,
        "u": 2**63 + i,
        "id": uuid.UUID(int=i),
        "at": datetime.datetime(2024, 1, 1, 0, 0, i % 60),
        "day": datetime.date(2024, 1, 1),
        "tm": datetime.time(1, 2, i % 60),
        "e": "ab"[i % 2],
        "f": bool(i % 2),
        "v": f"é{i}",
        "x": i / 10,
        "y": i / 7,
    }
    for i in range(COUNT)
]


@pytest.fixture
def kinds(connection: Connection, declare: Declare) -> Relation:
    spec = declare("lab.kinds", KINDS)
    insert(connection, spec, ROWS)
    return BaseTable(spec, connection)


def test_every_type_is_found_by_its_value(connection: Connection, kinds: Relation) -> None:
    def count(condition: Any) -> int:
        return fetch.count(connection, restrict(kinds, condition))

    for name in kinds.heading:
        wanted = {row[name] for row in ROWS[:3]}
        expected = sum(row[name] in wanted for row in ROWS)
        assert count({name: ROWS[7][name]}) == sum(row[name] == ROWS[7][name] for row in ROWS), name
        assert count({name: list(wanted)}) == expected, name
        assert count([{name: value} for value in wanted]) == expected, name
        assert count(Not([{name: value} for value in wanted])) == COUNT - expected, name
        assert count([{name: row[name]} for row in ROWS]) == COUNT, name
        assert count([{name: row[name], "v": row["v"]} for row in ROWS]) == COUNT, name
        assert count([{name: row[name], "v": row["v"]} for row in ROWS[:5]]) == 5, name


def test_order_follows_declaration_and_code_points(connection: Connection, kinds: Relation) -> None:
    found = to_dicts(connection, restrict(kinds, Top(3, "e DESC, v")))
    assert [row["v"] for row in found] == ["é0", "é10", "é100"]


def test_thousands_of_conditions(connection: Connection, kinds: Relation) -> None:
    either = restrict(kinds, [f"n = {index}" for index in range(0, 6000, 3)])
    assert fetch.count(connection, either) == len(range(0, COUNT, 3))
    relation = kinds
    for index in range(2000):
        relation = restrict(relation, f"n <> {index}")
    assert not fetch.exists(connection, relation)


def test_restrictions_far_along_foreign_keys(connection: Connection, declare: Declare) -> None:
    rig = declare("lab.rig", "rig : int32\n---\nroom : varchar(4)")
    mouse = declare("lab.mouse", "mouse : int32\n---\n-> [nullable] lab.rig")
    trial = declare("exp.trial", "-> lab.mouse\ntrial : int32\n---\nhit : bool")
    insert(connection, rig, [{"rig": 1, "room": "a"}, {"rig": 2, "room": "b"}])
    insert(connection, mouse, [{"mouse": 1, "rig": 1}, {"mouse": 2, "rig": 2}, {"mouse": 3, "rig": None}])
    insert(connection, trial, [{"mouse": m, "trial": t, "hit": m == t} for m in (1, 2, 3) for t in (1, 2)])
    graph = connection.catalog.graph()
    rigs, trials = BaseTable(rig, connection), BaseTable(trial, connection)

    found = restrict_by_ancestor(trials, {"room": "a"}, graph)
    assert {row["mouse"] for row in to_dicts(connection, found)} == {1}
    rest = restrict_by_ancestor(trials, Not({"room": "a"}), graph)
    assert {row["mouse"] for row in to_dicts(connection, rest)} == {2, 3}
    assert fetch.keys(connection, restrict_by_descendant(rigs, "hit and trial = 2", graph)) == [{"rig": 2}]
    hit = restrict(trials, {"mouse": 2, "hit": True})
    assert fetch.keys(connection, restrict_by_descendant(rigs, hit, graph)) == [{"rig": 2}]
    upstream = trace(graph, trial, {"mouse": 2, "trial": 1}, rig.name, connection)
    assert to_dicts(connection, upstream) == [{"rig": 2, "room": "b"}]


def _nullable_diamond(connection: Connection, declare: Declare) -> dict[str, Relation]:
    definitions = {
        "a": "a : int32\n---\nname : varchar(4)",
        "b": "-> lab.a\nb : int32",
        "c": "-> lab.a\nc : int32",
        "e": "e : int32\n---\n-> [nullable] lab.b\n-> lab.c",
        "f": "f : int32\n---\n-> lab.c\n-> [nullable] lab.b",
        "g": "a : int32\ng : int32\n---\n-> [nullable] lab.b\n-> [nullable] lab.c",
    }
    specs = {name: declare(f"lab.{name}", text) for name, text in definitions.items()}
    rows: dict[str, list[dict[str, Any]]] = {
        "a": [{"a": 1, "name": "x"}, {"a": 2, "name": "y"}],
        "b": [{"a": 1, "b": 1}, {"a": 2, "b": 1}],
        "c": [{"a": 1, "c": 1}, {"a": 2, "c": 1}],
        "e": [{"e": 1, "a": 1, "c": 1}, {"e": 2, "a": 2, "c": 1, "b": 1}],
        "f": [{"f": 1, "a": 1, "c": 1}, {"f": 2, "a": 2, "c": 1, "b": 1}],
        "g": [{"a": 1, "g": 1}, {"a": 1, "g": 2, "b": 1}, {"a": 1, "g": 3, "c": 1}, {"a": 2, "g": 4, "c": 1}],
    }
    for name, spec in specs.items():
        insert(connection, spec, rows[name])
    return {name: BaseTable(spec, connection) for name, spec in specs.items()}


def test_far_restrictions_ask_for_one_path_that_holds(connection: Connection, declare: Declare) -> None:
    tables = _nullable_diamond(connection, declare)
    graph = connection.catalog.graph()

    def below(name: str, via: Any = None) -> list[Any]:
        found = restrict_by_ancestor(tables[name], {"name": "x"}, graph, via=via)
        return [row[name] for row in to_dicts(connection, restrict(found, Top(None, "KEY")))]

    def above(name: str, key: int, via: Any = None) -> list[Any]:
        other = restrict(tables[name], {name: key})
        found = restrict_by_descendant(tables["a"], other, graph, via=via)
        return [row["a"] for row in to_dicts(connection, found)]

    for name in ("e", "f"):
        assert below(name) == [1]
        assert (below(name, tables["c"]), below(name, tables["b"])) == ([1], [])
        assert (above(name, 1), above(name, 2)) == ([1], [2])
        assert (above(name, 1, tables["c"]), above(name, 1, tables["b"])) == ([1], [])
    assert below("g") == [2, 3]
    assert (below("g", "lab.b"), below("g", "lab.c")) == ([2], [3])
    assert [above("g", key) for key in (1, 2, 3, 4)] == [[], [1], [1], [2]]
    rest = restrict_by_ancestor(tables["g"], Not({"name": "x"}), graph)
    assert [row["g"] for row in to_dicts(connection, restrict(rest, Top(None, "KEY")))] == [1, 4]


def test_projections_tell_parallel_foreign_keys_apart(connection: Connection, declare: Declare) -> None:
    a = declare("lab.a", "a : int32\n---\nname : varchar(4)")
    m = declare("lab.m", "-> lab.a\nm : int32\n---\n-> [nullable] lab.a.proj(mentor='a')")
    insert(connection, a, [{"a": 1, "name": "x"}, {"a": 2, "name": "y"}])
    insert(connection, m, [{"a": 1, "m": 1, "mentor": 2}, {"a": 2, "m": 2, "mentor": 1}, {"a": 2, "m": 3}])
    graph = connection.catalog.graph()
    mine, theirs = BaseTable(m, connection), BaseTable(a, connection)

    def found(via: Any) -> list[int]:
        relation = restrict_by_ancestor(mine, {"name": "x"}, graph, via=via)
        return [row["m"] for row in to_dicts(connection, relation)]

    assert found([theirs]) == [1]
    assert found([project(theirs, mentor="a")]) == [2]
    with pytest.raises(AmbiguousPathError) as caught:
        found(None)
    assert "via=[A]; via=[A.proj(mentor='a')]" in str(caught.value)
    with pytest.raises(DataMillError, match=r"No foreign keys.* through A\.proj\(other='a'\).*via=\[A\]"):
        found(project(theirs, other="a"))


def test_queries_without_attributes(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.speed", "---\nspeed : int32")
    table = BaseTable(spec, connection)
    assert to_dicts(connection, project(table)) == []
    insert(connection, spec, [{"speed": 3}])
    assert to_dicts(connection, project(table)) == [{}]
    assert to_dicts(connection, union(table, project(table))) == [{"speed": 3}]
    assert to_dicts(connection, aggregate(table, project(table), n="count(*)")) == [{"n": 1}]


def test_null_references_do_not_hide_the_same_row(connection: Connection, declare: Declare) -> None:
    rig = declare("lab.rig", "rig : int32")
    spec = declare("lab.trial", "trial : int32\n---\n-> [nullable] lab.rig")
    insert(connection, rig, [{"rig": 1}])
    insert(connection, spec, [{"trial": 1, "rig": 1}, {"trial": 2}, {"trial": 3}])
    trial = BaseTable(spec, connection)
    first_two = restrict(trial, Top(2))
    assert fetch.keys(connection, restrict(trial, Not(first_two)), order_by="KEY") == [{"trial": 3}]
    assert fetch.keys(connection, restrict(trial, first_two), order_by="KEY") == [{"trial": 1}, {"trial": 2}]


def test_nesting_without_end_is_an_error_of_ours(connection: Connection, kinds: Relation) -> None:
    condition: Any = {"n": 1}
    for _ in range(5000):
        condition = [condition]
    with pytest.raises(DataMillError, match="condition is nested too deeply"):
        restrict(kinds, condition)
    deep = kinds
    for index in range(2000):
        deep = top(deep, 10, order_by=f"n + {index % 2}")
    for read in (fetch.count, fetch.exists, fetch.make_sql):
        with pytest.raises(DataMillError, match="query is nested too deeply"):
            read(connection, deep)


@pytest.mark.parametrize("name", ["group", "relation", "left", "self", "u", "a", "order", "select", "t1"])
def test_new_attributes_may_have_the_name_of_any_argument(
    name: str, connection: Connection, kinds: Relation
) -> None:
    new: dict[str, Any] = {name: "count(*)"}
    assert to_dicts(connection, universal_aggregate(U(), kinds, **new)) == [{name: COUNT}]
    assert to_dicts(connection, aggregate(kinds, project(kinds), **new))[0][name] == 1
    assert to_dicts(connection, project(kinds, **{name: "1 + 1"}))[0][name] == 2


def test_an_empty_group_of_an_empty_key_matches_nothing(connection: Connection, kinds: Relation) -> None:
    keyless = universal_aggregate(U(), kinds, all="count(*)")
    none = restrict(kinds, "n < 0")
    assert to_dicts(connection, aggregate(keyless, none, m="count(*)")) == [{"m": 0}]
    assert to_dicts(connection, aggregate(keyless, none, m="count(*)", exclude_nonmatching=True)) == []
    every = aggregate(keyless, kinds, "all", m="count(*)", exclude_nonmatching=True)
    assert to_dicts(connection, every) == [{"all": COUNT, "m": COUNT}]
