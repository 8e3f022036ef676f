"""Drift: how a table in the database differs from its definition in code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from datamill.model.attribute import Attribute, Now
from datamill.model.heading import Heading
from datamill.model.table import ForeignKey, Index, TableSpec
from datamill.model.types import AttributeType, same_column_type
from datamill.sql.dialects.base import Dialect


def compare(declared: TableSpec, existing: TableSpec, *, comments: bool = False) -> list[str]:
    """List how the table in the database differs from the one declared, comments apart.

    Args:
        declared: As the definition in code says.
        existing: As the catalog says.
        comments: Also list comments that differ, at the end.

    Returns:
        One sentence per difference; empty if there is none.

    Example:
        >>> from datamill.catalog.lineage import lineage_spec
        >>> compare(lineage_spec("lab"), lineage_spec("lab"))
        []
    """
    declared, existing = normalise(declared), normalise(existing)
    found = [
        *_attributes(declared, existing),
        *_order(declared, existing),
        *_foreign_keys(declared, existing),
        *_indexes(declared, existing),
    ]
    return [*found, *compare_comments(declared, existing)] if comments else found


def adopted(declared: TableSpec, existing: TableSpec, dialect: Dialect) -> TableSpec:
    """Return what code declares, native types spelled as the database reads them where it cannot tell them apart.

    MySQL keeps native types as they are written; elsewhere ``longblob`` and ``mediumblob`` make one kind of column.
    """
    if dialect.ddl.native_types:
        return declared

    def adopt(ours: Attribute) -> Attribute:
        theirs = next((item for item in existing.columns if item.name == ours.name), None)
        if theirs is None or ours.is_auto_increment != theirs.is_auto_increment:
            return ours
        if ours.type.native is None and theirs.type.native is None:
            return ours
        a, b = (dialect.column_type[item.stored.kind](item.stored) for item in (ours, theirs))
        return replace(ours, type=theirs.type, stored=theirs.stored) if a == b and not ours.is_codec else ours

    attributes = [adopt(item) for item in declared.heading.attributes.values()]
    return replace(declared, heading=Heading(attributes, declared.heading.comment))


def compare_comments(declared: TableSpec, existing: TableSpec) -> list[str]:
    """List the comments that differ."""
    found = []
    if declared.comment != existing.comment:
        found.append(
            f"The table comment is {declared.comment!r} in code, {existing.comment!r} in the database."
        )
    for name, attribute in declared.heading.attributes.items():
        other = existing.heading.get(name)
        if other is not None and other.comment != attribute.comment:
            found.append(
                f"The comment of {name} is {attribute.comment!r} in code, {other.comment!r} in the database."
            )
    return found


def normalise(spec: TableSpec) -> TableSpec:
    """Return the specification as it reads back from a database.

    There, a foreign key is in the key when its attributes are, it is nullable when one of them is, and an index over
    exactly its attributes is its own. Indexes have no order; a unique one over the primary key says nothing new (MySQL
    makes one for ``serial``).
    """
    columns = {column.name: column for column in spec.columns}
    unique = {index.attributes for index in spec.indexes if index.unique}
    unique |= {key.attributes for key in spec.foreign_keys if key.unique}
    keys = tuple(
        replace(
            key,
            in_key=set(key.attributes) <= set(spec.physical_key),
            nullable=any(columns[name].nullable for name in key.attributes),
            unique=key.attributes in unique,
        )
        for key in spec.foreign_keys
    )
    implied = {key.attributes for key in keys}
    indexes = [
        item
        for item in spec.indexes
        if item.attributes not in implied and not (item.unique and item.attributes == spec.physical_key)
    ]
    return replace(spec, foreign_keys=keys, indexes=tuple(sorted(indexes, key=_index)))


def _attributes(declared: TableSpec, existing: TableSpec) -> Iterator[str]:
    ours, theirs = declared.heading.attributes, existing.heading.attributes
    for name, attribute in ours.items():
        if name not in theirs:
            yield f"Attribute {name} : {attribute.type} is not in the database."
        else:
            yield from _attribute(attribute, theirs[name])
    for name, attribute in theirs.items():
        if name not in ours:
            yield f"Attribute {name} : {attribute.type} is not in code."


def _attribute(ours: Attribute, theirs: Attribute) -> Iterator[str]:
    name = ours.name
    if not same_type(ours.type, theirs.type) or ours.is_auto_increment != theirs.is_auto_increment:
        yield f"Attribute {name} is {ours.type} in code, {theirs.type} in the database."
    if ours.in_key != theirs.in_key:
        yield f"Attribute {name} is {_place(ours)} in code, {_place(theirs)} in the database."
    if ours.nullable != theirs.nullable:
        yield f"Attribute {name} is {_nullable(ours)} in code, {_nullable(theirs)} in the database."
    elif not same_default(ours, theirs):
        yield f"Attribute {name} has {_default(ours)} in code, {_default(theirs)} in the database."


def same_type(ours: AttributeType, theirs: AttributeType) -> bool:
    """True if two types hold the same values in the same column, however they are spelled."""
    if ours.is_codec or theirs.is_codec:
        return ours.text == theirs.text
    return same_column_type(ours, theirs)


def same_default(ours: Attribute, theirs: Attribute) -> bool:
    """True if a row that leaves the attribute out gets the same value."""
    a, b = ours.default, theirs.default
    if isinstance(a, Now) and isinstance(b, Now):
        return True
    if a is None or b is None:
        return a is b and ours.nullable == theirs.nullable
    return bool(a == b)


def _place(attribute: Attribute) -> str:
    return "in the primary key" if attribute.in_key else "not in the primary key"


def _nullable(attribute: Attribute) -> str:
    return "nullable" if attribute.nullable else "required"


def _default(attribute: Attribute) -> str:
    if isinstance(attribute.default, Now):
        return "the default CURRENT_TIMESTAMP"
    required = attribute.default is None and not attribute.nullable
    return "no default" if required else f"the default {attribute.default!r}"


def _order(declared: TableSpec, existing: TableSpec) -> Iterator[str]:
    ours = [name for name in declared.heading if name in existing.heading]
    theirs = [name for name in existing.heading if name in declared.heading]
    if ours != theirs and set(declared.heading.key) == set(existing.heading.key):
        places = f"{', '.join(ours)} in code, {', '.join(theirs)} in the database"
        yield f"The order of attributes is {places} (alter: reorder=True)."


def _foreign_keys(declared: TableSpec, existing: TableSpec) -> Iterator[str]:
    ours = {_identity(key): key for key in declared.foreign_keys}
    theirs = {_identity(key): key for key in existing.foreign_keys}
    for identity, key in ours.items():
        if identity not in theirs:
            yield f"The foreign key {_arrow(key)} is not in the database."
        elif key.unique != theirs[identity].unique:
            where = "code" if key.unique else "the database"
            yield f"The foreign key {_arrow(key)} is unique in {where} only."
    for identity, key in theirs.items():
        if identity not in ours:
            yield f"The foreign key {_arrow(key)} is not in code."


def _identity(key: ForeignKey) -> tuple[object, ...]:
    return key.parent, frozenset(key.attribute_map)


def _arrow(key: ForeignKey) -> str:
    return f"({', '.join(key.attributes)}) -> {key.parent}"


def _indexes(declared: TableSpec, existing: TableSpec) -> Iterator[str]:
    ours, theirs = {_index(item) for item in declared.indexes}, {_index(item) for item in existing.indexes}
    yield from (f"The {text} is not in the database." for text in sorted(ours - theirs))
    yield from (f"The {text} is not in code." for text in sorted(theirs - ours))


def _index(index: Index) -> str:
    return f"{'unique index' if index.unique else 'index'} ({', '.join(map(str, index.parts))})"
