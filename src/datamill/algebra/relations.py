"""Relations: immutable values that say what a query means.

Every node works out its heading, key and lineage when it is born and refuses what has no meaning; nothing is read
from a database. Users' expressions wrap these nodes; `datamill.sql.select` compiles them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from datamill.algebra.expression.tree import Call, Column, Expression, OrderItem
from datamill.algebra.headings import changed, join_heading, union_heading
from datamill.algebra.predicates import Matches, Predicate, parts
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import TableSpec

Item: TypeAlias = tuple[Attribute, Expression]
"""An attribute of a result and where its value comes from."""


@dataclass(frozen=True, slots=True, eq=False)
class BaseTable:
    """All rows of one table of the database.

    Fields:
        spec: The table's specification.
        origin: The connection it lives on, or any token that stands for it; operands must share one.
    """

    spec: TableSpec
    origin: Hashable = None

    @property
    def heading(self) -> Heading:
        """The visible attributes."""
        return self.spec.heading


@dataclass(frozen=True, slots=True, eq=False)
class Restriction:
    """The rows for which all predicates are true."""

    operand: Relation
    predicates: tuple[Predicate, ...]
    heading: Heading = field(init=False)
    origin: Hashable = field(init=False)

    def __post_init__(self) -> None:
        _born(self, self.operand.heading, self.operand.origin)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Chosen, renamed and computed attributes, row by row."""

    operand: Relation
    items: tuple[Item, ...]
    heading: Heading = field(init=False)
    origin: Hashable = field(init=False)

    def __post_init__(self) -> None:
        heading = Heading([attribute for attribute, _ in self.items])
        if len(heading) < len(self.items):
            names = [attribute.name for attribute, _ in self.items]
            repeated = sorted({name for name in names if names.count(name) > 1})
            raise DataMillError(
                f"The projection has several attributes named {', '.join(map(repr, repeated))}."
            )
        _born(self, heading, self.operand.origin)


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """Combined rows that agree on the attributes ``on``; ``outer`` keeps all rows of the left operand."""

    left: Relation
    right: Relation
    on: tuple[str, ...]
    outer: bool = False
    heading: Heading = field(init=False)
    origin: Hashable = field(init=False)

    def __post_init__(self) -> None:
        _born(
            self,
            join_heading(self.left.heading, self.right.heading, self.outer),
            shared_origin(self.left, self.right),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation:
    """Each row of the left operand with summaries of the rows of ``group`` that agree on ``on``.

    Fields:
        left: Gives the rows and the key.
        group: Gives the rows that are counted.
        on: Attributes of both, on which rows agree.
        aggregates: Internal names (``_1``, ``_2``, ...) and aggregate calls over attributes of ``group``.
        items: The attributes of the result, over attributes of ``left`` and internal names.
        inner: Drop rows of ``left`` without matching rows.
    """

    left: Relation
    group: Relation
    on: tuple[str, ...]
    aggregates: tuple[tuple[str, Call], ...]
    items: tuple[Item, ...]
    inner: bool = False
    heading: Heading = field(init=False)
    origin: Hashable = field(init=False)

    def __post_init__(self) -> None:
        _born(self, Heading([attribute for attribute, _ in self.items]), shared_origin(self.left, self.group))


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """One row per distinct combination of the attributes ``by``, NULL being a value; without them exactly one row.

    Fields:
        operand: The rows that are summarised.
        by: Attributes that make the key.
        items: The attributes of the result, over ``by`` and aggregates of attributes of the operand.
    """

    operand: Relation
    by: tuple[str, ...]
    items: tuple[Item, ...]
    heading: Heading = field(init=False)
    origin: Hashable = field(init=False)

    def __post_init__(self) -> None:
        _born(self, Heading([attribute for attribute, _ in self.items]), self.operand.origin)


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    """The rows of two relations of the same key, each with the secondary attributes of both."""

    left: Relation
    right: Relation
    heading: Heading = field(init=False)
    origin: Hashable = field(init=False)

    def __post_init__(self) -> None:
        _born(
            self, union_heading(self.left.heading, self.right.heading), shared_origin(self.left, self.right)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """The distinct combinations of some attributes, all of which make the key."""

    operand: Relation
    names: tuple[str, ...]
    heading: Heading = field(init=False)
    origin: Hashable = field(init=False)

    def __post_init__(self) -> None:
        source = self.operand.heading
        _born(self, Heading([changed(source[name], in_key=True) for name in self.names]), self.operand.origin)


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Some rows in an order: those after the first ``offset``, ``limit`` at the most (None: all).

    With a limit or offset, rows that the order leaves equal stand by key.
    """

    operand: Relation
    order: tuple[OrderItem, ...]
    limit: int | None = None
    offset: int = 0
    heading: Heading = field(init=False)
    origin: Hashable = field(init=False)

    def __post_init__(self) -> None:
        _born(self, self.operand.heading, self.operand.origin)

    @property
    def is_cut(self) -> bool:
        """True if rows may be missing, not only ordered."""
        return self.limit is not None or self.offset > 0


Relation: TypeAlias = (
    BaseTable | Restriction | Projection | Join | Aggregation | Summary | Union | Distinct | Slice
)


def _born(node: object, heading: Heading, origin: Hashable) -> None:
    object.__setattr__(node, "heading", heading)
    object.__setattr__(node, "origin", origin)


def shared_origin(left: Relation, right: Relation) -> Hashable:
    """Return the connection of two operands.

    Raises:
        DataMillError: They live on different connections.
    """
    if left.origin is not right.origin and left.origin != right.origin:
        raise DataMillError(
            "The operands of a query live on different connections.",
            hint="Fetch one of them and restrict the other by the rows.",
        )
    return left.origin


def hidden_attributes(relation: Relation) -> dict[str, Attribute]:
    """Return the platform's own attributes that text may name: those of a base table, restricted or not."""
    base = unrestricted(relation)
    return {item.name: item for item in base.spec.hidden} if isinstance(base, BaseTable) else {}


def unrestricted(relation: Relation) -> Relation:
    """Return what a relation restricts, or itself."""
    return relation.operand if isinstance(relation, Restriction) else relation


def key_order(relation: Relation) -> tuple[OrderItem, ...]:
    """Return the order by primary key."""
    attributes = relation.heading.attributes
    return tuple([OrderItem(Column(name, attributes[name].stored)) for name in relation.heading.key])


def operands(relation: Relation) -> tuple[Relation, ...]:
    """Return the direct operands, without those in predicates."""
    if isinstance(relation, BaseTable):
        return ()
    if isinstance(relation, Join | Union):
        return (relation.left, relation.right)
    if isinstance(relation, Aggregation):
        return (relation.left, relation.group)
    return (relation.operand,)


def walk(relation: Relation) -> Iterator[Relation]:
    """Yield a relation and all it is made of, those in predicates included."""
    yield relation
    for operand in operands(relation):
        yield from walk(operand)
    if isinstance(relation, Restriction):
        for predicate in relation.predicates:
            for part in parts(predicate):
                if isinstance(part, Matches):
                    yield from walk(part.relation)


def base_tables(relation: Relation) -> tuple[TableName, ...]:
    """Return the names of all tables that a query reads, each once, in order of first use."""
    return tuple(dict.fromkeys(node.spec.name for node in walk(relation) if isinstance(node, BaseTable)))


def sources(relation: Relation, name: str) -> frozenset[tuple[TableSpec, str]]:
    """Return the columns of base tables whose unaltered values an attribute holds.

    Several where a join has equated them; none for computed values and those that an outer join or a union may have
    replaced by NULL. Compare specifications by ``name``.
    """
    if isinstance(relation, BaseTable):
        return frozenset(((relation.spec, name),))
    if isinstance(relation, Restriction | Slice | Distinct):
        return sources(relation.operand, name)
    if isinstance(relation, Join):
        return _join_sources(relation, name)
    if isinstance(relation, Union):
        key = name in relation.heading.key
        return sources(relation.left, name) & sources(relation.right, name) if key else frozenset()
    expression = next(item for attribute, item in relation.items if attribute.name == name)
    if not isinstance(expression, Column) or expression.name.startswith("_"):
        return frozenset()
    return sources(relation.left if isinstance(relation, Aggregation) else relation.operand, expression.name)


def _join_sources(join: Join, name: str) -> frozenset[tuple[TableSpec, str]]:
    left = sources(join.left, name) if name in join.left.heading else frozenset()
    if join.outer or name not in join.right.heading:
        return left
    return left | sources(join.right, name)
