"""The hidden table ``~gc``: objects that garbage collection has marked, and how writers rescue them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from datamill.algebra.relations import BaseTable
from datamill.data.scalars import fetch_tuples
from datamill.data.values import from_driver
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.model.types import core_type
from datamill.sql.keys import delete_by_key, key_batches, select_by_key
from datamill.storage.backend import StorageBackend
from datamill.storage.content import Doomed
from datamill.storage.paths import is_below

if TYPE_CHECKING:
    from datamill.data.connection import Connection

GC_TABLE: Final = "~gc"
MARKED, PURGING = "marked", "purging"
WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.1
REMOVING_SECONDS: Final = 60.0
"""How long a collection removes the objects of a batch, once their marks say ``purging``."""
ABANDONED_SECONDS: Final = 300.0
"""When it has crashed for certain, and others may have the objects: later, since clocks differ and requests linger."""

Reference = tuple[str | None, str]
"""Store name and path of an object."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked object.

    Fields: ``store`` (its name), ``path``, ``size`` in bytes, ``state`` (``marked``, or ``purging:`` and who removes
    it), ``marked_at``: when it came to be so (UTC).
    """

    path_hash: str
    store: str
    path: str
    size: int
    marked_at: datetime
    state: str = MARKED

    @property
    def is_being_removed(self) -> bool:
        """Whether a collection is removing the object; one that crashed long ago is not."""
        return is_being_removed(self.state, self.marked_at)


def now() -> datetime:
    """Return the time, in UTC and without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def is_being_removed(state: str, since: datetime) -> bool:
    """Tell whether a mark says that a collection is removing its object just now."""
    return state.startswith(PURGING) and now() - since < timedelta(seconds=ABANDONED_SECONDS)


def gc_spec(schema: str) -> TableSpec:
    """Return the specification of a schema's table of marks."""
    digest, name, path = core_type("char", 32), core_type("varchar", 64), core_type("varchar", 2048)
    number, moment, state = core_type("int64"), core_type("datetime", 6), core_type("varchar", 16)
    heading = Heading(
        [
            Attribute("path_hash", digest, digest, in_key=True, comment="MD5 of store identity and path"),
            Attribute("store", name, name, comment="name of the store"),
            Attribute("path", path, path, comment="path within the store"),
            Attribute("size", number, number, comment="bytes"),
            Attribute("marked_at", moment, moment, comment="since when (UTC)"),
            Attribute("state", state, state, comment="marked, or purging and by whom"),
        ]
    )
    return TableSpec(TableName(schema, GC_TABLE), heading, comment="Objects that wait for removal, see dm.gc")


def path_hash(backend: StorageBackend, path: str) -> str:
    """Return the key of an object: the same whatever name its store has."""
    text = "\0".join((*backend.identity, path))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def schema_of(backend: StorageBackend, path: str) -> str | None:
    """Return the schema in whose section an object lies; None for an object outside of the managed sections."""
    for prefix, partitioned in ((backend.spec["hash_prefix"], False), (backend.spec["schema_prefix"], True)):
        if is_below(path, prefix):
            parts = path[len(prefix.strip("/")) :].strip("/").split("/")
            while partitioned and len(parts) > 1 and "=" in parts[0]:
                parts = parts[1:]
            return parts[0] if len(parts) > 1 else None
    return None


def has_marks(connection: Connection, schema: str) -> bool:
    """Tell whether a schema has a table of marks."""
    return connection.catalog.has(TableName(schema, GC_TABLE))


def read_marks(connection: Connection, schema: str) -> list[Mark]:
    """Return the marks of a schema."""
    if not has_marks(connection, schema):
        return []
    relation = BaseTable(gc_spec(schema), connection)
    names = ("path_hash", "store", "path", "size", "marked_at", "state")
    observer, connection.observer = connection.observer, None  # the platform asks, not make
    try:
        return [Mark(*row) for row in fetch_tuples(connection, relation, names)]
    finally:
        connection.observer = observer


def doomed(connection: Connection, schema: str) -> Doomed:
    """Return which objects of a schema are marked, and which of these are being removed right now."""
    marks = read_marks(connection, schema)
    return Doomed(
        frozenset(mark.path for mark in marks),
        frozenset(mark.path for mark in marks if mark.is_being_removed),
    )


def wait_until_purged(connection: Connection, schema: str, path: str) -> None:
    """Wait until an object that is being removed is gone.

    Raises:
        DataMillError: It takes too long, or the caller's transaction is in the way.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while any(mark.path == path and mark.is_being_removed for mark in read_marks(connection, schema)):
        if connection.in_transaction or time.monotonic() >= deadline:
            raise being_purged(path)
        time.sleep(_POLL_SECONDS)


def being_purged(path: str) -> DataMillError:
    """Return the error for an object that is being removed while a row is to refer to it."""
    return DataMillError(
        f"The object {path!r} is being removed by garbage collection; the row was not inserted.",
        hint=f"Insert it again; if a collection was interrupted, at most {ABANDONED_SECONDS:.0f} s after that.",
    )


def rescue(
    connection: Connection, session: Any, references: Sequence[Reference], doubtful: frozenset[str]
) -> None:
    """Drop the marks of objects that rows about to be written refer to; called inside their transaction.

    Args:
        connection: Where the rows are written.
        session: Its session, in the transaction.
        references: The objects.
        doubtful: Paths that were marked when their objects were uploaded.

    Raises:
        DataMillError: An object is being removed, or was removed meanwhile.
    """
    for schema, objects in _by_schema(connection, references):
        if not has_marks(connection, schema):
            continue
        hashes = {path_hash(backend, path): (backend, path) for backend, path in objects}
        rescued: set[str] = set()
        for keys in key_batches([(item,) for item in hashes], 1):
            marks = _states(connection, session, schema, keys)
            free = [(item, state) for item, state, since in marks if not is_being_removed(state, since)]
            if free:
                name = TableName(schema, GC_TABLE)
                statement = delete_by_key(connection.dialect, name, ("path_hash", "state"), free)
                session.execute(statement.sql, statement.params)
                marks = _states(connection, session, schema, keys)
            for item, _, _ in marks:
                raise being_purged(hashes[item][1])
            rescued.update(item for item, _ in free)
        for item, (backend, path) in hashes.items():
            if item not in rescued and path in doubtful and not backend.exists(path):
                raise being_purged(path)


def _states(
    connection: Connection, session: Any, schema: str, keys: Sequence[tuple[Any, ...]]
) -> list[tuple[str, str, datetime]]:
    """Return path hash, state and time of the marks of some objects, read within a transaction."""
    spec, dialect = gc_spec(schema), connection.dialect
    statement = select_by_key(dialect, spec.name, ("path_hash", "state", "marked_at"), ("path_hash",), keys)
    rows = session.execute(statement.sql, statement.params).rows
    times = from_driver(dialect, spec.heading["marked_at"], [row[2] for row in rows])
    return [(row[0], row[1], since) for row, since in zip(rows, times, strict=True)]


def _by_schema(
    connection: Connection, references: Iterable[Reference]
) -> Iterator[tuple[str, list[tuple[StorageBackend, str]]]]:
    found: dict[str, list[tuple[StorageBackend, str]]] = {}
    for store, path in dict.fromkeys(references):
        backend = connection.stores.backend(store)
        schema = schema_of(backend, path)
        if schema is not None:
            found.setdefault(schema, []).append((backend, path))
    yield from found.items()
