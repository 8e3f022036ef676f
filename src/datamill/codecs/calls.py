"""Calls of a codec's methods with just the keywords that they declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from inspect import Parameter, signature
from typing import Any, Final

Call = Callable[[Any, Mapping[str, Any] | None, Mapping[str, Any] | None], Any]
"""A function of (value, key, context)."""

KEYWORDS: Final = frozenset(("key", "context", "store_name"))


@lru_cache(maxsize=1024)
def declared_keywords(function: Callable[..., Any]) -> frozenset[str]:
    """Return which of `KEYWORDS` a method takes: those it declares, or all if it has ``**kwargs``."""
    parameters = signature(function).parameters.values()
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
        return KEYWORDS
    by_name = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return KEYWORDS & {parameter.name for parameter in parameters if parameter.kind in by_name}


def bind(method: Callable[..., Any], constants: Mapping[str, Any]) -> tuple[Call, bool]:
    """Return a uniform call of `encode` or `decode`.

    Args:
        method: The bound method.
        constants: Keywords that are the same for each call, passed if they are declared: ``store_name``.

    Returns:
        The call, and whether it uses the key.
    """
    declared = declared_keywords(getattr(method, "__func__", method))
    fixed = {name: value for name, value in constants.items() if name in declared}
    with_key, with_context = "key" in declared, "context" in declared
    if not (with_key or with_context or fixed):
        return (lambda value, key, context: method(value)), False

    def call(value: Any, key: Mapping[str, Any] | None, context: Mapping[str, Any] | None) -> Any:
        keywords = dict(fixed)
        if with_key:
            keywords["key"] = _full_key(key, context)
        if with_context:
            keywords["context"] = context
        return method(value, **keywords)

    return call, with_key


def _full_key(key: Mapping[str, Any] | None, context: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the key of a row with what older codecs look for in it."""
    extra = {f"_{name}": value for name, value in (context or {}).items()}
    return {**(key or {}), **extra}
