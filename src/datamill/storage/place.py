"""A folder somewhere that fsspec reaches, for exports: written once, read back with its hashes checked."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from datamill.errors import DataMillError
from datamill.storage.faults import faults
from datamill.storage.paths import join, safe_path
from datamill.storage.streams import PIECE


class Place:
    """A folder by path or URL.

    Args:
        url: A local path, or any URL that fsspec understands: ``s3://bucket/exports/lab``.
    """

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        self.url = str(url)
        self._fs, root = url_to_fs(
            str(Path(url).expanduser().absolute()) if "://" not in str(url) else self.url
        )
        self._root = root.rstrip("/")

    def full(self, path: str) -> str:
        """Return where a path within the folder lies."""
        return f"{self._root}/{safe_path(path, self.url)}" if path else self._root

    def prepare(self, *, overwrite: bool) -> None:
        """Make the folder, empty.

        Raises:
            DataMillError: It holds something, and that is not to be overwritten.
        """
        with faults(self.url, "", "preparing"):
            if self._fs.exists(self._root) and self._fs.ls(self._root, detail=False):
                if not overwrite:
                    raise DataMillError(
                        f"{self.url!r} is not empty.", hint="Choose a new folder, or pass overwrite=True."
                    )
                self._fs.rm(self._root, recursive=True)
            self._fs.makedirs(self._root, exist_ok=True)

    def put(self, path: str, content: bytes) -> None:
        """Write a file."""
        full = self.full(path)
        with faults(self.url, path, "writing"):
            self._fs.makedirs(full.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(full, content)

    def put_stream(self, path: str, source: Any) -> dict[str, Any]:
        """Write a file in pieces; return its path, size and SHA-256."""
        with self.create(path) as target:
            while piece := source.read(PIECE):
                target.write(piece)
        return target.facts()

    def create(self, path: str) -> Upload:
        """Open a file for writing, which is hashed on the way."""
        full = self.full(path)
        with faults(self.url, path, "writing"):
            self._fs.makedirs(full.rpartition("/")[0], exist_ok=True)
            return Upload(self.url, path, self._fs.open(full, "wb"))

    def get(self, path: str) -> bytes:
        """Return the content of a file.

        Raises:
            MissingExternalFile: It is not there.
        """
        with faults(self.url, path, "reading"):
            return bytes(self._fs.cat_file(self.full(path)))

    def open(self, path: str) -> Any:
        """Open a file for reading."""
        with faults(self.url, path, "opening"):
            return self._fs.open(self.full(path), "rb")

    def is_folder(self, path: str) -> bool:
        """Tell whether a path is a folder."""
        with faults(self.url, path, "looking for"):
            return bool(self._fs.isdir(self.full(path)))

    def digest(self, path: str) -> tuple[int, str]:
        """Return size and SHA-256 of a file, read in pieces."""
        hasher, size = hashlib.sha256(), 0
        with self.open(path) as source, faults(self.url, path, "reading"):
            while piece := source.read(PIECE):
                hasher.update(piece)
                size += len(piece)
        return size, hasher.hexdigest()

    def names(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder, relative to the place, sorted."""
        with faults(self.url, folder, "listing"):
            found = self._fs.find(self.full(folder))
        return sorted(join(name[len(self._root) :]) for name in found)


class Upload(io.RawIOBase):
    """A file that is being written; it appears when it is closed."""

    def __init__(self, url: str, path: str, target: Any) -> None:
        self._url, self._path, self._target = url, path, target
        self._hasher, self._size = hashlib.sha256(), 0

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, piece: Any) -> int:
        """Write some bytes."""
        content = memoryview(piece)
        with faults(self._url, self._path, "writing"):
            self._target.write(content)
        self._hasher.update(content)
        self._size += content.nbytes
        return content.nbytes

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._size

    def close(self) -> None:
        """Finish the file."""
        if not self.closed:
            with faults(self._url, self._path, "writing"):
                self._target.close()
        super().close()

    def facts(self) -> dict[str, Any]:
        """Return path, size and SHA-256."""
        return {"path": self._path, "size": self._size, "sha256": self._hasher.hexdigest()}
