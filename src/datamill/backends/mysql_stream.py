"""Reading rows of MySQL in batches, in bounded memory, on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from datamill.backends.mysql_wire import Wire
from datamill.errors import DataMillError

Row = tuple[Any, ...]


def batches(rows: list[Row], size: int) -> Generator[list[Row]]:
    """Yield rows that are there already in batches."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


class RowStream:
    """Batches of rows of a query as they arrive; the query reads one snapshot.

    Args:
        wire: A connection of its own.
        statement: The query.
        size: Rows per batch.
        explain: Turns an error of the driver into one of ours.

    Raises:
        DataMillError: The server refused the query.
    """

    __slots__ = ("__weakref__", "_done", "_explain", "_rows", "_wire")

    def __init__(
        self, wire: Wire, statement: bytes, size: int, explain: Callable[[Exception], DataMillError]
    ) -> None:
        self._wire: Wire | None = wire
        self._explain = explain
        self._done: Callable[[RowStream, Wire | None], None] | None = None
        try:
            self._rows: Iterator[list[Row]] = wire.stream(statement, size)[1]
        except wire.errors as error:
            self._wire = None
            wire.close()
            raise explain(error) from error

    def on_end(self, done: Callable[[RowStream, Wire | None], None]) -> None:
        """Call a function once, with this stream, and with the connection if it can be used again."""
        self._done = done

    def __iter__(self) -> Iterator[list[Row]]:
        return self

    def __next__(self) -> list[Row]:
        wire = self._wire
        if wire is None:
            raise StopIteration
        try:
            batch = next(self._rows, None)
        except wire.errors as error:
            self.close()
            raise self._explain(error) from error
        except BaseException:
            self.close()
            raise
        if batch is None:
            self._finish(wire)
            raise StopIteration
        return batch

    def close(self) -> None:
        """Free the connection; idempotent. What is still to come is not read."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.abort()
            self._finish(None)

    def _finish(self, wire: Wire | None) -> None:
        self._wire = None
        done, self._done = self._done, None
        if done is not None:
            done(self, wire)

    def __del__(self) -> None:
        if getattr(self, "_wire", None) is not None:
            self.close()
