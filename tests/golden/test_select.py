"""Queries in every dialect: tests/golden/<dialect>/select/*.sql, one file per shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from tests.unit.algebra.lab import GRAPH, MOUSE, RIG, SESSION, TRIAL

from datamill.algebra.conditions import AndList, Not, U
from datamill.algebra.operators import (
    aggregate,
    distinct,
    extend,
    join,
    project,
    restrict,
    restrict_by_ancestor,
    restrict_by_descendant,
    top,
    union,
    universal_aggregate,
)
from datamill.algebra.relations import Relation
from datamill.sql.dialects import get_dialect
from datamill.sql.select import compile_count, compile_counts, compile_exists, compile_select
from datamill.sql.writer import Statement

Golden = Callable[[str, str, Iterable[Statement]], None]
FAST = restrict(TRIAL, "rt < 0.5")

SHAPES: dict[str, Relation] = {
    "table": SESSION,
    "restrict_mapping": restrict(SESSION, {"mouse": 1, "day": "2024-01-05", "score": None}),
    "restrict_mapping_list": restrict(SESSION, {"mouse": [1, 2, None]}),
    "restrict_text": restrict(SESSION, "score > 2 and day >= '2024-01-05'"),
    "restrict_json": restrict(SESSION, {"meta.gain:float": 2.5, "meta.name": "x"}),
    "restrict_rows": restrict(SESSION, [{"mouse": 1, "sess": 2}, {"mouse": 3, "sess": 4}]),
    "restrict_or": restrict(SESSION, ["score > 2", {"mouse": 1}]),
    "restrict_and": restrict(SESSION, AndList(["score > 2", {"mouse": 1}])),
    "restrict_none": restrict(SESSION, []),
    "restrict_not": restrict(SESSION, Not({"score": 1.0})),
    "restrict_hidden": restrict(SESSION, "_started is not null"),
    "restrict_many_keys": restrict(SESSION, [{"mouse": 7, "sess": index} for index in range(300)]),
    "semijoin": restrict(SESSION, restrict(MOUSE, {"sex": "F"})),
    "semijoin_narrow": restrict(restrict(SESSION, {"mouse": 1}), TRIAL),
    "antijoin": restrict(RIG, Not(TRIAL)),
    "antijoin_top": restrict(SESSION, Not(top(SESSION, 3))),
    "proj_key": project(SESSION),
    "proj_rename": project(SESSION, when="day", id="sess"),
    "proj_computed": project(SESSION, double="score * 2", again="(day)"),
    "proj_json": project(SESSION, gain="meta.gain:float"),
    "proj_window": restrict(project(SESSION, place="rank() over (order by score)"), {"mouse": 1}),
    "restrict_computed": restrict(project(SESSION, double="score * 2"), "double > 4"),
    "join": join(SESSION, TRIAL),
    "join_restricted": join(restrict(SESSION, {"mouse": 1}), project(FAST, "rt")),
    "join_product": join(MOUSE, RIG),
    "join_left": join(SESSION, TRIAL, left=True, allow_nullable_pk=True),
    "join_of_top": join(top(SESSION, 3), MOUSE),
    "extend": extend(TRIAL, RIG),
    "extend_restricted": extend(TRIAL, restrict(RIG, {"room": "r1"})),
    "aggr": aggregate(SESSION, TRIAL, "day", n="count(*)", mean="avg(rt)"),
    "aggr_nonmatching": aggregate(SESSION, FAST, n="count(*)", exclude_nonmatching=True),
    "aggr_restricted": restrict(aggregate(SESSION, TRIAL, n="count(*)", m="max(rt)"), [{"n": 3}, {"m": 0.5}]),
    "aggr_of_few": restrict(aggregate(SESSION, TRIAL, n="count(*)"), {"mouse": 1}),
    "aggr_of_both": aggregate(SESSION, TRIAL, excess="sum(rt - score)"),
    "aggr_of_aggr": aggregate(MOUSE, aggregate(SESSION, TRIAL, n="count(*)"), most="max(n)"),
    "aggr_concat": aggregate(SESSION, TRIAL, rigs="group_concat(rig)"),
    "union_keys": union(project(restrict(SESSION, {"mouse": 1})), project(restrict(SESSION, {"mouse": 2}))),
    "union_one_side": union(project(SESSION, "day"), project(restrict(SESSION, {"mouse": 2}))),
    "union_both_sides": union(project(SESSION, "day"), project(SESSION, "score")),
    "universal_distinct": distinct(U("rig"), TRIAL),
    "universal_empty": distinct(U(), TRIAL),
    "universal_aggr": universal_aggregate(U("rig"), TRIAL, n="count(*)", mean="avg(rt)"),
    "universal_total": universal_aggregate(U(), TRIAL, n="count(*)"),
    "top": top(SESSION, 3, "score DESC"),
    "top_offset": top(SESSION, None, "day", 2),
    "top_enum": top(project(MOUSE, "sex"), 2, "sex, KEY DESC"),
    "top_text": top(RIG, 2, "room NULLS LAST"),
    "top_restricted": restrict(top(SESSION, 3), "score > 1"),
    "top_of_top": top(top(SESSION, 5, "score DESC"), 2, "day"),
    "order_only": top(SESSION, None, "score"),
    "ancestor": restrict_by_ancestor(TRIAL, {"sex": "F"}, GRAPH),
    "descendant": restrict_by_descendant(MOUSE, "rt > 1", GRAPH),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_queries(shape: str, dialect_name: str, golden: Golden) -> None:
    golden(dialect_name, f"select/{shape}", [compile_select(SHAPES[shape], get_dialect(dialect_name))])


def test_counts(dialect_name: str, golden: Golden) -> None:
    dialect = get_dialect(dialect_name)
    relations = [FAST, distinct(U("rig"), TRIAL), top(SESSION, 3), aggregate(SESSION, TRIAL, n="count(*)")]
    statements = [compile_count(relation, dialect) for relation in relations]
    golden(dialect_name, "select/counts", [*statements, compile_counts(relations[:2], dialect)])


def test_existence(dialect_name: str, golden: Golden) -> None:
    dialect = get_dialect(dialect_name)
    relations = [
        FAST,
        distinct(U("rig"), TRIAL),
        top(SESSION, 3),
        universal_aggregate(U(), TRIAL, n="count(*)"),
    ]
    golden(dialect_name, "select/exists", [compile_exists(relation, dialect) for relation in relations])
