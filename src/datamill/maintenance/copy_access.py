"""Whether the users of both databases may do all that a copy needs, found out before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datamill.errors import AccessError
from datamill.maintenance.copy_plan import CopyPlan
from datamill.sql.keys import select_some
from datamill.sql.keyset import insert_nothing

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.sql.writer import Statement


def check_access(source: Connection, destination: Connection, plan: CopyPlan) -> None:
    """Make sure that every table can be read, and that those at the destination can be added to.

    Raises:
        AccessError: It names the privilege, and all tables on which it is missing.
    """
    unread, unwritten = [], []
    for spec in plan.tables:
        names = tuple(column.name for column in spec.columns)
        if not _may_run(source, select_some(source.dialect, spec.name, names, 0)):
            unread.append(str(spec.name))
        if spec.name not in plan.missing and not _may_run(
            destination, insert_nothing(destination.dialect, spec.name, names)
        ):
            unwritten.append(str(spec.name))
    if unread:
        raise _lacking("SELECT", source, unread)
    if unwritten:
        raise _lacking("SELECT, INSERT", destination, unwritten)


def _may_run(connection: Connection, statement: Statement) -> bool:
    try:
        connection.read(statement)
    except AccessError:
        return False
    return True


def _lacking(privilege: str, connection: Connection, tables: list[str]) -> AccessError:
    return AccessError(
        f"You lack the privilege {privilege} on {', '.join(tables)} of {connection}. Nothing was copied.",
        privilege=privilege,
        table=tables[0],
        hint="Ask the owner for it, or copy the other schemas.",
    )
