"""Things that stand beside tables under names of their own: enum types and indexes, where the dialect has them."""

from __future__ import annotations

from collections.abc import Iterable

from datamill.backends.base import BackendSession
from datamill.model.names import TableName


def names_in_use(
    session: BackendSession, schemas: Iterable[str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, set[str]]]:
    """Return what schemas have already, so that a new table reuses or avoids it.

    Args:
        session: Where to look.
        schemas: Whose things.

    Returns:
        Enum types (``schema.name`` -> labels in order) and, for each schema, the names that no index may have; both
        empty where tables have no such things beside them.
    """
    query = session.dialect.ddl.named_objects
    types: dict[str, tuple[str, ...]] = {}
    taken: dict[str, set[str]] = {}
    if query:
        listed = sorted(schemas)
        for schema, name, labels in session.execute(query, (listed, listed)).rows:
            if labels is None:
                taken.setdefault(schema, set()).add(name)
            else:
                types[str(TableName(schema, name))] = tuple(labels)
    return types, taken


def drop_unused_types(session: BackendSession, schemas: Iterable[str]) -> None:
    """Drop the enum types of schemas that no column uses any more."""
    dialect = session.dialect
    if dialect.ddl.unused_types:
        for schema, name in session.execute(dialect.ddl.unused_types, (sorted(schemas),)).rows:
            session.execute(f"DROP TYPE IF EXISTS {dialect.table(TableName(schema, name))}")
