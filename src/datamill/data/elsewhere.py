"""Connections in other processes: what a pickle finds again, and what a forked child must leave alone."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Travelling(Protocol):
    """A connection, as far as other processes are concerned."""

    def after_fork(self) -> list[object]:
        """Start anew in a forked child; return what belongs to the parent."""


_live: weakref.WeakValueDictionary[str, Travelling] = weakref.WeakValueDictionary()
_abandoned: list[object] = []
"""Sessions that belong to the parent process: a forked child must neither use nor close them."""
_hooked: list[bool] = []


def register(token: str, connection: Travelling) -> None:
    """Remember a connection under the name that its pickles carry."""
    if not _hooked:
        _hooked.append(True)
        os.register_at_fork(after_in_child=_after_fork)
    _live[token] = connection


def find(token: str) -> Travelling | None:
    """Return the connection of this name, if it lives in this process."""
    return _live.get(token)


def _after_fork() -> None:
    for connection in list(_live.values()):
        _abandoned.extend(connection.after_fork())
