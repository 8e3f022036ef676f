"""What a session needs of a driver for MySQL, whichever it is: PyMySQL, or mysqlclient where it is installed."""

from __future__ import annotations

import select
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import pyarrow

Row = tuple[Any, ...]


class Answer(NamedTuple):
    """What a statement gave.

    Fields: names of columns, rows, how many rows changed (or were found), how many warnings the server has.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    changed: int
    warnings: int


@dataclass(frozen=True, slots=True)
class Login:
    """Where to connect and how.

    Fields: ``tls`` is True (required), False (off), None (tried) or a mapping of options; ``wait`` in seconds.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str | None = None
    charset: str = "utf8mb4"
    tls: bool | Mapping[str, Any] | None = None
    socket: str | None = None
    wait: float = 10


class Wire(Protocol):
    """One connection of a driver; statements are complete texts, in bytes."""

    errors: tuple[type[Exception], ...]
    """What it raises."""
    can_load: bool
    """Rows can be sent by LOAD DATA LOCAL, from memory."""
    can_read_arrow: bool
    """Columns can be read without a Python object per value."""

    def run(self, statement: bytes) -> Answer:
        """Run one statement and fetch everything."""

    def load(self, statement: bytes, data: Iterable[bytes]) -> Answer:
        """Run LOAD DATA LOCAL and send these data, whatever file the server asks for."""

    def read_arrow(self, statement: bytes) -> pyarrow.Table | None:
        """Run one query; return its columns, None if there is a value that Arrow has nothing like."""

    def stream(self, statement: bytes, size: int) -> tuple[tuple[str, ...], Iterator[list[Row]]]:
        """Run one query; return its column names and batches of its rows as they arrive."""

    def is_stale(self) -> bool:
        """True if the server hung up while nothing was asked of it."""

    def close(self) -> None:
        """Say good-bye and close; idempotent, never raises."""

    def abort(self) -> None:
        """Drop the connection without reading what is still to come; idempotent, never raises."""


def has_input(descriptor: int) -> bool:
    """True if there is something to read, or the end; on a connection of which nothing was asked, that is bad news."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
