"""What a copy between databases will do, decided and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datamill.catalog.changes import map_columns
from datamill.catalog.definitions import check_table_name
from datamill.catalog.drift import compare, same_type
from datamill.catalog.native import as_created
from datamill.errors import (
    DataMillError,
    DataMillWarning,
    DefinitionError,
    MissingTableError,
    did_you_mean,
    warn_user,
)
from datamill.maintenance.copy_progress import PROGRESS_TABLE
from datamill.model.attribute import Attribute
from datamill.model.graph import DependencyGraph
from datamill.model.heading import Heading
from datamill.model.names import TableName, Tier
from datamill.model.table import Index, TableSpec
from datamill.model.types import without_numbering
from datamill.sql.ddl_indexes import index_texts
from datamill.sql.dialects.base import Dialect

if TYPE_CHECKING:
    from datamill.data.connection import Connection

_LEFT_BEHIND = ("~lineage", "~gc", PROGRESS_TABLE, "~log", "~jobs")
"""Hidden tables that are not copied: written anew, or bookkeeping that means nothing elsewhere."""
_SQL_FAMILIES = ("text", "enum")


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """What to copy.

    Fields:
        schemas: Names of the schemas.
        tables: Their tables as the destination will have them, parents before children.
        missing: Names of those that the destination does not have yet.
    """

    schemas: tuple[str, ...]
    tables: tuple[TableSpec, ...]
    missing: frozenset[TableName]


def plan_copy(source: Connection, destination: Connection, schemas: Sequence[str] | None) -> CopyPlan:
    """Decide what to copy, and check that it can be.

    Args:
        source, destination: Two databases.
        schemas: Names; None: all of the source.

    Raises:
        DataMillError: A schema is not in the source; both are one database; a transaction is open; a type cannot
            be carried over.
        MissingTableError: A table refers to a schema that is neither copied nor at the destination.
        DefinitionError: A table at the destination is defined differently, or its name is too long there.
    """
    _refuse(source, destination)
    wanted = _schemas(source, schemas)
    destination.catalog.invalidate()
    source.catalog.invalidate()
    specs = {
        name: _carried(spec, source.dialect, destination.dialect)
        for schema in wanted
        for name, spec in source.catalog.load(schema, hidden=True).items()
        if name.table not in _LEFT_BEHIND
    }
    order = DependencyGraph(specs.values()).order()
    existing = set(destination.catalog.list_schemas())
    missing = frozenset(
        name for name in order if name.schema not in existing or not destination.catalog.has(name)
    )
    for name in order:
        if source.dialect is not destination.dialect:
            specs[name] = _as_parents(specs[name], specs)
        _check_parents(specs[name], specs, destination, existing)
        if name in missing:
            check_table_name(specs[name], destination.dialect)
        else:
            _check_same(specs[name], destination.catalog.spec(name), source.dialect is destination.dialect)
    return CopyPlan(wanted, tuple(specs[name] for name in order), missing)


def _refuse(source: Connection, destination: Connection) -> None:
    if source is destination or (source.address == destination.address and not source.address.is_memory):
        raise DataMillError(f"{source} is both source and destination.", hint="Name two databases.")
    for connection in (source, destination):
        if connection.in_transaction:
            raise DataMillError(
                f"A transaction is open on {connection}.", hint="Copy outside of transactions."
            )


def _schemas(source: Connection, schemas: Sequence[str] | None) -> tuple[str, ...]:
    existing = source.catalog.list_schemas()
    if schemas is None:
        return tuple(existing)
    for schema in schemas:
        if schema not in existing:
            raise DataMillError(
                f"There is no schema {schema!r} in {source}.",
                hint=did_you_mean(schema, existing) or f"Schemas: {', '.join(existing) or 'none'}.",
            )
    return tuple(dict.fromkeys(schemas))


def _check_parents(
    spec: TableSpec, specs: dict[TableName, TableSpec], destination: Connection, existing: set[str]
) -> None:
    for parent in spec.parents:
        if parent in specs or (parent.schema in existing and destination.catalog.has(parent)):
            continue
        raise MissingTableError(
            f"{spec.name} refers to {parent}, which is neither copied nor at the destination.",
            schema=parent.schema,
            table=parent.table,
            hint=f"Copy schema {parent.schema} too.",
        )


# what changes on the way -----------------------------------------------------------------------------------------


def _carried(spec: TableSpec, source: Dialect, destination: Dialect) -> TableSpec:
    """Return a table as another dialect can have it."""
    if source is destination:
        return spec
    attributes = [_attribute(spec, item) for item in spec.heading.attributes.values()]
    changed = replace(
        spec,
        heading=Heading(attributes, spec.heading.comment),
        hidden=tuple(_attribute(spec, item) for item in spec.hidden),
    )
    return as_created(replace(changed, indexes=tuple(_indexes(changed, destination))), destination)


def _as_parents(spec: TableSpec, parents: Mapping[TableName, TableSpec]) -> TableSpec:
    """Let inherited integers be as wide as at the destination, where keys that are numbered may have another type."""
    origins = {
        own: parents[key.parent].heading[theirs]
        for key in spec.foreign_keys
        if key.parent in parents
        for own, theirs in key.attribute_map
    }

    def follow(attribute: Attribute) -> Attribute:
        origin = origins.get(attribute.name, attribute)
        if origin.stored.family != "integer" or same_type(attribute.type, without_numbering(origin.type)):
            return attribute
        return replace(
            attribute, type=without_numbering(origin.type), stored=without_numbering(origin.stored)
        )

    return map_columns(spec, follow)


def _attribute(spec: TableSpec, attribute: Attribute) -> Attribute:
    if attribute.stored.kind == "opaque":
        raise DataMillError(
            f"{attribute.name} of {spec.name} is {attribute.type}, a type of that database alone.",
            hint="Alter it to a core type first, or copy the other schemas.",
        )
    attribute = replace(attribute, collation=None)
    if isinstance(attribute.default, str) and attribute.stored.family not in _SQL_FAMILIES:
        warn_user(
            f"The default of {attribute.name} of {spec.name} is SQL ({attribute.default}) and is left out.",
            DataMillWarning,
        )
        return replace(attribute, default=None)
    return attribute


def _indexes(spec: TableSpec, destination: Dialect) -> Iterator[Index]:
    """Give the indexes that the dialect can have; expressions written in another's SQL cannot be carried over."""
    for index in spec.indexes:
        try:
            index_texts(replace(spec, indexes=(index,)), destination)
        except DataMillError as error:
            parts = ", ".join(map(str, index.parts))
            warn_user(f"The index ({parts}) of {spec.name} is left out: {error}", DataMillWarning)
        else:
            yield index


