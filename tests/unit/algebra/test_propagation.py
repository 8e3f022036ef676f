from __future__ import annotations

from typing import Any

import pytest
from tests.unit.algebra.lab import GRAPH, MOUSE, PAIR, RIG, SESSION, SPECS, TRIAL, table, where

from datamill.algebra.conditions import Not
from datamill.algebra.operators import (
    join,
    project,
    restrict,
    restrict_by_ancestor,
    restrict_by_descendant,
    top,
)
from datamill.algebra.propagation import restrict_child, restrict_parent, trace
from datamill.algebra.relations import BaseTable, Relation
from datamill.errors import AmbiguousPathError, DataMillError
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName

SPECS_BEFORE = dict(SPECS)
A = table("a", "a* int8; x int8")
B = table("b", "b* int8; a int8?; y int8", a="a")
C = table("c", "c* int8; b int8; z int8", b="b")
TWO = table("two", "first* int8; second* int8; w int8", b="first=b")
BOTH = table("both", "n* int8; first int8; second int8", b="first=b", a="second=a")
DEEP = DependencyGraph([item.spec for item in (A, B, C, TWO, BOTH)])
SPECS.clear()
SPECS.update(SPECS_BEFORE)


def far(relation: Relation, condition: Any, **options: Any) -> str:
    return where(restrict_by_ancestor(relation, condition, GRAPH, **options))


def test_ancestors_are_found_over_inherited_keys_directly() -> None:
    assert (
        far(TRIAL, restrict(MOUSE, {"sex": "F"}))
        == "t1.mouse IN (SELECT t2.mouse FROM mouse AS t2 WHERE t2.sex = 'F')"
    )
    assert far(TRIAL, {"sex": "F"}) == far(TRIAL, restrict(MOUSE, {"sex": "F"}))
    assert far(TRIAL, "sex = 'F'") == "t1.mouse IN (SELECT t2.mouse FROM mouse AS t2 WHERE (t2.sex = 'F'))"
    assert far(TRIAL, Not({"sex": "F"})).endswith("IS NOT TRUE")


def test_descendants_likewise() -> None:
    found = where(restrict_by_descendant(MOUSE, {"rt": 0.5}, GRAPH))
    assert found == "t1.mouse IN (SELECT t2.mouse FROM trial AS t2 WHERE t2.rt = 0.5)"
    found = where(restrict_by_descendant(RIG, project(restrict(TRIAL, {"rt": 0.5})), GRAPH))
    assert "t2.rig FROM trial AS t2 WHERE (t2.mouse, t2.sess, t2.t) IN" in found


def test_broken_chains_go_through_the_tables_between() -> None:
    upward = where(restrict_by_ancestor(C, {"x": 1}, DEEP))
    assert (
        upward == "t1.b IN (SELECT t2.b FROM b AS t2 WHERE t2.a IN (SELECT t3.a FROM a AS t3 WHERE t3.x = 1))"
    )
    downward = where(restrict_by_descendant(A, {"z": 1}, DEEP))
    assert (
        downward
        == "t1.a IN (SELECT t2.a FROM b AS t2 WHERE t2.b IN (SELECT t3.b FROM c AS t3 WHERE t3.z = 1))"
    )


def test_projections_that_dropped_the_reference_go_through_their_key() -> None:
    found = where(restrict_by_ancestor(project(C), {"x": 1}, DEEP))
    assert found.startswith("t1.c IN (SELECT t2.c FROM c AS t2 WHERE t2.b IN")


def test_several_paths_must_be_told_apart() -> None:
    with pytest.raises(AmbiguousPathError) as caught:
        restrict_by_ancestor(BOTH, restrict(A, {"x": 1}), DEEP)
    assert len(caught.value.paths) == 2
    assert "first -> b" in str(caught.value)
    through = where(restrict_by_ancestor(BOTH, restrict(A, {"x": 1}), DEEP, via=[B]))
    assert through.startswith("t1.first IN (SELECT t2.b FROM b AS t2")
    assert where(restrict_by_ancestor(BOTH, restrict(A, {"x": 1}), DEEP, via="lab.b")) == through


