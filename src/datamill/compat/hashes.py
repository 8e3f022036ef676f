"""Hashes as published pipelines compute them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

CHUNK = 2**20


def key_hash(mapping: Mapping[str, Any]) -> str:
    """Return 32 hexadecimal digits: the MD5 of the values as text, joined in the order of their names.

    Example:
        >>> key_hash({"b": 2, "a": 1}) == key_hash({"a": 1, "b": 2})
        True
    """
    joined = "".join(str(value) for _, value in sorted(mapping.items()))
    return hashlib.md5(joined.encode(), usedforsecurity=False).hexdigest()


def uuid_from_stream(stream: BinaryIO, *, init_string: str = "") -> UUID:
    """Return the MD5 of a text and of what a stream still holds, as a UUID."""
    hasher = hashlib.md5(init_string.encode(), usedforsecurity=False)
    while chunk := stream.read(CHUNK):
        hasher.update(chunk)
    return UUID(bytes=hasher.digest())


def uuid_from_buffer(buffer: bytes = b"", *, init_string: str = "") -> UUID:
    """Return the MD5 of a text and bytes, as a UUID.

    Example:
        >>> uuid_from_buffer(b"hello").hex == hashlib.md5(b"hello").hexdigest()
        True
    """
    return UUID(bytes=hashlib.md5(init_string.encode() + buffer, usedforsecurity=False).digest())


def uuid_from_file(filepath: str | Path, *, init_string: str = "") -> UUID:
    """Return the MD5 of a text and of a file's contents, as a UUID."""
    with Path(filepath).open("rb") as stream:
        return uuid_from_stream(stream, init_string=init_string)
