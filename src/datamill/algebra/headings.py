"""Headings of results: which attributes an operator gives, which of them make the key, in which order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from datamill.model.attribute import Attribute
from datamill.model.heading import Heading


def changed(attribute: Attribute, **changes: Any) -> Attribute:
    """Return an attribute with some fields changed: ``name``, ``in_key``, ``nullable``, ``lineage``."""
    get = changes.get
    return Attribute(
        get("name", attribute.name),
        attribute.type,
        attribute.stored,
        get("in_key", attribute.in_key),
        get("nullable", attribute.nullable),
        attribute.default,
        attribute.comment,
        get("lineage", attribute.lineage),
        attribute.collation,
    )


def determines(left: Heading, right: Heading) -> bool:
    """Return True if the left heading has every attribute of the right one's key."""
    return all(name in left for name in right.key)


def join_heading(left: Heading, right: Heading, outer: bool) -> Heading:
    """Return the heading of a join.

    The key is that of the operand that determines the other, listed first, else the union of both. An outer join's
    attributes from the right may be NULL.
    """
    if determines(left, right):
        return Heading([*left.attributes.values(), *_others(right, left, nullable=outer)])
    if not outer and determines(right, left):
        return Heading([*right.attributes.values(), *_others(left, right, nullable=False)])
    # Neither determines the other: an attribute that is key on one side only is key of the result.
    both = Heading([*left.attributes.values(), *_others(right, left, nullable=outer)])
    key = [both[name] for name in dict.fromkeys((*left.key, *right.key))]
    rest = [item for name, item in both.attributes.items() if name not in left.key and name not in right.key]
    return Heading([*(item if item.in_key else changed(item, in_key=True) for item in key), *rest])


def _others(heading: Heading, taken: Heading, nullable: bool) -> Iterable[Attribute]:
    """Return the attributes that the other operand has not."""
    found = [item for name, item in heading.attributes.items() if name not in taken]
    return [item if item.nullable else changed(item, nullable=True) for item in found] if nullable else found


def union_heading(left: Heading, right: Heading) -> Heading:
    """Return the heading of a union: the common key, then both sides' secondary attributes, which may be NULL."""
    key = [left[name] for name in left.key]
    secondary = [
        item if item.nullable else changed(item, nullable=True)
        for heading in (left, right)
        for item in heading.attributes.values()
        if not item.in_key
    ]
    return Heading([*key, *secondary])
