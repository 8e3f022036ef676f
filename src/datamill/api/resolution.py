"""Names in definitions: where a reference is looked up, and how a table is called in a namespace."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datamill.api.table import Table
from datamill.errors import DefinitionError
from datamill.language import Reference, resolve_dotted

if TYPE_CHECKING:
    from datamill.api.schema import Schema
    from datamill.api.tiers import UserTable

Scopes = list[Mapping[str, Any]]


def local_scope(cls: type, depth: int) -> dict[str, Any]:
    """Snapshot the locals of the function that declares a class, or nothing if it is no local class."""
    return dict(sys._getframe(depth + 1).f_locals) if "<locals>" in cls.__qualname__ else {}


def scopes_of(cls: type[UserTable], schema: Schema, local: Mapping[str, Any]) -> Scopes:
    """Return the namespaces for the references of a class, in order of precedence."""
    scopes: Scopes = []
    master = getattr(cls, "master", None)
    if isinstance(master, type):
        scopes.append({"master": master, master.__name__: master})
    scopes.append(schema.add_objects)
    if schema.context is not None:
        scopes.append(schema.context)
    else:
        scopes.append(local)
        scopes.append(vars(sys.modules.get(cls.__module__, sys)))
    scopes.append(schema.classes)
    return scopes


def table_of(reference: Reference, scopes: Scopes) -> Any:
    """Return the table class or instance that a dotted reference names.

    Raises:
        DefinitionError: Nothing of that name, or no table.
    """
    found = resolve_dotted(reference.text, scopes, is_table=is_table)
    if not is_table(found):
        raise DefinitionError(f"{reference.text!r} is {type(found).__name__}, not a table.")
    return found


def is_table(value: object) -> bool:
    """True for table classes and instances."""
    return isinstance(value, Table) or (isinstance(value, type) and issubclass(value, Table))
