"""Bulk inserts into PostgreSQL: INSERT for a few rows, COPY for many, a staging table where keys may exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from datamill.backends.base import Conflict
from datamill.backends.postgres_open import PgConnection
from datamill.backends.postgres_text import PLAIN_TEXT, numbered
from datamill.model.names import TableName
from datamill.sql.dialects.postgresql import POSTGRESQL
from datamill.sql.dml import insert_select, insert_values
from datamill.sql.writer import Statement

Columns = Sequence[Sequence[Any]]

FEW = 20
"""Rows up to which one INSERT is sent instead of a COPY."""
STAGE = "~stage"
"""Temporary table for rows whose keys may exist; no attribute or table can have this name."""
CHUNK = 1 << 20
"""Characters that are sent at a time."""
LARGE = 1 << 16
"""Bytes of a value from which it is sent as it is rather than as text."""
HUGE = 1 << 18
"""Bytes of a value from which it pays to keep it out of the plan, which may cost a trip."""


def write(
    connection: PgConnection,
    table: TableName,
    names: tuple[str, ...],
    columns: Columns,
    key: tuple[str, ...],
    conflict: Conflict,
    clause: str = "",
) -> int:
    """Write rows within one statement or, with a staging table, within the open transaction.

    ``clause`` is added to the INSERT where one is enough, see `is_single`.

    Returns:
        How many rows were written.
    """
    count = len(columns[0]) if columns else 0
    if count == 0:
        return 0
    if count <= FEW or _is_heavy(columns):
        return _insert(connection, table, names, columns, key, conflict, clause)
    if conflict == "error":
        return _copy(connection, POSTGRESQL.table(table), names, columns)
    return _stage(connection, table, names, columns, key, conflict)


def is_single(columns: Columns) -> bool:
    """True if `write` sends one INSERT."""
    return bool(columns) and 0 < len(columns[0]) <= FEW


def needs_transaction(columns: Columns, conflict: Conflict) -> bool:
    """True if `write` sends several statements."""
    return bool(columns) and len(columns[0]) > FEW and (conflict != "error" or _is_heavy(columns))


def _is_heavy(columns: Columns, size: int = LARGE) -> bool:
    """True if a value of the first row is large: the text of a COPY would double it."""
    firsts = [column[0] for column in columns if isinstance(column[0], bytes)]
    return bool(firsts) and max(map(len, firsts)) > size


def _insert(
    connection: PgConnection,
    table: TableName,
    names: tuple[str, ...],
    columns: Columns,
    key: tuple[str, ...],
    conflict: Conflict,
    clause: str,
) -> int:
    written, large = 0, _is_heavy(columns, HUGE)
    for start in range(0, len(columns[0]), FEW):
        some = [column[start : start + FEW] for column in columns]
        sql = numbered(insert_values(POSTGRESQL, table, names, key, conflict, len(some[0])) + clause)
        values = list(chain.from_iterable(zip(*some, strict=True)))
        written += connection.statements.run(sql, values, large=large).command_tuples or 0
    return written


def _copy(connection: PgConnection, target: str, names: tuple[str, ...], columns: Columns) -> int:
    listed = ", ".join(map(POSTGRESQL.identifier, names))
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {target} ({listed}) FROM STDIN") as copy,
    ):
        text = "\n".join(map("\t".join, zip(*map(_texts, columns), strict=True))) + "\n"
        for start in range(0, len(text), CHUNK):
            copy.write(text[start : start + CHUNK])
    return len(columns[0])


def _stage(
    connection: PgConnection,
    table: TableName,
    names: tuple[str, ...],
    columns: Columns,
    key: tuple[str, ...],
    conflict: Conflict,
) -> int:
    stage, listed = POSTGRESQL.identifier(STAGE), ", ".join(map(POSTGRESQL.identifier, names))
    target = POSTGRESQL.table(table)
    connection.execute(f"CREATE TEMPORARY TABLE {stage} AS SELECT {listed} FROM {target} WITH NO DATA")
    _copy(connection, f"pg_temp.{stage}", names, columns)
    select = Statement(f"SELECT {listed} FROM pg_temp.{stage}")
    (statement,) = insert_select(POSTGRESQL, table, names, select, key=key, conflict=conflict)
    written = connection.execute(statement.sql).rowcount
    connection.execute(f"DROP TABLE pg_temp.{stage}")
    return written


# columns as COPY wants them ----------------------------------------------------------------------------------

NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SPECIAL = ("\\", "\t", "\n", "\r")


def _text_of_bytes(value: bytes | bytearray | memoryview) -> str:
    return "\\\\x" + bytes(value).hex()


_TEXT_OF: dict[type, Callable[[Any], str]] = {
    **PLAIN_TEXT,
    bytes: _text_of_bytes,
    bytearray: _text_of_bytes,
    memoryview: _text_of_bytes,
    type(None): lambda value: NULL,
}


def _texts(column: Sequence[Any]) -> Sequence[str]:
    """Return a column of driver values as COPY's text format writes them."""
    types = set(map(type, column))
    if types == {str}:
        joined = "".join(column)
        if not any(special in joined for special in _SPECIAL):
            return column
        return [value.translate(_ESCAPES) for value in column]
    if len(types) == 1:
        (only,) = types
        return list(map(_writer(only), column))
    writers = {kind: _writer(kind) for kind in types}
    return [writers[type(value)](value) for value in column]


def _writer(kind: type) -> Callable[[Any], str]:
    found = _TEXT_OF.get(kind)
    if found is not None:
        return found
    if issubclass(kind, str):
        return lambda value: value.translate(_ESCAPES)
    base = next((base for base in kind.__mro__ if base in _TEXT_OF), None)
    if base is None:
        raise TypeError(f"cannot adapt a value of type {kind.__name__}")
    return _TEXT_OF[base]
