"""The blob format: Python values and numpy arrays as bytes that DataJoint and old MATLAB clients read too.

`pack` makes bytes of a value, `unpack` makes the value of bytes. What can be packed: None, bool, int, float,
complex, str, bytes, Decimal, UUID, date, time and datetime without a zone; lists, tuples, sets and dicts of
these; numpy arrays and scalars; structured arrays; `MatCell` and `MatStruct` for MATLAB's containers.
Subclasses come back as their base: a namedtuple as tuple, an OrderedDict as dict, a deque as list.

numpy is imported when the first array is read, and never for plain values.

Example:
    >>> from datamill.codecs import blob
    >>> blob.unpack(blob.pack({"gain": 2.5, "channels": [1, 2]}))
    {'gain': 2.5, 'channels': [1, 2]}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datamill.codecs.blob import deflate
from datamill.codecs.blob import format as _layout
from datamill.codecs.blob.cursor import U32, U64, corrupt
from datamill.codecs.blob.read import Reader
from datamill.codecs.blob.sink import refuse
from datamill.codecs.blob.write import Writer
from datamill.errors import DataMillError

if TYPE_CHECKING:
    from datamill.codecs.blob.matlab import MatCell, MatStruct

__all__ = ["MatCell", "MatStruct", "bypass_serialization", "pack", "unpack", "use_32bit_dims"]

bypass_serialization: bool = False
"""Set to True to fetch `<blob>` attributes as the bytes that `pack` made, and to insert such bytes as they are: to copy
what cannot be unpacked here. `pack` and `unpack` are not affected."""

use_32bit_dims: bool = False
"""Set to True to read blobs of old 32-bit MATLAB, whose lengths have four bytes. Writing is not affected."""


def __getattr__(name: str) -> Any:
    if name in ("MatCell", "MatStruct"):
        from datamill.codecs.blob import matlab

        return getattr(matlab, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def pack(obj: object, compress: bool = True) -> bytes:
    """Return the blob of a value.

    Args:
        obj: The value; numpy arrays may have any shape, memory order and byte order.
        compress: Whether blobs of more than 1000 bytes are compressed when that makes them shorter.

    Returns:
        The bytes. Equal sets give equal bytes whatever their order.

    Raises:
        InvalidValueError: The value, or something in it, has no place in a blob or would lose what it says:
            times with a zone or finer than a microsecond, arrays of float16, longdouble, timedelta64 or
            bytes, masked entries, integers over 65535 bytes, values nested over 200 deep, unknown types.

    Example:
        >>> pack(True).hex()
        '646a30000b01'
    """
    writer = Writer()
    try:
        writer.value(obj)
    except RecursionError as error:
        raise refuse(obj, "it is nested too deep for Python's stack here") from error
    blob = writer.finish()
    return deflate.compress(blob) if compress else blob


def packed(value: object) -> bytes:
    """Return a value that is a blob already.

    Raises:
        InvalidValueError: It is none.
    """
    found = bytes(value) if isinstance(value, bytes | bytearray | memoryview) else b""
    if not found.startswith((_layout.MATLAB, _layout.PYTHON, _layout.COMPRESSED)):
        raise refuse(value, "blob.bypass_serialization is set, and it is not what pack returns")
    return found


def unpack(blob: bytes | bytearray | memoryview | None, squeeze: bool = False) -> Any:
    """Return the value of a blob.

    Args:
        blob: What `pack`, DataJoint or its MATLAB clients wrote; None gives None.
        squeeze: Whether arrays lose their axes of length one; an array of one element becomes a scalar.

    Returns:
        The value. Arrays are in column-major order and writable; structured arrays are `numpy.recarray`.

    Raises:
        DataMillError: The bytes are not a blob, or are truncated, damaged or followed by others. Whatever
            they are, no other error is raised, and memory stays proportional to what they hold.

    Example:
        >>> unpack(bytes.fromhex("646a30000b01"))
        True
    """
    if blob is None:
        return None
    try:
        content = blob if isinstance(blob, bytes) else bytes(memoryview(blob))
    except TypeError as error:
        hint = "Pass what blob.pack returned."
        raise DataMillError(f"A blob is bytes, not {type(blob).__name__}.", hint=hint) from error
    lengths = U32 if use_32bit_dims else U64
    if content.startswith(_layout.COMPRESSED):
        content = deflate.decompress(content, lengths)
    try:
        return Reader(content, lengths, squeeze).read()
    except (ValueError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
        if isinstance(error, DataMillError):
            raise
        raise corrupt(f"{type(error).__name__}: {error}") from error
