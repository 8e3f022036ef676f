"""Foreign keys that are lifted while the tables they refer to are built anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from datamill.backends.base import Result
from datamill.errors import IntegrityError
from datamill.model.names import TableName
from datamill.sql.dialects.postgresql import POSTGRESQL

_REFERENCES = """
SELECT cn.nspname::text, c.relname::text, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND (pn.nspname || '.' || p.relname) = ANY(%s::text[]) ORDER BY k.oid"""


class Executes(Protocol):
    """What runs a statement."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Run one statement."""


class References:
    """The foreign keys that refer to some tables.

    Args:
        session: Where, within a transaction.
        tables: The tables that are built anew.
    """

    def __init__(self, session: Executes, tables: Sequence[TableName]) -> None:
        self._session = session
        self._tables = set(tables)
        rows = session.execute(_REFERENCES, ([str(table) for table in tables],)).rows
        self._found = [(TableName(schema, table), name, text) for schema, table, name, text in rows]

    def lift(self) -> None:
        """Drop them, so that their parents can be dropped."""
        for table, name, _ in self._found:
            self._session.execute(
                f"ALTER TABLE {POSTGRESQL.table(table)} DROP CONSTRAINT {POSTGRESQL.identifier(name)}"
            )

    def restore(self) -> None:
        """Make those of other tables again, which checks their rows; the rebuilt tables have theirs."""
        for table, name, text in self._found:
            if table not in self._tables:
                self._session.execute(
                    f"ALTER TABLE {POSTGRESQL.table(table)} ADD CONSTRAINT {POSTGRESQL.identifier(name)} {text}"
                )


_NAMESAKES = """
SELECT n.nspname::text FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relname = %s"""


def complete(session: Executes, error: IntegrityError) -> IntegrityError:
    """Return the error for a missing row with the full name of the table that lacks it; the server omits its schema."""
    if not error.parent or error.constraint != "foreign key":
        return error
    schemas = session.execute(_NAMESAKES, (error.parent,)).rows
    if len(schemas) != 1:
        return error
    parent = str(TableName(schemas[0][0], error.parent))
    facts = {name: getattr(error, name) for name in error.all_fields()}
    text = f"Rows of {error.child} would refer to rows that {parent} does not have."
    return IntegrityError(text, **{**facts, "parent": parent})
