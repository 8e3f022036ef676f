"""Which databases write to a store: garbage collection of one must not remove what another refers to."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final

from datamill.storage.addressing import OWN_SECTION
from datamill.storage.backend import StorageBackend

FOLDER: Final = f"{OWN_SECTION}/owners"


def claim(backend: StorageBackend, database: str) -> None:
    """Note in a store that a database writes to it.

    Args:
        backend: The store.
        database: What tells the database from others: its address, without user and password.
    """
    path = f"{FOLDER}/{owner_id(database)}.json"
    if backend.info(path) is None:
        note = {"database": database, "since": datetime.now(UTC).isoformat()}
        backend.put_buffer(json.dumps(note).encode(), path)


def owner_id(database: str) -> str:
    """Return the name under which a database is noted."""
    return hashlib.sha256(database.encode()).hexdigest()[:32]


def forget(backend: StorageBackend, database: str) -> bool:
    """Remove the note about a database, as `other_owners` names it; return whether there was one."""
    paths = [item["path"] for item in other_owners(backend, "") if item["database"] == database]
    for path in paths:
        backend.remove(path)
    return bool(paths)


def other_owners(backend: StorageBackend, database: str) -> list[dict[str, Any]]:
    """Return what is noted about other databases that write to a store.

    Raises:
        BucketInaccessible: It cannot be read.
    """
    mine = f"{owner_id(database)}.json"
    found = []
    for item in backend.list(FOLDER):
        if item.path.rpartition("/")[2] != mine:
            try:
                note = json.loads(backend.get_buffer(item.path))
            except ValueError:
                note = {}
            found.append({"database": item.path, **note, "path": item.path})
    return found
