"""Random schemas with inherited, renamed, nullable and parallel keys: `<<` and `>>` are chains of semijoins."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.backends.conftest import resolve
from tests.stateful.conftest import Lab

import datamill as dm
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.errors import AmbiguousPathError, DataMillError
from datamill.model.table import ForeignKey, TableSpec

Row = dict[str, Any]
Path = tuple[tuple[TableSpec, ForeignKey], ...]
"""Foreign keys upward, each with the table that has it."""


class World:
    """Tables of a database and what is in them."""

    def __init__(self, connection: Connection, draw: Callable[[Any], Any]) -> None:
        self.connection, self.draw = connection, draw
        self.specs: list[TableSpec] = []
        self.rows: dict[str, list[Row]] = {}
        connection.catalog.create_schema("lab")
        for index in range(draw(st.integers(3, 5))):
            self._declare(index)

    def _declare(self, index: int) -> None:
        above, below = dict.fromkeys([f"key{index} : int8"]), dict[str, None]()
        if self.specs and self.draw(st.booleans()):
            above = dict.fromkeys(self.draw(st.sampled_from([["key0 : int8"], []])))
        for number in range(self.draw(st.sampled_from([1, 2, 2, 3])) if self.specs else 0):
            parent = self.draw(st.sampled_from(self.specs))
            line = str(parent.name)
            if self.draw(st.sampled_from([False] * 5 + [True])):
                renamed = self.draw(st.sampled_from(parent.heading.key))
                line += f".proj(own{index}{number}='{renamed}')"
            if self.draw(st.booleans()) or not above:
                above[f"-> {line}"] = None
            else:
                below[line] = None
        if not above:
            above[f"key{index} : int8"] = None
        options = [
            f"-> {self.draw(st.sampled_from(['', '[nullable] ', '[nullable] ']))}{line}"
            for line in below
            if f"-> {line}" not in above
        ]
        text = "\n".join([*above, "---", *options])
        catalog = self.connection.catalog
        spec = resolve(self.connection, "lab", f"t{index}", text)
        catalog.declare(spec)
        self.specs.append(catalog.spec(spec.name))
        self._fill(self.specs[-1])

    def _fill(self, spec: TableSpec) -> None:
        names = list(spec.heading)
        assume(len(names) <= 6)
        values = [(1, 2, None) if spec.heading[name].nullable else (1, 2) for name in names]
        fitting = [
            row
            for row in (dict(zip(names, item, strict=True)) for item in product(*values))
            if all(self._holds(spec, row, key) for key in spec.foreign_keys)
        ]
        size = self.draw(st.integers(0, 4)) if fitting else 0
        chosen = self.draw(st.lists(st.sampled_from(fitting), min_size=size, max_size=4)) if size else []
        rows = {tuple(row[name] for name in spec.heading.key): row for row in chosen}
        self.rows[str(spec.name)] = list(rows.values())
        insert(self.connection, spec, self.rows[str(spec.name)])

    def _holds(self, spec: TableSpec, row: Row, key: ForeignKey) -> bool:
        """Return whether a row may stand: what a reference may leave out is there or not as a whole."""
        optional = [row[name] for name in key.attributes if spec.heading[name].nullable]
        if None in optional:
            return not any(optional)
        return any(matches(row, key, parent) for parent in self.rows[str(key.parent)])

    def table(self, key: ForeignKey) -> TableSpec:
        return next(spec for spec in self.specs if spec.name == key.parent)

    def free(self, spec: TableSpec) -> dm.FreeTable:
        return dm.FreeTable(self.connection, str(spec.name))

    def paths(self, low: TableSpec, high: TableSpec) -> list[Path]:
        found: list[Path] = []
        for key in low.foreign_keys:
            parent = self.table(key)
            if parent is high:
                found.append(((low, key),))
            found += [((low, key), *rest) for rest in self.paths(parent, high)]
        return found

    def leads(self, row: Row, path: Path, ends: list[Row]) -> bool:
        """Return whether the chain of semijoins along a path keeps a row."""
        (_, key), *rest = path
        above = [item for item in self.rows[str(key.parent)] if matches(row, key, item)]
        return any(self.leads(item, tuple(rest), ends) if rest else item in ends for item in above)

    def reached(self, start: TableSpec, rows: list[Row], upward: bool) -> dict[str, list[Row]]:
        """Return the rows that some rows refer to, or that refer to them, on any path."""
        found = {str(start.name): [row for row in self.rows[str(start.name)] if row in rows]}
        for spec in reversed(self.specs) if upward else self.specs:
            for key in spec.foreign_keys:
                near, far = (spec.name, key.parent) if upward else (key.parent, spec.name)
                if str(near) in found:
                    known = found.setdefault(str(far), [])
                    known += [
                        row
                        for row in self.rows[str(far)]
                        if row not in known
                        and any(
                            matches(other, key, row) if upward else matches(row, key, other)
                            for other in found[str(near)]
                        )
                    ]
        return found

    def kept(self, start: TableSpec, rows: list[Row]) -> dict[str, list[Row]]:
        """Return the rows below restricted ones: for each restricted parent some foreign key leads to one kept."""
        found = {str(start.name): [row for row in self.rows[str(start.name)] if row in rows]}
        for spec in self.specs:
            keys = [key for key in spec.foreign_keys if str(key.parent) in found]
            if keys and spec is not start:
                found[str(spec.name)] = [
                    row
                    for row in self.rows[str(spec.name)]
                    if all(
                        any(
                            matches(row, key, other)
                            for key in keys
                            if key.parent == parent
                            for other in found[str(parent)]
                        )
                        for parent in {key.parent for key in keys}
                    )
                ]
        return found


def matches(row: Row, key: ForeignKey, parent: Row) -> bool:
    return all(row[own] is not None and row[own] == parent[theirs] for own, theirs in key.attribute_map)


def signature(path: Path) -> object:
    """Return what holds the ancestor's key: attributes of the descendant, or of rows that those say."""
    row: tuple[Any, ...] = ()
    for table, key in path:
        held = {name: (table.name, row, name) for name in table.heading} | dict(row)
        row = tuple((theirs, held[own]) for own, theirs in key.attribute_map)
    return row


