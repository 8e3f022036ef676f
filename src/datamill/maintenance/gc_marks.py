"""Where marks are kept: in the hidden table ``~gc`` of a schema, or in the store if the schema is gone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from datamill.catalog.definitions import changing, run
from datamill.data import gc_marks
from datamill.data.gc_marks import PURGING, Mark, gc_spec, has_marks, read_marks
from datamill.data.values import table_coder
from datamill.sql import ddl
from datamill.sql.keys import delete_by_key, key_batches, update_by_key
from datamill.storage.addressing import OWN_SECTION
from datamill.storage.backend import StorageBackend

if TYPE_CHECKING:
    from datamill.data.connection import Connection

_NAMES: Final = ("path_hash", "store", "path", "size", "marked_at", "state")


class Marks(Protocol):
    """The marks of one schema."""

    def read(self) -> list[Mark]:
        """Return all marks."""

    def add(self, marks: Sequence[Mark]) -> None:
        """Add marks of objects that have none."""

    def drop(self, marks: Iterable[Mark]) -> None:
        """Remove marks that are still as they were read."""

    def begin_purge(self, marks: Sequence[Mark]) -> list[Mark]:
        """Set marks to purging; return those that are so now: others were rescued, or another collection has them."""


def marks_of(connection: Connection, backend: StorageBackend, schema: str) -> Marks:
    """Return where the marks of a schema are kept."""
    if connection.catalog.schema_exists(schema):
        return TableMarks(connection, schema)
    return StoreMarks(backend, schema)


class TableMarks:
    """Marks in the table ``~gc``, which is made with the first mark."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._spec = gc_spec(schema)
        self._schema = schema

    def read(self) -> list[Mark]:
        """Return all marks."""
        return read_marks(self._connection, self._schema)

    def add(self, marks: Sequence[Mark]) -> None:
        """Add marks; those of objects that have one already are left as they are."""
        if not marks:
            return
        connection = self._connection
        if not has_marks(connection, self._schema):
            with changing(connection, connection.catalog, f"make the marks of {self._schema}") as session:
                if not has_marks(connection, self._schema):
                    run(session, ddl.create_table(self._spec, session.dialect, {}))
        coders = table_coder(connection.dialect, self._spec).columns
        columns = [coders[name].encode([getattr(mark, name) for mark in marks]).driver for name in _NAMES]

        def work(session: Any) -> None:
            session.insert_columns(self._spec.name, _NAMES, columns, key=("path_hash",), conflict="skip")

        connection.run_write(work)

    def drop(self, marks: Iterable[Mark]) -> None:
        """Remove marks that are still as they were read."""
        keys = [(mark.path_hash, mark.state) for mark in marks]
        if not keys:
            return

        def work(session: Any) -> None:
            for batch in key_batches(keys, 2):
                statement = delete_by_key(
                    self._connection.dialect, self._spec.name, ("path_hash", "state"), batch
                )
                session.execute(statement.sql, statement.params)

        self._connection.run_write(work)

    def begin_purge(self, marks: Sequence[Mark]) -> list[Mark]:
        """Set marks to purging; return those that are so now."""
        connection, state = self._connection, f"{PURGING}:{secrets.token_hex(4)}"
        moment = (
            table_coder(connection.dialect, self._spec)
            .columns["marked_at"]
            .encode([gc_marks.now()])
            .driver[0]
        )

        def work(session: Any) -> None:
            for mark in marks:
                key = (mark.path_hash, mark.state)
                changes = [("state", state), ("marked_at", moment)]
                statement = update_by_key(
                    connection.dialect, self._spec.name, changes, ("path_hash", "state"), key
                )
                session.execute(statement.sql, statement.params)

        connection.run_write(work)
        return [mark for mark in self.read() if mark.state == state]


class StoreMarks:
    """Marks in a JSON file of the store, for objects whose schema is gone: nobody writes to it."""

    def __init__(self, backend: StorageBackend, schema: str) -> None:
        self._backend = backend
        self._path = f"{OWN_SECTION}/gc/{schema}.json"

    def read(self) -> list[Mark]:
        """Return all marks."""
        if self._backend.info(self._path) is None:
            return []
        rows = json.loads(self._backend.get_buffer(self._path))
        return [Mark(**{**row, "marked_at": datetime.fromisoformat(row["marked_at"])}) for row in rows]

    def add(self, marks: Sequence[Mark]) -> None:
        """Add marks."""
        known = {mark.path_hash: mark for mark in self.read()}
        self._write([*known.values(), *(mark for mark in marks if mark.path_hash not in known)])

    def drop(self, marks: Iterable[Mark]) -> None:
        """Remove marks."""
        gone = {mark.path_hash for mark in marks}
        if gone:
            self._write([mark for mark in self.read() if mark.path_hash not in gone])

    def begin_purge(self, marks: Sequence[Mark]) -> list[Mark]:
        """Return those of the marks that there are."""
        wanted = {mark.path_hash for mark in marks}
        return [mark for mark in self.read() if mark.path_hash in wanted]

    def _write(self, marks: Sequence[Mark]) -> None:
        if not marks:
            self._backend.remove(self._path)
            return
        rows = [
            {name: getattr(mark, name) for name in _NAMES} | {"marked_at": mark.marked_at.isoformat()}
            for mark in marks
        ]
        self._backend.put_buffer(json.dumps(rows).encode(), self._path)
