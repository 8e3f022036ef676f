"""`ObjectRef`: a file or folder in a store."""

from __future__ import annotations

import mimetypes
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from datamill.codecs.refs.reference import Reference
from datamill.errors import DataMillError
from datamill.storage.faults import missing
from datamill.storage.paths import join


class ObjectRef(Reference):
    """A file or folder in a store. Nothing is read until you ask for it.

    Example:
        >>> movie = Recording.fetch1("movie")
        >>> movie.path, movie.size, movie.is_dir
        ('_schema/lab/recording/recording=1/movie_x8Yq2fTb.tif', 1048576, False)
        >>> with movie.open() as file:
        ...     header = file.read(8)
    """

    @property
    def size(self) -> int | None:
        """Size in bytes, of all files together for a folder; None if the row does not tell."""
        return self._meta.get("size")

    @property
    def hash(self) -> str | None:
        """Hash of the content if the row has it."""
        return self._meta.get("hash")

    @property
    def ext(self) -> str | None:
        """Extension with its dot, or None."""
        return self._meta.get("ext")

    @property
    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self._is_folder

    @property
    def item_count(self) -> int | None:
        """How many files a folder holds; None for files."""
        return self._meta.get("item_count")

    @property
    def timestamp(self) -> datetime | None:
        """When it was stored."""
        text = self._meta.get("timestamp")
        return datetime.fromisoformat(text) if text else None

    @property
    def mime_type(self) -> str | None:
        """Kind of content as its extension tells, such as ``image/tiff``."""
        return self._meta.get("mime_type") or mimetypes.guess_type(self.path)[0]

    @property
    def fs(self) -> Any:
        """The fsspec filesystem of the store."""
        return self._backend.fs

    @property
    def fsmap(self) -> Any:
        """A mapping of the folder's files, for zarr and xarray."""
        return self._backend.get_fsmap(self.path)

    @property
    def full_path(self) -> str:
        """The URI, the location of the store included."""
        return self.url

    def __repr__(self) -> str:
        kind = "folder" if self.is_dir else "file"
        return f"ObjectRef({self.path!r}, store={self.store!r}, {kind}, size={self.size})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectRef) and (self.store, self.path) == (other.store, other.path)

    def __hash__(self) -> int:
        return hash((self.store, self.path))

    def read(self) -> bytes:
        """Return the content of a file.

        Raises:
            DataMillError: It is a folder.
            MissingExternalFile: It is not in the store.
            ObjectIntegrityError: It is not what was stored.
        """
        if self.is_dir:
            raise DataMillError(
                f"{self.path!r} is a folder.", hint="Use open(subpath), listdir(), fsmap or download()."
            )
        return self._read()

    def listdir(self, subpath: str = "") -> list[str]:
        """Return the names in a folder, sorted.

        Raises:
            MissingExternalFile: The object is not in the store.
        """
        prefix = f"{self._within(subpath)}/"
        return sorted({path[len(prefix) :].split("/")[0] for path in self._paths(prefix.rstrip("/"))})

    def _paths(self, prefix: str) -> list[str]:
        found = [item.path for item in self._backend.list(prefix)]
        if not found and not self.exists():
            raise missing(self._backend.name, self.path)
        return found

    def walk(self) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield ``(folder, folders in it, files in it)`` from the top, paths relative to the object.

        Raises:
            MissingExternalFile: The object is not in the store.
        """
        tree: dict[str, tuple[set[str], set[str]]] = {"": (set(), set())}
        for path in self._paths(self.path):
            *folders, name = path[len(self.path) + 1 :].split("/")
            here = ""
            for folder in folders:
                tree[here][0].add(folder)
                here = join(here, folder)
                tree.setdefault(here, (set(), set()))
            tree[here][1].add(name)
        for folder in sorted(tree):
            folders_in, files_in = tree[folder]
            yield folder, sorted(folders_in), sorted(files_in)

    def load(self, cls: Any = None) -> Any:
        """Return what a `datamill.Object` class makes of the object.

        Args:
            cls: The class; default: the class that stored it, if it has been imported. The database never causes
                an import.

        Raises:
            DataMillError: The class is not given and not imported.
        """
        if cls is None:
            name = str(self._meta.get("class") or "")
            cls = sys.modules["datamill.codecs.specs2"].known_object(name) if name and _has_specs2() else None
            if cls is None:
                raise DataMillError(
                    f"{self.path!r} was stored by the class {name or 'of nobody'!r}, which is not imported.",
                    hint="Import it, or pass it: load(cls).",
                )
        return cls.get(self._backend, self.path)


def _has_specs2() -> bool:
    return "datamill.codecs.specs2" in sys.modules
