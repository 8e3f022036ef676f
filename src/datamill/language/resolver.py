"""The resolver: from the syntax tree of a definition to the specification of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from datamill.errors import (
    DataMillError,
    DataMillWarning,
    DefinitionError,
    MissingTableError,
    did_you_mean,
    warn_user,
)
from datamill.language.checks import check_indexes, check_key_attribute, check_part, check_table
from datamill.language.defaults import default_value
from datamill.language.tree import (
    AttributeLine,
    Definition,
    ForeignKeyLine,
    IndexLine,
    Line,
    Position,
    Reference,
)
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, Index, TableSpec
from datamill.model.types import AttributeType, parse_type, same_column_type, without_numbering

SINGLETON = "_singleton"
"""Name of the hidden key attribute of tables without key attributes."""


def resolve_definition(
    definition: Definition,
    name: TableName,
    *,
    lookup: Callable[[Reference], TableSpec],
    stored_type: Callable[[AttributeType], AttributeType],
    master: TableName | None = None,
    allow_new_key_attributes: bool = False,
    hidden: tuple[Attribute, ...] = (),
) -> TableSpec:
    """Give a definition its meaning: inherited attributes, converted defaults, lineage, checked rules.

    Args:
        definition: The syntax tree.
        name: Schema and physical name of the table.
        lookup: Returns the specification of the table that a reference names; raises `DefinitionError`.
        stored_type: Returns the core type in which a codec's values lie; raises `DefinitionError` for an unknown codec.
        master: The master of a part; by default what the name says.
        allow_new_key_attributes: Let an imported or computed table declare key attributes of its own.
        hidden: The platform's attributes to add; that of a singleton is added here.

    Returns:
        The specification.

    Raises:
        DefinitionError: A rule is broken; ``table``, ``line_number``, ``line`` and ``column`` say where.

    Warns:
        DataMillWarning: The key holds floats or has static defaults, or foreign keys of different lineage share a name.

    Example:
        >>> from datamill.language import parse_definition
        >>> spec = resolve_definition(parse_definition("a : int32"), TableName("lab", "mouse"),
        ...                           lookup=lambda reference: None, stored_type=lambda type_: type_)
        >>> spec.heading["a"].lineage
        'lab.mouse.a'
    """
    work = _Resolution(definition, name, lookup, stored_type)
    for line in definition.lines:
        work.add(line)
    spec = work.finish(hidden)
    check_table(spec, work.native_positions, allow_new_key_attributes)
    check_part(spec, master or name.master)
    return spec


@dataclass(slots=True)
class _Resolution:
    """The state of resolving one definition."""

    definition: Definition
    name: TableName
    lookup: Callable[[Reference], TableSpec]
    stored_type: Callable[[AttributeType], AttributeType]
    above: bool = True
    columns: dict[str, Attribute] = field(default_factory=dict)
    native_positions: dict[str, Position] = field(default_factory=dict)
    """Where the attributes with a line of their own stand."""
    inherited: set[str] = field(default_factory=set)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    index_lines: list[IndexLine] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Take in the next line."""
        match line:
            case AttributeLine():
                self.add_attribute(line)
            case ForeignKeyLine():
                self.add_foreign_key(line)
            case IndexLine():
                self.index_lines.append(line)
            case _:
                self.above = False

    def error(self, position: Position, message: str, hint: str) -> DefinitionError:
        return position.error(message, hint, str(self.name))

    def placed(self, position: Position, error: DataMillError) -> DefinitionError:
        """Return a callback's error as the definition's own; one that knows its place is left alone."""
        if isinstance(error, DefinitionError):
            return position.locate(error, str(self.name))
        return position.error(str(error.args[0]) if error.args else "", error.hint, str(self.name))

    def stored_of(self, line: AttributeLine) -> AttributeType:
        if not line.type.is_codec:
            return line.type
        try:
            return self.stored_type(line.type)
        except DataMillError as error:
            raise self.placed(line.position, error) from error

    def add_attribute(self, line: AttributeLine) -> None:
        if line.name in self.columns:
            raise self.error(
                line.position,
                f"{line.name!r} is inherited through a foreign key above.",
                "Remove the line, or place it above the foreign key.",
            )
        stored = self.stored_of(line)
        default = default_value(line, stored, str(self.name))
        attribute = Attribute(
            name=line.name,
            type=line.type,
            stored=stored,
            in_key=self.above,
            nullable=line.default is not None and line.default.kind == "null",
            default=default,
            comment=line.comment,
            lineage=f"{self.name}.{line.name}" if self.above else None,
        )
        if self.above:
            check_key_attribute(self.name, attribute, line.position)
        self.columns[line.name] = attribute
        self.native_positions[line.name] = line.position

    def add_foreign_key(self, line: ForeignKeyLine) -> None:
        parent = self.parent_of(line)
        mapping = self.attribute_map(line, parent)
        for own, theirs in mapping:
            self.inherit(line, own, parent.name, parent.heading[theirs])
        foreign_key = ForeignKey(parent.name, mapping, nullable=line.nullable, unique=line.unique)
        if any(key.parent == parent.name and key.attribute_map == mapping for key in self.foreign_keys):
            raise self.error(
                line.position,
                f"A foreign key to {parent.name} through {', '.join(foreign_key.attributes)} stands already above.",
                "Remove one, or rename attributes: .proj(new='old').",
            )
        self.foreign_keys.append(foreign_key)

    def parent_of(self, line: ForeignKeyLine) -> TableSpec:
        if line.nullable and self.above:
            raise self.error(
                line.position,
                "A nullable foreign key cannot belong to the primary key.",
                "Move it below ---, or remove [nullable].",
            )
        place = line.reference.position if line.reference.position.line_number else line.position
        try:
            parent = self.lookup(line.reference)
        except (DefinitionError, MissingTableError) as error:
            raise self.placed(place, error) from error.__cause__
        if parent.name == self.name:
            raise self.error(
                place, f"{self.name} references itself.", "Keep such links in a table of their own."
            )
        if parent.is_singleton:
            raise self.error(
                place,
                f"{parent.name} has no key attribute, so no foreign key can reference it.",
                "Give it a key, or read its only row where it is needed.",
            )
        return parent

    def attribute_map(self, line: ForeignKeyLine, parent: TableSpec) -> tuple[tuple[str, str], ...]:
        """Pair own attributes with those of the parent's key."""
        names = {key: key for key in parent.heading.key}
        for item in line.items:
            if item.old not in parent.heading and item.old != "...":
                raise self.error(
                    item.position if item.position.line_number else line.position,
                    f"{item.old!r} is not an attribute of {parent.name}.",
                    did_you_mean(item.old[:100], parent.heading.primary_key)
                    or f"Its key is: {', '.join(parent.heading.key)}.",
                )
            if item.new is not None and item.old in names:
                names[item.old] = item.new
        own = list(names.values())
        twice = next((name for name in own if own.count(name) > 1), None)
        if twice is not None:
            raise self.error(
                line.position,
                f"Two key attributes of {parent.name} would be named {twice!r}.",
                "Give each its own name in .proj(new='old').",
            )
        return tuple((names[key], key) for key in parent.heading.key)

    def inherit(self, line: ForeignKeyLine, own: str, parent: TableName, theirs: Attribute) -> None:
        """Add one attribute of a foreign key, or let it share the column of that name."""
        lineage = theirs.lineage or f"{parent}.{theirs.name}"
        known = self.columns.get(own)
        if known is None:
            self.columns[own] = Attribute(
                name=own,
                type=without_numbering(theirs.type),
                stored=without_numbering(theirs.stored),
                in_key=self.above,
                nullable=line.nullable,
                comment=theirs.comment,
                lineage=lineage,
                collation=theirs.collation,
            )
        else:
            self.check_shared(line, known, parent, theirs, lineage)
            self.columns[own] = replace(
                known,
                lineage=lineage,
                nullable=known.nullable and line.nullable,
                collation=known.collation or theirs.collation,
            )
        self.inherited.add(own)

    def check_shared(
        self, line: ForeignKeyLine, known: Attribute, parent: TableName, theirs: Attribute, lineage: str
    ) -> None:
        if not same_column_type(known.type, without_numbering(theirs.type)):
            raise self.error(
                line.position,
                f"{known.name!r} is {known.type} here but {theirs.type} in {parent}.",
                f"Give both the same type, or rename: .proj(new_name='{theirs.name}').",
            )
        if known.name in self.inherited and known.lineage != lineage:
            _warn(
                f"{self.name}.{known.name} is shared by foreign keys of different lineage, {known.lineage} and "
                f"{lineage}; the last counts. If they are different things, rename one with .proj().",
                DataMillWarning,
            )

    def finish(self, hidden: tuple[Attribute, ...]) -> TableSpec:
        heading = Heading(self.columns.values(), self.definition.comment)
        check_indexes(self.name, heading, self.index_lines)
        foreign_keys = tuple(
            replace(
                key,
                in_key=all(heading[own].in_key for own in key.attributes),
                nullable=any(heading[own].nullable for own in key.attributes),
            )
            for key in self.foreign_keys
        )
        return TableSpec(
            name=self.name,
            heading=heading,
            hidden=hidden if heading.key else (singleton_attribute(self.name), *hidden),
            foreign_keys=foreign_keys,
            indexes=tuple(Index(line.parts, line.unique) for line in self.index_lines),
            comment=self.definition.comment,
        )


def singleton_attribute(name: TableName) -> Attribute:
    """Return the hidden key attribute of a table without key attributes: always true."""
    boolean = parse_type("bool")
    return Attribute(
        name=SINGLETON,
        type=boolean,
        stored=boolean,
        in_key=True,
        default=True,
        comment="singleton primary key",
        lineage=f"{name}.{SINGLETON}",
    )


def _warn(message: str, category: type[DataMillWarning]) -> None:
    warn_user(message, category)
