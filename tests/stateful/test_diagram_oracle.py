"""Random schemas: the rows of a restricted diagram and of a trace are what an oracle says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.stateful.conftest import Lab
from tests.stateful.test_delete_oracle import Table, declare, schemas

import datamill as dm


def kept_below(tables: list[Table], own: dict[int, set[int]]) -> dict[int, set[int]]:
    """Return the rows that stay: in their own restriction, and referring to a row that stays in each such parent."""
    kept: dict[int, set[int]] = {}
    restricted: set[int] = set()
    for index, table in enumerate(tables):
        parents = {reference.parent for reference in table.references} & restricted
        if index in own or parents:
            restricted.add(index)
        kept[index] = {
            key
            for key, row in table.rows.items()
            if key in own.get(index, table.rows)
            and all(
                any(r.parent == parent and row[r.attribute] in kept[parent] for r in table.references)
                for parent in parents
            )
        }
    return kept


def referenced_by(tables: list[Table], target: int, keys: set[int]) -> dict[int, set[int]]:
    """Return the rows of the ancestors that rows refer to, on any path."""
    reached: dict[int, set[int]] = {target: set(keys)}
    for index in range(target, -1, -1):
        if index in reached:
            for reference in tables[index].references:
                found = {tables[index].rows[key][reference.attribute] for key in reached[index]} - {None}
                reached.setdefault(reference.parent, set()).update(found)
    return reached


def test_restricted_rows(lab: Lab) -> None:
    @lab.limits(60)
    @given(tables=schemas(), data=st.data())
    def check(tables: list[Table], data: st.DataObject) -> None:
        connection = lab.empty()
        specs = declare(connection, tables)
        free = [dm.FreeTable(connection, str(spec.name)) for spec in specs]
        diagram, own = dm.Diagram(free), dict[int, set[int]]()
        for index in data.draw(st.lists(st.integers(0, len(tables) - 1), min_size=1, max_size=3)):
            keys = data.draw(st.sets(st.integers(0, 4)))
            own[index] = own.get(index, keys) & keys
            diagram = diagram.restrict(free[index] & [{tables[index].key: key} for key in sorted(keys)])
        expected = kept_below(tables, own)
        for index, table in enumerate(tables):
            found = {row[table.key] for row in diagram[str(specs[index].name)].keys()}  # noqa: SIM118
            assert found == expected[index]
        shown = {str(table.full_table_name) for table in diagram.prune()}
        assert shown == {free[index].full_table_name for index in expected if expected[index]}

    check()


def test_traced_rows(lab: Lab) -> None:
    @lab.limits(60)
    @given(tables=schemas(), data=st.data())
    def check(tables: list[Table], data: st.DataObject) -> None:
        connection = lab.empty()
        specs = declare(connection, tables)
        target = data.draw(st.integers(0, len(tables) - 1))
        keys = data.draw(st.sets(st.integers(0, 4)))
        free = dm.FreeTable(connection, str(specs[target].name))
        diagram = dm.Diagram.trace(free & [{tables[target].key: key} for key in sorted(keys)])
        expected = referenced_by(tables, target, keys & set(tables[target].rows))
        assert len(diagram) == len(expected)
        for index, rows in expected.items():
            table = diagram[str(specs[index].name)]
            assert {row[tables[index].key] for row in table.keys()} == rows  # noqa: SIM118

    check()
