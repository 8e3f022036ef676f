"""Reading rows in batches through a cursor on the server, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import RawServerCursor

from datamill.backends.postgres_errors import DRIVER_ERRORS
from datamill.backends.postgres_open import PgConnection
from datamill.backends.postgres_text import numbered
from datamill.errors import DataMillError

Row = tuple[Any, ...]


class RowStream:
    """Batches of rows of a query, from the snapshot taken when this was made.

    Args:
        connection: A connection of its own.
        sql: The query.
        params: Its values.
        batch_size: Rows per batch.
        explain: Turns an error of the driver into one of ours.
        done: Called once with the connection when the last row is read or the stream is closed.

    Raises:
        DataMillError: The database refused the query.
    """

    __slots__ = ("_connection", "_cursor", "_done", "_explain", "_process", "_size", "_sql")

    def __init__(
        self,
        connection: PgConnection,
        sql: str,
        params: Sequence[Any],
        batch_size: int,
        explain: Callable[[Exception, str], DataMillError],
        done: Callable[[PgConnection], None],
    ) -> None:
        self._connection: PgConnection | None = connection
        self._process = os.getpid()
        self._explain, self._done = explain, done
        self._size, self._sql = batch_size, sql
        self._cursor: RawServerCursor[Row] = RawServerCursor(connection, "datamill_rows", withhold=False)
        try:
            connection.execute("BEGIN READ ONLY")
            if params:
                self._cursor.execute(numbered(sql), params, binary=True)
            else:
                self._cursor.execute(sql, binary=True)
        except DRIVER_ERRORS as error:
            self._finish()
            raise explain(error, sql) from error

    def __iter__(self) -> Iterator[list[Row]]:
        return self

    def __next__(self) -> list[Row]:
        if self._connection is None:
            raise StopIteration
        try:
            batch = self._cursor.fetchmany(self._size)
        except DRIVER_ERRORS as error:
            self._finish()
            raise self._explain(error, self._sql) from error
        if len(batch) < self._size:
            self._finish()
        if not batch:
            raise StopIteration
        return batch

    def close(self) -> None:
        """Free the cursor; idempotent."""
        if self._connection is not None:
            self._finish()

    def _finish(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None or os.getpid() != self._process:  # in a forked child it is the parent's
            return
        try:
            self._cursor.close()
            connection.execute("ROLLBACK")  # ends the cursor with its transaction
        except psycopg.Error:
            connection.close()
        self._done(connection)

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()
