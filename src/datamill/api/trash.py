"""The trash: rows that were deleted with ``trash=True`` and can be restored.

Example:
    >>> import datamill as dm
    >>> (Mouse & {"mouse_id": 1}).delete(prompt=False, trash=True)  # doctest: +SKIP
    1
    >>> entry = dm.trash.list("lab")[0]  # doctest: +SKIP
    >>> dm.trash.restore(entry.id)  # doctest: +SKIP
    {'"lab.mouse"': 1, '"lab.session"': 2}
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from datamill.api import default
from datamill.api.schema import Schema
from datamill.data import trash as trashing
from datamill.data.trash import TrashEntry
from datamill.data.trash_table import prepare_trash
from datamill.errors import require

if TYPE_CHECKING:
    from datamill.data.connection import Connection

__all__ = ["TrashEntry", "list", "prepare", "purge", "restore"]


def list(schema: Schema | str, *, connection: Connection | None = None) -> Sequence[TrashEntry]:
    """Return what is in the trash of a schema, newest first.

    Args:
        schema: The schema of the tables that deletes were asked of.
        connection: Default: the schema's, else the process's.

    Returns:
        Entries with ``id``, ``time`` (UTC), ``user``, ``target``, ``counts`` and ``bytes``.
    """
    name, found = _schema(schema, connection)
    return trashing.entries(found, name)


def restore(
    id: str | TrashEntry, on_conflict: str = "raise", *, connection: Connection | None = None
) -> dict[str, int]:
    """Insert everything that one delete removed again, in one transaction, and take it out of the trash.

    Args:
        id: The entry or its id.
        on_conflict: What happens to rows whose keys exist: ``"raise"``, or ``"skip"`` those that are identical.
        connection: Default: the process's.

    Returns:
        Rows inserted by full table name, parents first.

    Raises:
        DefinitionError: A table is gone, or has other columns or references than then.
        DuplicateError: A key exists; with "skip": with other values.
        IntegrityError: Rows refer to rows that are gone.
        DataMillError: There is no such entry.
    """
    return trashing.restore(default.connection_or_default(connection), _id(id), on_conflict)


def purge(
    id: str | TrashEntry | None = None,
    older_than: datetime | timedelta | float | None = None,
    *,
    connection: Connection | None = None,
) -> int:
    """Remove entries from the trash for good; nothing goes unasked.

    Args:
        id: Which; None: those of all schemas.
        older_than: Only those from before a moment (UTC), or older than a time span (or so many seconds).
        connection: Default: the process's.

    Returns:
        The number of entries removed.
    """
    return trashing.purge(
        default.connection_or_default(connection), None if id is None else _id(id), older_than
    )


def prepare(schema: Schema | str, *, connection: Connection | None = None) -> None:
    """Make the trash table of a schema; needed only before deletes within a transaction, others make it.

    Args:
        schema: Which.
        connection: Default: the schema's, else the process's.
    """
    name, found = _schema(schema, connection)
    prepare_trash(found, name)


def _id(id: str | TrashEntry) -> str:
    return id.id if isinstance(id, TrashEntry) else id


def _schema(schema: Schema | str, connection: Connection | None) -> tuple[str, Connection]:
    if isinstance(schema, Schema):
        return schema.name, default.connection_or_default(connection or schema.connection)
    require(schema, str, "schema must be a Schema or its name")
    return schema, default.connection_or_default(connection)
