"""Paths within a store: which are safe, and how they are joined. Pure text, no I/O."""

from __future__ import annotations

from datamill.errors import DataMillError


def unsafe_reason(path: object) -> str | None:
    """Return why a path must not be used, or None if it stays within the store.

    A safe path is relative, normalised POSIX: no leading ``/``, no empty part, no ``.`` or ``..``, no backslash, no
    NUL.

    Example:
        >>> unsafe_reason("_hash/lab/abc"), unsafe_reason("../x")
        (None, "leaves the store by '..'")
    """
    if not isinstance(path, str) or not path:
        return "is empty" if path == "" else "is no text"
    for character, name in (("\\", "a backslash"), ("\0", "a NUL character")):
        if character in path:
            return f"holds {name}"
    if path.startswith("/"):
        return "is absolute"
    parts = path.split("/")
    if ".." in parts:
        return "leaves the store by '..'"
    if "" in parts or "." in parts:
        return "is not normalised"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "is not text in UTF-8"
    return None


def safe_path(path: object, store: str | None = None) -> str:
    """Return a path if it is safe.

    Args:
        path: Path within a store, as a row or a user gives it.
        store: Name of the store, for the message.

    Raises:
        DataMillError: The path could leave the store; nothing has been read or written.

    Example:
        >>> safe_path("raw/day 1/scan.tif")
        'raw/day 1/scan.tif'
    """
    reason = unsafe_reason(path)
    if reason is not None:
        place = f" of store {store!r}" if store else ""
        raise DataMillError(
            f"The path {path!r}{place} {reason}.",
            hint="Paths in a store are relative, with '/' between their parts and no '..'.",
        )
    return str(path)


def join(*parts: str) -> str:
    """Join parts of a path; empty ones vanish.

    Example:
        >>> join("_hash", "", "lab", "abc")
        '_hash/lab/abc'
    """
    return "/".join(part for part in (item.strip("/") for item in parts) if part)


def is_below(path: str, prefix: str) -> bool:
    """Tell whether a path is a prefix or lies below it.

    Example:
        >>> is_below("_hash/x", "_hash"), is_below("_hashed", "_hash")
        (True, False)
    """
    prefix = prefix.strip("/")
    return not prefix or path == prefix or path.startswith(f"{prefix}/")
