"""Garbage collection of objects in stores: ``dm.gc``.

Objects whose rows were deleted stay in their store. A collection marks what no row refers to, and removes it once the
mark is older than ``storage.gc_grace``; a dry run, the default, only says what there is.

Example:
    >>> import datamill as dm
    >>> dm.gc.collect(schema)["orphaned_hash_paths"]
    []
"""

from __future__ import annotations

from typing import Any

from datamill.api import default
from datamill.api.schema import Schema
from datamill.data.gc_marks import Mark
from datamill.errors import DataMillError, require
from datamill.maintenance.gc import Collector
from datamill.storage.stores import Stores

__all__ = ["GarbageCollector", "Mark", "collect"]


class GarbageCollector(Collector):
    """Finds, marks and removes objects that no row refers to.

    Args:
        *schemas: Schemas, or their names, whose objects are looked at. Rows of all schemas of the database count,
            imported or not.
        store: Name of the store; default: the default store.
        config: Settings that say where the store is; default: those of the connection.
        assume_complete: Trust that the account sees all schemas of the server, where that cannot be proved.

    Raises:
        DataMillError: No schema is given, or schemas of several connections.

    Example:
        >>> collector = dm.gc.GarbageCollector(schema)
        >>> collector.collect()["orphaned_hash_paths"]
        []
    """

    def __init__(
        self, *schemas: Any, store: str | None = None, config: Any = None, assume_complete: bool = False
    ) -> None:
        for item in schemas:
            require(item, (Schema, str), "garbage is collected from schemas or their names")
        connections = {id(item.connection): item.connection for item in schemas if not isinstance(item, str)}
        if len(connections) > 1:
            raise DataMillError("The schemas are on several connections.", hint="Collect one at a time.")
        connection = next(iter(connections.values())) if connections else default.conn()
        names = [item if isinstance(item, str) else item.name for item in schemas]
        stores = None if config is None else Stores(config, connection.address)
        super().__init__(connection, names, store=store, stores=stores, assume_complete=assume_complete)


def collect(
    *schemas: Any,
    store: str | None = None,
    config: Any = None,
    dry_run: bool = True,
    verbose: bool = False,
    grace: float | None = None,
    assume_complete: bool = False,
) -> dict[str, Any]:
    """Make a `GarbageCollector` and call its `collect`; see there."""
    collector = GarbageCollector(*schemas, store=store, config=config, assume_complete=assume_complete)
    return collector.collect(dry_run, verbose, grace=grace)
