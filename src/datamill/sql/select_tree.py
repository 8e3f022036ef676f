"""SELECT statements as trees, between relations and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from datamill.algebra.expression.tree import Expression, OrderItem
from datamill.algebra.predicates import Predicate
from datamill.model.table import TableSpec


class Source:
    """One item behind FROM.

    Fields:
        content: A base table, or SELECTs: one, or several united (``union``).
        union: ``UNION`` or ``UNION ALL`` between several SELECTs.
        join: Empty for the first, ``JOIN`` or ``LEFT JOIN``.
        on: Pairs of columns that are equal.
        alias: Given when the text is written.
    """

    __slots__ = ("alias", "content", "join", "on", "union")

    def __init__(self, content: TableSpec | Sequence[Select], union: str = "") -> None:
        self.content = content
        self.union = union
        self.join = ""
        self.on: list[tuple[Ref, Ref]] = []
        self.alias = ""


Ref: TypeAlias = tuple[Source, str]
"""A column of a source."""


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """A value computed from attributes, which `scope` turns into columns."""

    expression: Expression
    scope: Scope


Value: TypeAlias = "Ref | Computed | None"
"""A column, a computed value, or NULL."""

Scope: TypeAlias = Mapping[str, "Ref | Computed | None"]
"""What attribute names mean."""


class Select:
    """One SELECT statement.

    Fields:
        sources: What stands behind FROM.
        columns: The attributes of the result, in order.
        scope: What conditions and expressions may name: the columns, and a base table's hidden attributes.
        where: Predicates, each with the scope in which it was stated.
        distinct, group, order, limit, offset: The clauses; ``group`` None is no GROUP BY, empty is one row over all.
        computed: Some column is computed.
        windowed: Some column is computed over a window, so that no rows may be taken away before.
    """

    __slots__ = (
        "columns",
        "computed",
        "distinct",
        "group",
        "limit",
        "offset",
        "order",
        "order_scope",
        "scope",
        "sources",
        "where",
        "windowed",
    )

    def __init__(
        self, sources: list[Source], columns: dict[str, Ref | Computed | None], scope: Scope | None = None
    ) -> None:
        self.sources = sources
        self.columns = columns
        self.scope: Scope = columns if scope is None else scope
        self.where: list[tuple[Predicate, Scope]] = []
        self.distinct = False
        self.group: list[Ref] | None = None
        self.order: Sequence[OrderItem] = ()
        self.order_scope: Scope = {}
        self.limit: int | None = None
        self.offset = 0
        self.computed = False
        self.windowed = False

    @property
    def is_cut(self) -> bool:
        """True if a limit or offset takes rows away."""
        return self.limit is not None or self.offset > 0

    @property
    def is_plain(self) -> bool:
        """True if rows may be filtered, joined and grouped without a subquery."""
        return not (
            self.distinct or self.group is not None or self.windowed or self.limit is not None or self.offset
        )

    @property
    def has_outer_join(self) -> bool:
        """True if some source is outer-joined."""
        return any(source.join == "LEFT JOIN" for source in self.sources)


def wrapped(select: Select) -> Select:
    """Return a SELECT from a SELECT, all of whose columns are plain."""
    if not select.is_cut:
        select.order = ()
    source = Source([select])
    return Select([source], {name: (source, name) for name in select.columns})


def plain(select: Select) -> Select:
    """Return a SELECT that may be filtered, joined and grouped."""
    if select.is_plain:
        select.order = ()
        return select
    return wrapped(select)