# what is there already -------------------------------------------------------------------------------------------


def _check_same(ours: TableSpec, theirs: TableSpec, same_dialect: bool) -> None:
    if ours.tier is Tier.HIDDEN:
        found = _other_columns(ours, theirs)
    else:
        left, right = (_comparable(ours, theirs), theirs) if not same_dialect else (ours, theirs)
        found = [*compare(_plain(left), _plain(right)), *_other_columns(ours, theirs, hidden=True)]
    if found:
        raise DefinitionError(
            f"{ours.name} at the destination differs: "
            + " ".join(text.replace(" in code", " at the source") for text in found),
            table=str(ours.name),
            hint="Rename or drop one of them, or alter one to match; nothing was copied.",
        )


def _other_columns(ours: TableSpec, theirs: TableSpec, hidden: bool = False) -> list[str]:
    left, right = (
        {item.name for item in (spec.hidden if hidden else spec.columns)} for spec in (ours, theirs)
    )
    return [
        *(f"Column {name} is not in the database." for name in sorted(left - right)),
        *(f"Column {name} is not at the source." for name in sorted(right - left)),
    ]


def _comparable(ours: TableSpec, theirs: TableSpec) -> TableSpec:
    """Give natively typed attributes the type they have at the destination: databases name natives differently."""
    attributes = [
        replace(item, type=other.type)
        if (other := theirs.heading.get(item.name)) is not None and item.type.native is not None
        else item
        for item in ours.heading.attributes.values()
    ]
    return replace(ours, heading=Heading(attributes, ours.heading.comment))


def _plain(spec: TableSpec) -> TableSpec:
    """Leave indexes of expressions out, which databases spell in their own ways."""
    return replace(spec, indexes=tuple(index for index in spec.indexes if index.attributes))
