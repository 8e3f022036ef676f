"""The specification of one base table: what its definition says, names resolved."""

from __future__ import annotations

from dataclasses import dataclass

from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName, Tier
from datamill.model.types import AttributeType


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference to the whole primary key of a parent table.

    Fields:
        parent: The referenced table.
        attribute_map: Pairs (own attribute, parent attribute), in the order of the parent's key.
        in_key: True if all its attributes belong to the primary key, as they do above the separator.
        nullable: True if any of its attributes may be NULL: it is declared ``[nullable]`` and adds an attribute that
            no other line requires.
        unique: True if declared ``[unique]``.
    """

    parent: TableName
    attribute_map: tuple[tuple[str, str], ...]
    in_key: bool = False
    nullable: bool = False
    unique: bool = False

    @property
    def attributes(self) -> tuple[str, ...]:
        """Own attributes, in the order of the parent's key."""
        return tuple(own for own, _ in self.attribute_map)

    @property
    def is_renamed(self) -> bool:
        """True if any attribute has another name than in the parent."""
        return any(own != theirs for own, theirs in self.attribute_map)


@dataclass(frozen=True, slots=True)
class IndexPart:
    """One part of an index: an attribute, a path into a JSON attribute, or an expression.

    Exactly one form: ``attribute`` alone; ``attribute`` with ``path`` (and ``type``); or ``expression`` text.
    """

    attribute: str | None = None
    path: str | None = None
    type: AttributeType | None = None
    expression: str | None = None

    def __str__(self) -> str:
        if self.expression is not None:
            return f"({self.expression})"
        if self.path is None:
            return str(self.attribute)
        return f"{self.attribute}.{self.path}" + (f":{self.type.text}" if self.type else "")


@dataclass(frozen=True, slots=True)
class Index:
    """A declared secondary index."""

    parts: tuple[IndexPart, ...]
    unique: bool = False

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the parts if all are plain attributes, else empty."""
        names = tuple(part.attribute for part in self.parts if part.path is None and part.attribute)
        return names if len(names) == len(self.parts) else ()


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A base table.

    Fields:
        name: Schema and physical table name.
        heading: Visible attributes, key first; inherited ones stand where their foreign key stands.
        hidden: The platform's own attributes (names starting with ``_``), not in the heading. A singleton's hidden
            key attribute ``_singleton`` is here with ``in_key`` True.
        foreign_keys: In order of definition.
        indexes: Declared indexes, in order of definition.
        comment: The table comment.
    """

    name: TableName
    heading: Heading
    hidden: tuple[Attribute, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    comment: str = ""

    @property
    def tier(self) -> Tier:
        """The tier spelled by the table name."""
        return self.name.tier

    @property
    def columns(self) -> tuple[Attribute, ...]:
        """All physical columns: visible attributes, then hidden ones."""
        return (*self.heading.attributes.values(), *self.hidden)

    @property
    def physical_key(self) -> tuple[str, ...]:
        """Names of the primary key in the database; never empty."""
        return self.heading.key or tuple(item.name for item in self.hidden if item.in_key)

    @property
    def is_singleton(self) -> bool:
        """True if the table has no key attribute and so at most one row."""
        return not self.heading.key

    @property
    def parents(self) -> tuple[TableName, ...]:
        """Referenced tables, in order, one entry per foreign key."""
        return tuple(key.parent for key in self.foreign_keys)
