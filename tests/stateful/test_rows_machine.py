"""Queries, inserts, updates, deletes, trash and restore in any order: rows are always what a model in memory says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.stateful.conftest import Lab
from tests.stateful.test_delete_oracle import Reference, Row, Table, declare, oracle, schemas

import datamill as dm
from datamill.data import trash
from datamill.errors import DataMillError, DuplicateError, IntegrityError

KEYS = st.integers(0, 6)
VALUES = st.none() | st.integers(0, 3)
MODES = st.sampled_from(["enforce", "ignore", "cascade"])
Saved = dict[int, dict[int, Row]]
"""Rows of a delete, by table and key."""


class Rows(RuleBasedStateMachine):
    lab: Lab

    @initialize(tables=schemas())
    def start(self, tables: list[Table]) -> None:
        self.connection = self.lab.empty()
        self.tables = tables
        self.names = [str(spec.name) for spec in declare(self.connection, tables)]
        self.trash: dict[str, Saved] = {}

    def draw_table(self, data: st.DataObject) -> tuple[int, Table, Any]:
        index = data.draw(st.integers(0, len(self.tables) - 1))
        return index, self.tables[index], self.free(index)

    def draw_reference(self, data: st.DataObject) -> tuple[Table, Any, Reference] | None:
        _, table, free = self.draw_table(data)
        return (table, free, data.draw(st.sampled_from(table.references))) if table.references else None

    def free(self, index: int) -> Any:
        return dm.FreeTable(self.connection, self.names[index])

    def is_there(self, reference: Reference, key: int | None) -> bool:
        return key is None or key in self.tables[reference.parent].rows

    # writing ---------------------------------------------------------------------------------------------------

    @rule(data=st.data(), key=KEYS, value=VALUES)
    def insert(self, data: st.DataObject, key: int, value: int | None) -> None:
        _, table, free = self.draw_table(data)
        row: Row = {table.key: key, "value": value}
        for reference in table.references:
            row[reference.attribute] = data.draw(VALUES if reference.nullable else KEYS)
        has_parents = all(self.is_there(item, row[item.attribute]) for item in table.references)
        if key in table.rows:  # of two faults MySQL 9 reports the other one
            with pytest.raises(DuplicateError if has_parents else (DuplicateError, IntegrityError)):
                free.insert1(row)
        elif not has_parents:
            with pytest.raises(IntegrityError):
                free.insert1(row)
        else:
            free.insert1(row)
            table.rows[key] = row

    @rule(data=st.data(), key=KEYS, value=VALUES)
    def update(self, data: st.DataObject, key: int, value: int | None) -> None:
        _, table, free = self.draw_table(data)
        changes: Row = {"value": value}
        for reference in table.references:
            if data.draw(st.booleans()):
                changes[reference.attribute] = data.draw(VALUES if reference.nullable else KEYS)
        if key not in table.rows or not all(
            self.is_there(item, changes.get(item.attribute)) for item in table.references
        ):
            with pytest.raises(DataMillError):
                free.update1({table.key: key, **changes})
        else:
            free.update1({table.key: key, **changes})
            table.rows[key].update(changes)

    @rule(data=st.data(), keys=st.sets(KEYS, max_size=3), mode=MODES, keeps=st.booleans())
    def delete(self, data: st.DataObject, keys: set[int], mode: str, keeps: bool) -> None:
        index, table, free = self.draw_table(data)
        keys &= set(table.rows)
        gone, loses = oracle(self.tables, index, keys, mode)
        source = free & [{table.key: key} for key in sorted(keys)]
        options: dict[str, Any] = {"prompt": False, "part_integrity": mode, "trash": keeps}
        if mode == "enforce" and (loses or table.master is not None):
            with pytest.raises(DataMillError, match="master"):
                source.delete(**options)
            return
        assert source.delete(**options) == len(gone[index])
        saved = {
            k: {key: self.tables[k].rows.pop(key) for key in found} for k, found in gone.items() if found
        }
        if keeps and saved:
            (entry,) = {item.id for item in trash.entries(self.connection, table.schema)} - set(self.trash)
            self.trash[entry] = saved

    @rule(data=st.data(), skips=st.booleans())
    def restore(self, data: st.DataObject, skips: bool) -> None:
        if not self.trash:
            return
        entry = data.draw(st.sampled_from(list(self.trash)))
        saved = self.trash[entry]
        on_conflict = "skip" if skips else "raise"
        if not self.fits(saved, skips):
            with pytest.raises(IntegrityError):
                trash.restore(self.connection, entry, on_conflict)
            return
        trash.restore(self.connection, entry, on_conflict)
        for index, rows in self.trash.pop(entry).items():
            self.tables[index].rows.update(rows)

    def fits(self, saved: Saved, skips: bool) -> bool:
        """Return whether rows can be put back: their keys are free or hold the same, what they refer to is there."""
        for index, rows in saved.items():
            table = self.tables[index]
            for key, row in rows.items():
                if key in table.rows:
                    if not skips or table.rows[key] != row:
                        return False
                elif not all(
                    self.is_there(item, row[item.attribute])
                    or row[item.attribute] in saved.get(item.parent, ())
                    for item in table.references
                ):
                    return False
        return True

    # reading ---------------------------------------------------------------------------------------------------

    @rule(data=st.data(), value=VALUES)
    def restrict(self, data: st.DataObject, value: int | None) -> None:
        _, table, free = self.draw_table(data)
        name = data.draw(st.sampled_from(["value", *(item.attribute for item in table.references)]))
        expected = {key for key, row in table.rows.items() if row[name] == value}
        assert self.keys(free & {name: value}, table) == expected
        assert self.keys(free - {name: value}, table) == set(table.rows) - expected

    @rule(data=st.data(), value=VALUES)
    def semijoin(self, data: st.DataObject, value: int | None) -> None:
        """Rows that refer to some rows, and rows that some refer to."""
        drawn = self.draw_reference(data)
        if drawn is None:
            return
        table, free, reference = drawn
        parent = self.tables[reference.parent]
        some = (self.free(reference.parent) & {"value": value}).proj(**{reference.attribute: parent.key})
        chosen = {key for key, row in parent.rows.items() if row["value"] == value}
        expected = {key for key, row in table.rows.items() if row[reference.attribute] in chosen}
        assert self.keys(free & some, table) == expected
        assert len(free * some) == len(expected)
        referred = {row[reference.attribute] for row in table.rows.values()} & chosen
        found = (some & free.proj(reference.attribute)).to_dicts()
        assert {row[reference.attribute] for row in found} == referred

    @rule(data=st.data())
    def aggregate(self, data: st.DataObject) -> None:
        drawn = self.draw_reference(data)
        if drawn is None:
            return
        table, free, reference = drawn
        groups: dict[int, list[int | None]] = {key: [] for key in self.tables[reference.parent].rows}
        for row in table.rows.values():
            if row[reference.attribute] is not None:
                groups[row[reference.attribute]].append(row["value"])
        parent = self.free(reference.parent).proj(**{reference.attribute: self.tables[reference.parent].key})
        found = parent.aggr(
            free.proj(reference.attribute, "value"), n="count(*)", best="max(value)"
        ).to_dicts()
        assert {row[reference.attribute]: (row["n"], row["best"]) for row in found} == {
            key: (len(values), max((value for value in values if value is not None), default=None))
            for key, values in groups.items()
        }

    @staticmethod
    def keys(source: Any, table: Table) -> set[int]:
        return {row[table.key] for row in source.keys()}  # noqa: SIM118

    @invariant()
    def rows_are_those_of_the_model(self) -> None:
        for index, table in enumerate(self.tables):
            found = self.free(index).to_dicts(order_by="KEY")
            assert found == [{**row} for _, row in sorted(table.rows.items())]

    @invariant()
    def the_trash_holds_what_was_not_restored(self) -> None:
        found = {item.id for schema in ("lab", "far") for item in trash.entries(self.connection, schema)}
        assert found == set(self.trash)


def test_rows_are_those_of_the_model(lab: Lab) -> None:
    class Machine(Rows):
        pass

    Machine.lab = lab
    run_state_machine_as_test(Machine, settings=lab.limits(25, stateful_step_count=15))
