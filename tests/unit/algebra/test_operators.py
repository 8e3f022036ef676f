from __future__ import annotations

from typing import Any

import pytest
from tests.unit.algebra.lab import MOUSE, PAIR, RIG, SESSION, SETTING, TRIAL, names, sql

from datamill.algebra.conditions import Not, Top, U
from datamill.algebra.operators import (
    aggregate,
    base_tables,
    distinct,
    extend,
    join,
    project,
    restrict,
    top,
    union,
    universal_aggregate,
)
from datamill.algebra.relations import Slice
from datamill.errors import DataMillError, DataMillWarning, UnknownAttributeError


@pytest.mark.parametrize(
    ("arguments", "new", "result"),
    [
        ((), {}, "mouse sess |"),
        ((...,), {}, "mouse sess | day score meta"),
        (("day",), {}, "mouse sess | day"),
        (("score", "day"), {}, "mouse sess | day score"),
        ((..., "-day"), {}, "mouse sess | score meta"),
        ((), {"when": "day"}, "mouse sess | when"),
        ((...,), {"when": "day"}, "mouse sess | when score meta"),
        (("day",), {"when": "day"}, "mouse sess | day when"),
        ((), {"id": "sess"}, "mouse id |"),
        (("sess",), {"id": "sess"}, "mouse sess id |"),
        ((), {"again": "(sess)"}, "mouse sess again |"),
        ((...,), {"again": "(day)"}, "mouse sess | day again score meta"),
        ((), {"twice": "score * 2"}, "mouse sess | twice"),
        ((), {"score": "score * 2"}, "mouse sess | score"),
        (("day",), {"b": "1", "a": "NULL"}, "mouse sess | day b a"),
        ((), {"day": "score", "score": "day"}, "mouse sess | score day"),
        ((), {"gain": "meta.gain:float"}, "mouse sess | gain"),
        ((), {"gain": "meta.cam[0].gain"}, "mouse sess | gain"),
        ((), {"rank_": "rank() over (order by score)"}, "mouse sess | rank_"),
    ],
)
def test_projection_orders_and_keys(arguments: Any, new: dict[str, str], result: str) -> None:
    assert names(project(SESSION, *arguments, **new)) == result


def test_projection_keeps_lineage_of_what_is_renamed_only() -> None:
    heading = project(SESSION, again="(sess)", s="score", c="sess + 1").heading
    assert heading["again"].lineage == "lab.session.sess"
    assert heading["s"].lineage is None
    assert heading["c"].lineage is None
    assert heading["c"].nullable


@pytest.mark.parametrize(
    ("arguments", "new", "message"),
    [
        (("-sess",), {}, "key attribute 'sess'"),
        ((5,), {}, "does not name"),
        ((), {"b": 5}, "no expression"),
        ((), {"Bad": "day"}, "cannot be the name"),
        ((), {"_bad": "day"}, "cannot be the name"),
        (("day",), {"day": "score + 1"}, "two attributes named 'day'"),
        (("day",), {"day": "score"}, "two attributes named 'day'"),
        ((), {"sess": "score + 1"}, "two attributes named 'sess'"),
        ((), {"n": "count(*)"}, "aggr|ggregate"),
        ((), {"n": "meta.*.gain"}, "wildcards"),
    ],
)
def test_projections_that_are_refused(arguments: Any, new: Any, message: str) -> None:
    with pytest.raises(DataMillError, match=message):
        project(SESSION, *arguments, **new)


def test_projection_of_unknown_names() -> None:
    for arguments, new in ((("scor",), {}), ((), {"b": "scor"}), ((), {"b": "scor + 1"})):
        with pytest.raises(UnknownAttributeError) as caught:
            project(SESSION, *arguments, **new)
        assert "score" in str(caught.value)
    with pytest.warns(DataMillWarning, match="scor"):
        project(SESSION, ..., "-scor")
    with pytest.raises(UnknownAttributeError):
        restrict(project(SESSION, when="day"), "day > '2024-01-01'")


def test_keys_and_order_of_joins() -> None:
    assert names(join(TRIAL, SESSION)) == "mouse sess t | rt rig day score meta"
    assert names(join(SESSION, TRIAL)) == "mouse sess t | rt rig day score meta"
    assert names(join(MOUSE, RIG)) == "mouse rig | sex photo room"
    assert names(join(TRIAL, RIG)) == "mouse sess t | rt rig room"
    assert names(join(PAIR, TRIAL)) == "mouse sess other t | same rt rig"
    assert names(join(project(TRIAL, "rig"), project(RIG))) == "mouse sess t | rig"
    assert names(join(SETTING, RIG)) == "rig | room speed"
    other_mouse_in_rig = join(project(MOUSE, other="mouse"), project(RIG))
    assert names(join(project(TRIAL, "rig"), other_mouse_in_rig)) == "mouse sess t other rig |"


def test_left_joins_need_a_determined_right_operand() -> None:
    with pytest.raises(DataMillError, match="'t'"):
        join(SESSION, TRIAL, left=True)
    with pytest.raises(DataMillError, match="'t'"):
        extend(SESSION, TRIAL)
    loose = join(SESSION, TRIAL, left=True, allow_nullable_pk=True)
    assert names(loose) == "mouse sess t | day score meta rt rig"
    assert loose.heading["t"].nullable
    extended = extend(TRIAL, RIG)
    assert names(extended) == "mouse sess t | rt rig room"
    assert extended.heading["room"].nullable
    assert not RIG.heading["room"].nullable


def test_joins_match_homologous_namesakes_only() -> None:
    with pytest.raises(DataMillError, match=r"'rt'.*none.*proj"):
        join(TRIAL, project(SESSION, rt="score"))
    joined = join(TRIAL, project(SESSION, rt="score"), semantic_check=False)
    assert "t1.rt = t2.score" in sql(joined)
    assert names(joined) == "mouse sess t | rt rig"


