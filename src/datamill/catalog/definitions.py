"""Changing what tables there are: each change with its bookkeeping, in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from datamill.backends.base import BackendSession
from datamill.catalog.changes import AlterPlan, without_rename_marks
from datamill.catalog.contracts import Host, Tables
from datamill.catalog.interrupted import finish_interrupted
from datamill.catalog.lineage import lineage_name, lineage_rows, lineage_spec
from datamill.catalog.named import drop_unused_types, names_in_use
from datamill.errors import DataMillError, DefinitionError, IntegrityError, LostConnectionError, did_you_mean
from datamill.model.graph import DependencyGraph
from datamill.model.names import TableName, Tier, check_name
from datamill.model.table import TableSpec
from datamill.sql import ddl
from datamill.sql.dialects.base import Dialect
from datamill.sql.dml import delete_all
from datamill.sql.keys import delete_by_key
from datamill.sql.writer import Statement

Specs = dict[TableName, TableSpec]


@contextmanager
def changing(host: Host, catalog: Tables, what: str) -> Iterator[BackendSession]:
    """Run a block that changes definitions in a transaction of its own.

    Raises:
        MakeError: A ``make`` is running.
        DataMillError: A transaction is open.
    """
    host.refuse_in_make(what)
    if host.in_transaction:
        raise DataMillError(
            f"Cannot {what} within a transaction.", hint="Commit first: definitions are changed on their own."
        )
    try:
        with host.write() as session, alone(session):
            yield session
    finally:
        catalog.invalidate()


@contextmanager
def alone(session: BackendSession) -> Iterator[None]:
    """Keep others who change definitions waiting."""
    traits = session.dialect.ddl
    if traits.lock_definitions:
        session.execute(traits.lock_definitions)
    try:
        yield
    finally:
        if traits.unlock_definitions:
            with suppress(LostConnectionError):  # then the server has unlocked them
                session.execute(traits.unlock_definitions)


def run(session: BackendSession, statements: Iterable[Statement]) -> None:
    """Execute statements in order."""
    for statement in statements:
        session.execute(statement.sql, statement.params)


_UNUSABLE = re.compile(r"""[."`\x00-\x1f]""")


def create_schema(host: Host, catalog: Tables, schema: str) -> None:
    """See `Catalog.create_schema`."""
    check_name(schema, "schema")
    wrong = _UNUSABLE.search(schema)
    if wrong is not None:
        raise DefinitionError(
            f"The schema name {schema!r} holds {wrong[0]!r}, which separates or quotes names.",
            hint="Use letters, digits and underscores.",
        )
    with changing(host, catalog, f"create schema {schema}") as session:
        run(session, ddl.create_schema(schema, session.dialect))


def drop_schema(host: Host, catalog: Tables, schema: str) -> None:
    """See `Catalog.drop_schema`."""
    with changing(host, catalog, f"drop schema {schema}") as session:
        require_schema(catalog, schema)
        graph = catalog.graph()
        tables = catalog.load(schema, hidden=True)
        _refuse_orphans(graph, tables)
        order = [name for name in reversed(graph.order()) if name in tables]
        others = [name for name in tables if name not in graph]
        for name in [*order, *others]:
            run(session, ddl.drop_table(name, session.dialect))
        drop_unused_types(session, [schema])
        run(session, ddl.drop_schema(schema, session.dialect))


def declare(host: Host, catalog: Tables, specs: Sequence[TableSpec]) -> list[TableName]:
    """See `Catalog.declare`."""
    schema = specs[0].name.schema
    with changing(host, catalog, f"declare {', '.join(str(spec.name) for spec in specs)}") as session:
        catalog.refresh()
        absent = _absent(catalog, specs)
        if not absent:
            return []
        require_schema(catalog, schema)
        for spec in absent:
            check_table_name(spec, session.dialect)
        if not session.dialect.has_schema_ddl and finish_interrupted(session, catalog, [schema]):
            catalog.invalidate()
            absent = _absent(catalog, specs)
        made = [spec.name for spec in absent]
        # The catalog is read before anything changes: each change would make it read again.
        known = {spec.name: spec for spec in absent}
        known.update(
            (name, catalog.spec(name)) for spec in absent for name in spec.parents if name not in made
        )
        _ensure_lineage_table(session, catalog, schema)
        for spec in absent:
            create_table(session, spec, {name: known[name] for name in spec.parents})
            # At once: where definitions are no part of transactions, a later table that fails must not cost it.
            write_lineage(session, spec)
        keep = catalog.read_new([lineage_name(schema), *made])
    keep()
    return made


def check_table_name(spec: TableSpec, dialect: Dialect) -> None:
    """Check that a database can hold the name of a new table, and those that it makes of it.

    Raises:
        DefinitionError: The name is too long.
    """
    name, traits = spec.name, dialect.ddl
    longest = traits.longest_table_name
    if name.tier in (Tier.HIDDEN, Tier.JOBS):
        longest = traits.longest_platform_name
    elif spec.foreign_keys:
        longest = traits.longest_child_name or longest
    check_name(name.table, "table", longest)
    if name.tier.is_auto_populated:
        check_name(name.jobs.table, "job table", traits.longest_platform_name)


