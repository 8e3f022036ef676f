"""Bulk inserts into MySQL: LOAD DATA LOCAL where the server takes it, else many rows per INSERT within its packet.

MySQL has no conflict clause for one index. Existing keys are read and locked, the rows split into those to insert and
those to update; where another session was faster, or the server's collation sees equal what Python does not, the rows
go one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import time
from functools import lru_cache
from typing import Any, Protocol

from datamill.backends.base import Conflict
from datamill.backends.mysql_errors import code_of, message_of, row_of
from datamill.backends.mysql_literals import bind
from datamill.backends.mysql_open import Server
from datamill.backends.mysql_render import LOAD_OPTIONS, pieces, rows_as_lines, rows_as_values
from datamill.backends.mysql_wire import Answer
from datamill.errors import DataMillError, DuplicateError, LostConnectionError, QueryError
from datamill.model.names import TableName
from datamill.model.types import parse_type
from datamill.sql.dialects.adapters import timedelta_to_time
from datamill.sql.dialects.base import Dialect
from datamill.sql.keys import key_batches, select_by_key, update_by_key

LOAD_FROM = 100
"""Rows from which LOAD DATA is faster than an INSERT of many rows (measured, seven columns)."""
MOST_BYTES = 1 << 22
"""Bytes per INSERT: larger statements are no faster (measured)."""
LONG_BYTES = 1 << 15
"""Bytes of an INSERT with binary values from which `Runs.byte_by_byte` saves more than it costs (measured)."""
_ROOM = 1024
_FLOAT = parse_type("float32")
"""What floats of a key are read as, so that none of them is rounded."""
_SAVEPOINT = b"datamill_load"
_NOT_ALLOWED = frozenset((1148, 2068, 3948, 4166))
"""LOAD DATA LOCAL is switched off."""
Columns = Sequence[Sequence[Any]]


class Runs(Protocol):
    """What a bulk insert needs of a session."""

    dialect: Dialect
    server: Server

    def run(self, statement: bytes, sql: str | None = None, data: Sequence[bytes] | None = None) -> Answer:
        """Run one statement."""

    def together(self, several: bool) -> AbstractContextManager[None]:
        """Write all or nothing of a block."""

    def byte_by_byte(self) -> AbstractContextManager[None]:
        """Have the server read statements faster."""


class BulkInsert:
    """One insert of rows given as columns, all or none of them.

    Args:
        session: Where to write.
        table: Where to insert.
        names: Columns.
        key: Primary key.
        conflict: What to do with rows whose primary key exists.
    """

    __slots__ = ("_conflict", "_head", "_key", "_names", "_session", "_table")

    def __init__(
        self,
        session: Runs,
        table: TableName,
        names: tuple[str, ...],
        key: tuple[str, ...],
        conflict: Conflict,
    ) -> None:
        self._session, self._table = session, table
        self._names, self._key, self._conflict = names, key, conflict
        self._head = _head(session.dialect, table, names)

    def write(self, columns: Columns) -> int:
        """Write the rows; return how many."""
        count = len(columns[0]) if columns else 0
        if count == 0:
            return 0
        if self._conflict == "error" and self._names and count < LOAD_FROM:
            return self._insert_rows(columns, "")
        with self._session.together(several=True):
            return self._write_many(columns, count)

    def _write_many(self, columns: Columns, count: int) -> int:
        if self._conflict == "error":
            return self._insert(columns, count)
        if not self._key or not set(self._key) <= set(self._names):
            return self._one_by_one(columns, range(count))
        return self._split(columns, count)

    # --- new rows

    def _insert(self, columns: Columns, count: int) -> int:
        if not self._names:
            return sum(self._send(self._head + "()", row, b"").changed for row in range(count))
        if self._session.server.takes_files and not _holds_bytes(columns):
            loaded = self._load(columns, count)
            if loaded is not None:
                return loaded
        return self._insert_rows(columns, "")

    def _insert_rows(self, columns: Columns, tail: str) -> int:
        """Insert rows by statements as long as the server takes; return how many."""
        head, end = self._head.encode(), tail.encode()
        most = min(self._session.server.most_packet, MOST_BYTES) - len(head) - len(end) - _ROOM
        rows = rows_as_values(columns)
        runs = pieces(rows, most)
        with self._session.together(several=len(runs) > 1):
            for start, run in runs:
                statement = head + b",".join(run) + end
                is_long = len(statement) >= LONG_BYTES and _holds_bytes(columns) and self._head.isascii()
                with self._session.byte_by_byte() if is_long else nullcontext():
                    self._send(self._head, start, statement)
        return len(rows)

    def _send(self, sql: str, start: int, statement: bytes) -> Answer:
        """Run an INSERT whose first row has the position ``start`` in the user's input."""
        try:
            return self._session.run(statement or sql.encode(), sql + "...")
        except DataMillError as error:
            raise self._located(error, start) from error.__cause__

    def _located(self, error: DataMillError, start: int) -> DataMillError:
        cause = error.__cause__
        if cause is None and error.row_index is None:
            error.row_index = start  # one row too large to be sent
        if isinstance(cause, Exception) and not isinstance(error, LostConnectionError):
            place = row_of(cause)
            if place is not None and error.row_index is None:
                error.row_index = start + place
            if isinstance(error, DuplicateError) and _is_primary(cause):
                error.attributes = self._key
        return error

    def _load(self, columns: Columns, count: int) -> int | None:
        """Send rows by LOAD DATA LOCAL; None if the server did not take every one as it is.

        LOCAL means IGNORE: rows that clash, refer to nothing or do not fit only give warnings. Then all are undone, and
        an INSERT shall say what is wrong.
        """
        session, dialect = self._session, self._session.dialect
        listed = ", ".join(map(dialect.identifier, self._names))
        sql = (
            f"LOAD DATA LOCAL INFILE 'rows' INTO TABLE {dialect.table(self._table)} "
            f"CHARACTER SET utf8mb4 {LOAD_OPTIONS} ({listed})"
        )
        lines = rows_as_lines(columns)
        session.run(b"SAVEPOINT " + _SAVEPOINT)
        try:
            answer = session.run(sql.encode(), sql, [b"".join(lines)])
        except QueryError as error:
            if error.is_retryable or not isinstance(error.__cause__, Exception):
                raise
            if code_of(error.__cause__) not in _NOT_ALLOWED:
                session.run(b"ROLLBACK TO SAVEPOINT " + _SAVEPOINT)
            return None
        if answer.warnings or answer.changed != count:
            session.run(b"ROLLBACK TO SAVEPOINT " + _SAVEPOINT)
            return None
        session.run(b"RELEASE SAVEPOINT " + _SAVEPOINT)
        return count

    # --- rows whose key may exist

    def _split(self, columns: Columns, count: int) -> int:
        places = [self._names.index(name) for name in self._key]
        keys = list(zip(*(columns[place] for place in places), strict=True))
        found = self._existing(keys)
        # In the order of keys, so that two who write the same rows wait for each other rather than deadlock.
        rows = _firsts(keys) if self._conflict == "skip" else list(range(count))
        order = sorted(rows, key=keys.__getitem__)
        new = [row for row in order if keys[row] not in found]
        written = self._insert_new(columns, new)
        old = [row for row in order if keys[row] in found]
        if self._conflict == "replace" and old:
            written += self._replace(columns, old)
        return written

    def _existing(self, keys: list[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
        """Return which keys exist, and lock their rows; keys that are absent are not locked, lest others deadlock."""
        seen = self._read(keys, "")
        lock = " FOR UPDATE" if self._conflict == "replace" else " LOCK IN SHARE MODE"
        return set(self._read(seen, lock)) if seen else set()

    def _read(self, keys: list[tuple[Any, ...]], lock: str) -> list[tuple[Any, ...]]:
        dialect, rows = self._session.dialect, []
        examples = dict(zip(self._key, keys[0], strict=True))
        types = {name: _FLOAT for name, value in examples.items() if isinstance(value, float)}
        for some in key_batches(list(dict.fromkeys(keys)), len(self._key)):
            query = select_by_key(dialect, self._table, self._key, self._key, some, types)
            rows += self._session.run(bind(query.sql + lock, query.params), query.sql + lock).rows
        if any(isinstance(value, time) for value in examples.values()):
            rows = [tuple(map(timedelta_to_time, row)) for row in rows]
        return rows

    def _insert_new(self, columns: Columns, rows: Sequence[int]) -> int:
        if not rows:
            return 0
        session = self._session
        session.run(b"SAVEPOINT " + _SAVEPOINT)
        try:
            count = self._insert_rows(_selected(columns, rows), "")
        except DuplicateError as error:
            if not isinstance(error.__cause__, Exception) or not _is_primary(error.__cause__):
                raise
            session.run(b"ROLLBACK TO SAVEPOINT " + _SAVEPOINT)
            return self._one_by_one(columns, rows)
        session.run(b"RELEASE SAVEPOINT " + _SAVEPOINT)
        return count

    def _replace(self, columns: Columns, rows: Sequence[int]) -> int:
        """Overwrite rows that exist and are locked: the clash can be on their primary key only."""
        quote = self._session.dialect.identifier
        others = [quote(name) for name in self._names if name not in self._key] or [quote(self._key[0])]
        if self._session.server.is_mariadb:
            tail = f" ON DUPLICATE KEY UPDATE {', '.join(f'{name} = VALUE({name})' for name in others)}"
        else:
            changes = ", ".join(f"{name} = `~new`.{name}" for name in others)
            tail = f" AS `~new` ON DUPLICATE KEY UPDATE {changes}"
        return self._insert_rows(_selected(columns, rows), tail)

    def _one_by_one(self, columns: Columns, rows: Sequence[int]) -> int:
        """Insert or, where the server says that the primary key exists, skip or overwrite each row."""
        written = 0
        for row in rows:
            values = [column[row] for column in columns]
            text = bind(f"({', '.join(['%s'] * len(values))})", values) if values else b"()"
            try:
                self._send(self._head, row, self._head.encode() + text)
            except DuplicateError as error:
                if not isinstance(error.__cause__, Exception) or not _is_primary(error.__cause__):
                    raise
                written += self._overwrite(values, row) if self._conflict == "replace" else 0
            else:
                written += 1
        return written

    def _overwrite(self, values: list[Any], row: int) -> int:
        given = dict(zip(self._names, values, strict=True))
        changes = [(name, value) for name, value in given.items() if name not in self._key]
        if not changes:
            return 1
        dialect = self._session.dialect
        if set(self._key) <= set(given):
            key = tuple(given[name] for name in self._key)
            update = update_by_key(dialect, self._table, changes, self._key, key)
            sql, params = update.sql, update.params
        else:  # the key has a default: there is one row
            places = ", ".join(f"{dialect.identifier(name)} = %s" for name, _ in changes)
            sql = f"UPDATE {dialect.table(self._table)} SET {places}"
            params = tuple(value for _, value in changes)
        self._send(sql, row, bind(sql, params))
        return 1


@lru_cache(maxsize=1024)
def _head(dialect: Dialect, table: TableName, names: tuple[str, ...]) -> str:
    listed = ", ".join(map(dialect.identifier, names))
    return f"INSERT INTO {dialect.table(table)} ({listed}) VALUES "


def _is_primary(error: Exception) -> bool:
    """True if a clash is on the primary key, which the server checks first."""
    message = message_of(error)
    return message.endswith((".PRIMARY'", "'PRIMARY'"))


def _holds_bytes(columns: Columns) -> bool:
    kinds: set[type] = set()
    for column in columns:
        kinds.update(map(type, column))
    return not kinds.isdisjoint((bytes, bytearray, memoryview))


def _firsts(keys: list[tuple[Any, ...]]) -> list[int]:
    """Return the position of the first row of each key."""
    first: dict[tuple[Any, ...], int] = {}
    for row, key in enumerate(keys):
        first.setdefault(key, row)
    return list(first.values())


def _selected(columns: Columns, rows: Sequence[int]) -> list[list[Any]]:
    return [[column[row] for row in rows] for column in columns]