def test_a_projection_as_via_names_a_foreign_key() -> None:
    x = restrict(A, {"x": 1})
    assert where(restrict_by_ancestor(BOTH, x, DEEP, via=[project(A, second="a")])).startswith("t1.second IN")
    assert where(restrict_by_ancestor(BOTH, x, DEEP, via=project(B, first="b"))).startswith("t1.first IN")
    assert where(restrict_by_descendant(A, BOTH, DEEP, via=project(A, second="a"))).startswith("t1.a IN")
    with pytest.raises(DataMillError, match=r"through B\.proj\(other='b'\)\.") as caught:
        restrict_by_descendant(A, BOTH, DEEP, via=project(B, other="b"))
    choices = "restrict_by_descendant(X, via=...): via=[A.proj(second='a')]; via=[B.proj(first='b')]."
    assert choices in str(caught.value)


def test_of_paths_through_what_via_names_the_one_through_nothing_else_is_meant() -> None:
    before = dict(SPECS)
    SPECS.update({"a": A.spec, "b": B.spec})
    try:
        near = table("near", "n* int8; b int8; a int8", b="b", a="a")
        far = table("far", "f* int8; n int8; b int8", near="n", b="b")
    finally:
        SPECS.clear()
        SPECS.update(before)
    graph = DependencyGraph([A.spec, B.spec, near.spec, far.spec])
    with pytest.raises(AmbiguousPathError, match=r"via=\[A\]; via=\[B\]\."):
        restrict_by_ancestor(near, {"x": 1}, graph)
    assert where(restrict_by_ancestor(near, {"x": 1}, graph, via=A)).startswith("t1.a IN (SELECT t2.a FROM a")
    assert where(restrict_by_ancestor(near, {"x": 1}, graph, via=B)).startswith("t1.b IN (SELECT t2.b FROM b")
    with pytest.raises(AmbiguousPathError, match=r"via=\[Near\]; via=\[B\]; via=\[Near, B\]\.") as caught:
        restrict_by_ancestor(far, {"x": 1}, graph)
    assert len(caught.value.paths) == 3
    for via, step in ([B], "t1.b IN (SELECT t2.b FROM b"), ([near], "t1.n IN"), ([near, B], "t1.n IN"):
        assert where(restrict_by_ancestor(far, {"x": 1}, graph, via=via)).startswith(step)


def test_paths_that_part_above_a_broken_chain_meet_in_the_same_row() -> None:
    before = dict(SPECS)
    SPECS.update({"a": A.spec})
    try:
        left = table("left", "a* int8; l* int8", a="a")
        right = table("right", "a* int8; r* int8", a="a")
        middle = table("middle", "m* int8; a int8; l int8; r int8", left="a l", right="a r")
        bottom = table("bottom", "o* int8; m int8", middle="m")
    finally:
        SPECS.clear()
        SPECS.update(before)
    graph = DependencyGraph([A.spec, left.spec, right.spec, middle.spec, bottom.spec])
    found = where(restrict_by_ancestor(bottom, {"x": 1}, graph))
    assert found.startswith("t1.m IN (SELECT t2.m FROM middle AS t2 WHERE (t2.a, t2.l) IN (SELECT")
    assert " OR " not in found


def test_several_owners_must_be_told_apart() -> None:
    twin = table("twin", "mouse* int32; sess* int16; t* int32; rt float64", trial="mouse sess t")
    try:
        graph = DependencyGraph([*GRAPH.specs.values(), twin.spec])
    finally:
        del SPECS["twin"]
    with pytest.raises(AmbiguousPathError) as caught:
        restrict_by_descendant(MOUSE, "rt > 1", graph)
    assert caught.value.paths == ["lab.trial", "lab.twin"]


