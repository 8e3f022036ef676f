"""What a store holds, compared with what rows refer to. The comparison is pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datamill.data.gc_marks import schema_of
from datamill.errors import DataMillError
from datamill.maintenance.gc_references import find_references
from datamill.settings.log import logger
from datamill.storage.addressing import MANIFEST_SUFFIX
from datamill.storage.backend import StorageBackend
from datamill.storage.listing import Listed, Unfinished
from datamill.storage.owners import other_owners
from datamill.storage.paths import is_below, join

if TYPE_CHECKING:
    from datamill.data.connection import Connection


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at store and database.

    Fields:
        stored: Every file in the sections of the schemas.
        referenced: Paths in this store that rows refer to.
        orphans: Stored files that nothing refers to, old enough.
        dangling: References into the sections of the schemas to objects that are not there.
        errors: What could not be found out; with any of these nothing may be removed.
        unfinished: Uploads in parts that were broken off, old enough; no row can refer to them.
    """

    stored: tuple[Listed, ...] = ()
    referenced: frozenset[str] = frozenset()
    orphans: tuple[Listed, ...] = ()
    dangling: tuple[str, ...] = ()
    errors: tuple[str, ...] = field(default=())
    unfinished: tuple[Unfinished, ...] = ()


def scan(
    connection: Connection,
    backend: StorageBackend,
    schemas: Collection[str],
    *,
    now: float,
    grace: float,
    assume_complete: bool,
) -> Scan:
    """Look at what is stored, then at what is referenced: a row committed in between is seen.

    Args:
        connection: The database.
        backend: The store.
        schemas: Whose sections.
        now: Seconds since 1970.
        grace: Objects younger than this many seconds are no orphans.
        assume_complete: See `gc_references.find_references`.
    """
    errors: list[str] = []
    try:
        others = other_owners(backend, connection.stores.owner(backend))
        errors += [_foreign(item) for item in others]
    except DataMillError as error:
        errors.append(f"It cannot be found out who writes to the store: {error}")
    stored: list[Listed] = []
    for prefix in _sections(backend, schemas):
        try:
            stored += [item for item in backend.list(prefix) if schema_of(backend, item.path) in schemas]
        except DataMillError as error:
            errors.append(f"{prefix!r} in the store cannot be listed: {error}")
    references = find_references(connection, backend, complete=assume_complete)
    errors += references.errors
    live = Live(references.paths)
    orphans = [item for item in stored if not live.has(item.path) and _is_old(item, now - grace)]
    there = _with_ancestors(item.path for item in stored)
    dangling = [
        path for path in references.paths if schema_of(backend, path) in schemas and path not in there
    ]
    return Scan(
        tuple(stored),
        frozenset(references.paths),
        tuple(orphans),
        tuple(sorted(dangling)),
        tuple(errors),
        _unfinished(backend, schemas, now - grace),
    )


def _unfinished(backend: StorageBackend, schemas: Collection[str], before: float) -> tuple[Unfinished, ...]:
    """Return the broken uploads of some schemas; an account that may not list them is no reason to remove nothing."""
    try:
        found = [item for prefix in _sections(backend, schemas) for item in backend.unfinished(prefix)]
    except DataMillError as error:
        logger.warning("Uploads that were broken off stay in the store: %s", error)
        return ()
    return tuple(item for item in found if schema_of(backend, item.path) in schemas and item.begun <= before)


def _foreign(note: Mapping[str, Any]) -> str:
    """Return the trouble with another database that writes to the store."""
    name = str(note.get("database"))
    return (
        f"The database {name} writes to this store too, since {note.get('since', 'some time')}: what its rows refer to "
        f"is not known here. If it is gone, or is this one under an earlier address, run: "
        f"datamill gc --forget {shlex.quote(name)}"
    )


def _sections(backend: StorageBackend, schemas: Collection[str]) -> list[str]:
    """Return the prefixes to list: a folder per schema for hashes, all of the schema section for its partitions."""
    hashes = [join(backend.spec["hash_prefix"], schema) for schema in sorted(schemas)]
    return [*hashes, backend.spec["schema_prefix"]]


def _is_old(item: Listed, before: float) -> bool:
    """Tell whether an object is old enough to go; one whose age the store does not tell is never."""
    return item.modified is not None and item.modified <= before


class Live:
    """Answers whether a file is part of something that is referenced."""

    def __init__(self, referenced: Collection[str]) -> None:
        self._referenced = referenced

    def has(self, path: str) -> bool:
        """True if the path, a folder above it, or the object whose manifest it is, is referenced."""
        if path in self._referenced:
            return True
        if path.endswith(MANIFEST_SUFFIX) and path[: -len(MANIFEST_SUFFIX)] in self._referenced:
            return True
        while "/" in path:
            path = path.rpartition("/")[0]
            if path in self._referenced:
                return True
        return False


def _with_ancestors(paths: Iterable[str]) -> set[str]:
    """Return paths with the folders above them."""
    found: set[str] = set()
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = path.rpartition("/")[0]
    return found


def is_hash(backend: StorageBackend, path: str) -> bool:
    """Tell whether a path is in the section of hashes."""
    return is_below(path, backend.spec["hash_prefix"])
