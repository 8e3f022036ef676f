"""What the parts of this layer ask of a store; `backend.StorageBackend` is what they get."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

from datamill.settings.secret import MaskedDict
from datamill.storage.listing import Listed
from datamill.storage.streams import Buffer, Content


class Store(Protocol):
    """A store; see `StorageBackend` for what its methods do."""

    name: str
    spec: MaskedDict

    @property
    def identity(self) -> tuple[str, ...]:
        """What the store is, whatever its name."""

    def put_buffer(self, buffer: Buffer, remote: str, digest: str | None = None) -> Content:
        """Store bytes."""

    def put_file(self, local: str | os.PathLike[str], remote: str) -> Content:
        """Store a local file."""

    def get_buffer(self, remote: str) -> bytes:
        """Return the content of an object."""

    def get_range(self, remote: str, start: int, stop: int) -> bytes:
        """Return some bytes of an object."""

    def get_file(self, remote: str, local: str | os.PathLike[str]) -> Content:
        """Copy an object to a local file."""

    def open(self, remote: str, mode: str = "rb") -> BinaryIO:
        """Open an object."""

    def info(self, remote: str) -> Listed | None:
        """Return size and time of an object."""

    def isdir(self, remote: str) -> bool:
        """Tell whether a path is a folder."""

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """List the files below a prefix."""

    def remove(self, remote: str) -> None:
        """Remove an object."""

    def put_stream(self, source: Any, remote: str) -> Content:
        """Store what a stream gives."""
