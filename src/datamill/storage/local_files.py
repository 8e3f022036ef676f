"""Writing files on a local disk: whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

PART_SUFFIX: Final = ".part"


@contextmanager
def writing(path: Path, base: Path | None = None) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only when it is complete.

    Args:
        path: The file; its folders are made.
        base: A folder above it that must exist: only those below are made. None: all are.

    Yields:
        An open binary file with a name of its own beside it; on any exception it is removed.

    Raises:
        OSError: The file cannot be written.
    """
    make_folder(path.parent, base)
    part = path.with_name(f".{uuid.uuid4().hex}{PART_SUFFIX}")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def make_folder(folder: Path, base: Path | None) -> None:
    """Make a folder and those above it, up to and without a base, if one is given.

    Raises:
        FileNotFoundError: The base does not exist.
        OSError: The folder cannot be made.
    """
    if base is None:
        folder.mkdir(parents=True, exist_ok=True)
    elif folder != base:
        try:
            folder.mkdir(exist_ok=True)
        except FileNotFoundError:
            if folder.parent == base:
                raise
            make_folder(folder.parent, base)
            folder.mkdir(exist_ok=True)


def remove_empty_parents(path: Path, root: Path) -> None:
    """Remove the folders above a path that hold nothing, up to and without the root."""
    for folder in path.parents:
        if folder == root or root not in folder.parents:
            return
        try:
            folder.rmdir()
        except OSError:  # not empty, or not ours to remove
            return
