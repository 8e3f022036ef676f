"""Carrying out an alteration where definitions are no part of transactions: no row is lost wherever it breaks off."""

from __future__ import annotations

from datamill.backends.base import BackendSession
from datamill.catalog import definitions
from datamill.catalog.changes import AlterPlan
from datamill.catalog.contracts import Tables
from datamill.catalog.interrupted import NEW, aside, drop, finish_interrupted, rename, successor, swap
from datamill.catalog.refill import fill
from datamill.errors import QueryError
from datamill.sql import ddl


def carry_out(session: BackendSession, catalog: Tables, plan: AlterPlan) -> None:
    """Build all affected tables anew beside the old ones, then put them in their place.

    Raises:
        DataMillError: The rows do not fit the new definition, or somebody changed the tables; everything is as before.
    """
    names = [change.new.name for change in plan.changes]
    with definitions.alone(session):
        try:
            if finish_interrupted(session, catalog, {name.schema for name in names}):
                catalog.invalidate()
            parents = definitions.still_as_planned(catalog, plan)
            rename(session, {name: aside(name) for name in names})
            try:
                _build(session, plan, parents)
            except BaseException as error:
                _use_final_names(error)
                drop(session, map(successor, reversed(names)))
                rename(session, {aside(name): name for name in names})
                raise
            swap(session, names)
            for change in plan.changes:
                definitions.forget_lineage(session, catalog, change.old.name)
                definitions.write_lineage(session, change.new)
        finally:
            catalog.invalidate()


def _use_final_names(error: BaseException) -> None:
    """Let an error speak of tables by the names that users know."""
    if isinstance(error, QueryError):
        error.args = tuple(str(item).replace(NEW, "") for item in error.args)
        for field in ("table", "child", "parent"):
            value = getattr(error, field, None)
            if isinstance(value, str):
                setattr(error, field, value.replace(NEW, ""))


def _build(session: BackendSession, plan: AlterPlan, parents: definitions.Specs) -> None:
    """Make the successors, parents first, and fill each in a transaction, where the server checks every row."""
    places = {change.new.name: successor(change.new.name) for change in plan.changes}
    for change in plan.changes:
        definitions.run(session, ddl.create_table(change.new, session.dialect, parents, places=places))
        session.begin()
        try:
            source, target = session.dialect.table(aside(change.old.name)), places[change.new.name]
            fill(session, change, source, target, exact=not plan.allow_data_loss)
        except BaseException:
            session.rollback()
            raise
        session.commit()
