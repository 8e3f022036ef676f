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
from datamill.storage.faults import missing
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


def has_folder(backend: Store, remote: str, facts: Mapping[str, Any]) -> bool:
    """Tell whether a folder is in a store; one without files is a manifest and nothing else.

    Args:
        backend: The store.
        remote: The folder.
        facts: What the row says: ``item_count``.
    """
    is_empty = facts.get("item_count") == 0
    return backend.isdir(remote) or (is_empty and backend.info(remote + MANIFEST_SUFFIX) is not None)


def folder_files(backend: Store, remote: str, facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the files that a folder should hold by name, with ``size`` and, if it is known, ``hash``.

    The manifest tells; a folder that has none must hold as many files and bytes as the row says, if it says so.

    Args:
        backend: The store.
        remote: The folder.
        facts: What the row says: ``item_count``, ``size``.

    Raises:
        MissingExternalFile: There is no such folder.
        ObjectIntegrityError: It has no manifest, and holds more or less than the row says; or its manifest is none.
    """
    manifest = read_manifest(backend, remote)
    if manifest is not None:
        return {item["path"]: item for item in manifest["files"]}
    sizes = _sizes(backend, remote)
    if not sizes and not has_folder(backend, remote, facts):
        raise missing(backend.name, remote)
    for name, value in {"item_count": len(sizes), "size": sum(sizes.values())}.items():
        if facts.get(name) is not None and facts[name] != value:
            raise damaged(backend, remote, f"has {name} {value} instead of {facts[name]}")
    return {name: {"path": name, "size": size} for name, size in sizes.items()}


def _sizes(backend: Store, remote: str) -> dict[str, int]:
    return {item.path[len(remote) + 1 :]: item.size for item in backend.list(remote)}


def get_folder(
    backend: Store, remote: str, local: Path, facts: Mapping[str, Any], level: str, subpath: str = ""
) -> None:
    """Copy a folder object, or a folder in it, to a local folder; names that would leave it are refused.

    Args:
        backend: The store.
        remote: The folder object.
        local: Where to; made if it does not exist.
        facts: What the row says: ``item_count``, ``size``.
        level: What is checked of each file: ``hash``, ``size`` or ``none``.
        subpath: A folder in it.

    Raises:
        MissingExternalFile: The folder, or a file that was stored in it, is not there.
        ObjectIntegrityError: A file is not what was stored; what had been copied before is left.
    """
    prefix = f"{subpath}/" if subpath else ""
    expected = folder_files(backend, remote, facts)
    names = sorted(name for name in {*expected, *_sizes(backend, remote)} if name.startswith(prefix))
    for name in names:
        reason = unsafe_reason(name)
        if reason is not None:
            raise damaged(backend, f"{remote}/{name}", f"has a name that {reason}")
    local.mkdir(parents=True, exist_ok=True)

    def get(name: str) -> None:
        target = local / name[len(prefix) :]
        content = backend.get_file(f"{remote}/{name}", target)
        try:
            check_file(backend, f"{remote}/{name}", expected.get(name, {}), content.size, content.hash, level)
        except ObjectIntegrityError:
            target.unlink()
            raise

    run_all(get, names)


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
    sizes = _sizes(backend, remote)
    for name, item in folder_files(backend, remote, facts).items():
        path = f"{remote}/{name}"
        if name not in sizes:
            raise damaged(backend, path, "is missing")
        check_file(backend, path, item, sizes[name])
        if level == "hash" and item.get("hash"):
            check_file(backend, path, item, sizes[name], hash_object(backend, path).hash)


def check_file(
    backend: Store,
    path: str,
    expected: Mapping[str, Any],
    size: int,
    digest: str | None = None,
    level: str = "hash",
) -> None:
    """Compare a file that was read, or found, with what was stored.

    Args:
        backend: The store.
        path: The object.
        expected: ``size`` and ``hash`` of what was stored, as far as they are known.
        size, digest: Those of what was found; the hash as far as it is known.
        level: What is compared: ``hash`` and size, ``size``, or ``none``.

    Raises:
        ObjectIntegrityError: They differ.
    """
    stored_size, stored_hash = expected.get("size"), expected.get("hash")
    if level != "none" and stored_size is not None and size != stored_size:
        raise damaged(backend, path, f"has {size} bytes instead of {stored_size}")
    if level == "hash" and digest and stored_hash and digest != stored_hash:
        raise damaged(backend, path, "has another content than was stored")


def damaged(backend: Store, path: str, what: str) -> ObjectIntegrityError:
    """Return the error for an object that is not what was stored."""
    return ObjectIntegrityError(
        f"The object {path!r} in store {backend.name!r} {what}.",
        path=path,
        store=backend.name,
        hint="It was changed behind datamill's back; restore it, or delete the row and compute it again.",
    )
