"""Laws: what is printed parses to the same; what is described resolves to the same."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datamill.errors import DataMillWarning, DefinitionError
from datamill.language import (
    AttributeLine,
    Default,
    Definition,
    ForeignKeyLine,
    IndexLine,
    Line,
    ProjectionItem,
    Reference,
    SeparatorLine,
    describe,
    parse_definition,
    parse_reference,
    print_definition,
    quoted_name,
    resolve_definition,
)
from datamill.model.names import TableName
from datamill.model.table import IndexPart, TableSpec
from datamill.model.types import AttributeType, core_type, parse_type

names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n")
comments = st.text(characters, max_size=20).map(str.strip).filter(lambda text: not text.startswith(":"))
members = st.lists(
    st.text(characters, max_size=6).filter(lambda text: not text.endswith(" ")),
    min_size=1,
    max_size=3,
    unique=True,
)
types = st.one_of(
    st.sampled_from(
        [
            *(
                "int8",
                "uint64",
                "float32",
                "bool",
                "decimal(6)",
                "decimal(6,2)",
                "char(4)",
                "varchar(9)",
                "date",
            ),
            *("datetime", "datetime(0)", "datetime(6)", "time(3)", "timestamp", "uuid", "json", "bytes"),
            *("<blob>", "<blob@>", "<npy@raw-1>", "int unsigned", "double precision", "longtext", "decimal"),
        ]
    ).map(parse_type),
    members.map(lambda texts: core_type("enum", *texts)),
)
defaults = st.one_of(
    st.none(),
    st.sampled_from(
        [
            Default("null", "null"),
            Default("now", ""),
            Default("now", "3"),
            Default("boolean", "true"),
            Default("number", "-1.5e3"),
            Default("word", "2024-01-05"),
        ]
    ),
    st.text(characters, max_size=8).map(lambda text: Default("string", text)),
)
references = st.one_of(
    st.lists(st.from_regex(r"[A-Za-z_]\w{0,5}", fullmatch=True), min_size=1, max_size=3).map(
        lambda words: Reference(".".join(words))
    ),
    st.builds(TableName, names, names).map(lambda name: Reference(quoted_name(name), name)),
)
paths = st.from_regex(r"[a-z]{1,3}(\[[0-9]\])?(\.[a-z_]{1,3}(\[[0-9]\])*)?", fullmatch=True)
parts = st.one_of(
    names.map(IndexPart),
    st.builds(IndexPart, names, paths, st.none() | types.filter(lambda type_: type_.kind != "enum")),
    st.sampled_from(["a + 1", "lower(a)", "concat(a, ')', '(')", "(a) # (b)"]).map(
        lambda text: IndexPart(expression=text)
    ),
)


@st.composite
def items(draw: st.DrawFn) -> tuple[ProjectionItem, ...]:
    new = draw(st.lists(names, max_size=3, unique=True))
    old = draw(st.lists(st.text(characters, max_size=5), min_size=len(new), max_size=len(new), unique=True))
    renamed = [ProjectionItem(one, other) for one, other in zip(new, old, strict=True)]
    bare = draw(st.lists(st.text(characters, max_size=4) | st.just("..."), max_size=2))
    return (*renamed, *(ProjectionItem(None, text) for text in bare))


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    lines: list[Line] = [
        AttributeLine(name, draw(types), draw(defaults), draw(comments))
        for name in draw(st.lists(names, max_size=4, unique=True))
    ]
    lines += draw(
        st.lists(st.builds(ForeignKeyLine, references, st.booleans(), st.booleans(), items()), max_size=2)
    )
    indexes = st.lists(parts, min_size=1, max_size=3, unique=True).map(tuple)
    lines += draw(st.lists(st.builds(IndexLine, indexes, st.booleans()), max_size=2))
    lines += draw(st.lists(st.just(SeparatorLine()), max_size=1))
    return Definition(tuple(draw(st.permutations(lines))), draw(comments))


@given(definitions().filter(lambda definition: bool(definition.attributes or definition.foreign_keys)))
def test_parsing_what_is_printed_gives_the_same(definition: Definition) -> None:
    text = print_definition(definition)
    assert parse_definition(text) == definition
    assert print_definition(parse_definition(text)) == text


# --- described and resolved again --------------------------------------------------------------------------


class Tables(dict[TableName, TableSpec]):
    """The tables declared so far, by name."""

    def lookup(self, reference: Reference) -> TableSpec:
        return self[reference.table or TableName.parse(reference.text)]

    def resolve(self, text: str, name: TableName) -> TableSpec:
        return resolve_definition(parse_definition(text), name, lookup=self.lookup, stored_type=stored_type)


def stored_type(type_: AttributeType) -> AttributeType:
    return parse_type("bytes" if type_.codec_name == "blob" else "varchar(40)")


FEW_NAMES = ("a", "b", "c", "d", "e")
OTHER_KEY_TYPES = ("varchar(9)", "enum('x,''y','(\"z\")')", "float64", "<label>", "int")
VALUE_LINES = (
    *("=null : int32", " : <blob>", "=null : <blob@>", "=-5 : int8", "=1.5 : float32", "=inf : float64"),
    *(
        "=true : bool",
        "=1.50 : decimal(6,2)",
        '="it\'s ""so"""  : varchar(20)',
        "='' : varchar(3)",
        " : longtext",
    ),
    *("=NOW : datetime(3)", "=now() : date", "='2024-01-05 10:20:30.5' : datetime(1)", "=2024-01-05 : date"),
    *("='10:20:30' : time", "=null : uuid", "=null : json", "=y : enum('x','y')", "=7 : int unsigned"),
)


