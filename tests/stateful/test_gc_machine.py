"""Garbage collection against random pipelines, failing stores, crashes and inserts at every moment.

Whatever happens, each row reads back what was inserted; and once the dust has settled, the store holds what rows refer
to and nothing else.
"""

# ruff: noqa: PT017 - either outcome is right, and the model follows it

from __future__ import annotations

import shutil
import tempfile
import time
import types
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import datamill as dm
from datamill.data import gc_marks
from datamill.data.objects import UploadGate
from datamill.errors import BucketInaccessible, DataMillError, GCIncompleteError
from datamill.maintenance import gc, gc_scan
from datamill.maintenance.gc_marks import TableMarks
from datamill.maintenance.gc_references import find_references
from datamill.storage import StorageBackend

DEFINITION = "k : int32\n---\nraw = null : <hash@>\nthing = null : <object@>\n"
CONTENTS = [b"a", b"bb", b"ccc"]
POINTS = ["listed", "referenced", "purging", "before remove", "removed"]
KEYS = st.integers(0, 5)
SCHEMAS = st.integers(0, 1)


class Crash(BaseException):
    """The collector's process dies."""


class Collection(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "store").mkdir()
        self.lab = self._connect()
        self.writer = self._connect()
        self.rows: list[dict[int, tuple[bytes, bytes]]] = [{}, {}]
        self.hook: tuple[str, Callable[[], None]] | None = None
        self.failing = 0
        self.collecting = self.met = False  # whether a collection runs; whether one met the insert at work
        self.days = 0
        self.crashed: int | None = None  # on which day
        self.patch = pytest.MonkeyPatch()
        self._patch_clock_and_points()

    def _connect(self) -> Any:
        store = {"protocol": "file", "location": str(self.folder / "store")}
        lab = dm.Instance(
            url=f"sqlite:///{self.folder / 'lab.db'}",
            safemode=False,
            stores={"default": "main", "main": store},
            storage__threads=1,
        )
        members = {"definition": DEFINITION}
        made = [
            types.new_class("Thing", (dm.Manual,), exec_body=lambda body: body.update(members)) for _ in "ab"
        ]
        tables = [lab.Schema(name)(cls) for name, cls in zip(("one", "two"), made, strict=True)]
        return types.SimpleNamespace(instance=lab, tables=tables)

    def _patch_clock_and_points(self) -> None:
        patch, machine = self.patch, self
        now, clock = gc_marks.now, time.time
        patch.setattr(gc_marks, "WAIT_SECONDS", 0.0)
        patch.setattr(gc_marks, "now", lambda: now() + timedelta(days=machine.days))
        day = types.SimpleNamespace(time=lambda: clock() + 86400 * machine.days, monotonic=time.monotonic)
        patch.setattr(gc, "time", day)
        listing, removing = StorageBackend.list, StorageBackend.remove
        finding, beginning = find_references, TableMarks.begin_purge
        uploading = UploadGate.upload

        def list_(backend: Any, prefix: str = "") -> Any:
            if machine.failing:
                machine.failing -= 1
                if not machine.failing:
                    raise BucketInaccessible("injected", store="main")
            found = list(listing(backend, prefix))
            machine.at("listed")
            return iter(found)

        def find(*arguments: Any, **options: Any) -> Any:
            found = finding(*arguments, **options)
            machine.at("referenced")
            return found

        def upload(gate: Any, encode: Any) -> Any:
            found = uploading(gate, encode)
            machine.at("uploaded")
            return found

        def begin(marks: Any, due: Any) -> Any:
            found = beginning(marks, due)
            machine.at("purging")
            return found

        def remove(backend: Any, path: str) -> None:
            machine.at("before remove")
            removing(backend, path)
            machine.at("removed")

        patch.setattr(UploadGate, "upload", upload)
        patch.setattr(StorageBackend, "list", list_)
        patch.setattr(StorageBackend, "remove", remove)
        patch.setattr(gc_scan, "find_references", find)
        patch.setattr(TableMarks, "begin_purge", begin)

    def at(self, point: str) -> None:
        if self.hook is not None and self.hook[0] == point:
            (_, act), self.hook = self.hook, None
            self.collecting = self.met = True
            act()
            self.collecting = False

    # what users do ---------------------------------------------------------------------------------------------

    def _insert(self, lab: Any, schema: int, key: int, content: bytes) -> None:
        if key in self.rows[schema]:
            return
        self.met = self.collecting
        try:
            lab.tables[schema].insert1({"k": key, "raw": content, "thing": content})
        except DataMillError as error:
            assert "being removed" in str(error), error
            assert self.met or self.days == self.crashed, "A crashed collection must not hold up inserts."
        else:
            self.rows[schema][key] = (content, content)

    @rule(schema=SCHEMAS, key=KEYS, content=st.sampled_from(CONTENTS))
    def insert(self, schema: int, key: int, content: bytes) -> None:
        self._insert(self.writer, schema, key, content)

    @rule(schema=SCHEMAS, key=KEYS)
    def delete(self, schema: int, key: int) -> None:
        (self.writer.tables[schema] & {"k": key}).delete_quick()
        self.rows[schema].pop(key, None)

    @rule(schema=SCHEMAS, key=KEYS, content=st.sampled_from(CONTENTS))
    def update(self, schema: int, key: int, content: bytes) -> None:
        if key in self.rows[schema]:
            try:
                self.writer.tables[schema].update1({"k": key, "raw": content})
            except DataMillError as error:
                assert "being removed" in str(error), error
            else:
                self.rows[schema][key] = (content, self.rows[schema][key][1])

    @rule(schema=SCHEMAS, key=KEYS)
    def copy(self, schema: int, key: int) -> None:
        if key in self.rows[schema] and key not in self.rows[1 - schema]:
            tables = self.writer.tables
            try:
                tables[1 - schema].insert(tables[schema] & {"k": key})
            except DataMillError as error:
                assert "being removed" in str(error), error
            else:
                self.rows[1 - schema][key] = self.rows[schema][key]

    @rule(schema=SCHEMAS, key=KEYS, content=st.sampled_from(CONTENTS))
    def fail_to_insert(self, schema: int, key: int, content: bytes) -> None:
        rows = [{"k": 100 + key, "raw": content, "thing": content}] * 2
        with pytest.raises(DataMillError):
            self.writer.tables[schema].insert(rows)

    # what collectors do ----------------------------------------------------------------------------------------

    def _collector(self) -> Any:
        return gc.Collector(self.lab.instance.connection, ["one", "two"])

    @rule(days=st.integers(1, 2))
    def wait(self, days: int) -> None:
        self.days += days

    @rule(
        action=st.sampled_from(["mark", "purge"]),
        point=st.sampled_from([None, *POINTS]),
        crash=st.booleans(),
        schema=SCHEMAS,
        key=KEYS,
        content=st.sampled_from(CONTENTS),
    )
    def collect(
        self, action: str, point: str | None, crash: bool, schema: int, key: int, content: bytes
    ) -> None:
        def intrude() -> None:
            if crash:
                raise Crash
            self._insert(self.writer, schema, key, content)

        self.hook = None if point is None else (point, intrude)
        try:
            getattr(self._collector(), action)()
        except Crash:
            self.crashed = self.days
            self.lab.instance.connection.close()
            self.lab = self._connect()
        finally:
            self.hook, self.collecting = None, False

    @rule(point=st.sampled_from([*POINTS, "uploaded"]), schema=SCHEMAS, content=st.sampled_from(CONTENTS))
    def race(self, point: str, schema: int, content: bytes) -> None:
        """What was marked days ago is inserted again at some moment of its removal."""
        key = 50
        self._insert(self.writer, schema, key, content)
        self.delete(schema, key)
        self._collector().mark()
        self.days += 2
        self._collector().mark()
        self.days += 2
        collector = self._collector()
        if point == "uploaded":
            self.hook = (point, collector.purge)
            self._insert(self.writer, schema, key, content)
        else:
            self.hook = (point, lambda: self._insert(self.writer, schema, key, content))
            collector.purge()
        self.hook = None

    @rule(
        action=st.sampled_from(["mark", "purge"]), schema=SCHEMAS, key=KEYS, content=st.sampled_from(CONTENTS)
    )
    def collect_while_inserting(self, action: str, schema: int, key: int, content: bytes) -> None:
        """Between the uploads of an insert and its transaction."""
        self.hook = ("uploaded", getattr(self._collector(), action))
        self._insert(self.writer, schema, key, content)
        self.hook = None

    @rule(action=st.sampled_from(["mark", "purge"]), which=st.integers(1, 4))
    def collect_from_a_failing_store(self, action: str, which: int) -> None:
        before = self._files()
        self.failing = which
        try:
            with pytest.raises(GCIncompleteError):
                getattr(self._collector(), action)()
        finally:
            self.failing = 0
        assert self._files() == before

    def _files(self) -> set[str]:
        root = self.folder / "store"
        return {
            path.relative_to(root).as_posix()
            for path in root.rglob("*")
            if path.is_file() and "_datamill" not in path.parts
        }

    # what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def every_row_reads_back(self) -> None:
        if not hasattr(self, "rows"):
            return
        for table, expected in zip(self.writer.tables, self.rows, strict=True):
            found = {row["k"]: (row["raw"], row["thing"].read()) for row in table.to_dicts()}
            assert found == expected

    @precondition(lambda self: hasattr(self, "rows"))
    @rule()
    def settle(self) -> None:
        """Two quiet collections, days apart, leave what is referred to and nothing else."""
        for _ in range(2):
            self.days += 2
            self._collector().purge()
            self._collector().mark()
        self.days += 2
        self._collector().purge()
        referenced = set()
        for table in self.writer.tables:
            for row in table.proj("raw", "thing").to_arrow().to_pylist():
                for name in ("raw", "thing"):
                    referenced.add(dm.ObjectRef.from_json(row[name]).path)
        assert self._files() == referenced
        assert self._collector().quarantine() == []

    def teardown(self) -> None:
        if not hasattr(self, "rows"):
            return
        try:
            self.settle()
            self.every_row_reads_back()
        finally:
            self.patch.undo()
            self.lab.instance.connection.close()
            self.writer.instance.connection.close()
            shutil.rmtree(self.folder)


TestCollection = Collection.TestCase
TestCollection.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class LongCollection(Collection):
    """The same, for longer."""


TestLongCollection = pytest.mark.timeout(3600)(pytest.mark.long(LongCollection.TestCase))
TestLongCollection.settings = settings(TestCollection.settings, max_examples=300, stateful_step_count=40)
