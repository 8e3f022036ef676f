"""The syntax tree of a table definition: what was written, names not yet resolved.

All nodes are frozen values. Where a node stood in the text (`Position`) does not count in comparisons, so that
``parse_definition(print_definition(definition)) == definition``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from datamill.errors import DefinitionError
from datamill.model.names import TableName
from datamill.model.table import IndexPart
from datamill.model.types import AttributeType


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a definition.

    Fields:
        line_number: 1-based; 0 if the node was not parsed from text.
        line: The text of the line, indentation included.
        column: 1-based.
    """

    line_number: int = 0
    line: str = ""
    column: int = 1

    def error(self, message: str, hint: str | None = None, table: str | None = None) -> DefinitionError:
        """Make the error for something wrong here.

        Args:
            message: What is wrong.
            hint: What to write instead.
            table: The table being defined, if known.
        """
        place = [table] if table else []
        place += [f"line {self.line_number}", f"column {self.column}"] if self.line_number else []
        prefix = f"{', '.join(place)}: " if place else ""
        return DefinitionError(
            prefix + message,
            hint=hint,
            table=table,
            line_number=self.line_number or None,
            line=self.line or None,
            column=self.column if self.line_number else None,
        )

    def locate(self, error: DefinitionError, table: str | None = None) -> DefinitionError:
        """Return an error as it reads when it happened here; one that knows its place is left alone."""
        if vars(error).get("line_number") is not None:
            return error
        return self.error(str(error.args[0]) if error.args else "", error.hint, table)


NOWHERE = Position()


@dataclass(frozen=True, slots=True)
class Default:
    """The default of an attribute as written.

    Fields:
        kind: What it looks like. ``word`` is a string without quotes.
        text: Digits of a number as written; content of a string without its quotes; the digits in
            ``CURRENT_TIMESTAMP(3)``, or empty; ``null``, ``true`` or ``false`` in lower case.
    """

    kind: Literal["null", "now", "boolean", "number", "string", "word"]
    text: str


@dataclass(frozen=True, slots=True)
class AttributeLine:
    """A line that declares an attribute: ``name [= default] : type [# comment]``."""

    name: str
    type: AttributeType
    default: Default | None = None
    comment: str = ""
    position: Position = field(default=NOWHERE, compare=False, repr=False)
    default_position: Position = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """The table that a foreign key points to.

    Fields:
        text: A dotted name such as ``lab.User``, or the quoted full name as printed: `` `lab`.`user` ``.
        table: The table if it was given by its quoted full name, else None.
    """

    text: str
    table: TableName | None = None
    position: Position = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ProjectionItem:
    """One item of ``.proj(...)``: ``new='old'``, or with ``new`` None a bare ``'name'`` or ``...``."""

    new: str | None
    old: str
    position: Position = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ForeignKeyLine:
    """A line that declares a foreign key: ``-> [options] reference.proj(items)``."""

    reference: Reference
    nullable: bool = False
    unique: bool = False
    items: tuple[ProjectionItem, ...] = ()
    position: Position = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SeparatorLine:
    """The line ``---`` between the primary key and the rest."""

    position: Position = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IndexLine:
    """A line that declares an index: ``[unique] index (parts)``."""

    parts: tuple[IndexPart, ...]
    unique: bool = False
    position: Position = field(default=NOWHERE, compare=False, repr=False)


Line: TypeAlias = AttributeLine | ForeignKeyLine | SeparatorLine | IndexLine


@dataclass(frozen=True, slots=True)
class Definition:
    """A table definition.

    Fields:
        lines: What is declared, in order; comment lines are dropped.
        comment: The table comment, or empty.
    """

    lines: tuple[Line, ...]
    comment: str = ""

    @property
    def attributes(self) -> tuple[AttributeLine, ...]:
        """The attribute lines in order."""
        return tuple(line for line in self.lines if isinstance(line, AttributeLine))

    @property
    def foreign_keys(self) -> tuple[ForeignKeyLine, ...]:
        """The foreign key lines in order."""
        return tuple(line for line in self.lines if isinstance(line, ForeignKeyLine))

    @property
    def indexes(self) -> tuple[IndexLine, ...]:
        """The index lines in order."""
        return tuple(line for line in self.lines if isinstance(line, IndexLine))
