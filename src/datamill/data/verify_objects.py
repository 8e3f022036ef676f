"""Checking of all objects that the rows of a schema refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import BaseTable
from datamill.codecs import CodecChain, chain_for
from datamill.codecs.refs.reference import Reference
from datamill.data.scalars import fetch_tuples
from datamill.errors import DataMillError, MissingExternalFile, ObjectIntegrityError
from datamill.model.table import TableSpec
from datamill.storage.stores import Stores, using

if TYPE_CHECKING:
    from datamill.data.connection import Connection

LEVELS = ("size", "hash")


@dataclass(frozen=True, slots=True)
class _Task:
    table: str
    attribute: str
    value: Mapping[str, Any]
    filepath: bool

    def complaint(self, error: DataMillError) -> dict[str, Any]:
        return {
            "table": self.table,
            "attribute": self.attribute,
            "path": self.value.get("path"),
            "store": self.value.get("store"),
            "reason": str(error),
        }


def verify_objects(connection: Connection, schema: str, level: str = "size") -> dict[str, Any]:
    """Check every object that rows of a schema refer to, each distinct one once.

    Args:
        connection: Where the rows are.
        schema: Whose tables.
        level: ``size`` compares sizes; ``hash`` also reads everything.

    Returns:
        ``checked``: how many; ``missing`` and ``corrupt``: lists of dicts of table, attribute, path, store, reason.

    Raises:
        ValueError: There is no such level.
        BucketInaccessible: A store cannot be reached.
    """
    if level not in LEVELS:
        raise ValueError(f"level={level!r} is none of {', '.join(LEVELS)}.")
    tasks = {}
    for spec in connection.catalog.load(schema).values():
        for task in _tasks(connection, spec):
            tasks[task.filepath, task.value.get("store"), task.value["path"]] = task
    with using(connection.stores):
        found = connection.stores.run_all(
            lambda task: _check(connection.stores, task, level), list(tasks.values())
        )
    errors = [(task, error) for task, error in zip(tasks.values(), found, strict=True) if error is not None]
    return {
        "checked": len(tasks),
        "missing": [task.complaint(e) for task, e in errors if isinstance(e, MissingExternalFile)],
        "corrupt": [task.complaint(e) for task, e in errors if not isinstance(e, MissingExternalFile)],
    }


def _tasks(connection: Connection, spec: TableSpec) -> Iterator[_Task]:
    for name, chain in stored_columns(spec).items():
        filepath = chain.codecs[-1].name == "filepath"
        for (value,) in fetch_tuples(connection, BaseTable(spec, connection), [name]):
            if isinstance(value, Mapping) and isinstance(value.get("path"), str):
                yield _Task(str(spec.name), name, value, filepath)


def stored_columns(spec: TableSpec) -> dict[str, CodecChain]:
    """Return the attributes of a table whose values lie in stores, with their codecs."""
    chains = {
        name: chain_for(item.type.text) for name, item in spec.heading.attributes.items() if item.is_codec
    }
    return {name: chain for name, chain in chains.items() if chain.store is not None}


def _check(stores: Stores, task: _Task, level: str) -> DataMillError | None:
    reference = _Stored(task.value, stores=stores, use_filepath_default=task.filepath)
    try:
        if not reference.exists():
            reference.size_in_store()
        reference.verify(level)
    except (MissingExternalFile, ObjectIntegrityError) as error:
        return error
    return None


class _Stored(Reference):
    """Any object that a row refers to."""

    def size_in_store(self) -> int:
        """Return its size.

        Raises:
            MissingExternalFile: It is not there.
        """
        return self._backend.size(self.path)
