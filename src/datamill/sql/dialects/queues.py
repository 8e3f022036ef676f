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
        server_time: Expression for the time in the zone that sessions have by default; empty: that of this session.
    """

    lock: str = ""
    lock_free: str = ""
    connection_id: str = "0"
    server_time: str = ""


_SERVER_LOCKS = {"lock": " FOR UPDATE", "lock_free": " FOR UPDATE SKIP LOCKED"}

_MYSQL = QueueTraits(
    **_SERVER_LOCKS,
    connection_id="CONNECTION_ID()",
    server_time="CONVERT_TZ(UTC_TIMESTAMP(3), '+00:00', @@GLOBAL.time_zone)",
)

QUEUES: Final[Mapping[str, QueueTraits]] = MappingProxyType(
    {
        "sqlite": QueueTraits(),  # a transaction that writes is alone
        "postgresql": QueueTraits(
            **_SERVER_LOCKS,
            connection_id="pg_backend_pid()",
            # Noted when the session was opened.
            server_time="STATEMENT_TIMESTAMP() AT TIME ZONE current_setting('datamill.server_zone')",
        ),
        "mysql": _MYSQL,
        "mariadb": _MYSQL,
    }
)
"""Dialect -> traits."""
