"""``<attach>``: a file kept with its name, and extracted to disk when it is fetched."""

from __future__ import annotations

import ntpath
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datamill.codecs.codec import Codec
from datamill.errors import DataMillError, InvalidValueError


class AttachCodec(Codec, register=False):
    """Stores a file's name and contents; a fetch writes the file below ``download_path`` and gives its path."""

    name = "attach"

    def get_dtype(self, is_store: bool) -> str:
        """Return ``bytes`` in the row, ``<hash>`` in a store."""
        return "<hash>" if is_store else "bytes"

    def validate(self, value: Any) -> None:
        """Check that the value is the path of a file.

        Raises:
            TypeError: It is neither text nor a path.
            FileNotFoundError: There is no such file.
            IsADirectoryError: It is a folder.
        """
        path = _path(value)
        if path.is_dir():
            raise IsADirectoryError(
                f"{str(path)!r} is a folder, and <attach> takes files. Make an archive of it."
            )
        if not path.exists():
            raise FileNotFoundError(f"There is no file {str(path)!r} to attach.")

    def encode(self, value: Any) -> bytes:
        """Return the file's name, a NUL byte and its contents.

        Raises:
            InvalidValueError: The name could not be extracted safely.
        """
        path = _path(value)
        reason = unsafe(path.name)
        if reason is not None:
            message = f"The file {str(path)!r} cannot be attached: its name {reason}."
            raise InvalidValueError(message, hint="Rename it.", value=value, reason=reason)
        return path.name.encode() + b"\0" + path.read_bytes()

    def decode(
        self,
        stored: bytes,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> str:
        """Extract the file into ``config.download_path`` and return its path.

        A file of the name with the same contents is reused; if its contents differ, the file gets the next free
        name of ``stem_1.ext``, ``stem_2.ext``...

        Raises:
            DataMillError: The stored bytes are no attachment, or the name in them would leave the folder.
        """
        encoded, separator, contents = bytes(stored).partition(b"\0")
        name = encoded.decode(errors="surrogateescape")
        reason = unsafe(name) if separator else "has no end"
        if reason is not None:
            hint = "The value is corrupt, or was not stored by <attach>."
            raise DataMillError(
                f"The attachment {name[:100]!r} is not extracted: its name {reason}.", hint=hint
            )
        config = self._codec_config(key, context)
        folder = Path("." if config is None else config.get("download_path", ".")).expanduser()
        return str(extract(folder, name, contents))


def unsafe(name: str) -> str | None:
    """Return why a file name must not be used, or None if it names a file of the folder itself.

    Example:
        >>> unsafe("scan.tif"), unsafe("../scan.tif")
        (None, "holds '/'")
    """
    if not name:
        return "is empty"
    if name in (".", ".."):
        return "is a folder"
    for character in ("/", "\\", "\0"):
        if character in name:
            return f"holds {character!r}"
    if os.name == "nt" and ntpath.splitdrive(name)[0]:
        return "holds a drive"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "is not text in UTF-8"
    return None


def extract(folder: Path, name: str, contents: bytes) -> Path:
    """Return the path of a file with this content in a folder, written unless it is there.

    Args:
        folder: Made if it does not exist.
        name: A safe file name.
        contents: What the file holds.

    Raises:
        OSError: The folder or the file cannot be written; nothing is left half-written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in _candidates(folder / name):
        if _holds(path, contents):
            return path
        try:
            file = path.open("xb")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(contents)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path
    raise AssertionError("There is always a next name.")


def _candidates(path: Path) -> Iterator[Path]:
    yield path
    number = 0
    while True:
        number += 1
        yield path.with_name(f"{path.stem}_{number}{path.suffix}")


def _holds(path: Path, contents: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(contents) and path.read_bytes() == contents


def _path(value: Any) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"<attach> takes the path of a file, not {type(value).__name__}.")
    return Path(value).expanduser()
