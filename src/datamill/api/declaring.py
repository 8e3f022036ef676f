"""From a decorated class to a table in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datamill.api.resolution import scopes_of, table_of
from datamill.api.tiers import Lookup, Part, UserTable
from datamill.catalog import AlterPlan, adopted, compare
from datamill.catalog.hidden import hidden_attributes
from datamill.catalog.native import as_created
from datamill.catalog.resolve import stored_type
from datamill.data.contents import insert_contents
from datamill.data.objects import require_stores
from datamill.errors import (
    DataMillError,
    DataMillWarning,
    DefinitionError,
    DriftWarning,
    MissingTableError,
    NativeTypeWarning,
    warn_user,
)
from datamill.language import Reference, parse_definition, resolve_definition, with_codecs
from datamill.model.attribute import Attribute
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.model.types import KINDS

if TYPE_CHECKING:
    from datamill.api.schema import Schema


@dataclass
class Declaration:
    """One run of declaring: which classes wait, and which are being declared (to find cycles)."""

    schema: Schema
    waiting: dict[type[UserTable], None]
    context: Mapping[str, Any] | None = None
    create: bool = True
    active: list[type[UserTable]] = field(default_factory=list)
    resolved: dict[type[UserTable], TableSpec | None] = field(default_factory=dict)

    def declare(self, cls: type[UserTable]) -> None:
        """Declare a master with its parts, all or nothing; parents that wait come first."""
        if cls not in self.waiting:
            return
        connection = self.schema.connection
        absent = [spec for spec in self._family(cls).values() if spec and self._is_absent(spec)]
        if absent and self.create:
            for spec in absent:
                _warn_shared_base(spec.name, self.schema)
                _warn_native_types(spec)
                require_stores(connection, spec)
            connection.catalog.declare(*absent)
        del self.waiting[cls]
        made = connection.catalog.peek(_bound(cls))
        if issubclass(cls, Lookup) and made is not None and self.create:
            insert_contents(connection, made, cls().contents)

    def _family(self, master: type[UserTable]) -> dict[type[UserTable], TableSpec | None]:
        """Resolve a master and its parts, in the order of their foreign keys."""
        outer, self.resolved = self.resolved, {}
        try:
            for cls in (master, *parts_of(master)):
                self._resolve(cls)
            return self.resolved
        finally:
            self.resolved = outer

    def _resolve(self, cls: type[UserTable]) -> None:
        if cls in self.resolved:
            return
        if cls in self.active:
            cycle = " -> ".join(item.__name__ for item in [*self.active, cls])
            raise DefinitionError(f"Definitions refer to each other in a cycle: {cycle}.", table=cls.__name__)
        self.active.append(cls)
        try:
            self.resolved[cls] = self.spec(cls)
        finally:
            self.active.pop()
        if self.resolved[cls] is None and self.schema.connection.catalog.peek(name := _bound(cls)) is None:
            raise MissingTableError(
                f"{cls.__name__} has no definition, and there is no table {name}.",
                schema=name.schema,
                table=name.table,
                hint="Give the class a definition.",
            )

    def _is_absent(self, declared: TableSpec) -> bool:
        """True if a table is not in the database; one that is there is compared with the code."""
        existing = self.schema.connection.catalog.peek(declared.name)
        if existing is not None:
            _report_drift(self.schema, declared, existing)
        return existing is None

    def spec(self, cls: type[UserTable]) -> TableSpec | None:
        """Resolve a class's definition, or return None if it has none."""
        text = cls().definition
        if text is None or text is ...:
            return None
        if not isinstance(text, str):
            raise DefinitionError(f"The definition of {cls.__name__} is {type(text).__name__}, not text.")
        name = _bound(cls)
        config = self.schema.connection.config
        if config.compat.blobs:
            text = with_codecs(text)
        try:
            spec = resolve_definition(
                parse_definition(text, str(name)),
                name,
                lookup=lambda reference: self._lookup(cls, reference),
                stored_type=stored_type,
                master=cls.master._bound_name if issubclass(cls, Part) else None,
                allow_new_key_attributes=bool(config.jobs.allow_new_pk_fields_in_computed_tables),
                hidden=hidden_attributes(
                    name,
                    job_metadata=bool(config.jobs.add_job_metadata),
                    provenance=bool(config.jobs.provenance),
                    origin=bool(config.provenance.capture),
                ),
            )
            return as_created(spec, self.schema.connection.dialect)
        except DefinitionError as error:
            error.table = error.table or str(name)
            error.add_note(f"In the definition of {cls.__qualname__} (table {name}).")
            raise

    def _lookup(self, cls: type[UserTable], reference: Reference) -> TableSpec:
        catalog = self.schema.connection.catalog
        if reference.table is not None:
            return catalog.spec(reference.table)
        scopes = scopes_of(cls, self.schema, cls._local_scope if self.context is None else self.context)
        found = table_of(reference, scopes)
        parent = found if isinstance(found, type) else type(found)
        if parent is cls:
            raise DefinitionError(f"{cls.__name__} refers to itself.")
        if issubclass(parent, UserTable):
            self._prepare(parent, getattr(cls, "master", cls))
        instance = found() if isinstance(found, type) else found
        if instance.connection is not self.schema.connection:
            raise DefinitionError(f"{reference.text!r} belongs to another connection.")
        declared = self.resolved.get(parent)
        spec: TableSpec = instance._spec if declared is None else catalog.peek(declared.name) or declared
        return spec

    def _prepare(self, parent: type[UserTable], family: type[UserTable]) -> None:
        """Resolve a parent of the family that is being declared; declare one that waits."""
        master = getattr(parent, "master", parent)
        if master in self.waiting:
            if master is family:
                self._resolve(parent)
            else:
                self.declare(master)