def test_aggregation_keeps_key_and_named_attributes() -> None:
    found = aggregate(SESSION, TRIAL, "day", n="count(*)", fast="min(rt)", d="day")
    assert names(found) == "mouse sess | day n fast d"
    assert not found.heading["n"].nullable
    assert found.heading["fast"].nullable
    assert str(found.heading["n"].type) == "int64"
    assert names(aggregate(SESSION, TRIAL, ..., n="count(*)")) == "mouse sess | day score meta n"


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"n": "rt + 1"}, "outside an aggregate"),
        ({"n": "count(*) + rt"}, "outside an aggregate"),
        ({"mouse": "count(*)"}, "two attributes"),
        ({"n": 5}, "no expression"),
        ({"N": "count(*)"}, "cannot be the name"),
    ],
)
def test_aggregations_that_are_refused(new: Any, message: str) -> None:
    with pytest.raises(DataMillError, match=message):
        aggregate(SESSION, TRIAL, **new)


def test_the_aggregated_operand_holds_the_key() -> None:
    with pytest.raises(DataMillError, match="'t'"):
        aggregate(TRIAL, SESSION, n="count(*)")
    with pytest.raises(UnknownAttributeError):
        aggregate(SESSION, TRIAL, n="count(reaction)")


def test_aggregates_may_use_attributes_of_both_operands() -> None:
    found = aggregate(SESSION, TRIAL, gain="sum(rt - score)")
    assert "JOIN trial" in sql(found)
    assert names(found) == "mouse sess | gain"


def test_aggregation_without_aggregates_is_a_projection_or_semijoin() -> None:
    assert "trial" not in sql(aggregate(SESSION, TRIAL, "day"))
    assert "trial" in sql(aggregate(SESSION, TRIAL, "day", exclude_nonmatching=True))


def test_aggregating_few_rows_reads_few_rows() -> None:
    few = restrict(aggregate(SESSION, TRIAL, n="count(*)"), {"mouse": 1})
    assert sql(few).count("mouse = 1") == 2
    assert "WHERE" not in sql(aggregate(SESSION, TRIAL, n="count(*)"))


def test_universal_sets() -> None:
    assert names(distinct(U("rig", "rt"), TRIAL)) == "rig rt |"
    assert distinct(U("rig"), TRIAL).heading["rig"].lineage == "lab.rig.rig"
    assert names(distinct(U(), TRIAL)) == "|"
    assert names(universal_aggregate(U("rig"), TRIAL, n="count(*)", r="rig")) == "rig | n r"
    assert names(universal_aggregate(U(), TRIAL, n="count(*)")) == "| n"
    with pytest.raises(UnknownAttributeError):
        distinct(U("speed"), TRIAL)
    with pytest.raises(UnknownAttributeError):
        universal_aggregate(U("speed"), TRIAL, n="count(*)")
    with pytest.raises(DataMillError, match="outside an aggregate"):
        universal_aggregate(U("rig"), TRIAL, n="rt")


def test_unions_need_one_key_and_different_secondaries() -> None:
    first, second = project(SESSION, "day"), project(TRIAL, "rt")
    assert names(union(first, project(SESSION, "score"))) == "mouse sess | day score"
    assert union(first, project(SESSION, "score")).heading["day"].nullable
    with pytest.raises(DataMillError, match="same primary key"):
        union(first, second)
    with pytest.raises(DataMillError, match=r"same name: day\."):
        union(first, first)
    other = project(distinct(U("x"), project(RIG, x="room")), sess="x")
    with pytest.raises(DataMillError, match="lineage"):
        union(distinct(U("sess"), SESSION), other)
    assert names(union(distinct(U("sess"), SESSION), other, semantic_check=False)) == "sess |"


@pytest.mark.parametrize(
    ("first", "second", "limit", "offset"),
    [
        ((5, 0), (3, 1), 3, 1),
        ((5, 2), (None, 1), 4, 3),
        ((5, 0), (9, 4), 1, 4),
        ((5, 0), (1, 9), 0, 9),
        ((None, 2), (3, 0), 3, 2),
        ((None, 0), (None, 0), None, 0),
    ],
)
def test_tops_of_one_order_become_one(first: Any, second: Any, limit: int | None, offset: int) -> None:
    below = top(SESSION, first[0], "score desc", first[1])
    for order in ("score DESC", None):
        above = top(below, second[0], order, second[1])
        assert isinstance(above, Slice)
        assert above.operand is SESSION
        assert (above.limit, above.offset) == (limit, offset)


def test_tops_of_different_orders_act_one_after_the_other() -> None:
    both = top(top(SESSION, 5, "score desc"), 2, "day")
    assert sql(both).count("LIMIT") == 2
    assert sql(top(top(SESSION, None, "score desc"), 2, "day")).count("ORDER BY") == 1
    assert sql(top(SESSION, None, None)).endswith("ORDER BY t1.mouse, t1.sess")
    assert sql(restrict(SESSION, Top(2, "score desc"))).endswith(
        "ORDER BY t1.score DESC, t1.mouse, t1.sess LIMIT 2"
    )
    assert sql(restrict(SESSION, Top(2, ["score", "KEY DESC"]))).endswith(
        "ORDER BY t1.score, t1.mouse DESC, t1.sess DESC LIMIT 2"
    )


def test_base_tables_lists_every_table_once() -> None:
    relation = restrict(join(SESSION, MOUSE), [Not(TRIAL), restrict(SESSION, "score > 1")])
    assert list(map(str, base_tables(relation))) == ["lab.session", "lab.mouse", "lab.trial"]
