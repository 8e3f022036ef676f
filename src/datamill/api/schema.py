"""Schemas: namespaces of tables in the database, and the decorator that binds classes to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from datamill.api import default
from datamill.api.classes import calling_globals, make_classes
from datamill.api.declaring import alter_plan, declare_class, part_members, parts_of, spec_of
from datamill.api.jobs import Job, jobs_of_schema
from datamill.api.resolution import local_scope
from datamill.api.table import FreeTable
from datamill.api.tiers import MASTER_TIERS, Part, UserTable, physical_name
from datamill.catalog import AlterPlan, adopted, compare
from datamill.catalog.changes import without_rename_marks
from datamill.data import drop as dropping
from datamill.errors import DataMillError, MissingTableError, did_you_mean, require
from datamill.model.names import TableName, Tier, check_name

if TYPE_CHECKING:
    from datamill.data.connection import Connection

_OF_0_14 = {
    "external": "Values in stores need no tables of their own: dm.gc removes objects to which no row refers.",
    "log": "What was computed, when and by whom, is in the table ~runs; the database server logs the rest.",
}


class Schema:
    """A namespace of tables. Decorate table classes with it to declare them.

    Args:
        schema_name: Name in the database; None leaves the schema inactive until `activate`.
        context: Namespace for references in definitions; default: where each class is declared.
        connection: Where the schema lives; default: the process's connection.
        create_schema: Create the schema if it is missing.
        create_tables: Create missing tables; default ``config.database.create_tables``.
        add_objects: Further names for references.

    Example:
        >>> import datamill as dm
        >>> schema = dm.Schema("lab")
        >>> @schema
        ... class Mouse(dm.Manual):
        ...     definition = '''
        ...     mouse : int32
        ...     '''
        >>> Mouse.insert1({"mouse": 1})
        >>> len(Mouse)
        1
    """

    def __init__(
        self,
        schema_name: str | None = None,
        context: Mapping[str, Any] | None = None,
        *,
        connection: Connection | None = None,
        create_schema: bool = True,
        create_tables: bool | None = None,
        add_objects: Mapping[str, Any] | None = None,
    ) -> None:
        self.database: str | None = None
        self.context = context
        self.add_objects: dict[str, Any] = dict(add_objects or {})
        self.classes: dict[str, type[UserTable]] = {}
        self._connection = connection
        self._create_schema = create_schema
        self._create_tables = create_tables
        self._queue: list[type[UserTable]] = []
        if schema_name is not None:
            self.activate(schema_name)

    def __repr__(self) -> str:
        return f"Schema({self.database!r})" if self.database else "Schema(inactive)"

    # activation ------------------------------------------------------------------------------------------------

    def is_activated(self) -> bool:
        """True once the schema has a name and a connection."""
        return self.database is not None

    def require_active(self) -> None:
        """Raise unless activated."""
        if self.database is None:
            raise DataMillError("The schema is not activated.", hint="Call schema.activate('name') first.")

    @property
    def connection(self) -> Connection:
        """The connection of the schema."""
        self.require_active()
        assert self._connection is not None
        return self._connection

    @property
    def name(self) -> str:
        """The schema's name in the database."""
        self.require_active()
        assert self.database is not None
        return self.database

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            advice = _OF_0_14.get(name, "dir(schema) lists what there is.")
            raise AttributeError(f"Schema has no attribute {name!r}. {advice}", name=name, obj=self)

    @property
    def exists(self) -> bool:
        """True if the schema is in the database."""
        return self.connection.catalog.schema_exists(self.name)

    @property
    def create_tables(self) -> bool:
        """Whether missing tables are created on decoration."""
        configured = self.connection.config.database.create_tables
        return bool(configured if self._create_tables is None else self._create_tables)

    def activate(
        self,
        schema_name: str | None = None,
        *,
        connection: Connection | None = None,
        create_schema: bool | None = None,
        create_tables: bool | None = None,
        add_objects: Mapping[str, Any] | None = None,
    ) -> None:
        """Connect, create the schema if missing and allowed, and declare the classes that waited.

        Args:
            schema_name: Name in the database. Once active, the same name or None does nothing.
            connection, create_schema, create_tables, add_objects: As for the constructor; None keeps its values.

        Raises:
            DataMillError: Active under another name, no name, or missing and not to be created.
        """
        if self.database is not None:
            if schema_name not in (None, self.database):
                raise DataMillError(
                    f"The schema is active as {self.database!r}; it cannot become {schema_name!r}."
                )
            return
        if schema_name is None:
            raise DataMillError(
                "A schema needs a name to be activated.", hint="Call schema.activate('name')."
            )
        check_name(schema_name, "schema")
        self._connection = default.connection_or_default(connection or self._connection)
        self._create_schema = self._create_schema if create_schema is None else create_schema
        self._create_tables = self._create_tables if create_tables is None else create_tables
        self.add_objects.update(add_objects or {})
        self._ensure_schema(self._connection, schema_name)
        self.database = schema_name
        self._connection.schemas[schema_name] = self
        self._declare_queue()

    def _ensure_schema(self, connection: Connection, schema_name: str) -> None:
        if connection.catalog.schema_exists(schema_name):
            return
        if not self._create_schema:
            existing = connection.catalog.list_schemas()
            raise DataMillError(
                f"There is no schema {schema_name!r} in the database, and create_schema is False.",
                hint=did_you_mean(schema_name, existing)
                or f"Existing schemas: {', '.join(existing) or 'none'}.",
            )
        connection.catalog.create_schema(schema_name)

    def _declare_queue(self) -> None:
        waiting, self._queue = self._queue, []
        for cls in waiting:
            self._bind(cls)
        pending: dict[type[UserTable], None] = dict.fromkeys(waiting)
        for cls in waiting:
            declare_class(self, cls, pending)

    # decoration ------------------------------------------------------------------------------------------------

    def __call__(self, cls: Any, *, context: Mapping[str, Any] | None = None) -> Any:
        """Bind a table class and its parts to this schema, declaring absent tables.

        Args:
            cls: A subclass of Manual, Lookup, Imported or Computed.
            context: Namespace for this class's references.

        Returns:
            The class.

        Raises:
            DataMillError: Not a master table class.
            DefinitionError: The definition is wrong.
        """
        if not (isinstance(cls, type) and issubclass(cls, UserTable)) or cls._tier not in MASTER_TIERS:
            what = (
                "Parts belong inside their master's class."
                if _is_part(cls)
                else "Subclass dm.Manual or another tier."
            )
            raise DataMillError(f"The schema decorator was applied to {cls!r}.", hint=what)
        cls._local_scope = local_scope(cls, depth=1) if context is None else context
        cls._schema = self
        self._adopt_parts(cls)
        self.classes[cls.__name__] = cls
        if self.is_activated():
            self._bind(cls)
            declare_class(self, cls, {cls: None})
        else:
            self._queue = [waiting for waiting in self._queue if waiting.__name__ != cls.__name__] + [cls]
        return cls

    def _adopt_parts(self, cls: type[UserTable]) -> None:
        for name, part in part_members(cls).items():
            own: type[Part] = part
            if vars(cls).get(name) is not part:
                metaclass: Any = type(part)
                own = metaclass(
                    name,
                    (part,),
                    {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.{name}"},
                )
                setattr(cls, name, own)
            own.master = cls
            own._schema = self
            own._local_scope = cls._local_scope

    def _bind(self, cls: type[UserTable]) -> None:
        cls._bound_name = physical_name(cls, self.name)
        for part in parts_of(cls):
            part._bound_name = physical_name(part, self.name)

    def bind_copy(self, cls: type[UserTable]) -> Any:
        """Return a subclass of a table class, parts included, bound to this schema (used by ``T.on``)."""
        require(cls, type, "The class of a table is expected")
        metaclass: Any = type(cls)
        copy = metaclass(
            cls.__name__, (cls,), {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
        )
        copy._schema = self
        self._adopt_parts(copy)
        self._bind(copy)
        return copy

    def declare_table(self, cls: type[UserTable], context: Mapping[str, Any] | None = None) -> None:
        """Create the table of a bound class if it is absent."""
        require(cls, type, "The class of a table is expected")
        declare_class(self, cls, {cls: None}, context=context, force=True)

    def drift_of(self, cls: type[UserTable]) -> list[str]:
        """List the differences between a class's definition and its table."""
        require(cls, type, "The class of a table is expected")
        declared = spec_of(self, cls)
        if declared is None:
            return []
        existing = self.connection.catalog.spec(declared.name)
        ours = without_rename_marks(adopted(declared, existing, self.connection.dialect))
        return compare(ours, existing, comments=True)

    def alter_table(
        self, cls: type[UserTable], context: Mapping[str, Any] | None, **options: Any
    ) -> AlterPlan:
        """Make a table match its class's definition."""
        require(cls, type, "The class of a table is expected")
        return alter_plan(self, cls, context, **options)

    # looking ---------------------------------------------------------------------------------------------------

    def list_tables(self) -> list[str]:
        """Names of the tables, in topological order, parts after their masters."""
        return [name.table for name in self._table_names()]

    def _table_names(self) -> list[TableName]:
        order = self.connection.catalog.graph([self.name]).order()
        shown = (Tier.HIDDEN, Tier.JOBS, Tier.OTHER)
        return [name for name in order if name.schema == self.name and name.tier not in shown]

    def __iter__(self) -> Iterator[FreeTable]:
        return (FreeTable(self.connection, str(name)) for name in self._table_names())

    def _find(self, key: str) -> list[TableName]:
        names = self._table_names()
        exact = [name for name in names if name.table == key]
        return exact or [
            name for name in names if key in (name.class_name, name.base, name.class_name.split(".")[-1])
        ]

    def get_table(self, key: str) -> FreeTable:
        """Return a table by exact, base or CamelCase name, or ``Master.Part``.

        Raises:
            MissingTableError: There is none.
            DataMillError: The name fits several.
        """
        found = self._find(key)
        if len(found) > 1:
            raise DataMillError(
                f"{key!r} may be {' or '.join(map(str, found))}.", hint="Use the exact table name."
            )
        if not found:
            names = [name.class_name for name in self._table_names()]
            raise MissingTableError(
                f"There is no table {key!r} in schema {self.name!r}.",
                schema=self.name,
                table=key,
                hint=did_you_mean(key, names),
            )
        return FreeTable(self.connection, str(found[0]))

    __getitem__ = get_table

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self._find(key))

    @property
    def jobs(self) -> list[Job]:
        """The queues of its auto-populated tables, as far as they exist."""
        return jobs_of_schema(self.connection, self.name)

    @property
    def lineage(self) -> dict[str, str]:
        """Origin of each inherited or key attribute: ``schema.table.attribute`` -> lineage."""
        specs = self.connection.catalog.load(self.name)
        return {
            f"{name}.{item.name}": item.lineage
            for name, spec in specs.items()
            for item in spec.columns
            if item.lineage
        }

    @property
    def lineage_table_exists(self) -> bool:
        """True if the hidden table ``~lineage`` is there."""
        return self.connection.catalog.lineage_table_exists(self.name)

    def rebuild_lineage(self) -> None:
        """Write ``~lineage`` anew from the foreign keys."""
        self.connection.catalog.rebuild_lineage(self.name)

    def verify_objects(self, level: str = "size") -> dict[str, Any]:
        """Check that every object the rows refer to is in its store and unchanged.

        Args:
            level: ``size`` compares sizes; ``hash`` also reads everything.

        Returns:
            ``checked``: how many; ``missing`` and ``corrupt``: lists of dicts of table, attribute, path, store, reason.
        """
        from datamill.data.verify_objects import verify_objects

        return verify_objects(self.connection, self.name, level)

    def drop(self, prompt: bool | None = None, *, force: bool = False) -> None:
        """Drop the schema with all its tables.

        Args:
            prompt: Ask first; default ``config.safemode``.
            force: Older spelling of ``prompt=False``.

        Raises:
            IntegrityError: Tables of other schemas reference it.
        """
        dropping.drop_schema(self.connection, self.name, prompt=False if force else prompt)

    def make_classes(self, into: Any = None) -> None:
        """Make classes for the tables that have none in a namespace.

        Args:
            into: Mapping or module to fill; default: the schema's context, else the calling module's globals.
        """
        target = into if into is not None else self.context
        make_classes(self, calling_globals(1) if target is None else target)

    def spawn_missing_classes(self, context: Any = None) -> None:
        """Older name of `make_classes`."""
        target = context if context is not None else self.context
        make_classes(self, calling_globals(1) if target is None else target)


def _is_part(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Part) and value is not Part


def list_schemas(connection: Connection | None = None) -> list[str]:
    """Names of the schemas in the database, without the database's own."""
    return default.connection_or_default(connection).catalog.list_schemas()


schema = Schema
"""Older name of `Schema`."""
