"""Statements that define tables and schemas."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from datamill.language import describe, quoted_name
from datamill.model.attribute import Attribute
from datamill.model.names import TableName, Tier
from datamill.model.table import ForeignKey, TableSpec
from datamill.sql.ddl_columns import TEXT, column_definition, inherited_names, is_clustered, type_record
from datamill.sql.ddl_indexes import IndexText, index_texts
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Statement, Writer

EnumTypes = Mapping[str, tuple[str, ...]]
"""Enum types there are: ``schema.name`` -> labels in order."""


def create_schema(schema: str, dialect: Dialect, collation: str = "") -> list[Statement]:
    """Return the statements that create a schema if it is absent.

    Args:
        schema: Its name.
        dialect: The dialect to write.
        collation: Collation of its text columns, where schemas have one; empty leaves it to the server.
    """
    if not dialect.ddl.catalog_tables:
        clause = f" COLLATE {dialect.identifier(collation)}" if collation else ""
        return [Statement(f"{dialect.ddl.create_schema} {dialect.identifier(schema)}{clause}")]
    writer = Writer(dialect)
    writer.text('INSERT INTO "~schemas" ("name") VALUES (')
    writer.bind(schema, TEXT)
    writer.text(') ON CONFLICT ("name") DO NOTHING')
    return [writer.finish()]


def drop_schema(schema: str, dialect: Dialect) -> list[Statement]:
    """Return the statements that drop a schema; its tables are dropped already."""
    if not dialect.ddl.catalog_tables:
        return [Statement(f"{dialect.ddl.drop_schema} {dialect.identifier(schema)}")]
    return [_forget("~schemas", {"name": schema}, dialect)]


def create_table(
    spec: TableSpec,
    dialect: Dialect,
    parents: Mapping[TableName, TableSpec] | None = None,
    *,
    taken_index_names: Collection[str] = (),
    enum_types: EnumTypes | None = None,
    places: Mapping[TableName, TableName] | None = None,
) -> list[Statement]:
    """Return the statements that create a table with its indexes and comments.

    Args:
        spec: The table.
        dialect: The dialect to write.
        parents: Referenced tables, as far as known.
        taken_index_names: Names in the schema that no index may have any more.
        enum_types: Enum types that exist already, where enums are named types.
        places: Tables that have another name for the time being, and that name.

    Returns:
        Types, the table, indexes, storage of large values, comments; run them in order, in one transaction where the
        dialect allows it.
    """
    parents = parents or {}
    enums = _EnumNames(spec, dialect, enum_types or {})
    indexes = index_texts(spec, dialect, taken_index_names)
    return [
        *enums.statements,
        Statement(_create_table(spec, dialect, parents, enums.columns, indexes, places or {})),
        *([] if dialect.ddl.inline_indexes else (_create_index(spec, index, dialect) for index in indexes)),
        *_storage(spec, dialect),
        *(_comments(spec, dialect) if dialect.ddl.comment_statements else ()),
        *(_index_comments(spec, indexes, dialect) if dialect.ddl.comment_statements else ()),
        *(_catalogue(spec, dialect) if dialect.ddl.catalog_tables else ()),
    ]


def comment_table(spec: TableSpec, dialect: Dialect) -> list[Statement] | None:
    """Return the statements that write the comments of a table that exists, over those it has.

    None: in this dialect comments are part of the columns' definitions.
    """
    if dialect.ddl.catalog_tables:
        return list(_catalogue(spec, dialect))
    return list(_comments(spec, dialect)) if dialect.ddl.comment_statements else None


def drop_table(name: TableName, dialect: Dialect) -> list[Statement]:
    """Return the statements that drop a table; nothing refers to it any more."""
    statements = [Statement(f"DROP TABLE IF EXISTS {dialect.table(name)}")]
    if dialect.ddl.catalog_tables:
        statements.append(_forget("~columns", {"schema": name.schema, "table_name": name.table}, dialect))
        statements.append(_forget("~tables", {"schema": name.schema, "name": name.table}, dialect))
    return statements


# the table ---------------------------------------------------------------------------------------------------


def _create_table(
    spec: TableSpec,
    dialect: Dialect,
    parents: Mapping[TableName, TableSpec],
    enum_columns: Mapping[str, str],
    indexes: list[IndexText],
    places: Mapping[TableName, TableName],
) -> str:
    traits = dialect.ddl
    lines = [column_definition(spec, column, dialect, parents, enum_columns) for column in spec.columns]
    lines += [text for index in indexes for text in index.generated_columns]
    if not (traits.auto_increment_is_key and any(column.is_auto_increment for column in spec.columns)):
        lines.append(f"PRIMARY KEY ({_names(spec.physical_key, dialect)})")
    lines += [_foreign_key(key, dialect, places) for key in spec.foreign_keys]
    if traits.inline_indexes:
        lines += [_inline_index(index, dialect) for index in indexes]
    body = ",\n  ".join(lines)
    options = [traits.options] if traits.options else []
    if is_clustered(spec, dialect):
        options.append("WITHOUT ROWID")
    if traits.inline_comments:
        options.append(f"COMMENT {dialect.literal(traits.comment(spec.comment), TEXT)}")
    tail = f" {', '.join(options)}" if options else ""
    name = dialect.table(places.get(spec.name, spec.name))
    return f"CREATE TABLE IF NOT EXISTS {name} (\n  {body}\n){tail}"


def _names(names: Collection[str], dialect: Dialect) -> str:
    return ", ".join(map(dialect.identifier, names))


def _foreign_key(key: ForeignKey, dialect: Dialect, places: Mapping[TableName, TableName]) -> str:
    theirs = [parent_name for _, parent_name in key.attribute_map]
    parent = dialect.table(places.get(key.parent, key.parent))
    return (
        f"FOREIGN KEY ({_names(key.attributes, dialect)}) "
        f"REFERENCES {parent} ({_names(theirs, dialect)}) ON UPDATE CASCADE ON DELETE RESTRICT"
    )


def _index_words(index: IndexText) -> str:
    return "UNIQUE INDEX" if index.unique else "INDEX"


_LONGEST_INDEX_COMMENT = 1024


def _inline_index(index: IndexText, dialect: Dialect) -> str:
    """Write an index within CREATE TABLE, with the line that declared it if the database spells that in its own way."""
    text = f"{_index_words(index)} ({', '.join(index.parts)})"
    comment = dialect.ddl.comment(index.declared)
    if not comment or len(comment) > _LONGEST_INDEX_COMMENT:
        return text
    return f"{text} COMMENT {dialect.literal(comment, TEXT)}"


def _create_index(spec: TableSpec, index: IndexText, dialect: Dialect) -> Statement:
    name = dialect.identifier(index.name)
    place = f"{dialect.table(spec.name)} ({', '.join(index.parts)})"
    return Statement(f"CREATE {_index_words(index)} {name} ON {place}")


def _index_comments(spec: TableSpec, indexes: list[IndexText], dialect: Dialect) -> Iterator[Statement]:
    """Keep the lines of indexes over expressions, which the database spells in its own way."""
    for index in indexes:
        if index.declared:
            name = dialect.table(TableName(spec.name.schema, index.name))
            yield Statement(f"COMMENT ON INDEX {name} IS {dialect.literal(index.declared, TEXT)}")


def _storage(spec: TableSpec, dialect: Dialect) -> Iterator[Statement]:
    table, template = dialect.table(spec.name), dialect.ddl.keep_compressed
    for column in spec.columns if template else ():
        if column.is_codec and column.stored.kind == "bytes":
            yield Statement(template.format(table=table, column=dialect.identifier(column.name)))


# enums that are named types ----------------------------------------------------------------------------------


class _EnumNames:
    """Names of the enum types of a table's columns, and the statements that create the absent ones."""

    def __init__(self, spec: TableSpec, dialect: Dialect, existing: EnumTypes) -> None:
        self.columns: dict[str, str] = {}
        self.statements: list[Statement] = []
        if not dialect.ddl.enum_types:
            return
        known = dict(existing)
        inherited = inherited_names(spec)
        for column in spec.columns:
            if column.stored.kind != "enum":
                continue
            schema = _origin_schema(spec, column) if column.name in inherited else spec.name.schema
            labels = column.stored.args
            name = next(
                item
                for item in _enum_names(schema, column, dialect)
                if known.get(str(item), labels) == labels
            )
            if str(name) not in known:
                known[str(name)] = labels
                values = ", ".join(dialect.literal(label, TEXT) for label in labels)
                if schema == spec.name.schema:
                    self.statements.append(Statement(f"CREATE TYPE {dialect.table(name)} AS ENUM ({values})"))
            self.columns[column.name] = dialect.table(name)


