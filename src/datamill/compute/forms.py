"""The forms in which a class may say how a key is computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any

from datamill.errors import MissingMakeError

THREE_PARTS = ("make_fetch", "make_compute", "make_insert")


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
    """
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
