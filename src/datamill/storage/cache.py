"""A folder of objects that were read, shared by processes, kept below a size."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from datamill.storage.backend import StorageBackend
from datamill.storage.hashing import content_hash
from datamill.storage.local_files import writing

_NOTE: Final = ".checked"
_KEPT: Final = 0.9
_SCAN_EVERY: Final = 0.05


class ReadCache:
    """Objects by key, filled atomically, the least recently used removed first.

    Beside each object lies a note with the size and time it had when it was checked: as long as they are the same,
    it is not hashed again.

    Args:
        folder: Where objects are kept; made when needed.
        limit: Bytes that they may take.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._unscanned = float("inf")  # what other processes left is not known yet
        self._lock = threading.Lock()

    @staticmethod
    def key(backend: StorageBackend, path: str, digest: str | None = None) -> str:
        """Return the key of an object: its hash, or that of store and path."""
        if digest:
            return digest
        identity = "\0".join((*backend.identity, path))
        return hashlib.sha256(identity.encode()).hexdigest()

    def place(self, key: str) -> Path:
        """Return the file of a key, whether it is there or not."""
        return self._folder / key[:2] / key

    def read(self, key: str, digest: str | None = None, size: int | None = None) -> bytes | None:
        """Return an object if it is here and unchanged; one that is not is removed.

        Args:
            key: From `key`.
            digest: Its hash if known.
            size: Its size if known.
        """
        path = self.find(key, digest, size)
        if path is None:
            return None
        try:
            return path.read_bytes()
        except OSError:
            return None

    def find(self, key: str, digest: str | None = None, size: int | None = None) -> Path | None:
        """Return the file of an object if it is here and unchanged."""
        path = self.place(key)
        try:
            status = path.stat()
        except OSError:
            return None
        if size is not None and status.st_size != size:
            self.drop(key)
            return None
        note = path.with_name(path.name + _NOTE)
        if not self._is_noted(note, status):
            if digest is None or content_hash(path.read_bytes()) != digest:
                self.drop(key)
                return None
            self._write_note(path)
        with suppress(OSError):
            os.utime(note)
        return path

    def _is_noted(self, note: Path, status: os.stat_result) -> bool:
        try:
            return note.read_text() == _note_of(status)
        except OSError:
            return False

    def _write_note(self, path: Path) -> None:
        with suppress(OSError), writing(path.with_name(path.name + _NOTE)) as file:
            file.write(_note_of(path.stat()).encode())

    def fill(self, key: str, content: bytes) -> None:
        """Keep checked content; a cache that cannot be written is none."""
        path = self.place(key)
        with suppress(OSError):
            with writing(path) as file:
                file.write(content)
            self._write_note(path)
            self._grown(len(content))

    def fill_from(self, key: str, backend: StorageBackend, remote: str) -> Path:
        """Copy an object into the cache and return its file.

        Raises:
            MissingExternalFile: There is no such object.
        """
        path = self.place(key)
        content = backend.get_file(remote, path)
        self._write_note(path)
        self._grown(content.size)
        return path

    def drop(self, key: str) -> None:
        """Remove an object."""
        path = self.place(key)
        for item in (path.with_name(path.name + _NOTE), path):
            with suppress(OSError):
                item.unlink()

    def _grown(self, size: int) -> None:
        with self._lock:
            self._unscanned += size
            if self._unscanned < self._limit * _SCAN_EVERY:
                return
            self._unscanned = 0
        self.trim()

    def trim(self) -> None:
        """Remove what was used least recently until the cache is below its limit."""
        found = []
        for path in self._folder.glob("??/*"):
            with suppress(OSError):
                if not path.name.endswith(_NOTE):
                    found.append((_used(path), path.stat().st_size, path))
        total = sum(size for _, size, _ in found)
        if total <= self._limit:
            return
        for _, size, path in sorted(found, key=lambda item: item[0]):
            if total <= self._limit * _KEPT:
                return
            self.drop(path.name)
            total -= size


def _note_of(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns}"


def _used(path: Path) -> float:
    try:
        return path.with_name(path.name + _NOTE).stat().st_mtime
    except OSError:
        return min(path.stat().st_mtime, time.time())


_caches: dict[tuple[str, int], ReadCache] = {}


def cache_for(settings: Any) -> ReadCache | None:
    """Return the cache that the settings name, or None.

    Args:
        settings: The ``storage`` settings: ``cache`` and ``cache_limit``.
    """
    if not settings.cache:
        return None
    key = (str(Path(settings.cache).expanduser()), int(settings.cache_limit))
    found = _caches.get(key)
    if found is None:
        found = _caches.setdefault(key, ReadCache(Path(key[0]), key[1]))
    return found
