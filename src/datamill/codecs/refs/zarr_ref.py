"""`ZarrRef`: a zarr array or group in a store, read chunk by chunk."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from datamill.codecs.extras import library
from datamill.codecs.refs.reference import Reference
from datamill.errors import DataMillError
from datamill.storage.backend import StorageBackend
from datamill.storage.folders import folder_files


class ZarrRef(Reference):
    """A zarr array or group in a store, read-only; slices read the chunks they touch.

    Example:
        >>> movie = Recording.fetch1("movie")
        >>> movie.shape, movie[10].mean()  # reads the chunks of one frame
        ((900, 64, 64), 127.3)
    """

    _opened: Any = None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Lengths of the axes; None for a group."""
        found = self._meta.get("shape")
        return None if found is None else tuple(found)

    @property
    def dtype(self) -> Any:
        """Type of the elements; None for a group."""
        import numpy

        found = self._meta.get("dtype")
        return None if found is None else numpy.dtype(found)

    @property
    def ndim(self) -> int:
        """Number of axes; 0 for a group."""
        return len(self.shape or ())

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape or ())

    @property
    def _is_folder(self) -> bool:
        return True

    def open(self, subpath: str | None = None, mode: str = "r") -> Any:
        """Return the zarr Array or Group, read-only; with ``subpath`` an array within a group.

        Raises:
            MissingExtraError: zarr is not installed.
            MissingExternalFile: It is not in the store. Chunks that are lost raise so when they are read.
            ObjectIntegrityError: It is not what was stored; so do chunks when they are read.
        """
        if mode not in ("r", "rb"):
            raise ValueError(f"Objects do not change once stored: mode {mode!r} is refused.")
        if self._opened is None:
            self._opened = open_zarr(self._backend, self.path, self._meta, self._settings.verify)
        return self._opened if subpath is None else self._opened[subpath]

    def __getitem__(self, index: Any) -> Any:
        return self.open()[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy

        if self.shape is None:
            raise DataMillError(
                f"{self.path!r} is a zarr group.", hint="Name one of its arrays: ref['name']."
            )
        return numpy.asarray(self.open()[...], dtype=dtype)

    def __len__(self) -> int:
        return len(self.open()) if self.shape is None else self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.open())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.open(), name)

    def __repr__(self) -> str:
        return f"ZarrRef({self.path!r}, shape={self.shape}, dtype={self._meta.get('dtype')})"


def open_zarr(backend: StorageBackend, path: str, facts: Mapping[str, Any], verify: str = "hash") -> Any:
    """Open an array or group in a store, read-only.

    Args:
        backend: The store.
        path: The folder.
        facts: What the row says of it.
        verify: What is checked of the files that are read.

    Raises:
        MissingExternalFile: It is not in the store.
        ObjectIntegrityError: It lacks files that were stored.
    """
    zarr = library("zarr", "zarr", "zarr")
    from datamill.codecs.refs.zarr_store import FolderStore

    return zarr.open(FolderStore(backend, path, folder_files(backend, path, facts), verify), mode="r")
