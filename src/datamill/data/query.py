"""Running a relation: which attributes, in which order, read from the database and ready to be decoded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.tree import columns
from datamill.algebra.operators import project, top
from datamill.algebra.predicates import Equal
from datamill.algebra.relations import Relation, Restriction, Slice, base_tables, sources
from datamill.backends.base import BackendSession, ReadsArrow
from datamill.data.external import resolved
from datamill.data.fetched import Fetched
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.sql.select import compile_select
from datamill.sql.writer import Statement

if TYPE_CHECKING:
    import pyarrow

    from datamill.data.arrow_rows import ArrowRows
    from datamill.data.connection import Connection

Order = str | Sequence[str] | None


def sliced(relation: Relation, order_by: Order, limit: int | None, offset: int | None) -> Relation:
    """Return the relation under a further Top, if any of these is given."""
    if order_by is None and limit is None and not offset:
        return relation
    return top(relation, limit, order_by, offset or 0)


def names_one_row(relation: Relation) -> bool:
    """Return whether a condition gives every key attribute a value, so that there is one row at the most."""
    if not isinstance(relation, Restriction) or not relation.heading.key:
        return False
    given = {predicate.name for predicate in relation.predicates if isinstance(predicate, Equal)}
    return given.issuperset(relation.heading.key)


def narrowed(relation: Relation, names: Sequence[str]) -> Relation:
    """Return a relation that reads little more than some attributes, and keeps the order of a Top.

    The primary key, and what the order is made of, stay.
    """
    wanted = dict.fromkeys((*relation.heading.key, *names))
    if isinstance(relation, Slice):
        return _narrowed_slice(relation, wanted)
    if len(wanted) == len(relation.heading):
        return relation
    return project(relation, *(name for name in wanted if name not in relation.heading.key))


def _narrowed_slice(relation: Slice, wanted: dict[str, None]) -> Relation:
    heading = relation.operand.heading
    for item in relation.order:
        wanted.update(dict.fromkeys(sorted(columns(item.expression))))
    if any(
        name not in heading for name in wanted
    ):  # ordered by a hidden attribute, which a projection would lose
        return relation
    inner = narrowed(relation.operand, list(wanted))
    return Slice(inner, relation.order, relation.limit, relation.offset)


def observe_read(connection: Connection, relation: Relation) -> None:
    """Tell a running ``make`` what is about to be read."""
    observer = connection.observer
    if observer is not None:
        observer.on_read(base_tables(relation), relation)


def compile_query(connection: Connection, relation: Relation) -> Statement:
    """Return the SELECT of a relation in the connection's dialect."""
    return compile_select(relation, connection.dialect)


def run(
    connection: Connection,
    relation: Relation,
    names: Sequence[str] | None = None,
    *,
    squeeze: bool = False,
    by_column: bool = False,
) -> Fetched:
    """Read a relation.

    Args:
        connection: Where to read.
        relation: What to read.
        names: The attributes that are wanted; default: all.
        squeeze: Drop axes of length one from arrays.
        by_column: A table is wanted: have the driver make columns if it can.
    """
    observe_read(connection, relation)
    if names and names_one_row(relation) and not any(relation.heading[name].is_codec for name in names):
        return _values_of_one_row(connection, relation, names, squeeze)
    narrow = relation if names is None else narrowed(relation, names)
    statement = compile_query(connection, narrow)
    columns = _read_columns(connection, narrow, statement) if by_column else None
    rows = columns if columns is not None else _read_rows(connection, statement)
    return fetched(connection, narrow, rows, names, squeeze=squeeze, columns=columns)


def _values_of_one_row(
    connection: Connection, relation: Relation, names: Sequence[str], squeeze: bool
) -> Fetched:
    """Read nothing but some attributes, for which a projection would take longer than the query."""
    statement = compile_select(relation, connection.dialect, only=names)
    rows = _read_rows(connection, statement)
    return Fetched(
        relation.heading.only(names),
        rows,
        connection.dialect,
        connection.config,
        wanted=names,
        squeeze=squeeze,
    )


def _read_rows(connection: Connection, statement: Statement) -> list[tuple[Any, ...]]:
    return connection.read(statement)


def _read_columns(connection: Connection, relation: Relation, statement: Statement) -> ArrowRows | None:
    def read(session: BackendSession) -> pyarrow.Table | None:
        if not isinstance(session, ReadsArrow):
            return None
        return session.read_arrow(statement.sql, statement.params)

    if any(attribute.stored.family == "opaque" for attribute in relation.heading.attributes.values()):
        return None  # what the driver makes of types of its own
    table = connection.run_read(read)
    if table is None:
        return None
    from datamill.data.arrow_rows import as_arrow_rows

    return as_arrow_rows(relation.heading, table)


def fetched(
    connection: Connection,
    relation: Relation,
    rows: Sequence[tuple[Any, ...]],
    names: Sequence[str] | None = None,
    *,
    squeeze: bool = False,
    columns: ArrowRows | None = None,
) -> Fetched:
    """Return rows of a relation with what is needed to decode them."""
    return Fetched(
        relation.heading,
        rows,
        connection.dialect,
        connection.config,
        wanted=names,
        origins=codec_origins(relation, relation.heading),
        squeeze=squeeze,
        stores=connection.stores,
        resolve=partial(resolved, connection),
        columns=columns,
    )


def codec_origins(relation: Relation, heading: Heading) -> dict[str, TableName]:
    """Return the table that each codec attribute comes from."""
    found = {}
    for name, attribute in heading.attributes.items():
        if attribute.type.kind == "codec":
            for spec, _ in sources(relation, name):
                found[name] = spec.name
    return found
