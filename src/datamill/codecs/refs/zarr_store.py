"""The folder of a zarr array or group, as zarr reads it: what was stored is there, unchanged, or it is an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Literal

from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype

from datamill.storage.backend import StorageBackend
from datamill.storage.folders import check_file, damaged
from datamill.storage.hashing import content_hash


class FolderStore(Store):
    """Reads the files of a folder object, one by one, and writes none.

    zarr takes an absent chunk for one that holds the fill value only. Here only those are absent that never were
    stored, which nothing is asked for; one that was lost raises.

    Args:
        backend: The store.
        path: The folder.
        files: Its files by name, as `folder_files` gives them.
        verify: What is checked of a file that is read: ``hash``, ``size`` or ``none``.
    """

    def __init__(
        self, backend: StorageBackend, path: str, files: Mapping[str, Mapping[str, Any]], verify: str
    ) -> None:
        super().__init__(read_only=True)
        self._backend, self._path, self._files, self._verify = backend, path, files, verify

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FolderStore) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    def __str__(self) -> str:
        return self._backend.get_url(self._path)

    @property
    def _place(self) -> tuple[Any, ...]:
        return (self._backend.identity, self._path)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Return the content of a file, or a part of it; None if no such file was stored.

        Raises:
            MissingExternalFile: It was stored, and is not there.
            ObjectIntegrityError: It is not what was stored.
        """
        if key not in self._files:
            return None
        return prototype.buffer.from_bytes(await asyncio.to_thread(self._read, key, byte_range))

    def _read(self, key: str, part: ByteRequest | None) -> bytes:
        path, expected = f"{self._path}/{key}", self._files[key]
        if part is not None:
            start, stop = _bounds(part, self._size(key))
            content = self._backend.get_range(path, start, stop)
            if len(content) != stop - start:
                raise damaged(self._backend, path, f"ends before byte {stop}")
            return content
        content = self._backend.get_buffer(path)
        digest = content_hash(content) if self._verify == "hash" else None
        check_file(self._backend, path, expected, len(content), digest, self._verify)
        return content

    def _size(self, key: str) -> int:
        size = self._files[key].get("size")
        return self._backend.size(f"{self._path}/{key}") if size is None else int(size)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Return parts of files."""
        return list(await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges)))

    async def exists(self, key: str) -> bool:
        """Tell whether a file was stored."""
        return key in self._files

    async def getsize(self, key: str) -> int:
        """Return the size of a file."""
        if key not in self._files:
            raise FileNotFoundError(key)
        return self._size(key)

    async def list(self) -> AsyncIterator[str]:
        """List the files."""
        for key in self._files:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """List the files whose names begin with a prefix."""
        for key in self._files:
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """List what lies directly in a folder."""
        folder = f"{prefix.rstrip('/')}/" if prefix else ""
        names = (key[len(folder) :].split("/")[0] for key in self._files if key.startswith(folder))
        for name in dict.fromkeys(names):
            yield name

    # zarr asks for these; a read-only store refuses before they are called ------------------------------------------

    @property
    def supports_writes(self) -> bool:
        """It does not."""
        return False

    @property
    def supports_deletes(self) -> bool:
        """It does not."""
        return False

    @property
    def supports_partial_writes(self) -> Literal[False]:
        """It does not."""
        return False

    @property
    def supports_listing(self) -> bool:
        """It does."""
        return True

    async def set(self, key: str, value: Buffer) -> None:
        """Refuse."""
        self._check_writable()

    async def set_partial_values(self, key_start_values: Any) -> None:
        """Refuse; versions of zarr before 3.1 ask for it."""
        self._check_writable()

    async def delete(self, key: str) -> None:
        """Refuse."""
        self._check_writable()


def _bounds(part: ByteRequest, size: int) -> tuple[int, int]:
    """Return where a part of a file begins and ends."""
    match part:
        case RangeByteRequest():
            return part.start, min(part.end, size)
        case OffsetByteRequest():
            return part.offset, size
        case SuffixByteRequest():
            return max(0, size - part.suffix), size
