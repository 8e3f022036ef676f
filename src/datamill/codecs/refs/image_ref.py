"""`ImageRef`: a picture in a store."""

from __future__ import annotations

import io
from typing import Any

from datamill.codecs.extras import library
from datamill.codecs.refs.reference import Reference


class ImageRef(Reference):
    """A picture in a store, read when `load` is called or it is used as an array.

    Example:
        >>> picture = Slide.fetch1("picture")
        >>> picture.shape, picture.load().mean()
        ((512, 512), 31.2)
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width, and channels if it has several."""
        return tuple(self._meta["shape"])

    @property
    def dtype(self) -> Any:
        """Type of the elements."""
        import numpy

        return numpy.dtype(self._meta["dtype"])

    @property
    def format(self) -> str:
        """``PNG`` or ``TIFF``."""
        return str(self._meta["format"])

    def load(self) -> Any:
        """Return the picture as array.

        Raises:
            MissingExternalFile: It is not in the store.
            ObjectIntegrityError: It is not what was stored.
        """
        return read_image(self._read()).reshape(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy

        return numpy.asarray(self.load(), dtype=dtype)

    def __repr__(self) -> str:
        return f"ImageRef({self.path!r}, shape={self.shape}, dtype={self._meta['dtype']})"


def read_image(content: bytes) -> Any:
    """Return the array that a picture holds."""
    import numpy

    with library("PIL.Image", "image", "image").open(io.BytesIO(content)) as picture:
        return numpy.array(picture)
