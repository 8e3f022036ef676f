from __future__ import annotations

import warnings
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.unit.algebra.lab import MOUSE, RIG, SESSION, SPECS, TRIAL, Wrapped, where

from datamill.algebra.conditions import AndList, Not, Top, U, as_relation
from datamill.algebra.operators import join, project, restrict, top, vacuous_conditions
from datamill.algebra.relations import BaseTable, Relation, Restriction
from datamill.errors import (
    DataMillError,
    DataMillWarning,
    InvalidValueError,
    QuerySyntaxError,
    UnknownAttributeError,
)

PAIRS = np.array([(1, 2), (3, 4)], dtype=[("mouse", int), ("sess", int)])
INDEXED = pd.DataFrame({"sess": [5, 6]}, index=pd.Index([1, 2], name="mouse"))


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("score > 2", "(t1.score > 2.0)"),
        ({"mouse": 1}, "t1.mouse = 1"),
        ({"mouse": 1, "day": "2024-01-05"}, "t1.mouse = 1 AND t1.day = '2024-01-05'"),
        ({"mouse": np.int64(7)}, "t1.mouse = 7"),
        ({"mouse": "7"}, "t1.mouse = 7"),
        ({"mouse": 7.0}, "t1.mouse = 7"),
        ({"day": date(2024, 1, 5)}, "t1.day = '2024-01-05'"),
        ({"day": datetime(2024, 1, 5)}, "t1.day = '2024-01-05'"),
        ({"day": np.datetime64("2024-01-05")}, "t1.day = '2024-01-05'"),
        ({"day": pd.Timestamp("2024-01-05")}, "t1.day = '2024-01-05'"),
        ({"score": Decimal("0.5")}, "t1.score = 0.5"),
        ({"score": None}, "t1.score IS NULL"),
        ({"score": float("nan")}, "t1.score IS NULL"),
        ({"score": np.float32("nan")}, "t1.score IS NULL"),
        ({"score": pd.NA}, "t1.score IS NULL"),
        ({"day": pd.NaT}, "t1.day IS NULL"),
        ({"mouse": [1, 2]}, "t1.mouse IN (1, 2)"),
        ({"mouse": (1, "2")}, "t1.mouse IN (1, 2)"),
        ({"mouse": {3}}, "t1.mouse = 3"),
        ({"mouse": np.array([1, 2])}, "t1.mouse IN (1, 2)"),
        ({"mouse": range(2)}, "t1.mouse IN (0, 1)"),
        ({"score": [1.5, None]}, "(t1.score = 1.5 OR t1.score IS NULL)"),
        ({"mouse": []}, "FALSE"),
        ({"mouse": 1, "absent": 5}, "t1.mouse = 1"),
        ({}, ""),
        (True, ""),
        (False, "FALSE"),
        (np.bool_(True), ""),
        (np.bool_(False), "FALSE"),
        ([], "FALSE"),
        (["score > 2", {"mouse": 1}], "(t1.mouse = 1 OR (t1.score > 2.0))"),
        ([["score > 2"], ({"mouse": 1},)], "((t1.score > 2.0) OR t1.mouse = 1)"),
        (({"mouse": m} for m in (1, 2)), "t1.mouse IN (1, 2)"),
        (
            [{"mouse": 1, "sess": 1}, {"mouse": 2, "sess": 1}],
            "(t1.mouse, t1.sess) IN (VALUES (1, 1), (2, 1))",
        ),
        (
            [{"mouse": 1, "score": 1.0}, {"mouse": 2, "score": 2.0}, {"mouse": 3, "score": None}],
            "((t1.mouse, t1.score) IN (VALUES (1, 1.0), (2, 2.0)) OR (t1.score IS NULL AND t1.mouse = 3))",
        ),
        ([{"mouse": 1}, {}], ""),
        (AndList([]), ""),
        (AndList(["score > 2", {"mouse": 1}]), "(t1.score > 2.0) AND t1.mouse = 1"),
        (Not("score > 2"), "((t1.score > 2.0)) IS NOT TRUE"),
        (Not(Not("score > 2")), "(t1.score > 2.0)"),
        (Not(True), "FALSE"),
        (Not([]), ""),
        (Not({"score": None}), "t1.score IS NOT NULL"),
        (Not([{"mouse": 1}, "score > 2"]), "((t1.mouse = 1 OR (t1.score > 2.0))) IS NOT TRUE"),
        (U("anything"), ""),
        (Not(U()), "FALSE"),
        (
            np.array([(1, 2), (3, 4)], dtype=[("mouse", int), ("sess", int)]),
            "(t1.mouse, t1.sess) IN (VALUES (1, 2), (3, 4))",
        ),
        (PAIRS[0], "t1.mouse = 1 AND t1.sess = 2"),
        (pd.DataFrame({"mouse": [1, 2], "other": [0, 0]}), "t1.mouse IN (1, 2)"),
        (
            pd.DataFrame({"sess": [5, 6]}, index=pd.Index([1, 2], name="mouse")),
            "(t1.mouse, t1.sess) IN (VALUES (1, 5), (2, 6))",
        ),
        (pd.DataFrame({"mouse": []}), "FALSE"),
        (pd.Series({"mouse": 1, "sess": 2}), "t1.mouse = 1 AND t1.sess = 2"),
        (pl.DataFrame({"mouse": [1, 2]}), "t1.mouse IN (1, 2)"),
        (MOUSE, "t1.mouse IN (SELECT t2.mouse FROM mouse AS t2)"),
        (Wrapped(MOUSE), "t1.mouse IN (SELECT t2.mouse FROM mouse AS t2)"),
        (Not(TRIAL), "((t1.mouse, t1.sess) IN (SELECT t2.mouse, t2.sess FROM trial AS t2)) IS NOT TRUE"),
        ({"meta.cam[0].gain:float": 2.5}, None),
        ({"meta": {"gain": 1}}, None),
    ],
)
def test_every_kind_of_condition(condition: Any, text: str | None) -> None:
    found = where(restrict(SESSION, condition))
    assert found if text is None else found == text


