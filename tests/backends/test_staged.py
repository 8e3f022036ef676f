"""staged_insert1: objects written in place, and every way in which that can fail."""

# ruff: noqa: PT012 - the block around a staged row is what fails

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import datamill as dm
from datamill.errors import DataMillError, DuplicateError, MissingAttributeError, UnknownAttributeError
from datamill.storage import StorageBackend

DEFINITION = """
animal : int32
day : date
---
frames = null : <object@>
stats = null : <object@>
trace = null : <npy@>
note = null : varchar(20)
blob = null : <blob@>
"""
KEY = {"animal": 3, "day": "2024-05-01"}


class Lab:
    def __init__(self, url: str, store: dict[str, Any]) -> None:
        self.instance = dm.Instance(url=url, safemode=False, stores={"default": "main", "main": store})
        self.schema = self.instance.Schema("lab")
        self.movie: Any = self.declare("Movie", dm.Manual, DEFINITION)
        self.backend: StorageBackend = self.instance.connection.stores.backend()

    def declare(self, name: str, tier: type, definition: str, context: Any = None, **members: Any) -> Any:
        members = {"definition": definition, **members}
        cls = types.new_class(name, (tier,), exec_body=lambda body: body.update(members))
        return self.schema(cls, context=context)

    def paths(self) -> list[str]:
        found = sorted(item.path for item in self.backend.list())
        return [path for path in found if not path.startswith("_datamill/")]


@pytest.fixture
def lab(database_url: str, store: dict[str, Any]) -> Iterator[Lab]:
    lab = Lab(database_url, store)
    yield lab
    lab.instance.connection.close()


@pytest.fixture
def local(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(database_url, {"protocol": "memory", "location": tmp_path.name})
    yield lab
    lab.instance.connection.close()


def test_zarr_hdf5_and_npy_are_written_in_place(lab: Lab) -> None:
    zarr = pytest.importorskip("zarr")
    h5py = pytest.importorskip("h5py")
    frames = np.arange(30 * 4 * 4, dtype="u2").reshape(30, 4, 4)
    with lab.movie.staged_insert1 as staged:
        staged.rec.update(KEY, note="in place")
        array = zarr.open(
            staged.store("frames", ".zarr"), mode="w", shape=frames.shape, dtype="u2", chunks=(10, 4, 4)
        )
        array[:] = frames
        with h5py.File(staged.local("stats", ".h5"), "w") as file:
            file["mean"] = frames.mean(0)
        np.save(staged.open("trace", ".npy"), frames[0])
    row = lab.movie.fetch1()
    assert row["note"] == "in place"
    assert row["frames"].is_dir
    assert row["frames"].path.startswith("_schema/lab/movie/animal=3/day=2024-05-01/frames_")
    assert row["frames"].path.endswith(".zarr")
    assert np.array_equal(zarr.open(row["frames"].fsmap, mode="r")[:], frames)
    assert row["frames"].verify()
    with row["stats"].open() as stream, h5py.File(stream) as file:
        assert np.array_equal(file["mean"][:], frames.mean(0))
    assert np.array_equal(row["trace"][1], frames[0][1])
    assert lab.schema.verify_objects("hash")["corrupt"] == []


def test_a_row_without_objects_is_a_plain_insert(local: Lab) -> None:
    with local.movie.staged_insert1 as staged:
        staged.rec.update(KEY)
    assert len(local.movie()) == 1


def _write(staged: Any) -> Any:
    staged.open("frames", ".bin").write(b"abc")
    folder = staged.store("stats", ".dir")
    folder["a/b"] = b"1"
    return staged


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_any_exception_removes_the_objects(lab: Lab, error: type[BaseException]) -> None:
    with pytest.raises(error), lab.movie.staged_insert1 as staged:
        staged.rec.update(KEY)
        _write(staged)
        raise error
    assert lab.paths() == []
    assert len(lab.movie()) == 0


def test_a_failed_insert_removes_the_objects(lab: Lab) -> None:
    with pytest.raises(UnknownAttributeError), lab.movie.staged_insert1 as staged:
        staged.rec.update(KEY, nonsense=1)
        _write(staged)
    assert lab.paths() == []
    assert len(lab.movie()) == 0


def test_an_existing_key_fails_at_the_first_handle(local: Lab) -> None:
    local.movie.insert1(KEY)
    with pytest.raises(DuplicateError), local.movie.staged_insert1 as staged:
        staged.rec.update(KEY)
        staged.open("frames")
        pytest.fail("the handle was given")
    assert local.paths() == []


def test_misuse_is_refused(local: Lab) -> None:
    def attempt(use: Any, match: str, error: type[DataMillError] = DataMillError, **record: Any) -> None:
        with pytest.raises(error, match=match), local.movie.staged_insert1 as staged:
            staged.rec.update(record or KEY)
            use(staged)
        assert local.paths() == []
        assert len(local.movie()) == 0

    attempt(lambda s: s.open("frames"), "lacks day", animal=3)
    attempt(lambda s: s.open("frame"), "frame", UnknownAttributeError)
    attempt(lambda s: s.open("blob"), "cannot be written in place")
    attempt(lambda s: s.open("note"), "cannot be written in place")
    attempt(lambda s: s.store("frames", ".zarr"), "Nothing was written")
    attempt(lambda s: s.local("frames", ".h5"), "Nothing was written")
    attempt(lambda s: _write(s).open("frames", ".txt"), "extension")
    attempt(lambda s: _write(s).rec.update(animal=4), "changed from")
    attempt(lambda s: _write(s).rec.pop("day"), "lacks day")
    attempt(lambda s: _write(s).rec.update(frames=b"x"), "also set in rec")
    attempt(lambda s: s.open("trace", ".npy").write(b"no array"), "no NumPy file")
    attempt(lambda s: s.rec.update(day=None), "day", MissingAttributeError)


def test_a_transaction_that_rolls_back_leaves_orphans_only(local: Lab) -> None:
    connection = local.instance.connection
    with pytest.raises(RuntimeError), connection.transaction:
        with local.movie.staged_insert1 as staged:
            staged.rec.update(KEY)
            _write(staged)
        assert len(local.movie()) == 1
        raise RuntimeError
    assert len(local.movie()) == 0


def test_inside_make_the_row_joins_the_flush(local: Lab) -> None:
    local.movie.insert([{"animal": number, "day": "2024-05-01"} for number in range(3)])

    def make(self: Any, key: dict[str, Any]) -> None:
        with self.staged_insert1 as staged:
            staged.rec.update(key)
            staged.open("result", ".bin").write(b"%d" % key["animal"])
        if key["animal"] == 1:
            raise ValueError("no")

    result = local.declare(
        "Result", dm.Computed, "-> Movie\n---\nresult : <object@>", {"Movie": local.movie}, make=make
    )
    result.populate(suppress_errors=True)
    assert [ref.read() for ref in result.to_arrays("result")] == [b"0", b"2"]
    assert len(local.paths()) == 2
    with pytest.raises(DataMillError, match="make"), result.staged_insert1:
        pass
