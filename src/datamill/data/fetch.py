"""Fetch: what can be read from a query. Fetching of rows is in `fetch_rows`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datamill.algebra.operators import project
from datamill.algebra.relations import Relation
from datamill.data import legacy
from datamill.data.fetch_rows import (
    check_names,
    fetch1,
    head,
    keys,
    tail,
    to_arrays,
    to_arrow,
    to_dicts,
    to_pandas,
    to_polars,
)
from datamill.data.query import Order, compile_query, observe_read
from datamill.data.raw_sql import Cursor
from datamill.sql.select import compile_count, compile_exists, compile_select

if TYPE_CHECKING:
    from datamill.data.connection import Connection

__all__ = [
    "count",
    "cursor",
    "exists",
    "explain",
    "fetch1",
    "head",
    "keys",
    "legacy_fetch",
    "make_sql",
    "tail",
    "to_arrays",
    "to_arrow",
    "to_dicts",
    "to_pandas",
    "to_polars",
]


def count(connection: Connection, relation: Relation) -> int:
    """Return the number of rows."""
    observe_read(connection, relation)
    statement = compile_count(relation, connection.dialect)
    rows = connection.read(statement)
    return int(rows[0][0])


def exists(connection: Connection, relation: Relation) -> bool:
    """Return whether there is any row."""
    observe_read(connection, relation)
    statement = compile_exists(relation, connection.dialect)
    rows = connection.read(statement)
    return bool(rows and rows[0][0])


def cursor(connection: Connection, relation: Relation, *, as_dict: bool = False) -> Cursor:
    """Run the query and return a DB-API cursor over undecoded rows."""
    observe_read(connection, relation)
    statement = compile_query(connection, relation)
    return Cursor(
        connection.run_read(lambda session: session.execute(statement.sql, statement.params)), as_dict
    )


def make_sql(connection: Connection, relation: Relation, fields: Sequence[str] | None = None) -> str:
    """Return the SELECT with values inlined, for reading and for ``connection.query(sql, None)``.

    Args:
        connection: Whose dialect to write.
        relation: What to read.
        fields: Attributes to select; default: all.
    """
    if fields is not None:
        check_names(relation, fields)
        relation = project(relation, *fields)
    return compile_select(relation, connection.dialect, inline=True).sql


def explain(connection: Connection, relation: Relation, *, analyze: bool = False) -> str:
    """Return the SQL and the database's plan for it.

    Args:
        connection: Where to ask.
        relation: What would be read.
        analyze: Run the query and report what it took, where the database can.
    """
    dialect = connection.dialect
    words = dialect.explain_analyze if analyze else dialect.explain
    statement = compile_select(relation, dialect)
    rows = connection.run_read(
        lambda session: session.execute(f"{words} {statement.sql}", statement.params).rows
    )
    plan = "\n".join(" ".join(str(value) for value in row if isinstance(value, str)) for row in rows)
    return f"{make_sql(connection, relation)}\n\n{plan}"


def legacy_fetch(
    connection: Connection,
    relation: Relation,
    *attributes: str,
    offset: int | None = None,
    limit: int | None = None,
    order_by: Order = None,
    format: str | None = None,
    as_dict: bool | None = None,
    squeeze: bool = False,
    download_path: Any = None,
) -> Any:
    """Fetch as in DataJoint 0.14; see `legacy.fetch`."""
    return legacy.fetch(
        connection,
        relation,
        attributes,
        format=format,
        as_dict=as_dict,
        order_by=order_by,
        limit=limit,
        offset=offset,
        squeeze=squeeze,
        download_path=download_path,
    )
