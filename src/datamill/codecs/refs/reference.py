"""What all references to objects have in common."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from datamill.errors import DataMillError
from datamill.storage.backend import StorageBackend
from datamill.storage.cache import ReadCache, cache_for
from datamill.storage.folders import check_file, damaged, get_folder, has_folder, hash_object, verify_folder
from datamill.storage.paths import join, safe_path
from datamill.storage.stores import Stores, stores_for


class Reference:
    """An object in a store, described by what its row says.

    Args:
        metadata: The JSON of the row: at least ``path``.
        backend: The store; None: found by the name in the metadata when it is first needed.
        stores: Where to look for it; default: the stores of the running fetch, else of the settings.
        use_filepath_default: A row without store means the default store of ``<filepath@>``.
    """

    def __init__(
        self,
        metadata: Mapping[str, Any],
        backend: StorageBackend | None = None,
        *,
        stores: Stores | None = None,
        use_filepath_default: bool = False,
    ) -> None:
        path = metadata.get("path")
        if not isinstance(path, str):
            raise DataMillError(f"A reference needs a path; the row has {dict(metadata)!r}.")
        self._meta = dict(metadata)
        self._backend_found = backend
        self._stores = stores
        self._filepath = use_filepath_default

    @classmethod
    def from_json(cls, json_data: Mapping[str, Any] | str, backend: StorageBackend | None = None) -> Self:
        """Return a reference for the JSON of a row, given as mapping or text."""
        metadata = json.loads(json_data) if isinstance(json_data, str) else json_data
        return cls(metadata, backend)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON of the row."""
        return dict(self._meta)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._meta, self._backend_found, self._stores, self._filepath)

    @property
    def path(self) -> str:
        """Path within the store."""
        return str(self._meta["path"])

    @property
    def store(self) -> str | None:
        """Name of the store; None: the default store."""
        return self._meta.get("store") or None

    @property
    def _backend(self) -> StorageBackend:
        if self._backend_found is None:
            stores = self._stores if self._stores is not None else stores_for()
            self._backend_found = stores.backend(self.store, use_filepath_default=self._filepath)
        return self._backend_found

    @property
    def _settings(self) -> Any:
        stores = self._stores if self._stores is not None else stores_for()
        return stores.config.settings.storage

    @property
    def _cache(self) -> ReadCache | None:
        return cache_for(self._settings)

    @property
    def url(self) -> str:
        """URL of the object."""
        return self._backend.get_url(self.path)

    def __str__(self) -> str:
        return self.path

    def __fspath__(self) -> str:
        if self._backend.protocol != "file":
            raise TypeError(f"{self!r} is no local file; use download() or open().")
        return self._backend._full_path(self.path)

    # asking ----------------------------------------------------------------------------------------------------

    def exists(self, subpath: str | None = None) -> bool:
        """Tell whether the object, or a file within a folder object, is in the store."""
        if subpath is None and self._is_folder:
            return has_folder(self._backend, self.path, self._meta)
        return self._backend.exists(self._within(subpath))

    def open(self, subpath: str | None = None, mode: str = "rb") -> Any:
        """Open the object, or a file of a folder object, for reading.

        Raises:
            ValueError: The mode would write: objects do not change.
            MissingExternalFile: There is no such object.
        """
        if subpath in ("r", "rb", "rt"):  # open("rb"), as open() of Python is called
            subpath, mode = None, str(subpath)
        if any(letter in mode for letter in "wax+"):
            raise ValueError(f"Objects do not change once stored: mode {mode!r} is refused. Use 'rb' or 'r'.")
        file = self._backend.open(self._within(subpath), "rb")
        if "b" in mode:
            return file
        import io

        return io.TextIOWrapper(file, encoding="utf-8")

    def _within(self, subpath: str | None) -> str:
        return join(self.path, safe_path(subpath, self.store)) if subpath else self.path

    # copying and checking --------------------------------------------------------------------------------------

    def download(self, destination: str | os.PathLike[str], subpath: str | None = None) -> Path:
        """Copy the object to a local file or folder, replacing an existing file; return where it is.

        Args:
            destination: A folder that exists, to keep the object's name; else the new path.
            subpath: A file within a folder object.

        Raises:
            MissingExternalFile: There is no such object.
            ObjectIntegrityError: It is not what was stored.
        """
        remote = self._within(subpath)
        target = Path(destination).expanduser()
        is_folder = self._is_folder if subpath is None else self._backend.isdir(remote)
        if target.is_dir():
            target = target / remote.rpartition("/")[2]
        if is_folder:
            inner, level = remote[len(self.path) + 1 :], self._settings.verify
            get_folder(self._backend, self.path, target, self._meta, level, inner)
        elif subpath is None:
            self._download_checked(target)
        else:
            self._backend.get_file(remote, target)
        return target

    def _download_checked(self, target: Path) -> None:
        part = target.with_name(f".{target.name}.checking")
        content = self._backend.get_file(self.path, part)
        try:
            self._check(content.size, content.hash)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    @property
    def _is_folder(self) -> bool:
        return bool(self._meta.get("is_dir"))

    def _check(self, size: int, digest: str | None) -> None:
        """Compare what was read with what the row says, as strictly as ``storage.verify`` asks."""
        check_file(self._backend, self.path, self._meta, size, digest, self._settings.verify)

    def verify(self, level: str = "hash") -> bool:
        """Check that the object is what was stored.

        Args:
            level: ``hash`` reads it; ``size`` only compares sizes.

        Returns:
            True.

        Raises:
            ObjectIntegrityError: It is missing or different.
        """
        backend = self._backend
        if self._is_folder:
            if not self.exists():
                raise damaged(backend, self.path, "is missing")
            verify_folder(backend, self.path, self._meta, level)
            return True
        found = backend.info(self.path)
        if found is None:
            raise damaged(backend, self.path, "is missing")
        check_file(backend, self.path, self._meta, found.size)
        if level == "hash" and self._meta.get("hash"):
            check_file(backend, self.path, self._meta, found.size, hash_object(backend, self.path).hash)
        return True

    def _read(self) -> bytes:
        """Return the whole content, checked."""
        from datamill.storage.hashing import content_hash

        content = self._backend.get_buffer(self.path)
        needs_hash = self._settings.verify == "hash" and self._meta.get("hash")
        self._check(len(content), content_hash(content) if needs_hash else None)
        return content


def _restore(
    cls: type[Reference],
    metadata: dict[str, Any],
    backend: StorageBackend | None,
    stores: Stores | None,
    filepath: bool,
) -> Reference:
    reference = cls(metadata, backend)
    reference._stores, reference._filepath = stores, filepath
    return reference