def _bound(cls: type[UserTable]) -> TableName:
    assert cls._bound_name is not None
    return cls._bound_name


def parts_of(cls: type[UserTable]) -> list[type[Part]]:
    """Return the part classes of a master, those it inherits included, by name, once they are its own."""
    return [part for part in part_members(cls).values() if vars(part).get("master") is cls]


def part_members(cls: type) -> dict[str, type[Part]]:
    """Return the part classes among the members of a class and its bases, sorted by name."""
    members = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
    return {
        name: value
        for name, value in sorted(members.items())
        if isinstance(value, type) and issubclass(value, Part) and value is not Part
    }


def _report_drift(schema: Schema, declared: TableSpec, existing: TableSpec) -> None:
    mode = schema.connection.config.declare.drift
    ours = adopted(declared, existing, schema.connection.dialect)
    differences = [] if mode == "ignore" else compare(ours, existing)
    if not differences:
        return
    message = f"{declared.name} differs from its definition in code: {' '.join(differences)}"
    if mode == "error":
        raise DefinitionError(
            message, table=str(declared.name), hint="Change the code, or call .alter() on the table."
        )
    warn_user(f"{message} The table governs; .alter() changes it.", DriftWarning)


def _warn_shared_base(name: TableName, schema: Schema) -> None:
    if name.master is not None:
        return
    names = schema.connection.catalog.load(schema.name)
    twins = [
        str(other) for other in names if other.base == name.base and other != name and other.master is None
    ]
    if twins:
        message = f"{name} has the base name of {', '.join(twins)}; they would share one job table."
        warn_user(message, DataMillWarning)


def _warn_native_types(spec: TableSpec) -> None:
    """Name the types of one database, once, when the table is made: each import of a pipeline would repeat it."""
    inherited = {own for key in spec.foreign_keys for own in key.attributes}
    natives = [
        f"{name} {item.type}{_portable(item)}"
        for name, item in spec.heading.attributes.items()
        if item.type.native is not None and name not in inherited
    ]
    if natives:
        warn_user(
            f"{spec.name} has native types, which may differ between databases: {', '.join(natives)}. "
            "Core types, such as those in parentheses, are portable.",
            NativeTypeWarning,
        )


def _portable(attribute: Attribute) -> str:
    if attribute.is_auto_increment or not KINDS[attribute.type.kind].is_core:
        return ""
    return f" ({_BETTER.get(attribute.type.kind, attribute.type.kind)})"


_BETTER = {"bytes": "<blob> or bytes", "decimal": "decimal(p,s)"}


def declare_class(
    schema: Schema,
    cls: type[UserTable],
    waiting: dict[type[UserTable], None],
    *,
    context: Mapping[str, Any] | None = None,
    force: bool = False,
) -> None:
    """Declare a bound class and its parts.

    Args:
        schema: The active schema.
        cls: The class.
        waiting: Classes still to be declared; those it refers to are declared first. Done ones are removed.
        context: Namespace for references instead of where the class was declared.
        force: Create the table even if the schema does not create tables.
    """
    schema.connection.catalog.refresh()
    Declaration(schema, waiting, context, force or schema.create_tables).declare(cls)


def spec_of(
    schema: Schema, cls: type[UserTable], context: Mapping[str, Any] | None = None
) -> TableSpec | None:
    """Return what a class's definition says, or None if it has none."""
    return Declaration(schema, {}, context).spec(cls)


def alter_plan(
    schema: Schema, cls: type[UserTable], context: Mapping[str, Any] | None, **options: Any
) -> AlterPlan:
    """Plan, and unless it is a dry run carry out, the change of a table to its definition in code."""
    from datamill.catalog import alter

    declared = spec_of(schema, cls, context)
    if declared is None:
        raise DataMillError(f"{cls.__name__} has no definition in code to alter to.")
    require_stores(schema.connection, declared)
    return alter(schema.connection, declared, **options)