def test_values_that_cannot_occur_match_nothing() -> None:
    assert where(restrict(SESSION, {"sess": 40_000})) == "FALSE"
    assert where(restrict(SESSION, {"sess": [1, 40_000]})) == "t1.sess = 1"
    rows = [{"mouse": 1, "sess": 1}, {"mouse": 2**40, "sess": 1}, {"mouse": 2, "sess": 2}]
    assert where(restrict(SESSION, rows)) == "(t1.mouse, t1.sess) IN (VALUES (1, 1), (2, 2))"
    assert where(restrict(MOUSE, {"sex": "unknown"})) == "FALSE"
    assert where(restrict(RIG, {"rig": "much too long"})) == "FALSE"
    assert where(restrict(RIG, Not({"rig": "much too long"}))) == ""


@pytest.mark.parametrize(
    "condition",
    [
        None,
        5,
        2.5,
        object(),
        b"mouse = 1",
        [None],
        AndList([3]),
        Not(None),
        Top(3),
        [Top(3)],
        {"mouse": "text"},
        {"day": [[1]]},
        {"mouse": {"a": 1}},
        {"_started": "2024-01-01"},
        {"meta.*.gain": 1},
        {"meta.gain:nosuchtype": 1},
        {"day.gain": 1},
        pd.Series([1, 2]),
    ],
)
def test_what_is_no_condition_is_refused(condition: Any) -> None:
    if isinstance(condition, Top):
        condition = Not(condition)
    with pytest.raises(DataMillError):
        restrict(SESSION, condition)


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(UnknownAttributeError, match="score"):
        restrict(SESSION, "scor > 2")
    with pytest.raises(QuerySyntaxError):
        restrict(SESSION, "")
    with pytest.raises(InvalidValueError, match="'mouse'"):
        restrict(SESSION, {"mouse": "text"})
    with pytest.raises(DataMillError, match="<blob>"):
        restrict(MOUSE, {"photo": 1})
    with pytest.raises(DataMillError, match=r"of its own"):
        restrict(SESSION, AndList([Top(1)]))


def test_only_text_directly_on_a_table_names_hidden_attributes() -> None:
    assert where(restrict(restrict(SESSION, {"mouse": 1}), "_started is null")).endswith(
        "(t1._started IS NULL)"
    )
    assert "ORDER BY t1._started" in where(top(restrict(SESSION, {"mouse": 1}), 3, "_started"))
    with pytest.raises(UnknownAttributeError):
        restrict(project(SESSION, ...), "_started is null")
    with pytest.raises(UnknownAttributeError):
        restrict(join(SESSION, MOUSE), "_started is null")


def test_conditions_without_effect_warn_and_can_be_found() -> None:
    with pytest.warns(DataMillWarning, match="absent"):
        found = restrict(SESSION, {"absent": 1})
    assert where(found) == "TRUE"
    assert "absent" in vacuous_conditions(found)[0]
    with pytest.warns(DataMillWarning, match="no attributes in common"):
        found = restrict(MOUSE, RIG)
    assert where(found) == "EXISTS (SELECT 1 FROM rig AS t2)"
    assert vacuous_conditions(found)
    assert vacuous_conditions(restrict(SESSION, {})) == []
    assert vacuous_conditions(restrict(SESSION, MOUSE)) == []


