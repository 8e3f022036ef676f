"""Rules that a resolved definition must keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from datamill.errors import DataMillWarning, DefinitionError, did_you_mean, warn_user
from datamill.language.tree import IndexLine, Position
from datamill.model.attribute import Attribute, Now
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import IndexPart, TableSpec
from datamill.model.types import KINDS


def check_key_attribute(table: TableName, attribute: Attribute, position: Position) -> None:
    """Refuse what a primary key cannot hold, and warn of what it had better not hold.

    Raises:
        DefinitionError: The attribute is nullable, or of a type that cannot be compared exactly.
    """
    if attribute.nullable:
        raise position.error(
            f"{attribute.name!r} belongs to the primary key and cannot be null.",
            "Remove the default, or move the line below ---.",
            str(table),
        )
    if not KINDS[attribute.stored.kind].may_be_key:
        raise position.error(
            f"{attribute.name!r} of type {attribute.type} cannot belong to a primary key.",
            "Move the line below ---, or use a type such as varchar, int64 or uuid.",
            str(table),
        )
    reason = None
    if KINDS[attribute.stored.kind].family == "float":
        reason = "is a float: equal numbers may differ in their last digit. Use decimal or an integer"
    elif attribute.default is not None and not isinstance(attribute.default, Now):
        reason = "has a default: rows that leave it out share one key. Remove the default"
    if reason is not None:
        message = f"{table}.{attribute.name} belongs to the primary key and {reason}."
        warn_user(message, DataMillWarning)


def check_table(spec: TableSpec, own: Mapping[str, Position], allow_new_key_attributes: bool) -> None:
    """Check the rules on the primary key as a whole.

    Args:
        spec: The table.
        own: Attributes with a line of their own, and where it stands.
        allow_new_key_attributes: Let an imported or computed table declare key attributes of its own.

    Raises:
        DefinitionError: An auto-populated table declares key attributes, or a numbered attribute is not the sole key.
    """
    inherited = {name for key in spec.foreign_keys for name in key.attributes}
    new = [name for name in spec.heading.key if name not in inherited]
    if new and spec.tier.is_auto_populated and not allow_new_key_attributes:
        raise own[new[0]].error(
            f"{spec.tier.name.capitalize()} tables take their key from foreign keys, but {new[0]!r} is new.",
            "Move it below ---, or into a part table, or set jobs.allow_new_pk_fields_in_computed_tables.",
            str(spec.name),
        )
    for attribute in spec.heading.attributes.values():
        if not attribute.is_auto_increment:
            continue
        if spec.heading.key != (attribute.name,) or attribute.default is not None:
            raise own[attribute.name].error(
                f"{attribute.name!r} is numbered by the database: it must be the whole primary key, without default.",
                "Use int64 elsewhere.",
                str(spec.name),
            )


def check_part(spec: TableSpec, master: TableName | None) -> None:
    """Check that a part depends on its master, directly or through another part of it.

    Raises:
        DefinitionError: No foreign key that is not nullable leads there.
    """
    if master is None:
        return
    required = [key.parent for key in spec.foreign_keys if not key.nullable]
    if master not in required and not any(parent.master == master for parent in required):
        raise DefinitionError(
            f"The part table {spec.name} has no required foreign key to its master {master}.",
            hint="Add the line -> master.",
            table=str(spec.name),
        )


def check_indexes(table: TableName, heading: Heading, lines: Iterable[IndexLine]) -> None:
    """Check that the parts of indexes are attributes that can be indexed.

    Raises:
        DefinitionError: A part is unknown, or of a type without order.
    """
    for line in lines:
        for part in line.parts:
            trouble = _trouble(heading, part)
            if trouble is not None:
                raise line.position.error(*trouble, str(table))


def _trouble(heading: Heading, part: IndexPart) -> tuple[str, str] | None:
    """Return message and hint if a part cannot be indexed."""
    if part.attribute is None:
        return None
    attribute = heading.get(part.attribute)
    if attribute is None:
        hint = did_you_mean(part.attribute, heading.names) or f"Attributes: {', '.join(heading.names)}."
        return f"{part.attribute!r} is not an attribute of the table.", hint
    is_json = attribute.type.kind == "json"
    if part.path is not None and not is_json:
        return (
            f"{part.attribute!r} is {attribute.type}, not json: it has no paths.",
            "Index the attribute itself.",
        )
    if part.path is None and KINDS[attribute.stored.kind].family in ("json", "bytes"):
        advice = (
            f"Index a path in it: {part.attribute}.name:int32." if is_json else "Remove it from the index."
        )
        return f"{part.attribute!r} of type {attribute.type} cannot be indexed.", advice
    return None
