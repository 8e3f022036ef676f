"""Waiting until there may be something new to compute."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from datamill.errors import LostConnectionError
from datamill.model.names import TableName
from datamill.settings.log import logger

if TYPE_CHECKING:
    from datamill.backends.base import Listener
    from datamill.data.connection import Connection

SECONDS_BETWEEN_LOOKS = 0.5
LONGEST_WAIT, LONGEST_WAIT_WHEN_TOLD = 60.0, 30.0


class Watch:
    """Notices that somebody wrote to some tables, as soon as the database tells.

    PostgreSQL announces which tables each transaction wrote to; SQLite counts the transactions of others; elsewhere
    nothing is told, and waiting is just that.

    Args:
        connection: Where the tables are.
        tables: What matters.
    """

    def __init__(self, connection: Connection, tables: Iterable[TableName]) -> None:
        self._connection = connection
        self._tables = frozenset(map(str, tables))
        self._listener: Listener | None = connection.session.listener()
        self._is_told = self._listener is not None
        self._seen: int | None = None

    @property
    def longest(self) -> float:
        """Seconds after which to look in any case: not everybody announces what they write."""
        return LONGEST_WAIT_WHEN_TOLD if self._is_told else LONGEST_WAIT

    def mark(self) -> None:
        """Forget what was written until now; call it before looking for work."""
        self._seen = self._connection.session.change_counter()
        if self._listener is not None:
            self._hear(0)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait until something was written since `mark`, the time is over, or ``stop`` is set."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and not stop.is_set():
            moment = min(left, SECONDS_BETWEEN_LOOKS)
            if self._hear(moment) if self._listener is not None else self._count(moment, stop):
                return

    def close(self) -> None:
        """Stop listening; idempotent."""
        if self._listener is not None:
            self._listener.close()

    def _count(self, seconds: float, stop: threading.Event) -> bool:
        stop.wait(seconds)
        if self._is_told:
            return self._listen_again()
        return self._connection.session.change_counter() != self._seen

    def _hear(self, seconds: float) -> bool:
        assert self._listener is not None
        try:
            return not self._tables.isdisjoint(self._listener.wait(seconds))
        except LostConnectionError as error:
            logger.warning("Nothing is heard of writes for now: %s", error)
            self._listener.close()
            self._listener = None
            return False

    def _listen_again(self) -> bool:
        """Return True once the server is there again: what was written meanwhile is unknown."""
        try:
            self._listener = self._connection.session.listener()
        except LostConnectionError as error:
            logger.debug("The server is not there yet: %s", error)
        return self._listener is not None
