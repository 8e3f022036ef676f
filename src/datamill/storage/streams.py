"""Copying streams in pieces, hashed on the way: no file is ever in memory as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from datamill.errors import InvalidValueError
from datamill.storage.hashing import new_hasher, spell

PIECE: Final = 4 * 2**20
Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Content:
    """What was copied: ``size`` in bytes and ``hash`` as in `hashing.content_hash`."""

    size: int
    hash: str


def copy(source: Any, target: BinaryIO | None) -> Content:
    """Copy a readable binary stream; without a target it is only read.

    Args:
        source: Has ``read(count)``.
        target: Has ``write(bytes)``.

    Raises:
        InvalidValueError: The source gives text.
    """
    hasher, size = new_hasher(), 0
    while piece := source.read(PIECE):
        if isinstance(piece, str):
            raise InvalidValueError("The stream gives text; open it in binary mode ('rb').")
        hasher.update(piece)
        size += len(piece)
        if target is not None:
            target.write(piece)
    return Content(size, spell(hasher))
