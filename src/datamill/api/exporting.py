"""``dm.export_project`` and ``dm.import_project``: a project as a folder that opens without datamill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from datamill.algebra.operators import as_relation
from datamill.algebra.relations import BaseTable, Relation
from datamill.api import default
from datamill.api.schema import Schema
from datamill.data.connection import Connection
from datamill.data.fetch import count
from datamill.errors import DataMillError, require


def export_project(
    dest: str,
    *sources: Any,
    objects: str = "copy",
    partition: Iterable[str] = (),
    overwrite: bool = False,
    connection: Connection | None = None,
    display_progress: bool = False,
) -> dict[str, Any]:
    """Write schemas, tables or restricted tables to a folder: Parquet files, objects, definitions and a manifest.

    Args:
        dest: A folder, or any URL that fsspec understands.
        *sources: Schemas (or their names), tables, restrictions of tables; default: every schema of the database.
        objects: ``copy``, ``reference`` (leave objects where they are) or ``none``.
        partition: Attributes that cut tables into folders ``attr=value``.
        overwrite: Replace a folder that is not empty.
        connection: Where the rows are; default: that of the sources, else the process's default.
        display_progress: Show a progress bar.

    Returns:
        The manifest: tables with their row counts, files with size and SHA-256.

    Raises:
        DataMillError: The folder is not empty, or a source is none.

    Example:
        >>> dm.export_project("lab-2024", schema, display_progress=True)
    """
    from datamill.maintenance.export_project import export

    connection = connection or _connection(sources)
    relations = _relations(connection, sources)
    total = sum(count(connection, relation) for relation in relations)
    with progress(total, display_progress) as advance:
        return export(
            connection,
            str(dest),
            relations,
            objects=objects,
            partition=partition,
            overwrite=overwrite,
            advance=advance,
        )


def import_project(
    src: str,
    schemas: Sequence[str] | str | None = None,
    store: str | None = None,
    *,
    connection: Connection | None = None,
    display_progress: bool = False,
) -> dict[str, int]:
    """Declare the tables of an export where they are missing, and insert its rows and objects, all or none.

    Args:
        src: The folder or URL that `export_project` wrote.
        schemas: Name or names of schemas; default: all.
        store: Store for the objects; default: those that the types name.
        connection: Where to write; default: the process's default.
        display_progress: Show a progress bar.

    Returns:
        Rows by full table name.

    Raises:
        ObjectIntegrityError: A file is not what was exported; nothing is written.
        ConfigError: A store is not configured; nothing is written.
        DuplicateError: A row with the same key exists; no row is inserted, and no table stays.
        DataMillError: It is no export, or has no such schema, or a table of it is another one in the database; nothing
            is written.
    """
    from datamill.maintenance.import_project import import_

    with progress(None, display_progress) as advance:
        return import_(default.connection_or_default(connection), str(src), schemas, store, advance)


def _connection(sources: Iterable[Any]) -> Connection:
    found = {id(item.connection): item.connection for item in sources if hasattr(item, "connection")}
    if len(found) > 1:
        raise DataMillError("The sources are on several connections.", hint="Export one at a time.")
    return next(iter(found.values())) if found else default.conn()


def _relations(connection: Connection, sources: Sequence[Any]) -> list[Relation]:
    found: list[Relation] = []
    for source in sources or connection.catalog.list_schemas():
        relation = None if isinstance(source, str) else as_relation(source)
        if relation is not None:
            found.append(relation)
            continue
        require(source, (Schema, str), "schemas, their names and expressions are exported")
        name = source if isinstance(source, str) else source.name
        found += [BaseTable(spec, connection) for spec in connection.catalog.load(name).values()]
    return found


@contextmanager
def progress(total: int | None, wanted: bool) -> Iterator[Callable[[int], object]]:
    """Give a function that advances a progress bar, or does nothing."""
    if not wanted:
        yield lambda count: None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="row") as bar:
        yield bar.update
