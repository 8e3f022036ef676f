"""Insert of a query: one ``INSERT ... SELECT`` within the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from datamill.algebra.expression.tree import Column, Literal
from datamill.algebra.relations import Item, Projection, Relation, base_tables
from datamill.data.encode import EncodedBatch, Encoder
from datamill.data.insert_errors import explain
from datamill.data.iterate import iterate
from datamill.data.objects import is_owned
from datamill.data.write_rows import InsertOptions, write_rows
from datamill.errors import DataMillError, DuplicateError, IntegrityError, MissingAttributeError
from datamill.model.attribute import Attribute
from datamill.model.table import TableSpec
from datamill.sql.dml import insert_select
from datamill.sql.select import compile_select

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def insert_query(connection: Connection, spec: TableSpec, relation: Relation, options: InsertOptions) -> None:
    """Insert the rows of a query, matched by attribute name.

    Args:
        connection: Where to write. A query on another connection is read through the client.
        spec: The table.
        relation: The rows.
        options: As for rows.

    Raises:
        UnknownAttributeError: The query has attributes that the table has not, unless they are to be ignored.
        MissingAttributeError: It lacks required ones.
        DataMillError: An attribute is of another family of types, or of another codec.
    """
    _check_names(spec, relation, options.ignore_extra_fields)
    for name in relation.heading:
        if name in spec.heading:
            _check_types(spec, spec.heading[name], relation.heading[name])
    source = relation.origin
    known = [name for name in relation.heading if name in spec.heading]
    is_elsewhere = source is not None and source is not connection
    if is_elsewhere or any(is_owned(spec.heading[name]) for name in known):  # then objects are copied
        write_rows(
            connection, spec, _rows_from(source if is_elsewhere else connection, relation, known), options
        )
        return
    observer = connection.observer
    if observer is not None:
        observer.on_read(base_tables(relation), relation)
        observer.on_write("insert", spec.name, {"relation": relation})
    projection = _matched(connection, spec, relation, fill_all=options.replace)
    select = compile_select(projection, connection.dialect)
    statements = insert_select(
        connection.dialect,
        spec.name,
        projection.heading.names,
        select,
        key=spec.physical_key,
        conflict=options.conflict,
    )

    def work(session: Any) -> None:
        for statement in statements:
            session.execute(statement.sql, statement.params)

    try:
        connection.run_write(work)
    except (DuplicateError, IntegrityError) as error:
        raise _explain(connection, spec, projection, error, options) from error.__cause__


def _explain(
    connection: Connection,
    spec: TableSpec,
    projection: Projection,
    error: DuplicateError | IntegrityError,
    options: InsertOptions,
) -> DataMillError:
    """Look through the rows of the query for what the database refused."""
    select = compile_select(projection, connection.dialect)
    names, start = tuple(projection.heading.names), 0
    for rows in connection.stream(select):
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        found = explain(
            connection, spec, EncodedBatch(start, len(rows), names, columns, []), error, options.conflict
        )
        if found is not error:
            return found
        start += len(rows)
    return error


def _rows_from(source: Any, relation: Relation, names: list[str]) -> Iterator[dict[str, Any]]:
    for row in iterate(source, relation):
        yield {name: row[name] for name in names}


def _check_names(spec: TableSpec, relation: Relation, ignore_extra: bool) -> None:
    heading = relation.heading
    for name in heading:
        if name not in spec.heading and not ignore_extra:
            raise spec.heading.unknown(name, str(spec.name)).suggest("Choose attributes by proj().")
    missing = [
        name for name, item in spec.heading.attributes.items() if item.is_required and name not in heading
    ]
    if missing:
        raise MissingAttributeError(
            f"The query has no {', '.join(missing)}, which {spec.name} requires.",
            attribute=missing[0] if len(missing) == 1 else tuple(missing),
            hint="Add them by proj() or a join.",
        )


def _check_types(spec: TableSpec, own: Attribute, given: Attribute) -> None:
    codecs = [item.type.text if item.is_codec else None for item in (own, given)]
    if codecs[0] != codecs[1] or own.stored.family != given.stored.family:
        raise DataMillError(
            f"Attribute {own.name!r} of {spec.name} is {own.type}, that of the query is {given.type}.",
            hint="Convert it by proj(), or fetch the rows and insert them.",
        )


def _matched(connection: Connection, spec: TableSpec, relation: Relation, *, fill_all: bool) -> Projection:
    """Return the query's attributes in the table's order; with ``fill_all``, defaults stand for those it lacks."""
    encoder = Encoder(connection, spec)
    items: list[Item] = [(item, Literal(item.default, item.stored)) for item in spec.hidden if item.in_key]
    for name, attribute in spec.heading.attributes.items():
        given = relation.heading.get(name)
        if given is not None:
            items.append((given, Column(name, given.stored)))
        elif fill_all:
            items.append((attribute, Literal(encoder.default(attribute), attribute.stored)))
    return Projection(relation, tuple(items))
