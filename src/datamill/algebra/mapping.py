"""Mappings as conditions: attribute names to values, all of which must be equal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from datamill.algebra.expression.tree import Call, Column, Expression, Literal
from datamill.algebra.jsonpath import JSON, TEXT, Place, json_place
from datamill.algebra.predicates import ALL, NONE, Constant, Equal, Holds, OneOf, Predicate, every, some
from datamill.algebra.relations import Relation, hidden_attributes
from datamill.algebra.values import IMPOSSIBLE, check_restrictable, condition_value, condition_values
from datamill.errors import DataMillError, DataMillWarning, QuerySyntaxError, warn_user
from datamill.model.attribute import Attribute
from datamill.model.convert import convert_restriction, is_missing, is_nan
from datamill.model.types import parse_type

BOOL: Final = parse_type("bool")
_HEAD: Final = re.compile(r"\s*([a-z][a-z0-9_]*)\s*[.\[]")
_LISTS = (list, tuple, set, frozenset, range)


def mapping_predicate(relation: Relation, mapping: Mapping[Any, Any]) -> Predicate:
    """Return the conjunction of equalities that a mapping stands for.

    Keys that are no attributes are ignored; if none is, all rows match and a warning says so.

    Raises:
        DataMillError: A value cannot be converted; an attribute is hidden or cannot be compared.
    """
    attributes = relation.heading.attributes
    predicates: list[Predicate] = []
    for name, value in mapping.items():
        attribute = attributes.get(name)
        if attribute is not None:
            predicates.append(_equality(attribute, value))
        else:
            other = other_key(relation, name, value)
            if other is not None:
                predicates.append(other)
    if not predicates:
        return unrelated(relation, mapping) if mapping else ALL
    return predicates[0] if len(predicates) == 1 else every(predicates)


def unrelated(relation: Relation, names: Iterable[Any]) -> Predicate:
    """Warn that no name is an attribute, and return the condition that keeps all rows."""
    shown = ", ".join(map(str, list(names)[:5]))
    message = (
        f"None of the names in the condition ({shown}) is an attribute here, so it keeps all rows. "
        f"Attributes: {', '.join(relation.heading)}."
    )
    warn_user(message, DataMillWarning)
    return Constant(True, message)


def other_key(relation: Relation, name: Any, value: Any) -> Predicate | None:
    """Return what a key means that is no attribute: a path into a json attribute, or None if it is ignored.

    Raises:
        DataMillError: It is a hidden attribute.
        QuerySyntaxError: It begins like a path into a json attribute, but is none.
    """
    if not isinstance(name, str):
        return None
    if name.startswith("_") and name in hidden_attributes(relation):
        raise DataMillError(
            f"{name!r} is an attribute of the platform and cannot be used in a mapping.",
            hint=f'Use a string condition such as "{name} is not null".',
        )
    place = json_place(name, relation.heading)
    if place is not None:
        return _place_equality(place, value)
    head = _HEAD.match(name)
    attribute = relation.heading.get(head[1]) if head else None
    if attribute is not None and attribute.stored.kind == "json":
        raise QuerySyntaxError(
            f"{name!r} is no path into the json attribute {attribute.name!r}.",
            expression=name,
            hint="Write attribute.name[index].name, with :type at the end for a typed value.",
        )
    return None


def _equality(attribute: Attribute, value: Any) -> Predicate:
    if attribute.stored.kind == "json" or attribute.is_codec:
        check_restrictable(attribute)
        return _json_equality(attribute, value)
    if is_list(value):
        return one_of(attribute, list(value))
    found = condition_value(attribute, value)
    return NONE if found is IMPOSSIBLE else Equal(attribute.name, attribute.stored, found)


def is_list(value: Any) -> bool:
    """True for collections that stand for alternatives."""
    if isinstance(value, str | bytes | int | float):
        return False
    if isinstance(value, _LISTS):
        return True
    library = type(value).__module__.partition(".")[0]
    return (
        library in ("numpy", "pandas", "polars")
        and getattr(value, "ndim", 1) == 1
        and hasattr(value, "__len__")
    )


def one_of(attribute: Attribute, values: list[Any]) -> Predicate:
    """Return the condition that an attribute equals one of some values, None standing for NULL."""
    converted = condition_values(attribute, values) if values else []
    found: list[Predicate] = []
    known = [value for value in converted if value is not None and value is not IMPOSSIBLE]
    if len(known) == 1:
        found.append(Equal(attribute.name, attribute.stored, known[0]))
    elif known:
        found.append(OneOf((attribute.name,), (attribute.stored,), (known,)))
    if any(value is None for value in converted):
        found.append(Equal(attribute.name, attribute.stored, None))
    return some(found)


def _json_equality(attribute: Attribute, value: Any) -> Predicate:
    if isinstance(value, tuple | set | frozenset):
        return some([_json_equality(attribute, item) for item in value])
    document = condition_value(attribute, value)
    if document is None:
        return Equal(attribute.name, attribute.stored, None)
    if document is IMPOSSIBLE:
        return NONE
    return _holds("=", Column(attribute.name, attribute.stored), Literal(document, JSON))


def _place_equality(place: Place, value: Any) -> Predicate:
    """Compare the value at a place in a json document: as its type, as text, or as JSON."""
    is_typed = place.type is not None and place.type.family != "json"
    if isinstance(value, tuple | set | frozenset) or (is_typed and is_list(value)):
        return some([_place_equality(place, item) for item in value])
    if is_missing(value) or is_nan(value):
        return _holds("IS NULL", place.value if is_typed else Call("CAST", (place.document,), TEXT))
    if is_typed:
        assert place.type is not None
        converted = convert_restriction(place.type, value)
        return NONE if converted is IMPOSSIBLE else _holds("=", place.value, Literal(converted, place.type))
    if isinstance(value, str) and place.type is None:
        return _holds("=", place.value, Literal(value, TEXT))
    return _holds("=", place.document, Literal(convert_restriction(JSON, value), JSON))


def _holds(function: str, *arguments: Expression) -> Predicate:
    return Holds(Call(function, arguments, BOOL))
