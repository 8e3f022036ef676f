"""Columns of a CREATE TABLE: type, NOT NULL, default, CHECK, and the comment that records the type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datamill.errors import DefinitionError
from datamill.model.attribute import Attribute, Now
from datamill.model.names import TableName, Tier
from datamill.model.table import TableSpec
from datamill.model.types import AttributeType, core_type
from datamill.sql.dialects.base import Dialect

TEXT = core_type("text")
_ONLY_OURS = frozenset(("uint8", "uint16", "uint32", "uint64", "time", "timestamp"))
"""Kinds that DataJoint does not know."""
_WIDTHS = {
    "integer": 5,
    "float": 8,
    "decimal": 20,
    "bool": 1,
    "enum": 10,
    "date": 10,
    "datetime": 26,
    "time": 15,
    "uuid": 16,
}
_WIDEST_CLUSTERED_ROW = 200
"""Estimated bytes up to which a row is stored in the tree of its key.

Measured with 100 000 rows, composite keys and foreign keys checked: without payload such tables are 43-46 % smaller,
inserts 7-28 %, lookups 15-23 % and deletes 17-66 % faster; with 150 bytes of text they are on a par, but inserts in
random order take 2.1-2.6 times as long; with blobs of 20 kB (integer key) a lookup takes 8 times as long.
"""


def inherited_names(spec: TableSpec) -> set[str]:
    """Return the attributes that come from foreign keys."""
    return {name for key in spec.foreign_keys for name in key.attributes}


def is_clustered(spec: TableSpec, dialect: Dialect) -> bool:
    """True if the rows of a table belong into the tree of its key: small rows, in dialects that offer it."""
    if not dialect.ddl.clustered_keys or any(column.is_auto_increment for column in spec.columns):
        return False
    return sum(map(_width, spec.columns)) <= _WIDEST_CLUSTERED_ROW


def _width(column: Attribute) -> float:
    type = column.stored
    if type.kind in ("char", "varchar"):
        return float(type.args[0]) / 2
    return _WIDTHS.get(type.family, float("inf"))


def column_definition(
    spec: TableSpec,
    column: Attribute,
    dialect: Dialect,
    parents: Mapping[TableName, TableSpec],
    enum_types: Mapping[str, str],
) -> str:
    """Return the text of one column within CREATE TABLE.

    Args:
        spec: The table.
        column: One of its columns.
        dialect: The dialect to write.
        parents: Referenced tables, as far as known (for the collation of their columns).
        enum_types: Column -> quoted name of its enum type, for dialects with named enum types.

    Raises:
        DefinitionError: The database has a column of that name in every table.
    """
    traits = dialect.ddl
    if column.name in traits.system_columns:
        raise DefinitionError(
            f"{spec.name} cannot have an attribute {column.name}: every table of {dialect.name} has a system column of "
            "that name.",
            table=str(spec.name),
            hint=f"Give it another name, such as {column.name}_.",
        )
    name = dialect.identifier(column.name)
    numbered = column.is_auto_increment and not (traits.native_types and column.stored.native)
    words = [name, enum_types.get(column.name) or _column_type(spec, column, dialect, numbered)]
    if numbered and traits.auto_increment_is_key:
        return f"{' '.join(words)} PRIMARY KEY {traits.auto_increment}"
    words.append(traits.collations.get(column.stored.kind, "") or _collation(spec, column, dialect, parents))
    if numbered:
        words.append(traits.auto_increment)
    words.append(_null_and_default(column, dialect))
    check = traits.checks.get(column.stored.kind)
    if check is not None and not numbered:
        words.append(f"CONSTRAINT {name} CHECK ({check(name, column.stored)})")
    if traits.inline_comments:
        words.append(f"COMMENT {dialect.literal(traits.comment(type_record(spec, column, dialect)), TEXT)}")
    return " ".join(filter(None, words))


def _column_type(spec: TableSpec, column: Attribute, dialect: Dialect, numbered: bool) -> str:
    traits, type = dialect.ddl, column.stored
    if traits.native_types and type.native:
        return type.native
    if numbered and traits.auto_increment_type:
        return traits.auto_increment_type
    text = dialect.column_type[type.kind](type)
    if text == "INTEGER" and traits.clustered_keys and spec.physical_key == (column.name,):
        # In a table with rowids INTEGER would make the key an alias of it, which numbers itself when left out.
        return text if is_clustered(spec, dialect) else "INT"
    return text


def _collation(
    spec: TableSpec, column: Attribute, dialect: Dialect, parents: Mapping[TableName, TableSpec]
) -> str:
    """Return the collation of a text column that must equal the one it refers to."""
    if not dialect.ddl.code_point_collation or column.stored.family not in ("text", "enum"):
        return ""
    collation = column.collation
    for key in spec.foreign_keys:
        parent = parents.get(key.parent)
        theirs = dict(key.attribute_map).get(column.name)
        if parent is not None and theirs is not None and theirs in parent.heading:
            collation = parent.heading[theirs].collation or dialect.ddl.code_point_collation
    return f"COLLATE {dialect.identifier(collation)}" if collation else ""


def _null_and_default(column: Attribute, dialect: Dialect) -> str:
    if column.nullable:
        return "DEFAULT NULL"
    if column.default is None:
        return "NOT NULL"
    return f"NOT NULL DEFAULT {default_text(column.default, column.stored, dialect)}"


def default_text(default: Any, type: AttributeType, dialect: Dialect) -> str:
    """Return a default value as SQL."""
    if isinstance(default, Now):
        return dialect.ddl.now(type)
    if not dialect.ddl.quotes_defaults:
        return dialect.literal(default, type)
    adapt = dialect.to_driver_for(type)
    bound = default if adapt is None else adapt(default)
    if isinstance(bound, bytes):
        return dialect.literal(bound, type)
    if isinstance(bound, bool):
        bound = int(bound)
    if type.family == "decimal":
        bound = format(bound, "f")
    return dialect.literal(str(bound), TEXT)


def type_record(spec: TableSpec, column: Attribute, dialect: Dialect) -> str:
    """Return the comment of a column: ``:TYPE:text`` where the type is a core type or codec, else the text.

    Example:
        >>> from datamill.model.heading import Heading
        >>> from datamill.model.types import parse_type
        >>> from datamill.sql.dialects import get_dialect
        >>> enum = parse_type("enum('M','F')")
        >>> sex = Attribute("sex", enum, enum, comment="of birth")
        >>> type_record(TableSpec(TableName("lab", "mouse"), Heading([sex])), sex, get_dialect("mysql"))
        ":enum('M','F'):of birth"
    """
    traits = dialect.ddl
    if spec.tier is Tier.HIDDEN and not traits.catalog_tables:
        return column.comment
    is_native = column.type.native is not None and not traits.catalog_tables
    is_extra = (
        column.type.kind in _ONLY_OURS
        and not traits.marks_inherited_extras
        and column.name in inherited_names(spec)
    )
    return column.comment if is_native or is_extra else f":{column.type.text}:{column.comment}"
