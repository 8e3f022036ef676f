"""Removing planned rows, dependents first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from datamill.data.cascade import Cascade
from datamill.data.key_set import Key
from datamill.errors import IntegrityError
from datamill.model.names import TableName
from datamill.sql.keys import delete_by_key, key_batches, types_of

if TYPE_CHECKING:
    from datamill.data.connection import Connection


Save = Callable[[TableName, Sequence[Key]], None]
"""Called with a table and keys of its rows right before they are removed."""


def remove(
    connection: Connection, cascade: Cascade, transaction: bool = True, save: Save | None = None
) -> int:
    """Remove the rows of a cascade.

    Args:
        connection: Where they are.
        cascade: The keys.
        transaction: All tables in one transaction, or each in its own.
        save: Keeps the rows, in the same transaction.

    Returns:
        The number of rows removed from the target table; rows that others removed meanwhile are not counted.

    Raises:
        IntegrityError: A row that is not planned refers to a planned one.
    """
    if transaction:
        with connection.write():
            return sum(_remove_table(connection, cascade, name, save) for name in reversed(cascade.tables()))
    count = 0
    for name in reversed(cascade.tables()):
        with connection.write():
            count += _remove_table(connection, cascade, name, save)
    return count


def _remove_table(connection: Connection, cascade: Cascade, name: TableName, save: Save | None = None) -> int:
    """Remove planned rows of one table; return their number if it is the target, else 0."""
    session, dialect = connection.session, connection.dialect
    key, count = cascade.graph.specs[name].physical_key, 0
    types = types_of(cascade.graph.specs[name])
    try:
        for keys in cascade.keys[name].batches():
            if save is not None:
                save(name, keys)
            for batch in key_batches(keys, len(key), dialect):
                statement = delete_by_key(dialect, name, key, batch, types)
                count += session.execute(statement.sql, statement.params).rowcount
    except IntegrityError as error:
        raise refers(cascade, name) from error.__cause__
    return count if name == cascade.target else 0


def refers(cascade: Cascade, name: TableName) -> IntegrityError:
    """Make the error for rows that something refers to."""
    children = list(dict.fromkeys(str(edge.child) for edge in cascade.graph.children(name)))
    return IntegrityError(
        f"Rows of {name} cannot be deleted: rows of {' or '.join(children) or 'another table'} refer to them.",
        constraint="foreign key",
        parent=str(name),
        child=children[0] if len(children) == 1 else tuple(children),
        table=str(name),
        hint="Use delete(), which also removes what depends on them.",
    )
