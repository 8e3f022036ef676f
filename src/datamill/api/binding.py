"""Methods and properties that work on a table class as on its instance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


class on_class(Generic[Arguments, Returned]):  # noqa: N801 - reads as a decorator
    """A method that may also be called on the class, where it acts on ``Class()``.

    Example:
        >>> class Greeter:
        ...     @on_class
        ...     def greet(self, name: str) -> str:
        ...         return f"hello {name}"
        >>> Greeter.greet("Ada") == Greeter().greet("Ada")
        True
    """

    def __init__(self, function: Callable[Concatenate[Any, Arguments], Returned]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", "method")

    def __get__(self, instance: Any, owner: type | None = None) -> Callable[Arguments, Returned]:
        if instance is not None:
            return MethodType(self.function, instance)
        assert owner is not None
        return MethodType(self.function, owner())


class property_on_class(Generic[Returned]):  # noqa: N801 - reads as a decorator
    """A read-only property that may also be read on the class, where it is that of ``Class()``."""

    def __init__(self, function: Callable[[Any], Returned]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Returned:
        return self.function(owner() if instance is None and owner is not None else instance)


def bind_overrides(namespace: dict[str, Any], bases: tuple[type, ...]) -> None:
    """Let a user's overrides of such methods and properties work on the class too."""
    ancestors = [base for root in bases for base in root.__mro__]
    for name, value in list(namespace.items()):
        bound = _bound(name, value, ancestors)
        if bound is not None:
            namespace[name] = bound


def bind_mixins(cls: type) -> None:
    """Let overrides in plain classes, from which a class of ours inherits too, work on the class as well."""
    known: set[str] = set()
    for mixin in cls.__mro__:
        if type(mixin) is not type(cls) and mixin is not object:
            for name in vars(mixin).keys() - known:
                bound = _bound(name, vars(mixin)[name], cls.__mro__)
                if bound is not None:
                    setattr(cls, name, bound)
        known |= vars(mixin).keys()


def _bound(name: str, value: Any, ancestors: Sequence[type]) -> Any:
    """Return an override as what it overrides, or None if it is so already or overrides nothing of the kind."""
    members = (vars(base).get(name) for base in ancestors)
    inherited = next((item for item in members if isinstance(item, on_class | property_on_class)), None)
    if isinstance(inherited, on_class) and callable(value):
        return None if isinstance(value, on_class | staticmethod | classmethod) else on_class(value)
    if isinstance(inherited, property_on_class) and isinstance(value, property) and value.fget is not None:
        return property_on_class(value.fget)
    return None
