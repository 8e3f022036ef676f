"""Carrying out an alteration: every affected table is built anew in one transaction, or nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from datamill.backends.base import BackendSession
from datamill.catalog import definitions
from datamill.catalog.alter_plan import plan_alter
from datamill.catalog.changes import AlterPlan, TableChange
from datamill.catalog.contracts import Host, Tables
from datamill.catalog.named import drop_unused_types
from datamill.codecs import chain_for
from datamill.errors import DataMillError, InvalidValueError
from datamill.model.attribute import NO_DEFAULT, Attribute
from datamill.model.convert import convert_column, convert_one
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql import ddl
from datamill.sql.dialects.base import Dialect
from datamill.sql.writer import Statement, Writer

_BATCH = 1000


def alter(
    host: Host,
    declared: TableSpec,
    *,
    prompt: bool = True,
    renames: Mapping[str, str] | None = None,
    fill: Mapping[str, Any] | None = None,
    allow_data_loss: bool = False,
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
        allow_data_loss: Drop attributes although they hold values.
        dry_run: Only return the plan, its problems included.
        ask: Shows a question and returns the answer.

    Returns:
        The plan; it is false if there was nothing to do.

    Raises:
        DataMillError: A transaction is open; or the plan has problems, which the message lists; or there is nobody
            to ask. Nothing is changed.
        InvalidValueError: A value does not fit its attribute's new type. Nothing is changed.
        DuplicateError: Rows have equal keys afterwards. Nothing is changed.
        IntegrityError: Rows refer to nothing afterwards. Nothing is changed.
    """
    if host.in_transaction:
        raise DataMillError(f"Cannot alter {declared.name} within a transaction.", hint="Commit first.")
    plan = _plan(host, declared, renames or {}, fill or {}, allow_data_loss)
    if dry_run or not plan:
        return plan
    if plan.problems:
        raise DataMillError(f"{declared.name} was not altered. {' '.join(plan.problems)}")
    if prompt and not _agreed(str(plan), ask):
        return replace(plan, changes=(), differences=())
    comments = ddl.comment_table(plan.changes[0].new, host.dialect) if plan.is_comments_only else None
    if comments is None:
        _carry_out(host.session, host.catalog, plan)
    else:
        with definitions.changing(host, host.catalog, f"alter {declared.name}") as session:
            definitions.run(session, comments)
    return plan


def _plan(
    host: Host,
    declared: TableSpec,
    renames: Mapping[str, str],
    fill: Mapping[str, Any],
    allow_data_loss: bool,
) -> AlterPlan:
    existing = host.catalog.spec(declared.name)
    graph = host.catalog.graph()
    dependents = [graph.specs[name] for name in graph.descendants(declared.name)[1:]]
    converted = {
        name: _canonical(declared.heading[name], value)
        for name, value in fill.items()
        if name in declared.heading
    }
    plan = plan_alter(declared, existing, dependents, renames=renames, fill={**fill, **converted})
    problems = [text for change in plan.changes for text in _problems(host.session, change, allow_data_loss)]
    return replace(plan, problems=tuple(problems))


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
            catalog.refresh()
            if any(catalog.spec(change.old.name) != change.old for change in plan.changes):
                raise DataMillError(
                    f"{plan.table} was changed meanwhile by somebody else.", hint="Alter again."
                )
            parents = {name: catalog.spec(name) for change in plan.changes for name in change.new.parents}
            parents.update((change.new.name, change.new) for change in plan.changes)
            stashes = [_stash(session, change, number) for number, change in enumerate(plan.changes)]
            for change in reversed(plan.changes):
                definitions.forget_lineage(session, catalog, change.old.name)
                definitions.run(session, ddl.drop_table(change.old.name, session.dialect))
            for change, stash in zip(plan.changes, stashes, strict=True):
                definitions.create_table(session, change.new, parents)
                _fill(session, change, stash)
                definitions.write_lineage(session, change.new)
                session.execute(f"DROP TABLE {session.dialect.identifier(stash)}")
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


def _fill(session: BackendSession, change: TableChange, stash: str) -> None:
    """Put the rows into the new table; new columns without a value of their own take their default."""
    filled = {item.column for item in change.fill}
    columns = [
        column
        for column in change.new.columns
        if change.source(column.name) is not None or column.name in filled or column.default is NO_DEFAULT
    ]
    select = _select(change, columns, stash, session.dialect)
    names = [column.name for column in columns]
    if change.converted:
        _copy_converted(session, change, columns, select)
        return
    writer = Writer(session.dialect)
    writer.text("INSERT INTO ")
    writer.table(change.new.name)
    writer.text(f" ({', '.join(map(session.dialect.identifier, names))}) ")
    insert = writer.finish()
    session.execute(insert.sql + select.sql, select.params)


def _select(change: TableChange, columns: Sequence[Attribute], stash: str, dialect: Dialect) -> Statement:
    writer = Writer(dialect)
    fill = {item.column: item for item in change.fill}
    for position, column in enumerate(columns):
        writer.text(", " if position else "SELECT ")
        source = change.source(column.name)
        filling = fill.get(column.name)
        if filling is None:
            _write_source(writer, source)
            continue
        guard = change.source(filling.where) if filling.where is not None else None
        if source is not None:
            writer.text("COALESCE(")
            _write_source(writer, source)
            writer.text(", ")
        if guard is not None:
            writer.text("CASE WHEN ")
            writer.identifier(guard.name)
            writer.text(" IS NOT NULL THEN ")
        writer.bind(filling.value, column.stored)
        if guard is not None:
            writer.text(" END")
        if source is not None:
            writer.text(")")
    writer.text(" FROM ")
    writer.identifier(stash)
    return writer.finish()


def _write_source(writer: Writer, source: Attribute | None) -> None:
    if source is None:
        writer.text("NULL")
    else:
        writer.identifier(source.name)


def _copy_converted(
    session: BackendSession, change: TableChange, columns: Sequence[Attribute], select: Statement
) -> None:
    """Copy rows by way of Python, which knows how values of one type become those of another."""
    rows = session.execute(select.sql, select.params).rows
    names = [column.name for column in columns]
    changing = {column.name for column in change.converted}
    for start in range(0, len(rows), _BATCH):
        values = [list(column) for column in zip(*rows[start : start + _BATCH], strict=True)]
        for position, column in enumerate(columns):
            source = change.source(column.name)
            if column.name in changing and source is not None:
                values[position] = _converted(
                    values[position], source, column, change.new.name, session.dialect
                )
        session.insert_columns(change.new.name, names, values)


def _converted(
    values: list[Any], source: Attribute, target: Attribute, table: TableName, dialect: Dialect
) -> list[Any]:
    read, write = dialect.from_driver_for(source.stored), dialect.to_driver_for(target.stored)
    canonical = [value if value is None or read is None else read(value) for value in values]
    if source.stored.family in ("date", "datetime", "time", "uuid") and target.stored.family == "text":
        canonical = [value if value is None else str(value) for value in canonical]
    try:
        converted = convert_column(target.stored, canonical, nullable=target.nullable, attribute=target.name)
    except InvalidValueError as error:
        error.table = str(table)
        raise error.suggest("The table was not altered.") from error.__cause__
    return [value if value is None or write is None else write(value) for value in converted]
