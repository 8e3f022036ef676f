"""Masters and their parts, inserted together in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from datamill.algebra.operators import as_relation
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
    ordered = rows_of_parts(connection, master, parts)
    write_batches(connection, _group_batches(connection, master, rows, ordered, options, one_master), options)


def rows_of_parts(connection: Connection, master: TableSpec, parts: PartRows) -> list[tuple[TableSpec, Any]]:
    """Return the specs of parts and their rows, in the order in which these can be inserted.

    Raises:
        DataMillError: The master has no such part, or one is given twice, such as by class and by name.
    """
    require(parts, Mapping, "parts must map part tables to their rows")
    found: dict[TableName, tuple[TableSpec, Any]] = {}
    for part, rows in parts.items():
        spec = part_spec(connection, master, part)
        if spec.name in found:
            raise DataMillError(
                f"The rows of {spec.name} are given twice.", hint="Give all of them together."
            )
        found[spec.name] = spec, rows
    return [found[name] for name in connection.catalog.graph().parts(master.name) if name in found]


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


class GivenMasters:
    """Keys of the master rows of one call, to which the rows of its parts must belong.

    Args:
        master: The master table.

    Fields:
        keys: Canonical values, in key order.
    """

    def __init__(self, master: TableSpec) -> None:
        self.master = master
        self.keys: set[tuple[Any, ...]] = set()

    def add(self, rows: RowBatch) -> None:
        """Add the keys of master rows, canonical."""
        self.keys.update(rows.tuples(self.master.heading.key))

    def strangers(self, part: TableSpec, rows: RowBatch) -> Iterator[tuple[int, str]]:
        """Yield index and fault of the rows of a part (canonical) whose master is not among the keys."""
        names = master_key(self.master, part)
        for index, values in enumerate(rows.tuples(names)):
            if values not in self.keys:
                key = dict(zip(names, values, strict=True))
                yield index, f"belongs to {key}, which is no row of {self.master.name} in this call."

    def check(self, part: TableSpec, rows: RowBatch) -> None:
        """Raise an error for the first of `strangers`."""
        for index, fault in self.strangers(part, rows):
            error = DataMillError(
                f"Row {rows.start + index} for {part.name} {fault}",
                hint="Insert parts together with their own master, or call insert on the part.",
            )
            error.row_index = rows.start + index
            raise error


def _group_batches(
    connection: Connection,
    master: TableSpec,
    rows: Any,
    parts: list[tuple[TableSpec, Any]],
    options: InsertOptions,
    one_master: bool,
) -> Iterator[TableBatch]:
    encoder, masters = make_encoder(connection, master, options), GivenMasters(master)
    for batch in row_batches(rows, master.heading):
        yield master, encoder.encode(batch, masters.add)
    for spec, given in parts:
        fill = dict(zip(master_key(master, spec), *masters.keys, strict=True)) if one_master else {}
        part_encoder = make_encoder(connection, spec, options)
        for batch in row_batches(given, spec.heading):
            yield spec, part_encoder.encode(_filled(batch, fill), partial(masters.check, spec))


def _filled(batch: RowBatch, fill: Mapping[str, Any]) -> RowBatch:
    columns = dict(batch.columns)
    for name, value in fill.items():
        given = columns.get(name)
        columns[name] = [value if item is None else item for item in given or [None] * batch.count]
    return RowBatch(batch.start, batch.count, columns)
