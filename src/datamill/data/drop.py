"""Drop: tables with all that depends on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.data.cascade import check_part_integrity
from datamill.data.prompt import PROCEED, ask, describe_counts
from datamill.errors import DataMillError, IntegrityError
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName
from datamill.settings.log import logger
from datamill.sql.keys import count_rows

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def drop(
    connection: Connection, name: TableName, *, prompt: bool | None = None, part_integrity: str = "enforce"
) -> None:
    """Drop a table and all that depend on it, in any schema, dependents first.

    Args:
        connection: Where it is.
        name: The table.
        prompt: List the tables with their counts and ask; default ``config.safemode``.
        part_integrity: ``"ignore"`` allows dropping a part whose master stays.

    Raises:
        DataMillError: A part would go without its master; a transaction is open; nobody to ask.
        MissingTableError: There is no such table.
        ValueError: ``part_integrity`` is neither ``"enforce"`` nor ``"ignore"``.
    """
    if check_part_integrity(part_integrity) == "cascade":
        raise ValueError("part_integrity='cascade' has no meaning for drop: use 'enforce' or 'ignore'.")
    _refuse_in_transaction(connection)
    connection.catalog.spec(name)
    graph = connection.catalog.graph()
    names = graph.descendants(name)
    if part_integrity == "enforce":
        _require_masters(names)
    if connection.config.safemode if prompt is None else prompt:
        describe_counts(_counts(connection, names), zeros=True)
        if not ask(PROCEED):
            logger.info("Drop cancelled")
            return
    connection.catalog.drop_tables(reversed(names))


def drop_quick(connection: Connection, name: TableName) -> None:
    """Drop one table without asking; a table that does not exist is left alone.

    Raises:
        IntegrityError: Other tables reference it.
        DataMillError: A transaction is open.
    """
    _refuse_in_transaction(connection)
    if not connection.catalog.has(name):
        return
    children = _children(connection.catalog.graph(), name)
    if children:
        raise IntegrityError(
            f"{name} cannot be dropped, for it is referenced by {', '.join(children)}.",
            parent=str(name),
            child=tuple(children),
            constraint="foreign key",
            hint="Use drop(), which also drops what depends on it.",
        )
    connection.catalog.drop_tables([name])


def drop_schema(connection: Connection, schema: str, *, prompt: bool | None = None) -> None:
    """Drop a schema with all its tables.

    Args:
        connection: Where it is.
        schema: Its name.
        prompt: List the tables with their counts and ask; default ``config.safemode``.

    Raises:
        IntegrityError: Tables of other schemas reference its tables; they are named.
        DataMillError: A transaction is open; there is no such schema; nobody to ask.
    """
    _refuse_in_transaction(connection)
    graph = connection.catalog.graph()
    names = [name for name in graph.order() if name.schema == schema]
    outside = {
        str(edge.child) for name in names for edge in graph.children(name) if edge.child.schema != schema
    }
    if outside:
        raise IntegrityError(
            f"Schema {schema} cannot be dropped, for its tables are referenced by {', '.join(sorted(outside))}.",
            parent=schema,
            child=tuple(sorted(outside)),
            constraint="foreign key",
            hint="Drop those tables first.",
        )
    if connection.config.safemode if prompt is None else prompt:
        describe_counts(_counts(connection, names), zeros=True)
        if not ask(PROCEED):
            logger.info("Drop cancelled")
            return
    connection.catalog.drop_schema(schema)


def _refuse_in_transaction(connection: Connection) -> None:
    if connection.observer is not None:
        raise DataMillError("A running make cannot drop tables.", hint="Do it before populate.")
    if connection.in_transaction:
        raise DataMillError("Tables cannot be dropped within a transaction.", hint="Drop before or after it.")


def _require_masters(names: list[TableName]) -> None:
    going = set(names)
    left = [name for name in names if name.master is not None and name.master not in going]
    if left:
        listed = ", ".join(f"{name} (of {name.master})" for name in left)
        raise DataMillError(
            f"Parts would be dropped without their masters: {listed}.",
            hint="Drop the masters, or pass part_integrity='ignore'.",
        )


def _counts(connection: Connection, names: list[TableName]) -> dict[str, int]:
    counts = {}
    for name in names:
        statement = count_rows(connection.dialect, name)
        rows = connection.read(statement)
        counts[connection.dialect.table(name)] = int(rows[0][0])
    return counts


def _children(graph: DependencyGraph, name: TableName) -> list[str]:
    return list(dict.fromkeys(str(edge.child) for edge in graph.children(name)))
