"""Statements about rows given by key: find, delete and update exactly those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any

from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.model.types import AttributeType
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Statement

Key = tuple[Any, ...]
"""Driver values of one key; none of them is None."""

Types = Mapping[str, AttributeType]
"""Types of the columns of a table, as far as they are known."""

_UNKNOWN: Types = MappingProxyType({})

MOST_VALUES = 2000
"""Values bound by one statement; every database takes as many."""


MOST_IN_ARRAYS = 200_000
"""Values bound by one statement where arrays are."""

FEW = 10
"""Keys that are listed one by one in any case."""


def key_batches(keys: Sequence[Key], width: int, dialect: Dialect | None = None) -> Iterator[Sequence[Key]]:
    """Cut keys of ``width`` values into batches that one statement can bind: more if the dialect binds arrays."""
    most = MOST_IN_ARRAYS if dialect is not None and dialect.long_lists == "unnest" else MOST_VALUES
    size = max(1, most // max(1, width))
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def types_of(spec: TableSpec) -> Types:
    """Return the types of all columns, hidden ones included."""
    return {column.name: column.stored for column in spec.columns}


def select_by_key(
    dialect: Dialect,
    table: TableName,
    wanted: Sequence[str],
    names: Sequence[str],
    keys: Sequence[Key],
    types: Types = _UNKNOWN,
    limit: int | None = None,
) -> Statement:
    """Select columns of the rows whose columns ``names`` equal one of the keys.

    Args:
        dialect: The dialect to write.
        table: Where to look.
        wanted: Columns to read.
        names: Columns that are compared.
        keys: Their driver values.
        types: Of the columns; those to be read that may hold a float32 need theirs, or some databases round what they
            return. With the types of those that are compared, dialects that read arrays as tables get one array each.
        limit: Rows at the most.

    Example:
        >>> from datamill.sql.dialects.sqlite import SQLITE
        >>> select_by_key(SQLITE, TableName("lab", "mouse"), ["age"], ["mouse"], [(1,), (2,)])
        Statement(sql='SELECT "age" FROM "lab.mouse" WHERE "mouse" IN (?, ?)', params=(1, 2))
    """
    found = _by_key(dialect, _select(dialect, table, wanted, types), names, keys, types)
    return found if limit is None else Statement(f"{found.sql} LIMIT {int(limit)}", found.params)


def _select(dialect: Dialect, table: TableName, wanted: Sequence[str], types: Types) -> str:
    columns = [
        dialect.column(name, types[name]) if name in types else dialect.identifier(name) for name in wanted
    ]
    return f"SELECT {', '.join(columns)} FROM {dialect.table(table)}"


def select_page(
    dialect: Dialect,
    table: TableName,
    wanted: Sequence[str],
    names: Sequence[str],
    key: Key,
    after: Key | None,
    limit: int,
) -> Statement:
    """Select columns that are never NULL of rows whose columns ``names`` equal one key, in order, behind some values.

    Example:
        >>> from datamill.sql.dialects.sqlite import SQLITE
        >>> select_page(SQLITE, TableName("lab", "mouse"), ["mouse"], ["cage"], (3,), (7,), 10).sql
        'SELECT "mouse" FROM "lab.mouse" WHERE "cage" IN (?) AND ("mouse") > (?) ORDER BY "mouse" LIMIT 10'
    """
    found = select_by_key(dialect, table, wanted, names, [key])
    columns = ", ".join(map(dialect.identifier, wanted))
    behind = "" if after is None else f" AND ({columns}) > ({', '.join([dialect.placeholder] * len(after))})"
    return Statement(
        f"{found.sql}{behind} ORDER BY {columns} LIMIT {int(limit)}", (*found.params, *(after or ()))
    )


def delete_by_key(
    dialect: Dialect,
    table: TableName,
    names: Sequence[str],
    keys: Sequence[Key],
    types: Types = _UNKNOWN,
) -> Statement:
    """Delete the rows whose columns ``names`` equal one of the keys; for ``types`` see `select_by_key`."""
    return _by_key(dialect, f"DELETE FROM {dialect.table(table)}", names, keys, types)


@dataclass(frozen=True, slots=True)
class Way:
    """How rows of a table are found from keys of rows that they depend on.

    Fields:
        names: Attributes that hold such a key, or the foreign key to rows of a parent.
        above: That parent, its attributes that the foreign key refers to, and the way in which its rows are found;
            None if ``names`` hold the key.
    """

    names: tuple[str, ...]
    above: tuple[TableName, tuple[str, ...], Way] | None = None

    def end(self, table: TableName) -> tuple[TableName, tuple[str, ...]]:
        """Return the table in which keys are looked up, and the attributes that hold them, from a table on."""
        if self.above is None:
            return table, self.names
        parent, _, way = self.above
        return way.end(parent)

    def __len__(self) -> int:
        """Number of tables on the way."""
        return 1 if self.above is None else 1 + len(self.above[2])


def delete_by_way(
    dialect: Dialect, table: TableName, way: Way, keys: Sequence[Key], types: Types
) -> Statement:
    """Delete the rows of a table that are found from keys on a way, at whose end columns have some types.

    Example:
        >>> from datamill.sql.dialects.sqlite import SQLITE
        >>> way = Way(("cage",), (TableName("lab", "cage"), ("cage",), Way(("room",))))
        >>> delete_by_way(SQLITE, TableName("lab", "mouse"), way, [(1,)], {}).sql
        'DELETE FROM "lab.mouse" WHERE "cage" IN (SELECT "cage" FROM "lab.cage" WHERE "room" IN (?))'
    """
    quote, child, ends = dialect.identifier, dialect.table(table), ""
    is_joined = way.above is not None and dialect.deletes_by_join
    head = f"DELETE {child} FROM {child}" if is_joined else f"DELETE FROM {child}"
    while way.above is not None:
        name, referenced, above = way.above
        parent = dialect.table(name)
        if is_joined:
            pairs = zip(way.names, referenced, strict=True)
            equal = " AND ".join(f"{child}.{quote(own)} = {parent}.{quote(theirs)}" for own, theirs in pairs)
            head += f" INNER JOIN {parent} ON {equal}"
        else:
            held = ", ".join(map(quote, way.names))
            held = f"({held})" if len(way.names) > 1 else held
            head += f" WHERE {held} IN (SELECT {', '.join(map(quote, referenced))} FROM {parent}"
            ends += ")"
        child, way = parent, above
    found = _by_key(dialect, head, way.names, keys, types, f"{child}." if is_joined else "")
    return Statement(found.sql + ends, found.params)


def explain_delete(dialect: Dialect, table: TableName) -> Statement:
    """Ask how rows of a table would be deleted; databases refuse to tell those who may not delete any."""
    return Statement(f"{dialect.explain} DELETE FROM {dialect.table(table)} WHERE 1 = 0")


def update_by_key(
    dialect: Dialect, table: TableName, changes: Sequence[tuple[str, Any]], names: Sequence[str], key: Key
) -> Statement:
    """Set columns of the one row of a key to driver values; None is NULL.

    Example:
        >>> from datamill.sql.dialects.sqlite import SQLITE
        >>> update_by_key(SQLITE, TableName("lab", "mouse"), [("age", 3)], ["mouse"], (1,)).sql
        'UPDATE "lab.mouse" SET "age" = ? WHERE "mouse" IN (?)'
    """
    places = ", ".join(f"{dialect.identifier(name)} = {dialect.placeholder}" for name, _ in changes)
    where = _by_key(dialect, f"UPDATE {dialect.table(table)} SET {places}", names, [key])
    return Statement(where.sql, (*(value for _, value in changes), *where.params))


def _by_key(
    dialect: Dialect,
    head: str,
    names: Sequence[str],
    keys: Sequence[Key],
    types: Types = _UNKNOWN,
    owner: str = "",
) -> Statement:
    quoted = [owner + dialect.identifier(name) for name in names]
    if len(keys) > FEW and types and dialect.long_lists == "unnest":
        compared = [types[name] for name in names]
        if all(type.kind != "opaque" for type in compared):
            return _by_arrays(dialect, head, quoted, keys, compared)
    marks = dialect.placeholder
    if len(names) == 1:
        places = ", ".join([marks] * len(keys))
        return Statement(f"{head} WHERE {quoted[0]} IN ({places})", tuple([key[0] for key in keys]))
    row = f"({', '.join([marks] * len(names))})"
    rows = ", ".join([row] * len(keys))
    listed = f"VALUES {rows}" if dialect.lists_rows_as_values else rows
    return Statement(f"{head} WHERE ({', '.join(quoted)}) IN ({listed})", tuple(chain.from_iterable(keys)))


def _by_arrays(
    dialect: Dialect,
    head: str,
    quoted: Sequence[str],
    keys: Sequence[Key],
    types: Sequence[AttributeType],
) -> Statement:
    """Compare with one array per column: lists of rows are compared one by one with each row of the table.

    One column is compared with its array directly. That is never planned as a loop over both, as a join may be where
    the database takes the table for empty.
    """
    columns, arrays = [], []
    for column, type in zip(quoted, types, strict=True):
        is_enum = type.kind == "enum"  # its SQL type has no name that a query could give
        columns.append(column + ("::text" if is_enum else ""))
        arrays.append(
            f"{dialect.placeholder}::{'text' if is_enum else dialect.column_type[type.kind](type)}[]"
        )
    params = tuple(map(list, zip(*keys, strict=True)))
    if len(columns) == 1:
        return Statement(f"{head} WHERE {columns[0]} = ANY({arrays[0]})", params)
    return Statement(
        f"{head} WHERE ({', '.join(columns)}) IN (SELECT * FROM unnest({', '.join(arrays)}))", params
    )


def select_some(
    dialect: Dialect, table: TableName, wanted: Sequence[str], limit: int, types: Types = _UNKNOWN
) -> Statement:
    """Select columns of some rows, at most ``limit``; for ``types`` see `select_by_key`."""
    return Statement(f"{_select(dialect, table, wanted, types)} LIMIT {int(limit)}")


def count_rows(dialect: Dialect, table: TableName) -> Statement:
    """Count the rows of a table."""
    return Statement(f"SELECT count(*) FROM {dialect.table(table)}")
