"""Libraries that a codec needs, imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from datamill.errors import MissingExtraError


def library(name: str, codec: str, extra: str) -> Any:
    """Return a module.

    Args:
        name: Module to import, such as ``pyarrow.parquet``.
        codec: The codec that needs it.
        extra: What installs it.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"<{codec}> needs the package {name.partition('.')[0]!r}, which is not installed.",
            extra=extra,
            hint=f'Install it: pip install "datamill[{extra}]"',
        ) from error
