"""Planning an alteration: a pure value that says how tables change, the altered one and those that inherit its key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from datamill.catalog.changes import AlterPlan, Filling, TableChange, rename_marks, without_rename_marks
from datamill.catalog.drift import compare, normalise
from datamill.catalog.propagate import propagate
from datamill.errors import DataMillError, did_you_mean
from datamill.model.heading import Heading
from datamill.model.table import TableSpec


def plan_alter(
    declared: TableSpec,
    existing: TableSpec,
    dependents: Iterable[TableSpec] = (),
    *,
    renames: Mapping[str, str] | None = None,
    fill: Mapping[str, Any] | None = None,
    reorder: bool = True,
) -> AlterPlan:
    """Plan how a table becomes as declared.

    Args:
        declared: What it shall be.
        existing: What it is.
        dependents: All tables that depend on it, parents first.
        renames: New name -> old name; comments that open with ``{old}`` say the same.
        fill: Attribute -> canonical value for the rows that are there.
        reorder: Put attributes in the order declared; otherwise those that are there keep theirs.

    Raises:
        DataMillError: A rename or a filling names what does not exist.

    Example:
        >>> from datamill.catalog.lineage import lineage_spec
        >>> plan = plan_alter(lineage_spec("lab"), lineage_spec("lab"))
        >>> bool(plan), str(plan)
        (False, 'lab.~lineage is as defined in code.')
    """
    marked = rename_marks(declared)
    declared = _with_hidden(without_rename_marks(normalise(declared)), existing)
    pairs = _checked_renames(declared, existing, marked, renames or {})
    for name in fill or {}:
        if name not in declared.heading:
            raise declared.heading.unknown(name, str(declared.name))
    ordered = declared if reorder else _in_old_order(declared, existing, dict(pairs))
    keeps_order = ordered.heading.names != declared.heading.names
    fillings = tuple(Filling(name, value) for name, value in (fill or {}).items())
    differences = compare(ordered, existing, comments=True)
    if not differences and not pairs:
        return AlterPlan(declared.name, keeps_order=keeps_order)
    change = TableChange(existing, ordered, pairs, fillings)
    changes = (change, *propagate(change, dependents))
    return AlterPlan(declared.name, tuple(differences), changes, keeps_order=keeps_order)


def _in_old_order(declared: TableSpec, existing: TableSpec, renames: Mapping[str, str]) -> TableSpec:
    """Return a table with its attributes in the order they have, new ones each after the one declared before it.

    A key of other attributes is as declared.
    """
    places = {name: place for place, name in enumerate(existing.heading)}
    sources = {name: renames.get(name, name) for name in declared.heading}
    key = list(declared.heading.primary_key)
    if {sources[name] for name in key} == set(existing.heading.primary_key):
        key.sort(key=lambda name: places[sources[name]])
    rest = [name for name in declared.heading if name not in key]
    order = sorted((name for name in rest if sources[name] in places), key=lambda name: places[sources[name]])
    for place, name in enumerate(rest):
        if name not in order:
            order.insert(order.index(rest[place - 1]) + 1 if place else 0, name)
    attributes = [declared.heading[name] for name in (*key, *order)]
    return replace(declared, heading=Heading(attributes, declared.heading.comment))


def _with_hidden(declared: TableSpec, existing: TableSpec) -> TableSpec:
    """Keep the platform's columns that are there; that of a singleton goes with the key."""
    ours = {item.name for item in declared.hidden}
    kept = [item for item in existing.hidden if item.name not in ours and not item.in_key]
    return replace(declared, hidden=(*declared.hidden, *kept))


def _checked_renames(
    declared: TableSpec, existing: TableSpec, marked: Mapping[str, str], given: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    pairs = {}
    for new, old in {**marked, **given}.items():
        if new in existing.heading and (old not in existing.heading or new not in given):
            continue  # done already
        if new not in declared.heading:
            raise declared.heading.unknown(new, f"the definition of {declared.name}")
        if old not in existing.heading:
            raise existing.heading.unknown(old, str(existing.name))
        if old in declared.heading and old not in {**marked, **given}:
            raise DataMillError(
                f"{old!r} cannot become {new!r} in {declared.name}: the definition still has {old!r}.",
                hint=did_you_mean(new, declared.heading.names),
            )
        pairs[new] = old
    return tuple(pairs.items())
