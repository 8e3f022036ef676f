"""The constants of the blob format: headers, type codes and numpy dtypes, shared by writer and reader.

Everything is little-endian. A blob is a protocol header and a body; a body is one code byte and its payload.
"""

from __future__ import annotations

from typing import Final

MATLAB: Final = b"mYm\0"
"""Header of values made of MATLAB arrays, cells and structs only."""
PYTHON: Final = b"dj0\0"
"""Header of all other values."""
COMPRESSED: Final = b"ZL123\0"
"""Header of a compressed blob; the uncompressed length and a zlib stream follow."""

COMPRESS_ABOVE: Final = 1000
"""Blobs of more bytes than this are compressed if that makes them shorter."""
MAX_DEPTH: Final = 200
"""Containers may be nested this deep; deeper values are refused by writer and reader."""
MAX_EMPTY_STRUCT: Final = 65536
"""A struct without fields may have this many elements, because no byte of the blob stands for them."""
MAX_DIMENSIONS: Final = 64
MAX_INT_BYTES: Final = 65535

ARRAY: Final = 0x41
CELL: Final = 0x43
STRUCTURED: Final = 0x46
SPARSE: Final = 0x50
STRUCT: Final = 0x53
TUPLE: Final = 0x01
LIST: Final = 0x02
SET: Final = 0x03
DICT: Final = 0x04
STR: Final = 0x05
BYTES: Final = 0x06
INT: Final = 0x0A
BOOL: Final = 0x0B
COMPLEX: Final = 0x0C
FLOAT: Final = 0x0D
DECIMAL: Final = 0x64
TIME: Final = 0x74
UUID: Final = 0x75
NONE: Final = 0xFF

CHAR_DTYPE: Final = 4
OBJECT_DTYPE: Final = 5
NUMBER_DTYPES: Final[dict[int, str]] = {
    3: "|b1",
    6: "<f8",
    7: "<f4",
    8: "|i1",
    9: "|u1",
    10: "<i2",
    11: "<u2",
    12: "<i4",
    13: "<u4",
    14: "<i8",
    15: "<u8",
}
DATETIME_DTYPES: Final[dict[int, str]] = {
    65536 + index: f"<M8[{unit}]"
    for index, unit in enumerate(("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"))
}
REAL_DTYPES: Final[dict[int, str]] = {**NUMBER_DTYPES, **DATETIME_DTYPES}

REAL_CODES: Final[dict[str, int]] = {dtype: code for code, dtype in REAL_DTYPES.items()}
"""Little-endian numpy dtype text to code."""
COMPLEX_CODES: Final[dict[str, int]] = {"<c16": 6, "<c8": 7}
