"""Running SQL that users write, on their connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.data.raw_sql import Arguments, Cursor, bind_arguments, is_definition, is_read, is_transaction

if TYPE_CHECKING:
    from datamill.data.connection import Connection


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
    from datamill.data.raw_tables import Tables, tables_of

    tables = tables_of(query, connection.dialect)
    if tables is None:
        observer.on_unreadable(query)
        tables = Tables([])
    if reads or tables.read:
        observer.on_read(tables.read)
    if not reads:
        observer.on_write("query", tables.written, {"sql": query})
