"""Attachments: stored by name and contents, extracted safely."""

from pathlib import Path
from typing import Any

import pytest

from datamill.codecs import chain_for
from datamill.errors import DataMillError, InvalidValueError


def context(folder: Path) -> dict[str, Any]:
    return {"schema": "lab", "table": "scan", "field": "file", "config": {"download_path": str(folder)}}


def fetch(stored: bytes, folder: Path) -> str:
    (path,) = chain_for("<attach>").decode_column([stored], None, context(folder))
    assert isinstance(path, str)
    return path


def test_round_trip(tmp_path: Path) -> None:
    source = tmp_path / "mésure.tar.gz"
    source.write_bytes(b"a\0b")
    for given in (source, str(source)):
        (stored,) = chain_for("<attach>").encode_column([given])
        assert stored == "mésure.tar.gz".encode() + b"\0a\0b"
        path = fetch(stored, tmp_path / "new" / "folder")
        assert path == str(tmp_path / "new" / "folder" / "mésure.tar.gz")
        assert Path(path).read_bytes() == b"a\0b"


def test_equal_files_are_reused_and_others_kept(tmp_path: Path) -> None:
    assert fetch(b"a.txt\0one", tmp_path) == str(tmp_path / "a.txt")
    assert fetch(b"a.txt\0one", tmp_path) == str(tmp_path / "a.txt")
    assert fetch(b"a.txt\0two", tmp_path) == str(tmp_path / "a_1.txt")
    (tmp_path / "a_2.txt").mkdir()
    assert fetch(b"a.txt\0six", tmp_path) == str(tmp_path / "a_3.txt")
    assert fetch(b"a.txt\0two", tmp_path) == str(tmp_path / "a_1.txt")
    assert (tmp_path / "a.txt").read_bytes() == b"one"
    assert fetch(b"empty\0", tmp_path) == str(tmp_path / "empty")


def test_a_link_is_not_followed_to_write(tmp_path: Path) -> None:
    target = tmp_path / "outside"
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "a").symlink_to(target)
    assert fetch(b"a\0x", folder) == str(folder / "a_1")
    assert not target.exists()


@pytest.mark.parametrize(
    "stored", [b"", b"name", b"\0x", b"..\0x", b".\0x", b"../a\0x", b"/etc/a\0x", b"a\\b\0x", b"\xff\xfe\0x"]
)
def test_unsafe_names_are_not_extracted(stored: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    with pytest.raises(DataMillError, match="not extracted"):
        fetch(stored, folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [1, b"a.txt", ["a.txt"]])
def test_only_paths_are_accepted(value: Any) -> None:
    with pytest.raises(TypeError, match="path of a file"):
        chain_for("<attach>").encode_column([value])


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        chain_for("<attach>").encode_column([tmp_path / "none"])
    with pytest.raises(IsADirectoryError):
        chain_for("<attach>").encode_column([tmp_path])
    odd = tmp_path / "a\\b"
    odd.write_bytes(b"")
    with pytest.raises(InvalidValueError, match="Rename"):
        chain_for("<attach>").encode_column([odd])


def test_without_settings_the_working_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert chain_for("<attach>").decode_column([b"a\0x", None]) == ["a", None]
    assert (tmp_path / "a").read_bytes() == b"x"
