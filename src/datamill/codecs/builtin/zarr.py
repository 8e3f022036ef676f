"""``<zarr@>``: chunked arrays and groups in a store."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datamill.codecs.extras import library
from datamill.codecs.refs.zarr_ref import ZarrRef, open_zarr
from datamill.codecs.schema_codec import SchemaCodec, folder_facts, manifest_of
from datamill.errors import InvalidValueError, MissingExternalFile
from datamill.storage.backend import StorageBackend
from datamill.storage.stores import stores_for


class ZarrCodec(SchemaCodec, register=False):
    """Stores numpy arrays, zarr Arrays and Groups as ``.zarr`` folders; gives a `ZarrRef`."""

    name = "zarr"
    is_lazy = True

    def validate(self, value: Any) -> None:
        """Check that the value is an array or group.

        Raises:
            TypeError: It is not.
        """
        import numpy

        if isinstance(value, ZarrRef):
            return
        if isinstance(value, numpy.ndarray):
            if value.dtype.hasobject or isinstance(value, numpy.ma.MaskedArray):
                raise TypeError("<zarr@> takes no arrays of Python objects and no masked arrays.")
            return
        zarr = library("zarr", "zarr", "zarr")
        if not isinstance(value, zarr.Array | zarr.Group):
            raise TypeError(
                f"<zarr@> takes a numpy or zarr array, or a zarr group, not {type(value).__name__}."
            )

    def encode(
        self,
        value: Any,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        store_name: str | None = None,
    ) -> dict[str, Any]:
        """Store the array or group, and its manifest."""
        backend, path = self._new_object(key, context, store_name, ".zarr")
        if isinstance(value, ZarrRef):
            value = value.open()
        with tempfile.TemporaryDirectory(prefix="datamill-") as scratch:
            folder = Path(scratch) / "value.zarr"
            _copy(library("zarr", "zarr", "zarr"), value, str(folder))
            manifest = backend.put_folder(folder, path)
        return _facts(backend, path, manifest, value)

    def decode(
        self,
        stored: Mapping[str, Any],
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> ZarrRef:
        """Return a reference; nothing is read."""
        return ZarrRef(stored, stores=stores_for(self._codec_config(key, context)))

    def stage_metadata(self, backend: StorageBackend, path: str, ext: str) -> dict[str, Any]:
        """Return the metadata of an array or group that was written in place.

        Raises:
            InvalidValueError: It is none.
        """
        try:
            value = open_zarr(backend, path, {})
        except (MissingExternalFile, ValueError, KeyError, OSError) as error:
            raise InvalidValueError(
                f"What was written to {path!r} is no zarr array or group: {error}."
            ) from error
        return _facts(backend, path, manifest_of(backend, path), value)


def _copy(zarr: Any, value: Any, folder: str) -> None:
    if not isinstance(value, zarr.Group):
        target = zarr.create_array(folder, shape=value.shape, dtype=value.dtype, **_layout(value))
        target[...] = value[...]
        target.attrs.update(dict(getattr(value, "attrs", {})))
        return
    root = zarr.open_group(folder, mode="w")
    root.attrs.update(dict(value.attrs))
    for name, member in sorted(value.members(max_depth=None)):
        if isinstance(member, zarr.Group):
            root.require_group(name).attrs.update(dict(member.attrs))
        else:
            copy = root.create_array(name, shape=member.shape, dtype=member.dtype, **_layout(member))
            copy[...] = member[...]
            copy.attrs.update(dict(member.attrs))


def _layout(value: Any) -> dict[str, Any]:
    """Return how an array is cut into chunks, as far as it says."""
    chunks = getattr(value, "chunks", None)
    return {} if chunks is None else {"chunks": chunks}


def _facts(backend: StorageBackend, path: str, manifest: Mapping[str, Any], value: Any) -> dict[str, Any]:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    return folder_facts(
        backend,
        path,
        manifest,
        shape=None if shape is None else list(shape),
        dtype=None if dtype is None else str(dtype),
        codec_version="1",
    )
