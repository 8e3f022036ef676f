"""Which privilege a user lacks: PostgreSQL's own message names the table, not the privilege."""

from __future__ import annotations

import re
from typing import Any

import psycopg

from datamill.backends.postgres_open import PgConnection
from datamill.errors import AccessError

_TABLES = re.compile(r'(?<!pg_temp\.)("(?:[^"]|"")+"\."(?:[^"]|"")+")(?!\.)')
_NEEDED = {
    "SELECT": ("SELECT", "UPDATE"),
    "INSERT": ("INSERT", "SELECT", "UPDATE"),
    "UPDATE": ("UPDATE", "SELECT"),
    "DELETE": ("DELETE", "SELECT"),
}
"""Verb -> privileges that it may need, the first in any case."""
_CHECK = """
SELECT p.privilege FROM unnest($1::text[]) AS t(name), unnest($2::text[]) WITH ORDINALITY AS p(privilege, place)
WHERE NOT has_table_privilege(t.name, p.privilege) ORDER BY p.place"""


def explain_denied(error: AccessError, sql: str | None, connection: PgConnection) -> AccessError:
    """Return the error with the privilege that is really missing.

    Args:
        error: As the server's message alone explains it.
        sql: The statement.
        connection: One that is not within a failed transaction.
    """
    needed = _NEEDED.get((sql or "").lstrip("( \n")[:6].upper())
    tables = [name for name in _TABLES.findall(sql or "") if error.table in (None, name.split('"')[-2])]
    if needed is None or not tables:
        return error
    try:
        missing = [row[0] for row in connection.execute(_CHECK, (tables, list(needed))).fetchall()]
    except psycopg.Error:  # not even that may be asked
        return error
    if not missing or error.privilege in missing:
        return error
    facts: dict[str, Any] = {name: getattr(error, name) for name in error.all_fields()}
    text = f"The database refuses: {missing[0]} on {tables[0]} is needed."
    hint = f"Ask the owner of {tables[0]} to grant {missing[0]}."
    return AccessError(text, hint=hint, **{**facts, "privilege": missing[0]})
