"""Classes made from the tables of a database that has no code at hand."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datamill.api.classes import make_classes
from datamill.api.schema import Schema
from datamill.errors import require

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
        require(module_name, str, "The name of a module must be text")
        super().__init__(module_name)
        self._objects = dict(add_objects or {})
        objects = dict(self._objects)
        self.schema = Schema(
            schema_name,
            connection=connection,
            create_schema=create_schema,
            create_tables=create_tables,
            add_objects=objects,
        )
        vars(self).update(objects)
        make_classes(self.schema, vars(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process by name: the classes are made from the database there."""
        return _again, (self.__name__, str(self.schema.database), self.schema.connection, self._objects)


def _again(
    module_name: str, schema_name: str, connection: Connection, objects: Mapping[str, Any]
) -> VirtualModule:
    return VirtualModule(module_name, schema_name, connection=connection, add_objects=objects)


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
