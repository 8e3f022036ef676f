"""Writing schemas, tables and queries to a folder that opens without datamill: Parquet files and objects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from datamill.algebra.relations import BaseTable, Relation
from datamill.data.verify_objects import stored_columns
from datamill.errors import DataMillError
from datamill.language import describe
from datamill.language.reference_parser import quoted_name
from datamill.maintenance.export_format import (
    FORMAT_VERSION,
    MANIFEST,
    PROJECT,
    table_folder,
)
from datamill.maintenance.export_rows import TableWriter, pages, snapshot
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.settings.secret import is_secret_name
from datamill.storage.addressing import new_token, path_value
from datamill.storage.paths import join
from datamill.storage.place import Place

if TYPE_CHECKING:
    from datamill.data.connection import Connection

OBJECTS: Final = ("copy", "reference", "none")
Advance = Any


@dataclass(slots=True)
class _Export:
    connection: Connection
    place: Place
    objects: str
    partition: tuple[str, ...]
    advance: Advance
    files: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    copied: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def put(self, path: str, content: bytes) -> None:
        self.place.put(path, content)
        self.files.append({"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})


def export(
    connection: Connection,
    dest: str,
    relations: Sequence[Relation],
    *,
    objects: str = "copy",
    partition: Iterable[str] = (),
    overwrite: bool = False,
    advance: Advance = None,
) -> dict[str, Any]:
    """Write the rows of relations and their objects to a folder.

    Args:
        connection: Where the rows are; all of them are read from one snapshot, a page at a time.
        dest: Folder or fsspec URL.
        relations: Each is a base table, maybe restricted.
        objects: ``copy`` them; ``reference`` leaves the JSON as it is; ``none`` exports NULL.
        partition: Attributes that cut tables into folders ``attr=value``.
        overwrite: Write into a folder that holds something; what is there is removed.
        advance: Called with numbers of rows that are done.

    Returns:
        The manifest.

    Raises:
        DataMillError: The folder is not empty, or an option is none.
    """
    if objects not in OBJECTS:
        raise DataMillError(f"objects={objects!r} is none of {', '.join(OBJECTS)}.")
    connection.refuse_in_make("export")
    place = Place(dest)
    place.prepare(overwrite=overwrite)
    state = _Export(connection, place, objects, tuple(partition), advance or (lambda count: None))
    chosen = _chosen(connection, relations)
    with snapshot(connection):
        for spec, relation in chosen:
            _table(state, spec, relation)
    for schema in dict.fromkeys(spec.name.schema for spec, _ in chosen):
        specs = [spec for spec, _ in chosen if spec.name.schema == schema]
        state.put(f"{schema}/schema.py", _module(connection, schema, specs).encode())
    state.put(PROJECT, _project(connection, [spec for spec, _ in chosen]).encode())
    manifest = {
        "format": FORMAT_VERSION,
        "created": datetime.now(UTC).isoformat(),
        "objects": objects,
        "tables": state.tables,
        "files": state.files,
    }
    place.put(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    return manifest


def _chosen(connection: Connection, relations: Sequence[Relation]) -> list[tuple[TableSpec, Relation]]:
    """Return tables, parents first, with what is to be read of each."""
    by_name: dict[TableName, Relation] = {}
    for relation in relations:
        name = _base(relation)
        if name in by_name:
            raise DataMillError(f"{name} is to be exported twice.", hint="Name each table once.")
        by_name[name] = relation
    order = connection.catalog.graph().order()
    return [(connection.catalog.spec(name), by_name[name]) for name in order if name in by_name]


def _base(relation: Relation) -> TableName:
    current: Any = relation
    while not isinstance(current, BaseTable):
        current = getattr(current, "operand", None)
        if current is None:
            raise DataMillError("Only tables and restrictions of tables can be exported.")
    if list(relation.heading.names) != list(current.heading.names):
        raise DataMillError(
            f"Only whole rows of {current.spec.name} can be exported.", hint="Leave proj() out."
        )
    name: TableName = current.spec.name
    return name


# rows --------------------------------------------------------------------------------------------------------


def _table(state: _Export, spec: TableSpec, relation: Relation) -> None:
    attributes = list(spec.heading.attributes.values())
    folder = table_folder(spec.name.schema, spec.name.table)
    total = 0
    with TableWriter(state.place, folder, attributes, state.partition) as writer:
        for columns in pages(state.connection, relation):
            for name in stored_columns(spec):
                columns[name] = _objects(state, spec, name, columns)
            writer.write(columns)
            count = len(columns[attributes[0].name])
            total += count
            state.advance(count)
    state.files += writer.files
    state.tables.append(
        {
            "schema": spec.name.schema,
            "table": spec.name.table,
            "rows": total,
            "definition": describe(spec, quoted_name, state.connection.catalog.find),
            "lineage": {item.name: item.lineage for item in attributes if item.lineage},
        }
    )


# objects -----------------------------------------------------------------------------------------------------


def _objects(state: _Export, spec: TableSpec, name: str, columns: Mapping[str, Sequence[Any]]) -> list[Any]:
    """Return the JSON of a column as it is exported; objects are copied several at a time."""
    values = columns[name]
    is_filepath = stored_columns(spec)[name].codecs[-1].name == "filepath"
    if state.objects == "reference" or is_filepath:
        return list(values)
    if state.objects == "none":
        return [None] * len(values)
    key = spec.heading.key
    tasks = []
    for row, value in enumerate(values):
        if value is not None:
            folder = "/".join(f"{item}={path_value(columns[item][row])}" for item in key)
            tasks.append((row, value, folder))
    results = list(values)
    made = state.connection.stores.run_all(lambda task: _copy(state, spec, name, task[1], task[2]), tasks)
    for (row, _, _), value in zip(tasks, made, strict=True):
        results[row] = value
    return results


def _copy(
    state: _Export, spec: TableSpec, name: str, value: Mapping[str, Any], folder: str
) -> dict[str, Any]:
    """Copy one object and return its JSON, the path relative to the folder of the schema."""
    backend = state.connection.stores.backend(value.get("store"))
    source = str(value["path"])
    identity = (*backend.identity, source, spec.name.schema)
    known = state.copied.get(identity)
    if known is None:
        suffix = source.rpartition("/")[2].partition(".")
        ext = f".{suffix[2]}" if suffix[1] else ""
        known = join("objects", f"{spec.name.table}-{name}", folder, f"{name}_{new_token(8)}{ext}")
        state.copied[identity] = known
        target = join(spec.name.schema, known)
        files = [(source, target)]
        if value.get("is_dir"):
            files = [(item.path, target + item.path[len(source) :]) for item in list(backend.list(source))]
        for remote, local in files:
            with backend.open(remote) as stream:
                state.files.append(state.place.put_stream(local, stream))
    return {**value, "path": known, "store": None}


# what says what the folder holds -------------------------------------------------------------------------------


def _module(connection: Connection, schema: str, specs: Sequence[TableSpec]) -> str:
    lines = [
        f'"""Schema {schema}, as it was exported."""',
        "",
        "import datamill as dm",
        "",
        f"schema = dm.Schema({schema!r})",
    ]
    for spec in _masters_first(specs):
        master, _, own = spec.name.class_name.rpartition(".")
        text = describe(spec, _class_namer(schema), connection.catalog.find).strip("\n")
        indent = "        " if master else "    "
        text = text.replace("\\", "\\\\").replace('"""', '\\"""')
        body = "\n".join(f"{indent}{line}" if line else line for line in text.splitlines())
        tier = "Part" if master else spec.tier.name.title()
        if master:
            lines += ["", f"    class {own}(dm.Part):", f'        definition = """\n{body}\n        """']
        else:
            lines += ["", "", "@schema", f"class {own}(dm.{tier}):", f'    definition = """\n{body}\n    """']
    return "\n".join(lines) + "\n"


def _masters_first(specs: Sequence[TableSpec]) -> list[TableSpec]:
    """Return masters in their order, each followed by its parts."""
    parts: dict[TableName, list[TableSpec]] = {}
    for spec in specs:
        parts.setdefault(spec.name.master or spec.name, []).append(spec)
    return [spec for group in parts.values() for spec in group]


def _class_namer(schema: str) -> Any:
    def name_of(name: TableName) -> str:
        return name.class_name if name.schema == schema else quoted_name(name)

    return name_of


def _project(connection: Connection, specs: Sequence[TableSpec]) -> str:
    """Return the settings of the project: where its stores were, without secrets."""
    lines = [
        "# Where this project was exported from.",
        "[project]",
        f"database = {json.dumps(str(connection))}",
    ]
    used = {chain.store for spec in specs for chain in stored_columns(spec).values()}
    for store in sorted({connection.stores.name(item) for item in used}):
        lines += ["", f"[stores.{store}]"]
        for key, value in connection.stores.backend(store).spec.items():
            if value is not None and not is_secret_name(key):
                lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"