def _absent(catalog: Tables, specs: Sequence[TableSpec]) -> list[TableSpec]:
    return [without_rename_marks(spec) for spec in specs if catalog.peek(spec.name) is None]


def create_table(session: BackendSession, spec: TableSpec, parents: Mapping[TableName, TableSpec]) -> None:
    """Create a table beside whatever types and indexes its schema has."""
    enum_types, names = names_in_use(session, {spec.name.schema, *(name.schema for name in spec.parents)})
    taken = names.get(spec.name.schema, ())
    if spec.name.table in taken:
        raise DefinitionError(
            f"{spec.name} cannot be made: something else in the schema has its name, such as a view or an index.",
            table=str(spec.name),
            hint="Rename the class, or rename or drop the other thing.",
        )
    run(
        session,
        ddl.create_table(spec, session.dialect, parents, taken_index_names=taken, enum_types=enum_types),
    )


def still_as_planned(catalog: Tables, plan: AlterPlan) -> Specs:
    """Make sure that nobody changed the tables of a plan; return all tables that the new ones refer to."""
    catalog.refresh()
    if any(catalog.spec(change.old.name) != change.old for change in plan.changes):
        raise DataMillError(f"{plan.table} was changed meanwhile by somebody else.", hint="Alter again.")
    parents = {name: catalog.spec(name) for change in plan.changes for name in change.new.parents}
    return {**parents, **{change.new.name: change.new for change in plan.changes}}


def drop_tables(host: Host, catalog: Tables, names: Sequence[TableName]) -> list[TableName]:
    """See `Catalog.drop_tables`."""
    with changing(host, catalog, "drop tables") as session:
        graph = catalog.graph()
        doomed = {name for name in names if catalog.has(name)}
        _refuse_orphans(graph, doomed)
        order = [name for name in reversed(graph.order()) if name in doomed]
        order = [*(name for name in doomed if name not in graph), *order]
        for place, name in enumerate(order):
            try:
                _drop(session, catalog, name)
            except DataMillError as error:
                if place and not session.dialect.has_schema_ddl:  # what was dropped stays so
                    error.suggest(f"Dropped already: {', '.join(map(str, order[:place]))}.")
                raise
        drop_unused_types(session, {name.schema for name in order})
    return order


def _drop(session: BackendSession, catalog: Tables, name: TableName) -> None:
    if name.tier.is_auto_populated and catalog.has(name.jobs):
        run(session, ddl.drop_table(name.jobs, session.dialect))
        forget_lineage(session, catalog, name.jobs)
    run(session, ddl.drop_table(name, session.dialect))
    forget_lineage(session, catalog, name)


def _refuse_orphans(graph: DependencyGraph, doomed: Iterable[TableName]) -> None:
    doomed = set(doomed)
    for name in sorted(doomed):
        for edge in graph.children(name):
            if edge.child not in doomed:
                raise IntegrityError(
                    f"{edge.child} references {name}, which therefore cannot be dropped.",
                    constraint="foreign key",
                    child=str(edge.child),
                    parent=str(name),
                    attributes=edge.foreign_key.attributes,
                    hint=f"Drop {edge.child} first.",
                )


def require_schema(catalog: Tables, schema: str) -> None:
    """Raise DataMillError unless a schema exists."""
    existing = catalog.list_schemas()
    if schema not in existing:
        raise DataMillError(
            f"There is no schema {schema!r} in the database.",
            hint=did_you_mean(schema, existing) or f"Schemas: {', '.join(existing) or 'none yet'}.",
        )


# lineage -------------------------------------------------------------------------------------------------------


def _ensure_lineage_table(session: BackendSession, catalog: Tables, schema: str) -> None:
    if catalog.peek(lineage_name(schema)) is None:
        run(session, ddl.create_table(lineage_spec(schema), session.dialect, {}))


def write_lineage(session: BackendSession, *specs: TableSpec) -> None:
    """Insert the lineage rows of tables of one schema; they have none yet."""
    rows = [row for spec in specs for row in lineage_rows(spec)]
    if rows:
        columns = list(zip(*rows, strict=True))
        names = ("table_name", "attribute_name", "lineage")
        # Over those that are there: where definitions are no part of transactions, two may declare one table at once.
        table, key = lineage_name(specs[0].name.schema), ("table_name", "attribute_name")
        session.insert_columns(table, names, columns, key=key, conflict="replace")


def forget_lineage(session: BackendSession, catalog: Tables, name: TableName) -> None:
    """Delete the lineage rows of a table."""
    table = lineage_name(name.schema)
    if catalog.has(table):
        run(session, [delete_by_key(session.dialect, table, ("table_name",), [(name.table,)])])


def rebuild_lineage(host: Host, catalog: Tables, schema: str) -> None:
    """See `Catalog.rebuild_lineage`."""
    with changing(host, catalog, f"rebuild the lineage of {schema}") as session:
        require_schema(catalog, schema)
        specs = catalog.load(schema, hidden=True)
        _ensure_lineage_table(session, catalog, schema)
        run(session, [delete_all(session.dialect, lineage_name(schema))])
        kept = [
            spec
            for name, spec in specs.items()
            if not name.table.startswith("~") or name.table.startswith("~~")
        ]
        write_lineage(session, *kept)
