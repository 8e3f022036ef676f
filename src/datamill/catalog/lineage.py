"""Lineage: where each attribute originates, derived from foreign keys, and its rows in ``~lineage``."""

from __future__ import annotations

from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName, Tier
from datamill.model.table import TableSpec
from datamill.model.types import core_type

LINEAGE_TABLE = "~lineage"


def lineage_name(schema: str) -> TableName:
    """Return the name of a schema's lineage table."""
    return TableName(schema, LINEAGE_TABLE)


def lineage_spec(schema: str) -> TableSpec:
    """Return the specification of a schema's lineage table (spec 06 section 4)."""
    short, long = core_type("varchar", 64), core_type("varchar", 255)
    return TableSpec(
        lineage_name(schema),
        Heading(
            [
                Attribute("table_name", short, short, in_key=True, comment="table name within the schema"),
                Attribute("attribute_name", short, short, in_key=True, comment="attribute name"),
                Attribute("lineage", long, long, comment="origin: schema.table.attribute"),
            ]
        ),
    )


def lineage_rows(spec: TableSpec) -> list[tuple[str, str, str]]:
    """Return the rows (table, attribute, lineage) that a table has in ``~lineage``.

    Example:
        >>> lineage_rows(lineage_spec("lab"))[0]
        ('~lineage', 'table_name', 'lab.~lineage.table_name')
    """
    inherited = {
        own: f"{key.parent}.{theirs}" for key in spec.foreign_keys for own, theirs in key.attribute_map
    }
    rows = []
    for column in spec.columns:
        # A job table has no foreign keys; it names itself, as DataJoint writes it.
        origin = None if spec.tier is Tier.JOBS else column.lineage or inherited.get(column.name)
        if origin is None and column.in_key:
            origin = f"{spec.name}.{column.name}"
        if origin is not None:
            rows.append((spec.name.table, column.name, origin))
    return rows
