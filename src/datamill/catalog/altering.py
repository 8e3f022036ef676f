"""Carrying out an alteration: every affected table is built anew in one transaction, or nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from datamill.backends.base import BackendSession
from datamill.catalog import definitions, staged
from datamill.catalog.alter_plan import plan_alter
from datamill.catalog.attached import attached, in_the_way, put_back
from datamill.catalog.changes import AlterPlan, TableChange
from datamill.catalog.contracts import Host, Tables
from datamill.catalog.drift import adopted
from datamill.catalog.named import drop_unused_types
from datamill.catalog.refill import fill
from datamill.catalog.retype import unfit
from datamill.codecs import chain_for
from datamill.errors import DataMillError, InvalidValueError, require
from datamill.model.attribute import Attribute
from datamill.model.convert import convert_one
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql import ddl
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Statement, Writer


def alter(
    host: Host,
    declared: TableSpec,
    *,
    prompt: bool = True,
    renames: Mapping[str, str] | None = None,
    fill: Mapping[str, Any] | None = None,
    allow_data_loss: bool = False,
    reorder: bool = False,
    dry_run: bool = False,
    ask: Callable[[str], str] = input,
) -> AlterPlan:
    """Make a table in the database match its definition: attributes, order, comments, indexes, foreign keys, key.

    Args:
        host: The connection.
        declared: The table as it shall be.
        prompt: Ask before changing anything.
        renames: New name -> old name; an attribute that is not renamed is dropped and added. A comment that opens
            with ``{old}`` says the same.
        fill: Attribute -> value for the rows that are there.
        allow_data_loss: Drop attributes although they hold values, and convert values although they lose something.
        reorder: Put attributes in the order of the definition; otherwise those that are there keep their order where
            the database would have to copy the table for that alone.
        dry_run: Only return the plan, its problems included.
        ask: Shows a question and returns the answer.

    Returns:
        The plan; it is false if there was nothing to do.

    Raises:
        DataMillError: A transaction is open; or the plan has problems, which the message lists; or there is nobody
            to ask. Nothing is changed.
        InvalidValueError: A value does not fit its attribute's new type, or would lose something. Nothing is changed.
        DuplicateError: Rows have equal keys afterwards. Nothing is changed.
        IntegrityError: Rows refer to nothing afterwards. Nothing is changed.
    """
    if host.in_transaction:
        raise DataMillError(f"Cannot alter {declared.name} within a transaction.", hint="Commit first.")
    plan = _plan(host, declared, renames or {}, fill or {}, reorder)
    problems, misfits = _obstacles(host.session, plan, allow_data_loss)
    plan = replace(plan, problems=(*problems, *map(str, misfits)), allow_data_loss=allow_data_loss)
    if dry_run or not plan:
        return plan
    if problems:
        raise DataMillError(f"{declared.name} was not altered. {' '.join(plan.problems)}")
    if misfits:
        raise misfits[0].suggest("The table was not altered.")
    if prompt and not _agreed(str(plan), ask):
        return replace(plan, changes=(), differences=())
    comments = _comments(plan, host.dialect)
    if comments is None:
        carry_out = _carry_out if host.dialect.has_schema_ddl else staged.carry_out
        carry_out(host.session, host.catalog, plan)
    else:
        with definitions.changing(host, host.catalog, f"alter {declared.name}") as session:
            definitions.run(session, comments)
    return plan


def _comments(plan: AlterPlan, dialect: Dialect) -> list[Statement] | None:
    """Return the statements for a plan that writes nothing but comments; None if its tables are made anew."""
    return ddl.comment_table(plan.changes[0].new, dialect) if plan.is_comments_only else None


def _plan(
    host: Host,
    declared: TableSpec,
    renames: Mapping[str, str],
    fill: Mapping[str, Any],
    reorder: bool,
) -> AlterPlan:
    require(renames, Mapping, "renames must map new names to old ones")
    require(fill, Mapping, "fill must map attributes to values")
    existing = host.catalog.spec(declared.name)
    graph = host.catalog.graph()
    dependents = [graph.specs[name] for name in graph.descendants(declared.name)[1:]]
    converted = {
        name: _canonical(declared.heading[name], value)
        for name, value in fill.items()
        if name in declared.heading
    }
    return plan_alter(
        adopted(declared, existing, host.dialect),
        existing,
        dependents,
        renames=renames,
        fill={**fill, **converted},
        reorder=reorder or not host.dialect.ddl.keeps_order,
    )


def _canonical(attribute: Attribute, value: Any) -> Any:
    if attribute.is_codec:
        value = chain_for(attribute.type.text).encode_column([value])[0]
    return convert_one(attribute.stored, value, attribute=attribute.name)


def _agreed(text: str, ask: Callable[[str], str]) -> bool:
    question = f"{text}\nProceed? [yes, No]: "
    while True:
        try:
            answer = ask(question).strip().lower()
        except EOFError as error:
            raise DataMillError("There is nobody to ask.", hint="Pass prompt=False to go ahead.") from error
        if answer in ("yes", "no", ""):
            return answer == "yes"
        question = "Please answer yes or no: "


# what speaks against it ----------------------------------------------------------------------------------------


def _obstacles(
    session: BackendSession, plan: AlterPlan, allow_data_loss: bool
) -> tuple[list[str], list[InvalidValueError]]:
    """Return what is wrong with a plan as sentences, and the values that it cannot convert."""
    if not plan or _comments(plan, session.dialect) is not None:
        return [], []
    problems = list(in_the_way(attached(session, plan.changes)))
    problems += [text for change in plan.changes for text in _problems(session, change, allow_data_loss)]
    values = [error for change in plan.changes for error in unfit(session, change, exact=not allow_data_loss)]
    return problems, values


def _problems(session: BackendSession, change: TableChange, allow_data_loss: bool) -> Iterator[str]:
    table, filled = change.old.name, {item.column for item in change.fill}
    if not _exists(session, table):
        return
    for column in change.dropped:
        if (
            not allow_data_loss
            and not column.is_hidden
            and _exists(session, table, column.name, present=True)
        ):
            yield f"{table}.{column.name} holds values that would be lost: allow_data_loss=True, or rename it."
    for column in change.added:
        if column.is_required and column.name not in filled:
            yield f"{table}.{column.name} is required and rows are there: fill={{{column.name!r}: ...}}, or a default."
    for column in change.tightened:
        old = change.source(column.name)
        if old is not None and column.name not in filled and _exists(session, table, old.name, present=False):
            yield f"{table}.{column.name} is NULL in rows that are there: fill={{{column.name!r}: ...}}."
    for column in change.converted:
        old = change.source(column.name)
        if (
            old is not None
            and (old.is_codec or column.is_codec)
            and _exists(session, table, old.name, present=True)
        ):
            yield f"{table}.{column.name} cannot be converted from {old.type} to {column.type}: add a new attribute."


def _exists(
    session: BackendSession, table: TableName, column: str | None = None, *, present: bool = True
) -> bool:
    """True if the table has a row, or one where a column holds a value, or holds none."""
    writer = Writer(session.dialect)
    writer.text("SELECT 1 FROM ")
    writer.table(table)
    if column is not None:
        writer.text(" WHERE ")
        writer.identifier(column)
        writer.text(" IS NOT NULL" if present else " IS NULL")
    writer.text(" LIMIT 1")
    statement = writer.finish()
    return bool(session.execute(statement.sql, statement.params).rows)


# doing it ------------------------------------------------------------------------------------------------------


def _carry_out(session: BackendSession, catalog: Tables, plan: AlterPlan) -> None:
    """Build all affected tables anew: their rows are put aside, the tables dropped, created and filled."""
    try:
        with session.rebuilding([change.new.name for change in plan.changes]):
            parents = definitions.still_as_planned(catalog, plan)
            others = attached(session, plan.changes)
            stashes = [_stash(session, change, number) for number, change in enumerate(plan.changes)]
            for change in reversed(plan.changes):
                definitions.forget_lineage(session, catalog, change.old.name)
                definitions.run(session, ddl.drop_table(change.old.name, session.dialect))
            for change, stash in zip(plan.changes, stashes, strict=True):
                definitions.create_table(session, change.new, parents)
                source = session.dialect.identifier(stash)
                fill(session, change, source, change.new.name, exact=not plan.allow_data_loss)
                definitions.write_lineage(session, change.new)
                session.execute(f"DROP TABLE {session.dialect.identifier(stash)}")
            put_back(session, others)
            drop_unused_types(session, {change.new.name.schema for change in plan.changes})
    finally:
        catalog.invalidate()


def _stash(session: BackendSession, change: TableChange, number: int) -> str:
    """Copy the rows of a table aside."""
    stash = f"~alter_{number}"
    dialect = session.dialect
    session.execute(
        f"CREATE TEMPORARY TABLE {dialect.identifier(stash)} AS SELECT * FROM {dialect.table(change.old.name)}"
    )
    return stash
