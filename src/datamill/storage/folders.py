"""Folders as objects: a manifest beside a folder says which files it holds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datamill.errors import InvalidValueError, ObjectIntegrityError
from datamill.storage.addressing import MANIFEST_SUFFIX
from datamill.storage.contracts import Store
from datamill.storage.paths import unsafe_reason
from datamill.storage.streams import Content, copy
from datamill.storage.transfers import run_all


def put_folder(backend: Store, local: Path, remote: str) -> dict[str, Any]:
    """Store a local folder, files in parallel, the manifest last; return the manifest.

    Links to files and folders are stored as what they lead to.

    Raises:
        NotADirectoryError: It is no folder.
        InvalidValueError: A link leads back to a folder above it, or a name cannot be a path in a store.
    """
    if not local.is_dir():
        raise NotADirectoryError(f"{str(local)!r} is no folder.")
    found = list(local_files(local))

    def put(item: tuple[Path, str]) -> dict[str, Any]:
        path, name = item
        content = backend.put_file(path, f"{remote}/{name}")
        return {"path": name, "size": content.size, "hash": content.hash}

    return write_manifest(backend, remote, run_all(put, found))


def local_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a folder with their names relative to it, sorted."""
    yield from sorted(_walk(folder, "", (os.path.realpath(folder),)), key=lambda item: item[1])


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    for path in folder.iterdir():
        name = prefix + path.name
        reason = unsafe_reason(name)
        if reason is not None:
            raise InvalidValueError(
                f"{str(path)!r} cannot be stored: its name {reason}.", hint="Rename it.", value=str(path)
            )
        if not path.is_dir():
            yield path, name
            continue
        real = os.path.realpath(path)
        if real in above:
            raise InvalidValueError(
                f"{str(path)!r} leads back to a folder above it.", hint="Remove the link.", value=str(path)
            )
        yield from _walk(path, f"{name}/", (*above, real))


def write_manifest(backend: Store, remote: str, files: list[dict[str, Any]]) -> dict[str, Any]:
    """Write the manifest of a folder and return it."""
    manifest = {
        "files": files,
        "total_size": sum(item["size"] for item in files),
        "item_count": len(files),
        "created": datetime.now(UTC).isoformat(),
    }
    backend.put_buffer(json.dumps(manifest).encode(), remote + MANIFEST_SUFFIX)
    return manifest


def read_manifest(backend: Store, remote: str) -> dict[str, Any] | None:
    """Return the manifest of a folder, or None if it has none.

    Raises:
        ObjectIntegrityError: It is no manifest.
    """
    path = remote + MANIFEST_SUFFIX
    if backend.info(path) is None:
        return None
    try:
        manifest = json.loads(backend.get_buffer(path))
        names = [item["path"] for item in manifest["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(backend, path, "is no manifest") from error
    for name in names:
        reason = unsafe_reason(name)
        if reason is not None:
            raise damaged(backend, path, f"lists {name!r}, which {reason}")
    return dict(manifest)


def describe_folder(backend: Store, remote: str) -> list[dict[str, Any]]:
    """Return path, size and hash of every file below a folder, read in parallel."""
    paths = [item.path for item in backend.list(remote)]

    def describe(path: str) -> dict[str, Any]:
        content = hash_object(backend, path)
        return {"path": path[len(remote) + 1 :], "size": content.size, "hash": content.hash}

    return run_all(describe, sorted(paths))


def hash_object(backend: Store, path: str) -> Content:
    """Read an object and return its size and hash."""
    with backend.open(path) as source:
        return copy(source, None)


def get_folder(backend: Store, remote: str, local: Path) -> None:
    """Copy a folder object to a local folder; names that would leave it are refused."""
    paths = [item.path for item in backend.list(remote)]
    for path in paths:
        reason = unsafe_reason(path[len(remote) + 1 :])
        if reason is not None:
            raise damaged(backend, path, f"has a name that {reason}")
    local.mkdir(parents=True, exist_ok=True)
    run_all(lambda path: backend.get_file(path, local / path[len(remote) + 1 :]), paths)


def verify_folder(backend: Store, remote: str, facts: Mapping[str, Any], level: str) -> None:
    """Check a folder against its manifest, or against item count and size where it has none.

    Args:
        backend: The store.
        remote: The folder.
        facts: What the row says: ``item_count``, ``size``.
        level: ``size``, or ``hash`` to read everything.

    Raises:
        ObjectIntegrityError: Something is missing or different.
    """
    sizes = {item.path[len(remote) + 1 :]: item.size for item in backend.list(remote)}
    manifest = read_manifest(backend, remote)
    if manifest is None:
        found = {"item_count": len(sizes), "size": sum(sizes.values())}
        for name, value in found.items():
            if facts.get(name) is not None and facts[name] != value:
                raise damaged(backend, remote, f"has {name} {value} instead of {facts[name]}")
        return
    for item in manifest["files"]:
        path = f"{remote}/{item['path']}"
        size = sizes.get(item["path"])
        if size is None:
            raise damaged(backend, path, "is missing")
        if size != item.get("size", size):
            raise damaged(backend, path, f"has {size} bytes instead of {item['size']}")
        if level == "hash" and item.get("hash") and hash_object(backend, path).hash != item["hash"]:
            raise damaged(backend, path, "has another content than was stored")


def damaged(backend: Store, path: str, what: str) -> ObjectIntegrityError:
    """Return the error for an object that is not what was stored."""
    return ObjectIntegrityError(
        f"The object {path!r} in store {backend.name!r} {what}.",
        path=path,
        store=backend.name,
        hint="It was changed behind datamill's back; restore it, or delete the row and compute it again.",
    )
