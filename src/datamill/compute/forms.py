"""The forms in which a class may say how a key is computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from datamill.errors import MakeError, MissingMakeError

THREE_PARTS = ("make_fetch", "make_compute", "make_insert")


def not_plain(table: str, what: str, key: Mapping[str, Any] | None = None) -> MakeError:
    """Return the error that a make is no function that computes when it is called."""
    return MakeError(
        f"{table}.{what}; its key would be computed by nobody.",
        table=table,
        key=key,
        hint="Write a plain function; inside it, asyncio.run(...) runs asynchronous ones.",
    )


class Form(Enum):
    """How ``make`` is written."""

    PLAIN = "plain"
    THREE_PART = "three-part"
    GENERATOR = "generator"


def form_of(maker: Any, base: type) -> tuple[Form, Callable[..., Any] | None]:
    """Return the form of a maker and, unless three-part, its function.

    Args:
        maker: The instance whose methods compute.
        base: The class that defines the default ``make``; what is inherited from it does not count.

    Raises:
        MissingMakeError: Neither ``make`` nor all three parts are there.
        MakeError: One of them is asynchronous.
    """
    for name in ("_make_tuples", "make", *THREE_PARTS):
        function = inspect.unwrap(getattr(type(maker), name, None) or form_of)
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise not_plain(type(maker).__name__, f"{name} is asynchronous")
    legacy = getattr(maker, "_make_tuples", None)
    if legacy is not None:
        return Form.PLAIN, legacy
    if type(maker).make is not base.__dict__["make"]:
        is_generator = inspect.isgeneratorfunction(inspect.unwrap(type(maker).make))
        return (Form.GENERATOR if is_generator else Form.PLAIN), maker.make
    missing = [name for name in THREE_PARTS if not hasattr(maker, name)]
    if not missing:
        return Form.THREE_PART, None
    given = [name for name in THREE_PARTS if name not in missing]
    what = f"has {', '.join(given)} but not {', '.join(missing)}" if given else "has no make(self, key)"
    raise MissingMakeError(
        f"{type(maker).__name__} {what}.",
        table=type(maker).__name__,
        hint="Define make(self, key), or make_fetch, make_compute and make_insert.",
    )


def never_called(maker: Any) -> MissingMakeError:
    """Return the error of who calls the default ``make``."""
    name = type(maker).__name__
    if all(hasattr(maker, part) for part in THREE_PARTS):
        return MissingMakeError(
            f"{name} is computed by {', '.join(THREE_PARTS)}, which populate calls one after the other.",
            table=name,
            hint=f"Call {name}.populate(key) to compute one key.",
        )
    return MissingMakeError(f"{name} has no make(self, key).", table=name)
