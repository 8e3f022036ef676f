"""``<blob>``: arrays and plain Python values in the blob format."""

from __future__ import annotations

from typing import Any

from datamill.codecs import blob
from datamill.codecs.codec import Codec


class BlobCodec(Codec, register=False):
    """Stores whatever `datamill.blob.pack` takes: numpy arrays, dicts, lists, numbers, text, times."""

    name = "blob"

    def get_dtype(self, is_store: bool) -> str:
        """Return ``bytes`` in the row, ``<hash>`` in a store."""
        return "<hash>" if is_store else "bytes"

    def encode(self, value: Any) -> bytes:
        """Return the packed value, compressed if that makes it shorter."""
        return blob.packed(value) if blob.bypass_serialization else blob.pack(value)

    def decode(self, stored: bytes) -> Any:
        """Return the unpacked value."""
        return stored if blob.bypass_serialization else blob.unpack(stored)
