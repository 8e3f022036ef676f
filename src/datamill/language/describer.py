"""Descriptions: from the specification of a table back to the text of a definition."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from datamill.language.defaults import written_default
from datamill.language.printer import print_definition
from datamill.language.reference_parser import parse_reference
from datamill.language.tree import (
    AttributeLine,
    Definition,
    ForeignKeyLine,
    IndexLine,
    Line,
    ProjectionItem,
    SeparatorLine,
)
from datamill.model.attribute import Attribute
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, TableSpec
from datamill.model.types import without_numbering

Parents = Callable[[TableName], TableSpec | None]


def describe(
    spec: TableSpec, reference_name: Callable[[TableName], str], parents: Parents | None = None
) -> str:
    r"""Write the definition of a table.

    Args:
        spec: The table.
        reference_name: Returns how a definition calls a parent: ``lab.User``, or `` `lab`.`user` `` in full.
        parents: Returns the specification of a parent if it is known. With it, an attribute that a foreign key
            shares with a line of its own is told apart even if it differs from its parent in nothing but the comment.

    Returns:
        The text: comment, attributes and foreign keys in order, ``---``, indexes. Parsing and resolving it gives the
        same specification.

    Example:
        >>> from datamill.language import parse_definition, resolve_definition
        >>> spec = resolve_definition(parse_definition("a:int32"), TableName("lab", "mouse"),
        ...                           lookup=lambda reference: None, stored_type=lambda type_: type_)
        >>> describe(spec, str)
        'a : int32\n'
    """
    return print_definition(definition_of(spec, reference_name, parents))


def definition_of(
    spec: TableSpec, reference_name: Callable[[TableName], str], parents: Parents | None = None
) -> Definition:
    """Return the syntax tree that `describe` prints."""
    work = _Description(spec, reference_name, parents or (lambda name: None))
    lines = work.body()
    lines += [IndexLine(index.parts, index.unique) for index in spec.indexes]
    return Definition(tuple(lines), one_line(spec.comment))


def one_line(comment: str) -> str:
    """Return a comment as it can stand in a definition."""
    return " ".join(part.strip() for part in re.split(r"[\r\n]+", comment)).strip()


@dataclass(slots=True)
class _Description:
    """The state of describing one table."""

    spec: TableSpec
    reference_name: Callable[[TableName], str]
    parents: Parents
    declared: set[str] = field(default_factory=set)

    def body(self) -> list[Line]:
        """Return attribute lines, foreign key lines and the separator, in an order that parses to the same table."""
        heading = self.spec.heading
        above = [heading[name] for name in heading.key]
        below = [heading[name] for name in heading.secondary_attributes]
        waiting = list(self.spec.foreign_keys)
        lines = self.section(above, waiting)
        rest = self.section(below, waiting)
        return [*lines, SeparatorLine(), *rest] if rest or not above else lines

    def section(self, attributes: list[Attribute], waiting: list[ForeignKey]) -> list[Line]:
        """Write the attributes of one side of the separator, and the foreign keys that fall due with them."""
        lines: list[Line] = []
        position = 0
        while True:
            while waiting and self.is_due(waiting[0], attributes[position:]):
                foreign_key = waiting.pop(0)
                new = set(foreign_key.attributes) - self.declared
                position += len(new)
                self.declared |= new
                lines.append(self.foreign_key_line(foreign_key))
            if position == len(attributes):
                return lines
            lines.append(attribute_line(attributes[position]))
            self.declared.add(attributes[position].name)
            position += 1

    def is_due(self, foreign_key: ForeignKey, coming: list[Attribute]) -> bool:
        """Tell whether a foreign key can stand here: its attributes are declared, or are the very next ones."""
        new = [pair for pair in foreign_key.attribute_map if pair[0] not in self.declared]
        if [own for own, _ in new] != [attribute.name for attribute in coming[: len(new)]]:
            return False
        return all(
            self.is_inherited(attribute, foreign_key.parent, theirs)
            for attribute, (_, theirs) in zip(coming, new, strict=False)
        )

    def is_inherited(self, attribute: Attribute, parent: TableName, theirs: str) -> bool:
        """Tell whether the foreign key alone would declare this attribute as it is."""
        nullable = all(key.nullable for key in self.spec.foreign_keys if attribute.name in key.attributes)
        if attribute.nullable != nullable or attribute.default is not None:
            return False
        spec = self.parents(parent)
        origin = spec.heading.get(theirs) if spec is not None else None
        if origin is None:
            return True
        return (attribute.type, attribute.comment) == (without_numbering(origin.type), origin.comment)

    def foreign_key_line(self, foreign_key: ForeignKey) -> ForeignKeyLine:
        items = tuple(
            ProjectionItem(own, theirs) for own, theirs in foreign_key.attribute_map if own != theirs
        )
        reference = parse_reference(self.reference_name(foreign_key.parent))
        return ForeignKeyLine(reference, foreign_key.nullable, foreign_key.unique, items)


def attribute_line(attribute: Attribute) -> AttributeLine:
    """Return the line that declares an attribute."""
    return AttributeLine(
        attribute.name, attribute.type, written_default(attribute), one_line(attribute.comment)
    )
