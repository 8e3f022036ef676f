"""Where the parts of a blob being written are collected."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from datamill.errors import InvalidValueError

Buffer = bytes | memoryview


def refuse(value: object, reason: str, hint: str | None = None) -> InvalidValueError:
    """Return the error for a value that a blob cannot hold."""
    message = f"A value of type {type(value).__name__!r} cannot be packed: {reason}."
    return InvalidValueError(message, hint=hint, value=value, reason=reason)


class Sink(ABC):
    """The parts of one blob.

    Fields:
        parts: Buffers in order; large arrays are memoryviews of the caller's data.
        is_matlab: True as long as nothing was written that old MATLAB readers do not know.
    """

    __slots__ = ("is_matlab", "parts")

    def __init__(self) -> None:
        self.parts: list[Buffer] = []
        self.is_matlab = True

    def add(self, part: Buffer) -> int:
        """Append a buffer and return its length in bytes."""
        self.parts.append(part)
        return len(part)

    @abstractmethod
    def items(self, values: Iterable[object], depth: int) -> int:
        """Write values, each preceded by its length, and return the length of all in bytes."""
