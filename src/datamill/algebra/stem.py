"""Which table's rows a relation has."""

from __future__ import annotations

from datamill.algebra.relations import (
    Aggregation,
    BaseTable,
    Join,
    Projection,
    Relation,
    Restriction,
    Slice,
    sources,
)
from datamill.errors import DataMillError
from datamill.model.table import TableSpec


def base_table(relation: Relation) -> BaseTable:
    """Return the one table whose rows a relation has, its attributes renamed or not.

    Raises:
        DataMillError: There are several.
    """
    node = relation
    while not isinstance(node, BaseTable):
        if isinstance(node, Restriction | Slice | Projection):
            node = node.operand
        elif isinstance(node, Aggregation) or (isinstance(node, Join) and node.outer):
            node = node.left
        else:
            raise DataMillError(
                "Only an expression over one table can be restricted by ancestors or descendants, or name a table."
            )
    return node


def stem(relation: Relation) -> BaseTable:
    """Return the one table whose rows and key a relation has.

    Raises:
        DataMillError: It has several, or its key is renamed.
    """
    node = base_table(relation)
    for name in node.spec.heading.key:
        if name not in relation.heading or not is_column_of(relation, name, node.spec):
            raise DataMillError(
                f"The key attribute {name!r} of {node.spec.name} is renamed.",
                hint="Restrict before renaming.",
            )
    return node


def is_column_of(relation: Relation, name: str, spec: TableSpec) -> bool:
    """Return True if an attribute holds the values of a table's attribute of the same name."""
    return any(table.name == spec.name and column == name for table, column in sources(relation, name))
