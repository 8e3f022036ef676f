"""Alterations where definitions are no part of transactions: names of tables in between, and finishing what broke off.

An alteration goes through these states, each step being one statement, so that no row is ever in no table:

1. ``t`` becomes ``~-t``: from now on nobody writes to it, and other tables that refer to it follow.
2. ``~+t`` is made and filled. What is wrong with the new definition shows here; then ``~-t`` becomes ``t`` again.
3. ``~-t`` is dropped, ``~+t`` takes its name, to which other tables still refer, and then becomes ``t``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from datamill.backends.base import BackendSession
from datamill.catalog.contracts import Tables
from datamill.errors import DataMillError
from datamill.model.names import TableName
from datamill.sql.dialects.base import Dialect

OLD, NEW = "~-", "~+"
_LONGEST = 64


def aside(name: TableName) -> TableName:
    """Return the name under which a table waits while its successor is made."""
    return _prefixed(name, OLD)


def successor(name: TableName) -> TableName:
    """Return the name under which the successor of a table is made."""
    return _prefixed(name, NEW)


def _prefixed(name: TableName, prefix: str) -> TableName:
    if len(name.table) + len(prefix) > _LONGEST:
        raise DataMillError(
            f"{name} cannot be altered: its name leaves no room for {prefix!r} before it.",
            hint="Copy it to a table with a shorter name.",
        )
    return TableName(name.schema, prefix + name.table)


def rename(session: BackendSession, names: Mapping[TableName, TableName]) -> None:
    """Rename tables, all at once."""
    quote = session.dialect.table
    pairs = ", ".join(f"{quote(old)} TO {quote(new)}" for old, new in names.items())
    session.execute(f"RENAME TABLE {pairs}")


def drop(session: BackendSession, names: Iterable[TableName]) -> None:
    """Drop tables although others may refer to them."""
    listed = _list(session.dialect, names)
    if listed:
        with session.rebuilding(()):
            session.execute(f"DROP TABLE IF EXISTS {listed}")


def _list(dialect: Dialect, names: Iterable[TableName]) -> str:
    return ", ".join(map(dialect.table, names))


def swap(session: BackendSession, names: Sequence[TableName]) -> None:
    """Put the successors of tables in their place: step 3, or what is left of it."""
    drop(session, map(aside, names))
    with session.rebuilding(()):
        rename(session, {successor(name): aside(name) for name in names})
    rename(session, {aside(name): name for name in names})


def finish_interrupted(session: BackendSession, catalog: Tables, schemas: Iterable[str]) -> bool:
    """Finish alterations of which a crash left tables in between; they are done, or as if they had not begun.

    Args:
        session: Where; others who change definitions wait.
        catalog: What tables there are.
        schemas: Where to look.

    Returns:
        True if there was something to do.
    """
    names = [name for schema in sorted(set(schemas)) for name in catalog.load(schema, hidden=True)]
    present = set(names)
    targets = dict.fromkeys(
        TableName(name.schema, name.table[len(OLD) :]) for name in names if name.table[:2] in (OLD, NEW)
    )
    if not targets:
        return False
    lonely = [
        name
        for name in targets
        if successor(name) in present and aside(name) not in present and name not in present
    ]
    if lonely:  # the old tables were being dropped, so every successor is complete
        swap(session, [name for name in targets if successor(name) in present])
        return True
    drop(session, [successor(name) for name in targets if successor(name) in present])
    waiting = {aside(name): name for name in targets if aside(name) in present}
    if waiting:
        rename(session, waiting)
    return True