@pytest.mark.parametrize(
    ("relation", "condition", "message"),
    [
        (TRIAL, {"speed": 3}, "do not originate"),
        (TRIAL, restrict(PAIR, {"other": 1}), "No foreign keys"),
        (TRIAL, restrict(TRIAL, {"t": 1}), "its own"),
        (join(TRIAL, SESSION), {"sex": "F"}, "one table"),
        (project(TRIAL, m="mouse"), {"sex": "F"}, "renamed"),
        (TRIAL, 5, "no condition"),
        (TRIAL, top, "no condition"),
    ],
)
def test_what_has_no_path(relation: Relation, condition: Any, message: str) -> None:
    with pytest.raises(DataMillError, match=message):
        restrict_by_ancestor(relation, condition, GRAPH)


def test_steps_of_a_cascade_match_the_edge_only() -> None:
    edge = DEEP.parents(TWO.spec.name)[0]
    assert (
        where(restrict_child(TWO, edge, restrict(B, {"y": 1})))
        == "t1.first IN (SELECT t2.b FROM b AS t2 WHERE t2.y = 1)"
    )
    assert (
        where(restrict_parent(B, edge, restrict(TWO, {"w": 1})))
        == "t1.b IN (SELECT t2.first FROM two AS t2 WHERE t2.w = 1)"
    )


def traced(graph: DependencyGraph, table: BaseTable, key: dict[str, Any], ancestor: str) -> str:
    return where(trace(graph, table.spec, key, TableName("lab", ancestor), "here"))


def test_tracing_follows_values_and_undoes_renames() -> None:
    key = {"mouse": 1, "sess": 2, "t": 3}
    assert traced(GRAPH, TRIAL, key, "session") == "t1.mouse = 1 AND t1.sess = 2"
    assert traced(GRAPH, TRIAL, key, "mouse") == "t1.mouse = 1"
    assert traced(GRAPH, TRIAL, {"mouse": 1}, "session") == "t1.mouse = 1"
    assert traced(DEEP, TWO, {"first": 1, "second": 2}, "b") == "t1.b = 1"


def test_tracing_follows_secondary_references_of_ancestors_through_rows() -> None:
    found = traced(DEEP, TWO, {"first": 1, "second": 2}, "a")
    assert found == "t1.a IN (SELECT t2.a FROM b AS t2 WHERE t2.b = 1)"


def test_own_secondary_references_do_not_restrict() -> None:
    assert traced(GRAPH, TRIAL, {"mouse": 1, "sess": 2, "t": 3}, "rig") == ""
    assert traced(DEEP, C, {"c": 1}, "a") == ""


def test_several_paths_are_alternatives() -> None:
    names = dict(SPECS)
    SPECS.update({"a": A.spec, "b": B.spec})
    try:
        merge = table("merge", "one* int8; two* int8", b="one=b", a="two=a")
    finally:
        SPECS.clear()
        SPECS.update(names)
    graph = DependencyGraph([A.spec, B.spec, merge.spec])
    found = traced(graph, merge, {"one": 1, "two": 2}, "a")
    assert found == "(t1.a = 2 OR t1.a IN (SELECT t2.a FROM b AS t2 WHERE t2.b = 1))"


def test_parts_are_restricted_by_their_master() -> None:
    names = dict(SPECS)
    SPECS.update({"a": A.spec, "b": B.spec})
    try:
        part = table("b__part", "b* int8; p* int8", b="b")
        child = table("d", "b* int8; d* int8", b="b")
    finally:
        SPECS.clear()
        SPECS.update(names)
    graph = DependencyGraph([A.spec, B.spec, part.spec, child.spec])
    assert traced(graph, child, {"b": 1, "d": 2}, "b__part") == "t1.b = 1"
    with pytest.raises(DataMillError, match="not upstream"):
        traced(graph, B, {"b": 1}, "d")
