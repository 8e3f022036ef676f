"""Exports: complete, checked, and readable without datamill."""

from __future__ import annotations

import datetime
import decimal
import json
import runpy
import subprocess
import sys
import types
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import datamill as dm
from datamill.cli.commands import app
from datamill.errors import ConfigError, DataMillError, DuplicateError, ObjectIntegrityError
from datamill.maintenance import export_project, export_rows

pytest.importorskip("pyarrow")
SUBJECT = """
# Subjects
subject : varchar(20)   # its name
---
sex : enum('F', 'M')
tag = null : uuid
weight = null : decimal(6,2)
born = null : date
seen = null : datetime(6)
notes = null : json
"""
SCAN = """
-> Subject
scan : int32
---
raw = null : <hash@>
settings = null : <blob>
stored = null : <blob@>
trace = null : <npy@>
folder = null : <object@>
file = null : <filepath@>
"""
ROW: dict[str, Any] = {
    "sex": "F",
    "tag": uuid.UUID(int=7),
    "weight": decimal.Decimal("21.50"),
    "born": datetime.date(2024, 1, 2),
    "seen": datetime.datetime(2024, 1, 2, 3, 4, 5, 6),
    "notes": {"a": [1, 2]},
}


class Lab:
    def __init__(self, url: str, store: dict[str, Any]) -> None:
        stores = {"default": "main", "filepath_default": "main", "main": store}
        self.instance = dm.Instance(url=url, safemode=False, stores=stores)
        self.connection = self.instance.connection

    def declare(self) -> None:
        self.schema = self.instance.Schema("lab")

        def body_of(definition: str) -> Callable[[dict[str, Any]], None]:
            return lambda body: body.update(definition=definition)

        names: dict[str, Any] = {}
        for name, definition in (("Subject", SUBJECT), ("Scan", SCAN)):
            cls = types.new_class(name, (dm.Manual,), exec_body=body_of(definition))
            names[name] = self.schema(cls, context=names)
        self.subject, self.scan = names["Subject"], names["Scan"]

    def fill(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "a b.txt").write_bytes(b"1")
        (folder / "sub").mkdir()
        (folder / "sub" / "c").write_bytes(b"22")
        self.connection.stores.backend().put_buffer(b"theirs", "raw/x")
        self.subject.insert([{"subject": "Ann/1", **ROW}, {"subject": "Bob", "sex": "M"}])
        self.scan.insert(
            {
                "subject": "Ann/1",
                "scan": number,
                "raw": b"same",
                "settings": {"gain": number},
                "stored": np.arange(number),
                "trace": np.ones((3, number)),
                "folder": folder,
                "file": "raw/x",
            }
            for number in range(3)
        )
        self.scan.insert1({"subject": "Bob", "scan": 1})


