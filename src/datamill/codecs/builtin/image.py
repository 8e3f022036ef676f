"""``<image>``: pictures without loss, as PNG where that holds them, else as TIFF."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from datamill.codecs.extras import library
from datamill.codecs.refs.image_ref import ImageRef, read_image
from datamill.codecs.schema_codec import SchemaCodec, file_facts
from datamill.storage.stores import stores_for


class ImageCodec(SchemaCodec, register=False):
    """Stores Pillow images and arrays of shape (height, width[, 1 to 4 channels]); gives an array, or an `ImageRef`.

    bool, uint8 and uint16 become PNG where PNG holds them, other types TIFF. What neither holds exactly is refused.
    """

    name = "image"
    is_lazy = True

    def get_dtype(self, is_store: bool) -> str:
        """Return ``bytes`` in the row, ``json`` in a store."""
        return "json" if is_store else "bytes"

    def validate(self, value: Any) -> None:
        """Check that the value is a picture.

        Raises:
            TypeError: It is none.
            ValueError: Its shape is not that of a picture.
        """
        import numpy

        if isinstance(value, ImageRef):
            return
        if not isinstance(value, numpy.ndarray):
            if not isinstance(value, library("PIL.Image", "image", "image").Image):
                raise TypeError(f"<image> takes a Pillow image or a numpy array, not {type(value).__name__}.")
            return
        if value.ndim not in (2, 3) or (value.ndim == 3 and not 1 <= value.shape[2] <= 4) or 0 in value.shape:
            raise ValueError(f"<image> takes arrays of shape (height, width[, 1 to 4]), not {value.shape}.")

    def encode(
        self,
        value: Any,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        store_name: str | None = None,
    ) -> Any:
        """Return the picture as bytes, or store them and return their metadata.

        Raises:
            ValueError: Neither PNG nor TIFF holds it exactly.
        """
        import numpy

        array = numpy.asarray(value)
        content, format = pack_image(array)
        if store_name is None:
            return content
        backend, path = self._new_object(key, context, store_name, f".{format.lower()}")
        facts = {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "format": format,
            "codec_version": "1",
        }
        return file_facts(backend, path, backend.put_buffer(content, path), **facts)

    def decode(
        self,
        stored: Any,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the array, or a reference to it."""
        if isinstance(stored, Mapping):
            return ImageRef(stored, stores=stores_for(self._codec_config(key, context)))
        return read_image(bytes(stored))


def pack_image(array: Any) -> tuple[bytes, str]:
    """Return a picture as PNG or TIFF, and which; what comes back is checked to be the same.

    Raises:
        ValueError: Neither holds it exactly.
    """
    import numpy

    image = library("PIL.Image", "image", "image")
    flat = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    small = array.dtype in (numpy.dtype(bool), numpy.dtype("u1"), numpy.dtype("u2"))
    for format in ("PNG", "TIFF") if small else ("TIFF",):
        buffer = io.BytesIO()
        try:
            image.fromarray(flat).save(buffer, format=format)
        except (TypeError, OSError, KeyError):
            continue
        content = buffer.getvalue()
        found = read_image(content)
        if found.dtype == flat.dtype and numpy.array_equal(found, flat, equal_nan=flat.dtype.kind == "f"):
            return content, format
    raise ValueError(
        f"Neither PNG nor TIFF holds an image of {array.dtype} {array.shape} exactly; use <npy@> or <blob>."
    )
