"""How deep expressions may be nested: as deep as Python recurses."""

from __future__ import annotations

from contextlib import ContextDecorator

from datamill.errors import DataMillError


class nesting(ContextDecorator):  # noqa: N801 - reads as a word of the language
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

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, RecursionError):
            hint = (
                "Dozens of levels are fine, hundreds may not be; insert an intermediate result into a table, "
                "or give a list of keys."
            )
            raise DataMillError(f"{self._what} is nested too deeply.", hint=hint) from None
