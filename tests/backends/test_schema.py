"""Schemas: activation, decoration, resolution of names, parts, lookups, virtual modules."""

from __future__ import annotations

import operator
import types
from collections.abc import Iterator
from typing import Any

import pytest

import datamill as dm
from datamill.errors import (
    DataMillWarning,
    DefinitionError,
    DriftWarning,
    DuplicateError,
    IntegrityError,
    LookupDriftWarning,
    MissingTableError,
    NativeTypeWarning,
)


@pytest.fixture
def instance(database_url: str) -> Iterator[dm.Instance]:
    instance = dm.Instance(url=database_url, safemode=False)
    yield instance
    instance.connection.close()


def test_classes_wait_for_activation_in_any_order(instance: dm.Instance) -> None:
    schema = dm.Schema(connection=instance.connection)

    @schema
    class Child(dm.Manual):
        definition = """
        -> Parent
        child : int16
        """

    @schema
    class Parent(dm.Manual):
        definition = "parent : int16"

    with pytest.raises(dm.DataMillError, match="not activated"):
        len(Child())
    schema.activate("family")
    assert schema.is_activated()
    assert schema.list_tables() == ["parent", "child"]
    schema.activate("family")
    schema.activate()
    with pytest.raises(dm.DataMillError, match="active as 'family'"):
        schema.activate("other")


def test_cycles_are_refused(instance: dm.Instance) -> None:
    schema = dm.Schema(connection=instance.connection)

    @schema
    class Hen(dm.Manual):
        definition = """
        -> Egg
        """

    @schema
    class Egg(dm.Manual):
        definition = """
        -> Hen
        """

    with pytest.raises(DefinitionError, match="cycle"):
        schema.activate("farm")


def test_a_master_is_not_declared_without_its_parts(instance: dm.Instance) -> None:
    schema = instance.Schema("family")

    class Broken(dm.Manual):
        definition = "broken : int16"

        class Alone(dm.Part):
            definition = "alone : int16"

    with pytest.raises(DefinitionError, match="no required foreign key to its master"):
        schema(Broken)
    assert schema.list_tables() == []


def test_parts_refer_to_each_other_in_any_order(instance: dm.Instance) -> None:
    schema = instance.Schema("family")

    @schema
    class Parent(dm.Manual):
        definition = "parent : int16"

        class First(dm.Part):
            definition = """
            -> Parent.Second
            first : int16
            """

        class Second(dm.Part):
            definition = """
            -> master
            second : int16
            """

    assert schema.list_tables() == ["parent", "parent__second", "parent__first"]
    assert Parent.First.primary_key == ["parent", "second", "first"]
    assert len(schema.lineage) == 6

    class Knot(dm.Manual):
        definition = "knot : int16"

        class Left(dm.Part):
            definition = """
            -> master
            -> Knot.Right
            """

        class Right(dm.Part):
            definition = """
            -> master
            -> Knot.Left
            """

    with pytest.raises(DefinitionError, match="cycle"):
        schema(Knot)
    assert "Knot" not in schema


def test_missing_schema(instance: dm.Instance) -> None:
    instance.Schema("laboratory")
    with pytest.raises(dm.DataMillError, match="laboratory"):
        instance.Schema("laboratori", create_schema=False)


