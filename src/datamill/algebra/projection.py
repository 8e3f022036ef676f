"""Projection: the arguments of ``proj`` turned into attributes and where their values come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import EllipsisType
from typing import Any

from datamill.algebra.expression import parse_expression
from datamill.algebra.expression.tree import Column, Expression, has_aggregate
from datamill.algebra.headings import changed
from datamill.algebra.jsonpath import parse_json_path
from datamill.algebra.relations import Item, Projection, Relation
from datamill.errors import DataMillError, DataMillWarning, warn_user
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import ATTRIBUTE_NAME, LONGEST_NAME

_BARE = re.compile(r"\s*([A-Za-z_]\w*)\s*\Z")
_IN_PARENTHESES = re.compile(r"\s*\(\s*([a-z][a-z0-9_]*)\s*\)\s*\Z")


def project(relation: Relation, /, *names: str | EllipsisType, **new: str) -> Relation:
    """Choose, rename and compute attributes; the primary key always stays.

    Args:
        relation: The operand.
        *names: Attributes to keep; ``...`` for all secondary attributes not renamed away; ``"-name"`` leaves one out.
        **new: ``new="old"`` renames, ``new="(old)"`` duplicates, ``new="json.path:type"`` extracts, anything else
            computes. They see the operand, not each other.

    Raises:
        UnknownAttributeError: A name is no attribute of the operand.
        QuerySyntaxError: An expression cannot be understood.
        DataMillError: A new name is taken or is no name; a key attribute would be left out; an aggregate is used.
    """
    heading = relation.heading
    renames, duplicates, computed = _sort_new(heading, new)
    kept = selected_names(heading, names, renamed={old for _, old in renames})
    items = _in_heading_order(heading, kept, renames, duplicates)
    for name, expression in computed:
        if has_aggregate(expression):
            raise DataMillError(
                f"{name} = {new[name]!r} summarises many rows, but proj works on one row at a time.",
                hint="Use aggr: A.aggr(B, ...) or dm.U(...).aggr(A, ...).",
            )
        items.append((computed_attribute(name, expression), expression))
    _check_clashes(items, new)
    return Projection(relation, tuple(items))


def computed_attribute(name: str, expression: Expression, nullable: bool = True) -> Attribute:
    """Return the attribute of a computed value."""
    return Attribute(name, expression.type, expression.type, nullable=nullable)


def check_new_name(name: str) -> str:
    """Return a name that may be given to an attribute of a result.

    Raises:
        DataMillError: It is none.
    """
    if not ATTRIBUTE_NAME.match(name) or len(name) > LONGEST_NAME:
        raise DataMillError(
            f"{name!r} cannot be the name of an attribute.",
            hint="Names start with a lower-case letter and hold lower-case letters, digits and underscores.",
        )
    return name


def selected_names(heading: Heading, names: tuple[Any, ...], renamed: set[str]) -> set[str]:
    """Return which attributes stay under their own name.

    Raises:
        UnknownAttributeError: A name is no attribute.
        DataMillError: A name is no string, or a key attribute is left out.
    """
    if not names:
        return {name for name in heading.key if name not in renamed}
    kept = {name for name in heading.key if name not in renamed}
    left_out: set[str] = set()
    for name in names:
        if name is ...:
            kept.update(item for item in heading if item not in renamed)
        elif not isinstance(name, str):
            raise DataMillError(
                f"{name!r} does not name an attribute.", hint="Give names as strings, or ... for all."
            )
        elif name.startswith("-"):
            left_out.add(_left_out(heading, name[1:].strip()))
        elif name in heading:
            kept.add(name)
        else:
            raise heading.unknown(name, "the projected expression")
    return kept - left_out


def _left_out(heading: Heading, name: str) -> str:
    if name in heading.key:
        raise DataMillError(
            f"The key attribute {name!r} cannot be left out by a projection.",
            hint="dm.U(...) & A gives the distinct values of chosen attributes.",
        )
    if name not in heading:
        message = f"'-{name}' leaves nothing out: {name!r} is not an attribute of the projected expression."
        warn_user(message, DataMillWarning)
    return name


def _sort_new(
    heading: Heading, new: Mapping[str, str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, Expression]]]:
    """Divide keyword arguments into renames, duplicates and computed attributes."""
    renames: list[tuple[str, str]] = []
    duplicates: list[tuple[str, str]] = []
    computed: list[tuple[str, Expression]] = []
    for name, text in new.items():
        check_new_name(name)
        if not isinstance(text, str):
            raise DataMillError(f"{name}={text!r} is no expression.", hint=f"Give text: {name}='...'.")
        bare = _BARE.match(text)
        if bare is not None and bare[1] in heading:
            renames.append((name, bare[1]))
            continue
        inner = _IN_PARENTHESES.match(text)
        if inner is not None and inner[1] in heading:
            duplicates.append((name, inner[1]))
            continue
        expression = value_expression(text, heading)
        if isinstance(expression, Column):
            (duplicates if text.lstrip().startswith("(") else renames).append((name, expression.name))
        else:
            computed.append((name, expression))
    return renames, duplicates, computed


def value_expression(text: str, heading: Heading) -> Expression:
    """Read the value of a computed attribute: a path into a json attribute, or an expression."""
    return parse_json_path(text, heading) or parse_expression(text, heading)


def _in_heading_order(
    heading: Heading, kept: set[str], renames: list[tuple[str, str]], duplicates: list[tuple[str, str]]
) -> list[Item]:
    items: list[Item] = []
    for name, attribute in heading.attributes.items():
        column = Column(name, attribute.stored)
        if name in kept:
            items.append((attribute, column))
        if renames:
            items.extend((changed(attribute, name=new), column) for new, old in renames if old == name)
        if duplicates:
            items.extend((changed(attribute, name=new), column) for new, old in duplicates if old == name)
    return items


def _check_clashes(items: list[Item], new: Mapping[str, str]) -> None:
    seen: set[str] = set()
    for attribute, _ in items:
        if attribute.name in seen:
            raise DataMillError(
                f"The projection would have two attributes named {attribute.name!r}.",
                hint=f"Choose another name, or leave the selected {attribute.name!r} out or rename it."
                if attribute.name in new
                else None,
            )
        seen.add(attribute.name)
