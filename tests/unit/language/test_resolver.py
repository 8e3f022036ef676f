"""What a definition means: inheritance, lineage, defaults, and the rules of each kind of table."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

import pytest

from datamill.errors import (
    DataMillError,
    DataMillWarning,
    DefinitionError,
    MissingTableError,
)
from datamill.language import Reference, parse_definition, resolve_definition
from datamill.model.attribute import Attribute, Now
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.model.types import AttributeType, parse_type

CODECS = {"blob": parse_type("bytes"), "angle": parse_type("float64"), "code": parse_type("varchar(8)")}


def stored_type(type_: AttributeType) -> AttributeType:
    if type_.codec_name not in CODECS:
        raise DataMillError(f"No codec is named {type_.codec_name!r}.", hint="Register it.")
    return CODECS[type_.codec_name]


class Pipeline:
    """Tables of one schema, declared one after the other."""

    def __init__(self) -> None:
        self.specs: dict[str, TableSpec] = {}

    def lookup(self, reference: Reference) -> TableSpec:
        if reference.text not in self.specs:
            raise DefinitionError(f"{reference.text!r} is not defined here.", hint="Did you mean it?")
        return self.specs[reference.text]

    def __call__(
        self,
        table: str,
        text: str,
        *,
        master: TableName | None = None,
        allow_new_key_attributes: bool = False,
        hidden: tuple[Attribute, ...] = (),
    ) -> TableSpec:
        spec = resolve_definition(
            parse_definition(text),
            TableName("lab", table),
            lookup=self.lookup,
            stored_type=stored_type,
            master=master,
            allow_new_key_attributes=allow_new_key_attributes,
            hidden=hidden,
        )
        self.specs[TableName("lab", table).class_name] = spec
        return spec


@pytest.fixture
def declare() -> Pipeline:
    return Pipeline()


Declare = Callable[..., TableSpec]


def test_a_missing_parent_is_an_error_of_the_definition(declare: Declare) -> None:
    def lookup(reference: Reference) -> TableSpec:
        raise MissingTableError("There is no table lab.rig.", hint="Declare it.", schema="lab", table="rig")

    with pytest.raises(
        DefinitionError, match=r"lab\.mouse, line 1, column 4: There is no table lab\.rig\. Declare it"
    ):
        resolve_definition(
            parse_definition("-> Rig"), TableName("lab", "mouse"), lookup=lookup, stored_type=stored_type
        )


def test_attributes_know_key_type_and_lineage(declare: Declare) -> None:
    spec = declare("mouse", "# mice\nid : int32 # tag\n---\nname = null : varchar(9)\nturn : <angle>")
    assert spec.comment == spec.heading.comment == "mice"
    assert spec.heading.key == ("id",)
    number, text, angle = parse_type("int32"), parse_type("varchar(9)"), parse_type("<angle>")
    assert list(spec.heading.attributes.values()) == [
        Attribute("id", number, number, in_key=True, comment="tag", lineage="lab.mouse.id"),
        Attribute("name", text, text, nullable=True, default=None),
        Attribute("turn", angle, parse_type("float64")),
    ]
    assert not spec.hidden


def test_without_separator_all_is_key(declare: Declare) -> None:
    assert declare("mouse", "a : int32\nb : int32").heading.key == ("a", "b")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("a = 5 : int8", 5),
        ("a = '5' : int8", 5),
        ("a = 1e2 : int8", 100),
        ("a = 1.50 : decimal(6,2)", Decimal("1.50")),
        ("a = 1.50 : varchar(6)", "1.50"),
        ("a = 1.5 : float64", 1.5),
        ("a = true : bool", True),
        ("a = 0 : bool", False),
        ("a = true : varchar(6)", "true"),
        ("a = true : enum('false','true')", "true"),
        ("a = some : varchar(6)", "some"),
        ("a = '' : varchar(6)", ""),
        ("a = 2024-01-05 : date", datetime.date(2024, 1, 5)),
        ("a = '2024-01-05 10:20:30' : datetime", datetime.datetime(2024, 1, 5, 10, 20, 30)),
        ("a = '10:20:30' : time", datetime.time(10, 20, 30)),
        ("a = now : datetime(3)", Now(3)),
        ("a = CURRENT_TIMESTAMP(6) : timestamp", Now(0)),
        ("a = now() : date", Now()),
        ("a : int8", None),
        ("a = null : <blob>", None),
        ("a = null : uuid", None),
        ("a = null : json", None),
    ],
)
def test_defaults_are_converted(declare: Declare, line: str, value: object) -> None:
    attribute = declare("mouse", f"id : int32\n---\n{line}").heading["a"]
    assert attribute.default == value
    assert type(attribute.default) is type(value)
    assert attribute.nullable == ("null" in line)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("id:int32\n---\na = 300 : int8", 3, 5, "does not fit its type int8"),
        ("id:int32\n---\na = 1.5 : int8", 3, 5, "does not fit"),
        ("id:int32\n---\na : int8 = ''", 3, 12, "Write null for no value"),
        ("id:int32\n---\na = x : enum('y')", 3, 5, "does not fit"),
        ("id:int32\n---\na = 2024-13-05 : date", 3, 5, "does not fit"),
        ("id:int32\n---\na = 1e999 : int64", 3, 5, "does not fit"),
        ("id:int32\n---\na = 1e999 : float64", 3, 5, "beyond the range"),
        ("id:int32\n---\na = NOW : varchar(5)", 3, 5, "CURRENT_TIMESTAMP cannot be the default"),
        ("id:int32\n---\na = NOW : time", 3, 5, "CURRENT_TIMESTAMP cannot be the default"),
        ("id:int32\n---\na = 'x' : <code>", 3, 5, "Only null"),
        ("id:int32\n---\na = 'x' : json", 3, 5, "Only null"),
        ("id:int32\n---\na = 'x' : uuid", 3, 5, "Only null"),
        ("id:int32\n---\na = 'x' : longtext", 3, 5, "Only null"),
        ("id:int32\n---\na : <nope>", 3, 1, "No codec is named 'nope'. Register it."),
        ("id = null : int32", 1, 1, "cannot be null"),
        ("id : json", 1, 1, "cannot belong to a primary key"),
        ("id : <blob>", 1, 1, "cannot belong to a primary key"),
        ("id : bytes", 1, 1, "cannot belong to a primary key"),
        ("id : text", 1, 1, "cannot belong to a primary key"),
        ("id:int32\n-> Rig", 2, 4, "not defined here. Did you mean it?"),
        ("id:int32\n-> Lone", 2, 4, "no key attribute"),
        ("id:int32\n-> Mouse", 2, 4, "references itself"),
        ("-> [nullable] User", 1, 1, "cannot belong to the primary key"),
        ("-> User\nuser : varchar(8)", 2, 1, "inherited through a foreign key above"),
        ("user : varchar(9)\n-> User", 2, 1, "varchar(9) here but varchar(8)"),
        (
            "id:int32\n-> User.proj(a='usr')",
            2,
            14,
            "'usr' is not an attribute of lab.user. Did you mean 'user'",
        ),
        ("-> User\n-> User", 2, 1, "stands already above"),
        ("-> Day.proj(user='day')", 1, 1, "would be named 'user'"),
        ("id:int32\nindex (idd)", 2, 1, "Did you mean 'id'"),
        ("id:int32\n---\na:json\nindex (a)", 4, 1, "Index a path in it"),
        ("id:int32\n---\na:<blob>\nindex (a)", 4, 1, "cannot be indexed"),
        ("id:int32\nindex (id.x)", 2, 1, "has no paths"),
    ],
)
def test_broken_rules_are_placed(declare: Declare, text: str, line: int, column: int, words: str) -> None:
    declare("user", "user : varchar(8)\n---\nname : varchar(20)")
    declare("day", "-> User\nday : date")
    declare("lone", "---\na : int32")
    declare("mouse", "id : int32")
    with pytest.raises(DefinitionError) as caught:
        declare("mouse", text)
    fields = vars(caught.value)
    assert words in str(caught.value)
    assert (fields["table"], fields["line_number"], fields["column"]) == ("lab.mouse", line, column)


def test_foreign_keys_inherit(declare: Declare) -> None:
    declare("user", "user : varchar(8) # login\n---\nname : varchar(20)")
    declare("#rig", "rig : enum('a','b')")
    spec = declare(
        "session",
        "-> User.proj(owner='user', name2='name')\nday : date\n---\n-> [nullable, unique] Rig\n-> User",
    )
    assert spec.heading.key == ("owner", "day")
    owner, rig, user = (spec.heading[name] for name in ("owner", "rig", "user"))
    assert (owner.comment, owner.lineage, owner.in_key) == ("login", "lab.user.user", True)
    assert (rig.nullable, rig.default, rig.lineage) == (True, None, "lab.#rig.rig")
    assert (user.nullable, user.default, user.lineage, user.in_key) == (
        False,
        None,
        "lab.user.user",
        False,
    )
    first, second, third = spec.foreign_keys
    assert (first.attribute_map, first.in_key, first.is_renamed) == ((("owner", "user"),), True, True)
    assert (second.nullable, second.unique, second.in_key) == (True, True, False)
    assert (third.nullable, third.unique, third.attributes) == (False, False, ("user",))


def test_lineage_goes_back_to_the_origin(declare: Declare) -> None:
    declare("a", "x : int32")
    declare("b", "-> A.proj(y='x')\nz : int32")
    spec = declare("c", "id : int32\n---\n-> B.proj(w='y')")
    assert [attribute.lineage for attribute in spec.heading.attributes.values()] == [
        "lab.c.id",
        "lab.a.x",
        "lab.b.z",
    ]
    assert spec.foreign_keys[0].attribute_map == (("w", "y"), ("z", "z"))


def test_numbering_is_not_inherited(declare: Declare) -> None:
    declare("a", "x : int unsigned auto_increment")
    spec = declare("b", "-> A")
    assert spec.heading["x"].type == parse_type("int unsigned")
    assert spec.heading["x"].is_required


def test_a_name_shared_by_foreign_keys_is_one_column(declare: Declare) -> None:
    declare("a", "x : int32 # of a")
    declare("b", "-> A\ny : int32")
    spec = declare("c", "id : int32\n---\n-> [nullable] B\n-> A")
    assert spec.heading.secondary_attributes == ["x", "y"]
    assert (spec.heading["x"].nullable, spec.heading["x"].default) == (False, None)
    assert spec.heading["y"].nullable
    assert [key.nullable for key in spec.foreign_keys] == [True, False]
    only = declare("d", "id : int32\n---\n-> [nullable] A\n-> [nullable] B")
    assert only.heading["x"].nullable
    required = declare("e", "-> A\n---\n-> [nullable] A.proj(x2='x')\n-> [nullable] B")
    assert [key.nullable for key in required.foreign_keys] == [False, True, True]
    covered = declare("f", "-> B\n---\n-> A")
    assert [key.in_key for key in covered.foreign_keys] == [True, True]


def test_differing_lineage_warns_and_the_last_counts(declare: Declare) -> None:
    declare("a", "x : int32 # of a")
    declare("b", "x : int32 # of b")
    with pytest.warns(DataMillWarning, match=r"lab\.a\.x and lab\.b\.x"):
        spec = declare("c", "-> A\n-> B")
    assert (spec.heading["x"].lineage, spec.heading["x"].comment) == ("lab.b.x", "of a")
    declare("d", "x : int64")
    with pytest.raises(DefinitionError, match="int32 here but int64"):
        declare("e", "-> A\n-> D")


def test_a_line_above_may_declare_the_inherited_attribute(declare: Declare) -> None:
    declare("a", "x : int32 # of a")
    spec = declare("b", "id : int32\n---\nx = 5 : int32 # mine\n-> A")
    x = spec.heading["x"]
    assert (x.default, x.comment, x.lineage, x.nullable) == (5, "mine", "lab.a.x", False)
    null = declare("c", "id : int32\n---\nx = null : int32\n-> [nullable] A")
    assert null.heading["x"].nullable
    wins = declare("d", "id : int32\n---\nx = null : int32\n-> A")
    assert (wins.heading["x"].nullable, wins.heading["x"].default) == (False, None)


@pytest.mark.parametrize(("line", "words"), [("x : float64", "float"), ("x = 5 : int32", "default")])
def test_doubtful_keys_warn(declare: Declare, line: str, words: str) -> None:
    with pytest.warns(DataMillWarning, match=words):
        declare("a", line)


def test_codecs_in_the_key_follow_their_stored_type(declare: Declare) -> None:
    assert declare("a", "x : <code>").heading["x"].stored == parse_type("varchar(8)")


def test_numbered_keys_stand_alone(declare: Declare) -> None:
    assert not declare("a", "x : serial").heading["x"].is_required
    for text in ("x : serial\ny : int32", "y : int32\n---\nx : int auto_increment"):
        with pytest.raises(DefinitionError, match="whole primary key"):
            declare("a", text)


def test_singletons_have_a_hidden_key(declare: Declare) -> None:
    extra = Attribute("_prov", parse_type("json"), parse_type("json"), nullable=True, default=None)
    spec = declare("parameters", "---\ngain : float64", hidden=(extra,))
    assert (spec.is_singleton, spec.heading.primary_key, spec.physical_key) == (True, [], ("_singleton",))
    assert [attribute.name for attribute in spec.hidden] == ["_singleton", "_prov"]
    key = spec.hidden[0]
    assert (key.type.text, key.default, key.in_key, key.nullable) == ("bool", True, True, False)
    assert key.lineage == "lab.parameters._singleton"


def test_computed_tables_take_their_key_from_foreign_keys(declare: Declare) -> None:
    declare("a", "x : int32")
    assert declare("__b", "-> A\n---\ny : int32").heading.key == ("x",)
    assert declare("_b2", "x : int32\n-> A").heading.key == ("x",)
    with pytest.raises(DefinitionError, match="line 2, column 1: Computed tables take their key"):
        declare("__c", "-> A\ny : int32")
    assert declare("__c", "-> A\ny : int32", allow_new_key_attributes=True).heading.key == ("x", "y")
    declare("__b__part", "-> B\ny : int32")


def test_parts_depend_on_their_master(declare: Declare) -> None:
    declare("a", "x : int32")
    declare("a__one", "-> A\ny : int32")
    declare("a__two", "-> A.One")
    declare("a__three", "id : int32\n---\n-> A")
    declare("other", "z : int32", master=None)
    for text in ("y : int32", "y : int32\n---\n-> [nullable] A", "-> Other"):
        with pytest.raises(
            DefinitionError, match=r"no required foreign key to its master lab\.a\. Add the line"
        ):
            declare("a__four", text)
    with pytest.raises(DefinitionError, match=r"master lab\.a"):
        declare("legacy", "y : int32", master=TableName("lab", "a"))


def test_indexes(declare: Declare) -> None:
    declare("a", "x : int32")
    spec = declare("b", "-> A\n---\nj : json\nunique index (x, j.n:int32)\nindex ((x + 1))")
    assert [index.unique for index in spec.indexes] == [True, False]
    assert [str(part) for part in spec.indexes[0].parts] == ["x", "j.n:int32"]
    assert spec.indexes[1].parts[0].expression == "x + 1"
