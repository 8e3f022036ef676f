"""Defaults: from what is written in a definition to a canonical Python value, and back."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from datamill.errors import InvalidValueError
from datamill.language.tree import AttributeLine, Default
from datamill.model.attribute import Attribute, Now
from datamill.model.convert import convert_one
from datamill.model.types import KINDS, AttributeType

_AS_WRITTEN = ("text", "enum", "date", "datetime", "time")
"""Families for which digits and ``true`` are text."""


def default_value(line: AttributeLine, stored: AttributeType, table: str | None = None) -> Any:
    """Convert the default of an attribute line to the value that a row gets.

    Args:
        line: The line.
        stored: The core type in which the attribute is stored.
        table: The table being defined, for messages.

    Returns:
        A canonical Python value, `Now`, or None for ``null`` and without default.

    Raises:
        DefinitionError: The default does not fit the type.
    """
    default = line.default
    if default is None or default.kind == "null":
        return None
    if line.type.is_codec or not KINDS[stored.kind].static_default:
        raise line.default_position.error(
            f"{line.name!r} of type {line.type} cannot have a default.",
            "Only null may be its default.",
            table,
        )
    if default.kind == "now":
        return _now(line, stored, table)
    try:
        value = convert_one(stored, _given(default, stored))
    except InvalidValueError as error:
        raise line.default_position.error(
            f"The default of {line.name!r} does not fit its type {line.type}: {error.args[0]}",
            error.hint,
            table,
        ) from error
    if value is None:
        raise line.default_position.error(
            f"{default.text!r} is not a default for {line.type}.", "Write null for no value.", table
        )
    return value


def _now(line: AttributeLine, stored: AttributeType, table: str | None) -> Now:
    if stored.kind in ("datetime", "timestamp"):
        return Now(int(stored.args[0]) if stored.args else 0)
    if stored.kind == "date":
        return Now()
    raise line.default_position.error(
        f"CURRENT_TIMESTAMP cannot be the default of {line.name!r}, whose type is {line.type}.",
        "It fits datetime, timestamp and date; put text in quotes.",
        table,
    )


def _given(default: Default, stored: AttributeType) -> Any:
    """Return a default as a user would give it in an insert."""
    family = KINDS[stored.kind].family
    if default.kind == "boolean" and family not in _AS_WRITTEN:
        return default.text == "true"
    if default.kind == "number" and family in ("integer", "bool", "float", "decimal"):
        if family == "decimal":
            return Decimal(default.text)
        whole = family != "float" and default.text.lstrip("+-").isdigit() and len(default.text) < 100
        return int(default.text) if whole else default.text  # as a float it would lose digits, or be infinite
    return default.text


def written_default(attribute: Attribute) -> Default | None:
    """Return the default that a definition must give to get the one of an attribute.

    Example:
        >>> from datamill.model.types import parse_type
        >>> flag = parse_type("bool")
        >>> written_default(Attribute("flag", flag, flag, default=True))
        Default(kind='number', text='1')
    """
    value = attribute.default
    if attribute.nullable:
        return Default("null", "null")
    if value is None:
        return None
    if isinstance(value, Now):
        return Default("now", str(value.digits) if value.digits else "")
    if isinstance(value, bool):
        return Default("number", str(int(value)))
    if isinstance(value, int | float | Decimal):
        text = str(value)
        return Default("number" if text[-1].isdigit() else "word", text)
    if isinstance(value, datetime.datetime):
        return Default("string", value.isoformat(sep=" "))
    return Default(
        "string", value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
    )
