"""The types that definitions know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.errors import DefinitionError
from datamill.model.types import KINDS, core_type, parse_type, same_column_type, without_numbering


@pytest.mark.parametrize(
    ("written", "text", "kind", "args"),
    [
        ("INT32", "int32", "int32", ()),
        ("Boolean", "bool", "bool", ()),
        ("jsonb", "json", "json", ()),
        ("decimal( 6 ,\t2)", "decimal(6,2)", "decimal", (6, 2)),
        ("decimal(6)", "decimal(6)", "decimal", (6, 0)),
        ("Enum( 'a' , \"b\" )", "enum('a','b')", "enum", ("a", "b")),
        ("enum('it''s',')(')", "enum('it''s',')(')", "enum", ("it's", ")(")),
        ("datetime", "datetime", "datetime", (0,)),
        ("datetime (3)", "datetime(3)", "datetime", (3,)),
        ("varchar (16383)", "varchar(16383)", "varchar", (16383,)),
        ("< blob >", "<blob>", "codec", ("blob", None)),
        ("<blob@>", "<blob@>", "codec", ("blob", "")),
        ("<blob@my-store>", "<blob@my-store>", "codec", ("blob", "my-store")),
        ("object", "<object@>", "codec", ("object", "")),
    ],
)
def test_core_types_and_codecs(written: str, text: str, kind: str, args: tuple[object, ...]) -> None:
    type_ = parse_type(written)
    assert (type_.text, type_.kind, type_.args, type_.native) == (text, kind, args, None)
    assert parse_type(type_.text) == type_


@pytest.mark.parametrize(
    ("written", "native", "kind", "args"),
    [
        ("INT(11)  UNSIGNED", "int(11) unsigned", "uint32", ()),
        ("tinyint", "tinyint", "int8", ()),
        ("mediumint unsigned", "mediumint unsigned", "uint32", ()),
        ("bigint auto_increment", "bigint auto_increment", "int64", ()),
        ("int unsigned auto_increment", "int unsigned auto_increment", "uint32", ()),
        ("double precision", "double precision", "float64", ()),
        ("float(53)", "float(53)", "float64", ()),
        ("float(10,2)", "float(10,2)", "float32", ()),
        ("decimal", "decimal", "decimal", (10, 0)),
        ("numeric(6,2) unsigned", "numeric(6,2) unsigned", "decimal", (6, 2)),
        ("longtext", "longtext", "text", ()),
        ("blob", "blob", "bytes", ()),
        ("year", "year", "uint16", ()),
        ("serial", "serial", "uint64", ()),
    ],
)
def test_natives_act_as_core_types(written: str, native: str, kind: str, args: tuple[object, ...]) -> None:
    type_ = parse_type(written)
    assert (type_.text, type_.native, type_.kind, type_.args) == (native, native, kind, args)
    assert parse_type(type_.text) == type_


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("int32(5)", "Did you mean 'int32'"),
        ("integr", "Did you mean 'integer'"),
        ("varchar", "Write varchar(n)"),
        ("varchar(0)", "1 to 16383"),
        ("varchar(16384)", "1 to 16383"),
        ("char(256)", "1 to 255"),
        ("varchar(" + "9" * 5000 + ")", "whole number"),
        ("varchar(٣)", "whole number"),
        ("decimal(66)", "Precision is 1 to 65"),
        ("decimal(5,6)", "at most the precision"),
        ("numeric(66,2)", "Precision is 1 to 65"),
        ("datetime(7)", "0 to 6"),
        ("enum()", "members"),
        ("enum('a',)", "ends with a comma"),
        ("enum('a ')", "no trailing blank"),
        ("enum('" + "é" * 32 + "')", "63 bytes"),
        ("int32 unsigned", "Did you mean 'int32'"),
        ("text unsigned", "cannot be qualified"),
        ("text auto_increment", "cannot be qualified"),
        ("int(1,2)", "whole number"),
        ("int zerofill", "'zerofill' does not belong"),
        ("varchar(5) character set utf8", "does not belong"),
        ("int not null default", "unless their default is null"),
        ("timestamptz", "Write datetime"),
        ("<blob@a@b>", "Write <blob@a>"),
        ("", "not a type"),
        ("5", "not a type"),
    ],
)
def test_wrong_types_name_the_fix(text: str, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_type(text)
    assert words in str(caught.value)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=15).filter(
            lambda text: not text.endswith(" ")
        ),
        min_size=1,
        max_size=5,
        unique=True,
    )
)
def test_every_enum_is_read_back(members: list[str]) -> None:
    type_ = core_type("enum", *members)
    assert parse_type(type_.text).args == tuple(members)


def test_plain_kinds_are_types() -> None:
    for kind in KINDS.values():
        if kind.is_core and kind.name not in ("decimal", "char", "varchar", "enum"):
            assert parse_type(kind.name).kind == kind.name


def test_types_of_one_column() -> None:
    assert same_column_type(parse_type("int(11) unsigned"), parse_type("uint32"))
    assert same_column_type(parse_type("decimal(6)"), parse_type("decimal(6,0)"))
    assert same_column_type(parse_type("double"), parse_type("float64"))
    assert not same_column_type(parse_type("mediumint"), parse_type("int32"))
    assert not same_column_type(parse_type("year"), parse_type("uint16"))
    assert not same_column_type(parse_type("varchar(5)"), parse_type("varchar(6)"))
    assert not same_column_type(parse_type("<blob>"), parse_type("bytes"))


def test_references_to_numbered_keys_are_not_numbered() -> None:
    assert without_numbering(parse_type("serial")) == parse_type("bigint unsigned")
    assert without_numbering(parse_type("int unsigned auto_increment")) == parse_type("int unsigned")
    assert without_numbering(parse_type("int32")) == parse_type("int32")
