"""The life of a job: one table of transitions, decided here and nowhere else.

A job that is not in the table has the status None. Statements that change jobs name, by `sources` and `target`, the
statuses that an event may come from and where it leads, so that the database decides races by the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Final

from datamill.errors import JobStateError


class Status(StrEnum):
    """What a job waits for. The order is that of the enum in the database."""

    PENDING = "pending"
    RESERVED = "reserved"
    SUCCESS = "success"
    ERROR = "error"
    IGNORE = "ignore"


class Event(Enum):
    """What can happen to a job.

    ``KEEP`` is completion under ``jobs.keep_completed``; ``POSTPONE`` a failure with attempts left; ``RECOVER`` the
    loss of a lease, ``QUARANTINE`` its loss too often; ``ORPHAN`` a reservation without lease that is too old;
    ``CLEAN`` the removal of what a refresh finds superfluous.
    """

    REFRESH = "refresh"
    RESERVE = "reserve"
    COMPLETE = "complete"
    KEEP = "keep"
    FAIL = "error"
    POSTPONE = "postpone"
    RELEASE = "release"
    RECOVER = "recover"
    QUARANTINE = "quarantine"
    ORPHAN = "orphan"
    RETRY = "retry"
    IGNORE = "ignore"
    CLEAN = "clean"
    DELETE = "delete"


State = Status | None
_Table = dict[Event, dict[State, State]]

_RUNNING: Final = (Status.RESERVED, Status.PENDING)
_ALL: Final = tuple(Status)

_TABLE: _Table = {
    Event.REFRESH: {None: Status.PENDING, Status.SUCCESS: Status.PENDING},
    Event.RESERVE: {Status.PENDING: Status.RESERVED},
    Event.COMPLETE: dict.fromkeys(_RUNNING, None),
    Event.KEEP: dict.fromkeys(_RUNNING, Status.SUCCESS),
    Event.FAIL: dict.fromkeys(_RUNNING, Status.ERROR),
    Event.POSTPONE: {Status.RESERVED: Status.PENDING},
    Event.RELEASE: {Status.RESERVED: Status.PENDING},
    Event.RECOVER: {Status.RESERVED: Status.PENDING},
    Event.QUARANTINE: {Status.RESERVED: Status.ERROR},
    Event.ORPHAN: {Status.RESERVED: Status.PENDING},
    Event.RETRY: {Status.ERROR: Status.PENDING},
    Event.IGNORE: dict.fromkeys((None, *_ALL), Status.IGNORE),
    Event.CLEAN: dict.fromkeys((Status.PENDING, Status.SUCCESS, Status.ERROR), None),
    Event.DELETE: dict.fromkeys(_ALL, None),
}

TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = MappingProxyType(
    {(source, event): target for event, moves in _TABLE.items() for source, target in moves.items()}
)
"""(status, event) -> new status; None is a job that is not there. What is absent is refused."""


def sources(event: Event) -> tuple[Status, ...]:
    """Return the statuses of existing jobs to which an event may happen, in the order of the enum."""
    return tuple(status for status in Status if (status, event) in TRANSITIONS)


def target(event: Event) -> State:
    """Return the status to which an event leads, from wherever it may come."""
    return next(iter(_TABLE[event].values()))


def advance(status: State, event: Event, key: Mapping[str, Any] | None = None) -> State:
    """Return the status after an event.

    Args:
        status: The status before; None if there is no such job.
        event: What happens.
        key: The job, for the message.

    Raises:
        JobStateError: The event cannot happen to such a job.

    Example:
        >>> advance(Status.PENDING, Event.RESERVE)
        <Status.RESERVED: 'reserved'>
    """
    if (status, event) in TRANSITIONS:
        return TRANSITIONS[status, event]
    what = f"is {status.value!r}" if status is not None else "is not in the job table"
    allowed = ", ".join(f"{item.value!r}" for item in sources(event)) or "no job"
    raise JobStateError(
        f"Cannot {event.value} the job {dict(key or {})}: it {what}.",
        key=dict(key or {}),
        status=None if status is None else status.value,
        hint=f"{event.value} applies to jobs that are {allowed}.",
    )
