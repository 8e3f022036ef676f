"""Values in stores: every codec on every kind of store, and what happens when something goes wrong."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import datamill as dm
from datamill.errors import (
    AccessError,
    BucketInaccessible,
    ConfigError,
    DataMillError,
    DuplicateError,
    InvalidValueError,
    MissingExternalFile,
    ObjectIntegrityError,
)
from datamill.storage import StorageBackend
from datamill.storage.faults import faults

DEFINITION = """
k : int32
---
blob = null : <blob@>
raw = null : <hash@>
attachment = null : <attach@>
thing = null : <object@>
array = null : <npy@>
file = null : <filepath@>
"""


def manual(name: str, definition: str) -> Any:
    """Return a new class of a manual table."""
    return types.new_class(name, (dm.Manual,), exec_body=lambda body: body.update(definition=definition))


class Lab:
    """A table with a column of every codec that uses stores."""

    def __init__(self, url: str, store: dict[str, Any], **settings: Any) -> None:
        self.instance = dm.Instance(
            url=url,
            safemode=False,
            stores={"default": "main", "filepath_default": "main", "main": store},
            **settings,
        )
        self.schema = self.instance.Schema("lab")
        self.table: Any = self.schema(manual("Thing", DEFINITION))
        self.backend: StorageBackend = self.instance.connection.stores.backend()

    def paths(self, prefix: str = "") -> list[str]:
        found = sorted(item.path for item in self.backend.list(prefix))
        return [path for path in found if not path.startswith("_datamill/")]

    def one(self, name: str, **restriction: Any) -> Any:
        return (self.table & restriction).fetch1(name)


@pytest.fixture
def lab(database_url: str, store: dict[str, Any]) -> Iterator[Lab]:
    lab = Lab(database_url, store)
    yield lab
    lab.instance.connection.close()


@pytest.fixture
def local(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    """A lab whose store is a folder, to tamper with."""
    (tmp_path / "store").mkdir()
    lab = Lab(database_url, {"protocol": "file", "location": str(tmp_path / "store")})
    yield lab
    lab.instance.connection.close()


# what comes back ---------------------------------------------------------------------------------------------


def test_every_codec_gives_back_what_it_got(lab: Lab, tmp_path: Path) -> None:
    source = tmp_path / "süd west.txt"
    source.write_text("wind")
    lab.backend.put_buffer(b"theirs", "raw/day 1/ä.bin")
    array = np.arange(24, dtype="u2").reshape(2, 3, 4)
    row = {"blob": {"a": array}, "raw": b"hello", "attachment": source, "thing": source, "array": array}
    lab.table.insert1({"k": 1, **row, "file": "raw/day 1/ä.bin"})
    lab.table.insert1({"k": 2})
    with lab.instance.config.override(download_path=str(tmp_path / "downloads")):
        found = (lab.table & {"k": 1}).fetch1()
    assert np.array_equal(found["blob"]["a"], array)
    assert found["raw"] == b"hello"
    assert Path(found["attachment"]).read_text() == "wind"
    assert found["thing"].read() == b"wind"
    assert found["thing"].ext == ".txt"
    assert np.array_equal(found["array"], array)
    assert found["array"].dtype == array.dtype
    assert found["file"].read() == b"theirs"
    assert all(value is None for name, value in (lab.table & {"k": 2}).fetch1().items() if name != "k")
    assert lab.schema.verify_objects("hash") == {"checked": 6, "missing": [], "corrupt": []}


def test_paths_and_metadata_are_as_written_down(lab: Lab) -> None:
    lab.table.insert1({"k": 1, "raw": b"hello", "thing": (".bin", b"abc"), "array": np.zeros(3)})
    raw, thing, array = _stored(lab, "raw", "thing", "array")
    assert raw == {
        "hash": "lvauakv4jmvhnolrtwiraf6fsi",
        "path": "_hash/lab/lvauakv4jmvhnolrtwiraf6fsi",
        "schema": "lab",
        "store": "main",
        "size": 5,
    }
    assert thing.keys() == {"path", "store", "size", "hash", "ext", "is_dir", "item_count", "timestamp"}
    assert thing["path"].startswith("_schema/lab/thing/k=1/thing_")
    assert (thing["size"], thing["ext"], thing["is_dir"], thing["item_count"]) == (3, ".bin", False, None)
    assert thing["timestamp"].endswith("+00:00")
    assert (array["dtype"], array["shape"], array["store"]) == ("float64", [3], "main")


def _stored(lab: Lab, *names: str) -> Iterator[Any]:
    table = lab.table.proj(*names).to_arrow()
    return (json.loads(table[name][0].as_py()) for name in names)


def test_equal_content_is_stored_once_and_read_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.table.insert({"k": number, "raw": b"same"} for number in range(20))
    assert len(lab.paths("_hash")) == 1
    reads: list[str] = []
    original = StorageBackend.get_buffer

    def spy(self: StorageBackend, remote: str) -> bytes:
        reads.append(remote)
        return original(self, remote)

    monkeypatch.setattr(StorageBackend, "get_buffer", spy)
    assert set(lab.table.to_arrays("raw")) == {b"same"}
    assert len(reads) == 1


def test_counts_keys_and_previews_touch_no_store(local: Lab) -> None:
    local.table.insert({"k": number, "raw": b"x", "thing": b"y"} for number in range(3))
    shutil.rmtree(local.backend._full_path(""))
    assert len(local.table()) == 3
    assert len(local.table.keys()) == 3
    assert "<hash@>" in repr(local.table())
    assert len(local.table.proj("thing").to_dicts()) == 3


def test_folders_come_back_with_their_manifest(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"1")
    (folder / "empty").write_bytes(b"")
    (folder / "sub" / "b c.txt").write_bytes(b"22")
    lab.table.insert1({"k": 1, "thing": folder})
    ref = lab.one("thing")
    assert (ref.is_dir, ref.size, ref.item_count, ref.ext) == (True, 3, 3, None)
    assert ref.listdir() == ["a.txt", "empty", "sub"]
    assert ref.listdir("sub") == ["b c.txt"]
    assert list(ref.walk()) == [("", ["sub"], ["a.txt", "empty"]), ("sub", [], ["b c.txt"])]
    assert ref.open("sub/b c.txt").read() == b"22"
    assert ref.verify()
    assert ref.exists("a.txt")
    assert not ref.exists("b.txt")
    target = ref.download(tmp_path / "copy")
    assert sorted(path.name for path in target.rglob("*") if path.is_file()) == ["a.txt", "b c.txt", "empty"]
    with pytest.raises(DataMillError, match="is a folder"):
        ref.read()


def test_objects_from_streams_urls_and_other_rows(lab: Lab, tmp_path: Path) -> None:
    source = tmp_path / "data.csv"
    source.write_bytes(b"a,b")
    with source.open("rb") as file:
        lab.table.insert1({"k": 1, "thing": file})
    lab.table.insert1({"k": 2, "thing": io.BytesIO(b"stream")})
    lab.table.insert1({"k": 3, "thing": f"file://{source}"})
    lab.table.insert1({"k": 4, "thing": lab.one("thing", k=1)})
    found = [lab.one("thing", k=number) for number in (1, 2, 3, 4)]
    assert [ref.read() for ref in found] == [b"a,b", b"stream", b"a,b", b"a,b"]
    assert [ref.ext for ref in found] == [".csv", None, ".csv", ".csv"]
    assert found[3].path != found[0].path
    with source.open() as text, pytest.raises(TypeError, match="binary"):
        lab.table.insert1({"k": 5, "thing": text})
    assert len(lab.paths("_schema")) == 4


def test_queries_of_objects_copy_them(lab: Lab) -> None:
    other = lab.schema(manual("Other", DEFINITION))
    lab.table.insert1({"k": 1, "thing": b"x", "raw": b"y", "array": np.ones(2)})
    other.insert(lab.table())
    lab.table.delete_quick()
    ref = other.fetch1("thing")
    assert ref.path.startswith("_schema/lab/other/")
    assert ref.read() == b"x"
    assert np.array_equal(other.fetch1("array"), np.ones(2))


def test_metadata_of_objects_are_adopted(lab: Lab) -> None:
    lab.backend.put_buffer(b"made elsewhere", "_schema/elsewhere/x.bin")
    lab.table.insert1({"k": 1, "thing": {"path": "_schema/elsewhere/x.bin", "ext": ".bin"}})
    assert lab.one("thing").read() == b"made elsewhere"
    with pytest.raises(MissingExternalFile):
        lab.table.insert1({"k": 2, "thing": {"path": "_schema/elsewhere/y.bin"}})
    for path in ("_hash/lab/x", "raw/x"):
        with pytest.raises(InvalidValueError, match="outside the section"):
            lab.table.insert1({"k": 2, "thing": {"path": path}})


def test_references_travel_between_processes(local: Lab) -> None:
    local.table.insert1({"k": 1, "thing": b"x", "array": np.arange(3)})
    thing, array = (pickle.loads(pickle.dumps(value)) for value in local.table.fetch1("thing", "array"))
    assert thing.read() == b"x"
    assert array[1] == 1


# arrays ------------------------------------------------------------------------------------------------------


def test_slices_read_their_own_bytes_only(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.arange(1000 * 64, dtype="f8").reshape(1000, 64)
    lab.table.insert1({"k": 1, "array": array})
    ref = lab.one("array")
    assert (ref.shape, ref.ndim, ref.size, ref.nbytes, len(ref)) == ((1000, 64), 2, 64000, 512000, 1000)
    read: list[int] = []
    original = StorageBackend.get_range

    def spy(self: Any, remote: str, start: int, stop: int) -> bytes:
        read.append(stop - start)
        return original(self, remote, start, stop)

    monkeypatch.setattr(StorageBackend, "get_range", spy)
    assert np.array_equal(ref[10], array[10])
    assert sum(read) == 256 + 64 * 8
    read.clear()
    assert np.array_equal(ref[20:30, ::2], array[20:30, ::2])
    assert sum(read) == 10 * 64 * 8
    for index in (
        -1,
        slice(None, None, -7),
        slice(5, 5),
        (3, 4),
        (slice(2, 9, 3), 1),
        Ellipsis,
        [1, 2],
        None,
    ):
        assert np.array_equal(ref[index], array[index])
    with pytest.raises(IndexError):
        ref[1000]
    assert ref.is_loaded
    assert np.array_equal((ref + 1) @ np.ones(64), (array + 1).sum(1))
    assert float(np.mean(ref)) == array.mean()


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5),
        np.zeros((0, 3)),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", "<f8")]),
        np.array(["ä", "bc"]),
        np.array(["2024-01-01"], dtype="M8[D]"),
        np.array([1, 2], dtype=">i4"),
        np.array([True, False]),
    ],
    ids=str,
)
def test_arrays_of_all_kinds(local: Lab, array: np.ndarray[Any, Any]) -> None:
    local.table.insert1({"k": 1, "array": array})
    ref = local.one("array")
    assert ref.dtype == array.dtype
    assert np.array_equal(np.asarray(ref), array)
    if array.ndim and len(array):
        assert np.array_equal(local.one("array")[0], array[0])


def test_arrays_are_mapped(lab: Lab, tmp_path: Path) -> None:
    array = np.arange(100)
    lab.table.insert1({"k": 1, "array": array})
    ref = lab.one("array")
    if lab.backend.protocol != "file":
        with pytest.raises(ConfigError, match=r"storage\.cache"):
            ref.load("r")
    lab.instance.config["storage.cache"] = str(tmp_path / "cache")
    for mode in ("r", "c"):
        mapped = lab.one("array").load(mode)
        assert isinstance(mapped, np.memmap)
        assert np.array_equal(mapped, array)
        del mapped
    with pytest.raises(ValueError, match="would change"):
        ref.load("r+")


@pytest.mark.parametrize("value", [[1], np.array([object()]), np.ma.array([1], mask=[True])])
def test_other_values_are_no_arrays(local: Lab, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        local.table.insert1({"k": 1, "array": value})
    assert local.paths() == []


# what fails leaves nothing -----------------------------------------------------------------------------------


def test_a_failed_insert_leaves_no_row_and_no_object(lab: Lab) -> None:
    lab.table.insert1({"k": 1, "thing": b"first"})
    before = lab.paths("_schema")
    with pytest.raises(DuplicateError):
        lab.table.insert([{"k": 2, "thing": b"a", "array": np.ones(2)}, {"k": 1, "thing": b"b"}])
    with pytest.raises(TypeError, match="takes bytes"):
        lab.table.insert([{"k": 2, "thing": b"a"}, {"k": 3, "raw": "text"}])
    with pytest.raises(DataMillError):
        lab.table.update1({"k": 9, "thing": b"a"})
    assert lab.paths("_schema") == before
    assert len(lab.table()) == 1


def test_skipped_rows_are_not_uploaded(lab: Lab) -> None:
    lab.table.insert1({"k": 1, "thing": b"first"})
    rows = [{"k": 1, "thing": b"other"}, {"k": 2, "thing": b"new"}, {"k": 2, "thing": b"again"}]
    lab.table.insert(rows, skip_duplicates=True)
    assert len(lab.paths("_schema")) == 2
    assert [ref.read() for ref in lab.table.to_arrays("thing")] == [b"first", b"new"]
    lab.table.insert(rows, skip_duplicates=True, chunk_size=1)
    assert len(lab.paths("_schema")) == 2


def test_committed_chunks_keep_their_objects(lab: Lab) -> None:
    lab.table.insert1({"k": 5})
    with pytest.raises(DuplicateError) as raised:
        lab.table.insert(({"k": number, "thing": b"x"} for number in range(8)), chunk_size=2)
    assert raised.value.rows_committed == 4
    assert len(lab.paths("_schema")) == 4
    assert [ref.read() for ref in (lab.table & "k < 4").to_arrays("thing")] == [b"x"] * 4


def test_validation_stores_nothing(lab: Lab) -> None:
    assert lab.table.validate([{"k": 1, "thing": b"x", "raw": b"y"}])
    assert not lab.table.validate([{"k": 1, "raw": "y"}])
    assert lab.paths() == []


def test_an_unreachable_store_inserts_nothing(database_url: str) -> None:
    spec = {"protocol": "s3", "bucket": "b", "location": "", "endpoint": "http://127.0.0.1:9"}
    lab = Lab(database_url, {**spec, "access_key": "a", "secret_key": "b", "region": "us-east-1"})
    with pytest.raises(BucketInaccessible, match="'main'") as raised:
        lab.table.insert([{"k": 1}, {"k": 2, "raw": b"x"}])
    assert raised.value.store == "main"
    assert "127.0.0.1:9" in str(raised.value)
    assert len(lab.table()) == 0


def test_a_full_disk_is_named(local: Lab) -> None:
    with pytest.raises(DataMillError, match="Store 'main' is full"), faults("main", "x", "writing"):
        Path("/dev/full").write_bytes(b"x" * 10**6)


def test_a_missing_privilege_shows_before_any_upload(local: Lab, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("read-only URLs are those of SQLite")
    with dm.Connection(url=f"{database_url}?mode=ro", config_override=local.instance.config) as connection:
        table = dm.FreeTable(connection, "lab.thing")
        with pytest.raises(AccessError):
            table.insert1({"k": 1, "thing": b"x", "raw": b"y"})
    assert local.paths() == []


# tampering ---------------------------------------------------------------------------------------------------


def _flip(lab: Lab, path: str) -> None:
    content = bytearray(lab.backend.get_buffer(path))
    content[len(content) // 2] ^= 1
    lab.backend.put_buffer(bytes(content), path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("blob", np.arange(9)), ("raw", b"abcdef"), ("thing", b"abcdef"), ("array", np.arange(9))],
)
def test_flipped_bits_and_lost_objects_are_noticed(lab: Lab, name: str, value: Any) -> None:
    lab.table.insert1({"k": 1, name: value})
    (path,) = lab.paths()

    def read() -> None:
        found = lab.one(name)
        if name == "thing":
            found.read()
        elif name == "array":
            found.load()

    _flip(lab, path)
    with pytest.raises(ObjectIntegrityError) as raised:
        read()
    assert (raised.value.path, raised.value.store) == (path, "main")
    found = lab.schema.verify_objects("hash")
    assert [item["path"] for item in found["corrupt"]] == [path]
    lab.backend.remove(path)
    with pytest.raises(MissingExternalFile, match="'main'") as lost:
        read()
    assert (lost.value.path, lost.value.store) == (path, "main")
    found = lab.schema.verify_objects()
    assert ([item["path"] for item in found["missing"]], found["corrupt"]) == ([path], [])


def test_damaged_content_is_replaced_by_the_next_insert(lab: Lab) -> None:
    lab.table.insert1({"k": 1, "raw": b"hello"})
    (path,) = lab.paths()
    lab.backend.put_buffer(b"hell", path)
    lab.table.insert1({"k": 2, "raw": b"hello"})
    assert set(lab.table.to_arrays("raw")) == {b"hello"}


def test_damaged_folders_are_noticed(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(b"abc")
    (folder / "b").write_bytes(b"def")
    lab.table.insert1({"k": 1, "thing": folder})
    ref = lab.one("thing")
    _flip(lab, f"{ref.path}/a")
    assert ref.verify("size")
    with pytest.raises(ObjectIntegrityError, match="another content"):
        ref.verify()
    lab.backend.remove(f"{ref.path}/b")
    with pytest.raises(ObjectIntegrityError, match="missing"):
        ref.verify("size")
    with pytest.raises(DataMillError) as caught:
        ref.download(tmp_path / "copy")
    assert caught.value.path in (f"{ref.path}/a", f"{ref.path}/b")
    assert not (tmp_path / "copy" / "a").exists()
    lab.backend.remove_folder(ref.path)
    lab.backend.remove(f"{ref.path}.manifest.json")
    assert not ref.exists()
    for read in (ref.listdir, lambda: list(ref.walk()), lambda: ref.download(tmp_path / "copy")):
        with pytest.raises(MissingExternalFile):
            read()


def test_folders_in_folders_are_checked_on_download(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    for name in ("a", "sub/a", "sub/b"):
        (tmp_path / "folder" / name).write_text(name)
    lab.table.insert1({"k": 1, "thing": tmp_path / "folder"})
    ref = lab.one("thing")
    target = ref.download(tmp_path / "copy", "sub")
    assert {path.name: path.read_text() for path in target.iterdir()} == {"a": "sub/a", "b": "sub/b"}
    lab.backend.remove(f"{ref.path}/sub/b")
    with pytest.raises(MissingExternalFile):
        ref.download(tmp_path / "copy", "sub")


@pytest.mark.parametrize("inner", ["", "sub/deep"])
def test_folders_without_files(lab: Lab, tmp_path: Path, inner: str) -> None:
    (tmp_path / "empty" / inner).mkdir(parents=True)
    lab.table.insert1({"k": 1, "thing": tmp_path / "empty"})
    ref = lab.one("thing")
    assert (ref.item_count, ref.exists(), ref.verify(), ref.listdir()) == (0, True, True, [])
    assert list(ref.download(tmp_path / "copy").iterdir()) == []
    assert lab.schema.verify_objects("hash") == {"checked": 1, "missing": [], "corrupt": []}
    lab.backend.remove(f"{ref.path}.manifest.json")
    assert not ref.exists()
    assert len(lab.schema.verify_objects()["missing"]) == 1


def test_ranges_end_where_objects_end(lab: Lab) -> None:
    lab.backend.put_buffer(b"12345", "x")
    ranges = [(0, 2), (3, 9), (5, 9), (7, 9)]
    assert [lab.backend.get_range("x", *item) for item in ranges] == [b"12", b"45", b"", b""]
    with pytest.raises(MissingExternalFile):
        lab.backend.get_range("y", 0, 1)


HOSTILE = ["../outside", "/etc/passwd", "_schema/../../outside", "a\\..\\b", "a\0b", "", "./x", "a//b"]


@pytest.mark.parametrize("path", HOSTILE)
def test_no_path_leaves_the_store(local: Lab, path: str) -> None:
    for name in ("thing", "file"):
        with pytest.raises((DataMillError, ValueError, TypeError, FileNotFoundError)):
            local.table.insert1({"k": 1, name: {"path": path} if name == "thing" else path})
    ref = dm.ObjectRef({"path": path or "..", "store": "main", "size": None}, local.backend)
    for act in (
        ref.read,
        ref.exists,
        ref.verify,
        lambda: ref.download("x"),
        lambda: ref.fs and ref.full_path,
    ):
        with pytest.raises(DataMillError):
            act()
    backend = local.backend
    for use in (backend.remove, backend.remove_folder, backend.get_buffer):
        if path:
            with pytest.raises(DataMillError):
                use(path)
    if path:
        with pytest.raises(DataMillError):
            list(backend.list(path))


def test_hostile_names_in_folders_never_leave_the_download(lab: Lab, tmp_path: Path) -> None:
    if lab.backend.protocol != "s3":
        pytest.skip("only keys of S3 may hold '..'")
    lab.backend.put_buffer(b"1", "_schema/x/a")
    lab.backend.fs.pipe_file(lab.backend._full_path("_schema/x") + "/../../evil", b"2")
    ref = dm.ObjectRef({"path": "_schema/x", "store": "main", "is_dir": True}, lab.backend)
    with pytest.raises(ObjectIntegrityError, match="leaves the store"):
        ref.download(tmp_path / "target")
    assert not (tmp_path / "evil").exists()


def test_filepaths_stay_out_of_managed_sections(lab: Lab) -> None:
    lab.table.insert1({"k": 1, "raw": b"x"})
    for path in (*lab.paths(), "_hash", "./_hash/x", "_datamill/x", "raw/../_hash/x"):
        with pytest.raises(ValueError, match=r"keeps its own|'\.\.'"):
            lab.table.insert1({"k": 2, "file": path})
    with pytest.raises(FileNotFoundError):
        lab.table.insert1({"k": 2, "file": "raw/none"})
    lab.backend.put_buffer(b"1", "raw/deep/x")
    lab.table.insert1({"k": 2, "file": "raw//deep"})
    assert lab.one("file", k=2).is_dir
    assert lab.one("file", k=2).path == "raw/deep"


def test_links_are_stored_as_what_they_lead_to(local: Lab, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "target").write_bytes(b"content")
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "target")
    local.table.insert1({"k": 1, "thing": tmp_path / "folder"})
    assert local.one("thing").open("link").read() == b"content"
    (tmp_path / "folder" / "loop").symlink_to(tmp_path / "folder")
    with pytest.raises(InvalidValueError, match="leads back"):
        local.table.insert1({"k": 2, "thing": tmp_path / "folder"})
    (tmp_path / "folder" / "loop").unlink()
    (tmp_path / "folder" / "broken").symlink_to(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        local.table.insert1({"k": 2, "thing": tmp_path / "folder"})
    assert len([path for path in local.paths("_schema") if "k=2" in path]) == 0


# many at a time ----------------------------------------------------------------------------------------------


def test_two_connections_insert_the_same_content(database_url: str, store: dict[str, Any]) -> None:
    labs = [Lab(database_url, store) for _ in range(2)]
    barrier = threading.Barrier(2)

    def work(number: int) -> None:
        barrier.wait()
        for key in range(10):
            labs[number].table.insert1({"k": number * 100 + key, "raw": b"%d" % key})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    labs[1].instance.connection.close()
    assert len(labs[0].table()) == 20
    assert len(labs[0].paths("_hash")) == 10
    assert sorted(labs[0].table.to_arrays("raw")) == sorted([b"%d" % key for key in range(10)] * 2)


def test_forked_children_use_the_store(lab: Lab) -> None:
    lab.table.insert({"k": number, "raw": b"%d" % number} for number in range(4))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            values = sorted(lab.table.to_arrays("raw"))
            if lab.backend.protocol != "memory":
                lab.table.insert({"k": 10 + number, "raw": b"c%d" % number} for number in range(4))
            status = 0 if values == [b"0", b"1", b"2", b"3"] else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(lab.table()) == (4 if lab.backend.protocol == "memory" else 8)


# the cache ---------------------------------------------------------------------------------------------------


def test_the_cache_answers_without_the_store(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.instance.config["storage.cache"] = str(tmp_path / "cache")
    lab.table.insert({"k": number, "blob": np.arange(number)} for number in range(5))
    first = lab.table.to_arrays("blob")
    for path in lab.paths("_hash"):
        lab.backend.remove(path)
    second = lab.table.to_arrays("blob")
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    cached = next(path for path in (tmp_path / "cache").glob("??/*") if not path.name.endswith(".checked"))
    content = bytearray(cached.read_bytes())
    content[-1] ^= 1
    cached.write_bytes(bytes(content))
    os.utime(cached, ns=(1, 1))
    with pytest.raises(MissingExternalFile):
        lab.table.to_arrays("blob")


def test_the_cache_stays_below_its_limit(local: Lab, tmp_path: Path) -> None:
    local.instance.config["storage.cache"] = str(tmp_path / "cache")
    local.instance.config["storage.cache_limit"] = 100_000
    local.table.insert({"k": number, "raw": os.urandom(10_000)} for number in range(30))
    local.table.to_arrays("raw")
    sizes = [path.stat().st_size for path in (tmp_path / "cache").glob("??/*")]
    assert sum(sizes) <= 110_000


# settings ----------------------------------------------------------------------------------------------------


def test_stores_that_are_not_there(database_url: str, tmp_path: Path) -> None:
    lab = Lab(database_url, {"protocol": "memory", "location": "x"})
    near = {"protocol": "memory", "location": "x"}
    with lab.instance.config.override(stores={"default": "main", "main": near, "far": near}):
        other = lab.schema(manual("Far", "k : int32\n---\nx = null : <hash@far>"))
    other.insert1({"k": 1})
    with pytest.raises(ConfigError, match="no store 'far'"):
        other.insert1({"k": 2, "x": b"1"})
    lab.instance.config["stores.far"] = {"protocol": "file", "location": str(tmp_path / "absent")}
    with pytest.raises(FileNotFoundError, match="far"):
        other.insert1({"k": 2, "x": b"1"})
    (tmp_path / "absent").mkdir()
    other.insert1({"k": 2, "x": b"1"})
    assert (other & "k = 2").fetch1("x") == b"1"


def test_a_store_that_goes_away_is_not_made_anew(local: Lab, tmp_path: Path) -> None:
    local.table.insert1({"k": 1, "raw": b"1"})
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    for name in ("raw", "thing", "blob"):
        with pytest.raises(BucketInaccessible, match="is gone"):
            local.table.insert1({"k": 2, name: b"2"})
    with pytest.raises(BucketInaccessible):
        (local.table & "k = 1").fetch1("raw")
    with pytest.raises(BucketInaccessible):
        local.schema.verify_objects()
    staged = local.table.staged_insert1
    staged.rec["k"] = 2
    with pytest.raises(BucketInaccessible):
        staged.open("thing", ".bin")
    assert not (tmp_path / "store").exists()
    assert len(local.table) == 1
    (tmp_path / "elsewhere").rename(tmp_path / "store")
    local.table.insert1({"k": 2, "raw": b"2"})


def test_databases_without_settings_have_a_store_beside_them(tmp_path: Path) -> None:
    lab = dm.Instance(url=f"sqlite:///{tmp_path / 'mice.db'}", safemode=False)
    table = lab.Schema("lab")(manual("Thing", DEFINITION))
    assert not (tmp_path / "mice_store").exists()
    table.insert1({"k": 1, "raw": b"x"})
    assert (tmp_path / "mice_store" / "_hash").is_dir()
    assert table.fetch1("raw") == b"x"


def test_databases_in_memory_share_no_objects() -> None:
    labs = [dm.Instance(url="sqlite://", safemode=False) for _ in range(2)]
    backends = [lab.connection.stores.backend() for lab in labs]
    backends[0].put_buffer(b"x", "raw/x")
    assert backends[0].exists("raw/x")
    assert not backends[1].exists("raw/x")


def test_secrets_do_not_show(store: dict[str, Any]) -> None:
    backend = StorageBackend({**store, "secret_key": "sesame", "access_key": "open"}, "main")
    assert "sesame" not in repr(backend) + repr(backend.spec) + str(backend.spec)


# Specs 2.0 ---------------------------------------------------------------------------------------------------


class Volume(dm.Object):
    """An object that writes itself."""

    def __init__(self, voxels: bytes) -> None:
        self.voxels = voxels

    def put(self, store: StorageBackend, key: str) -> dict[str, Any]:
        store.put_buffer(self.voxels, key)
        return {"voxels": len(self.voxels)}

    @classmethod
    def get(cls, store: StorageBackend, key: str) -> Volume:
        return cls(store.get_buffer(key))


def test_objects_write_and_read_themselves(lab: Lab) -> None:
    table = lab.schema(manual("Scan", "k : int32\n---\nvolume : object"))
    table.insert1({"k": 1, "volume": Volume(b"abc")})
    ref = table.fetch1("volume")
    assert ref.to_json()["meta"] == {"voxels": 3}
    assert ref.load().voxels == b"abc"
    assert ref.load(Volume).voxels == b"abc"
    stranger = dm.ObjectRef({**ref.to_json(), "class": "os.system"}, lab.backend)
    with pytest.raises(DataMillError, match="not imported"):
        stranger.load()


def test_custom_types_are_codecs(lab: Lab) -> None:
    class PointType(dm.CustomType):
        type_name = "point"
        stored_type = "<blob>"

        def put(self, obj: Any, key: Any) -> Any:
            return [obj.real, obj.imag, key["k"]]

        def get(self, stored: Any) -> Any:
            return complex(stored[0], stored[1])

    try:
        definition = "k : int32\n---\ninline : <point>\nstored : <point@>"
        table = lab.schema(manual("Plane", definition))
        table.insert1({"k": 1, "inline": 1 + 2j, "stored": 3 + 4j})
        assert table.fetch1("inline", "stored") == (1 + 2j, 3 + 4j)
        assert len(lab.paths("_hash")) == 1
    finally:
        dm.codecs.unregister_codec("point")


# stores that are not configured --------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["more = null : <blob@nostore>", "more = null : <filepath@nostore>"])
def test_a_table_needs_its_stores(local: Lab, column: str) -> None:
    with pytest.raises(ConfigError, match=r"'nostore'.*Configured: main") as caught:
        local.schema(manual("Other", f"k : int32\n---\n{column}\n"))
    assert "of lab.other needs it" in caught.value.__notes__[0]
    assert [table.split(".")[-1].strip('`"') for table in local.schema.list_tables()] == ["thing"]
    thing = manual("Thing", DEFINITION + column + "\n")
    with pytest.warns(dm.errors.DriftWarning):
        changed = local.schema(thing)
    with pytest.raises(ConfigError, match="nostore"):
        changed.alter(prompt=False)


def test_tables_load_without_their_stores(local: Lab, database_url: str) -> None:
    local.table.insert1({"k": 1, "raw": b"x"})
    stores = {"default": "other", "other": {"protocol": "memory", "location": "x"}}
    instance = dm.Instance(url=database_url, safemode=False, stores=stores)
    loaded: Any = instance.Schema("lab").get_table("Thing")
    assert loaded.proj().to_dicts() == [{"k": 1}]
    assert "blob" in loaded.heading.names
    declared = instance.Schema("lab")(manual("Thing", DEFINITION))  # it exists: nothing has to be written
    with pytest.raises(ConfigError, match="'main'"):
        declared.fetch1("raw")
    instance.connection.close()
