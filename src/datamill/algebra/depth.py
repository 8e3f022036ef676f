"""How deep expressions may be nested: as deep as Python recurses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from datamill.errors import DataMillError


@contextmanager
def nesting(what: str) -> Iterator[None]:
    """Say what is nested too deeply, where Python would only say that it recurses too deeply.

    Args:
        what: Subject of the message: "The condition".

    Raises:
        DataMillError: In place of a RecursionError.

    Example:
        >>> with nesting("The condition"):
        ...     raise RecursionError  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        datamill.errors.DataMillError: The condition is nested too deeply. Dozens of levels are fine, ...
    """
    try:
        yield
    except RecursionError:
        hint = (
            "Dozens of levels are fine, hundreds may not be; insert an intermediate result into a table, "
            "or give a list of keys."
        )
        raise DataMillError(f"{what} is nested too deeply.", hint=hint) from None
