"""Drift: what was declared a moment ago is as declared, whatever its types; what differs is said, and altered."""

from __future__ import annotations

import re

import pytest
from tests.backends.conftest import SERVERS, only_on

import datamill as dm
from datamill.data.connection import Connection
from datamill.model.types import KINDS

pytestmark = pytest.mark.filterwarnings("ignore::datamill.errors.NativeTypeWarning")

_SIGNS = ("", " unsigned")
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "integer", "bigint")
INTEGERS = [name + size + sign for name in _INTEGERS for size in ("", "(1)", "(9)") for sign in _SIGNS]
FLOATS = [
    name + size + sign for name in ("float", "double", "real") for size in ("", "(7,3)") for sign in _SIGNS
]
DECIMALS = [
    name + size + sign
    for name in ("decimal", "numeric", "dec", "fixed")
    for size in ("", "(7)", "(7,3)")
    for sign in _SIGNS
]
CORE = [
    *(
        kind.name
        for kind in KINDS.values()
        if kind.is_core and kind.name not in ("char", "varchar", "enum", "decimal")
    ),
    *("decimal(5)", "DECIMAL(5, 2)", "char(3)", "varchar(9)", "enum('a','b')", """enum( "x",'y')"""),
    *("datetime(0)", "datetime(3)", "timestamp(0)", "timestamp(2)", "time(0)", "time(6)"),
    *("boolean", "jsonb", "<blob>", "<attach>"),
]
OTHERS = [
    *("tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob"),
    *("text(10)", "text(100)", "text(70000)", "blob(100)", "blob(70000)", "year", "year(4)"),
    *("double precision", "float(10)", "float(30)"),
]
TYPES = [*CORE, *INTEGERS, *FLOATS, *DECIMALS, *OTHERS]
NUMBERED = ["serial", *(f"{name}{sign} auto_increment" for name in _INTEGERS for sign in _SIGNS)]
KEYS = [
    *(name for name in CORE if not name.startswith(("<", "json", "bytes", "float"))),
    *("mediumint", "mediumint unsigned", "int(11)", "tinyint unsigned", "dec(4)", "year"),
    *NUMBERED,
]


def declare(url: str, definitions: dict[str, str]) -> list[type[dm.UserTable]]:
    """Declare classes, on a connection that knows of nothing, each of which may name those before it."""
    schema = dm.Schema("lab", connection=dm.Connection(url=url))
    found: dict[str, type[dm.UserTable]] = {}
    for name, text in definitions.items():
        scope: dict[str, object] = {"definition": text}
        if " auto_increment" in text or "serial" in text:
            scope["Piece"] = type("Piece", (dm.Part,), {"definition": "-> master\nn : int32"})
        found[name] = schema(type(name, (dm.Manual,), scope), context=dict(found))
    return [*found.values(), *(cls.Piece for cls in found.values() if hasattr(cls, "Piece"))]


def assert_no_drift(url: str, definitions: dict[str, str]) -> None:
    declare(url, definitions)
    tables = declare(url, definitions)  # which warns of drift, too, and so fails
    assert {cls.__name__: cls.drift() for cls in tables if cls.drift()} == {}
    plans = [cls.alter(prompt=False) for cls in tables]
    assert [plan for plan in plans if plan] == []


def test_every_type_is_as_declared(database_url: str) -> None:
    chunks = [TYPES[start : start + 20] for start in range(0, len(TYPES), 20)]
    definitions = {}
    for number, types in enumerate(chunks):
        lines = [f"a{place} : {text}\nb{place} = null : {text}" for place, text in enumerate(types)]
        definitions[f"T{number}"] = "k : int32\n---\n" + "\n".join(lines)
    assert_no_drift(database_url, definitions)


@pytest.mark.filterwarnings("ignore:.*is a float")
def test_every_key_and_what_refers_to_it_is_as_declared(database_url: str) -> None:
    definitions = {}
    for number, text in enumerate(KEYS):
        definitions[f"T{number}"] = f"k : {text}\n---\nb : int32"
        definitions[f"C{number}"] = f"-> T{number}\n---\nc : int32"
        definitions[f"D{number}"] = f"d : int32\n---\n-> [nullable] C{number}.proj(other='k')"
    assert_no_drift(database_url, definitions)


def test_numbers_go_on_after_an_alteration(connection: Connection) -> None:
    schema = dm.Schema("lab", connection=connection)
    text = "k : serial\n---\nb : int32"
    table = schema(type("T", (dm.Manual,), {"definition": text}))
    table.insert([{"b": 1}, {"b": 2}])
    table.definition = text + "\nc = 0 : int32"
    table.alter(prompt=False)
    table.insert1({"b": 3})
    assert sorted(table.to_arrays("k").tolist()) == [1, 2, 3]


def test_a_key_becomes_numbered_and_plain_again(connection: Connection) -> None:
    schema = dm.Schema("lab", connection=connection)
    table = schema(type("T", (dm.Manual,), {"definition": "k : int64\n---\nb : int32"}))
    table.insert([{"k": 5, "b": 1}, {"k": 9, "b": 2}])
    table.definition = "k : bigint auto_increment\n---\nb : int32"
    assert table.drift() == ["Attribute k is bigint auto_increment in code, int64 in the database."]
    table.alter(prompt=False)
    table.insert1({"b": 3})
    assert sorted(table.to_arrays("k").tolist()) == [5, 9, 10]
    table.definition = "k : int64\n---\nb : int32"
    (difference,) = table.drift()
    assert re.match(r"Attribute k is int64 in code, bigint(\(20\))? auto_increment in the", difference)
    table.alter(prompt=False)
    assert table.drift() == []


def test_marks_of_renames_are_no_drift(connection: Connection) -> None:
    schema = dm.Schema("lab", connection=connection)
    table = schema(type("T", (dm.Manual,), {"definition": "a : int32\n---\nb : int32  # of two"}))
    table.insert1({"a": 1, "b": 2})
    table.definition = "a : int32\n---\nc : int32  # {b} of two"
    assert len(table.drift()) == 2
    table.alter(prompt=False)
    assert table.drift() == []
    assert table.to_dicts() == [{"a": 1, "c": 2}]


@only_on(*(name for name in SERVERS if name != "postgresql"))
def test_mediumint_is_what_it_is(connection: Connection) -> None:
    """Foreign keys to columns of other pipelines must have just their type."""
    schema = dm.Schema("lab", connection=connection)
    connection.query(
        "CREATE TABLE lab.mouse (k mediumint unsigned NOT NULL PRIMARY KEY, s mediumint NOT NULL)"
    )
    mouse = dm.FreeTable(connection, "lab.mouse")
    assert "k : mediumint unsigned" in re.sub(r" +", " ", mouse.describe())
    child = schema(type("C", (dm.Manual,), {"definition": "-> Mouse\nn : int32"}), context={"Mouse": mouse})
    mouse.insert1({"k": 70_000, "s": -3})
    child.insert1({"k": 70_000, "n": 1})
    assert (mouse * child).to_dicts() == [{"k": 70_000, "n": 1, "s": -3}]
