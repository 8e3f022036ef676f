"""What others put on tables besides their definition: privileges, triggers, policies. Alterations keep it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datamill.backends.base import BackendSession
from datamill.catalog.changes import TableChange


@dataclass(frozen=True, slots=True)
class Attached:
    """One such thing.

    Fields:
        change: How its table changes.
        what: It, in words: ``the trigger audit``.
        column: The column it is bound to, or None.
        statement: Makes it again, with ``{column}`` for the column's name; None: nothing does.
        is_code: The statement may name columns.
    """

    change: TableChange
    what: str
    column: str | None
    statement: str | None
    is_code: bool


def attached(session: BackendSession, changes: Sequence[TableChange]) -> list[Attached]:
    """Return what is on the tables of an alteration, in the order in which it is to be made again."""
    by_name = {str(change.old.name): change for change in changes}
    query = session.dialect.ddl.attached
    rows = session.execute(query, (json.dumps([*by_name], ensure_ascii=False),)).rows
    return [
        Attached(by_name[table], what, column, statement, bool(is_code))
        for table, what, column, statement, is_code in rows
    ]


def in_the_way(items: Sequence[Attached]) -> Iterator[str]:
    """Yield why a table cannot be made anew without losing something of somebody."""
    for item in items:
        table = item.change.old.name
        subject = item.what[0].upper() + item.what[1:]
        if item.statement is None:
            yield f"{subject} depends on {table}, which is made anew: drop it first, make it again afterwards."
        for name in _gone(item.change) if item.is_code else ():
            if re.search(rf"\b{re.escape(name)}\b", item.statement or ""):
                yield (
                    f"{subject} of {table} names {name}, which will be gone: drop it first, make it again afterwards."
                )


def _gone(change: TableChange) -> list[str]:
    """Return the names of columns that are dropped or renamed."""
    return [*(column.name for column in change.dropped), *(old for _, old in change.renames)]


def put_back(session: BackendSession, items: Sequence[Attached]) -> None:
    """Make these things again on the tables made anew; what was bound to a dropped column goes with it."""
    for item in items:
        if item.statement is None:
            continue
        if item.column is None:
            session.execute(item.statement)
            continue
        for column in item.change.new.columns:
            source = item.change.source(column.name)
            if source is not None and source.name == item.column:
                session.execute(item.statement.replace("{column}", session.dialect.identifier(column.name)))
