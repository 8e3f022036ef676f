"""Forks: SQLite's locks belong to a process, so no open file may cross into a child.

Idle sessions are closed just before a fork and open again when next used, in the parent and in the child. A file that
is in use during the fork stays usable in the parent only.
"""

from __future__ import annotations

import os
import weakref
from functools import cache
from typing import Any, Protocol

from datamill.backends.sqlite_open import MEMORY


class Forked(Protocol):
    """A session that can be closed for a moment."""

    path: str

    def suspend(self) -> None:
        """Close idle connections."""

    def abandon(self) -> list[Any]:
        """In a child: give up connections of the parent and return them."""


_SESSIONS: weakref.WeakSet[Forked] = weakref.WeakSet()
_LEFT_OPEN: list[Any] = []
"""The parent's connections: closing them here would remove the parent's files from under it."""
UNSAFE_PATHS: set[str] = set()
"""Files that this process may not open."""


def watch(session: Forked) -> None:
    """Take care of a session in forks."""
    _install()
    _SESSIONS.add(session)


@cache
def _install() -> None:
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(before=_before, after_in_child=_in_child)


def _before() -> None:
    for session in list(_SESSIONS):
        session.suspend()


def _in_child() -> None:
    for session in list(_SESSIONS):
        connections = session.abandon()
        if connections:
            _LEFT_OPEN.extend(connections)
            UNSAFE_PATHS.add(session.path)
    UNSAFE_PATHS.discard(MEMORY)  # a new one is another database
