"""A fingerprint of the code that computes a table: equal for equal code, whatever its comments and layout."""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from datamill.compute.forms import THREE_PARTS

MAKES = ("make", "_make_tuples", *THREE_PARTS)
MOST_HELPERS = 200


def fingerprint(maker: Any) -> str:
    """Return 16 hexadecimal digits for what computes a table.

    They cover the make methods, the functions and classes of the same package that these call, directly or through
    others, and the definition. Comments, docstrings and layout do not count.

    Args:
        maker: The instance whose make computes.
    """
    hasher = hashlib.blake2b(digest_size=8)
    for _, function in sorted(_reachable(type(maker)).items()):
        hasher.update(f"{function.__qualname__}\n{_shape(function)}\n".encode())
    definition = getattr(maker, "definition", "")
    if isinstance(definition, str):
        hasher.update(textwrap.dedent(definition).strip().encode())
    return hasher.hexdigest()


def _reachable(cls: type) -> dict[str, Callable[..., Any]]:
    """Return the make methods and their helpers by qualified name."""
    found: dict[str, Callable[..., Any]] = {}
    waiting = [
        function
        for name in MAKES
        if (function := _function(inspect.getattr_static(cls, name, None))) is not None
        and not function.__module__.startswith("datamill.")
    ]
    package = cls.__module__.partition(".")[0]
    while waiting and len(found) < MOST_HELPERS:
        function = waiting.pop()
        label = f"{function.__module__}:{function.__qualname__}"
        if label not in found:
            found[label] = function
            waiting += _helpers(function, cls, package)
    return found


def _function(value: Any) -> FunctionType | None:
    """Return the function that something is or wraps; nothing of the value's own code runs."""
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    elif not isinstance(value, FunctionType):  # methods that also work on the class keep theirs so
        value = _members(value).get("function")
    inner = inspect.unwrap(value) if isinstance(value, FunctionType) else value
    return inner if isinstance(inner, FunctionType) else None


def _members(value: Any) -> dict[str, Any]:
    try:
        return dict(object.__getattribute__(value, "__dict__"))
    except (AttributeError, TypeError):
        return {}


def _helpers(function: FunctionType, cls: type, package: str) -> Iterator[FunctionType]:
    for name in _names(function.__code__):
        value = function.__globals__.get(name, inspect.getattr_static(cls, name, None))
        members = vars(value).values() if inspect.isclass(value) and not _is_table(value) else [value]
        for member in members:
            helper = _function(member)
            if helper is not None and (helper.__module__ or "").partition(".")[0] == package:
                yield helper


def _is_table(value: type) -> bool:
    return any("_bound_name" in vars(base) for base in value.__mro__)


def _names(code: CodeType) -> set[str]:
    """Return the global and attribute names that code mentions, inner functions included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


def _shape(function: Callable[..., Any]) -> str:
    """Return the syntax tree of a function without docstrings; its byte code if the source is not at hand."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return _code_shape(function.__code__) if isinstance(function, FunctionType) else ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def _code_shape(code: CodeType) -> str:
    constants = [
        _code_shape(item) if isinstance(item, CodeType) else repr(item) for item in code.co_consts[1:]
    ]
    return f"{code.co_code.hex()} {code.co_names} {constants}"
