"""Computed values mean the same on every backend: padded texts, exact numbers, infinities, windows."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.backends.conftest import only_on

from datamill.algebra.conditions import Not, U
from datamill.algebra.operators import aggregate, distinct, join, project, restrict, universal_aggregate
from datamill.algebra.relations import BaseTable, Relation
from datamill.data import fetch
from datamill.data.fetch import to_dicts
from datamill.data.insert import insert
from datamill.errors import DefinitionError, QueryError

if TYPE_CHECKING:
    from tests.backends.conftest import Declare

    from datamill.data.connection import Connection

# --- char, which some databases pad


@pytest.fixture
def codes(connection: Connection, declare: Declare) -> Relation:
    spec = declare("lab.codes", "a : int32\n---\nk = null : char(3)\nwide : char(5)")
    rows: list[dict[str, Any]] = [
        {"a": 1, "k": "x", "wide": "xy"},
        {"a": 2, "k": "xy", "wide": "x"},
        {"a": 3, "k": None, "wide": "z"},
    ]
    insert(connection, spec, rows)
    return BaseTable(spec, connection)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        *(("k LIKE 'x'", [1]), ("k LIKE '%y'", [2]), ("k LIKE wide", []), ("k ILIKE 'XY'", [2])),
        *(("k REGEXP 'y$'", [2]), ("REGEXP_REPLACE(k, '.$', '') = 'x'", [2]), ("LENGTH(k) = 2", [2])),
        *(("CHAR_LENGTH(k) = 1", [1]), ("CONCAT_WS('-', k, wide) = 'x-xy'", [1]), ("k || '!' = 'x!'", [1])),
        *(("LENGTH(COALESCE(k, wide)) = 1", [1, 3]), ("IF(a = 1, k, wide) LIKE 'x'", [1, 2])),
        *(("LEAST(k, wide) LIKE 'x'", [1, 2]), ("LENGTH(NULLIF(k, 'q')) = 2", [2]), ("HEX(k) = '78'", [1])),
        *(("k IN ('x', 'q')", [1]), ("k = 'xy'", [2]), ("(k, a) IN (('x', 1))", [1]), ("k <=> 'x'", [1])),
        *(("k IS NULL", [3]), ("k IS NOT NULL", [1, 2]), ("k > 'x'", [2]), ("k = wide", [])),
    ],
)
def test_char_takes_part_without_padding(
    condition: str, rows: list[int], connection: Connection, codes: Relation
) -> None:
    found = to_dicts(connection, restrict(codes, condition))
    assert sorted(row["a"] for row in found) == rows


def test_char_is_computed_without_padding(connection: Connection, codes: Relation) -> None:
    some = restrict(codes, "k IS NOT NULL")
    [row] = to_dicts(connection, universal_aggregate(U(), some, j="json_arrayagg(k)", n="length(max(k))"))
    assert (sorted(row["j"]), row["n"]) == (["x", "xy"], 2)
    new = project(some, either="if(a = 1, k, wide)", before="lag(k) over (order by k)")
    found = {row["a"]: (row["either"], row["before"]) for row in to_dicts(connection, new)}
    assert found == {1: ("x", None), 2: ("x", "x")}
    assert to_dicts(connection, distinct(U("either"), new)) == [{"either": "x"}]


# --- exact numbers, which SQLite keeps as text


@pytest.fixture
def prices(connection: Connection, declare: Declare) -> Relation:
    spec = declare("lab.prices", "a : int32\n---\np : decimal(8,1)\nq : decimal(8,3)\nn : int32\nu : uint64")
    rows: list[dict[str, Any]] = [
        {"a": 1, "p": "1.5", "q": 9, "n": 3, "u": 2**63},
        {"a": 2, "p": 7, "q": "1.500", "n": 4, "u": 2**63 + 1},
        {"a": 3, "p": 3, "q": "2.250", "n": 5, "u": 3},
    ]
    insert(connection, spec, rows)
    return BaseTable(spec, connection)


def test_computed_decimals_are_found_in_lists(connection: Connection, prices: Relation) -> None:
    def found(relation: Relation) -> list[int]:
        return sorted(row["a"] for row in to_dicts(connection, relation))

    double = project(prices, x="p * 2")
    assert found(restrict(double, {"x": 3})) == [1]
    assert found(restrict(double, {"x": [3, 14]})) == [1, 2]
    assert found(restrict(double, {"x": [3, *range(1000, 3000), 14]})) == [1, 2]
    assert found(restrict(double, Not({"x": [3, 14]}))) == [3]
    assert found(restrict(double, [{"x": 3, "a": 1}, {"x": 14, "a": 2}, {"x": 14, "a": 3}])) == [1, 2]
    assert found(restrict(prices, "(p * 2, a) IN ((3, 1), (14.00, 2), (6, 1))")) == [1, 2]
    assert found(restrict(project(prices, x="u + 0"), {"x": [2**63, 3]})) == [1, 3]
    total = aggregate(project(prices), prices, s="sum(p)")
    assert found(restrict(total, {"s": [Decimal("1.50"), 3]})) == [1, 3]


def test_computed_decimals_match_by_value(connection: Connection, prices: Relation) -> None:
    double = distinct(U("x"), project(prices, x="p * 2"))
    half = distinct(U("x"), project(prices, x="q * 2"))
    both = join(double, half, semantic_check=False)
    assert [row["x"] for row in to_dicts(connection, both)] == [3]
    assert fetch.count(connection, restrict(double, half, semantic_check=False)) == 1
    assert fetch.count(connection, restrict(double, Not(half), semantic_check=False)) == 2


@pytest.mark.parametrize(
    "value",
    [
        "if(a = 1, p, q)",
        "if(a = 2, q, p)",
        "if(a = 1, q - 7.50, q)",
        "if(a = 1, cast(n as decimal(8,2)) - p, q)",
    ],
)
def test_equal_decimals_are_one_value(value: str, connection: Connection, prices: Relation) -> None:
    some = restrict(prices, "a < 3")
    new = project(some, x=value)
    assert to_dicts(connection, distinct(U("x"), new)) == [{"x": Decimal("1.5")}]
    groups = to_dicts(connection, universal_aggregate(U("x"), new, n="count(*)"))
    assert groups == [{"x": Decimal("1.5"), "n": 2}]
    counts = universal_aggregate(
        U(), some, n=f"count(distinct {value})", m=f"count(distinct {value}, 1)", s=f"sum(distinct {value})"
    )
    assert to_dicts(connection, counts) == [{"n": 1, "m": 1, "s": Decimal("1.5")}]
    windows = project(some, n=f"count(*) over (partition by {value}, a > 5)")
    assert [row["n"] for row in to_dicts(connection, windows)] == [2, 2]


# --- infinities, which MySQL does not store


@only_on("sqlite", "postgresql")
def test_sums_of_infinities(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.reading", "a : int32\n---\nf = null : float64\nr : float32")
    values = [math.inf, 1.0, None, -math.inf, 1.7e308, 1.7e308]
    insert(connection, spec, [{"a": a, "f": f, "r": 1.0} for a, f in enumerate(values)])
    table = BaseTable(spec, connection)

    def total(rows: str, expression: str = "sum(f)") -> Any:
        [row] = to_dicts(connection, universal_aggregate(U(), restrict(table, rows), s=expression))
        return row["s"]

    assert total("a < 3") == math.inf
    assert total("a < 3", "sum(distinct f)") == math.inf
    assert total("a < 3", "sum(f * r - r)") == math.inf
    assert total("a in (1, 3)") == -math.inf
    assert total("a in (1, 2)") == 1.0
    assert total("a = 2") is None
    running = project(restrict(table, "a < 3"), s="sum(f) over (order by a)")
    assert [row["s"] for row in to_dicts(connection, running)] == [math.inf] * 3
    with pytest.raises(QueryError, match="range"):
        total("a > 3")


# --- windows


def test_windows_of_an_aggregation_see_every_row(connection: Connection, declare: Declare) -> None:
    parent = declare("lab.parent", "a : int32")
    child = declare("lab.child", "-> lab.parent\nb : int32")
    insert(connection, parent, [{"a": a} for a in (1, 2, 3)])
    insert(connection, child, [{"a": 2, "b": 1}, {"a": 3, "b": 1}])
    parents, children = BaseTable(parent, connection), BaseTable(child, connection)
    ranked = aggregate(parents, children, n="count(*)", place="row_number() over (order by a)")
    assert to_dicts(connection, restrict(ranked, "a = 3")) == [{"a": 3, "n": 1, "place": 3}]
    assert to_dicts(connection, restrict(ranked, {"a": 2})) == [{"a": 2, "n": 1, "place": 2}]
    shifted = project(restrict(ranked, Not({"a": 1})), twice="place * 2")
    assert {row["a"]: row["twice"] for row in to_dicts(connection, shifted)} == {2: 4, 3: 6}
    of_matching = aggregate(
        parents, children, place="row_number() over (order by a)", exclude_nonmatching=True
    )
    assert to_dicts(connection, restrict(of_matching, {"a": 3})) == [{"a": 3, "place": 2}]


# --- names


@only_on("postgresql")
@pytest.mark.parametrize("name", ["xmin", "xmax", "cmin", "cmax", "ctid", "tableoid"])
def test_names_of_system_columns_are_refused(name: str, connection: Connection, declare: Declare) -> None:
    for definition in (f"a : int32\n---\n{name} : int32", f"{name} : int32"):
        with pytest.raises(DefinitionError, match=f"lab.box cannot have an attribute {name}: every table"):
            declare("lab.box", definition)
    table = BaseTable(declare("lab.box", "a : int32"), connection)
    insert(connection, table.spec, [{"a": 1}])
    assert to_dicts(connection, restrict(project(table, **{name: "a + 1"}), {name: 2})) == [{"a": 1, name: 2}]
