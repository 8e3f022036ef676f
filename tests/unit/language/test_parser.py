"""What the grammar accepts, what it refuses, and how it says so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamill.errors import DefinitionError
from datamill.language import (
    AttributeLine,
    Default,
    Definition,
    ForeignKeyLine,
    IndexLine,
    ProjectionItem,
    Reference,
    SeparatorLine,
    parse_definition,
    parse_reference,
    print_definition,
)
from datamill.model.names import TableName
from datamill.model.table import IndexPart
from datamill.model.types import parse_type


def one(text: str) -> AttributeLine:
    (line,) = parse_definition(text).attributes
    return line


def error_of(text: str) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        parse_definition(text, "lab.mouse")
    return caught.value


def test_a_whole_definition() -> None:
    definition = parse_definition(
        """
        # mice of "the" lab, 100% : all
        # a remark that is dropped
        s = "a:b" : enum('a:b','c') # it's # more
        -> lab.User.proj(owner='user')  # text
        -> `lab`.`#rig`
        ----- # rest
        index : int32
        z : decimal(6, 2) = null
        -> [Nullable, UNIQUE] "s"."t".proj()
        UNIQUE Index (index, z)   # text
        """
    )
    assert definition == Definition(
        (
            AttributeLine("s", parse_type("enum('a:b','c')"), Default("string", "a:b"), "it's # more"),
            ForeignKeyLine(Reference("lab.User"), items=(ProjectionItem("owner", "user"),)),
            ForeignKeyLine(Reference("`lab`.`#rig`", TableName("lab", "#rig"))),
            SeparatorLine(),
            AttributeLine("index", parse_type("int32")),
            AttributeLine("z", parse_type("decimal(6,2)"), Default("null", "null")),
            ForeignKeyLine(Reference("`s`.`t`", TableName("s", "t")), nullable=True, unique=True),
            IndexLine((IndexPart("index"), IndexPart("z")), unique=True),
        ),
        'mice of "the" lab, 100% : all',
    )
    assert definition.lines[4].position.line_number == 8


def test_only_a_first_comment_is_the_table_comment() -> None:
    assert parse_definition("\n\n  #  mice \na:int8").comment == "mice"
    assert parse_definition("a:int8\n# mice").comment == ""
    assert parse_definition("#\na:int8").comment == ""
    assert parse_definition("\r\n# mice\r\na:int8\r\n").comment == "mice"


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ("NULL", Default("null", "null")),
        ("null", Default("null", "null")),
        ("'null'", Default("string", "null")),
        ("now()", Default("now", "")),
        ("NOW", Default("now", "")),
        ("Current_Timestamp ( 3 )", Default("now", "3")),
        ("TRUE", Default("boolean", "true")),
        ("-1.5e-3", Default("number", "-1.5e-3")),
        ("+.5", Default("number", "+.5")),
        ("''", Default("string", "")),
        ('""', Default("string", "")),
        ("'it''s'", Default("string", "it's")),
        ("'a \"b\" # : = , ( <'", Default("string", 'a "b" # : = , ( <')),
        ("'back\\slash\\'", Default("string", "back\\slash\\")),
        ("2024-01-05", Default("word", "2024-01-05")),
        ("unbekannt", Default("word", "unbekannt")),
    ],
)
def test_defaults(written: str, default: Default) -> None:
    assert one(f"a = {written} : varchar(40) # c") == AttributeLine(
        "a", parse_type("varchar(40)"), default, "c"
    )
    assert one(f"a : varchar(40)={written}#c") == AttributeLine("a", parse_type("varchar(40)"), default, "c")


def test_words_of_the_grammar_can_name_attributes() -> None:
    names = ["index", "unique", "null", "select", "nullable", "now", "proj"]
    definition = parse_definition("\n".join(f"{name} : int32" for name in names))
    assert [line.name for line in definition.attributes] == names


@pytest.mark.parametrize(
    ("text", "reference", "items"),
    [
        ("->User", "User", ()),
        ("-> User()", "User", ()),
        ("-> master", "master", ()),
        ("-> lab . User", "lab.User", ()),
        ("-> User.proj()", "User", ()),
        ("-> User().proj( a = 'b' )", "User", (("a", "b"),)),
        ("-> a.b.User.proj(..., 'x', a=\"b\")#c", "a.b.User", ((None, "..."), (None, "x"), ("a", "b"))),
        ("-> proj", "proj", ()),
        ("-> Session.Trial.proj(a='b')", "Session.Trial", (("a", "b"),)),
        ('-> "lab.#rig"', "`lab`.`#rig`", ()),
    ],
)
def test_references(text: str, reference: str, items: tuple[tuple[str | None, str], ...]) -> None:
    (line,) = parse_definition(text).foreign_keys
    assert line.reference.text == reference
    assert tuple((item.new, item.old) for item in line.items) == items


def test_index_parts() -> None:
    (index,) = parse_definition(
        "a : json\nindex (a.b.c[0][1].d : decimal(6,2), a.b, a, (lower(concat(a, ')'))), a.x:signed)"
    ).indexes
    assert index.parts == (
        IndexPart("a", "b.c[0][1].d", parse_type("decimal(6,2)")),
        IndexPart("a", "b"),
        IndexPart("a"),
        IndexPart(expression="lower(concat(a, ')'))"),
        IndexPart("a", "x", parse_type("int64")),
    )
    assert not index.unique


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a : in32", 1, 5, "'in32' is not a type. Did you mean 'int32'"),
        ("\n\n  a : int8\n    b : text32", 4, 9, "'text32' is not a type"),
        ("a : int8\na : int8", 2, 1, "stands already in line 1"),
        ("---\n---", 2, 1, "separator stands already in line 1"),
        ("a = 1 : int8 = 2", 1, 14, "two defaults"),
        ("a = 1 = 2 : int8", 1, 7, "two defaults"),
        ("_a : int8", 1, 1, "belong to the platform. Name it 'a'"),
        ("Age : int8", 1, 1, "Write 'age'"),
        ("my age : int8", 1, 1, "Write 'my_age'"),
        ("1a : int8", 1, 1, "start with a letter"),
        (f"{'a' * 64} : int8", 1, 1, "has 64 bytes"),
        (" a : int8 # :int8:", 1, 13, "opens with ':'"),
        ("# :x\na : int8", 1, 3, "opens with ':'"),
        ("a : int8 #" + "x" * 1019, 1, 10, "1019 characters, 1018 fit"),
        ("#" + "x" * 2049, 1, 1, "2049 characters, 2048 fit"),
        ("a : 'x", 1, 5, "' is not closed"),
        ("a : <blob", 1, 5, "< is not closed"),
        ("a : enum('x', 'y'", 1, 9, "( is not closed"),
        ("a : enum(x)", 1, 5, "quoted members"),
        ("a : enum('x','x')", 1, 5, "repeat"),
        ("a : int8, b", 1, 9, "',' is out of place"),
        ("a : int8 : int8", 1, 10, "':' is out of place"),
        ("a = : int8", 1, 5, "no default"),
        ("a = 5", 1, 3, "no type"),
        ("a :", 1, 4, "no type"),
        ("a = two words : varchar(9)", 1, 5, "Put text in quotes"),
        ("a = 'x' 'y' : varchar(9)", 1, 5, "Put text in quotes"),
        ("a", 1, 1, "no attribute, foreign key, separator or index"),
        ("lab.Mouse", 1, 1, "Did you mean '-> lab.Mouse'"),
        ("unqiue index (a, b)", 1, 1, "Did you mean 'unique index (a, b)'"),
        ("unique (a)", 1, 1, "Did you mean 'unique index (a)'"),
        ("indx (a", 1, 1, "Did you mean 'index (a'"),
        ("index (a", 1, 7, "( is not closed"),
        ("index ()", 1, 8, "not a part of an index"),
        ("index (a,)", 1, 10, "not a part of an index"),
        ("index (a, a)", 1, 11, "twice"),
        ("index (lower(a))", 1, 8, "index ((lower(name)))"),
        ("index (())", 1, 8, "expression is empty"),
        ("index (a.b:in32)", 1, 12, "Did you mean 'int32'"),
        ("index (a) b", 1, 10, "out of place"),
        ("--", 1, 1, "Write --- or -> ParentTable"),
        ("--- x", 1, 1, "neither a separator"),
        ("___", 1, 1, "Write --- or -> ParentTable"),
        ("a : int\n(b, c) -> lab.User", 2, 1, "Write -> lab.User.proj(b='...', c='...')"),
        ("() -> User", 1, 1, "Foreign keys start with '->'"),
        ("->", 1, 3, "No table is named"),
        ("-> 5", 1, 4, "not the name of a table"),
        ("-> [nulable] A", 1, 5, "Did you mean 'nullable'"),
        ("-> [] A", 1, 5, "not an option"),
        ("-> [unique,unique] A", 1, 12, "twice"),
        ("-> [nullable A", 1, 4, "[ is not closed"),
        ("-> A & 'x = 1'", 1, 6, "references a whole table"),
        ("-> A(1)", 1, 5, "references a whole table"),
        ("-> A.proj(b='c'", 1, 10, "( is not closed"),
        ("-> A.proj(b=c)", 1, 11, "Write new='old'"),
        ("-> A.proj(b='c',)", 1, 17, "Write new='old'"),
        ("-> A.proj(_b='c')", 1, 11, "start with a letter"),
        ("-> A.proj(b='c', b='d')", 1, 1, "given twice"),
        ("-> A.proj(b='c', d='c')", 1, 1, "renamed twice"),
        ("a : int8 \0", 1, 10, "cannot be stored"),
        ("a : int8 # \ud800", 1, 12, "cannot be stored"),
        ("a : int8 not null", 1, 5, "unless their default is null"),
        ("a : blob@raw", 1, 5, "Write <blob@raw>. Or set config.compat.blobs"),
        ("a : attach", 1, 5, "Write <attach>. Or set config.compat.blobs"),
        ("a : something@raw", 1, 5, "Write <something@raw>"),
        ("a : string", 1, 5, "Write varchar(n)"),
    ],
)
def test_mistakes_are_explained(text: str, line: int, column: int, words: str) -> None:
    error = error_of(text)
    assert words in str(error)
    assert (vars(error)["line_number"], vars(error)["column"]) == (line, column)
    assert vars(error)["table"] == "lab.mouse"
    assert str(error).startswith(f"lab.mouse, line {line}, column {column}: ")
    assert vars(error)["line"].strip() == text.split("\n")[line - 1].strip()


@pytest.mark.parametrize("text", ["", "\n \n", "# mice", "---", "index (a)"])
def test_a_definition_declares_something(text: str) -> None:
    assert "declares nothing" in str(error_of(text))


def test_comments_may_hold_anything_else() -> None:
    comment = 'it\'s "so": 50% `x` {y} <z> (a, b] # c = d \\ é 鼠'
    assert one(f"a : int8 # {comment}").comment == comment
    assert one(f"a : int8#{comment}").comment == comment


def test_native_types_have_no_record_in_their_comment() -> None:
    assert len(one("a : int #" + "x" * 1024).comment) == 1024


def test_references_alone() -> None:
    assert parse_reference("lab.User") == Reference("lab.User")
    with pytest.raises(DefinitionError, match="not the name"):
        parse_reference("lab.User & 1")


_FRAGMENTS = st.sampled_from(
    [
        *(
            "a",
            "b_1",
            "_x",
            " ",
            " : ",
            " = ",
            "#",
            ",",
            "\n",
            "\n---\n",
            "\n-> ",
            "[",
            "]",
            "nullable",
            "unique",
        ),
        *(
            "index",
            "(",
            ")",
            "<",
            ">",
            "'",
            '"',
            "`",
            ".",
            ".proj(",
            "()",
            "...",
            "int32",
            "varchar(5)",
            "enum('a',",
        ),
        *(
            "decimal(6,2)",
            "<blob@",
            "null",
            "NOW",
            "1.5",
            "-",
            "\\",
            "\0",
            "\ud800",
            "é",
            "lab.User",
            "\r",
            "\t",
        ),
        *("unsigned", "auto_increment", "serial", "datetime(3)", "float(", "9" * 20),
    ]
)


@settings(max_examples=400)
@given(st.one_of(st.text(), st.lists(_FRAGMENTS, max_size=25).map("".join)))
def test_any_text_parses_or_is_refused_with_our_error(text: str) -> None:
    try:
        definition = parse_definition(text)
    except DefinitionError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right
        return
    assert parse_definition(print_definition(definition)) == definition


LONG = 50_000


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a : " + "(" * LONG,
            "a" * LONG,
            "-> " + "a." * LONG,
            "index (" + "(" * LONG,
            "index (a" + ".b" * LONG,
        ),
        *("a : a" + " " * LONG + "!", "a : <a" + " " * LONG + "!>", "a : int " + "a" * LONG + "!"),
        *("a : x(" + ")" * LONG + "!", "a = " + "9" * LONG + "x y : int8", "-> a" + " " * LONG + "!"),
        *("-> a.proj(" + "b='c'," * LONG + ")", "a : enum(" + "'x'," * LONG, "index" + " " * LONG + "!"),
        *(
            "- " * LONG,
            "_" * LONG + ": int8",
            "A" * LONG,
            "a : " + "b" * LONG,
            "-> [" + "nullable" * LONG + "] A",
        ),
    ],
    ids=range(19),
)
def test_long_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError):
        parse_definition(text)
