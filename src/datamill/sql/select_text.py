"""SELECT trees to text, values bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeGuard

from datamill.algebra.expression.tree import Call, Column, Literal
from datamill.algebra.predicates import (
    Constant,
    Equal,
    Every,
    Holds,
    Matches,
    Negation,
    OneOf,
    Predicate,
    Some,
)
from datamill.model.heading import Heading
from datamill.model.table import TableSpec
from datamill.model.types import parse_type
from datamill.sql.dialects.base import Dialect
from datamill.sql.expressions import render, render_order, with_column
from datamill.sql.longlists import write_rows
from datamill.sql.merge import build
from datamill.sql.select_tree import Computed, Ref, Scope, Select, Source, wrapped
from datamill.sql.writer import Statement, Writer

_BOOL = parse_type("bool")
_LARGEST = 2**63 - 1
EMPTY = "_"
"""Name of the one column of a SELECT without attributes; its value means nothing."""

FLAT = 100
"""Conditions that stand side by side; SQLite refuses expressions a thousand deep."""

_COMPARED_AS_THEY_ARE = frozenset(
    (
        *(
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "float64",
            "bool",
            "char",
            "varchar",
            "enum",
        ),
        *("date", "datetime", "timestamp", "time", "uuid", "bytes"),
    )
)
"""Kinds whose values are bound beside a column without further ado; others are compared as expressions are."""


def is_bound_alone(predicate: Predicate) -> TypeGuard[Equal]:
    """True if all there is to write is a column, the sign of equality, and a placeholder."""
    return (
        type(predicate) is Equal
        and predicate.value is not None
        and predicate.type.kind in _COMPARED_AS_THEY_ARE
    )


class SelectWriter:
    """Writes SELECT trees; sources are named t1, t2, ... in order of appearance.

    Args:
        dialect: The dialect to write.
        inline: Write values into the text.
    """

    __slots__ = ("_count", "_quote", "writer")

    def __init__(self, dialect: Dialect, inline: bool = False) -> None:
        self.writer = Writer(dialect, inline)
        self._count = 0
        self._quote = dialect.identifier

    def finish(self) -> Statement:
        """Return what was written."""
        return self.writer.finish()

    def select(self, select: Select, outermost: Heading | None = None) -> None:
        """Write a SELECT.

        Args:
            select: What to write.
            outermost: The heading of the result, if this is what the database returns.
        """
        text = self.writer.text
        self._name_sources(select)
        text("SELECT DISTINCT " if select.distinct else "SELECT ")
        self._columns(select, outermost)
        self.tail(select)

    def constant(self, select: Select, column: str) -> None:
        """Write a SELECT of one constant or count over the rows of a SELECT."""
        self._name_sources(select)
        self.writer.text(f"SELECT {column}")
        self.tail(select)

    def tail(self, select: Select) -> None:
        """Write everything behind the columns."""
        self._from(select)
        self._where(select)
        if select.group:
            self.writer.text(" GROUP BY ")
            self.writer.text(", ".join([self._ref(ref) for ref in select.group]))
        if select.order:
            self.writer.text(" ORDER BY ")
            render_order(self.writer, select.order, self._column_writer(select.order_scope))
        if select.limit is not None or select.offset:
            self.writer.text(f" LIMIT {_LARGEST if select.limit is None else select.limit}")
            if select.offset:
                self.writer.text(f" OFFSET {select.offset}")

    # --- columns and sources

    def _name_sources(self, select: Select) -> None:
        for source in select.sources:
            self._count += 1
            source.alias = f"t{self._count}"

    def _ref(self, ref: Ref) -> str:
        return f"{ref[0].alias}.{self._quote(ref[1])}"

    def _columns(self, select: Select, outermost: Heading | None) -> None:
        text, quote = self.writer.text, self._quote
        reads = self.writer.dialect.reads if outermost is not None else None
        separator = ""
        for name, value in select.columns.items():
            if type(value) is tuple:
                piece = f"{value[0].alias}.{quote(value[1])}"
                if reads and outermost is not None and outermost[name].stored.kind in reads:
                    piece = f"{reads[outermost[name].stored.kind].format(piece)} AS {quote(name)}"
                elif value[1] != name:
                    piece = f"{piece} AS {quote(name)}"
                text(separator + piece)
            else:
                kind = outermost[name].stored.kind if reads and outermost is not None else ""
                before, _, after = (reads or {}).get(kind, "{}").partition("{}")
                text(separator + before)
                self._value(value)
                text(f"{after} AS {quote(name)}")
            separator = ", "
        if not select.columns:
            text(f"1 AS {quote(EMPTY)}")

    def _value(self, value: Ref | Computed | None) -> None:
        if isinstance(value, Computed):
            with_column(
                self.writer,
                self._column_writer(value.scope),
                lambda: self.writer.collated(value.expression),
            )
        else:
            self.writer.text("NULL" if value is None else self._ref(value))

    def _column_writer(self, scope: Scope) -> Callable[[Column], None]:
        def write(column: Column) -> None:
            ref = scope[column.name]
            assert type(ref) is tuple, f"{column.name} is computed"
            self.writer.text(self._ref(ref))

        return write

    def _from(self, select: Select) -> None:
        text = self.writer.text
        for index, source in enumerate(select.sources):
            text(f" {source.join or 'JOIN'} " if index else " FROM ")
            self._source(source)
            text(f" AS {source.alias}")
            if index:
                equalities = [f"{self._ref(ours)} = {self._ref(theirs)}" for ours, theirs in source.on]
                text(f" ON {' AND '.join(equalities) or 'TRUE'}")

    def _source(self, source: Source) -> None:
        content = source.content
        if isinstance(content, TableSpec):
            self.writer.table(content.name)
            return
        self.writer.text("(")
        for index, select in enumerate(content):
            if index:
                self.writer.text(f" {source.union} ")
            self.select(select)
        self.writer.text(")")

    # --- conditions

    def _where(self, select: Select) -> None:
        if select.where:
            is_narrow = any(isinstance(predicate, Equal) for predicate, _ in select.where)
            self.writer.text(" WHERE ")
            self._joined(select.where, " AND ", is_narrow)

    def _joined(self, stated: Sequence[tuple[Predicate, Scope]], word: str, is_narrow: bool) -> None:
        """Write conditions with AND or OR between them; many of them as a balanced tree, which databases take."""
        if len(stated) > FLAT:
            middle = len(stated) // 2
            self.writer.text("(")
            self._joined(stated[:middle], word, is_narrow)
            self.writer.text(f"){word}(")
            self._joined(stated[middle:], word, is_narrow)
            self.writer.text(")")
            return
        for index, (predicate, scope) in enumerate(stated):
            if index:
                self.writer.text(word)
            self._predicate(predicate, scope, is_narrow)

    def _predicate(self, predicate: Predicate, scope: Scope, is_narrow: bool) -> None:
        """Write a condition that is true exactly where the predicate is; it may be NULL where it is not."""
        if isinstance(predicate, Equal):
            self._equal(predicate, scope)
        elif isinstance(predicate, Holds):
            render(self.writer, predicate.expression, self._column_writer(scope))
        elif isinstance(predicate, Matches):
            self._matches(predicate, scope, is_narrow, negated=False)
        elif isinstance(predicate, OneOf):
            self._one_of(predicate, scope)
        elif isinstance(predicate, Negation):
            self._negation(predicate.predicate, scope, is_narrow)
        elif isinstance(predicate, Constant):
            self.writer.text("TRUE" if predicate.value else "FALSE")
        else:
            self._several(predicate, scope, is_narrow)

    def _several(self, predicate: Every | Some, scope: Scope, is_narrow: bool) -> None:
        word = " AND " if isinstance(predicate, Every) else " OR "
        is_narrow = is_narrow or (
            isinstance(predicate, Every) and any(isinstance(item, Equal) for item in predicate.predicates)
        )
        self.writer.text("(")
        self._joined([(item, scope) for item in predicate.predicates], word, is_narrow)
        self.writer.text(")")

    def _negation(self, predicate: Predicate, scope: Scope, is_narrow: bool) -> None:
        if isinstance(predicate, Matches):
            self._matches(predicate, scope, is_narrow, negated=True)
            return
        if isinstance(predicate, Equal) and predicate.value is None:
            self.writer.text(f"{self._scoped(scope, predicate.name)} IS NOT NULL")
            return
        self.writer.text("(")
        self._predicate(predicate, scope, is_narrow)
        self.writer.text(") IS NOT TRUE")

    def _scoped(self, scope: Scope, name: str) -> str:
        ref = scope[name]
        assert type(ref) is tuple, f"{name} is computed"
        return self._ref(ref)

    def _equal(self, predicate: Equal, scope: Scope) -> None:
        if predicate.value is None:
            self.writer.text(f"{self._scoped(scope, predicate.name)} IS NULL")
        elif is_bound_alone(predicate):
            self.writer.text(f"{self._scoped(scope, predicate.name)} = ")
            self.writer.bind(predicate.value, predicate.type)
        else:
            operands = (Column(predicate.name, predicate.type), Literal(predicate.value, predicate.type))
            render(self.writer, Call("=", operands, _BOOL), self._column_writer(scope))

    def _one_of(self, predicate: OneOf, scope: Scope) -> None:
        names = ", ".join([self._scoped(scope, name) for name in predicate.names])
        self.writer.text(f"({names}) IN " if len(predicate.names) > 1 else f"{names} IN ")
        write_rows(self.writer, predicate.types, predicate.columns)

    def _matches(self, predicate: Matches, scope: Scope, is_narrow: bool, negated: bool) -> None:
        select = build(predicate.relation)
        if not predicate.pairs:
            self._exists(select, negated, [])
            return
        ours = [self._scoped(scope, name) for name, _ in predicate.pairs]
        theirs = [name for _, name in predicate.pairs]
        if (negated and self.writer.dialect.has_antijoin) or (is_narrow and _is_indexed(select, theirs)):
            self._exists(select, negated, list(zip(ours, theirs, strict=True)))
        else:
            self._in(select, ours, theirs, negated)

    def _exists(self, select: Select, negated: bool, pairs: list[tuple[str, str]]) -> None:
        names = [name for _, name in pairs]
        if not select.is_plain or any(type(select.columns[name]) is not tuple for name in names):
            select = wrapped(select)
        select.order = ()
        text = self.writer.text
        self._name_sources(select)
        text("NOT EXISTS (SELECT 1" if negated else "EXISTS (SELECT 1")
        self._from(select)
        self._where(select)
        word = " AND " if select.where else " WHERE "
        for ours, name in pairs:
            text(f"{word}{self._scoped(select.columns, name)} = {ours}")
            word = " AND "
        text(")")

    def _in(self, select: Select, ours: Iterable[str], theirs: list[str], negated: bool) -> None:
        if select.is_cut:  # MySQL takes no LIMIT directly behind IN
            select = wrapped(select)
        select.order = ()
        select.columns = {name: select.columns[name] for name in theirs}
        text = self.writer.text
        left = ", ".join(ours)
        text("(" if negated else "")
        text(f"({left}) IN (" if len(theirs) > 1 else f"{left} IN (")
        self.select(select)
        text(")) IS NOT TRUE" if negated else ")")


def _is_indexed(select: Select, names: list[str]) -> bool:
    """Return True if rows of a SELECT from one table are found by an index on some columns."""
    if len(select.sources) != 1 or not select.is_plain:
        return False
    spec = select.sources[0].content
    refs = [select.columns[name] for name in names]
    if not isinstance(spec, TableSpec) or any(type(ref) is not tuple for ref in refs):
        return False
    wanted = {ref[1] for ref in refs if type(ref) is tuple}
    indexes = (
        spec.physical_key,
        *(foreign_key.attributes for foreign_key in spec.foreign_keys),
        *(index.attributes for index in spec.indexes),
    )
    return any(set(index[: len(wanted)]) == wanted for index in indexes if index)
