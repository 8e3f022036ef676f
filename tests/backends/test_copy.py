"""Copying between databases: what arrives, what is refused, and how an interrupted copy goes on."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

import datamill as dm
from datamill.cli.commands import app
from datamill.data.values import to_driver
from datamill.errors import DataMillError, DefinitionError, IntegrityError, MissingTableError
from datamill.maintenance import copy_rows
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection

ALL_TYPES = """
# A row of every type: it's "quoted", 100 %
number : int32
word : varchar(20)
---
a : int8
b : int16
c : int64
d : uint8
e : uint16
f : uint32
g : uint64
h : float32
i : float64
j : decimal(12,4)
k : bool
l : char(4)
m = 'x y' : enum('x y','z')   # member: with blank
n : date
o : datetime
p : datetime(6)
q : time(3)
r : uuid
s : json
t : bytes
u : <blob>
v : <attach>
w = null : float64
index (a, b)
unique index (c)
"""


def row(number: int, attached: Path) -> dict[str, Any]:
    return {
        "number": number,
        "word": f"wörd {number}",
        "a": -128 + number,
        "b": 2**15 - 1,
        "c": -(2**63) + number,
        "d": 255,
        "e": 2**16 - 1,
        "f": 2**32 - 1,
        "g": 2**64 - 1,
        "h": 0.1,
        "i": 1 / 3,
        "j": Decimal("-12345.6700"),
        "k": True,
        "l": "ab",
        "n": date(2024, 2, 29),
        "o": datetime(2024, 2, 29, 12, 30, 59),
        "p": datetime(2024, 2, 29, 12, 30, 59, 123456),
        "q": time(23, 59, 59, 999000),
        "r": uuid.UUID(int=number),
        "s": {"b": [1, 2.5, None, True], "a": "ü", "big": [1e3, 1e16, 1e300]},
        "t": bytes(range(256)),
        "u": {"x": np.arange(5), "y": [number, None]},
        "v": attached,
    }


def declare_lab(connection: Connection, folder: Path) -> dict[str, Any]:
    """Make two schemas with every tier and form of reference, and rows in them."""
    schema, other = dm.Schema("lab", connection=connection), dm.Schema("lab_two", connection=connection)

    @schema
    class Everything(dm.Manual):
        definition = ALL_TYPES

    @schema
    class Rig(dm.Lookup):
        definition = """
        rig : varchar(8)
        ---
        power = 1.5 : float32
        """
        contents = [("a", 1.25), ("b", 2.5)]

    @schema
    class Only(dm.Manual):
        definition = """
        ---
        setting : varchar(10)
        """

    @schema
    class Scan(dm.Manual):
        definition = """
        -> Everything
        scan : int16
        ---
        -> [nullable] Rig
        -> [unique, nullable] Rig.proj(backup='rig')
        """

        class Frame(dm.Part):
            definition = """
            -> master
            frame : int32
            ---
            image : <blob>
            """

    @other
    class Result(dm.Computed):
        definition = """
        -> Scan
        ---
        value : float64
        """

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "value": key["number"] / 3})

    attached = folder / "note.txt"
    attached.write_text("attached", encoding="utf-8")
    Everything.insert([row(number, attached) for number in range(7)])
    Only.insert1({"setting": "on"})
    keys = (Everything & "number > 2").keys()
    Scan.insert(
        [{**key, "scan": 1, "rig": "a" if index else None, "backup": None} for index, key in enumerate(keys)]
    )
    Scan.Frame.insert(
        [
            {**key, "scan": 1, "frame": frame, "image": np.full(50, frame)}
            for key in keys
            for frame in range(3)
        ]
    )
    Result.populate()
    return {"Everything": Everything, "Rig": Rig, "Only": Only, "Scan": Scan, "Result": Result}


@pytest.fixture
def target_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'target.db'}"


@pytest.fixture
def target(target_url: str) -> Iterator[Connection]:
    with dm.Connection(url=target_url) as connection:
        yield connection


def rows_of(connection: Connection) -> dict[str, Any]:
    """Return all rows of all tables as they are stored, in canonical values; lineage of hidden tables left out."""
    found = {}
    for schema in connection.catalog.list_schemas():
        for name, spec in connection.catalog.load(schema, hidden=True).items():
            batches = copy_rows.read_table(connection, spec)
            rows = (row for batch in batches for row in zip(*batch, strict=True))
            found[str(name)] = sorted(
                repr(list(map(plain, row))) for row in rows if not re.match("~[^~]", str(row[0]))
            )
    return found


def plain(value: Any) -> Any:
    """Return JSON as text; and truth as a number, as columns of hidden tables, without type record, give it."""
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return int(value) if isinstance(value, bool) else value


def definitions_of(connection: Connection, schema: str) -> dict[str, str]:
    return {
        name: dm.FreeTable(connection, f"{schema}.{name}").describe()
        for name in dm.Schema(schema, connection=connection).list_tables()
    }


def test_everything_arrives_and_comes_back(
    connection: Connection, target: Connection, tmp_path: Path
) -> None:
    declare_lab(connection, tmp_path)
    report = dm.copy_database(connection, target)
    assert report.copied == report.rows >= 30
    for schema in ("lab", "lab_two"):
        assert definitions_of(target, schema) == definitions_of(connection, schema)
    assert rows_of(target) == rows_of(connection)
    lab = dm.VirtualModule("lab", "lab", connection=target)
    theirs = dm.VirtualModule("lab", "lab", connection=connection)
    assert (lab.Everything & "number = 3").fetch1("u")["y"] == [3, None]
    assert (lab.Everything & "number = 3").fetch1("s", "r") == (theirs.Everything & "number = 3").fetch1(
        "s", "r"
    )
    assert not [name for name in target.catalog.load("lab", hidden=True) if name.table == "~copy"]


def test_the_way_back(connection: Connection, target: Connection, tmp_path: Path) -> None:
    declare_lab(target, tmp_path)
    dm.copy_database(target, connection, ["lab", "lab_two"])
    assert rows_of(connection) == rows_of(target)
    again = dm.copy_database(target, connection, ["lab", "lab_two"])
    assert again.copied == 0
    lab = dm.VirtualModule("lab_two", "lab_two", connection=connection)
    assert len(lab.Result()) == 4


def test_a_second_copy_adds_what_is_new_and_refuses_what_differs(
    connection: Connection, target: Connection, tmp_path: Path
) -> None:
    tables = declare_lab(connection, tmp_path)
    first = dm.copy_database(connection, target)
    tables["Everything"].insert1(row(9, tmp_path / "note.txt"))
    second = dm.copy_database(connection, target)
    assert second.rows == first.rows + 1
    assert rows_of(target) == rows_of(connection)
    rig = dm.VirtualModule("lab", "lab", connection=target).Rig
    rig.update1({"rig": "a", "power": 9.0})
    with pytest.raises(IntegrityError, match=r"lab\.#rig"):
        dm.copy_database(connection, target)


def test_an_interrupted_copy_goes_on(
    connection: Connection, target: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = declare_lab(connection, tmp_path)
    monkeypatch.setattr(copy_rows, "ROWS_WRITTEN", 2)
    monkeypatch.setattr(copy_rows, "ROWS_READ_WITH_BLOBS", 2)
    dm.copy_database(connection, target, dry_run=True)
    assert not target.catalog.list_schemas()
    plain = to_driver
    calls: list[int] = []

    def fail_late(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) > 60:
            raise KeyboardInterrupt
        return plain(*arguments)

    monkeypatch.setattr(copy_rows, "to_driver", fail_late)
    with pytest.raises(KeyboardInterrupt):
        dm.copy_database(connection, target)
    monkeypatch.setattr(copy_rows, "to_driver", plain)
    half = len(dm.VirtualModule("lab", "lab", connection=target).Everything())
    assert 0 < half < len(tables["Everything"]())
    report = dm.copy_database(connection, target)
    assert 0 < report.copied < report.rows
    assert rows_of(target) == rows_of(connection)


def test_definitions_that_differ_are_refused_before_anything_is_written(
    connection: Connection, target: Connection, tmp_path: Path
) -> None:
    declare_lab(connection, tmp_path)
    schema = dm.Schema("lab", connection=target)

    @schema
    class Rig(dm.Lookup):
        definition = """
        rig : varchar(9)
        ---
        power = 1.5 : float32
        """

    with pytest.raises(DefinitionError, match=r"varchar\(8\)"):
        dm.copy_database(connection, target)
    assert target.catalog.list_schemas() == ["lab"]
    assert list(target.catalog.load("lab")) == [TableName("lab", "#rig")]


def test_what_is_missing_is_named(connection: Connection, target: Connection, tmp_path: Path) -> None:
    declare_lab(connection, tmp_path)
    with pytest.raises(MissingTableError, match="Copy schema lab too"):
        dm.copy_database(connection, target, "lab_two")
    with pytest.raises(DataMillError, match="lab_two"):
        dm.copy_database(connection, target, ["lab_to"])
    with pytest.raises(DataMillError, match="both source and destination"):
        dm.copy_database(connection, connection)
    with target.transaction, pytest.raises(DataMillError, match="transaction is open"):
        dm.copy_database(connection, target)
    assert target.catalog.list_schemas() == []
    dm.copy_database(connection, target, "lab")
    dm.copy_database(connection, target, "lab_two")


@pytest.mark.filterwarnings("ignore::datamill.errors.NativeTypeWarning")
def test_job_tables_hidden_columns_and_numbers_go_along(connection: Connection, target: Connection) -> None:
    schema = dm.Schema("lab", connection=connection)
    connection.config["jobs.add_job_metadata"] = True

    @schema
    class Entry(dm.Manual):
        definition = """
        entry : int auto_increment
        ---
        text : varchar(9)
        """

    @schema
    class Work(dm.Computed):
        definition = """
        -> Entry
        ---
        done : bool
        """

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "done": True})

    Entry.insert([{"text": "a"}, {"text": "b"}])
    Work.populate(Entry & "entry = 1")
    Work().jobs.refresh()
    dm.copy_database(connection, target)
    assert rows_of(target) == rows_of(connection)
    started = "SELECT count(*) FROM {} WHERE _job_start_time IS NOT NULL"
    table = target.dialect.table(TableName("lab", "__work"))
    assert target.query(started.format(table)).fetchone() == (1,)
    jobs = target.dialect.table(TableName("lab", "~~work"))
    assert target.query(f"SELECT count(*) FROM {jobs}").fetchone() == (1,)
    copied = dm.FreeTable(target, "lab.entry")
    copied.insert1({"text": "c"})
    assert sorted(copied.to_arrays("entry")) == [1, 2, 3]


def test_the_command(connection: Connection, target_url: str, tmp_path: Path) -> None:
    declare_lab(connection, tmp_path)
    source = connection.address.to_url(show_password=True)
    run = CliRunner().invoke(app, ["copy", source, target_url, "lab", "lab_two", "--dry-run"])
    assert run.exit_code == 0
    assert "would be copied" in run.output
    run = CliRunner().invoke(app, ["copy", source, target_url, "--no-progress"])
    assert run.exit_code == 0
    assert "copied and verified" in run.output
    run = CliRunner().invoke(app, ["copy", source, target_url, "--dry-run", "--json"])
    report = json.loads(run.output)
    assert report["dry_run"]
    assert {table["copied"] for table in report["tables"]} == {0}
    run = CliRunner().invoke(app, ["copy", source, target_url, "nothing"])
    assert run.exit_code == 1
    assert "DataMillError" in run.output


def test_a_source_without_schemas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataMillError, match="has no schemas to copy"):
        dm.copy_database(f"sqlite:///{tmp_path / 'typo.db'}", f"sqlite:///{tmp_path / 'mine.db'}")
