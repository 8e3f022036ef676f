"""Classes made for tables that have none."""

from __future__ import annotations

import sys
import types
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from datamill.api.tiers import Computed, Imported, Lookup, Manual, Part, UserTable
from datamill.errors import DataMillWarning, require, warn_user
from datamill.model.names import TableName, Tier

if TYPE_CHECKING:
    from datamill.api.schema import Schema

_TIER_CLASSES: dict[Tier, type[UserTable]] = {
    Tier.MANUAL: Manual,
    Tier.LOOKUP: Lookup,
    Tier.IMPORTED: Imported,
    Tier.COMPUTED: Computed,
    Tier.PART: Part,
}


def calling_globals(depth: int) -> dict[str, Any]:
    """Return the globals of the module that called a public function."""
    return sys._getframe(depth + 1).f_globals


def make_classes(schema: Schema, into: Any) -> None:
    """Make classes for the tables of a schema that have none in a namespace, parts on their masters.

    Args:
        schema: An active schema.
        into: Mapping or module to fill.
    """
    require(into, (types.ModuleType, MutableMapping), "Classes go into a module or a mapping")
    namespace: MutableMapping[str, Any] = vars(into) if isinstance(into, types.ModuleType) else into
    names = schema._table_names()
    masters: dict[TableName, Any] = {}
    for name in (name for name in names if name.master is None):
        cls_name = name.class_name
        existing = namespace.get(cls_name)
        if existing is not None and getattr(existing, "_bound_name", None) != name:
            message = f"{cls_name} is taken in the namespace; no class was made for {name}."
            warn_user(message, DataMillWarning)
            continue
        masters[name] = existing or _make(schema, name, cls_name, {})
        namespace[cls_name] = masters[name]
    for name in (name for name in names if name.master in masters):
        assert name.master is not None
        master = masters[name.master]
        part_name = name.class_name.split(".")[-1]
        if part_name not in vars(master):
            setattr(master, part_name, _make(schema, name, part_name, {"master": master}))


def _make(schema: Schema, name: TableName, class_name: str, members: dict[str, Any]) -> Any:
    tier = _TIER_CLASSES[name.tier]
    metaclass: Any = type(tier)
    cls = metaclass(class_name, (tier,), {**members, "definition": property(lambda self: self.describe())})
    cls._schema, cls._bound_name = schema, name
    if not members:
        schema.classes.setdefault(class_name, cls)
    return cls