def test_relations_match_on_attributes_of_one_meaning_only() -> None:
    renamed = project(SESSION, score="day")
    with pytest.raises(DataMillError, match=r"'score'.*proj"):
        restrict(SESSION, renamed)
    assert "score" in where(restrict(SESSION, renamed, semantic_check=False)).partition("IN")[0]
    with pytest.raises(DataMillError, match="json"):
        restrict(SESSION, project(SESSION, ..., "-score"), semantic_check=False)
    other = project(MOUSE, sess="mouse")
    with pytest.raises(DataMillError, match=r"lab\.session\.sess.*lab\.mouse\.mouse"):
        restrict(SESSION, other)


def test_unaltered_secondaries_are_implied_by_the_whole_key() -> None:
    assert where(restrict(SESSION, Not(top(SESSION, 3)))).startswith("((t1.mouse, t1.sess) IN")
    with pytest.raises(DataMillError, match="'score'"):  # altered
        restrict(SESSION, project(SESSION, score="score + 1"))
    with pytest.raises(DataMillError, match="'score'"):  # the key is not matched as a whole
        restrict(SESSION, project(SESSION, "score", s="sess"))
    with pytest.raises(DataMillError, match="'day'"):  # joins know no exception
        join(SESSION, top(SESSION, 3))


def test_operands_must_live_on_one_connection() -> None:
    elsewhere = BaseTable(SPECS["mouse"], "elsewhere")
    with pytest.raises(DataMillError, match="different connections"):
        restrict(SESSION, elsewhere)
    with pytest.raises(DataMillError, match="different connections"):
        join(SESSION, elsewhere)


def test_classes_and_objects_stand_for_their_relation() -> None:
    class Mouse:
        def __relation__(self) -> BaseTable:
            return MOUSE

    assert as_relation(Mouse) is MOUSE
    assert as_relation(Mouse()) is MOUSE
    assert as_relation(MOUSE) is MOUSE
    assert as_relation("mouse") is None
    assert as_relation(int) is None


def test_chains_of_restrictions_stay_flat() -> None:
    relation: Relation = SESSION
    for index in range(2000):
        relation = restrict(relation, {"mouse": index})
    assert isinstance(relation, Restriction)
    assert relation.operand is SESSION
    assert where(relation).count("AND") == 1999


def test_a_hundred_thousand_keys_are_one_bound_value() -> None:
    from datamill.sql.dialects import get_dialect
    from datamill.sql.select import compile_select

    keys = [{"mouse": index, "sess": 1} for index in range(100_000)]
    relation = restrict(SESSION, keys)
    assert len(compile_select(relation, get_dialect("sqlite")).params) == 1
    assert len(compile_select(relation, get_dialect("postgresql")).params) == 2
    assert len(compile_select(relation, get_dialect("mysql")).params) == 200_000


@pytest.mark.parametrize(
    "arguments",
    [(True,), ("3",), (1.0,), (1, 3), (1, [3]), (1, "KEY", None)],
)
def test_top_refuses_other_types(arguments: Any) -> None:
    with pytest.raises(TypeError):
        Top(*arguments)


@pytest.mark.parametrize("arguments", [(-1,), (1, "KEY", -1)])
def test_top_refuses_negative_numbers(arguments: Any) -> None:
    with pytest.raises(ValueError, match="negative"):
        Top(*arguments)
    three: Any = np.int64(3)
    assert Top(three) == Top(3)


@pytest.mark.parametrize("attributes", [("a", "a"), (1,)])
def test_universal_sets_need_different_names(attributes: Any) -> None:
    with pytest.raises(DataMillError):
        U(*attributes)
    assert repr(U("a", "b")) == "U('a', 'b')"


def test_conditions_build_without_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        restrict(SESSION, [{"mouse": 1, "absent": 2}, {"mouse": 3, "absent": 4}])


class Shelf:
    """Something that gives things when it is iterated, as a `dm.Schema` gives its tables."""

    def __iter__(self) -> Any:
        return iter([{"mouse": 1}])


def test_what_only_can_be_iterated_is_no_condition() -> None:
    with pytest.raises(DataMillError, match="Shelf is no condition"):
        restrict(MOUSE, Shelf())
    assert where(restrict(MOUSE, {1: {"mouse": 1}}.values())) == where(restrict(MOUSE, [{"mouse": 1}]))
