"""How each dialect locks and identifies what takes part in a queue of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class QueueTraits:
    """Spellings for queues.

    Fields:
        lock: What follows a SELECT that locks the rows it reads until the transaction ends.
        lock_free: The same, passing over rows that others have locked.
        connection_id: Expression for the server's number of this connection.
    """

    lock: str = ""
    lock_free: str = ""
    connection_id: str = "0"


_SERVER_LOCKS = {"lock": " FOR UPDATE", "lock_free": " FOR UPDATE SKIP LOCKED"}

QUEUES: Final[Mapping[str, QueueTraits]] = MappingProxyType(
    {
        "sqlite": QueueTraits(),  # a transaction that writes is alone
        "postgresql": QueueTraits(**_SERVER_LOCKS, connection_id="pg_backend_pid()"),
        "mysql": QueueTraits(**_SERVER_LOCKS, connection_id="CONNECTION_ID()"),
        "mariadb": QueueTraits(**_SERVER_LOCKS, connection_id="CONNECTION_ID()"),
    }
)
"""Dialect -> traits."""
