"""Reading back what `export_project` wrote: tables declared, rows inserted, objects uploaded, hashes checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.catalog import adopted
from datamill.catalog.definitions import run
from datamill.catalog.drift import same_type
from datamill.catalog.native import as_created
from datamill.catalog.resolve import stored_type
from datamill.codecs import CodecChain, Staged
from datamill.codecs.extras import library
from datamill.data.insert import insert
from datamill.data.objects import require_stores
from datamill.data.verify_objects import stored_columns
from datamill.errors import (
    DataMillError,
    DuplicateError,
    MissingExternalFile,
    ObjectIntegrityError,
    did_you_mean,
)
from datamill.language import Reference, parse_definition, resolve_definition
from datamill.maintenance.export_format import FORMAT_VERSION, MANIFEST, from_arrow_values, table_folder
from datamill.maintenance.undo import Made, undone_on_failure
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.keyset import restart_numbering
from datamill.storage.addressing import object_path
from datamill.storage.content import put_content
from datamill.storage.folders import write_manifest
from datamill.storage.journal import recording
from datamill.storage.paths import join, safe_path
from datamill.storage.place import Place
from datamill.storage.stores import using

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Advance = Callable[[int], object]


@dataclass(slots=True)
class _Import:
    connection: Connection
    place: Place
    manifest: Mapping[str, Any]
    store: str | None
    advance: Advance


def import_(
    connection: Connection,
    src: str,
    schemas: Sequence[str] | str | None = None,
    store: str | None = None,
    advance: Advance | None = None,
) -> dict[str, int]:
    """Declare the tables of an export where they are missing, and insert its rows, all or none.

    Args:
        connection: Where to write.
        src: The exported folder, or its URL.
        schemas: Name or names of schemas; default: all.
        store: Store for the objects; default: those that the types name.
        advance: Called with numbers of rows that are done.

    Returns:
        Rows by full table name.

    Raises:
        ObjectIntegrityError: A file is missing, or is not what was exported; nothing is written.
        ConfigError: A store is not configured; nothing is written.
        DuplicateError: A row with the same key exists; no row is inserted, and no table stays.
        DataMillError: It is no export, or of a newer version, or has no such schema, or a table of it is another one
            in the database; nothing is written.
    """
    place = Place(src)
    manifest = _manifest(place)
    names = _schemas(place, manifest, schemas)
    wanted = [item for item in manifest["tables"] if item["schema"] in names]
    files = [item for item in manifest["files"] if schemas is None or item["path"].split("/")[0] in names]
    specs = _specs(connection, wanted)
    _check_stores(connection, specs, store)
    connection.stores.run_all(lambda item: _check(place, item), files)
    state = _Import(connection, place, manifest, store, advance or (lambda count: None))
    with undone_on_failure(connection) as made:
        _declare(connection, specs, made)
        with recording(), using(connection.stores), connection.transaction:
            counts = {str(spec.name): _insert(state, connection.catalog.spec(spec.name)) for spec in specs}
            for spec in specs:
                if spec.name in made.tables:
                    run(connection.session, restart_numbering(connection.dialect, spec.name, spec.columns))
            return counts


def _schemas(place: Place, manifest: Mapping[str, Any], schemas: Sequence[str] | str | None) -> set[str]:
    known = list(dict.fromkeys(item["schema"] for item in manifest["tables"]))
    wanted = known if schemas is None else [schemas] if isinstance(schemas, str) else list(schemas)
    for schema in wanted:
        if schema not in known:
            raise DataMillError(
                f"The export {place.url!r} has no schema {schema!r}.",
                hint=did_you_mean(schema, known) or f"It has {', '.join(known) or 'none'}.",
            )
    return set(wanted)


def _manifest(place: Place) -> dict[str, Any]:
    try:
        found = json.loads(place.get(MANIFEST))
    except MissingExternalFile as error:
        raise DataMillError(
            f"{place.url!r} is no export: it has no {MANIFEST}.",
            hint="Name a folder that datamill export has written.",
        ) from error
    except ValueError as error:
        raise DataMillError(f"{place.url!r} is no export: its {MANIFEST} is damaged.") from error
    given = found.get("format") if isinstance(found, dict) else None
    if given != FORMAT_VERSION:
        raise DataMillError(
            f"{place.url!r} is an export of format {given!r}; this version reads {FORMAT_VERSION}.",
            hint="Install a newer version.",
        )
    manifest: dict[str, Any] = found
    return manifest


def _check(place: Place, item: Mapping[str, Any]) -> None:
    path = safe_path(item["path"], place.url)
    size, digest = place.digest(path)
    if (size, digest) != (item["size"], item["sha256"]):
        raise ObjectIntegrityError(
            f"{path!r} of the export {place.url!r} is not what was exported.",
            path=path,
            store=place.url,
            hint="Export again, or fetch the folder again.",
        )


# tables ------------------------------------------------------------------------------------------------------


def _specs(connection: Connection, items: Iterable[Mapping[str, Any]]) -> list[TableSpec]:
    """Return the tables of an export as the database has them or shall have them, in the order of the export."""
    specs: dict[TableName, TableSpec] = {}

    def lookup(reference: Reference) -> TableSpec:
        name = reference.table or TableName.parse(reference.text)
        return specs[name] if name in specs else connection.catalog.spec(name)

    for item in items:
        name = TableName(item["schema"], item["table"])
        declared = resolve_definition(
            parse_definition(item["definition"]),
            name,
            lookup=lookup,
            stored_type=stored_type,
            allow_new_key_attributes=True,
        )
        specs[name] = spec = as_created(declared, connection.dialect)
        if connection.catalog.has(name):
            found = connection.catalog.spec(name)
            _check_same(adopted(spec, found, connection.dialect), found)
    return list(specs.values())


def _check_same(theirs: TableSpec, ours: TableSpec) -> None:
    found, wanted = ours.heading.attributes, theirs.heading.attributes
    if set(found) != set(wanted) or not all(same_type(found[name].type, wanted[name].type) for name in found):
        raise DataMillError(
            f"{ours.name} in the database has other attributes than in the export; nothing was imported.",
            hint="Rename or drop it, or import into another database.",
        )


def _check_stores(connection: Connection, specs: Iterable[TableSpec], store: str | None) -> None:
    """Make sure that all stores are there before anything is written."""
    if store is not None:
        connection.stores.backend(store)
    for spec in specs:
        require_stores(connection, spec)
        for chain in stored_columns(spec).values():
            if chain.codecs[-1].name != "filepath":
                connection.stores.backend(chain.store)


def _declare(connection: Connection, specs: Iterable[TableSpec], made: Made) -> None:
    catalog = connection.catalog
    existing = set(catalog.list_schemas())
    for spec in specs:
        schema = spec.name.schema
        if schema not in existing:
            made.schemas.append(schema)
            catalog.create_schema(schema)
            existing.add(schema)
        if not catalog.has(spec.name):
            made.tables.append(spec.name)
            catalog.declare(spec)


# rows --------------------------------------------------------------------------------------------------------


def _insert(state: _Import, spec: TableSpec) -> int:
    """Insert the rows of a table; return how many."""
    try:
        return _rows(state, spec)
    except DuplicateError as error:  # an import cannot pass over rows
        error.hint = (
            "Nothing was imported. Remove or rename the rows that are there, or import into another database."
        )
        raise


def _rows(state: _Import, spec: TableSpec) -> int:
    stored, count = stored_columns(spec), 0
    for columns in _read(state.place, spec):
        size = len(next(iter(columns.values()), []))
        for name, chain in stored.items():
            columns[name] = _upload(state, spec, name, chain, columns)
        inline = [
            item.name
            for item in spec.heading.attributes.values()
            if item.is_codec and item.name not in stored
        ]
        for name in inline:
            columns[name] = [None if value is None else Staged(value) for value in columns[name]]
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        insert(state.connection, spec, rows, allow_direct_insert=True)
        state.advance(size)
        count += size
    return count


def _read(place: Place, spec: TableSpec) -> Iterator[dict[str, list[Any]]]:
    parquet = library("pyarrow.parquet", "import", "parquet")
    for path in place.names(table_folder(spec.name.schema, spec.name.table)):
        if not path.endswith(".parquet"):
            continue
        with place.open(path) as opened:
            file = parquet.ParquetFile(opened, pre_buffer=False)
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                yield {
                    name: from_arrow_values(item.stored, table[name].to_pylist())
                    for name, item in spec.heading.attributes.items()
                }


# objects -----------------------------------------------------------------------------------------------------


def _upload(
    state: _Import, spec: TableSpec, name: str, chain: CodecChain, columns: Mapping[str, Sequence[Any]]
) -> list[Any]:
    """Upload the objects of a column, several at a time, and return the values to insert."""
    is_filepath = chain.codecs[-1].name == "filepath"
    values = columns[name]
    if state.manifest["objects"] != "copy" or is_filepath:
        return [None if value is None else Staged(value) for value in values]
    key = spec.heading.key
    keys = [dict(zip(key, row, strict=True)) for row in zip(*(columns[item] for item in key), strict=True)]
    tasks = list(zip(values, keys or [{}] * len(values), strict=True))

    def one(task: tuple[Any, dict[str, Any]]) -> Any:
        return None if task[0] is None else Staged(_put(state, spec, name, chain, *task))

    return state.connection.stores.run_all(one, tasks)


def _put(
    state: _Import,
    spec: TableSpec,
    name: str,
    chain: CodecChain,
    value: Mapping[str, Any],
    key: dict[str, Any],
) -> dict[str, Any]:
    backend = state.connection.stores.backend(state.store or chain.store)
    schema, table = spec.name.schema, spec.name.table
    source = join(schema, safe_path(value["path"], state.place.url))
    if value.get("hash") and "schema" in value:
        return {**value, **put_content(backend, schema, state.place.get(source))}
    base = source.rpartition("/")[2]
    ext = f".{base.partition('.')[2]}" if "." in base else None
    path, _ = object_path(backend.spec, schema, table, name, key, ext)
    if not value.get("is_dir"):
        with state.place.open(source) as stream:
            backend.put_stream(stream, path)
        return {**value, "path": path, "store": backend.name}
    files = []
    for item in state.place.names(source):
        inner = item[len(source) + 1 :]
        with state.place.open(item) as stream:
            content = backend.put_stream(stream, f"{path}/{safe_path(inner, state.place.url)}")
        files.append({"path": inner, "size": content.size, "hash": content.hash})
    write_manifest(backend, path, files)
    return {**value, "path": path, "store": backend.name}
