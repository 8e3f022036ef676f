"""A place in a blob being read. The bytes are not trusted: lengths are checked against what is left."""

from __future__ import annotations

from abc import ABC, abstractmethod
from struct import Struct
from typing import Any, Final

from datamill.errors import DataMillError

U64: Final = Struct("<Q")
U32: Final = Struct("<I")


def corrupt(what: str) -> DataMillError:
    """Return the error for bytes that are no blob."""
    hint = "It is corrupt, truncated or of another format."
    return DataMillError(f"The blob cannot be read: {what}.", hint=hint)


class Cursor(ABC):
    """A place in an uncompressed blob, and the way to read on from it.

    Args:
        blob: All bytes, protocol header included.
        lengths: How lengths and dimensions are written: `U64`, or `U32` in blobs of old 32-bit MATLAB.
        squeeze: Whether arrays lose their axes of length one.

    Fields:
        position: Offset of the next byte.
        end: Offset where the value being read has to end.
    """

    __slots__ = ("blob", "end", "lengths", "position", "squeeze")

    def __init__(self, blob: bytes, lengths: Struct = U64, squeeze: bool = False) -> None:
        self.blob = blob
        self.lengths = lengths
        self.squeeze = squeeze
        self.position = 0
        self.end = len(blob)

    def advance(self, count: int) -> int:
        """Step over `count` bytes and return the offset where they start."""
        start = self.position
        if count > self.end - start:
            raise corrupt(f"{count} bytes are announced where {self.end - start} are left")
        self.position = start + count
        return start

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        start = self.advance(count)
        return self.blob[start : start + count]

    def unpack(self, form: Struct) -> tuple[Any, ...]:
        """Return the next numbers."""
        return form.unpack_from(self.blob, self.advance(form.size))

    def length(self) -> int:
        """Return the next length or dimension."""
        lengths = self.lengths
        return int(lengths.unpack_from(self.blob, self.advance(lengths.size))[0])

    def count_of(self, smallest: int, count: int) -> int:
        """Return `count` if as many things of `smallest` bytes can follow, else raise."""
        if count * smallest > self.end - self.position:
            raise corrupt(f"{count} items are announced in {self.end - self.position} bytes")
        return count

    @property
    def smallest_item(self) -> int:
        """The fewest bytes of an item: its length and one code byte."""
        return self.lengths.size + 1

    @abstractmethod
    def items(self, count: int, depth: int) -> list[Any]:
        """Return `count` values, each preceded by its length; each has to end where its length says."""
