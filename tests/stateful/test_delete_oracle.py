"""Random schemas with diamonds, renamed, nullable and parallel keys and parts: a delete is what an oracle says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backends.conftest import resolve
from tests.stateful.conftest import Lab

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch, trash
from datamill.data.connection import Connection
from datamill.data.delete import delete, plan_delete
from datamill.data.insert import insert
from datamill.errors import DataMillError, IntegrityError
from datamill.model.table import TableSpec

Row = dict[str, Any]


@dataclass
class Reference:
    """A foreign key to the one-attribute key of another table."""

    parent: int
    attribute: str
    nullable: bool


@dataclass
class Table:
    """A table of the oracle: its rows by key, its references, and its master if it is a part."""

    name: str
    schema: str = "lab"
    references: list[Reference] = field(default_factory=list)
    master: int | None = None
    rows: dict[int, Row] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"key_{self.name.rpartition('_')[2]}"


@st.composite
def schemas(draw: st.DrawFn) -> list[Table]:
    """Draw 2 to 7 tables, each with its own integer key, references among them, and rows."""
    tables: list[Table] = []
    for index in range(draw(st.integers(2, 7))):
        masters = [k for k, table in enumerate(tables) if table.master is None]
        is_part: bool = draw(st.booleans())
        master: int | None = draw(st.sampled_from(masters)) if masters and is_part else None
        name = f"t{index}" if master is None else f"{tables[master].name}__p{index}"
        schema: str = draw(st.sampled_from(["lab", "far"])) if master is None else tables[master].schema
        table = Table(name, schema, master=master)
        if master is not None:
            table.references.append(Reference(master, f"r{index}m", False))
        for number in range(draw(st.integers(0, 3)) if tables else 0):
            parent = draw(st.integers(0, index - 1))
            table.references.append(Reference(parent, f"r{index}{number}", draw(st.booleans())))
        for key in range(draw(st.integers(0, 4))):
            row = draw(_rows(tables, table, key))
            if row is not None:
                table.rows[key] = row
        tables.append(table)
    return tables


@st.composite
def _rows(draw: st.DrawFn, tables: list[Table], table: Table, key: int) -> Row | None:
    row: Row = {table.key: key, "value": draw(st.none() | st.integers(0, 3))}
    for reference in table.references:
        choices: list[int | None] = list(tables[reference.parent].rows)
        if reference.nullable:
            choices.append(None)
        if not choices:
            return None
        row[reference.attribute] = draw(st.sampled_from(choices))
    return row


def declare(connection: Connection, tables: list[Table]) -> list[TableSpec]:
    for schema in ("lab", "far"):
        connection.catalog.create_schema(schema)
    specs = []
    for table in tables:
        lines = [f"{table.key} : int32", "---", "value = null : int32"]
        for reference in table.references:
            parent = tables[reference.parent]
            option = "[nullable] " if reference.nullable else ""
            lines.append(
                f"-> {option}{parent.schema}.{parent.name}.proj({reference.attribute}='{parent.key}')"
            )
        connection.catalog.declare(resolve(connection, table.schema, table.name, "\n".join(lines)))
        specs.append(connection.catalog.spec(_name(table)))
        insert(connection, specs[-1], list(table.rows.values()))
    return specs


def _name(table: Table) -> Any:
    from datamill.model.names import TableName

    return TableName(table.schema, table.name)


def oracle(tables: list[Table], target: int, keys: set[int], mode: str) -> tuple[dict[int, set[int]], bool]:
    """Return the keys that go by table, and whether parts would lose their masters."""
    gone: dict[int, set[int]] = {index: set() for index in range(len(tables))}
    gone[target] = set(keys)
    changed = True
    while changed:
        changed = False
        for index, table in enumerate(tables):
            for key, row in table.rows.items():
                hit = any(
                    row[reference.attribute] in gone[reference.parent] for reference in table.references
                )
                if hit and key not in gone[index]:
                    gone[index].add(key)
                    changed = True
                if mode == "cascade" and key in gone[index] and table.master is not None:
                    for reference in _upward(tables, table):
                        above = row[reference.attribute]
                        if above is not None and above not in gone[reference.parent]:
                            gone[reference.parent].add(above)
                            changed = True
    return gone, any(_lost(tables, gone, index, key) for index in gone for key in gone[index])


def _upward(tables: list[Table], table: Table) -> list[Reference]:
    """References of a part within its group."""
    return [
        r for r in table.references if r.parent == table.master or tables[r.parent].master == table.master
    ]


def _lost(tables: list[Table], gone: dict[int, set[int]], index: int, key: int) -> bool:
    table = tables[index]
    return table.master is not None and not _master_goes(tables, gone, index, key)


def _master_goes(tables: list[Table], gone: dict[int, set[int]], index: int, key: int) -> bool:
    table = tables[index]
    for reference in _upward(tables, table):
        above = tables[index].rows[key][reference.attribute]
        if above is None:
            continue
        if reference.parent == table.master:
            if above in gone[reference.parent]:
                return True
        elif _master_goes(tables, gone, reference.parent, above):
            return True
    return False


@pytest.mark.parametrize("mode", ["enforce", "ignore", "cascade"])
def test_a_delete_is_what_the_oracle_says(lab: Lab, mode: str) -> None:
    @lab.limits(40)
    @given(tables=schemas(), data=st.data())
    def check(tables: list[Table], data: st.DataObject) -> None:
        connection = lab.empty()
        specs = declare(connection, tables)
        target = data.draw(st.integers(0, len(tables) - 1))
        keys = set(data.draw(st.lists(st.integers(0, 4), max_size=3))) & set(tables[target].rows)
        expected, loses = oracle(tables, target, keys, mode)
        source = restrict(
            BaseTable(specs[target], connection), [{tables[target].key: key} for key in sorted(keys)]
        )
        plan = plan_delete(connection, source, mode)
        planned = {
            index: {row[table.key] for row in fetch.keys(connection, plan[str(specs[index].name)])}
            for index, table in enumerate(tables)
            if connection.dialect.table(specs[index].name) in plan.counts()
        }
        assert {index: found for index, found in planned.items() if found} == {
            index: gone for index, gone in expected.items() if gone
        }
        assert bool(plan.violations()) == loses
        refused = mode == "enforce" and (loses or tables[target].master is not None)
        if refused:
            with pytest.raises(DataMillError):
                delete(connection, source, prompt=False, part_integrity=mode)
            expected = {index: set() for index in expected}
        else:
            assert delete(connection, source, prompt=False, part_integrity=mode) == len(expected[target])
        for index, (table, spec) in enumerate(zip(tables, specs, strict=True)):
            left = {row[table.key] for row in fetch.keys(connection, BaseTable(spec, connection))}
            assert left == set(table.rows) - expected[index]

    check()


def test_what_deletes_took_comes_back(lab: Lab) -> None:
    """Deletes into the trash, undone from the last to the first, pass through the same states."""

    @lab.limits(40)
    @given(tables=schemas(), data=st.data())
    def check(tables: list[Table], data: st.DataObject) -> None:
        connection = lab.empty()
        specs = declare(connection, tables)

        def contents() -> list[Any]:
            sources = (BaseTable(spec, connection) for spec in specs)
            return [fetch.to_dicts(connection, source, order_by="KEY") for source in sources]

        states = []
        for _ in range(data.draw(st.integers(1, 3))):
            target = data.draw(st.integers(0, len(tables) - 1))
            key: int = data.draw(st.integers(0, 3))
            source = restrict(BaseTable(specs[target], connection), {tables[target].key: key})
            mode = data.draw(st.sampled_from(["ignore", "cascade"]))
            before = contents()
            if delete(connection, source, prompt=False, part_integrity=mode, trash=True):
                states.append(before)

        def in_trash() -> list[trash.TrashEntry]:
            found = [entry for schema in ("lab", "far") for entry in trash.entries(connection, schema)]
            return sorted(found, key=lambda entry: entry.time, reverse=True)

        entries = in_trash()
        assert len(entries) == len(states)
        if len(entries) > 1 and data.draw(
            st.booleans()
        ):  # an earlier one may lack its parents: all or nothing
            now = contents()
            try:
                trash.restore(connection, entries[-1].id)
            except IntegrityError:
                assert contents() == now
                assert in_trash() == entries
            return
        for entry, before in zip(entries, reversed(states), strict=True):
            restored = trash.restore(connection, entry.id)
            assert restored == entry.counts
            assert contents() == before
        assert in_trash() == []

    check()
