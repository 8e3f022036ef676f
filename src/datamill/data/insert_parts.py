"""Masters and their parts, inserted together in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from datamill.algebra.operators import as_relation
from datamill.data.encode import EncodedBatch
from datamill.data.rows import RowBatch, row_batches
from datamill.data.write_rows import InsertOptions, TableBatch, make_encoder, write_batches
from datamill.errors import DataMillError, did_you_mean, require
from datamill.model.names import TableName
from datamill.model.table import TableSpec

if TYPE_CHECKING:
    from datamill.data.connection import Connection

PartRows = Mapping[Any, Any]
"""Part class or name -> rows in any form of insert."""


def insert_group(
    connection: Connection,
    master: TableSpec,
    rows: Any,
    parts: PartRows,
    options: InsertOptions,
    one_master: bool = False,
) -> None:
    """Insert masters and parts in one transaction.

    Args:
        connection: Where to write.
        master: The master table.
        rows: Rows of the master.
        parts: Rows of its parts.
        options: For all of them.
        one_master: There is one master row, whose key part rows may leave out.

    Raises:
        DataMillError: A key of ``parts`` is no part of the table, or a part row belongs to no master of this call.
    """
    require(parts, Mapping, "parts must map part tables to their rows")
    by_part = {part_spec(connection, master, part): given for part, given in parts.items()}
    ordered = [
        (spec, by_part[spec])
        for name in connection.catalog.graph().parts(master.name)
        for spec in by_part
        if spec.name == name
    ]
    write_batches(connection, _group_batches(connection, master, rows, ordered, options, one_master), options)


def part_spec(connection: Connection, master: TableSpec, part: Any) -> TableSpec:
    """Return the spec of a part given as class, name (``Sample``, ``Run.Sample``) or full table name.

    Raises:
        DataMillError: The master has no such part.
    """
    choices = {name: connection.catalog.spec(name) for name in connection.catalog.graph().parts(master.name)}
    wanted = _part_name(part)
    for name, spec in choices.items():
        if wanted in (
            name,
            name.class_name,
            name.class_name.rpartition(".")[2],
            name.table,
            name.base,
            str(name),
        ):
            return spec
    names = [name.class_name.rpartition(".")[2] for name in choices]
    raise DataMillError(
        f"{part!r} is no part of {master.name}.",
        hint=did_you_mean(str(wanted), names) or f"Its parts: {', '.join(names) or 'none'}.",
    )


def _part_name(part: Any) -> TableName | str:
    if isinstance(part, str):
        return part
    relation = as_relation(part)
    spec = getattr(relation, "spec", None)
    return spec.name if isinstance(spec, TableSpec) else repr(part)


def master_key(master: TableSpec, part: TableSpec) -> tuple[str, ...]:
    """Return the attributes of a part that hold its master's key, in the order of that key.

    Raises:
        DataMillError: The part does not reference its master, directly or through attributes of its siblings.
    """
    for foreign_key in part.foreign_keys:
        if foreign_key.parent == master.name:
            return foreign_key.attributes
    by_lineage = {item.lineage: name for name, item in part.heading.attributes.items() if item.lineage}
    names = [by_lineage.get(master.heading[name].lineage or "") for name in master.heading.key]
    if None in names:
        raise DataMillError(f"{part.name} does not hold the key of its master {master.name}.")
    return tuple(name for name in names if name is not None)


def _group_batches(
    connection: Connection,
    master: TableSpec,
    rows: Any,
    parts: list[tuple[TableSpec, Any]],
    options: InsertOptions,
    one_master: bool,
) -> Iterator[TableBatch]:
    encoder = make_encoder(connection, master, options)
    keys: set[tuple[Any, ...]] = set()
    known: tuple[Any, ...] = ()
    for batch in row_batches(rows, master.heading):
        encoded = encoder.encode(batch)
        keys.update(_tuples(encoded, master.heading.key))
        known = encoded.keys[0]
        yield master, encoded
    for spec, given in parts:
        names = master_key(master, spec)
        fill = dict(zip(names, known, strict=True)) if one_master else {}
        part_encoder = make_encoder(connection, spec, options)
        for part_batch in row_batches(given, spec.heading):
            encoded = part_encoder.encode(_filled(part_batch, fill))
            _check_masters(master, spec, names, encoded, keys)
            yield spec, encoded


def _tuples(batch: EncodedBatch, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    if not names:
        return [()] * batch.count
    return list(zip(*(batch.column(name) for name in names), strict=True))


def _filled(batch: RowBatch, fill: Mapping[str, Any]) -> RowBatch:
    columns = dict(batch.columns)
    for name, value in fill.items():
        given = columns.get(name)
        columns[name] = [value if item is None else item for item in given or [None] * batch.count]
    return RowBatch(batch.start, batch.count, columns)


def _check_masters(
    master: TableSpec,
    part: TableSpec,
    names: tuple[str, ...],
    batch: EncodedBatch,
    keys: set[tuple[Any, ...]],
) -> None:
    for index, values in enumerate(_tuples(batch, names)):
        if values not in keys:
            error = DataMillError(
                f"Row {batch.start + index} for {part.name} belongs to {dict(zip(names, values, strict=True))}, "
                f"which is no row of {master.name} in this call.",
                hint="Insert parts together with their own master, or call insert on the part.",
            )
            error.row_index = batch.start + index
            raise error
