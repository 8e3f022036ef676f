"""Answers of SELECTs kept in files, for analyses that are run again and again on data that does not change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

from datamill.backends.base import BackendSession, Conflict, Listener, RawTable, Result
from datamill.data.raw_sql import is_read
from datamill.errors import QueryError
from datamill.model.names import TableName

SUFFIX = ".query"


class CachingSession:
    """A session that answers SELECTs from files and refuses to write.

    Args:
        session: Answers what is not in the files yet.
        folder: Where the files are.
        place: Which database answers: part of each key, too.
        label: Part of each key: another label is another cache.
    """

    def __init__(self, session: BackendSession, folder: Path, place: str, label: str) -> None:
        self.dialect = session.dialect
        self._session = session
        self._folder = folder
        self._place = place
        self._label = label

    @property
    def in_transaction(self) -> bool:
        """True if a transaction is open."""
        return self._session.in_transaction

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Result:
        """Answer a query from its file, or run it and keep the answer.

        Raises:
            QueryError: The statement writes.
        """
        if not is_read(sql):
            self._refuse(sql)
        from datamill.codecs.blob import pack, unpack

        file = self._folder / f"{_key(self._place, self._label, sql, params)}{SUFFIX}"
        with suppress(FileNotFoundError):
            columns, rows, count = unpack(file.read_bytes())
            return Result(tuple(columns), list(rows), count)
        result = self._session.execute(sql, params)
        _write_file(file, pack((result.columns, result.rows, result.rowcount)))
        return result

    def stream(
        self, sql: str, params: Sequence[Any] = (), batch_size: int = 1000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Answer a query from its file, in batches."""
        rows = self.execute(sql, params).rows
        return (rows[start : start + batch_size] for start in range(0, len(rows), batch_size))

    def insert_columns(
        self,
        table: TableName,
        names: Sequence[str],
        columns: Sequence[Sequence[Any]],
        *,
        key: Sequence[str] = (),
        conflict: Conflict = "error",
    ) -> int:
        """Refuse."""
        self._refuse(f"INSERT INTO {table}")

    def _refuse(self, sql: str) -> NoReturn:
        raise QueryError(
            f"Only SELECT is allowed while the query cache {self._label!r} is set.",
            sql=sql,
            hint="Call connection.set_query_cache() to write again.",
        )

    def begin(self, write: bool = True) -> None:
        """Open a transaction for reading."""
        if write:
            self._refuse("BEGIN")
        self._session.begin(write)

    def commit(self) -> None:
        """End it."""
        self._session.commit()

    def rollback(self) -> None:
        """End it."""
        self._session.rollback()

    def savepoint(self, name: str) -> None:
        """Mark a point."""
        self._session.savepoint(name)

    def release_savepoint(self, name: str) -> None:
        """Forget the point."""
        self._session.release_savepoint(name)

    def rollback_to_savepoint(self, name: str) -> None:
        """Go back to the point."""
        self._session.rollback_to_savepoint(name)

    def rebuilding(self, tables: Sequence[TableName]) -> AbstractContextManager[None]:
        """Refuse."""
        self._refuse("ALTER TABLE")

    def list_schemas(self) -> list[str]:
        """Names of user schemas."""
        return self._session.list_schemas()

    def load_tables(
        self, schemas: Sequence[str] | None = None, names: Sequence[str] | None = None
    ) -> list[RawTable]:
        """Describe tables, as they are now."""
        return self._session.load_tables(schemas, names)

    def change_counter(self) -> int | None:
        """Return the database's counter of changes by others."""
        return self._session.change_counter()

    def announce(self, table: TableName) -> None:
        """Nothing: there are no writes."""

    def listener(self) -> Listener | None:
        """Open what hears of writes by others."""
        return self._session.listener()

    def catalog_version(self) -> int | None:
        """Return the number that changes with the definitions."""
        return self._session.catalog_version()

    def ping(self) -> None:
        """Raise if the connection is gone."""
        self._session.ping()

    def close(self) -> None:
        """End the connection."""
        self._session.close()


def purge(folder: Path) -> int:
    """Delete all kept answers of a folder; return how many there were."""
    files = list(folder.glob(f"*{SUFFIX}"))
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def _key(place: str, label: str, sql: str, params: Sequence[Any]) -> str:
    return blake2b(repr((place, label, sql, tuple(params))).encode(), digest_size=20).hexdigest()


def _write_file(file: Path, content: bytes) -> None:
    """Write under a name of its own first, so that no reader sees half a file and no two writers share one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{uuid4().hex}")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
