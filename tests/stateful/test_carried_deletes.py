"""Random schemas of inherited keys: a delete by the target's keys removes exactly what a plan lists."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from tests.backends.conftest import resolve
from tests.stateful.conftest import Lab

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.cascade import check_part_integrity
from datamill.data.connection import Connection
from datamill.data.delete import delete, plan_delete
from datamill.data.delete_carried import carried
from datamill.data.insert import insert
from datamill.errors import DataMillError
from datamill.model.names import TableName
from datamill.model.table import TableSpec

Row = dict[str, Any]


@st.composite
def definitions(draw: st.DrawFn) -> list[tuple[str, list[tuple[int, str, bool, bool]], bool]]:
    """Draw tables: name, references (parent, renaming, in the key, nullable), and whether they add a key attribute."""
    tables: list[tuple[str, list[tuple[int, str, bool, bool]], bool]] = []
    for index in range(draw(st.integers(2, 6))):
        masters = [k for k, table in enumerate(tables) if "__" not in table[0]]
        master: int | None = draw(st.sampled_from([None, None, *masters]))
        name = f"t{index}" if master is None else f"{tables[master][0]}__p{index}"
        references = [] if master is None else [(master, "", True, False)]
        for number in range(draw(st.integers(0, 2)) if tables else 0):
            in_key = draw(st.booleans())
            renaming: str = draw(st.sampled_from(["", f"r{index}{number}"]))
            nullable = not in_key and bool(renaming) and draw(st.booleans())
            references.append((draw(st.integers(0, index - 1)), renaming, in_key, nullable))
        adds = draw(st.booleans()) or not any(reference[2] for reference in references)
        tables.append((name, references, adds))
    return tables


def declare(connection: Connection, tables: list[Any]) -> list[TableSpec]:
    specs: list[TableSpec] = []
    connection.catalog.create_schema("lab")
    for index, (name, references, adds) in enumerate(tables):
        key: list[str] = []
        rest: list[str] = []
        for parent, renaming, in_key, nullable in references:
            renames = [f"{renaming}_{item}='{item}'" for item in specs[parent].heading.key if renaming]
            projection = f".proj({', '.join(renames)})" if renames else ""
            option = "[nullable] " if nullable else ""
            (key if in_key else rest).append(f"-> {option}lab.{tables[parent][0]}{projection}")
        if adds:
            key.append(f"k{index} : int32")
        connection.catalog.declare(resolve(connection, "lab", name, "\n".join([*key, "---", *rest])))
        specs.append(connection.catalog.spec(TableName("lab", name)))
    return specs


def fill(
    connection: Connection, spec: TableSpec, specs: dict[TableName, TableSpec], data: st.DataObject
) -> None:
    parents = {
        key: fetch.keys(connection, BaseTable(specs[key.parent], connection)) for key in spec.foreign_keys
    }
    for number in range(data.draw(st.integers(0, 4))):
        row: Row = dict.fromkeys(spec.heading.key, number)
        for key, rows in parents.items():
            if rows:
                chosen = data.draw(st.sampled_from(rows))
                row.update({own: chosen[theirs] for own, theirs in key.attribute_map})
        try:
            insert(connection, spec, [row], skip_duplicates=True)
        except DataMillError:  # no fitting parent, or parents that disagree
            event("row left out")


def test_what_goes_is_what_a_plan_lists(lab: Lab) -> None:
    @lab.limits(150)
    @given(tables=definitions(), data=st.data())
    def check(tables: list[Any], data: st.DataObject) -> None:
        connection = lab.empty()
        try:
            specs = declare(connection, tables)
        except DataMillError:  # names of attributes that clash
            return
        by_name = {spec.name: spec for spec in specs}
        for spec in specs:
            fill(connection, spec, by_name, data)
        target = data.draw(st.sampled_from([spec for spec in specs if spec.name.master is None]))
        rows = fetch.keys(connection, BaseTable(target, connection))
        chosen = data.draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
        source = restrict(BaseTable(target, connection), chosen)
        mode = check_part_integrity(data.draw(st.sampled_from(["enforce", "ignore", "cascade"])))
        is_direct = carried(connection.catalog.graph(), target.name, mode) is not None
        event(f"direct: {is_direct}")
        plan = plan_delete(connection, source, mode)
        before = {spec.name: fetch.count(connection, BaseTable(spec, connection)) for spec in specs}
        counts = plan.counts()
        planned = {spec.name: counts.get(connection.dialect.table(spec.name), 0) for spec in specs}
        if mode == "enforce" and plan.violations():
            assert not is_direct
            return
        assert delete(connection, source, prompt=False, part_integrity=mode) == planned[target.name]
        for spec in specs:
            left = fetch.count(connection, BaseTable(spec, connection))
            assert left == before[spec.name] - planned[spec.name]
            if planned[spec.name]:
                assert fetch.count(connection, plan[str(spec.name)]) == 0

    check()
