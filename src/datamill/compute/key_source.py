"""Which keys an auto-populated table should hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datamill.algebra import operators
from datamill.algebra.conditions import Not
from datamill.algebra.relations import BaseTable, Relation
from datamill.catalog import Catalog
from datamill.errors import DataMillError
from datamill.model.table import TableSpec


def default_key_source(spec: TableSpec, catalog: Catalog, origin: Any) -> Relation:
    """Return the join of the parents referenced wholly from the primary key, renamed as the references are.

    Raises:
        DataMillError: There is no such parent.
    """
    key = set(spec.heading.key)
    source: Relation | None = None
    for foreign_key in spec.foreign_keys:
        if not set(foreign_key.attributes) <= key:
            continue
        renames = {own: theirs for own, theirs in foreign_key.attribute_map if own != theirs}
        parent = operators.project(BaseTable(catalog.spec(foreign_key.parent), origin), **renames)
        source = parent if source is None else operators.join(source, parent)
    if source is None:
        raise DataMillError(
            f"{spec.name} has no key_source: no foreign key lies in its primary key.",
            hint="Reference a parent above the ---, or define key_source.",
        )
    return source


def check_key_source(source: Any, spec: TableSpec) -> Relation:
    """Return a user's key source as a relation.

    Raises:
        DataMillError: It is no query, or its key does not fit the table's.
    """
    relation = operators.as_relation(source)
    if relation is None:
        raise DataMillError(f"The key_source of {spec.name} is {type(source).__name__}, not a query.")
    for name in relation.heading.key:
        own = spec.heading.get(name)
        if own is None:
            raise DataMillError(
                f"The key_source of {spec.name} has key attribute {name!r}, which the table lacks.",
                hint="Rename it with proj, or aggregate it away.",
            )
        theirs = relation.heading[name]
        if own.lineage != theirs.lineage:
            raise DataMillError(
                f"{name!r} of the key_source has lineage {theirs.lineage}, but {own.lineage} in {spec.name}.",
                hint="Take it from the table that the definition references.",
            )
    return relation


def restricted(source: Relation, restrictions: Sequence[Any]) -> Relation:
    """Apply the restrictions of populate.

    Raises:
        DataMillError: A mapping shares no attribute with the key source.
    """
    for condition in restrictions:
        if (
            isinstance(condition, Mapping)
            and condition
            and not any(name in source.heading for name in condition)
        ):
            raise DataMillError(
                f"The restriction {dict(condition)!r} has no attribute of the key source.",
                hint=f"It has: {', '.join(source.heading.names)}.",
            )
        source = operators.restrict(source, condition)
    return source


def keys_of(source: Relation) -> Relation:
    """Return the distinct keys of a key source."""
    return operators.project(source)


def keys_to_do(source: Relation, spec: TableSpec, origin: Any) -> Relation:
    """Return the keys that have no row in the table yet."""
    return operators.restrict(keys_of(source), Not(operators.project(BaseTable(spec, origin))))
