"""The local filesystem of a store, which does not take a disk that is gone for an empty one."""

from __future__ import annotations

import errno
import os
from typing import Any

from fsspec.implementations.local import LocalFileSystem


class BasedFileSystem(LocalFileSystem):
    """Makes folders as they are needed, as long as one above them exists.

    Args:
        base: The folder that must exist.
    """

    def __init__(self, base: str, **options: Any) -> None:
        super().__init__(auto_mkdir=True, **options)
        self.base = base

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder and those above it.

        Raises:
            FileNotFoundError: The base does not exist.
        """
        if not os.path.isdir(self.base):  # noqa: PTH112 - hot
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.base)
        super().makedirs(path, exist_ok=exist_ok)  # type: ignore[misc]
