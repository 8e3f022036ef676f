"""An object as a file of which only those bytes are read that are asked for."""

from __future__ import annotations

import io
import os

from datamill.storage.contracts import Store


class RangeReader(io.RawIOBase):
    """A file that reads an object piece by piece, each as large as asked, without reading ahead.

    Args:
        backend: The store.
        path: The object.
        size: Its size in bytes.
    """

    def __init__(self, backend: Store, path: str, size: int) -> None:
        self._backend, self._path, self._size, self._place = backend, path, size, 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; return it."""
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        """Read so many bytes; all that follow for None and -1.

        Raises:
            MissingExternalFile: There is no such object.
        """
        left = max(0, self._size - self._place)
        count = left if size is None or size < 0 else min(size, left)
        found = self._backend.get_range(self._path, self._place, self._place + count) if count else b""
        self._place += len(found)
        return found
