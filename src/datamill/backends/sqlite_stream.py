"""Reading rows in batches, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import Any

import apsw

from datamill.errors import DataMillError

Row = tuple[Any, ...]


def batches(rows: list[Row], size: int) -> Generator[list[Row]]:
    """Yield rows that are there already in batches."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


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

    __slots__ = ("_connection", "_done", "_explain", "_rows", "_size", "_sql")

    def __init__(
        self,
        connection: apsw.Connection,
        sql: str,
        params: Sequence[Any],
        batch_size: int,
        explain: Callable[[Exception, str], DataMillError],
        done: Callable[[apsw.Connection], None],
    ) -> None:
        self._connection: apsw.Connection | None = connection
        self._explain, self._done = explain, done
        self._size, self._sql = batch_size, sql
        try:
            self._rows = connection.execute(sql, params)
        except (apsw.Error, TypeError, OverflowError, UnicodeError) as error:
            self._finish()
            raise explain(error, sql) from error
        except BaseException:  # an interrupt
            self._finish()
            raise

    def __iter__(self) -> Iterator[list[Row]]:
        return self

    def __next__(self) -> list[Row]:
        if self._connection is None:
            raise StopIteration
        try:
            batch = list(islice(self._rows, self._size))
        except (apsw.Error, TypeError, OverflowError, UnicodeError) as error:
            self.close()
            raise self._explain(error, self._sql) from error
        if not batch:
            self.close()
            raise StopIteration
        return batch

    def close(self) -> None:
        """Free the connection; idempotent."""
        if self._connection is not None:
            if hasattr(self, "_rows"):
                self._rows.close(force=True)
            self._finish()

    def _finish(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._done(connection)

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()
