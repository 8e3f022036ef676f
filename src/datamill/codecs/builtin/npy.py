"""``<npy@>``: arrays as NumPy files in a store, sliced without reading the rest."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from datamill.codecs.refs.npy_ref import NpyRef, read_header
from datamill.codecs.schema_codec import SchemaCodec, file_facts
from datamill.errors import InvalidValueError
from datamill.storage.backend import StorageBackend
from datamill.storage.folders import hash_object
from datamill.storage.stores import stores_for
from datamill.storage.streams import Content


class NpyCodec(SchemaCodec, register=False):
    """Stores a NumPy array as ``.npy`` file; a fetch gives an `NpyRef`, which reads what is asked for."""

    name = "npy"
    is_lazy = True

    def validate(self, value: Any) -> None:
        """Check that the value is an array that a NumPy file holds.

        Raises:
            TypeError: It is no array.
            ValueError: It holds Python objects or has masked entries.
        """
        import numpy

        if isinstance(value, NpyRef):
            return
        if not isinstance(value, numpy.ndarray):
            raise TypeError(f"<npy@> takes a numpy array, not {type(value).__name__}.")
        if isinstance(value, numpy.ma.MaskedArray):
            raise ValueError("<npy@> takes no masked arrays: the mask would be lost. Use value.filled(...).")
        if value.dtype.hasobject:
            raise ValueError("<npy@> takes no arrays of Python objects. Use <blob@>.")

    def encode(
        self,
        value: Any,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        store_name: str | None = None,
    ) -> dict[str, Any]:
        """Store the array and return path, store, dtype and shape."""
        import numpy

        array, buffer = numpy.asarray(value), io.BytesIO()
        numpy.save(buffer, array, allow_pickle=False)
        backend, path = self._new_object(key, context, store_name, ".npy")
        return _facts(backend, path, backend.put_buffer(buffer.getbuffer(), path), array)

    def decode(
        self,
        stored: Mapping[str, Any],
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> NpyRef:
        """Return a reference; nothing is read."""
        return NpyRef(stored, stores=stores_for(self._codec_config(key, context)))

    def stage_metadata(self, backend: StorageBackend, path: str, ext: str) -> dict[str, Any]:
        """Return the metadata of a NumPy file that was written in place.

        Raises:
            InvalidValueError: It is none, or holds Python objects.
        """
        try:
            header = read_header(backend, path)
        except ValueError as error:
            raise InvalidValueError(
                f"What was written to {path!r} is no NumPy file: {error}.",
                hint="Use numpy.save(file, array).",
            ) from error
        if header.dtype.hasobject:
            raise InvalidValueError(f"What was written to {path!r} holds Python objects.")
        return _facts(backend, path, hash_object(backend, path), header)


def _facts(backend: StorageBackend, path: str, content: Content, array: Any) -> dict[str, Any]:
    return file_facts(backend, path, content, dtype=str(array.dtype), shape=list(array.shape))
