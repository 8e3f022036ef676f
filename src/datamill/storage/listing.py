"""Listing of everything below a prefix; what cannot be read is an error, never left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from datamill.storage.paths import join

_LISTS_KEYS: Final = frozenset({"s3", "gcs", "azure"})
"""Protocols that list all keys of a prefix at once, and raise if they may not."""
_TIMES: Final = ("LastModified", "mtime", "last_modified", "updated", "modified", "created")


@dataclass(frozen=True, slots=True)
class Listed:
    """One file in a store.

    Fields:
        path: Within the store.
        size: Bytes.
        modified: Seconds since 1970 in UTC; None if the store does not tell.
    """

    path: str
    size: int
    modified: float | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload in parts that was not finished.

    Fields:
        path: Of the object that it would have become, within the store.
        id: What the store calls it.
        begun: Seconds since 1970 in UTC.
    """

    path: str
    id: str
    begun: float


def list_local(root: Path, prefix: str) -> Iterator[Listed]:
    """List the files below a prefix of a local folder; links are files, not ways elsewhere.

    Raises:
        OSError: A folder cannot be read.
    """
    top = root / prefix if prefix else root
    if not top.is_dir():
        return
    for folder, _, names in os.walk(top, onerror=_raise):
        base = Path(folder).relative_to(root).as_posix()
        for name in names:
            try:
                status = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - hot
            except FileNotFoundError:  # removed since it was listed
                continue
            yield Listed(join("" if base == "." else base, name), status.st_size, status.st_mtime)


def _raise(error: OSError) -> None:
    raise error


def list_remote(fs: Any, protocol: str, root: str, prefix: str) -> Iterator[Listed]:
    """List the files below a prefix of an fsspec filesystem.

    Args:
        fs: The filesystem.
        protocol: Of the store.
        root: Full path of the store.
        prefix: Within the store.

    Raises:
        Exception: Whatever the filesystem raises; a prefix that does not exist is empty.
    """
    top = "/".join(part for part in (root.rstrip("/"), prefix) if part)
    try:
        found = _find(fs, protocol, top)
        for name, info in found:
            path = name.strip("/")
            base = root.strip("/")
            if base:
                path = path[len(base) + 1 :]
            if path and info.get("type") == "file":
                yield Listed(path, int(info.get("size") or 0), _modified(info))
    except FileNotFoundError:
        return


def _find(fs: Any, protocol: str, top: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if protocol in _LISTS_KEYS:
        found = fs.find(top, detail=True)
        if isinstance(found, list):  # so adlfs answers for nothing, and for a file
            found = {name: fs.info(name) for name in found}
        yield from found.items()
        return
    if not fs.exists(top):
        return
    for _, _, files in fs.walk(top, detail=True, on_error="raise"):
        for info in files.values():
            yield info["name"], info


def _modified(info: dict[str, Any]) -> float | None:
    for name in _TIMES:
        value = info.get(name)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, int | float):
            return float(value)
    return None
