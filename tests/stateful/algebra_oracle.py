"""A small in-memory implementation of the query algebra, written from the specification, for comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """A relation: names in order, key, lineage, rows."""

    names: tuple[str, ...]
    key: tuple[str, ...]
    lineage: dict[str, str | None]
    rows: list[Row]
    ordered: bool = False

    def bag(self) -> Counter[tuple[Any, ...]]:
        return Counter(tuple(row[name] for name in self.names) for row in self.rows)

    def with_rows(self, rows: Iterable[Row], ordered: bool = False) -> Rows:
        return Rows(self.names, self.key, self.lineage, list(rows), ordered)


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The operands do not fit."""


def key_first(names: Iterable[str], key: Sequence[str]) -> tuple[str, ...]:
    return (*key, *(name for name in names if name not in key))


def agree(left: Row, right: Row, names: Iterable[str]) -> bool:
    return all(left[name] is not None and left[name] == right[name] for name in names)


def homologous(left: Rows, right: Rows) -> tuple[list[str], list[str]]:
    """Return the namesakes that match, and those that are doubtful."""
    common = [name for name in left.names if name in right.names]
    good = [name for name in common if left.lineage[name] and left.lineage[name] == right.lineage[name]]
    return good, [name for name in common if name not in good]


def restrict(a: Rows, test: Callable[[Row], bool | None], keep: bool = True) -> Rows:
    return a.with_rows(row for row in a.rows if (test(row) is True) == keep)


def join(a: Rows, b: Rows, outer: bool = False) -> Rows:
    on, doubtful = homologous(a, b)
    if doubtful:
        raise Refused
    a_determines = set(b.key) <= set(a.names)
    if a_determines:
        key, names = a.key, [*a.names, *b.names]
    elif not outer and set(a.key) <= set(b.names):
        key, names = b.key, [*b.names, *a.names]
    else:
        key = (*a.key, *(name for name in b.key if name not in a.key))
        names = [*key, *a.names, *b.names]
    names = list(dict.fromkeys(names))
    rows = []
    for left in a.rows:
        found = [right for right in b.rows if agree(left, right, on)]
        rows += [{**right, **left} for right in found]
        if outer and not found:
            rows.append({**dict.fromkeys(b.names), **left})
    return Rows(key_first(names, key), key, {**b.lineage, **a.lineage}, rows)


def project(
    a: Rows, kept: Sequence[str], renamed: dict[str, str], computed: dict[str, Callable[[Row], Any]]
) -> Rows:
    back = {old: new for new, old in renamed.items()}
    pairs = [
        (back.get(name, name), name) for name in a.names if name in back or name in a.key or name in kept
    ]
    names = [new for new, _ in pairs]
    rows = [
        {**{new: row[old] for new, old in pairs}, **{name: value(row) for name, value in computed.items()}}
        for row in a.rows
    ]
    lineage = {**{new: a.lineage[old] for new, old in pairs}, **dict.fromkeys(computed)}
    return Rows((*names, *computed), tuple(back.get(name, name) for name in a.key), lineage, rows)


AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": lambda values: sum(value is not None for value in values),
    "sum": lambda values: sum(known) if (known := [value for value in values if value is not None]) else None,
    "max": lambda values: max((value for value in values if value is not None), default=None),
    "min": lambda values: min((value for value in values if value is not None), default=None),
}


def summary(function: str, name: str, rows: list[Row]) -> Any:
    return len(rows) if name == "*" else AGGREGATES[function]([row[name] for row in rows])


def aggregate(a: Rows, b: Rows, kept: Sequence[str], new: dict[str, tuple[str, str]], exclude: bool) -> Rows:
    on, doubtful = homologous(a, b)
    if doubtful or not set(a.key) <= set(b.names):
        raise Refused
    names = [name for name in a.names if name in a.key or name in kept]
    rows = []
    for left in a.rows:
        group = [right for right in b.rows if agree(left, right, on)]
        if group or not exclude:
            values = {name: summary(function, of, group) for name, (function, of) in new.items()}
            rows.append({**{name: left[name] for name in names}, **values})
    return Rows(
        (*names, *new), a.key, {**{name: a.lineage[name] for name in names}, **dict.fromkeys(new)}, rows
    )


def union(a: Rows, b: Rows) -> Rows:
    if set(a.key) != set(b.key) or any(
        not a.lineage[name] or a.lineage[name] != b.lineage[name] for name in a.key
    ):
        raise Refused
    ours = [name for name in a.names if name not in a.key]
    theirs = [name for name in b.names if name not in b.key]
    if set(ours) & set(theirs):
        raise Refused
    names = (*a.key, *ours, *theirs)
    found: list[Row] = []
    for row in a.rows:
        twin = next((other for other in b.rows if agree(row, other, a.key)), {})
        found.append({name: row.get(name, twin.get(name)) for name in names})
    found += [
        {name: row.get(name) for name in names}
        for row in b.rows
        if not any(agree(row, other, a.key) for other in a.rows)
    ]
    return Rows(names, a.key, {**b.lineage, **a.lineage}, found)


def distinct(a: Rows, names: Sequence[str]) -> Rows:
    values = dict.fromkeys(tuple(row[name] for name in names) for row in a.rows)
    rows = [dict(zip(names, value, strict=True)) for value in values]
    return Rows(tuple(names), tuple(names), {name: a.lineage[name] for name in names}, rows)


def universal_aggregate(a: Rows, names: Sequence[str], new: dict[str, tuple[str, str]]) -> Rows:
    groups = distinct(a, names).rows if names else [{}]
    rows = []
    for group in groups:
        members = [row for row in a.rows if all(row[name] == value for name, value in group.items())]
        rows.append(
            {**group, **{name: summary(function, of, members) for name, (function, of) in new.items()}}
        )
    lineage = {**{name: a.lineage[name] for name in names}, **dict.fromkeys(new)}
    return Rows((*names, *new), tuple(names), lineage, rows)


def top(a: Rows, limit: int | None, order: Sequence[tuple[str, bool]], offset: int) -> Rows:
    rows = list(a.rows)
    for name, descending in reversed([*order, *((name, False) for name in a.key)]):
        rows.sort(
            key=lambda row: (row[name] is not None, row[name] if row[name] is not None else 0),
            reverse=descending,
        )
    return a.with_rows(rows[offset:] if limit is None else rows[offset : offset + limit], ordered=True)
