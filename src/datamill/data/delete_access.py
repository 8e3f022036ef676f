"""Who owns the tables of a delete, and whether the user may read and empty them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datamill.errors import AccessError, DataMillError
from datamill.model.names import TableName
from datamill.sql.keys import explain_delete, select_some

if TYPE_CHECKING:
    from datamill.data.connection import Connection


@dataclass(frozen=True, slots=True)
class TableOwner:
    """Where a planned table stands.

    Fields:
        schema: Its schema.
        class_name: The name its class has or would have.
        imported: True if a `Schema` of this name is in use on the connection.
        owner: Who owns it in the database; None where the database knows no owners.
        deletable: True if the user may delete its rows.
    """

    schema: str
    class_name: str
    imported: bool
    owner: str | None
    deletable: bool


def table_owners(connection: Connection, names: Sequence[TableName]) -> dict[TableName, TableOwner]:
    """Return where tables stand."""
    owners = _database_owners(connection)
    return {
        name: TableOwner(
            name.schema,
            name.class_name,
            name.schema in connection.schemas,
            owners.get(name),
            may_delete(connection, name),
        )
        for name in names
    }


def _database_owners(connection: Connection) -> dict[TableName, str]:
    query = connection.dialect.table_owners
    if not query:
        return {}
    rows = connection.run_read(lambda session: session.execute(query).rows)
    return {TableName(schema, table): owner for schema, table, owner in rows}


def may_delete(connection: Connection, name: TableName) -> bool:
    """Return whether the user may delete rows of a table; nothing is changed."""
    statement = explain_delete(connection.dialect, name)
    try:
        with connection.write() as session:  # a savepoint: a refusal must not end an open transaction
            session.execute(statement.sql, statement.params)
    except AccessError:
        return False
    return True


def may_read(connection: Connection, name: TableName, key: Sequence[str]) -> bool:
    """Return whether the user may read the keys of a table."""
    statement = select_some(connection.dialect, name, key, 0)
    try:
        connection.read(statement)
    except AccessError:
        return False
    return True


def refused_delete(connection: Connection, names: Iterable[TableName]) -> AccessError | None:
    """Return the error that names the tables whose rows may not be deleted, or None."""
    refused = [str(name) for name in names if not may_delete(connection, name)]
    return _missing("DELETE", refused, "where rows would go") if refused else None


def require_read(connection: Connection, target: TableName, error: AccessError) -> DataMillError:
    """Return the error for a plan that could not be made: which tables in reach may not be read."""
    graph = connection.catalog.graph()
    refused = [
        str(name)
        for name in graph.descendants(target)
        if not may_read(connection, name, graph.specs[name].physical_key)
    ]
    return _missing("SELECT", refused, "where rows may depend on these") if refused else error


def _missing(privilege: str, tables: Sequence[str], why: str) -> AccessError:
    return AccessError(
        f"You lack the privilege {privilege} on {', '.join(tables)}, {why}. Nothing was deleted.",
        privilege=privilege,
        table=tables[0],
        hint="Ask their owners for it, or to delete for you.",
    )


def hidden_refusal(target: TableName) -> AccessError:
    """Make the error for rows that a table which the user cannot see refers to."""
    return AccessError(
        f"Rows of {target} or of its dependents are referred to by a table that is hidden from you. "
        "Nothing was deleted.",
        privilege="SELECT, DELETE",
        table=str(target),
        hint="Ask the database's administrator which table it is.",
    )
