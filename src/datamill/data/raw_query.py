"""Running SQL that users write, on their connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datamill.data.raw_sql import Arguments, Cursor, bind_arguments, is_definition, is_read, is_transaction
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.sql.dialects.base import Dialect


def run_query(
    connection: Connection, query: str, args: Arguments, as_dict: bool, reconnect: bool | None
) -> Cursor:
    """See `Connection.query`."""
    statement = bind_arguments(query, args, connection.dialect)
    reads = is_read(query)
    _observe(connection, query, reads)
    if reads:
        read = connection.run_read(
            lambda session: session.execute(statement.sql, statement.params), reconnect
        )
        return Cursor(read, as_dict)
    try:
        result = connection.run_once(lambda session: session.execute(statement.sql, statement.params))
    finally:
        if is_definition(query):
            connection.catalog.invalidate()
    return Cursor(result, as_dict)


def _observe(connection: Connection, query: str, reads: bool) -> None:
    """Tell a running ``make``."""
    observer = connection.observer
    if observer is None:
        return
    if is_transaction(query):
        connection.refuse_transaction_in_make()
    if is_definition(query):
        connection.refuse_in_make("change definitions")
    if reads:
        observer.on_read(_tables_of(query, connection.dialect))
    else:
        observer.on_write("query", None, {"sql": query})


def _tables_of(query: str, dialect: Dialect) -> Sequence[TableName]:
    from datamill.data.raw_tables import tables_of

    return tables_of(query, dialect)
