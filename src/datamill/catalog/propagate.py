"""Carrying a change of a primary key on to the tables that inherit it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from datamill.catalog.changes import Filling, TableChange
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute, Now
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, Index, IndexPart, TableSpec
from datamill.model.types import without_numbering


def propagate(change: TableChange, dependents: Iterable[TableSpec]) -> list[TableChange]:
    """Return how dependent tables change when a table does.

    Attributes that kept their parent's name follow its renames; those renamed by ``.proj()`` keep their own. Types
    follow. New key attributes are added with the same value for all rows, dropped ones are dropped.

    Args:
        change: The change of the table.
        dependents: All tables that depend on it, parents first.

    Raises:
        DataMillError: Two foreign keys of a table would become the same.
    """
    changed = {change.old.name: change}
    for child in dependents:
        relevant = [
            key for key in child.foreign_keys if key.parent in changed and changed[key.parent].key_changes
        ]
        if relevant:
            changed[child.name] = _Follow(child, changed).change()
    del changed[change.old.name]
    return list(changed.values())


@dataclass(slots=True)
class _Follow:
    """The state of following the parents of one table."""

    child: TableSpec
    changed: Mapping[TableName, TableChange]
    fill: list[Filling] = field(default_factory=list)

    def change(self) -> TableChange:
        renames = self.renames()
        columns = {item.name: item for item in self.child.columns}
        keys = [self.foreign_key(key, renames) for key in self.child.foreign_keys]
        self.check_distinct(keys)
        used = {own for key in keys for own in key.attributes}
        follows = {
            own for key in self.child.foreign_keys if key.parent in self.changed for own in key.attributes
        }
        result: list[Attribute] = []
        for name, column in columns.items():
            new_name = renames.get(name, name)
            if name in follows and new_name not in used:
                continue
            result.append(self.retyped(replace(column, name=new_name), keys))
        for old, new in zip(self.child.foreign_keys, keys, strict=True):
            self.insert_added(result, old, new, renames)
        heading = Heading([item for item in result if not item.is_hidden], self.child.heading.comment)
        spec = replace(
            self.child,
            heading=heading,
            hidden=tuple(item for item in result if item.is_hidden),
            foreign_keys=tuple(keys),
            indexes=tuple(_renamed_index(index, renames) for index in self.child.indexes),
        )
        pairs = tuple((new, old) for old, new in renames.items() if new != old)
        return TableChange(self.child, spec, pairs, tuple(self.fill))

    def check_distinct(self, keys: list[ForeignKey]) -> None:
        seen = set()
        for key in keys:
            identity = (key.parent, key.attribute_map)
            if identity in seen:
                raise DataMillError(
                    f"{self.child.name} would refer to {key.parent} twice through {', '.join(key.attributes)}.",
                    hint=f"Give {key.parent} its new key attributes by renames={{'new': 'old'}}, or alter "
                    f"{self.child.name} first.",
                )
            seen.add(identity)

    def renames(self) -> dict[str, str]:
        """Return old name -> new name, for columns on whose new name all foreign keys agree."""
        proposals: dict[str, set[str]] = {}
        for key in self.child.foreign_keys:
            new_names = self.new_names(key.parent)
            for own, theirs in key.attribute_map:
                follows = own == theirs and theirs in new_names
                proposals.setdefault(own, set()).add(new_names[theirs] if follows else own)
        return {own: names.pop() for own, names in proposals.items() if len(names) == 1}

    def new_names(self, parent: TableName) -> dict[str, str]:
        """Return old key attribute -> new one of a parent."""
        change = self.changed.get(parent)
        if change is None:
            return {}
        sources = ((name, change.source(name)) for name in change.new.physical_key)
        return {source.name: name for name, source in sources if source is not None}

    def foreign_key(self, key: ForeignKey, renames: Mapping[str, str]) -> ForeignKey:
        change = self.changed.get(key.parent)
        own_of = {theirs: own for own, theirs in key.attribute_map}
        if change is None:
            return replace(
                key, attribute_map=tuple((renames.get(own, own), theirs) for own, theirs in key.attribute_map)
            )
        pairs = []
        for name in change.new.physical_key:
            source = change.source(name)
            own = own_of.get(source.name) if source is not None else None
            pairs.append((name if own is None else renames.get(own, own), name))
        return replace(key, attribute_map=tuple(pairs))

    def retyped(self, column: Attribute, keys: list[ForeignKey]) -> Attribute:
        for key in keys:
            theirs = dict(key.attribute_map).get(column.name)
            if theirs is not None and key.parent in self.changed:
                origin = self.parent_attribute(key.parent, theirs)
                column = replace(
                    column,
                    type=without_numbering(origin.type),
                    stored=without_numbering(origin.stored),
                    lineage=origin.lineage,
                )
        return column

    def parent_attribute(self, parent: TableName, name: str) -> Attribute:
        return next(item for item in self.changed[parent].new.columns if item.name == name)

    def insert_added(
        self, columns: list[Attribute], old: ForeignKey, new: ForeignKey, renames: Mapping[str, str]
    ) -> None:
        """Add the columns that a foreign key newly needs, among the others it has, in the order of the parent's key."""
        places = {item.name: index for index, item in enumerate(columns)}
        others = [renames.get(own, own) for own in old.attributes if renames.get(own, own) in places]
        position = min((places[name] for name in others), default=0)
        for own, theirs in new.attribute_map:
            names = [item.name for item in columns]
            if own in names:
                position = names.index(own) + 1
                continue
            origin = self.parent_attribute(new.parent, theirs)
            columns.insert(position, _inherited(origin, own, old))
            position += 1
            value = self.value_of(new.parent, origin)
            if value is not None:
                self.fill.append(Filling(own, value, others[0] if old.nullable and others else None))

    def value_of(self, parent: TableName, origin: Attribute) -> Any:
        """Return what the rows of the parent get in a new attribute, or None if it has none."""
        given = {item.column: item.value for item in self.changed[parent].fill}
        value = given.get(origin.name, origin.default)
        return None if isinstance(value, Now) else value


def _inherited(origin: Attribute, name: str, key: ForeignKey) -> Attribute:
    """Return the attribute that a foreign key makes of one of its parent's."""
    return replace(
        origin,
        name=name,
        type=without_numbering(origin.type),
        stored=without_numbering(origin.stored),
        in_key=key.in_key,
        nullable=key.nullable,
        default=None,
    )


def _renamed_index(index: Index, renames: Mapping[str, str]) -> Index:
    return replace(index, parts=tuple(_renamed_part(part, renames) for part in index.parts))


def _renamed_part(part: IndexPart, renames: Mapping[str, str]) -> IndexPart:
    if part.attribute is not None:
        return replace(part, attribute=renames.get(part.attribute, part.attribute))
    text = re.sub(
        r"'(?:[^']|'')*'|\b[a-z][a-z0-9_]*\b",
        lambda match: renames.get(match[0], match[0]),
        part.expression or "",
    )
    return replace(part, expression=text)