@st.composite
def attribute_lines(draw: st.DrawFn, name: str, in_key: bool) -> str:
    choices = [" : int32"] * 6 + [f" : {draw(st.sampled_from(OTHER_KEY_TYPES))}"]
    if not in_key:
        choices += ["=null : int32", "=7 : int32", draw(st.sampled_from(VALUE_LINES))]
    return f"{name}{draw(st.sampled_from(choices))} # {draw(comments)}"


@st.composite
def foreign_key_lines(draw: st.DrawFn, parent: TableSpec, in_key: bool) -> str:
    keep = st.just(None)
    renames = [
        f"{draw(st.sampled_from(FEW_NAMES))}='{key}'" for key in parent.heading.key if draw(keep | st.just(1))
    ]
    options = draw(
        st.sampled_from(["", "[unique] "] if in_key else ["", "[nullable] ", "[nullable, unique] "])
    )
    return f"-> {options}{quoted_name(parent.name)}.proj({', '.join(renames)})"


@st.composite
def table_texts(draw: st.DrawFn, parents: Sequence[TableSpec]) -> str:
    """Draw a definition, which may break a rule."""
    own = draw(st.lists(st.sampled_from(FEW_NAMES), max_size=3, unique=True))
    sections: list[list[str]] = []
    for in_key in (True, False):
        count = draw(st.integers(0, len(own)))
        mine, own = own[:count], own[count:]
        lines = [draw(attribute_lines(name, in_key)) for name in mine]
        chosen = draw(st.lists(st.sampled_from(parents), max_size=2)) if parents else []
        lines += [draw(foreign_key_lines(parent, in_key)) for parent in chosen]
        sections.append(draw(st.permutations(lines)))
    above, below = sections
    index = draw(st.sampled_from(["", f"unique index ({draw(st.sampled_from(FEW_NAMES))}, (a + 1))"]))
    return "\n".join([f"# {draw(comments)}", *above, *(["---", *below] if below or not above else []), index])


