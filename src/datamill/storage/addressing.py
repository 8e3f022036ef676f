"""Schema addressing: schema, table, key and attribute decide the path of an object. Pure, no I/O."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from datamill.storage.paths import join

MANIFEST_SUFFIX: Final = ".manifest.json"
OWN_SECTION: Final = "_datamill"
LONGEST_TEXT: Final = 100
LONGEST_ENCODED: Final = 200
_TOKEN_ALPHABET: Final = string.ascii_letters + string.digits + "-_"
_UNSAFE: Final = re.compile(r'[/\\:*?"<>|%\x00-\x1f\x7f]')
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def object_path(
    spec: Mapping[str, Any],
    schema: str,
    table: str,
    field: str,
    key: Mapping[str, Any],
    extension: str | None = None,
) -> tuple[str, str]:
    """Return a new path for an object of one attribute of one row, and the random token in it.

    Args:
        spec: The store: ``schema_prefix``, ``partition_pattern``, ``token_length``.
        schema: Schema name.
        table: Physical table name with its tier prefix.
        field: Attribute name.
        key: Primary-key values in key order.
        extension: With or without leading dot; None for none.

    Example:
        >>> path, token = object_path({"schema_prefix": "_schema"}, "lab", "#rig", "image", {"rig": 2}, "tif")
        >>> path == f"_schema/lab/#rig/rig=2/image_{token}.tif"
        True
    """
    partitioned = partition_names(spec.get("partition_pattern"))
    partition = [f"{name}={path_value(key[name])}" for name in partitioned if name in key]
    rest = [f"{name}={path_value(value)}" for name, value in key.items() if name not in partitioned]
    token = new_token(spec.get("token_length") or 8)
    name = f"{field}_{token}{dotted(extension)}"
    return join(spec.get("schema_prefix") or "", *partition, schema, table, *rest, name), token


def new_token(length: int) -> str:
    """Return random characters of ``A-Za-z0-9-_``; the length is clamped to 4..16."""
    return "".join(secrets.choice(_TOKEN_ALPHABET) for _ in range(min(16, max(4, length))))


def dotted(extension: str | None) -> str:
    """Return an extension with its leading dot, made safe for a path; empty for none.

    Example:
        >>> dotted("npy"), dotted(".tar.gz"), dotted(None)
        ('.npy', '.tar.gz', '')
    """
    if not extension:
        return ""
    escaped = _UNSAFE.sub(_percent, extension)
    return escaped if escaped.startswith(".") else f".{escaped}"


def partition_names(pattern: str | None) -> tuple[str, ...]:
    """Return the attributes of a partition pattern: ``{subject}/{session}`` or ``subject/session``.

    Example:
        >>> partition_names("{subject}/{session}"), partition_names("subject/session")
        (('subject', 'session'), ('subject', 'session'))
    """
    if not pattern:
        return ()
    names = _PLACEHOLDER.findall(pattern)
    return tuple(dict.fromkeys(names or [part.strip() for part in pattern.split("/") if part.strip()]))


def path_value(value: Any) -> str:
    r"""Return a key value as one part of a path.

    Example:
        >>> path_value(3), path_value("a/b"), path_value(b"\x01\xff")
        ('3', 'a%2Fb', '01ff')
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return value.isoformat(sep="T").replace(":", "-")
    if isinstance(value, str):
        return _text(value)
    return _text(str(value).replace(":", "-"))


def _text(value: str) -> str:
    if len(value) > LONGEST_TEXT or len(value.encode(errors="surrogatepass")) > LONGEST_ENCODED:
        digest = hashlib.md5(value.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()[:8]
        value = f"{value[:50]}_{digest}"
    escaped = _UNSAFE.sub(_percent, value)
    if escaped.endswith((".", " ")):
        escaped = escaped[:-1] + _percent_text(escaped[-1])
    return escaped


def _percent(match: re.Match[str]) -> str:
    return _percent_text(match.group())


def _percent_text(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
