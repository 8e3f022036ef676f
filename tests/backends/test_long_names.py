"""Names as long as a database takes them, and longer: nothing is cut unseen, nothing declared is left out."""

from __future__ import annotations

import pytest
from tests.backends.conftest import only_on

import datamill as dm
from datamill.catalog import definitions
from datamill.data.connection import Connection
from datamill.errors import DefinitionError, DriftWarning, DuplicateError
from datamill.model.names import TableName

UNITS = """
unit : int32
---
electrode_group_serial_number_left : int32
electrode_group_serial_number_right : int32
unique index (electrode_group_serial_number_left)
unique index (electrode_group_serial_number_right)
"""
LEFT, RIGHT = "electrode_group_serial_number_left", "electrode_group_serial_number_right"


def table(schema: dm.Schema, tier: type, name: str, definition: str) -> type[dm.UserTable]:
    bound: type[dm.UserTable] = schema(type(name, (tier,), {"definition": definition}))
    return bound


@pytest.fixture
def lab(connection: Connection) -> dm.Schema:
    return dm.Schema("lab", connection=connection)


def test_indexes_whose_names_are_cut_to_the_same(lab: dm.Schema) -> None:
    units = table(lab, dm.Manual, "EphysRecordingSessionClusteredUnit", UNITS)
    units.insert1({"unit": 1, LEFT: 1, RIGHT: 1})
    for column in (LEFT, RIGHT):
        with pytest.raises(DuplicateError):
            units.insert1({"unit": 2, LEFT: 2, RIGHT: 2} | {column: 1})
    assert units.drift() == []


def test_tables_whose_indexes_are_cut_to_the_same(lab: dm.Schema) -> None:
    for end in ("A", "B"):
        name = f"EphysRecordingSessionClusteredUnitOfOneProbeOnly{end}"
        units = table(lab, dm.Manual, name, UNITS)
        assert units.drift() == []


def test_an_index_that_has_the_name_of_a_table(lab: dm.Schema) -> None:
    table(lab, dm.Manual, "IdxMouseName", "a : int32")
    mouse = table(lab, dm.Manual, "Mouse", "mouse : int32\n---\nname : varchar(9)\nunique index (name)")
    assert mouse.drift() == []


@only_on("postgresql")
def test_a_table_that_has_the_name_of_an_index_is_refused(lab: dm.Schema) -> None:
    table(lab, dm.Manual, "Mouse", "mouse : int32\n---\nname : varchar(9)\nunique index (name)")
    with pytest.raises(DefinitionError, match=r"lab.idx_mouse_name cannot be made"):
        table(lab, dm.Manual, "IdxMouseName", "a : int32")
    assert lab.list_tables() == ["mouse"]


@only_on("postgresql")
def test_a_missing_index_is_made_by_alter(lab: dm.Schema, connection: Connection) -> None:
    units = table(lab, dm.Manual, "EphysRecordingSessionClusteredUnit", UNITS)
    units.insert1({"unit": 1, LEFT: 1, RIGHT: 1})
    (index,) = connection.query(
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'lab' AND indexdef LIKE %s", (f"%({RIGHT})",)
    ).fetchone()
    connection.query(f'DROP INDEX "lab"."{index}"')
    connection.catalog.invalidate()
    assert units.drift() == [f"The unique index ({RIGHT}) is not in the database."]
    units.alter(prompt=False)
    assert units.drift() == []
    with pytest.raises(DuplicateError):
        units.insert1({"unit": 2, LEFT: 2, RIGHT: 1})


LONGEST = {"sqlite": 63, "postgresql": 62, "mariadb": 64, "mysql": 64}


def test_the_longest_table_name(lab: dm.Schema, backend: str) -> None:
    longest = LONGEST[backend]
    wide = table(lab, dm.Manual, "A" + "b" * (longest - 1), "a : int32")
    wide.insert1({"a": 1})
    assert len(wide()) == 1
    assert wide.drift() == []
    with pytest.raises(DefinitionError, match=rf"has {longest + 1} bytes") as caught:
        table(lab, dm.Manual, "A" + "c" * longest, "a : int32")
    assert f"1 to {longest} bytes" in str(caught.value)
    assert lab.list_tables() == ["a" + "b" * (longest - 1)]


def test_a_part_with_too_long_a_name_leaves_nothing(lab: dm.Schema) -> None:
    part = type("P" + "b" * 60, (dm.Part,), {"definition": "-> master\nn : int32"})
    with pytest.raises(DefinitionError, match="bytes"):
        lab(type("Whole", (dm.Manual,), {"definition": "a : int32", part.__name__: part}))
    assert lab.list_tables() == []


def test_job_tables_fit_too(lab: dm.Schema, backend: str) -> None:
    source = table(lab, dm.Manual, "Source", "a : int32")
    source.insert1({"a": 1})

    def make(self: dm.Imported, key: dict[str, int]) -> None:
        self.insert1(key)

    longest = {"sqlite": 63, "postgresql": 62}.get(backend, 57 if backend == "mysql" else 56)
    name = "A" + "b" * (longest - 2)
    scope = {"definition": "-> Source", "make": make}
    target = lab(type(name, (dm.Imported,), scope), context={"Source": source})
    target.populate(reserve_jobs=True)
    assert len(target()) == 1
    assert all(len(item.table) <= 64 for item in lab.connection.catalog.load("lab", hidden=True))
    with pytest.raises(DefinitionError, match="bytes"):
        lab(type(name + "b", (dm.Imported,), scope), context={"Source": source})


@only_on("postgresql", "sqlite")
def test_tables_that_are_there_stay_usable(
    lab: dm.Schema, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = 63 if connection.dialect.name == "postgresql" else 64
    with monkeypatch.context() as patch:
        patch.setattr(definitions, "check_table_name", lambda spec, dialect: None)
        older = table(lab, dm.Manual, "A" + "b" * (longest - 1), "a : int32\n---\nb : int32")
    older.insert1({"a": 1, "b": 2})
    with pytest.warns(DriftWarning):
        again = table(lab, dm.Manual, older.__name__, "a : int32\n---\nb : int32\nc=0 : int32")
    again.alter(prompt=False)
    assert again.to_dicts() == [{"a": 1, "b": 2, "c": 0}]
    again.drop(prompt=False)


def test_index_names_are_cut_between_characters() -> None:
    from datamill.language import parse_definition, resolve_definition
    from datamill.sql.ddl_indexes import index_texts
    from datamill.sql.dialects import get_dialect

    spec = resolve_definition(
        parse_definition("a : int32\n---\nb : int32\nc : int32\nindex (b)\nindex (c)"),
        TableName("lab", "x" * 58 + "ä" * 2),
        lookup=lambda reference: pytest.fail(str(reference)),
        stored_type=lambda type_: type_,
    )
    names = [text.name for text in index_texts(spec, get_dialect("postgresql"))]
    assert names == [f"idx_{'x' * 58}", f"idx_{'x' * 57}_2"]
    assert index_texts(spec, get_dialect("sqlite"))[0].name.endswith("ää.b")
