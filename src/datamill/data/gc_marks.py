"""The hidden table ``~gc``: objects that garbage collection has marked, and how writers rescue them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data.scalars import fetch_tuples
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

Reference = tuple[str | None, str]
"""Store name and path of an object."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked object: its store (name), path, size in bytes, when it was marked (UTC), and its state."""

    path_hash: str
    store: str
    path: str
    size: int
    marked_at: datetime
    state: str = MARKED


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
            Attribute("marked_at", moment, moment, comment="when it was marked (UTC)"),
            Attribute("state", state, state, comment="marked, or purging"),
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


def read_marks(connection: Connection, schema: str, **restriction: Any) -> list[Mark]:
    """Return the marks of a schema."""
    if not has_marks(connection, schema):
        return []
    relation = restrict(BaseTable(gc_spec(schema), connection), restriction)
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
        frozenset(mark.path for mark in marks if mark.state == PURGING),
    )


def wait_until_purged(connection: Connection, schema: str, path: str) -> None:
    """Wait until an object that is being removed is gone.

    Raises:
        DataMillError: It takes too long, or the caller's transaction is in the way.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while any(mark.path == path for mark in read_marks(connection, schema, state=PURGING)):
        if connection.in_transaction or time.monotonic() >= deadline:
            raise being_purged(path)
        time.sleep(_POLL_SECONDS)


def being_purged(path: str) -> DataMillError:
    """Return the error for an object that is being removed while a row is to refer to it."""
    return DataMillError(
        f"The object {path!r} is being removed by garbage collection; the row was not inserted.",
        hint="Insert it again; if this goes on, a collection was interrupted: run datamill gc --yes to end it.",
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
        name, dialect = TableName(schema, GC_TABLE), connection.dialect
        hashes = {path_hash(backend, path): (backend, path) for backend, path in objects}
        found: dict[str, str] = {}
        for keys in key_batches([(item,) for item in hashes], 1):
            kept = [(item, MARKED) for (item,) in keys]
            statement = delete_by_key(dialect, name, ("path_hash", "state"), kept)
            before = select_by_key(dialect, name, ("path_hash", "state"), ("path_hash",), keys)
            known = {row[0] for row in session.execute(before.sql, before.params).rows}
            session.execute(statement.sql, statement.params)
            after = session.execute(before.sql, before.params).rows
            found.update((item, "rescued") for item in known)
            found.update((row[0], row[1]) for row in after)
        for item, (backend, path) in hashes.items():
            if found.get(item) == PURGING:
                raise being_purged(path)
            if item not in found and path in doubtful and not backend.exists(path):
                raise being_purged(path)


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
