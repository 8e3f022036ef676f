"""``staged_insert1``: one row whose objects are written in place, before the row."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from datamill.codecs import Staged, chain_for
from datamill.codecs.schema_codec import SchemaCodec
from datamill.data.direct_insert import check_direct_insert
from datamill.data.encode import Encoder
from datamill.data.insert import insert1
from datamill.data.objects import UploadGate, existing_keys
from datamill.errors import DataMillError, DuplicateError
from datamill.model.table import TableSpec
from datamill.settings.log import logger
from datamill.storage import journal
from datamill.storage.addressing import MANIFEST_SUFFIX, dotted, object_path
from datamill.storage.backend import StorageBackend
from datamill.storage.stores import using

if TYPE_CHECKING:
    from datamill.data.connection import Connection


@dataclass(slots=True)
class _Object:
    """One object being written.

    Fields: its codec, store, path and extension; open ``handles``; a ``local`` file to upload at the end, or None.
    """

    codec: SchemaCodec
    backend: StorageBackend
    path: str
    ext: str
    handles: list[Any] = field(default_factory=list)
    local: Path | None = None

    def finish(self) -> None:
        """Close what is open, and upload what was written locally."""
        for handle in self.handles:
            handle.close()
        if self.local is None or not self.local.exists():
            return
        if self.local.is_dir():
            self.backend.put_folder(self.local, self.path)
        else:
            self.backend.put_file(self.local, self.path)

    def metadata(self, name: str) -> dict[str, Any]:
        """Return what the column will hold.

        Raises:
            DataMillError: Nothing was written.
        """
        if not self.backend.exists(self.path):
            raise DataMillError(
                f"Nothing was written to the staged attribute {name!r}.",
                hint="Write to its handle within the block, or do not ask for one.",
            )
        return self.codec.stage_metadata(self.backend, self.path, self.ext)

    def note(self) -> None:
        """Tell the insert around this one what to remove if it fails."""
        for item in (*self.backend.list(self.path), *self.backend.list(self.path + MANIFEST_SUFFIX)):
            journal.note(self.backend, item.path)
        journal.note(self.backend, self.path)
        journal.note(self.backend, self.path + MANIFEST_SUFFIX)

    def remove(self) -> None:
        """Remove everything that was written, as far as that is possible."""
        for handle in self.handles:
            with suppress(Exception):  # it may be closed, or its store gone: the object is removed anyway
                handle.close()
        for act in (self.backend.remove_folder, self.backend.remove):
            for path in (self.path, self.path + MANIFEST_SUFFIX):
                try:
                    act(path)
                except (DataMillError, OSError) as error:
                    logger.debug("Removing a staged object: %s", error)


class StagedInsert:
    """One row in the making, as ``with T.staged_insert1 as staged`` gives it.

    Set the whole primary key in `rec`, write objects through `store`, `open` and `local`; at the end of the block the
    row is inserted, metadata filled in. After any exception the objects are removed and nothing is inserted.

    Args:
        connection: Where to write.
        spec: The table.

    Example:
        >>> with Movie.staged_insert1 as staged:
        ...     staged.rec.update(animal=3, run=1)
        ...     frames = zarr.open(staged.store("frames", ".zarr"), mode="w", shape=(900, 64, 64), dtype="u2")
        ...     frames[:] = grab()
    """

    def __init__(self, connection: Connection, spec: TableSpec) -> None:
        self.rec: dict[str, Any] = {}
        self._connection = connection
        self._spec = spec
        self._objects: dict[str, _Object] = {}
        self._key: dict[str, Any] | None = None
        self._scratch: Path | None = None

    @property
    def fs(self) -> Any:
        """The fsspec filesystem of the default store."""
        return self._connection.stores.backend().fs

    def store(self, field: str, ext: str = "") -> Any:
        """Return a mapping of a folder object, for zarr and xarray.

        Args:
            field: Attribute of ``<object@>`` or of another codec that can be written in place.
            ext: Extension of the folder, such as ``.zarr``.

        Raises:
            DataMillError: No such attribute, another codec, an incomplete or changed key, or a second extension.
            DuplicateError: A row with this key exists.
        """
        staged = self._object(field, ext)
        return staged.backend.get_fsmap(staged.path)

    def open(self, field: str, ext: str = "", mode: str = "wb") -> Any:
        """Open a file object for writing; it is closed at the end of the block. Arguments as for `store`."""
        staged = self._object(field, ext)
        handle = staged.backend.open(staged.path, mode)
        staged.handles.append(handle)
        return handle

    def local(self, field: str, ext: str = "") -> Path:
        """Return a local path to write a file or folder to, uploaded at the end of the block: for HDF5, which seeks.

        Arguments as for `store`.
        """
        staged = self._object(field, ext)
        if staged.local is None:
            if self._scratch is None:
                self._scratch = Path(tempfile.mkdtemp(prefix="datamill-"))
            staged.local = self._scratch / f"{field}{dotted(ext)}"
        return staged.local

    # the block -------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        check_direct_insert(self._connection, self._spec, None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._insert()
            else:
                self._remove()
        finally:
            if self._scratch is not None:
                shutil.rmtree(self._scratch, ignore_errors=True)

    def _insert(self) -> None:
        try:
            assigned = [name for name in self._objects if self.rec.get(name) is not None]
            if assigned:
                raise DataMillError(
                    f"The staged attributes {', '.join(assigned)} are also set in rec.",
                    hint="Write to the handle, or assign the value, not both.",
                )
            if self._objects:
                self._check_key()
            with journal.recording(), using(self._connection.stores):
                row = {name: Staged(self._finished(name)) for name in self._objects}
                insert1(self._connection, self._spec, {**self.rec, **row})
        except BaseException:
            self._remove()
            raise

    def _finished(self, name: str) -> dict[str, Any]:
        staged = self._objects[name]
        staged.finish()
        found = staged.metadata(name)
        staged.note()
        return found

    def _remove(self) -> None:
        for staged in self._objects.values():
            staged.remove()

    # objects ---------------------------------------------------------------------------------------------------

    def _object(self, name: str, ext: str) -> _Object:
        codec, store = self._codec(name)
        self._check_key()
        staged = self._objects.get(name)
        if staged is None:
            backend = self._connection.stores.backend(store)
            schema, table = self._spec.name.schema, self._spec.name.table
            path, _ = object_path(backend.spec, schema, table, name, self._key or {}, ext)
            staged = self._objects[name] = _Object(codec, backend, path, dotted(ext))
        elif staged.ext != dotted(ext):
            raise DataMillError(
                f"The staged attribute {name!r} has the extension {staged.ext!r} already, not {ext!r}."
            )
        return staged

    def _codec(self, name: str) -> tuple[SchemaCodec, str | None]:
        """Return codec and store of an attribute that can be written in place."""
        attribute = self._spec.heading.get(name)
        if attribute is None:
            raise self._spec.heading.unknown(name, str(self._spec.name))
        chain = chain_for(attribute.type.text)
        codec = chain.codecs[0] if chain.codecs else None
        if isinstance(codec, SchemaCodec) and codec.can_stage and chain.store is not None:
            return codec, chain.store
        raise DataMillError(
            f"Attribute {name!r} of {self._spec.name} is {attribute.type}, which cannot be written in place.",
            hint="Staging is for <object@>, <npy@>, <zarr@>, <parquet@>; assign other values to rec.",
        )

    def _check_key(self) -> None:
        """Make sure that the key is there, and is what it was when the first object got its path."""
        names = self._spec.heading.key
        missing = [name for name in names if self.rec.get(name) is None]
        if missing:
            raise DataMillError(
                f"The primary key of the staged row lacks {', '.join(missing)}.",
                hint="Set the whole key in rec before the first store, open or local.",
            )
        encoder = Encoder(self._connection, self._spec)
        heading = self._spec.heading
        key = {name: encoder.encode_column(heading[name], [self.rec[name]], 0).canonical[0] for name in names}
        if self._key is None:
            self._require_new(key)
            self._key = key
        elif key != self._key:
            raise DataMillError(
                f"The primary key of the staged row changed from {self._key} to {key}.",
                hint="Its objects lie under the first key; begin another staged_insert1 for another row.",
            )

    def _require_new(self, key: dict[str, Any]) -> None:
        UploadGate(self._connection, self._spec, skip_existing=False).open()
        values = tuple(key.values())
        if values in existing_keys(self._connection, self._spec, [values]):
            raise DuplicateError(
                f"{self._spec.name} has a row {key} already.",
                attributes=tuple(key),
                key=key,
                table=str(self._spec.name),
            )
