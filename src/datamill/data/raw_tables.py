"""Which tables a raw query reads."""

from __future__ import annotations

from datamill.model.names import TableName
from datamill.sql.dialects.base import Dialect


def tables_of(query: str, dialect: Dialect) -> list[TableName]:
    """Return the tables named in a query, in order, without names that it defines itself.

    What sqlglot cannot parse, and names without a schema, are left out.
    """
    import sqlglot
    from sqlglot import errors, exp

    grammar = "postgres" if dialect.name == "postgresql" else dialect.name
    try:
        tree = sqlglot.parse_one(
            query.replace("%s", "NULL"), read="mysql" if grammar == "mariadb" else grammar
        )
    except errors.SqlglotError:
        return []
    found = (_table_name(table.db, table.name, dialect) for table in tree.find_all(exp.Table))
    return list(dict.fromkeys(name for name in found if name is not None))


def _table_name(schema: str, table: str, dialect: Dialect) -> TableName | None:
    if dialect.has_flat_names:
        schema, _, table = table.partition(".")
    return TableName(schema, table) if schema and table else None
