"""From the rows of a database's catalog to table specifications."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from datamill.backends.base import RawColumn, RawForeignKey, RawIndex, RawTable
from datamill.catalog.legacy import legacy_type, without_externals
from datamill.catalog.native import inverse_type
from datamill.catalog.records import parse_default, recorded_type, split_record
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, Index, IndexPart, TableSpec
from datamill.model.types import AttributeType, core_type, without_numbering
from datamill.sql.dialects.adapters import digits_of
from datamill.sql.dialects.base import Dialect

StoredType = Callable[[AttributeType], AttributeType]
"""From a declared type to the core type in the column (the end of the codec chain)."""
DeclaredIndexes = Callable[[RawTable], tuple[Index, ...]]
"""The indexes as the stored definition says them; empty where none is stored."""


_MOMENTS = ("datetime", "time")


class TableReader:
    """Makes table specifications out of catalog rows, parents first.

    Args:
        raw: Tables as the database describes them.
        known: Specifications that are known already, parents in other schemas above all.
        dialect: Of the database.
        stored_type: Resolves codecs; may raise for codecs that are not installed, which are then tolerated.
        declared_indexes: Finds index expressions in their portable form.
    """

    def __init__(
        self,
        raw: Mapping[TableName, RawTable],
        known: Mapping[TableName, TableSpec],
        dialect: Dialect,
        stored_type: StoredType,
        declared_indexes: DeclaredIndexes,
    ) -> None:
        self._raw = raw
        self._dialect = dialect
        self._stored_type = stored_type
        self._declared_indexes = declared_indexes
        self._specs: dict[TableName, TableSpec] = {
            name: spec for name, spec in known.items() if name not in raw
        }
        self._reading: set[TableName] = set()

    def read_all(self) -> dict[TableName, TableSpec]:
        """Return the specification of every table given."""
        return {name: spec for name in self._raw if (spec := self._spec(name)) is not None}

    def _spec(self, name: TableName) -> TableSpec | None:
        """Return a table's specification; None if it is unknown or refers to itself in a cycle."""
        if name not in self._specs and name in self._raw and name not in self._reading:
            self._reading.add(name)
            self._specs[name] = self._read(self._raw[name])
            self._reading.discard(name)
        return self._specs.get(name)

    def _read(self, raw: RawTable) -> TableSpec:
        raw = without_externals(raw)
        origins = self._origins(raw)
        attributes = [self._attribute(raw, column, origins.get(column.name)) for column in raw.columns]
        return TableSpec(
            name=raw.name,
            heading=Heading([item for item in attributes if not item.is_hidden], raw.comment),
            hidden=tuple(item for item in attributes if item.is_hidden),
            foreign_keys=tuple(self._foreign_key(raw, key) for key in raw.foreign_keys),
            indexes=self._indexes(raw),
            comment=raw.comment,
        )

    # attributes ------------------------------------------------------------------------------------------------

    def _origins(self, raw: RawTable) -> dict[str, tuple[str, Attribute | None]]:
        """For each inherited attribute its lineage and its parent's attribute; the last foreign key counts."""
        origins: dict[str, tuple[str, Attribute | None]] = {}
        for key in raw.foreign_keys:
            parent = self._spec(key.parent)
            for own, theirs in zip(key.columns, key.parent_columns, strict=True):
                attribute = None
                if parent is not None:
                    attribute = next((item for item in parent.columns if item.name == theirs), None)
                lineage = attribute.lineage if attribute is not None else None
                origins[own] = (lineage or f"{key.parent}.{theirs}", attribute)
        return origins

    def _attribute(
        self, raw: RawTable, column: RawColumn, origin: tuple[str, Attribute | None] | None
    ) -> Attribute:
        record, comment = split_record(column.comment)
        lineage, parent = origin or (None, None)
        in_key = column.name in raw.primary_key
        if lineage is None and in_key:
            lineage = f"{raw.name}.{column.name}"
        declared = recorded_type(record) or legacy_type(record, column)
        if declared is None and parent is not None:
            # DataJoint writes no comment on inherited columns of PostgreSQL, so the origin's holds.
            declared, comment = without_numbering(parent.type), comment or parent.comment
        declared = declared or inverse_type(column, self._dialect)
        stored = self._stored(declared, column)
        return Attribute(
            name=column.name,
            type=declared,
            stored=stored,
            in_key=in_key,
            nullable=column.nullable,
            default=parse_default(column.default, stored, self._dialect),
            comment=comment,
            lineage=lineage,
            collation=column.collation,
        )

    def _stored(self, declared: AttributeType, column: RawColumn) -> AttributeType:
        if not declared.is_codec:
            return self._with_digits(declared, column)
        try:
            return self._stored_type(declared)
        except DataMillError:
            # Not installed here: what the column holds can still be fetched around.
            return inverse_type(column, self._dialect)

    def _with_digits(self, declared: AttributeType, column: RawColumn) -> AttributeType:
        """Return a moment's type with the digits that its column keeps: DataJoint declares more than it records."""
        if declared.family not in _MOMENTS or declared.native is not None:
            return declared
        actual = inverse_type(column, self._dialect)
        if actual.family != declared.family or digits_of(actual) == digits_of(declared):
            return declared
        return core_type(declared.kind, *actual.args)

    # foreign keys and indexes ----------------------------------------------------------------------------------

    def _foreign_key(self, raw: RawTable, key: RawForeignKey) -> ForeignKey:
        nullable = {column.name for column in raw.columns if column.nullable}
        parent = self._spec(key.parent)
        pairs = tuple(zip(key.columns, key.parent_columns, strict=True))
        if parent is not None:
            order = {name: position for position, name in enumerate(parent.physical_key)}
            pairs = tuple(sorted(pairs, key=lambda pair: order.get(pair[1], len(order))))
        return ForeignKey(
            parent=key.parent,
            attribute_map=pairs,
            in_key=set(key.columns) <= set(raw.primary_key),
            nullable=any(name in nullable for name in key.columns),
            unique=any(index.unique and index.columns == key.columns for index in raw.indexes),
        )

    def _indexes(self, raw: RawTable) -> tuple[Index, ...]:
        """Return the declared indexes: not those that stand for a foreign key or its ``[unique]``."""
        implied = {key.columns for key in raw.foreign_keys}
        expressions = iter([index for index in self._declared_indexes(raw) if not index.attributes])
        found = []
        for index in raw.indexes:
            if None not in index.columns:
                if index.columns not in implied:
                    found.append(Index(tuple(IndexPart(name) for name in index.columns), index.unique))
            else:
                declared = next(expressions, None)
                found.append(declared if declared is not None else _verbatim(index))
        return tuple(found)


def _verbatim(index: RawIndex) -> Index:
    """An index over expressions of which only the database's own text is known."""
    parts = zip(index.columns, index.expressions, strict=True)
    return Index(
        tuple(IndexPart(name) if name else IndexPart(expression=text) for name, text in parts), index.unique
    )
