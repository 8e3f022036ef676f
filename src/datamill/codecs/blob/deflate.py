"""Compression of blobs: zlib streams that any zlib reads, written by isal, which is some 20 times faster."""

from __future__ import annotations

from struct import Struct
from typing import Final

from datamill.codecs.blob import format as layout
from datamill.errors import DataMillError

LEVEL: Final = 2
"""Of isal: on noise as fast as level 1 (1 ms/MiB), on images and counts within a few percent of zlib's 6."""
MAX_RATIO: Final = 1040
"""No deflate stream expands more than 1032 times; a header that promises more is refused at once."""
PROBED_FROM: Final = 1 << 18
"""Bytes from which a sample is compressed first: noise would take ten times as long to no avail."""
STEP: Final = 1 << 16
SLICE: Final = 1 << 11
RUN: Final = 1 << 15
_U64: Final = Struct("<Q")


def compress(blob: bytes) -> bytes:
    """Return the compressed form of a blob if it is long enough and becomes shorter, else the blob itself.

    Of long blobs a sample decides whether it is worth trying: it has to lose a hundredth.
    """
    if len(blob) <= layout.COMPRESS_ABOVE:
        return blob
    from isal import isal_zlib

    if len(blob) >= PROBED_FROM:
        sample = _sample(blob)
        if len(isal_zlib.compress(sample, LEVEL)) > 0.99 * len(sample):
            return blob
    deflater = isal_zlib.compressobj(LEVEL)
    parts = (layout.COMPRESSED + _U64.pack(len(blob)), deflater.compress(blob), deflater.flush())
    return b"".join(parts) if sum(map(len, parts)) < len(blob) else blob


def _sample(blob: bytes) -> bytes:
    """Return slices from everywhere in a blob, and a run from its middle, which shows repetitions."""
    view, middle = memoryview(blob), len(blob) // 2
    slices = [view[start : start + SLICE] for start in range(0, len(blob), STEP)]
    return b"".join((*slices, view[middle : middle + RUN]))


def decompress(blob: bytes, length_format: Struct) -> bytes:
    """Return the blob inside a compressed blob.

    Args:
        blob: Bytes that start with the ``ZL123`` header.
        length_format: How lengths are written: u64, or u32 in blobs of old 32-bit MATLAB.

    Raises:
        DataMillError: The stream is damaged, or its length is not the one its header gives. At most the
            promised length is ever allocated, and no promise beyond what deflate can keep is believed.
    """
    start = len(layout.COMPRESSED) + length_format.size
    if len(blob) < start:
        raise DataMillError("A compressed blob ends within its header.", hint="It is truncated.")
    (length,) = length_format.unpack_from(blob, len(layout.COMPRESSED))
    if not 0 < length <= MAX_RATIO * (len(blob) - start):
        raise DataMillError(
            f"A compressed blob of {len(blob)} bytes claims to hold {length} bytes.", hint="It is corrupt."
        )
    return _inflate(memoryview(blob)[start:], length)


def _inflate(stream: memoryview, length: int) -> bytes:
    from isal import isal_zlib

    inflater = isal_zlib.decompressobj()
    try:
        content = inflater.decompress(stream, length)
        # When the output is full the end mark may still be unread; asking for one byte more must yield none.
        surplus = b"" if inflater.eof else inflater.decompress(inflater.unconsumed_tail, 1)
    except (isal_zlib.IsalError, ValueError) as error:  # type: ignore[misc]
        message = f"A compressed blob cannot be decompressed: {error}."
        raise DataMillError(message, hint="It is corrupt.") from error
    if len(content) != length or surplus or not inflater.eof or inflater.unused_data:
        raise DataMillError(
            f"A compressed blob does not hold the {length} bytes it claims, or more follows them.",
            hint="It is truncated or corrupt.",
        )
    return content
