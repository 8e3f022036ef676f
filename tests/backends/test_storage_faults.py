"""Faults of stores as they happen: full disks, killed writers, servers that go away. No row, no half object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.backends.s3_server import Rclone

import datamill as dm
from datamill.errors import BucketInaccessible, DataMillError, DataMillWarning
from datamill.storage.hashing import content_hash

WORKER = Path(__file__).with_name("storage_worker.py")
DEFINITION = """
k : int32
---
raw = null : <hash@>
thing = null : <object@>
"""
MIB = 2**20


class Lab:
    def __init__(self, url: str, store: dict[str, Any]) -> None:
        self.url, self.store = url, store
        self.instance = dm.Instance(url=url, safemode=False, stores={"default": "main", "main": store})
        self.schema = self.instance.Schema("lab")
        body = {"definition": DEFINITION}
        cls = types.new_class("Thing", (dm.Manual,), exec_body=lambda namespace: namespace.update(body))
        self.table: Any = self.schema(cls)
        self.backend = self.instance.connection.stores.backend()

    def files(self) -> dict[str, int]:
        """Sizes of what the store holds, by path; parts of files that are being written have names with a dot."""
        found = {item.path: item.size for item in self.backend.list()}
        return {path: size for path, size in found.items() if not path.startswith("_datamill/")}

    def sweep(self) -> dict[str, Any]:
        with pytest.warns(DataMillWarning, match="grace=0"):
            return dm.gc.collect(self.schema, dry_run=False, grace=0)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={8 * MIB}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_no_row_and_no_half_object(database_url: str, full_disk: Path) -> None:
    lab = Lab(database_url, {"protocol": "file", "location": str(full_disk)})
    with pytest.raises(DataMillError, match="Store 'main' is full"):
        lab.table.insert({"k": k, "thing": (".bin", os.urandom(MIB))} for k in range(20))
    assert (len(lab.table), lab.files()) == (0, {})
    with pytest.raises(DataMillError, match="Store 'main' is full"):
        lab.table.insert({"k": k, "raw": os.urandom(MIB)} for k in range(20))
    assert len(lab.table) == 0
    for path in lab.files():  # others may rely on content, so it stays until it is collected: whole
        assert content_hash(lab.backend.get_buffer(path)) == path.rpartition("/")[2]
    lab.sweep()
    assert lab.files() == {}
    lab.table.insert({"k": k, "raw": os.urandom(MIB)} for k in range(5))
    assert lab.schema.verify_objects("hash")["corrupt"] == []
    lab.instance.connection.close()


def test_a_full_disk_while_writing_in_place(database_url: str, full_disk: Path) -> None:
    lab = Lab(database_url, {"protocol": "file", "location": str(full_disk)})

    def write() -> None:
        with lab.table.staged_insert1 as staged:
            staged.rec["k"] = 1
            with staged.open("thing", ".bin") as file:
                for _ in range(20):
                    file.write(os.urandom(MIB))

    with pytest.raises((DataMillError, OSError), match=r"full|No space"):
        write()
    assert (len(lab.table), lab.files()) == (0, {})
    lab.instance.connection.close()


@pytest.fixture(params=["file", "s3"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A store that other processes reach, on a server that tells when an upload began."""
    folder = tmp_path / "shared"
    folder.mkdir()
    if request.param == "file":
        yield {"protocol": "file", "location": str(folder)}
        return
    with Rclone(folder) as server:
        yield server.store("lab")


def test_a_killed_writer_leaves_no_row_and_no_half_object(database_url: str, shared: dict[str, Any]) -> None:
    lab = Lab(database_url, shared)
    command = [sys.executable, str(WORKER), database_url, json.dumps(shared)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "three pieces\n"
        worker.kill()
    assert len(lab.table) == 0
    for path in lab.files():
        assert path.rpartition("/")[2].startswith("."), path
    assert dm.gc.collect(lab.schema, grace=86400)["unfinished"] == 0  # somebody may be at work
    report = dm.gc.collect(lab.schema, grace=0)
    assert report["unfinished"] + report["schema_paths_orphaned"] == 1
    lab.sweep()
    assert lab.files() == {}
    assert lab.backend.unfinished("_schema") == ()
    lab.instance.connection.close()


class Breaking:
    """A stream that ends the server after some pieces."""

    def __init__(self, server: Rclone) -> None:
        self._server, self._left = server, 18

    def read(self, count: int) -> bytes:
        self._left -= 1
        if self._left == 3:
            self._server.stop()
        return os.urandom(4 * MIB) if self._left > 0 else b""


def test_a_server_that_goes_away_during_an_upload(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)  # instead of a minute of trying again
    (tmp_path / "server").mkdir()
    with Rclone(tmp_path / "server") as server:
        lab = Lab(database_url, server.store("lab"))
        lab.table.insert1({"k": 1, "raw": b"before"})
        with pytest.raises(BucketInaccessible, match="Store 'main'") as caught:
            lab.table.insert1({"k": 2, "thing": (".bin", Breaking(server))})
        assert caught.value.store == "main"
        with pytest.raises(BucketInaccessible, match="Store 'main'"):
            lab.table.insert({"k": k, "raw": os.urandom(MIB)} for k in range(2, 6))
        assert len(lab.table) == 1
        server.start()
        assert len(lab.files()) == 1
        lab.table.insert({"k": k, "raw": os.urandom(MIB)} for k in range(2, 6))
        assert lab.schema.verify_objects("hash") == {"checked": 5, "missing": [], "corrupt": []}
        lab.instance.connection.close()


def test_a_server_that_refuses(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with Rclone(tmp_path / "server") as server:
        lab = Lab(database_url, {**server.store("lab"), "secret_key": "wrong"})
        with pytest.raises(BucketInaccessible, match="Store 'main'") as caught:
            lab.table.insert1({"k": 1, "raw": b"x"})
        assert "wrong" not in str(caught.value)
        assert len(lab.table) == 0
        lab.instance.connection.close()
