"""Hash addressing: the content decides the path, so equal content is stored once. Pure, no I/O."""

from __future__ import annotations

import hashlib
from base64 import b32decode, b32encode
from collections.abc import Sequence
from typing import Any

from datamill.storage.paths import join

HASH_LENGTH = 26


def content_hash(content: bytes | bytearray | memoryview) -> str:
    """Return the hash of some content: lowercase base32 of its MD5 without padding, 26 characters.

    Example:
        >>> content_hash(b"hello")
        'lvauakv4jmvhnolrtwiraf6fsi'
    """
    return spell(hashlib.md5(content, usedforsecurity=False))


def new_hasher() -> Any:
    """Return a hasher for content that comes in pieces; `spell` gives its result."""
    return hashlib.md5(usedforsecurity=False)


def spell(hasher: Any) -> str:
    """Return the hash that a hasher of `new_hasher` arrived at."""
    return b32encode(hasher.digest()).decode().rstrip("=").lower()


def md5_of(digest: str) -> bytes:
    """Return the MD5 that a hash of `content_hash` spells.

    Example:
        >>> md5_of("lvauakv4jmvhnolrtwiraf6fsi").hex()
        '5d41402abc4b2a76b9719d911017c592'
    """
    return b32decode(digest.upper() + "======")


def hash_path(prefix: str, schema: str, digest: str, subfolding: Sequence[int] | None = None) -> str:
    """Return where content of a hash lies in a store.

    Args:
        prefix: The store's ``hash_prefix``.
        schema: Schema of the inserting table; equal content is shared within a schema.
        digest: From `content_hash`.
        subfolding: Lengths of folder names made of the first characters, such as ``[2, 2]``.

    Example:
        >>> hash_path("_hash", "lab", "lvauakv4jmvhnolrtwiraf6fsi", [2, 2])
        '_hash/lab/lv/au/lvauakv4jmvhnolrtwiraf6fsi'
    """
    folds, position = [], 0
    for length in subfolding or ():
        folds.append(digest[position : position + length])
        position += length
    return join(prefix, schema, *folds, digest)