def test_decorator_refuses_other_things(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")
    with pytest.raises(dm.DataMillError, match=r"dm\.Manual"):
        schema(int)

    class Loose(dm.Part):
        definition = "-> master"

    with pytest.raises(dm.DataMillError, match="master's class"):
        schema(Loose)


def test_misspelt_references_have_near_misses(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class Mouse(dm.Manual):
        definition = "mouse : int32"

    with pytest.raises(DefinitionError, match="Mouse") as caught:

        @schema
        class Session(dm.Manual):
            definition = """
            # sessions
            -> Mous
            session : int32
            """

    assert caught.value.line_number == 3
    assert schema.list_tables() == ["mouse"]


def test_dotted_names_through_modules(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")
    module = types.ModuleType("module")

    @schema
    class Mouse(dm.Manual):
        definition = "mouse : int32"

        class Ear(dm.Part):
            definition = """
            -> master
            ear : enum('left', 'right')
            """

    module.Mouse = Mouse  # type: ignore[attr-defined]
    del Mouse

    @schema
    class Recording(dm.Manual):
        definition = """
        -> module.Mouse.Ear
        -> `lab`.`mouse`
        """

    assert Recording.primary_key == ["mouse", "ear"]
    assert len(Recording.parents()) == 2


def test_add_objects_and_context(instance: dm.Instance) -> None:
    first = instance.Schema("first")

    @first
    class Mouse(dm.Manual):
        definition = "mouse : int32"

    members = {"definition": "-> Rodent\nday : date"}
    metaclass: Any = type(dm.Manual)
    second = instance.Schema("second", add_objects={"Rodent": Mouse})
    second(metaclass("Session", (dm.Manual,), dict(members)))
    third = instance.Schema("third", context={"Rodent": Mouse})
    third(metaclass("Session", (dm.Manual,), dict(members)))
    fourth = instance.Schema("fourth")
    with pytest.raises(DefinitionError):
        fourth(metaclass("Session", (dm.Manual,), dict(members)))


def test_a_pipeline_in_a_loop(instance: dm.Instance) -> None:
    for name in ("one", "two"):
        schema = instance.Schema(name)

        @schema
        class Source(dm.Manual):
            definition = "source : int32"

        @schema
        class Result(dm.Manual):
            definition = "-> Source"

        assert Result.parents(as_objects=True)[0].database == name


def test_singleton(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class Setup(dm.Lookup):
        definition = """
        ---
        title : varchar(20)
        """
        contents = [("our lab",)]

    assert Setup.primary_key == []
    assert len(Setup) == 1
    assert Setup.fetch1() == {"title": "our lab"}
    with pytest.raises(DuplicateError):
        Setup.insert1({"title": "another"})


def test_lookup_contents(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    def declare(contents: Any) -> Any:
        members = {
            "definition": "name : varchar(8)\n---\nx = 0 : float32\nnote = null : json",
            "contents": contents,
        }
        metaclass: Any = type(dm.Lookup)
        return schema(metaclass("Kind", (dm.Lookup,), members))

    kind = declare([("a", 0.1, {"k": [1]}), ("b", 2, None)])
    assert kind.to_dicts(order_by="KEY")[0] == {"name": "a", "x": 0.1, "note": {"k": [1]}}
    declare([("a", 0.1, {"k": [1]}), {"name": "c"}])
    assert len(kind) == 3
    with pytest.warns(LookupDriftWarning, match=r"\{'name': 'b'\} in x\."):
        declare(iter([("b", 3, None)]))
    assert (kind & {"name": "b"}).fetch1("x") == 2
    with pytest.raises(dm.DataMillError, match="3 attributes"):
        declare([("d", 1)])


def test_contents_leave_times_to_the_clock(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    def declare(*contents: Any) -> Any:
        definition = "name : varchar(8)\n---\nmade = CURRENT_TIMESTAMP : datetime(6)"
        metaclass: Any = type(dm.Lookup)
        return schema(metaclass("Kind", (dm.Lookup,), {"definition": definition, "contents": contents}))

    made = declare({"name": "a"}, {"name": "b", "made": "2024-01-01"}).to_arrays("made", order_by="KEY")
    kind = declare({"name": "a"}, {"name": "b", "made": None})
    assert kind.to_arrays("made", order_by="KEY").tolist() == made.tolist()
    with pytest.warns(LookupDriftWarning, match="'name': 'a'"):
        declare({"name": "a", "made": "2024-01-01"})


def test_drift(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")
    metaclass: Any = type(dm.Manual)

    def declare(definition: str) -> Any:
        return schema(metaclass("Mouse", (dm.Manual,), {"definition": definition}))

    declare("mouse : int32\n---\nweight : float32")
    with pytest.warns(DriftWarning, match=r"weight .* in the database\. The table governs"):
        changed = declare("mouse : int32\n---\nweight : float64")
    assert changed.drift()
    assert changed.heading["weight"].type.text == "float32"
    with (
        instance.config.override(declare__drift="error"),
        pytest.raises(DefinitionError, match="weight"),
    ):
        declare("mouse : int32\n---\nweight : float64")


def test_native_types_are_told_once_when_a_table_is_made(instance: dm.Instance) -> None:
    metaclass: Any = type(dm.Manual)

    def declare() -> None:
        schema = instance.Schema("lab")
        schema(metaclass("Scan", (dm.Manual,), {"definition": "scan : int\n---\nroi : longblob\nx : int32"}))
        schema(metaclass("Child", (dm.Manual,), {"definition": "-> Scan\n---\nnote : mediumtext"}))

    with pytest.warns(NativeTypeWarning) as caught:
        declare()
    scan, child = (str(warning.message) for warning in caught)
    assert scan.startswith("lab.scan has native types")
    assert "scan int (int32), roi longblob (<blob> or bytes)." in scan
    assert "note mediumtext." in child
    assert "scan int" not in child
    declare()


def test_table_without_definition_must_exist(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    with pytest.raises(MissingTableError):

        @schema
        class Mouse(dm.Manual):
            pass


def test_create_tables_false_writes_nothing(instance: dm.Instance) -> None:
    schema = instance.Schema("lab", create_tables=False)

    @schema
    class Mouse(dm.Manual):
        definition = "mouse : int32"

    assert schema.list_tables() == []
    with pytest.raises(MissingTableError):
        len(Mouse())
    Mouse.declare()
    assert len(Mouse()) == 0


def test_no_declaration_inside_a_transaction(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")
    with instance.connection.transaction, pytest.raises(dm.DataMillError, match="transaction"):

        @schema
        class Mouse(dm.Manual):
            definition = "mouse : int32"


def test_finding_tables(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class BrainRegion(dm.Lookup):
        definition = "region : varchar(8)"

        class Alias(dm.Part):
            definition = """
            -> master
            alias : varchar(8)
            """

    for key in ("#brain_region", "brain_region", "BrainRegion"):
        assert key in schema
        assert schema[key].full_table_name == BrainRegion.full_table_name
    assert schema["BrainRegion.Alias"].heading.names == ["region", "alias"]
    assert [table.class_name for table in schema] == ["BrainRegion", "BrainRegion.Alias"]
    with pytest.raises(MissingTableError, match="BrainRegion"):
        schema["BrainRegoin"]


def test_virtual_module_and_missing_classes(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class Mouse(dm.Manual):
        definition = """
        # mice
        mouse : int32   # ear tag
        """

        class Ear(dm.Part):
            definition = """
            -> master
            ear : enum('left', 'right')
            """

    Mouse.insert1({"mouse": 1}, parts={"Ear": [{"ear": "left"}]})
    lab: Any = dm.VirtualModule("lab_module", "lab", connection=instance.connection)
    assert lab.Mouse.fetch1() == {"mouse": 1}
    assert lab.Mouse.Ear.fetch1() == {"mouse": 1, "ear": "left"}
    assert lab.Mouse.describe() == Mouse.describe()
    assert issubclass(lab.Mouse, dm.Manual)
    namespace: dict[str, Any] = {}
    schema.make_classes(namespace)
    assert namespace["Mouse"].Ear.master is namespace["Mouse"]
    with pytest.raises(dm.DataMillError):
        dm.VirtualModule("x", "nowhere", connection=instance.connection)


def test_the_same_class_on_another_instance(instance: dm.Instance, tmp_path: Any) -> None:
    schema = instance.Schema("lab")

    @schema
    class Mouse(dm.Manual):
        definition = "mouse : int32"

        class Ear(dm.Part):
            definition = "-> master\near : int8"

    other = dm.Instance(url=f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(dm.DataMillError):
        Mouse.on(other)
    there: Any = other.Schema("lab")
    metaclass: Any = type(dm.Manual)
    part = metaclass("Ear", (dm.Part,), {"definition": Mouse.Ear.definition})
    there(metaclass("Mouse", (dm.Manual,), {"definition": Mouse.definition, "Ear": part}))
    copy = Mouse.on(other)
    copy.insert1({"mouse": 5}, parts={copy.Ear: [{"ear": 1}]})
    assert (len(Mouse), len(copy), len(copy.Ear)) == (0, 1, 1)
    with pytest.raises(dm.DataMillError):
        Mouse * copy
    other.connection.close()


def test_dropping_a_schema(instance: dm.Instance) -> None:
    first, second = instance.Schema("first"), instance.Schema("second")

    @first
    class Mouse(dm.Manual):
        definition = "mouse : int32"

    @second
    class Session(dm.Manual):
        definition = "-> Mouse"

    with pytest.raises(IntegrityError, match=r"referenced by second\.session"):
        first.drop(prompt=False)
    second.drop(force=True)
    first.drop(prompt=False)
    assert dm.list_schemas(instance.connection) == []


def test_overridden_methods_work_on_the_class(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class Mouse(dm.Manual):
        @property
        def definition(self) -> str:
            return "mouse : int32"

        def insert1(self, row: Any, **options: Any) -> None:
            super().insert1({"mouse": row["mouse"] + 100}, **options)

    table: Any = Mouse
    table.insert1({"mouse": 1})
    table().insert1({"mouse": 2})
    assert table.to_arrays("mouse").tolist() == [101, 102]


def test_tiers_sharing_a_base_name_warn(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")
    metaclass: Any = type(dm.Manual)
    schema(metaclass("Mouse", (dm.Manual,), {"definition": "mouse : int32"}))
    with pytest.warns(DataMillWarning, match="base name"):
        schema(metaclass("Mouse", (dm.Lookup,), {"definition": "mouse : int32"}))


def test_classes_are_operands(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class Mouse(dm.Manual):
        definition = "mouse : int32\n---\nsex : enum('m', 'f')"

    @schema
    class Session(dm.Manual):
        definition = "-> Mouse\nsession : int32"

    Mouse.insert({"mouse": number, "sex": sex} for number, sex in enumerate("mff", 1))
    Session.insert([{"mouse": 1, "session": 1}, {"mouse": 2, "session": 1}, {"mouse": 2, "session": 2}])
    assert len(Mouse & Session) == 2
    assert len(Mouse - Session) == 1
    assert len(Mouse * Session) == 3
    assert {"mouse": 1} in Mouse
    assert bool(Mouse)
    assert [row["mouse"] for row in Mouse] == [1, 2, 3]
    assert len(dm.U("sex") & Mouse) == 2
    assert dm.U().aggr(Session, n="count(*)").fetch1("n") == 3
    assert len(Session << {"sex": "f"}) == 2
    assert len(Mouse >> "session = 2") == 1
    assert len(Mouse & -Session) == 1
    for wrong in (operator.xor, operator.matmul):
        with pytest.raises(dm.DataMillError, match="semantic_check"):
            wrong(Mouse, Session)
    for left in (dm.U("sex"), 1):
        with pytest.raises(dm.DataMillError):
            operator.mul(left, Mouse)


def test_only_tables_are_deleted_from(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class Mouse(dm.Lookup):
        definition = "mouse : int16"
        contents = [(1,), (2,)]

    for expression in (Mouse.proj(), Mouse * Mouse.proj(other="mouse")):
        for method in ("delete", "delete_quick", "plan_delete"):
            with pytest.raises(dm.DataMillError, match=r"Write \(T & expression\).delete\(\)"):
                getattr(expression, method)()
    assert len(Mouse()) == 2
