"""Semantic matching: attributes of one name are matched only if they mean the same thing."""

from __future__ import annotations

from datamill.algebra.relations import Relation, sources
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.table import TableSpec

NOT_EQUATABLE = ("json",)
"""Kinds of stored values that cannot be matched by equality."""


def namesakes(left: Relation, right: Relation) -> list[str]:
    """Return the names that both relations have, in the order of the left one."""
    others = right.heading.attributes
    return [name for name in left.heading.attributes if name in others]


def match(
    left: Relation, right: Relation, semantic_check: bool, *, filtering: bool = False
) -> tuple[str, ...]:
    """Return the attributes on which the rows of two relations have to agree.

    Args:
        left: First operand.
        right: Second operand.
        semantic_check: Refuse namesakes of different lineage, and those that are native and secondary or computed.
            False matches all namesakes.
        filtering: The operator is a restriction, where a namesake that has no lineage or may be NULL, and that both
            sides take unaltered from one column, is ignored if that table's whole key is matched anyway.

    Raises:
        DataMillError: A namesake means different things, or cannot be compared.
    """
    names = namesakes(left, right)
    if not semantic_check:
        for name in names:
            _check_equatable(left.heading[name])
            _check_equatable(right.heading[name])
        return tuple(names)
    ours, theirs = left.heading.attributes, right.heading.attributes
    doubtful = [
        name for name in names if ours[name].lineage is None or ours[name].lineage != theirs[name].lineage
    ]
    matched = [name for name in names if name not in doubtful] if doubtful else names
    for name in doubtful:
        same_origin = ours[name].lineage is None and theirs[name].lineage is None
        if not (filtering and same_origin and _is_implied(name, matched, left, right)):
            raise not_homologous(ours[name], theirs[name])
    # An inherited attribute that is NULL on both sides must not hide that the rows are the same.
    certain = [name for name in matched if not (ours[name].nullable or theirs[name].nullable)]
    if not filtering or len(certain) == len(matched):
        return tuple(matched)
    return tuple(name for name in matched if name in certain or not _is_implied(name, certain, left, right))


def _check_equatable(attribute: Attribute) -> None:
    if attribute.is_codec or attribute.stored.kind in NOT_EQUATABLE:
        raise DataMillError(
            f"The attribute {attribute.name!r} of type {attribute.type} cannot be matched by equality.",
            hint="Rename it on one side, or drop it, with proj.",
        )


def not_homologous(left: Attribute, right: Attribute) -> DataMillError:
    """Make the error for namesakes that mean different things."""
    name = left.name
    return DataMillError(
        f"The attribute {name!r} does not mean the same in both operands: its lineage is {_lineage(left)} on the left "
        f"and {_lineage(right)} on the right.",
        hint=f"Rename it on one side with proj(new_name={name!r}), or leave it out with proj(..., '-{name}'); "
        "semantic_check=False matches it by name.",
    )


def _lineage(attribute: Attribute) -> str:
    return attribute.lineage or "none (a native secondary or computed attribute)"


def _is_implied(name: str, matched: list[str], left: Relation, right: Relation) -> bool:
    """Return True if equal keys already imply that both sides hold the same value of an attribute."""
    for spec, _ in _common_sources(name, left, right):
        found = {
            column
            for other in matched
            for table, column in _common_sources(other, left, right)
            if table.name == spec.name
        }
        if found.issuperset(spec.heading.key):
            return True
    return False


def _common_sources(name: str, left: Relation, right: Relation) -> list[tuple[TableSpec, str]]:
    ours = {(spec.name, column): (spec, column) for spec, column in sources(left, name)}
    theirs = {(spec.name, column) for spec, column in sources(right, name)}
    return [pair for key, pair in ours.items() if key in theirs]
