"""Methods and properties that work on a table class as on its instance."""

from __future__ import annotations

from collections.abc import Callable
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
    for name, value in list(namespace.items()):
        inherited = next(
            (vars(base)[name] for root in bases for base in root.__mro__ if name in vars(base)), None
        )
        if (
            isinstance(inherited, on_class)
            and callable(value)
            and not isinstance(value, staticmethod | classmethod)
        ):
            namespace[name] = value if isinstance(value, on_class) else on_class(value)
        elif (
            isinstance(inherited, property_on_class)
            and isinstance(value, property)
            and value.fget is not None
        ):
            namespace[name] = property_on_class(value.fget)