@st.composite
def pipelines(draw: st.DrawFn) -> Tables:
    """Draw tables that depend on each other, names and columns often shared; what breaks a rule is left out."""
    tables = Tables()
    first = TableName("lab", "root")
    tables[first] = tables.resolve("a : int32 # of root\nb : int32", first)
    for number in range(draw(st.integers(1, 6))):
        parents = [spec for spec in tables.values() if not spec.is_singleton]
        name = TableName("lab", f"t{number}")
        try:
            tables[name] = tables.resolve(draw(table_texts(parents)), name)
        except DefinitionError:
            continue
    return tables


def assert_same(left: TableSpec, right: TableSpec) -> None:
    assert left.heading == right.heading
    assert left == right


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(pipelines())
@pytest.mark.filterwarnings("ignore::datamill.errors.DataMillWarning")
def test_what_is_described_resolves_to_the_same(tables: Tables) -> None:
    for name, spec in tables.items():
        text = describe(spec, quoted_name, tables.get)
        again = tables.resolve(text, name)
        assert_same(again, spec)
        assert describe(again, quoted_name, tables.get) == text


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("# mice\na:int32#tag\n---\nb=5:int8", "# mice\na : int32 # tag\n---\nb=5 : int8\n"),
        ("a : int32\n---", "a : int32\n"),
        ("---\nb : int8", "---\nb : int8\n"),
        (
            "-> `lab`.`user`.proj(owner='user')\n---\n-> [unique, nullable] `lab`.`user`\nindex (owner, user)",
            '-> lab.User.proj(owner="user")\n---\n-> [nullable, unique] lab.User\nindex (owner, user)\n',
        ),
        ("user : varchar(8) # mine\n-> `lab`.`user`", "user : varchar(8) # mine\n-> lab.User\n"),
        ("user : varchar(8) # login\n-> `lab`.`user`", "-> lab.User\n"),
        (
            "id:int32\n---\nuser=x : varchar(8)\n-> `lab`.`user`",
            'id : int32\n---\nuser="x" : varchar(8)\n-> lab.User\n',
        ),
        ("id:int32\n---\nt=NOW : datetime(3)\n", "id : int32\n---\nt=CURRENT_TIMESTAMP(3) : datetime(3)\n"),
    ],
)
def test_descriptions(text: str, described: str) -> None:
    tables = Tables()
    tables[TableName("lab", "user")] = tables.resolve("user : varchar(8) # login", TableName("lab", "user"))
    spec = tables.resolve(text, TableName("lab", "mouse"))
    assert describe(spec, lambda name: "lab.User", tables.get) == described


def test_without_its_parents_a_table_is_described_as_inheriting() -> None:
    tables = Tables()
    tables[TableName("lab", "user")] = tables.resolve("user : varchar(8) # login", TableName("lab", "user"))
    spec = tables.resolve("user : varchar(8) # mine\n-> `lab`.`user`", TableName("lab", "mouse"))
    assert describe(spec, quoted_name) == "-> `lab`.`user`\n"


def test_comments_of_other_programs_are_put_on_one_line() -> None:
    spec = replace(Tables().resolve("a : int32", TableName("lab", "mouse")), comment="two\r\n lines ")
    assert describe(spec, str) == "# two lines\na : int32\n"


def test_values_of_defaults_survive() -> None:
    text = "id:int32\n---\n" + "\n".join(f"a{number}{line}" for number, line in enumerate(VALUE_LINES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataMillWarning)
        spec = Tables().resolve(text, TableName("lab", "mouse"))
    values = [spec.heading[f"a{number}"].default for number in range(len(VALUE_LINES))]
    assert values[3:9] == [-5, 1.5, float("inf"), True, Decimal("1.50"), 'it\'s "so"']
    assert values[13] == datetime.datetime(2024, 1, 5, 10, 20, 30, 500_000)


def test_references_are_printed_as_they_parse() -> None:
    assert parse_reference(quoted_name(TableName("s", "#t"))).table == TableName("s", "#t")
    assert parse_reference(quoted_name(TableName("s", "a`b"))).table == TableName("s", "a`b")
