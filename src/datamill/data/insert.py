"""Insert: rows in any form, checked and encoded by column, written all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datamill.algebra.operators import as_relation
from datamill.data.direct_insert import check_direct_insert
from datamill.data.insert_parts import PartRows, insert_group
from datamill.data.insert_query import insert_query
from datamill.data.rows import RowBatch
from datamill.data.write_rows import InsertOptions, make_encoder, write_batches, write_rows
from datamill.errors import DataMillError
from datamill.model.table import TableSpec
from datamill.storage.journal import recording

if TYPE_CHECKING:
    from datamill.data.connection import Connection

__all__ = ["PartRows", "insert", "insert1", "insert_dataframe"]


def insert(
    connection: Connection,
    spec: TableSpec,
    rows: Any,
    *,
    replace: bool = False,
    skip_duplicates: bool = False,
    ignore_extra_fields: bool = False,
    allow_direct_insert: bool | None = None,
    chunk_size: int | None = None,
    parts: PartRows | None = None,
) -> None:
    """Insert rows, all or none.

    Args:
        connection: Where to write.
        spec: The table.
        rows: Any form of `rows.row_batches`, or a query expression, which runs as one ``INSERT ... SELECT``.
        replace: Overwrite the other attributes of rows whose primary key exists.
        skip_duplicates: Pass over rows whose primary key exists.
        ignore_extra_fields: Pass over fields that are no attributes.
        allow_direct_insert: Allow rows in auto-populated tables outside ``make``.
        chunk_size: Commit every so many rows; then ``rows_committed`` of an error says how many stay.
        parts: Rows of part tables for the same transaction: part class or name -> rows.

    Raises:
        DuplicateError, IntegrityError, InvalidValueError, MissingAttributeError, UnknownAttributeError: Nothing of
            this call (of this chunk, with ``chunk_size``) is stored; ``row_index`` says which row, if known.
        AccessError: The connection is read-only.
    """
    options = InsertOptions(replace, skip_duplicates, ignore_extra_fields, allow_direct_insert, chunk_size)
    check_direct_insert(connection, spec, allow_direct_insert)
    with recording():  # objects of an insert that fails are removed
        _insert(connection, spec, rows, options, parts)


def _insert(
    connection: Connection, spec: TableSpec, rows: Any, options: InsertOptions, parts: PartRows | None
) -> None:
    relation = as_relation(rows)
    if parts is not None:
        if options.chunk_size is not None or relation is not None:
            raise DataMillError(
                "parts= goes with rows, without chunk_size: masters and parts are one transaction."
            )
        insert_group(connection, spec, rows, parts, options)
    elif relation is not None:
        if options.chunk_size is not None:
            raise DataMillError("chunk_size does not go with a query expression: it runs as one statement.")
        insert_query(connection, spec, relation, options)
    else:
        write_rows(connection, spec, rows, options)


def insert1(
    connection: Connection, spec: TableSpec, row: Any, *, parts: PartRows | None = None, **options: Any
) -> None:
    """Insert one row; options as for `insert`. Rows of ``parts`` may omit the master's key.

    Raises:
        DataMillError: ``row`` is no row; otherwise as `insert`.
    """
    if parts is None and (type(row) is not dict or "chunk_size" in options):
        insert(connection, spec, (row,), **options)
        return
    checked = InsertOptions(**options)
    check_direct_insert(connection, spec, checked.allow_direct_insert)
    with recording():
        if parts is None:
            batch = RowBatch(0, 1, {name: [value] for name, value in row.items()})
            encoded = make_encoder(connection, spec, checked).encode(batch)
            write_batches(connection, ((spec, encoded),), checked)
        else:
            insert_group(connection, spec, (row,), parts, checked, one_master=True)


def insert_dataframe(
    connection: Connection, spec: TableSpec, df: Any, *, index_as_pk: bool | None = None, **options: Any
) -> None:
    """Insert a pandas DataFrame, a polars DataFrame or an Arrow table.

    Args:
        connection: Where to write.
        spec: The table.
        df: The data frame.
        index_as_pk: True: the names of the index must be the primary key. False: the index is dropped. None: the
            index is used if its names are the primary key.
        **options: As for `insert`.

    Raises:
        DataMillError: It is no data frame, or its index is not the primary key although ``index_as_pk`` says so.
    """
    library = type(df).__module__.partition(".")[0]
    if library not in ("pandas", "polars", "pyarrow"):
        raise DataMillError(
            f"A {type(df).__name__} is no data frame.", hint="Use insert for other forms of rows."
        )
    if library == "pandas":
        df = _place_index(df, spec, index_as_pk)
    elif index_as_pk:
        raise DataMillError(f"A {library} table has no index.", hint="Leave index_as_pk out.")
    insert(connection, spec, df, **options)


def _place_index(df: Any, spec: TableSpec, index_as_pk: bool | None) -> Any:
    names = list(df.index.names)
    matches = bool(names) and set(names) == set(spec.heading.key)
    if index_as_pk and not matches:
        raise DataMillError(
            f"The index of the data frame is {names}, the primary key of {spec.name} is {spec.heading.primary_key}.",
            hint="Set the index to the primary key, or pass index_as_pk=False.",
        )
    keep = matches if index_as_pk is None else index_as_pk
    return df.reset_index() if keep else df.reset_index(drop=True)
