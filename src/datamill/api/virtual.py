"""Classes made from the tables of a database that has no code at hand."""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from datamill.api.schema import Schema
from datamill.api.tiers import Computed, Imported, Lookup, Manual, Part, UserTable
from datamill.errors import DataMillWarning
from datamill.model.names import TableName, Tier

if TYPE_CHECKING:
    from datamill.data.connection import Connection

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
    namespace: MutableMapping[str, Any] = vars(into) if isinstance(into, types.ModuleType) else into
    names = schema._table_names()
    masters: dict[TableName, Any] = {}
    for name in (name for name in names if name.master is None):
        cls_name = name.class_name
        existing = namespace.get(cls_name)
        if existing is not None and getattr(existing, "_bound_name", None) != name:
            message = f"{cls_name} is taken in the namespace; no class was made for {name}."
            warnings.warn(message, DataMillWarning, stacklevel=3)
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
    cls = type(tier)(class_name, (tier,), {**members, "definition": property(lambda self: self.describe())})
    cls._schema, cls._bound_name = schema, name
    if not members:
        schema.classes.setdefault(class_name, cls)
    return cls


class VirtualModule(types.ModuleType):
    """A module of classes for the tables of a schema.

    Args:
        module_name: Name of the module.
        schema_name: Name of the schema in the database.
        connection, create_schema, create_tables, add_objects: As for `Schema`.
    """

    schema: Schema

    def __init__(
        self,
        module_name: str,
        schema_name: str,
        *,
        create_schema: bool = False,
        create_tables: bool = False,
        connection: Connection | None = None,
        add_objects: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(module_name)
        objects = dict(add_objects or {})
        self.schema = Schema(
            schema_name,
            connection=connection,
            create_schema=create_schema,
            create_tables=create_tables,
            add_objects=objects,
        )
        vars(self).update(objects)
        make_classes(self.schema, vars(self))


def virtual_schema(
    schema_name: str,
    *,
    connection: Connection | None = None,
    create_schema: bool = False,
    create_tables: bool = False,
    add_objects: Mapping[str, Any] | None = None,
) -> VirtualModule:
    """Return a module of classes for the tables of a schema, without its code.

    Args:
        schema_name: Name of the schema in the database.
        connection, create_schema, create_tables, add_objects: As for `Schema`.

    Raises:
        DataMillError: There is no such schema.
    """
    return VirtualModule(
        schema_name,
        schema_name,
        connection=connection,
        create_schema=create_schema,
        create_tables=create_tables,
        add_objects=add_objects,
    )


def create_virtual_module(module_name: str, schema_name: str, **options: Any) -> VirtualModule:
    """Older form of `virtual_schema` that also names the module."""
    return VirtualModule(module_name, schema_name, **options)