@pytest.fixture
def lab(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    (tmp_path / "store").mkdir()
    lab = Lab(database_url, {"protocol": "file", "location": str(tmp_path / "store")})
    lab.declare()
    lab.fill(tmp_path / "folder")
    yield lab
    lab.connection.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(f"sqlite:///{tmp_path / 'other.db'}", {"protocol": "memory", "location": tmp_path.name})
    lab.connection.stores.backend().put_buffer(b"theirs", "raw/x")
    yield lab
    lab.connection.close()


def test_an_export_comes_back_whole(lab: Lab, other: Lab, tmp_path: Path) -> None:
    manifest = dm.export_project(str(tmp_path / "out"), lab.schema, display_progress=True)
    assert {item["table"]: item["rows"] for item in manifest["tables"]} == {"subject": 2, "scan": 4}
    counts = dm.import_project(str(tmp_path / "out"), connection=other.connection)
    assert sum(counts.values()) == 6
    other.declare()
    assert other.subject.to_dicts(order_by="KEY") == lab.subject.to_dicts(order_by="KEY")
    for mine, theirs in zip(
        lab.scan.to_dicts(order_by="KEY"), other.scan.to_dicts(order_by="KEY"), strict=True
    ):
        for name in ("subject", "scan", "raw", "settings"):
            assert mine[name] == theirs[name]
        assert np.array_equal(mine["stored"], theirs["stored"])
        if mine["trace"] is not None:
            assert np.array_equal(mine["trace"].load(), theirs["trace"].load())
            assert theirs["folder"].open("sub/c").read() == b"22"
            assert theirs["folder"].verify()
            assert theirs["file"].read() == b"theirs"
    assert other.schema.verify_objects("hash")["corrupt"] == []
    found = {item.path for item in other.connection.stores.backend().list()}
    assert len([path for path in found if path.startswith("_hash/lab/")]) == 4


def test_the_folder_opens_without_datamill(lab: Lab, tmp_path: Path) -> None:
    duckdb, pandas = pytest.importorskip("duckdb"), pytest.importorskip("pandas")
    out = tmp_path / "out"
    dm.export_project(str(out), lab.schema, partition=["subject"])
    glob = str(out / "lab/tables/scan/**/*.parquet")
    query = (
        f"SELECT subject, count(*) FROM read_parquet('{glob}', hive_partitioning=false) GROUP BY 1 ORDER BY 1"
    )
    assert duckdb.sql(query).fetchall() == [("Ann/1", 3), ("Bob", 1)]
    frame = pandas.read_parquet(out / "lab/tables/scan/subject=Bob/part-0000.parquet")
    assert list(frame["scan"]) == [1]
    frame = pandas.read_parquet(out / "lab/tables/scan/subject=Ann%2F1/part-0000.parquet")
    traces = [np.load(out / "lab" / json.loads(text)["path"]) for text in frame["trace"]]
    assert [trace.shape for trace in traces] == [(3, 0), (3, 1), (3, 2)]
    subjects = pandas.read_parquet(out / "lab/tables/subject/subject=Ann%2F1/part-0000.parquet")
    assert subjects["tag"][0] == uuid.UUID(int=7).bytes
    import pyarrow.parquet as parquet

    schema = parquet.read_schema(out / "lab/tables/subject/subject=Bob/part-0000.parquet")
    assert schema.field("subject").metadata == {
        b"datamill.type": b"varchar(20)",
        b"datamill.comment": b"its name",
    }
    assert str(schema.field("sex").type).startswith("dictionary")
    assert "class Scan(dm.Manual):" in (out / "lab/schema.py").read_text()
    compile((out / "lab/schema.py").read_text(), "schema.py", "exec")
    assert "secret" not in (out / "datajoint.toml").read_text()
    assert set(json.loads((out / "manifest.json").read_text())) == {
        "format",
        "created",
        "objects",
        "tables",
        "files",
    }


def test_parts_of_a_project(lab: Lab, other: Lab, tmp_path: Path) -> None:
    dm.export_project(str(tmp_path / "out"), lab.subject & "subject = 'Bob'", lab.scan & "subject = 'Bob'")
    dm.import_project(str(tmp_path / "out"), connection=other.connection)
    other.declare()
    assert (len(other.subject()), len(other.scan())) == (1, 1)
    dm.export_project(str(tmp_path / "plain"), lab.schema, objects="none")
    assert not (tmp_path / "plain/lab/objects").exists()
    manifest = dm.export_project(str(tmp_path / "plain"), lab.schema, objects="reference", overwrite=True)
    assert not any("/objects/" in item["path"] for item in manifest["files"])
    for bad, match in (
        ((lab.scan.proj(),), "whole rows"),
        ((lab.scan, lab.scan), "twice"),
        ((lab.scan * lab.subject,), "Only"),
    ):
        with pytest.raises(DataMillError, match=match):
            dm.export_project(str(tmp_path / "bad"), *bad)
    with pytest.raises(DataMillError, match="not empty"):
        dm.export_project(str(tmp_path / "plain"), lab.schema)
    with pytest.raises(DataMillError, match="is none of"):
        dm.export_project(str(tmp_path / "bad2"), lab.schema, objects="some")


def test_what_was_changed_is_not_imported(lab: Lab, other: Lab, tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = dm.export_project(str(out), lab.schema)
    victim = out / next(item["path"] for item in manifest["files"] if "/objects/scan-trace/" in item["path"])
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(bytes(content))
    with pytest.raises(ObjectIntegrityError, match="not what was exported"):
        dm.import_project(str(out), connection=other.connection)
    assert other.connection.catalog.list_schemas() == []
    content[-1] ^= 1
    victim.write_bytes(bytes(content))
    manifest["files"][0]["path"] = "../outside"
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataMillError, match="leaves the store"):
        dm.import_project(str(out), connection=other.connection)
    for text in ("{", "[]", json.dumps({**manifest, "format": 99})):
        (out / "manifest.json").write_text(text)
        with pytest.raises(DataMillError, match=r"is no export|is an export of format"):
            dm.import_project(str(out), connection=other.connection)
    with pytest.raises(DataMillError, match=r"is no export: it has no manifest\.json"):
        dm.import_project(str(tmp_path / "typo"), connection=other.connection)
    (out / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(DataMillError, match="format 99"):
        dm.import_project(str(out), connection=other.connection)


def test_existing_keys_conflict_and_nothing_is_inserted(lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dm.export_project(str(out), lab.schema)
    (lab.scan & "scan = 2").delete_quick()
    before = {item.path for item in lab.connection.stores.backend().list("_schema")}
    with pytest.raises(DuplicateError):
        dm.import_project(str(out), connection=lab.connection)
    assert len(lab.scan()) == 3
    assert {item.path for item in lab.connection.stores.backend().list("_schema")} == before


@pytest.fixture
def two_schemas(tmp_path: Path) -> str:
    """An export of lab.sample and of lab_two.result, which refers to it and needs a store."""
    with dm.Instance(url=f"sqlite:///{tmp_path / 'source.db'}", safemode=False).connection as source:
        names: dict[str, Any] = {}
        definitions = {
            "Sample": "sample : int32",
            "Result": "-> Sample\n---\nvalue : float64\nraw = null : <hash@far>",
        }
        stores = {"far": {"protocol": "memory", "location": tmp_path.name}}
        with source.config.override(stores=stores):
            for schema, (name, definition) in zip(("lab", "lab_two"), definitions.items(), strict=True):
                names[name] = type(name, (dm.Manual,), {"definition": definition})
                dm.Schema(schema, connection=source)(names[name], context=dict(names))
            names["Sample"].insert({"sample": number} for number in range(3))
            names["Result"].insert({"sample": number, "value": 1.5, "raw": b"x"} for number in range(3))
            dm.export_project(str(tmp_path / "two"), connection=source)
    return str(tmp_path / "two")


@pytest.mark.parametrize("reason", ["rows", "attributes", "store", "files"])
def test_a_failed_import_leaves_nothing(
    two_schemas: str, database_url: str, tmp_path: Path, reason: str
) -> None:
    stores = {} if reason == "store" else {"far": {"protocol": "memory", "location": tmp_path.name}}
    errors = {"rows": DuplicateError, "store": ConfigError, "files": ObjectIntegrityError}
    result: Any = None
    with dm.Instance(url=database_url, safemode=False, stores=stores).connection as target:
        if reason in ("rows", "attributes"):
            value = "float64" if reason == "rows" else "int32"
            definition = f"-> Own\n---\nvalue : {value}\nraw = null : <hash@far>"
            own = type("Own", (dm.Manual,), {"definition": "sample : int32"})
            result = type("Result", (dm.Manual,), {"definition": definition})
            schema = dm.Schema("lab_two", connection=target)
            schema(own)
            schema(result, context={"Own": own})
            own.insert({"sample": number} for number in range(3))  # type: ignore[attr-defined]
            result.insert1({"sample": 1, "value": 3})
        if reason == "files":
            next(Path(two_schemas).rglob("result/*.parquet")).write_bytes(b"damaged")
        before = {name: set(target.catalog.load(name, hidden=True)) for name in target.catalog.list_schemas()}
        with pytest.raises(errors.get(reason, DataMillError)) as caught:
            dm.import_project(two_schemas, connection=target)
        assert "skip_duplicates" not in str(caught.value)
        target.catalog.invalidate()
        after = {name: set(target.catalog.load(name, hidden=True)) for name in target.catalog.list_schemas()}
        assert after == before
        if result is not None:
            assert result().to_dicts() == [{"sample": 1, "value": 3, "raw": None}]


@pytest.mark.filterwarnings("ignore::datamill.errors.NativeTypeWarning")
@pytest.mark.parametrize("kind", ["serial", "bigint unsigned auto_increment", "mediumint", "int(11)", "year"])
def test_native_keys_come_back(database_url: str, tmp_path: Path, kind: str) -> None:
    definitions = {"Sample": f"sample : {kind}\n---\nvalue : int32", "Result": "-> Sample\nresult : int32"}
    names: dict[str, Any] = {}
    with dm.Instance(url=f"sqlite:///{tmp_path / 'source.db'}", safemode=False).connection as source:
        schema = dm.Schema("lab", connection=source)
        for name, definition in definitions.items():
            names[name] = schema(type(name, (dm.Manual,), {"definition": definition}), context=dict(names))
        names["Sample"].insert({"sample": number, "value": number} for number in (2001, 2002))
        names["Result"].insert1({"sample": 2002, "result": 1})
        dm.export_project(str(tmp_path / "out"), connection=source)
    with dm.Instance(url=database_url, safemode=False).connection as target:
        dm.import_project(str(tmp_path / "out"), connection=target)
        sample, result = (dm.FreeTable(target, f"lab.{name}") for name in ("sample", "result"))
        if kind == "serial":
            sample.insert1({"value": 3})
            assert max(sample.to_arrays("sample")) == 2003
        assert result.to_dicts() == [{"sample": 2002, "result": 1}]
        result.delete()
        sample.delete()
        assert dm.import_project(str(tmp_path / "out"), connection=target) == {
            "lab.sample": 2,
            "lab.result": 1,
        }


def test_schemas_are_chosen_by_their_whole_names(two_schemas: str, database_url: str, tmp_path: Path) -> None:
    stores = {"far": {"protocol": "memory", "location": tmp_path.name}}
    with dm.Instance(url=database_url, safemode=False, stores=stores).connection as target:
        for schemas in ("lab_to", ["lab", "typo"], ["lab_two,lab"]):
            with pytest.raises(DataMillError, match="has no schema"):
                dm.import_project(two_schemas, schemas, connection=target)
        with pytest.raises(DataMillError, match=r"There is no table lab\.sample"):
            dm.import_project(two_schemas, "lab_two", connection=target)
        assert target.catalog.list_schemas() == []
        assert dm.import_project(two_schemas, "lab", connection=target) == {"lab.sample": 3}
        assert dm.import_project(two_schemas, ["lab_two"], connection=target) == {"lab_two.result": 3}


def test_the_commands(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    lab = dm.Instance(url=url, safemode=False)
    cls = types.new_class(
        "Thing", (dm.Manual,), exec_body=lambda body: body.update(definition="k : int32\n---\nraw : <hash@>")
    )
    lab.Schema("lab")(cls).insert({"k": number, "raw": b"x"} for number in range(5))
    lab.connection.close()
    run, out = CliRunner(), str(tmp_path / "out")
    done = run.invoke(app, ["export", out, "lab", "--url", url, "--no-progress"])
    assert (done.exit_code, done.output.startswith("5 rows of 1 tables")) == (0, True), done.output
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    done = run.invoke(app, ["import", out, "--url", target, "--no-progress"])
    assert (done.exit_code, done.output) == (0, "5 rows of 1 tables\n")
    again = run.invoke(app, ["import", out, "--url", target, "--no-progress"])
    assert (again.exit_code, "DuplicateError" in again.output) == (1, True)
    typo = run.invoke(app, ["import", out, "lap", "--url", target])
    assert (typo.exit_code, "Did you mean 'lab'?" in typo.output) == (1, True)
    done = run.invoke(app, ["export", out, "lab", "--url", url, "--overwrite", "--json"])
    assert [table["rows"] for table in json.loads(done.output)["tables"]] == [5]
    done = run.invoke(app, ["import", out, "--url", f"sqlite:///{tmp_path / 'third.db'}", "--json"])
    assert list(json.loads(done.output).values()) == [5]
    nowhere = tmp_path / "nowhere.db"
    done = run.invoke(app, ["export", out, "--url", f"sqlite:///{nowhere}", "--overwrite"])
    assert (done.exit_code, nowhere.exists()) == (1, False)


def test_every_form_of_reference_comes_back(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = dm.Instance(url=database_url, safemode=False)
    names: dict[str, Any] = {}

    def declare(schema: Any, name: str, tier: type, definition: str, **body: Any) -> Any:
        cls = types.new_class(
            name, (tier,), exec_body=lambda space: space.update(definition=definition, **body)
        )
        names[name] = schema(cls, context=names)
        return names[name]

    lab, analysis = instance.Schema("lab"), instance.Schema("lab_analysis")
    declare(lab, "Rig", dm.Lookup, 'rig : varchar(4)  # as \\d in """', contents=[("A",), ("B",)])
    part = types.new_class(
        "Probe", (dm.Part,), exec_body=lambda s: s.update(definition="-> master\nprobe : int8")
    )
    declare(lab, "Scan", dm.Manual, "scan : int32\n---\n-> Rig", Probe=part)
    declare(lab, "Quality", dm.Computed, "-> Scan")
    declare(
        analysis,
        "Fit",
        dm.Manual,
        "-> Scan.Probe\n-> Rig.proj(other='rig')\n---\n-> [nullable] Quality.proj(best='scan')",
    )
    names["Scan"].insert1({"scan": 1, "rig": "A"}, parts={"Probe": [{"probe": 1}]})
    names["Fit"].insert1({"scan": 1, "probe": 1, "other": "B"})
    dm.export_project(str(tmp_path / "out"), lab, analysis)
    copy = dm.Instance(url=f"sqlite:///{tmp_path / 'copy.db'}", safemode=False)
    counts = dm.import_project(str(tmp_path / "out"), connection=copy.connection)
    assert counts["lab_analysis.fit"] == 1
    with monkeypatch.context() as patch:
        patch.setattr(dm, "Schema", copy.Schema)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no drift
            first, second = (
                runpy.run_path(str(tmp_path / "out" / str(schema.database) / "schema.py"))
                for schema in (lab, analysis)
            )
    assert second["Fit"].to_dicts() == names["Fit"].to_dicts()
    assert first["Rig"].heading["rig"].comment == names["Rig"].heading["rig"].comment
    for one in (instance, copy):
        one.connection.close()


# large ones --------------------------------------------------------------------------------------------------


def test_rows_come_in_pages(lab: Lab, other: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet

    monkeypatch.setattr(export_rows, "PAGE_ROWS", 3)
    monkeypatch.setattr(export_rows, "ROWS_PER_PART", 20)
    lab.subject.insert(
        {"subject": f"{letter}{number}", "sex": "M"} for letter in "aZé" for number in range(9)
    )
    lab.scan.insert(
        {"subject": subject, "scan": scan, "settings": "x" * scan}
        for subject in ("Bob", "a1", "Z3")
        for scan in range(-4, 20)
        if (subject, scan) != ("Bob", 1)
    )
    counts = [len(lab.subject), len(lab.scan)]
    manifest = dm.export_project(str(tmp_path / "out"), lab.schema)
    assert [item["rows"] for item in manifest["tables"]] == counts
    files = [tmp_path / "out" / item["path"] for item in manifest["files"] if "/subject/" in item["path"]]
    assert [path.name for path in files] == ["part-0000.parquet", "part-0001.parquet"]
    assert pyarrow.parquet.ParquetFile(files[0]).num_row_groups == 7
    assert list(dm.import_project(str(tmp_path / "out"), connection=other.connection).values()) == counts
    other.declare()
    keys = [
        sorted((row["subject"], row["scan"]) for row in side.scan.proj().to_dicts()) for side in (lab, other)
    ]
    assert keys[0] == keys[1]


def test_an_export_shows_one_state(lab: Lab, other: Lab, database_url: str, tmp_path: Path) -> None:
    writer = Lab(database_url, {"protocol": "file", "location": str(tmp_path / "store")})
    writer.declare()
    meanwhile: Iterator[Callable[[], object]] = iter(
        [
            lambda: writer.subject.insert1({"subject": "late", "sex": "F"}),
            lambda: writer.scan.insert1({"subject": "late", "scan": 1}),
        ]
    )

    def advance(count: int) -> None:
        for action in meanwhile:  # after the first table was read, before the second is
            action()

    relations = [table().__relation__() for table in (lab.subject, lab.scan)]
    manifest = export_project.export(lab.connection, str(tmp_path / "out"), relations, advance=advance)
    assert [item["rows"] for item in manifest["tables"]] == [2, 4]
    assert not lab.connection.in_transaction
    assert len(lab.scan) == 5
    assert dm.import_project(str(tmp_path / "out"), connection=other.connection) == {
        "lab.subject": 2,
        "lab.scan": 4,
    }
    writer.connection.close()


def test_memory_is_bounded_by_a_page(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("export_memory.py")), str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    grown = json.loads(run.stdout.splitlines()[-1])
    assert grown["export"] < 120, grown  # of 192 MiB
    assert grown["import"] < 120, grown
