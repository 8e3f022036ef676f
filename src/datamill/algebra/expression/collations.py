"""Texts of older MySQL databases, which compare by a collation of their own."""

from __future__ import annotations

from datamill.errors import DataMillWarning, warn_user
from datamill.model.attribute import Attribute

_INEXACT = ("_ci", "_cs", "_bin")
"""Endings of MySQL's collations; those of PostgreSQL, named otherwise, only sort."""
_warned: set[str] = set()
"""Collations that the user was told of."""


def warn_of_collation(attribute: Attribute) -> None:
    """Warn, once for each collation, that an attribute in a condition does not compare by code point."""
    collation = attribute.collation
    if collation is None or collation in _warned or not collation.endswith(_INEXACT):
        return
    _warned.add(collation)
    warn_user(
        f"Text of {attribute.lineage or attribute.name} compares as its collation {collation} says, so that "
        "'a' = 'A' or 'a' = 'a ' may hold in conditions. Attributes of schemas that datamill makes compare exactly.",
        DataMillWarning,
    )
