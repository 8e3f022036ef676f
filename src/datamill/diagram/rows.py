"""The rows of a diagram's tables: unrestricted, restricted downward, planned to be deleted, or traced."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from datamill.algebra.predicates import Matches, Predicate
from datamill.algebra.propagation import restrict_downward, stem, trace_rows
from datamill.algebra.relations import BaseTable, Relation, Restriction
from datamill.errors import DataMillError
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName

Mode = Literal["", "restrict", "cascade", "trace"]


class LazyRows(Mapping[TableName, Relation]):
    """Relations by table that are made when they are asked for: those of a delete list all its keys.

    Args:
        names: The tables.
        make: Makes the relation of one.
    """

    def __init__(self, names: Iterable[TableName], make: Callable[[TableName], Relation]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make

    def __getitem__(self, name: TableName) -> Relation:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[TableName]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


@dataclass(frozen=True)
class Rows:
    """Which rows of each table are meant.

    Fields:
        graph: The dependency graph.
        origin: Connection token.
        mode: How they were chosen; empty: all rows.
        own: Predicates by table (mode "restrict").
        given: Relations by table (modes "cascade" and "trace").
        counted: Numbers of rows where they are known.
    """

    graph: DependencyGraph
    origin: Hashable
    mode: Mode = ""
    own: Mapping[TableName, tuple[Predicate, ...]] = field(default_factory=dict)
    given: Mapping[TableName, Relation] = field(default_factory=dict)
    counted: Mapping[TableName, int] | None = None

    @cached_property
    def _restricted(self) -> Mapping[TableName, Relation]:
        return restrict_downward(self.graph, self.own, self.origin) if self.mode == "restrict" else self.given

    def relation(self, name: TableName) -> Relation:
        """Return the rows of a table."""
        found = self._restricted.get(name)
        return BaseTable(self.graph.specs[name], self.origin) if found is None else found

    def restrict(self, relation: Relation) -> Rows:
        """Return these rows, restricted further by an expression over one table.

        Raises:
            DataMillError: They are those of a delete or a trace, which are fixed; the expression has several tables.
        """
        self.require_free("restrict")
        name = stem(relation).spec.name
        own = {**self.own, name: (*self.own.get(name, ()), *_predicates(relation))}
        return Rows(self.graph, self.origin, "restrict", own)

    def require_free(self, method: str) -> None:
        """Raise if the rows were chosen by a delete or a trace."""
        if self.mode in ("cascade", "trace"):
            raise DataMillError(
                f"{method}() cannot follow {self.mode}(): it would no longer show what {self.mode}() says.",
                hint="Restrict the expression given to it instead.",
            )

    def united(self, other: Rows) -> Rows:
        """Return the rows that meet the restrictions of both.

        Raises:
            DataMillError: One of them is of a delete or a trace and the other restricts too.
        """
        if not other.mode or other is self:
            return self
        if not self.mode:
            return other
        self.require_free("+")
        other.require_free("+")
        own = {
            name: tuple(dict.fromkeys((*self.own.get(name, ()), *other.own.get(name, ()))))
            for name in {**self.own, **other.own}
        }
        return Rows(self.graph, self.origin, "restrict", own)

    def covers(self, name: TableName) -> bool:
        """Return whether a table may be shown with these rows."""
        return self.mode not in ("cascade", "trace") or name in self.given


def traced(graph: DependencyGraph, relation: Relation) -> Rows:
    """Return the rows of a table and its ancestors that an expression over that table derives from."""
    base = stem(relation)
    rows = Restriction(base, found) if (found := _predicates(relation)) else base
    return Rows(graph, base.origin, "trace", given=trace_rows(graph, base.spec.name, rows))


def _predicates(relation: Relation) -> tuple[Predicate, ...]:
    """Return what an expression over one table demands of that table's rows."""
    if isinstance(relation, BaseTable):
        return ()
    if isinstance(relation, Restriction) and isinstance(relation.operand, BaseTable):
        return relation.predicates
    base = stem(relation)
    return (Matches(relation, tuple((name, name) for name in base.spec.heading.key)),)
