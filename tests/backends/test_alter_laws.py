"""Law of altering: the table becomes what was declared, its dependents fit, or nothing at all changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.backends.conftest import resolve

from datamill.catalog import alter, compare
from datamill.data.connection import Connection
from datamill.errors import DataMillError
from datamill.language import describe, quoted_name
from datamill.model.names import TableName

TABLES = ("t", "child", "grandchild")
KEY_TYPES = ("int32", "int64", "varchar(9)")
TYPES = (*KEY_TYPES, "float64", "int8", "date")


@dataclass(frozen=True)
class Shape:
    """A table by its attributes: name -> type, and name -> (type, default)."""

    key: dict[str, str]
    rest: dict[str, tuple[str, str]]

    @property
    def definition(self) -> str:
        above = [f"{name} : {type_}" for name, type_ in self.key.items()]
        below = [f"{name}{default} : {type_}" for name, (type_, default) in self.rest.items()]
        return "\n".join([*above, "---", *below])

    @property
    def types(self) -> dict[str, str]:
        return {**self.key, **{name: type_ for name, (type_, _) in self.rest.items()}}


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    names = draw(st.permutations("abcde"))
    size = draw(st.integers(1, 2))
    others = names[size : size + draw(st.integers(0, 3))]
    return Shape(
        {name: draw(st.sampled_from(KEY_TYPES)) for name in names[:size]},
        {name: (draw(st.sampled_from(TYPES)), draw(st.sampled_from(["", "=null"]))) for name in others},
    )


def value(type_: str, number: int) -> Any:
    if type_ == "float64":
        return float(number)
    return {"varchar(9)": str(number), "date": f"2024-01-0{number}"}.get(type_, number)


@contextmanager
def pipeline(shape: Shape, count: int) -> Iterator[Connection]:
    """A database with the table, two generations of dependents, and some rows in each."""
    with Connection(url="sqlite://") as connection:
        connection.catalog.create_schema("lab")
        others = ", ".join(f"other_{name}='{name}'" for name in shape.key)
        child = f"-> lab.t\nx : int8\n---\n-> [nullable] lab.t.proj({others})"
        for table, definition in zip(TABLES, (shape.definition, child, "-> lab.child"), strict=True):
            connection.catalog.declare(resolve(connection, "lab", table, definition))
        inherited = {**shape.key, "x": "int8"}
        for table, types in zip(TABLES, (shape.types, inherited, inherited), strict=True):
            columns = [[value(type_, number + 1) for number in range(count)] for type_ in types.values()]
            if count:
                connection.session.insert_columns(TableName("lab", table), tuple(types), columns)
        yield connection


def state(connection: Connection) -> list[Any]:
    connection.catalog.invalidate()
    names = (*TABLES, "~lineage")
    return [
        connection.catalog.load("lab", hidden=True),
        *(connection.query(f'SELECT * FROM "lab.{name}"').fetchall() for name in names),
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shapes(), shapes(), st.integers(0, 3), st.data())
def test_all_or_nothing(before: Shape, after: Shape, count: int, data: st.DataObject) -> None:
    new = [name for name in after.types if name not in before.types]
    old = [name for name in before.types if name not in after.types]
    renames = (
        dict(zip(new, data.draw(st.permutations(old)), strict=False)) if data.draw(st.booleans()) else {}
    )
    filled = data.draw(st.lists(st.sampled_from([*after.types]), unique=True))
    fill = {name: value(after.types[name], 1) for name in filled}
    with pipeline(before, count) as connection:
        earlier = state(connection)
        declared = resolve(connection, "lab", "t", after.definition)
        loss, reorder = data.draw(st.booleans()), data.draw(st.booleans())
        options: dict[str, Any] = {
            "renames": renames,
            "fill": fill,
            "allow_data_loss": loss,
            "reorder": reorder,
        }
        try:
            alter(connection, declared, prompt=False, **options)
        except DataMillError as error:
            event(type(error).__name__)
            assert state(connection) == earlier
            return
        event("altered")
        differences = compare(declared, connection.catalog.spec(declared.name), comments=True)
        assert [text for text in differences if reorder or "order of attributes" not in text] == []
        assert connection.query("PRAGMA foreign_key_check").fetchall() == []
        assert connection.query("PRAGMA foreign_keys").fetchall() == [(1,)]
        for name, spec in connection.catalog.load("lab").items():
            text = describe(spec, quoted_name, connection.catalog.find)
            assert compare(resolve(connection, "lab", name.table, text), spec, comments=True) == []
        counts = [connection.query(f'SELECT count(*) FROM "lab.{name}"').fetchone()[0] for name in TABLES]
        assert counts == [count] * 3
