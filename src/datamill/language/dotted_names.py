"""Dotted names: looked up in namespaces, never evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType

from datamill.errors import DefinitionError, did_you_mean, require

Scopes = Sequence[Mapping[str, object]]


def resolve_dotted(name: str, scopes: Scopes, is_table: Callable[[object], bool]) -> object:
    """Find the object that a dotted name such as ``lab.User`` stands for.

    The head is taken from the first namespace that holds it; each further word is an attribute of what was found.

    Args:
        name: Words joined by dots.
        scopes: Namespaces in order of precedence.
        is_table: Tells whether an object is what the name may stand for.

    Returns:
        The object.

    Raises:
        DefinitionError: Nothing has that name, or what has it is no table; near misses are named.

    Example:
        >>> resolve_dotted("Mouse", [{"Mouse": 1}], is_table=lambda value: value == 1)
        1
    """
    for given in scopes:
        require(given, Mapping, "The context of a definition must be a mapping of names")
    head, *rest = name.split(".")
    scope = next((scope for scope in scopes if head in scope), None)
    if scope is None:
        raise DefinitionError(f"{name!r} is not defined here.", hint=_hint(name, _tables(scopes, is_table)))
    found = scope[head]
    path = head
    for word in rest:
        try:
            found = getattr(found, word)
        except AttributeError:
            candidates = [f"{path}.{table}" for table in _tables_in(found, is_table)]
            raise DefinitionError(f"{path!r} has no {word!r}.", hint=_hint(name, candidates)) from None
        path = f"{path}.{word}"
    if not is_table(found):
        raise DefinitionError(
            f"{name!r} is {_kind(found)}, not a table.", hint=_hint(name, _tables(scopes, is_table))
        )
    return found


def _hint(name: str, candidates: list[str]) -> str:
    last = name.rsplit(".", 1)[-1]
    homonyms = [candidate for candidate in candidates if candidate.rsplit(".", 1)[-1] == last]
    if homonyms:
        return f"Did you mean {' or '.join(map(repr, homonyms[:3]))}?"
    return (
        did_you_mean(name[:200], candidates)
        or "Import the table's class or module where the table is declared."
    )


def _kind(value: object) -> str:
    if isinstance(value, ModuleType):
        return "a module"
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"


def _tables(scopes: Scopes, is_table: Callable[[object], bool]) -> list[str]:
    """Return the names by which tables could be reached, those in modules included."""
    names = [name for scope in scopes for name, value in list(scope.items()) if is_table(value)]
    for scope in scopes:
        for name, value in list(scope.items()):
            if isinstance(value, ModuleType):
                names += [f"{name}.{table}" for table in _tables_in(value, is_table)]
    return list(dict.fromkeys(names))


def _tables_in(value: object, is_table: Callable[[object], bool]) -> Iterator[str]:
    """Yield the names of tables among the attributes of an object, without running its properties."""
    for owner in (value, *(value.__mro__ if isinstance(value, type) else ())):
        for name, item in list(getattr(owner, "__dict__", {}).items()):
            if not name.startswith("__") and is_table(item):
                yield name
