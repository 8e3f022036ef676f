"""Threads, memory of results, plugins and the messages of stores."""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

import datamill as dm
from datamill.errors import BucketInaccessible, ConfigError, DataMillError, MissingExternalFile
from datamill.settings import Config
from datamill.settings.stores import _PROTOCOLS
from datamill.storage import StorageBackend, Stores, transfers
from datamill.storage.adapter import ADAPTERS
from datamill.storage.faults import faults
from datamill.storage.filesystems import make_filesystem
from datamill.storage.memo import Memo, once, remembering
from datamill.storage.transfers import run_all


def test_work_is_done_at_once_in_order_and_in_context() -> None:
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("mine")
    barrier = threading.Barrier(4, timeout=30)

    def work(number: int) -> tuple[int, str]:
        barrier.wait()
        assert run_all(lambda item: item + 1, [1, 2], 4) == [2, 3]  # nested: one after another, no deadlock
        return number, variable.get()

    assert run_all(work, range(4), 4) == [(number, "mine") for number in range(4)]


def test_the_first_failure_is_raised_and_the_rest_left_out() -> None:
    begun: list[int] = []
    never = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ValueError("one")
        never.wait(0.01)

    with pytest.raises(ValueError, match="one"):
        run_all(work, range(10_000), 2)
    assert len(begun) < 10_000


def test_long_transfers_show_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_all(abs, range(30), 4)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(transfers, "SECONDS_WITHOUT_BAR", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run_all(abs, range(30), 4)
    assert "transfer" in capsys.readouterr().err


def test_equal_work_is_done_once() -> None:
    calls: list[str] = []

    def compute() -> int:
        calls.append("x")
        return len(calls)

    with remembering(Memo()):
        assert [once("a", compute), once("a", compute), once("b", compute)] == [1, 1, 2]
    with remembering(Memo(frozenset("a"))):
        assert [once("b", compute), once("b", compute)] == [3, 4]
    assert once("a", compute) == 5


@pytest.mark.parametrize(
    ("error", "expected", "text"),
    [
        (FileNotFoundError("x"), MissingExternalFile, "no object 'a/b' in store 'main'"),
        (OSError(errno.ENOSPC, "full"), DataMillError, "Store 'main' is full"),
        (PermissionError("no"), BucketInaccessible, "PermissionError: no"),
        (RuntimeError(), BucketInaccessible, "(RuntimeError)"),
        (DataMillError("ours"), DataMillError, "ours"),
    ],
)
def test_errors_of_filesystems_are_mapped(error: Exception, expected: type[Exception], text: str) -> None:
    with pytest.raises(expected) as raised, faults("main", "a/b", "reading"):
        raise error
    assert text in str(raised.value)


def test_a_new_object_is_not_missing_but_its_bucket() -> None:
    with pytest.raises(BucketInaccessible, match="bucket exists"), faults("main", "a/b", "writing"):
        raise FileNotFoundError("The specified bucket does not exist")


class Attic(dm.StorageAdapter, register=False):
    """Stores of a protocol of our own, on local files."""

    protocol = "attic"
    required_keys = ("box",)
    allowed_keys = ("label",)

    def create_filesystem(self, spec: Mapping[str, Any]) -> Any:
        return LocalFileSystem(auto_mkdir=True)

    def full_path(self, spec: Mapping[str, Any], relpath: str) -> str:
        return str(Path(spec["location"], spec["box"], relpath))


def test_plugins_serve_protocols(tmp_path: Path) -> None:
    assert dm.get_storage_adapter("attic") is None
    type("Registered", (Attic,), {"__module__": __name__})
    try:
        assert isinstance(dm.get_storage_adapter("attic"), Attic)
        store = {"protocol": "attic", "location": str(tmp_path), "box": "3"}
        config = Config({"stores": {"default": "a", "a": store}}, environment={}, ignore_files=True)
        backend = Stores(config).backend()
        backend.put_buffer(b"old", "_schema/x")
        assert (tmp_path / "3/_schema/x").read_bytes() == b"old"
        assert [item.path for item in backend.list("_schema")] == ["_schema/x"]
        assert backend.get_url("x").startswith("attic://")
        config["stores.a"] = {"protocol": "attic", "location": str(tmp_path)}
        with pytest.raises(ConfigError, match="'box' is missing"):
            Stores(config).backend()
    finally:
        ADAPTERS.unregister("attic")
        _PROTOCOLS.pop("attic")


def test_built_in_protocols_cannot_be_replaced() -> None:
    types = {"protocol": "s3", "create_filesystem": lambda self, spec: None}
    with pytest.raises(ConfigError, match="built in"):
        type("Mine", (dm.StorageAdapter,), types)
    assert dm.get_storage_adapter("s3") is None


def test_backends_need_protocol_and_location(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'location'"):
        StorageBackend({"protocol": "file"}, "main")
    with pytest.raises(FileNotFoundError, match="main"):
        StorageBackend({"protocol": "file", "location": str(tmp_path / "absent")}, "main")
    with pytest.raises(ConfigError, match="unknown"):
        make_filesystem({"protocol": "carrier-pigeon"})


def test_copying_from_urls_and_folders(tmp_path: Path) -> None:
    backend = StorageBackend(
        {"protocol": "file", "location": str(tmp_path), "schema_prefix": "_schema"}, "main"
    )
    (tmp_path / "source.txt").write_bytes(b"")
    content = backend.copy_from_url(f"file://{tmp_path / 'source.txt'}", "raw/empty")
    assert content.size == 0
    assert backend.get_buffer("raw/empty") == b""
    backend.get_file("raw/empty", tmp_path / "out")
    assert (tmp_path / "out").exists()
    assert backend.size("raw/empty") == 0
    with pytest.raises(MissingExternalFile):
        backend.size("raw/none")
    backend.remove("raw/empty")
    assert not (tmp_path / "raw").exists()
    backend.remove("raw/empty")
    backend.remove_folder("raw")


@pytest.mark.long
def test_files_larger_than_5_gb(tmp_path: Path) -> None:
    source = tmp_path / "sparse"
    with source.open("wb") as file:
        file.truncate(5 * 2**30 + 1)
    (tmp_path / "store").mkdir()
    backend = StorageBackend({"protocol": "file", "location": str(tmp_path / "store")}, "main")
    content = backend.put_file(source, "raw/large")
    assert content.size == 5 * 2**30 + 1
    assert backend.size("raw/large") == content.size
    assert backend.get_range("raw/large", 5 * 2**30, 5 * 2**30 + 1) == b"\0"
