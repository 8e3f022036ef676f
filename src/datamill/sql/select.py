"""Queries: a relation compiled to one SELECT statement of a dialect.

The same relation always gives the same text; values are bound. The columns of `compile_select` are the attributes
of the heading in order; a relation without attributes gives one column without meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

from datamill.algebra.depth import nesting
from datamill.algebra.relations import BaseTable, Relation, Restriction
from datamill.model.table import TableSpec
from datamill.sql.dialects.base import Dialect
from datamill.sql.merge import build
from datamill.sql.select_text import SelectWriter, is_bound_alone
from datamill.sql.select_tree import wrapped
from datamill.sql.writer import Statement

MOST_TEXTS = 1024
_texts: dict[tuple[int, int, tuple[str, ...], tuple[str, ...]], tuple[TableSpec, Dialect, str]] = {}
"""Texts of SELECTs of one table by the values of some attributes, the most frequent of all; specs are told apart by
identity."""


def compile_select(
    relation: Relation, dialect: Dialect, *, inline: bool = False, only: Sequence[str] = ()
) -> Statement:
    """Return the SELECT of a relation, ordered if it is a Top.

    Args:
        relation: What to read.
        dialect: Whose SQL.
        inline: Write values into the text, for people to read.
        only: The attributes that are wanted; default: all. Rows that differ in others alone stay apart.

    Example:
        >>> from datamill.algebra.operators import restrict
        >>> from datamill.algebra.relations import BaseTable
        >>> from datamill.model.attribute import Attribute
        >>> from datamill.model.heading import Heading
        >>> from datamill.model.names import TableName
        >>> from datamill.model.table import TableSpec
        >>> from datamill.model.types import parse_type
        >>> from datamill.sql.dialects import get_dialect
        >>> number = parse_type("int32")
        >>> heading = Heading([Attribute("mouse", number, number, in_key=True), Attribute("age", number, number)])
        >>> mouse = BaseTable(TableSpec(TableName("lab", "mouse"), heading))
        >>> compile_select(restrict(mouse, {"age": 7}), get_dialect("sqlite"))
        Statement(sql='SELECT t1."mouse", t1."age" FROM "lab.mouse" AS t1 WHERE t1."age" = ?', params=(7,))
    """
    if inline or type(relation) is not Restriction or type(relation.operand) is not BaseTable:
        return _compile(relation, dialect, inline, only)
    equalities = [item for item in relation.predicates if is_bound_alone(item)]
    if len(equalities) < len(relation.predicates):
        return _compile(relation, dialect, only=only)
    spec = relation.operand.spec
    key = (id(spec), id(dialect), tuple([item.name for item in equalities]), tuple(only))
    kept = _texts.get(key)
    if kept is not None and kept[0] is spec and kept[1] is dialect:
        return Statement(kept[2], tuple([dialect.bound(item.value, item.type) for item in equalities]))
    statement = _compile(relation, dialect, only=only)
    if len(_texts) >= MOST_TEXTS:
        _texts.clear()
    _texts[key] = (spec, dialect, statement.sql)
    return statement


@nesting("The query")
def _compile(
    relation: Relation, dialect: Dialect, inline: bool = False, only: Sequence[str] = ()
) -> Statement:
    writer = SelectWriter(dialect, inline)
    select = build(relation)
    if only:
        select.columns = {name: value for name, value in select.columns.items() if name in only}
    writer.select(select, outermost=relation.heading)
    return writer.finish()


@nesting("The query")
def compile_count(relation: Relation, dialect: Dialect) -> Statement:
    """Return the query of the number of rows: one row, one column."""
    writer = SelectWriter(dialect)
    _write_count(writer, relation)
    return writer.finish()


@nesting("The query")
def compile_counts(relations: Sequence[Relation], dialect: Dialect) -> Statement:
    """Return the query of the numbers of rows of several relations: one row, one column each."""
    writer = SelectWriter(dialect)
    for index, relation in enumerate(relations):
        writer.writer.text(", (" if index else "SELECT (")
        _write_count(writer, relation)
        writer.writer.text(")")
    return writer.finish()


def _write_count(writer: SelectWriter, relation: Relation) -> None:
    select = build(relation)
    if not select.is_plain:
        select = wrapped(select)
    select.order = ()
    writer.constant(select, "COUNT(*)")


@nesting("The query")
def compile_exists(relation: Relation, dialect: Dialect) -> Statement:
    """Return the query whether there is any row: one row, one column, true or 1 if so."""
    select = build(relation)
    if select.group is not None or select.distinct or select.windowed:
        select = wrapped(select)
    if not select.is_cut:
        select.order = ()
    writer = SelectWriter(dialect)
    writer.writer.text("SELECT EXISTS (")
    writer.constant(select, "1")
    writer.writer.text(")")
    return writer.finish()