Named = tuple[TableSpec, ForeignKey | None]
"""A table given as ``via``, or a foreign key to it."""


def passes(path: Path, named: Named) -> bool:
    table, key = named
    return any(
        step.parent == table.name and (key is None or step.attribute_map == key.attribute_map)
        for _, step in path
    )


def is_complete(path: Path, via: list[Named]) -> bool:
    return all(
        any(passes((step,), item) and (item[1] is not None or not step[1].is_renamed) for item in via)
        or (step is path[-1] and not step[1].is_renamed)
        for step in path
    )


def complete(world: World, path: Path) -> list[Named]:
    """Return what an error says to pass for a path."""
    steps = [key for _, key in path if key is not path[-1][1] or key.is_renamed or len(path) == 1]
    return [(world.table(key), key if key.is_renamed else None) for key in steps]


def meant(paths: list[Path], via: list[Named]) -> list[Path] | None:
    """Return the paths that the specification and the documentation say, or None if that is ambiguous."""
    fitting = [path for path in paths if all(passes(path, item) for item in via)]
    exact = [path for path in fitting if via and is_complete(path, via)]
    for candidates in (fitting, exact):
        if len({signature(path) for path in candidates}) == 1:
            return candidates
    return None if fitting else []


@pytest.mark.filterwarnings("ignore:.*different lineage")
def test_far_restrictions_are_chains_of_semijoins(lab: Lab) -> None:
    @lab.limits(80)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        world = World(lab.empty(), data.draw)
        low = world.specs[-1]
        high = data.draw(st.sampled_from(world.specs[:-1]))
        paths = world.paths(low, high)
        assume(paths)
        via: list[Named] = []
        if data.draw(st.sampled_from([True, len(paths) > 1, len(paths) > 1, False])):
            path = data.draw(st.sampled_from(paths))
            for _, key in data.draw(st.lists(st.sampled_from(path), max_size=3, unique_by=id)):
                via.append((world.table(key), key if key.is_renamed and data.draw(st.booleans()) else None))
        is_upward = data.draw(st.booleans())
        near, far = (low, high) if is_upward else (high, low)
        chosen, other = _some_rows(world, data, far)
        free = world.free(near)
        restrict = free.restrict_by_ancestor if is_upward else free.restrict_by_descendant
        shown = [_shown(world, item) for item in via]
        expected = meant(paths, via)
        if expected is None:
            with pytest.raises(AmbiguousPathError) as caught:
                restrict(other, via=shown)
            by_text = {_text(path): path for path in paths}
            for text in caught.value.paths:
                restrict(other, via=[_shown(world, item) for item in complete(world, by_text[text])])
            return
        if not expected:
            with pytest.raises(DataMillError, match="No foreign keys"):
                restrict(other, via=shown)
            return
        kept = [
            row
            for row in world.rows[str(near.name)]
            if any(
                world.leads(row, path, chosen)
                if is_upward
                else any(world.leads(start, path, [row]) for start in chosen)
                for path in expected
            )
        ]
        names = near.heading.key
        found = fetch.keys(world.connection, restrict(other, via=shown or None).__relation__())
        assert sorted(tuple(row.values()) for row in found) == sorted(
            tuple(row[name] for name in names) for row in kept
        )

    check()


def _shown(world: World, named: Named) -> Any:
    table, key = named
    renames = {own: theirs for own, theirs in key.attribute_map if own != theirs} if key else {}
    return world.free(table).proj(**renames) if renames else world.free(table)


def _text(path: Path) -> str:
    text = str(path[0][0].name)
    for _, key in path:
        renames = [f"{own} -> {theirs}" for own, theirs in key.attribute_map if own != theirs]
        text += f" -> {key.parent}" + (f" ({', '.join(renames)})" if renames else "")
    return text


def _some_rows(world: World, data: st.DataObject, spec: TableSpec) -> tuple[list[Row], Any]:
    rows = world.rows[str(spec.name)]
    chosen = data.draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
    return chosen, world.free(spec) & [{name: row[name] for name in spec.heading.key} for row in chosen]


def _keys(spec: TableSpec, rows: list[Row]) -> list[tuple[Any, ...]]:
    return sorted(tuple(row[name] for name in spec.heading.key) for row in rows)


@pytest.mark.filterwarnings("ignore:.*different lineage")
def test_diagrams_follow_foreign_keys_row_by_row(lab: Lab) -> None:
    @lab.limits(50)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        world = World(lab.empty(), data.draw)
        target = data.draw(st.sampled_from(world.specs))
        chosen, given_rows = _some_rows(world, data, target)
        diagrams = {
            "trace": (dm.Diagram.trace(given_rows), world.reached(target, chosen, upward=True)),
            "cascade": (dm.Diagram.cascade(given_rows), world.reached(target, chosen, upward=False)),
            "restrict": (
                dm.Diagram([world.free(spec) for spec in world.specs]).restrict(given_rows),
                world.kept(target, chosen),
            ),
        }
        for mode, (diagram, expected) in diagrams.items():
            for spec in world.specs:
                if str(spec.name) in expected:
                    found = diagram[str(spec.name)].to_dicts()
                    assert _keys(spec, found) == _keys(spec, expected[str(spec.name)]), mode

    check()
