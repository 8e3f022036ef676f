"""The codecs of the extras: zarr, parquet, arrow, image."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import datamill as dm
from datamill.errors import MissingExternalFile, MissingExtraError, ObjectIntegrityError
from datamill.storage import StorageBackend

DEFINITION = """
k : int32
---
zarr = null : <zarr@>
parquet = null : <parquet@>
arrow = null : <arrow>
arrow_stored = null : <arrow@>
image = null : <image>
image_stored = null : <image@>
"""


@pytest.fixture
def table(database_url: str, store: dict[str, Any]) -> Iterator[Any]:
    lab = dm.Instance(url=database_url, safemode=False, stores={"default": "main", "main": store})
    cls = types.new_class("Thing", (dm.Manual,), exec_body=lambda body: body.update(definition=DEFINITION))
    yield lab.Schema("lab")(cls)
    lab.connection.close()


def test_zarr_arrays_and_groups(table: Any) -> None:
    zarr = pytest.importorskip("zarr")
    array = np.arange(60, dtype="i4").reshape(20, 3)
    group = zarr.open_group(zarr.storage.MemoryStore(), mode="w")
    group.create_array("inner/a", shape=(4,), dtype="f8")[:] = np.arange(4.0)
    group.attrs["unit"] = "mV"
    table.insert([{"k": 1, "zarr": array}, {"k": 2, "zarr": group}])
    first, second = table.to_arrays("zarr", order_by="k")
    assert (first.shape, first.dtype, first.ndim, first.size, len(first)) == ((20, 3), array.dtype, 2, 60, 20)
    assert np.array_equal(first[5:7], array[5:7])
    assert np.array_equal(np.asarray(first), array)
    assert second.shape is None
    assert np.array_equal(second["inner/a"][:], np.arange(4.0))
    assert second.attrs["unit"] == "mV"
    assert first.verify()
    table.insert1({"k": 3, "zarr": first})
    assert np.array_equal((table & "k = 3").fetch1("zarr")[:], array)
    with table.staged_insert1 as staged:
        staged.rec["k"] = 4
        zarr.open(staged.store("zarr", ".zarr"), mode="w", shape=(2,), dtype="u1")[:] = 7
    assert (table & "k = 4").fetch1("zarr").shape == (2,)
    with pytest.raises(TypeError):
        table.insert1({"k": 5, "zarr": [1]})


@pytest.fixture
def stored_array(table: Any) -> Any:
    """A reference to an array of four chunks, of which one holds the fill value only and so is not stored."""
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(zarr.storage.MemoryStore(), shape=(8, 4), chunks=(2, 4), dtype="i4")
    array[:4] = np.arange(1, 17).reshape(4, 4)
    array[6:] = 9
    table.insert1({"k": 1, "zarr": array})
    return table.fetch1("zarr")


def remove(ref: Any, name: str = "c/0/0") -> None:
    ref._backend.remove(f"{ref.path}/{name}")


def test_lost_chunks_of_zarr_are_no_zeros(table: Any, stored_array: Any) -> None:
    remove(stored_array)
    ref = table.fetch1("zarr")
    assert ref[2:].tolist() == [[9, 10, 11, 12], [13, 14, 15, 16], *[[0] * 4] * 2, *[[9] * 4] * 2]
    with pytest.raises(MissingExternalFile) as caught:
        ref[0]
    assert (caught.value.path, caught.value.store) == (f"{ref.path}/c/0/0", "main")
    remove(ref, "zarr.json")
    with pytest.raises(MissingExternalFile):
        table.fetch1("zarr").open()
    ref._backend.remove_folder(ref.path)
    ref._backend.remove(f"{ref.path}.manifest.json")
    with pytest.raises(MissingExternalFile) as caught:
        table.fetch1("zarr").open()
    assert caught.value.path == ref.path


def test_changed_chunks_of_zarr_are_told(table: Any, stored_array: Any) -> None:
    path = f"{stored_array.path}/c/1/0"
    content = stored_array._backend.get_buffer(path)
    for changed in (b"garbage", content[:-1] + b"?"):
        stored_array._backend.put_buffer(changed, path)
        with pytest.raises(ObjectIntegrityError) as caught:
            table.fetch1("zarr")[2]
        assert caught.value.path == path
    assert table.fetch1("zarr")[0].tolist() == [1, 2, 3, 4]


def test_zarr_without_manifest_is_read(table: Any, stored_array: Any) -> None:
    stored_array._backend.remove(f"{stored_array.path}.manifest.json")
    assert table.fetch1("zarr")[:].sum() == stored_array[:].sum() == 136 + 72
    remove(stored_array)
    with pytest.raises(ObjectIntegrityError, match="item_count"):
        table.fetch1("zarr").open()


def test_zarr_reads_the_chunks_it_touches(
    table: Any, stored_array: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = StorageBackend.get_buffer

    def counted(self: StorageBackend, remote: str) -> bytes:
        read.append(remote.removeprefix(stored_array.path))
        return original(self, remote)

    monkeypatch.setattr(StorageBackend, "get_buffer", counted)
    ref = table.fetch1("zarr")
    assert ref.shape == (8, 4)
    assert read == []
    assert ref[3:6, 0].tolist() == [13, 0, 0]
    assert read == [".manifest.json", "/zarr.json", "/c/1/0"]


def test_parts_of_shards_of_zarr(table: Any) -> None:
    zarr = pytest.importorskip("zarr")
    store = zarr.storage.MemoryStore()
    array = zarr.create_array(store, shape=(64,), chunks=(4,), shards=(32,), dtype="i4", compressors=None)
    array[:] = np.arange(64)
    with table.staged_insert1 as staged:
        staged.rec["k"] = 1
        mapping = staged.store("zarr", ".zarr")
        for name, buffer in store._store_dict.items():
            mapping[name] = buffer.to_bytes()
    ref = table.fetch1("zarr")
    assert ref[30:34].tolist() == [30, 31, 32, 33]
    path = f"{ref.path}/c/0"
    ref._backend.put_buffer(ref._backend.get_buffer(path)[:20], path)
    with pytest.raises(ObjectIntegrityError):
        table.fetch1("zarr")[0:4]


def test_lost_and_changed_tables(table: Any) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table.insert1({"k": 1, "parquet": pyarrow.table({"unit": list(range(100))})})
    ref = table.fetch1("parquet")
    content = ref._backend.get_buffer(ref.path)
    for changed in (
        content[:-1],
        content[:-8] + b"12345678",
        content[:4] + bytes(len(content) - 300) + content[-296:],
    ):
        ref._backend.put_buffer(changed, ref.path)
        with pytest.raises(ObjectIntegrityError) as caught:
            ref.to_arrow()
        assert caught.value.path == ref.path
    ref._backend.put_buffer(content, ref.path)
    with pytest.raises(ValueError, match="other"):
        ref.to_arrow(filters=[("other", "==", 1)])
    ref._backend.remove(ref.path)
    with pytest.raises(MissingExternalFile):
        ref.to_arrow()


def test_tables(table: Any) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    plain = pyarrow.table({"unit": [1, 2, 3], "time": [0.5, 1.5, 2.5]})
    values = {1: plain, 2: pandas.DataFrame({"unit": [1], "time": [2.0]}), 3: polars.DataFrame({"unit": [9]})}
    names = ("parquet", "arrow", "arrow_stored")
    table.insert({"k": key, **dict.fromkeys(names, value)} for key, value in values.items())
    row = (table & "k = 1").fetch1()
    assert row["arrow"].equals(plain)
    assert row["arrow_stored"].equals(plain)
    ref = row["parquet"]
    assert (ref.shape, ref.columns, len(ref)) == ((3, 2), ["unit", "time"], 3)
    assert ref.to_arrow().equals(plain)
    assert ref.to_arrow(columns=["time"], filters=[("unit", ">", 1)]).to_pydict() == {"time": [1.5, 2.5]}
    assert list(ref.to_pandas()["unit"]) == [1, 2, 3]
    assert ref.to_polars().shape == (3, 2)
    assert (table & "k = 2").fetch1("parquet").to_pandas().equals(values[2])
    with table.staged_insert1 as staged:
        staged.rec["k"] = 4
        import pyarrow.parquet as parquet

        parquet.write_table(plain, staged.open("parquet", ".parquet"))
    assert (table & "k = 4").fetch1("parquet").shape == (3, 2)
    with pytest.raises(TypeError):
        table.insert1({"k": 5, "arrow": {"a": [1]}})


@pytest.mark.parametrize(
    ("array", "format"),
    [
        (np.arange(12, dtype="u1").reshape(3, 4), "PNG"),
        (np.arange(12, dtype="u2").reshape(3, 4) * 5000, "PNG"),
        (np.eye(4, dtype=bool), "PNG"),
        (np.arange(36, dtype="u1").reshape(3, 4, 3), "PNG"),
        (np.arange(48, dtype="u1").reshape(3, 4, 4), "PNG"),
        (np.arange(12, dtype="f4").reshape(3, 4), "TIFF"),
        (np.arange(12, dtype="i4").reshape(3, 4), "TIFF"),
        (np.arange(12, dtype="u1").reshape(3, 4, 1), "PNG"),
    ],
    ids=lambda value: str(getattr(value, "dtype", value)),
)
def test_images(table: Any, array: np.ndarray[Any, Any], format: str) -> None:
    pytest.importorskip("PIL")
    table.insert1({"k": 1, "image": array, "image_stored": array})
    inline, ref = table.fetch1("image", "image_stored")
    assert np.array_equal(inline.reshape(array.shape), array)
    assert inline.dtype == array.dtype
    assert (ref.shape, ref.dtype, ref.format) == (array.shape, array.dtype, format)
    assert np.array_equal(ref.load(), array)
    assert ref.path.endswith(format.lower())
    assert ref.verify()


def test_pillow_images_and_what_is_no_image(table: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    picture = image.fromarray(np.zeros((3, 4, 3), dtype="u1"))
    table.insert1({"k": 1, "image": picture})
    assert table.fetch1("image").shape == (3, 4, 3)
    for value in (np.zeros((2, 2, 5), "u1"), np.zeros(3), np.zeros((2, 2), "c16"), "text"):
        with pytest.raises((TypeError, ValueError)):
            table.insert1({"k": 2, "image": value})


def test_missing_libraries_are_named(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError, match=r"datamill\[image\]") as raised:
        table.insert1({"k": 1, "image": np.zeros((2, 2), "u1")})
    assert raised.value.extra == "image"


@pytest.mark.filterwarnings("ignore:Sending a large body")  # by aiohttp, to its user gcsfs
def test_one_column_of_a_table_is_read_alone(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    noise = np.random.default_rng(0).random((10, 20_000))
    table.insert1({"k": 1, "parquet": pyarrow.table({f"c{row}": noise[row] for row in range(10)})})
    ref = table.fetch1("parquet")
    read = []
    original = StorageBackend.get_range

    def counted(self: StorageBackend, remote: str, start: int, stop: int) -> bytes:
        read.append(stop - start)
        return original(self, remote, start, stop)

    monkeypatch.setattr(StorageBackend, "get_range", counted)
    assert (ref.columns[3], ref.shape, read) == ("c3", (20_000, 10), [])
    assert ref.to_arrow(columns=["c3"])["c3"].to_pylist() == noise[3].tolist()
    assert noise[3].nbytes <= sum(read) < 3 * noise[3].nbytes
    assert ref.to_arrow().num_columns == 10
