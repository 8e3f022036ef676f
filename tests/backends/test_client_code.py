"""What client code written for DataJoint asks of tables, headings and connections."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import pytest

import datamill as dm
from datamill.data.connection import Connection


@pytest.fixture
def schema(connection: Connection, tmp_path: Path) -> dm.Schema:
    connection.config["stores"] = {"raw": {"protocol": "file", "location": str(tmp_path)}}
    return dm.Schema("lab", connection=connection)


@pytest.fixture
def mouse(schema: dm.Schema) -> type[dm.Manual]:
    @schema
    class Mouse(dm.Manual):
        definition = """
        mouse : int32
        ---
        name = '' : varchar(8)
        born = null : date
        trace = null : <blob>
        movie = null : <attach>
        raw = null : <filepath@raw>
        ident = null : uuid
        extra = null : json
        score = 1.5 : float64
        weight : decimal(4,1)
        """

    return Mouse


def test_types_are_texts(mouse: type[dm.Manual]) -> None:
    types = {name: item.type for name, item in mouse.heading.attributes.items()}
    assert types["mouse"] == "int32"
    assert types["name"].startswith("varchar")
    assert re.match(r"^date.*$", types["born"])
    assert "blob" in types["trace"]
    assert types["score"] in ("float64", "double")
    assert ",".join(list(types.values())[-2:]) == "float64,decimal(4,1)"


def test_attributes_tell_what_they_are(mouse: type[dm.Manual]) -> None:
    attributes = mouse.heading.attributes.values()

    def named(question: str) -> list[str]:
        return [item.name for item in attributes if getattr(item, question)]

    assert named("numeric") == ["mouse", "score", "weight"]
    assert named("string") == ["name"]
    assert named("uuid") == ["ident"]
    assert named("json") == ["extra"]
    assert named("is_attachment") == ["movie"]
    assert named("is_filepath") == ["raw"]
    assert named("autoincrement") == []
    assert [(item.name, item.store) for item in attributes if item.store is not None] == [("raw", "raw")]
    assert [item.name for item in attributes if item.default is None and not item.nullable] == [
        "mouse",
        "weight",
    ]


def test_a_restricted_table_tells_its_conditions(schema: dm.Schema, mouse: type[dm.Manual]) -> None:
    @schema
    class Ear(dm.Manual):
        definition = "-> Mouse\near : int32"

    mouse.insert([{"mouse": k, "weight": k} for k in range(4)])
    Ear.insert([{"mouse": k, "ear": 1} for k in range(4)])
    assert not mouse().restriction
    assert not mouse.restriction
    some = mouse & "mouse > 0" & {"mouse": [1, 2, 3]}
    assert some.restriction == ["mouse > 0", {"mouse": [1, 2, 3]}]
    assert len(mouse & some.restriction) == 3
    assert len(mouse & (some - {"mouse": 2}).restriction) == 2
    assert len(Ear & (Ear << "weight > 1").restriction) == 2
    assert not some.proj().restriction


class Counting:
    """A mixin as pipelines have them: a plain class whose methods and properties go before those of the table."""

    calls: ClassVar[list[str]] = []

    def insert1(self, row: Any, **options: Any) -> None:
        self.calls.append("insert1")
        super().insert1(row, **options)  # type: ignore[misc]

    def populate(self, *restrictions: Any, **options: Any) -> Any:
        self.calls.append("populate")
        return super().populate(*restrictions, **options)  # type: ignore[misc]

    def delete(self, *arguments: Any, **options: Any) -> Any:
        self.calls.append(f"delete {len(self)}")  # type: ignore[arg-type]
        return super().delete(*arguments, **options)  # type: ignore[misc]

    @property
    def key_source(self) -> Any:
        return super().key_source & "mouse > 1"  # type: ignore[misc]

    @classmethod
    def to_dicts(cls) -> str:
        return cls.__name__


class Quiet:
    def populate(self, *restrictions: Any, **options: Any) -> Any:
        return super().populate(*restrictions, **options)  # type: ignore[misc]


def test_overrides_in_mixins_work_on_classes_and_instances(schema: dm.Schema, mouse: type[dm.Manual]) -> None:
    @schema
    class Weighing(Quiet, Counting, dm.Computed):  # type: ignore[misc]
        definition = "-> Mouse"

        def make(self, key: dict[str, Any]) -> None:
            self.insert1(key)

    @schema
    class Again(Weighing):
        definition = "-> Mouse"

        def delete(self, *arguments: Any, **options: Any) -> Any:
            return super().delete(*arguments, **options)

    mouse.insert([{"mouse": k, "weight": k} for k in range(4)])

    @schema
    class Direct(Quiet, Counting, dm.Computed):  # type: ignore[misc]
        definition = "-> Mouse"
        make = Weighing.make

        def populate(self, *restrictions: Any, **options: Any) -> Any:
            return super().populate(*restrictions, **options)

    tables: tuple[Any, ...] = (Weighing, Again, Direct)
    for table in tables:
        Weighing.calls.clear()
        assert table.populate()["success_count"] == 2
        assert len(table.key_source) == len(table().key_source) == 2
        assert table.to_dicts() == table.__name__
        assert (table & "mouse = 2").delete(prompt=False) == 1
        assert table.delete(prompt=False) == 1
        assert Weighing.calls == ["populate", "insert1", "insert1", "delete 1", "delete 1"]


def test_what_schemas_of_datajoint_0_14_had(schema: dm.Schema) -> None:
    for name, advice in (("external", "dm.gc"), ("log", "~runs"), ("lgo", r"dir\(schema\)")):
        assert not hasattr(schema, name)
        with pytest.raises(AttributeError, match=advice):
            getattr(schema, name)


def test_diagrams_draw_themselves(schema: dm.Schema, mouse: type[dm.Manual]) -> None:
    assert (dm.Diagram(schema)._repr_svg_() or "").startswith(("<svg", "<?xml"))


def test_connections_tell_where_they_lead(connection: Connection) -> None:
    assert connection.connection_id == connection.connection_id
    assert set(connection.conn_info) == {"host", "port", "user", "passwd", "ssl"}
    assert connection.conn_info["host"] == connection.address.host
