"""Content kept under its hash: stored once, checked whenever it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from datamill.storage.backend import StorageBackend
from datamill.storage.cache import ReadCache
from datamill.storage.folders import damaged
from datamill.storage.hashing import content_hash, hash_path
from datamill.storage.memo import once


@dataclass(frozen=True, slots=True)
class Doomed:
    """Objects that garbage collection has marked: all ``paths``, and those that are being removed (``purging``)."""

    paths: frozenset[str] = frozenset()
    purging: frozenset[str] = frozenset()


class BeingPurged(Exception):  # noqa: N818 - a signal, not an error
    """Content is to be stored where garbage collection is removing it; its argument is the path."""


_doomed: Final[ContextVar[Doomed]] = ContextVar("datamill_doomed", default=Doomed())  # noqa: B039 - frozen


@contextmanager
def not_trusting(objects: Doomed) -> Iterator[None]:
    """Within a block, write objects anew that garbage collection has marked, although they are still there."""
    token = _doomed.set(objects)
    try:
        yield
    finally:
        _doomed.reset(token)


def put_content(backend: StorageBackend, schema: str, content: bytes) -> dict[str, Any]:
    """Store content under its hash unless it is there, and return its metadata.

    Args:
        backend: The store.
        schema: Equal content is shared within a schema.
        content: The bytes.

    Returns:
        ``hash``, ``path``, ``schema``, ``store`` and ``size``.

    Raises:
        ObjectIntegrityError: Other, intact content of the same hash is there.
        BucketInaccessible, DataMillError: It cannot be stored.
    """
    digest = content_hash(content)
    path = hash_path(backend.spec["hash_prefix"], schema, digest, backend.spec.get("subfolding"))
    once((backend.name, path), lambda: _put(backend, path, digest, content))
    return {"hash": digest, "path": path, "schema": schema, "store": backend.name, "size": len(content)}


def _put(backend: StorageBackend, path: str, digest: str, content: bytes) -> None:
    if path in _doomed.get().purging:
        raise BeingPurged(path)
    if path not in _doomed.get().paths:
        if backend.create_buffer(content, path, digest):
            return
        found = backend.info(path)
        if found is not None and found.size == len(content):
            return
        if found is not None and content_hash(backend.get_buffer(path)) == digest:
            raise damaged(backend, path, f"has the hash of what is inserted, but {found.size} bytes")
    backend.put_buffer(content, path, digest)


def get_content(
    backend: StorageBackend, meta: Mapping[str, Any], *, verify: str = "hash", cache: ReadCache | None = None
) -> bytes:
    """Return content that `put_content` stored, checked.

    Args:
        backend: The store.
        meta: What the row says: ``path``, ``hash``, ``size``.
        verify: ``hash``, ``size`` or ``none``.
        cache: Keeps what was read.

    Raises:
        MissingExternalFile: It is not there.
        ObjectIntegrityError: It is not what was stored.
    """
    return once((meta.get("store"), meta.get("path")), lambda: _get(backend, meta, verify, cache))


def _get(backend: StorageBackend, meta: Mapping[str, Any], verify: str, cache: ReadCache | None) -> bytes:
    path, digest = str(meta["path"]), meta.get("hash")
    if cache is not None:
        found = cache.read(cache.key(backend, path, digest), digest)
        if found is not None:
            return found
    content = backend.get_buffer(path)
    check(backend, meta, content, verify)
    if cache is not None:
        cache.fill(cache.key(backend, path, digest), content)
    return content


def check(backend: StorageBackend, meta: Mapping[str, Any], content: bytes, verify: str) -> None:
    """Compare content with what the row says.

    Raises:
        ObjectIntegrityError: They differ in size or, if ``verify`` is ``hash``, in hash.
    """
    if verify == "none":
        return
    path, size, digest = str(meta["path"]), meta.get("size"), meta.get("hash")
    if size is not None and len(content) != size:
        raise damaged(backend, path, f"has {len(content)} bytes instead of {size}")
    if verify == "hash" and digest and content_hash(content) != digest:
        raise damaged(backend, path, "has another content than was stored")
