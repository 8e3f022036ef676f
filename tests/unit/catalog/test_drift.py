"""Drift between code and database, as sentences."""

from __future__ import annotations

import pytest

from datamill.catalog import compare
from datamill.language import parse_definition, resolve_definition
from datamill.model.names import TableName
from datamill.model.table import TableSpec

PARENT = "a : int32\nb : int32"


def resolve(text: str, table: str, parents: dict[str, TableSpec]) -> TableSpec:
    return resolve_definition(
        parse_definition(text),
        TableName("lab", table),
        lookup=lambda reference: parents[reference.text],
        stored_type=lambda declared: declared,
    )


def spec(text: str) -> TableSpec:
    return resolve(text, "t", {"p": resolve(PARENT, "parent", {})})


@pytest.mark.parametrize(
    ("code", "database", "expected"),
    [
        ("x : int32", "x : int32", []),
        ("x : int32\n---\ny : int8", "x : int32", ["y : int8 is not in the database"]),
        ("x : int32", "x : int32\n---\ny : int8", ["y : int8 is not in code"]),
        ("x : int32", "x : int64", ["x is int32 in code, int64 in the database"]),
        ("x : int32", "x : int32 # comment", []),
        ("x:int32\n---\nd : decimal(6)", "x:int32\n---\nd : decimal(6,0)", []),
        ("x:int32\n---\nd : bool", "x:int32\n---\nd : boolean", []),
        ("x:int32\n---\ny=null : int8", "x:int32\n---\ny : int8", ["y is nullable in code, required"]),
        (
            "x:int32\n---\ny=1 : int8",
            "x:int32\n---\ny=2 : int8",
            ["y has the default 1 in code, the default 2"],
        ),
        ("x:int32\n---\ny=1 : int8", "x:int32\n---\ny : int8", ["y has the default 1 in code, no default"]),
        ("x:int32\n---\ny:date\nz:date", "x:int32\n---\nz:date\ny:date", ["order of attributes"]),
        ("x:int32\ny:date", "x:int32\n---\ny:date", ["y is in the primary key in code, not in"]),
        (
            "x:int32\n---\n-> p",
            "x:int32\n---\na:int32\nb:int32",
            ["(a, b) -> lab.parent is not in the database"],
        ),
        ("x:int32\n---\n->[unique] p", "x:int32\n---\n-> p", ["is unique in code only"]),
        ("x:int32\n---\n-> p\nunique index (a, b)", "x:int32\n---\n->[unique] p", []),
        ("x:int32\n---\n-> p\nindex (a, b)", "x:int32\n---\n-> p", []),
        ("x:int32\n---\n-> p\nindex (b, a)", "x:int32\n---\n-> p", ["index (b, a) is not in the database"]),
        (
            "x:int32\n---\ny:date\nindex(y)",
            "x:int32\n---\ny:date\nunique index(y)",
            ["index (y)", "unique index (y)"],
        ),
    ],
)
def test_differences(code: str, database: str, expected: list[str]) -> None:
    found = compare(spec(code), spec(database))
    assert len(found) == len(expected), found
    for text, part in zip(found, expected, strict=True):
        assert part in text


def test_comments_are_told_apart() -> None:
    ours, theirs = spec("# one\nx : int32 # a"), spec("# two\nx : int32 # b")
    assert compare(ours, theirs) == []
    assert len(compare(ours, theirs, comments=True)) == 2
