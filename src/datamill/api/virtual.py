"""Classes made from the tables of a database that has no code at hand."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datamill.api.classes import make_classes
from datamill.api.schema import Schema

if TYPE_CHECKING:
    from datamill.data.connection import Connection


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
