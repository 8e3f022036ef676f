"""Changes of tables as values: what an alteration does to the altered table and to those that inherit its key."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from datamill.catalog.drift import compare, same_type
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import TableSpec

_KEPT_ORDER = "attributes stay in their order unless reorder=True"
_RENAME_MARK = re.compile(r"\{(?P<old>[a-z][a-z0-9_]*)\}\s*")


@dataclass(frozen=True, slots=True)
class Filling:
    """The value that a column gets in the rows that are there.

    Fields:
        column: Name in the new table.
        value: Canonical Python value.
        where: A column of the new table; where it is NULL, so is this one. None: no exception.
    """

    column: str
    value: Any
    where: str | None = None


@dataclass(frozen=True, slots=True)
class TableChange:
    """How one table changes.

    Fields:
        old, new: The table before and after.
        renames: Pairs (new name, old name).
        fill: What new columns, and required ones that held NULL, get in the rows that are there.
    """

    old: TableSpec
    new: TableSpec
    renames: tuple[tuple[str, str], ...] = ()
    fill: tuple[Filling, ...] = ()

    def source(self, name: str) -> Attribute | None:
        """Return the old column that a column of the new table comes from, or None if it is new."""
        old_name = dict(self.renames).get(name, name)
        if old_name in dict(self.renames).values() and name not in dict(self.renames):
            return None
        return next((column for column in self.old.columns if column.name == old_name), None)

    @property
    def added(self) -> tuple[Attribute, ...]:
        """Columns that were not there."""
        return tuple(column for column in self.new.columns if self.source(column.name) is None)

    @property
    def dropped(self) -> tuple[Attribute, ...]:
        """Columns that are no longer there."""
        kept = {
            source.name for column in self.new.columns if (source := self.source(column.name)) is not None
        }
        return tuple(column for column in self.old.columns if column.name not in kept)

    @property
    def converted(self) -> tuple[Attribute, ...]:
        """Columns, as they become, whose type changes."""
        return tuple(
            column
            for column in self.new.columns
            if (source := self.source(column.name)) is not None and not same_type(source.type, column.type)
        )

    @property
    def tightened(self) -> tuple[Attribute, ...]:
        """Columns, as they become, that may no longer be NULL."""
        return tuple(
            column
            for column in self.new.columns
            if (source := self.source(column.name)) is not None and source.nullable and not column.nullable
        )

    @property
    def key_changes(self) -> bool:
        """True if tables that reference this one must change too."""
        old = [(item.name, item.type) for item in self.old.columns if item.in_key]
        return old != [(item.name, item.type) for item in self.new.columns if item.in_key]


@dataclass(frozen=True, slots=True, repr=False)
class AlterPlan:
    """What `alter` does to the database; printed, or shown at a prompt, it says so in words.

    Fields:
        table: The altered table.
        differences: What differs between database and code, one sentence each.
        changes: The table first, then those that inherit its key, parents first.
        problems: Why it cannot be carried out; empty if it can.
        keeps_order: Attributes stay in another order than that of the definition.
        allow_data_loss: Values may lose something when they are converted.
    """

    table: TableName
    differences: tuple[str, ...] = ()
    changes: tuple[TableChange, ...] = ()
    problems: tuple[str, ...] = ()
    keeps_order: bool = False
    allow_data_loss: bool = False

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        if not self:
            return f"{self.table} is as defined in code{f'; {_KEPT_ORDER}' if self.keeps_order else ''}."
        lines = [f"Alter {self.table}:", *(f"  {text}" for text in self.differences)]
        lines += [
            f"  rename {change.old.name}.{old} to {new}"
            for change in self.changes
            for new, old in change.renames
        ]
        if self.keeps_order:
            lines.append(f"  ({_KEPT_ORDER})")
        others = [str(change.new.name) for change in self.changes[1:]]
        if others:
            lines.append(f"  and with it: {', '.join(others)}")
        return "\n".join([*lines, *(f"  PROBLEM: {text}" for text in self.problems)])

    __repr__ = __str__

    @property
    def is_comments_only(self) -> bool:
        """True if nothing but comments changes."""
        if len(self.changes) != 1 or self.changes[0].renames:
            return False
        return not compare(self.changes[0].new, self.changes[0].old)


def rename_marks(spec: TableSpec) -> dict[str, str]:
    """Return new name -> old name from comments that open with ``{old}``."""
    found = {name: _RENAME_MARK.match(item.comment) for name, item in spec.heading.attributes.items()}
    return {name: match["old"] for name, match in found.items() if match is not None}


def without_rename_marks(spec: TableSpec) -> TableSpec:
    """Return the specification as it is stored: without ``{old}`` in comments."""
    if not rename_marks(spec):
        return spec
    return map_columns(spec, lambda item: replace(item, comment=_RENAME_MARK.sub("", item.comment, count=1)))


def map_columns(spec: TableSpec, change: Callable[[Attribute], Attribute]) -> TableSpec:
    """Return the specification with each column changed by a function."""
    heading = Heading([change(item) for item in spec.heading.attributes.values()], spec.heading.comment)
    return replace(spec, heading=heading, hidden=tuple(change(item) for item in spec.hidden))