def _origin_schema(spec: TableSpec, column: Attribute) -> str:
    if column.lineage is not None:
        return column.lineage.split(".", 1)[0]
    return next(key.parent.schema for key in spec.foreign_keys if column.name in key.attributes)


def _enum_names(schema: str, column: Attribute, dialect: Dialect) -> Iterator[TableName]:
    base = dialect.column_type["enum"](column.stored).strip(dialect.quote)
    yield TableName(schema, base)
    number = 1
    while True:
        yield TableName(schema, f"{base}_{number}")
        number += 1


# comments and catalog tables ---------------------------------------------------------------------------------


def _comments(spec: TableSpec, dialect: Dialect) -> Iterator[Statement]:
    if spec.tier is Tier.HIDDEN:
        return
    table = dialect.table(spec.name)
    if spec.comment:
        yield Statement(f"COMMENT ON TABLE {table} IS {dialect.literal(spec.comment, TEXT)}")
    for column in spec.columns:
        record = type_record(spec, column, dialect)
        if record:
            name = dialect.identifier(column.name)
            yield Statement(f"COMMENT ON COLUMN {table}.{name} IS {dialect.literal(record, TEXT)}")


def _catalogue(spec: TableSpec, dialect: Dialect) -> Iterator[Statement]:
    schema, table = spec.name.schema, spec.name.table
    definition = describe(spec, quoted_name)
    yield _record(
        "~tables",
        _TABLES_KEY,
        ("comment", "definition"),
        [(schema, table, spec.comment, definition)],
        dialect,
    )
    rows = [
        (schema, table, column.name, ordinal, type_record(spec, column, dialect))
        for ordinal, column in enumerate(spec.columns)
    ]
    yield _record("~columns", _COLUMNS_KEY, ("ordinal", "comment"), rows, dialect)


_TABLES_KEY = ("schema", "name")
_COLUMNS_KEY = ("schema", "table_name", "name")


def _record(
    table: str, key: Sequence[str], others: Sequence[str], rows: Sequence[tuple[Any, ...]], dialect: Dialect
) -> Statement:
    """Write rows of a catalog table, over those that are there."""
    names = [*key, *others]
    row = f"({', '.join([dialect.placeholder] * len(names))})"
    changes = ", ".join(
        f"{dialect.identifier(name)} = excluded.{dialect.identifier(name)}" for name in others
    )
    sql = (
        f"INSERT INTO {dialect.identifier(table)} ({_names(names, dialect)}) VALUES {', '.join([row] * len(rows))} "
        f"ON CONFLICT ({_names(key, dialect)}) DO UPDATE SET {changes}"
    )
    return Statement(sql, tuple(chain.from_iterable(rows)))


def _forget(table: str, key: Mapping[str, str], dialect: Dialect) -> Statement:
    conditions = " AND ".join(f"{dialect.identifier(name)} = {dialect.placeholder}" for name in key)
    return Statement(f"DELETE FROM {dialect.identifier(table)} WHERE {conditions}", tuple(key.values()))
