"""Types of columns that carry no type record: the inverse of the table of column types."""

from __future__ import annotations

from dataclasses import replace

from datamill.backends.base import RawColumn
from datamill.errors import DefinitionError
from datamill.model.heading import Heading
from datamill.model.table import TableSpec
from datamill.model.types import AttributeType, parse_type
from datamill.sql.dialects.base import Dialect

_PLAIN: dict[str, str] = {
    "tinyint": "int8",
    "smallint": "int16",
    "mediumint": "mediumint",
    "int": "int32",
    "integer": "int32",
    "bigint": "int64",
    "tinyint unsigned": "uint8",
    "smallint unsigned": "uint16",
    "mediumint unsigned": "mediumint unsigned",
    "int unsigned": "uint32",
    "bigint unsigned": "uint64",
    "float": "float32",
    "real": "float32",
    "double": "float64",
    "double precision": "float64",
    "boolean": "bool",
    "date": "date",
    "json": "json",
    "jsonb": "json",
    "uuid": "uuid",
    "longblob": "bytes",
    "bytea": "bytes",
}
"""SQL type without arguments -> core type, or the native type if foreign keys tell its columns from those of one."""

_CORE_WITH_ARGUMENTS = {
    "char": "char",
    "character": "char",
    "bpchar": "char",
    "varchar": "varchar",
    "character varying": "varchar",
    "decimal": "decimal",
    "numeric": "decimal",
    "enum": "enum",
    "datetime": "datetime",
    "timestamp": "datetime",
    "time": "time",
}
"""SQL type whose arguments are those of the core type."""


def as_created(spec: TableSpec, dialect: Dialect) -> TableSpec:
    """Return a table as declared, keys that the database numbers being of the one type that it has for them.

    Foreign keys to them must be of that type too, and the catalog tells nothing of others.
    """
    traits = dialect.ddl
    if traits.native_types or traits.catalog_tables or not traits.auto_increment_type:
        return spec
    numbered = _native(f"{traits.auto_increment_type} auto_increment")
    attributes = [
        replace(item, type=numbered, stored=numbered) if item.is_auto_increment else item
        for item in spec.heading.attributes.values()
    ]
    return replace(spec, heading=Heading(attributes, spec.heading.comment))


def inverse_type(column: RawColumn, dialect: Dialect) -> AttributeType:
    """Return the type of a column without type record.

    Core types are recognised by their column type; what has none stays a native type that the driver's values pass
    through.

    Example:
        >>> inverse_type(RawColumn("a", "smallint unsigned", False, None, ""), Dialect("mysql", "`", "%s", {})).text
        'uint16'
    """
    text = " ".join(column.sql_type.lower().split()).removesuffix(" without time zone")
    if column.is_auto_increment:
        return _native(f"{text} auto_increment")
    override = dialect.ddl.inverse_types.get(text)
    return (
        parse_type(override)
        if override is not None
        else _core(text, column.sql_type) or _native(column.sql_type)
    )


def _core(text: str, verbatim: str) -> AttributeType | None:
    bare, _, rest = text.partition("(")
    arguments, _, tail = rest.rpartition(")")
    kind = _CORE_WITH_ARGUMENTS.get(bare.strip())
    if kind is None:
        plain = _PLAIN.get(f"{bare.strip()} {tail.strip()}".strip())
        return parse_type(plain) if plain is not None else None
    if tail.strip():
        return None
    # Members of enums are as written, in upper and lower case.
    original = verbatim[verbatim.index("(") : verbatim.rindex(")") + 1] if arguments else ""
    try:
        return parse_type(kind + original)
    except DefinitionError:
        return None


def _native(text: str) -> AttributeType:
    try:
        return parse_type(text)
    except DefinitionError:
        return AttributeType(text, "opaque", native=text)
