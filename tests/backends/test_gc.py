"""Garbage collection: what is referred to stays, what is not goes, and doubt removes nothing."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import datamill as dm
from datamill.cli.commands import app
from datamill.data import gc_marks
from datamill.errors import BucketInaccessible, DataMillError, DataMillWarning, GCIncompleteError
from datamill.maintenance.gc import Collector
from datamill.storage import StorageBackend

THING = """
k : int32
---
raw = null : <hash@>
thing = null : <object@>
blob = null : <blob@>
"""
DAY = 86400


def declare(schema: Any, name: str, tier: Any, definition: str, **members: Any) -> Any:
    body = {"definition": definition, **members}
    return schema(types.new_class(name, (tier,), exec_body=lambda namespace: namespace.update(body)))


class Lab:
    def __init__(self, url: str, store: dict[str, Any], **more: Any) -> None:
        stores = {"default": "main", "main": store, **more}
        self.instance = dm.Instance(url=url, safemode=False, stores=stores)
        self.schema = self.instance.Schema("lab")
        self.table = declare(self.schema, "Thing", dm.Manual, THING)
        self.backend: StorageBackend = self.instance.connection.stores.backend()

    def paths(self) -> list[str]:
        found = sorted(item.path for item in self.backend.list())
        return [path for path in found if not path.startswith("_datamill/")]

    def collector(self, *schemas: Any, **options: Any) -> dm.gc.GarbageCollector:
        return dm.gc.GarbageCollector(*(schemas or (self.schema,)), **options)

    def sweep(self, *schemas: Any) -> dict[str, Any]:
        with pytest.warns(DataMillWarning, match="grace=0"):
            return self.collector(*schemas).collect(dry_run=False, grace=0)


@pytest.fixture
def lab(database_url: str, store: dict[str, Any]) -> Iterator[Lab]:
    lab = Lab(database_url, store)
    yield lab
    lab.instance.connection.close()


@pytest.fixture
def local(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    (tmp_path / "store").mkdir()
    lab = Lab(database_url, {"protocol": "file", "location": str(tmp_path / "store")})
    yield lab
    lab.instance.connection.close()


def fill(lab: Lab, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a").write_bytes(b"1")
    for number in range(4):
        lab.table.insert1({"k": number, "raw": b"%d" % number, "thing": folder, "blob": np.arange(number)})


def test_nothing_that_is_referred_to_goes(lab: Lab, tmp_path: Path) -> None:
    fill(lab, tmp_path / "folder")
    before = lab.paths()
    report = lab.sweep()
    assert (report["deleted"], report["errors"], report["dangling"]) == (0, [], [])
    assert lab.paths() == before
    assert report["hash_paths_stored"] == report["hash_paths_referenced"] == 8
    assert lab.schema.verify_objects("hash")["checked"] == 12


def test_two_phases_remove_what_nothing_refers_to(lab: Lab, tmp_path: Path) -> None:
    fill(lab, tmp_path / "folder")
    (lab.table & "k < 2").delete_quick()
    collector = lab.collector()
    dry = collector.collect(grace=0)
    assert (dry["dry_run"], dry["hash_paths_orphaned"], dry["schema_paths_orphaned"]) == (True, 4, 4)
    assert dry["quarantined"] == 0
    count = len(lab.paths())
    assert collector.collect(dry_run=False)["deleted"] == 0  # too young
    collector.mark(grace=0)
    report = collector.purge(grace=DAY)
    assert (report["deleted"], report["quarantined"], len(lab.paths())) == (0, 8, count)
    report = collector.purge(grace=0)
    assert (report["deleted"], report["quarantined"], report["bytes_freed"] > 0) == (8, 0, True)
    assert len(lab.paths()) == count - 8
    assert lab.schema.verify_objects("hash") == {"checked": 6, "missing": [], "corrupt": []}


def test_writers_rescue_what_is_marked(lab: Lab) -> None:
    lab.table.insert1({"k": 1, "raw": b"precious"})
    lab.table.delete_quick()
    collector = lab.collector()
    collector.mark(grace=0)
    assert len(collector.quarantine()) == 1
    lab.table.insert1({"k": 2, "raw": b"precious"})
    assert collector.quarantine() == []
    assert lab.sweep()["deleted"] == 0
    assert lab.table.fetch1("raw") == b"precious"
    lab.table.insert1({"k": 3, "raw": b"other"})
    (lab.table & "k = 3").delete_quick()
    collector.mark(grace=0)
    lab.table.update1({"k": 2, "raw": b"other"})
    assert [mark.path for mark in collector.quarantine()] == []


def test_marks_can_be_taken_back(lab: Lab) -> None:
    lab.table.insert1({"k": 1, "raw": b"x"})
    lab.table.delete_quick()
    collector = lab.collector()
    collector.mark(grace=0)
    (mark,) = collector.quarantine()
    assert (mark.store, mark.size, mark.state) == ("main", 1, "marked")
    assert collector.restore([mark.path]) == 1
    assert collector.quarantine() == []


def test_an_interrupted_purge_is_taken_up(local: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc_marks, "WAIT_SECONDS", 0.0)
    local.table.insert([{"k": 1, "raw": b"a"}, {"k": 2, "raw": b"b"}])
    local.table.delete_quick()
    collector = local.collector()
    collector.mark(grace=0)

    def crash(self: StorageBackend, path: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StorageBackend, "remove", crash)
        with pytest.raises(KeyboardInterrupt):
            collector.purge(grace=0)
    assert [mark.is_being_removed for mark in collector.quarantine()] == [True, True]
    with pytest.raises(DataMillError, match="being removed"):
        local.table.insert1({"k": 1, "raw": b"a"})
    with pytest.raises(DataMillError, match="being removed"), local.instance.connection.transaction:
        local.table.insert1({"k": 1, "raw": b"a"})
    local.table.insert1({"k": 3, "raw": b"c"})
    assert collector.purge(grace=0)["deleted"] == 0  # the other collection may still be at work
    pass_time(monkeypatch, gc_marks.ABANDONED_SECONDS)
    assert collector.purge(grace=0)["deleted"] == 2
    assert collector.quarantine() == []
    local.table.insert1({"k": 1, "raw": b"a"})
    assert len(local.paths()) == 2


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = gc_marks.now
    monkeypatch.setattr(gc_marks, "now", lambda: now() + timedelta(seconds=seconds))


def test_inserts_recover_from_a_crashed_collection(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc_marks, "WAIT_SECONDS", 0.0)
    lab.table.insert([{"k": 1, "raw": b"a"}, {"k": 2, "raw": b"b"}])
    lab.table.delete_quick()
    collector = lab.collector()
    collector.mark(grace=0)
    original, calls = StorageBackend.remove, []

    def crash(self: StorageBackend, path: str) -> None:
        calls.append(path)
        if len(calls) > 1:
            raise KeyboardInterrupt
        original(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(StorageBackend, "remove", crash)
        with pytest.raises(KeyboardInterrupt):
            collector.purge(grace=0)
    pass_time(monkeypatch, gc_marks.ABANDONED_SECONDS)
    lab.table.insert([{"k": 1, "raw": b"a"}, {"k": 2, "raw": b"b"}])
    assert collector.quarantine() == []
    assert lab.table.to_arrays("raw").tolist() == [b"a", b"b"]
    assert lab.sweep()["deleted"] == 0
    assert lab.schema.verify_objects("hash") == {"checked": 2, "missing": [], "corrupt": []}


def test_a_slow_collection_stops_before_others_take_over(local: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    local.table.insert1({"k": 1, "raw": b"a"})
    local.table.delete_quick()
    collector = local.collector()
    collector.mark(grace=0)
    monkeypatch.setattr("datamill.maintenance.gc.REMOVING_SECONDS", -1.0)
    report = collector.purge(grace=0)
    assert (report["deleted"], len(report["errors"]), len(local.paths())) == (0, 1, 1)


def test_objects_that_cannot_be_removed_are_reported(local: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    local.table.insert1({"k": 1, "raw": b"a"})
    local.table.delete_quick()
    collector = local.collector()
    collector.mark(grace=0)

    def refuse(self: StorageBackend, path: str) -> None:
        raise BucketInaccessible("no", store="main")

    with monkeypatch.context() as patch:
        patch.setattr(StorageBackend, "remove", refuse)
        report = collector.purge(grace=0)
    assert (report["deleted"], report["errors"], report["quarantined"]) == (0, ["no"], 1)
    assert report["being_removed"] == 1
    pass_time(monkeypatch, gc_marks.ABANDONED_SECONDS)
    assert collector.purge(grace=0)["deleted"] == 1


# whose references count --------------------------------------------------------------------------------------


def test_references_count_wherever_they_are(lab: Lab) -> None:
    other_schema = lab.instance.Schema("other")
    table = declare(lab.schema, "Plain", dm.Manual, "k : int32\n---\nraw : <hash@>")
    other = declare(other_schema, "Copy", dm.Manual, "k : int32\n---\nraw : <hash@>")
    table.insert1({"k": 1, "raw": b"shared"})
    other.insert(table())
    table.delete_quick()
    assert other.fetch1("raw") == b"shared"
    assert lab.sweep()["deleted"] == 0
    assert lab.sweep(lab.schema, other_schema)["deleted"] == 0
    assert other.fetch1("raw") == b"shared"
    other.delete_quick()
    assert lab.sweep()["deleted"] == 1


def test_parts_and_chained_codecs_count(lab: Lab) -> None:
    class Wrapped(dm.Codec):
        name = "wrapped"

        def get_dtype(self, is_store: bool) -> str:
            return "<hash>"

        def encode(self, value: Any) -> Any:
            return value.encode()

        def decode(self, stored: Any) -> Any:
            return stored.decode()

    try:
        part = types.new_class(
            "Piece",
            (dm.Part,),
            exec_body=lambda body: body.update(definition="-> master\npiece : int32\n---\ntext : <wrapped@>"),
        )
        whole = declare(lab.schema, "Whole", dm.Manual, "k : int32", Piece=part)
        whole.insert1({"k": 1}, parts={"Piece": [{"piece": 1, "text": "words"}]})
        assert lab.sweep()["deleted"] == 0
    finally:
        dm.codecs.unregister_codec("wrapped")
    assert lab.sweep()["deleted"] == 0  # the codec is not installed any more
    assert len(lab.paths()) == 1


def test_the_trash_counts(local: Lab) -> None:
    local.table.insert1({"k": 1, "raw": b"x", "thing": b"y"})
    local.table.delete(trash=True)
    assert local.sweep()["deleted"] == 0
    assert len(local.paths()) == 2


def test_other_names_of_the_store_count(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "store")
    lab = Lab(
        database_url,
        {"protocol": "file", "location": str(tmp_path / "store")},
        alias={"protocol": "file", "location": str(tmp_path / "link")},
    )
    other = declare(lab.schema, "Aliased", dm.Manual, "k : int32\n---\nraw : <hash@alias>")
    other.insert1({"k": 1, "raw": b"x"})
    assert lab.sweep()["deleted"] == 0
    lab.instance.connection.close()


def test_dropped_schemas_are_collected_too(lab: Lab) -> None:
    gone = lab.instance.Schema("gone")
    table = declare(gone, "Thing", dm.Manual, THING)
    table.insert1({"k": 1, "raw": b"x", "thing": b"y"})
    gone.drop()
    collector = lab.collector(lab.schema, "gone")
    collector.mark(grace=0)
    assert len(collector.quarantine()) == 2
    assert lab.backend.exists("_datamill/gc/gone.json")
    assert collector.purge(grace=0)["deleted"] == 2
    assert not lab.backend.exists("_datamill/gc/gone.json")
    assert lab.paths() == []


def test_partitions_and_their_neighbours(database_url: str, store: dict[str, Any]) -> None:
    lab = Lab(database_url, {**store, "partition_pattern": "{k}", "subfolding": [2, 2]})
    other_schema = lab.instance.Schema("other")
    other = declare(other_schema, "Thing", dm.Manual, THING)
    for table in (lab.table, other):
        table.insert1({"k": 7, "thing": b"y", "raw": b"x"})
        assert table.fetch1("thing").path.startswith(f"_schema/k=7/{table.database}/thing/thing_")
        table.delete_quick()
    assert lab.sweep()["deleted"] == 2
    assert {gc_marks.schema_of(lab.backend, path) for path in lab.paths()} == {"other"}
    assert lab.sweep(other_schema)["deleted"] == 2
    lab.instance.connection.close()


# refusal -----------------------------------------------------------------------------------------------------


def refused(lab: Lab, reason: str) -> None:
    assert any(reason in text for text in lab.collector().collect()["scan_errors"])
    actions: list[Callable[[], Any]] = [lab.sweep, lab.collector().mark, lab.collector().purge]
    for action in actions:
        with pytest.raises(GCIncompleteError, match="removes nothing") as raised:
            action()
        assert any(reason in text for text in raised.value.errors)


def test_a_store_that_cannot_be_listed_is_left_alone(local: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    local.table.insert1({"k": 1, "raw": b"x", "thing": b"y"})
    local.table.delete_quick()
    original = os.scandir

    def scandir(path: Any = ".") -> Any:
        if str(path).endswith("k=1"):
            raise PermissionError(13, "denied", str(path))
        return original(path)

    monkeypatch.setattr(os, "scandir", scandir)
    refused(local, "cannot be listed")
    monkeypatch.undo()
    assert len(local.paths()) == 2


def test_values_that_name_nothing_are_trouble(lab: Lab) -> None:
    lab.table.insert1({"k": 1, "raw": b"x"})
    table = lab.table.full_table_name
    column = lab.instance.connection.dialect.identifier("raw")
    lab.instance.connection.query(f"UPDATE {table} SET {column} = %s", ('{"hash": "lost"}',))
    refused(lab, "names no object")


def test_other_databases_on_the_store_are_respected(lab: Lab, tmp_path: Path, store: dict[str, Any]) -> None:
    other = Lab(f"sqlite:///{tmp_path / 'other.db'}", store)
    other.table.insert1({"k": 1, "raw": b"x"})
    lab.table.insert1({"k": 1, "raw": b"y"})
    refused(lab, "writes to this store too")
    (trouble,) = lab.collector().collect()["scan_errors"]
    (name,) = shlex.split(trouble)[-1:]
    assert "other.db" in name
    assert not lab.collector().forget("sqlite:nobody.db")
    assert lab.collector().forget(name)
    assert lab.collector().collect()["scan_errors"] == []
    other.instance.connection.close()


def test_a_database_and_its_store_can_be_moved(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    for folder, count in ((here, 0), (there, 1)):
        lab = dm.Instance(url=f"sqlite:///{folder / 'lab.db'}", safemode=False)
        schema = lab.Schema("lab")
        table = declare(schema, "Thing", dm.Manual, THING)
        assert len(table) == count
        table.insert1({"k": count, "raw": b"x" * count})
        assert dm.gc.collect(schema)["scan_errors"] == []
        lab.connection.close()
        if folder is here:
            here.rename(there)


def test_a_moved_database_is_put_right_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    stores = {"default": "main", "main": {"protocol": "file", "location": str(tmp_path / "store")}}
    (tmp_path / "lab").mkdir()
    (tmp_path / "datamill.toml").write_text(
        f"[stores]\ndefault = 'main'\nmain = {{ protocol = 'file', "
        f"location = {str(tmp_path / 'store')!r} }}\n"
    )
    lab = dm.Instance(url=f"sqlite:///{tmp_path / 'lab' / 'lab.db'}", safemode=False, stores=stores)
    declare(lab.Schema("lab"), "Thing", dm.Manual, THING).insert1({"k": 1, "raw": b"x"})
    lab.connection.close()
    (tmp_path / "lab").rename(tmp_path / "moved")
    url = f"sqlite:///{tmp_path / 'moved' / 'lab.db'}"
    command = [sys.executable, "-m", "datamill", "gc", "--url", url]
    environment = {name: text for name, text in os.environ.items() if name != "DATAMILL_IGNORE_CONFIG_FILE"}
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.returncode == 1
    hint = found.stderr.strip().rpartition("datamill gc ")[2]
    mended = subprocess.run(
        [*command, *shlex.split(hint)], cwd=tmp_path, env=environment, capture_output=True
    )
    assert (mended.returncode, mended.stderr) == (0, b"")


def test_collecting_needs_schemas() -> None:
    connection = dm.Instance(url="sqlite://").connection
    with pytest.raises(DataMillError, match="needs the schemas"):
        Collector(connection, [])
    connection.close()


# the command -------------------------------------------------------------------------------------------------


def test_the_command_shows_before_it_removes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    lab = dm.Instance(url=url, safemode=False)
    table = declare(lab.Schema("lab"), "Thing", dm.Manual, THING)
    table.insert([{"k": 1, "raw": b"abc"}, {"k": 2, "raw": b"defg"}])
    (table & "k = 1").delete_quick()
    run = CliRunner()
    shown = run.invoke(app, ["gc", "--url", url, "--grace", "0"])
    assert (shown.exit_code, "Nothing was changed" in shown.output) == (0, True)
    assert shown.output.splitlines()[1].split() == ["content", "1", "2", "1", "3", "0"]
    assert "freed 3 bytes" in run.invoke(app, ["gc", "lab", "--url", url, "--grace", "0", "--yes"]).output
    assert table.fetch1("raw") == b"defg"
    table.connection.query('UPDATE "lab.thing" SET "raw" = %s', ("{}",))
    refused = run.invoke(app, ["gc", "--url", url, "--yes"])
    assert (refused.exit_code, "GCIncompleteError" in refused.output) == (1, True)
    lab.connection.close()
