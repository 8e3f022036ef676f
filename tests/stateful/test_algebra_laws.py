"""Random schemas, rows and queries on every backend against a small oracle of relations; laws of the algebra."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.stateful import algebra_oracle as oracle
from tests.stateful.algebra_oracle import Refused, Row, Rows
from tests.stateful.engines import Engine, engine_names, open_engine

from datamill.algebra import operators as ops
from datamill.algebra.conditions import AndList, Not, Top, U
from datamill.algebra.matching import match
from datamill.algebra.relations import BaseTable, Relation
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, TableSpec
from datamill.model.types import parse_type
from datamill.sql.dialects import get_dialect
from datamill.sql.select import compile_count, compile_exists, compile_select

INT = parse_type("int32")
SHARED = ("x", "y", "z")
"""Secondary names come from a small pool, so that tables have namesakes that mean different things."""

Pair = tuple[Relation, Rows]
Draw = Callable[[Any], Any]


@pytest.fixture(scope="module", params=engine_names())
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with open_engine(request.param) as engine:
        yield engine


class World:
    """Random tables with rows, in a database and as oracle relations."""

    def __init__(self, draw: Draw, engine: Engine) -> None:
        self.engine = engine
        engine.reset()
        self.tables: list[Pair] = []
        for index in range(draw(st.integers(1, 3))):
            self.tables.append(self.make_table(draw, index))

    def make_table(self, draw: Draw, index: int) -> Pair:
        name = TableName("lab", f"t{index}")
        attributes: dict[str, Attribute] = {}
        foreign_keys: list[ForeignKey] = []
        parents: list[tuple[Pair, ForeignKey]] = []
        for parent in draw(st.lists(st.sampled_from(self.tables), max_size=2)) if self.tables else []:
            foreign_key = self.refer(draw, parent, attributes)
            foreign_keys.append(foreign_key)
            parents.append((parent, foreign_key))
        if draw(st.booleans()) or not any(item.in_key for item in attributes.values()):
            attributes[f"k{index}"] = Attribute(
                f"k{index}", INT, INT, in_key=True, lineage=f"{name}.k{index}"
            )
        for native in draw(st.sets(st.sampled_from(SHARED), max_size=2)):
            attributes.setdefault(native, Attribute(native, INT, INT, nullable=True))
        spec = TableSpec(name, Heading(attributes.values()), foreign_keys=tuple(foreign_keys))
        rows = self.make_rows(draw, spec, parents)
        self.engine.store(spec, rows)
        heading = spec.heading
        lineage = {name: heading[name].lineage for name in heading}
        return BaseTable(spec, "here"), Rows(tuple(heading), heading.key, lineage, rows)

    def refer(self, draw: Draw, parent: Pair, attributes: dict[str, Attribute]) -> ForeignKey:
        in_key, renamed = draw(st.booleans()), draw(st.booleans())
        pairs = []
        for theirs in parent[1].key:
            own = f"{theirs}_r" if renamed or theirs in attributes else theirs
            while own in attributes and attributes[own].lineage != parent[1].lineage[theirs]:
                own += "r"
            pairs.append((own, theirs))
            known = attributes.get(own)
            attributes[own] = Attribute(
                own,
                INT,
                INT,
                in_key=in_key or (known is not None and known.in_key),
                nullable=not in_key and (known is None or known.nullable),
                lineage=parent[1].lineage[theirs],
            )
        base = parent[0]
        assert isinstance(base, BaseTable)
        return ForeignKey(base.spec.name, tuple(pairs), in_key=in_key, nullable=not in_key)

    def make_rows(self, draw: Draw, spec: TableSpec, parents: list[tuple[Pair, ForeignKey]]) -> list[Row]:
        rows: dict[tuple[Any, ...], Row] = {}
        for _ in range(draw(st.integers(0, 6))):
            row: Row = {}
            for (_, parent), foreign_key in parents:
                fitting = [
                    item
                    for item in parent.rows
                    if all(
                        row.get(own, item[theirs]) == item[theirs]
                        for own, theirs in foreign_key.attribute_map
                    )
                ]
                if fitting and (foreign_key.in_key or draw(st.booleans())):
                    chosen = draw(st.sampled_from(fitting))
                    row.update({own: chosen[theirs] for own, theirs in foreign_key.attribute_map})
            for name, attribute in spec.heading.attributes.items():
                values = st.integers(0, 2)
                if name not in row:
                    row[name] = draw(st.none() | values) if attribute.nullable else draw(values)
            rows.setdefault(tuple(row[name] for name in spec.heading.key), row)
        return list(rows.values())

    def rows(self, relation: Relation) -> list[tuple[Any, ...]]:
        return self.engine.rows(compile_select(relation, self.engine.dialect), relation.heading)

    def check(self, pair: Pair) -> None:
        relation, expected = pair
        assert tuple(relation.heading) == expected.names
        assert relation.heading.key == expected.key
        assert {name: relation.heading[name].lineage for name in relation.heading} == expected.lineage
        found = self.rows(relation)
        wanted = [tuple(row[name] for name in expected.names) for row in expected.rows]
        if expected.ordered:
            assert found == wanted
        assert sorted(found, key=repr) == sorted(wanted, key=repr)
        value, dialect = self.engine.value, self.engine.dialect
        assert value(compile_count(relation, dialect)) == len(wanted)
        assert bool(value(compile_exists(relation, dialect))) == bool(wanted)
        for name, attribute in relation.heading.attributes.items():
            assert attribute.nullable or all(row[name] is not None for row in expected.rows)


# --- conditions: pairs of what a user writes and a test of a row in the oracle


def sql_not(value: bool | None) -> bool | None:
    return None if value is None else not value


def sql_or(values: list[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False


COMPARISONS: dict[str, Callable[[Any, int], bool]] = {
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
    "<=": lambda a, b: a <= b,
}


def text_condition(draw: Draw, names: tuple[str, ...]) -> tuple[Any, Callable[[Row], bool | None]]:
    name, sign, value = (
        draw(st.sampled_from(names)),
        draw(st.sampled_from(sorted(COMPARISONS))),
        draw(st.integers(0, 2)),
    )

    def compare(row: Row) -> bool | None:
        return None if row[name] is None else COMPARISONS[sign](row[name], value)

    form = draw(st.sampled_from(["plain", "not", "null", "or"]))
    if form == "plain":
        return f"{name} {sign} {value}", compare
    if form == "not":
        return f"NOT {name} {sign} {value}", lambda row: sql_not(compare(row))
    if form == "null":
        return f"{name} IS NULL", lambda row: row[name] is None
    other = draw(st.sampled_from(names))
    return (
        f"{name} {sign} {value} OR {other} = 1",
        lambda row: sql_or([compare(row), None if row[other] is None else row[other] == 1]),
    )


def mapping_condition(draw: Draw, names: tuple[str, ...]) -> tuple[Any, Callable[[Row], bool | None]]:
    values = st.none() | st.integers(0, 2) | st.lists(st.none() | st.integers(0, 2), max_size=3)
    mapping = draw(st.dictionaries(st.sampled_from(names), values, min_size=1, max_size=2))

    def test(row: Row) -> bool:
        return all(
            row[name] in value if isinstance(value, list) else row[name] == value
            for name, value in mapping.items()
        )

    return mapping, test


def condition(draw: Draw, names: tuple[str, ...], depth: int = 2) -> tuple[Any, Callable[[Row], bool | None]]:
    kinds = ["text", "mapping", "bool", "rows"] + (["not", "or", "and"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "text":
        return text_condition(draw, names)
    if kind == "mapping":
        return mapping_condition(draw, names)
    if kind == "bool":
        value = draw(st.booleans())
        return value, lambda row: value
    if kind == "rows":
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        row_values = st.fixed_dictionaries({name: st.none() | st.integers(0, 2) for name in chosen})
        mappings = draw(st.lists(row_values, max_size=4))
        return mappings, lambda row: any(all(row[name] == item[name] for name in chosen) for item in mappings)
    if kind == "not":
        inner, test = condition(draw, names, depth - 1)
        return Not(inner), lambda row: test(row) is not True
    several = [condition(draw, names, depth - 1) for _ in range(draw(st.integers(0, 2)))]
    tests = [test for _, test in several]
    if kind == "or":
        return [item for item, _ in several], lambda row: any(test(row) is True for test in tests)
    return AndList([item for item, _ in several]), lambda row: all(test(row) is True for test in tests)


# --- operators: each takes a pair and gives another, or Refused if the specification refuses


def step_restrict(draw: Draw, world: World, pair: Pair) -> Pair:
    relation, rows = pair
    if not rows.names:
        return pair
    what, test = condition(draw, rows.names)
    keep = draw(st.booleans())
    return ops.restrict(relation, what if keep else Not(what)), oracle.restrict(rows, test, keep)


def step_semijoin(draw: Draw, world: World, pair: Pair) -> Pair:
    relation, rows = pair
    other, others = expression(draw, world, 1)
    keep = draw(st.booleans())
    on, doubtful = oracle.homologous(rows, others)
    assume(on or doubtful)
    try:
        result = ops.restrict(relation, other if keep else Not(other))
    except DataMillError:
        assert doubtful
        raise Refused from None

    matched = match(relation, other, True, filtering=True)
    ignored = [name for name in (*on, *doubtful) if name not in matched]
    for name in ignored:
        assert name in doubtful or relation.heading[name].nullable or other.heading[name].nullable

    def test(row: Row) -> bool:
        matches = [item for item in others.rows if oracle.agree(row, item, matched)]
        for item in matches:  # what is ignored as implied must be implied, NULL included
            assert all(row[name] == item[name] for name in ignored)
        return bool(matches)

    return result, oracle.restrict(rows, test, keep)


def step_project(draw: Draw, world: World, pair: Pair) -> Pair:
    relation, rows = pair
    kept = draw(st.lists(st.sampled_from(rows.names), unique=True)) if rows.names else []
    renamed = {}
    if rows.names and draw(st.booleans()):
        old = draw(st.sampled_from(rows.names))
        renamed = {f"n_{old}"[:20]: old}
        kept = [name for name in kept if name != old]
    computed: dict[str, Callable[[Row], Any]] = {}
    texts = {}
    if rows.names and draw(st.booleans()):
        name = draw(st.sampled_from(rows.names))
        texts = {"c": f"{name} + 1"}
        computed = {"c": lambda row: None if row[name] is None else row[name] + 1}
    expected = oracle.project(rows, kept, renamed, computed)
    if len(set(expected.names)) < len(expected.names):
        with pytest.raises(DataMillError):
            ops.project(relation, *kept, **renamed, **texts)
        raise Refused
    return ops.project(relation, *kept, **renamed, **texts), expected


def binary(build: Callable[[], Relation], expect: Callable[[], Rows]) -> Pair:
    """Build on both sides; both refuse or neither."""
    try:
        expected = expect()
    except Refused:
        with pytest.raises(DataMillError):
            build()
        raise
    return build(), expected


def step_join(draw: Draw, world: World, pair: Pair) -> Pair:
    other = expression(draw, world, 1)
    outer = draw(st.booleans())
    if len(pair[1].rows) * len(other[1].rows) > 400:
        raise Refused
    return binary(
        lambda: ops.join(pair[0], other[0], left=outer, allow_nullable_pk=True),
        lambda: oracle.join(pair[1], other[1], outer),
    )


def aggregates(draw: Draw, names: tuple[str, ...], taken: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    new = {"n": ("count", "*")}
    if names:
        of = draw(st.sampled_from(names))
        new["m"] = (draw(st.sampled_from(sorted(oracle.AGGREGATES))), of)
    return {name: item for name, item in new.items() if name not in taken}


def written(new: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: f"{function}({of})" for name, (function, of) in new.items()}


def step_aggregate(draw: Draw, world: World, pair: Pair) -> Pair:
    other = expression(draw, world, 1)
    kept = draw(st.lists(st.sampled_from(pair[1].names), unique=True)) if pair[1].names else []
    # An aggregate may also summarise attributes of the left operand, here of the right one only.
    new = aggregates(draw, other[1].names, (*pair[1].names, *other[1].names))
    if not new:
        raise Refused
    exclude = draw(st.booleans())
    return binary(
        lambda: ops.aggregate(pair[0], other[0], *kept, exclude_nonmatching=exclude, **written(new)),
        lambda: oracle.aggregate(pair[1], other[1], kept, new, exclude),
    )


def step_union(draw: Draw, world: World, pair: Pair) -> Pair:
    other = expression(draw, world, 1)
    assume(
        all(row[name] is not None for rows in (pair[1], other[1]) for row in rows.rows for name in rows.key)
    )
    return binary(lambda: ops.union(pair[0], other[0]), lambda: oracle.union(pair[1], other[1]))


def step_distinct(draw: Draw, world: World, pair: Pair) -> Pair:
    names = draw(st.lists(st.sampled_from(pair[1].names), unique=True)) if pair[1].names else []
    if draw(st.booleans()):
        new = aggregates(draw, pair[1].names, pair[1].names)
        if new:
            return (
                ops.universal_aggregate(U(*names), pair[0], **written(new)),
                oracle.universal_aggregate(pair[1], names, new),
            )
    if not names:
        first: list[Row] = [{}] if pair[1].rows else []
        return ops.distinct(U(), pair[0]), Rows((), (), {}, first)
    return ops.distinct(U(*names), pair[0]), oracle.distinct(pair[1], names)


def step_top(draw: Draw, world: World, pair: Pair) -> Pair:
    relation, rows = pair
    keys = [tuple(row[name] for name in rows.key) for row in rows.rows]
    assume(len(set(keys)) == len(keys))
    items = st.tuples(st.sampled_from(rows.names), st.booleans()) if rows.names else st.nothing()
    order = draw(st.lists(items, max_size=2, unique_by=lambda item: item[0])) if rows.names else []
    limit = draw(st.none() | st.integers(0, 4))
    offset = draw(st.integers(0, 2))
    texts = [f"{name} {'DESC' if descending else 'ASC'}" for name, descending in order] or "KEY"
    result = oracle.top(rows, limit, order, offset)
    is_cut = limit is not None or offset > 0
    return ops.restrict(relation, Top(limit, texts, offset)), result.with_rows(result.rows, ordered=is_cut)


STEPS = (
    step_restrict,
    step_restrict,
    step_semijoin,
    step_project,
    step_join,
    step_aggregate,
    step_union,
    step_distinct,
    step_top,
)


def expression(draw: Draw, world: World, depth: int) -> Pair:
    pair: Pair = draw(st.sampled_from(world.tables))
    for _ in range(draw(st.integers(0, depth))):
        step = draw(st.sampled_from(STEPS))
        try:
            changed = step(draw, world, pair)
        except Refused:
            continue
        assume(len(changed[1].rows) <= 200)
        pair = changed if changed[1].ordered else (changed[0], changed[1].with_rows(changed[1].rows))
    return pair


def example_limits(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


@example_limits(400)
@given(data=st.data())
def test_queries_give_what_the_oracle_gives(engine: Engine, data: st.DataObject) -> None:
    world = World(data.draw, engine)
    pair = expression(data.draw, world, 4)
    world.check(pair)


@example_limits(150)
@given(data=st.data())
def test_a_condition_and_its_complement_divide_the_rows(engine: Engine, data: st.DataObject) -> None:
    world = World(data.draw, engine)
    relation, rows = expression(data.draw, world, 2)
    assume(rows.names)
    what, _ = condition(data.draw, rows.names)
    inside = world.rows(ops.restrict(relation, what))
    outside = world.rows(ops.restrict(relation, Not(what)))
    assert sorted(inside + outside, key=repr) == sorted(world.rows(relation), key=repr)


@example_limits(100)
@given(data=st.data())
def test_restricting_before_or_after_a_join_is_the_same(engine: Engine, data: st.DataObject) -> None:
    world = World(data.draw, engine)
    left, left_rows = expression(data.draw, world, 1)
    right, _ = expression(data.draw, world, 1)
    assume(left_rows.names)
    what, _ = condition(data.draw, left_rows.names)
    try:
        joined = ops.join(left, right)
    except DataMillError:
        return
    after = world.rows(ops.restrict(joined, what))
    before = ops.join(ops.restrict(left, what), right)
    assert before.heading == joined.heading
    assert sorted(world.rows(before), key=repr) == sorted(after, key=repr)


@example_limits(100)
@given(data=st.data())
def test_the_same_query_always_compiles_to_the_same_text(engine: Engine, data: st.DataObject) -> None:
    world = World(data.draw, engine)
    relation, _ = expression(data.draw, world, 3)
    for name in ("sqlite", "postgresql", "mysql", "mariadb"):
        dialect = get_dialect(name)
        assert compile_select(relation, dialect) == compile_select(relation, dialect)
        assert "?" not in compile_select(relation, get_dialect("sqlite"), inline=True).sql
