"""The table tiers that users subclass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from datamill.api.binding import bind_mixins, bind_overrides, on_class, property_on_class
from datamill.api.expression import ExpressionMeta
from datamill.api.naming import reference_namer
from datamill.api.populating import AutoPopulate
from datamill.api.resolution import scopes_of
from datamill.api.table import Table
from datamill.catalog import AlterPlan
from datamill.errors import DataMillError
from datamill.model.names import TableName, Tier, class_to_base

if TYPE_CHECKING:
    from datamill.api.schema import Schema
    from datamill.data.connection import Connection


class TableMeta(ExpressionMeta):
    """The class of table classes; lets users override methods and still call them on the class."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> Any:
        """Make the class."""
        bind_overrides(namespace, bases)
        made = super().__new__(mcs, name, bases, namespace, **keywords)
        bind_mixins(made)
        return made


class UserTable(Table, metaclass=TableMeta):
    """A table with a class: subclass one of the tiers and decorate with a Schema."""

    definition: Any = ...
    _tier: ClassVar[Tier | None] = None
    _schema: ClassVar[Schema | None] = None
    _bound_name: ClassVar[TableName | None] = None
    _local_scope: ClassVar[Mapping[str, Any]] = {}

    @property_on_class
    def connection(self) -> Connection:
        """The connection of the schema."""
        return self._require_schema().connection

    def _require_schema(self) -> Schema:
        schema = type(self)._schema
        if schema is None:
            raise DataMillError(
                f"{type(self).__name__} belongs to no schema.",
                hint="Decorate the class with a dm.Schema object.",
            )
        schema.require_active()
        return schema

    @property
    def _name(self) -> TableName:
        self._require_schema()
        assert self._bound_name is not None
        return self._bound_name

    def _reference_namer(self, context: Mapping[str, Any] | None) -> Any:
        merged: dict[str, Any] = {}
        for scope in reversed(scopes_of(type(self), self._require_schema(), self._local_scope)):
            merged.update(scope)
        return reference_namer(merged if context is None else context)

    @on_class
    def declare(self, context: Mapping[str, Any] | None = None) -> None:
        """Create the table in the database if it is absent.

        Args:
            context: Namespace for the definition's references.
        """
        self._require_schema().declare_table(type(self), context)

    @on_class
    def drift(self) -> list[str]:
        """List the differences between the definition in code and the table in the database, comments included."""
        return self._require_schema().drift_of(type(self))

    @on_class
    def alter(
        self,
        prompt: bool = True,
        context: Any = None,
        *,
        renames: Mapping[str, str] | None = None,
        fill: Mapping[str, Any] | None = None,
        allow_data_loss: bool = False,
        reorder: bool = False,
        dry_run: bool = False,
    ) -> AlterPlan:
        """Make the table in the database match the definition in code; see `Table.alter`."""
        return self._require_schema().alter_table(
            type(self),
            context,
            prompt=prompt,
            renames=renames or {},
            fill=fill or {},
            allow_data_loss=allow_data_loss,
            reorder=reorder,
            dry_run=dry_run,
        )

    @classmethod
    def on(cls, instance: Any) -> Any:
        """Return this class, parts included, bound to the schema of the same name on another `Instance`."""
        if not hasattr(instance, "Schema"):
            raise TypeError(f"{cls.__name__}.on takes an Instance, not {type(instance).__name__}.")
        schema = cls()._require_schema()
        target = instance.Schema(schema.database, create_schema=False, create_tables=False)
        return target.bind_copy(cls)


class Manual(UserTable):
    """Rows entered by people or instruments."""

    _tier = Tier.MANUAL


class Lookup(UserTable):
    """Rows that belong to the code: constants, parameter sets. ``contents`` lists them."""

    _tier = Tier.LOOKUP
    contents: Any = ()


class Imported(AutoPopulate, UserTable):
    """Rows computed by ``make`` from sources outside the database."""

    _tier = Tier.IMPORTED


class Computed(AutoPopulate, UserTable):
    """Rows computed by ``make`` from other tables."""

    _tier = Tier.COMPUTED


class Part(UserTable):
    """Rows that belong to a row of a master table; declare the class inside the master's class."""

    _tier = Tier.PART
    master: ClassVar[Any] = None


MASTER_TIERS = (Tier.MANUAL, Tier.LOOKUP, Tier.IMPORTED, Tier.COMPUTED)
Entry, Ingest, Compute = Manual, Imported, Computed


def physical_name(cls: type[UserTable], schema: str) -> TableName:
    """Return the table name that a class spells."""
    base = class_to_base(cls.__name__)
    if cls._tier is Tier.PART:
        master = getattr(cls, "master", None)
        if master is None:
            raise DataMillError(
                f"Part {cls.__name__} has no master.", hint="Declare it inside its master's class."
            )
        return TableName(schema, f"{physical_name(master, schema).table}__{base}")
    assert cls._tier is not None
    return TableName(schema, cls._tier.value + base)
