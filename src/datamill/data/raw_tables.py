"""Which tables a raw statement reads and writes."""

from __future__ import annotations

import re
from typing import NamedTuple

from datamill.model.names import TableName
from datamill.sql.dialects.base import Dialect

_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?s")


class Tables(NamedTuple):
    """The tables that a statement names: those it reads, in order, and the one it writes to."""

    read: list[TableName]
    written: TableName | None = None


def tables_of(query: str, dialect: Dialect) -> Tables | None:
    """Return the tables named in a statement; None if sqlglot cannot parse it.

    Names that the statement defines itself, and those without a schema, are left out.
    """
    import sqlglot
    from sqlglot import errors, exp

    grammar = {"postgresql": "postgres", "mariadb": "mysql"}.get(dialect.name, dialect.name)
    try:
        tree = sqlglot.parse_one(_PLACEHOLDER.sub("NULL", query), read=grammar)
    except errors.SqlglotError:
        return None
    target = tree.find(exp.Table) if isinstance(tree, exp.Insert | exp.Update | exp.Delete) else None
    found = (
        _table_name(table.db, table.name, dialect)
        for table in tree.find_all(exp.Table)
        if table is not target
    )
    read = list(dict.fromkeys(name for name in found if name is not None))
    return Tables(read, None if target is None else _table_name(target.db, target.name, dialect))


def _table_name(schema: str, table: str, dialect: Dialect) -> TableName | None:
    if dialect.has_flat_names:
        schema, _, table = table.partition(".")
    return TableName(schema, table) if schema and table else None
