"""Copy schemas from one database to another, of whatever kind: how a project on a laptop becomes a team's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from datamill.catalog.definitions import changing, create_table
from datamill.data.connection import Connection
from datamill.errors import DataMillError, require
from datamill.maintenance import copy_progress
from datamill.maintenance.copy_access import check_access
from datamill.maintenance.copy_plan import CopyPlan, plan_copy
from datamill.maintenance.copy_rows import TableCopy, copy_table, count
from datamill.maintenance.undo import undone_on_failure
from datamill.model.names import Tier
from datamill.model.table import TableSpec


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy did; printing it lists the tables.

    Fields:
        tables: One entry per table, parents before children.
        dry_run: Nothing was written; ``copied`` counts the rows to copy.
    """

    tables: tuple[TableCopy, ...]
    dry_run: bool = False

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def copied(self) -> int:
        """Rows that this run copied."""
        return sum(table.copied for table in self.tables)

    def __str__(self) -> str:
        width = max((len(table.table) for table in self.tables), default=0)
        lines = [
            f"{item.table:<{width}}  {item.rows:>9} rows  {item.digest}".rstrip() for item in self.tables
        ]
        verb = "would be copied" if self.dry_run else "copied and verified"
        lines.append(f"{len(self.tables)} tables, {self.rows} rows: {self.copied} {verb}.")
        return "\n".join(lines)


def copy_database(
    source: Connection | str,
    destination: Connection | str,
    schemas: Sequence[str] | str | None = None,
    *,
    display_progress: bool = False,
    dry_run: bool = False,
) -> CopyReport:
    """Copy schemas with definitions and rows from one database to another, on any two backends.

    Definitions, rows, hidden columns, job tables and the trash are copied; blobs byte for byte; lineage is written
    anew. Objects in stores stay where they are: give the destination the same store settings. Rows are read in the
    order of their keys and written in transactions of about 16 MB. A copy that was interrupted goes on where it
    stopped when it is started again; one that is complete is verified again, and rows added to the source since
    are added. Each table is verified: a digest of its rows is the same on both sides.

    Args:
        source, destination: Connections outside of transactions, or URLs.
        schemas: Name or names of schemas; None: all. Schemas they refer to must be among them, or at the destination.
        display_progress: Show a progress bar.
        dry_run: Check everything, write nothing.

    Returns:
        Tables, rows and digests.

    Raises:
        DefinitionError: A table at the destination is defined differently, or its name is too long there; nothing was
            copied.
        MissingTableError: A schema that is referred to is missing; nothing was copied.
        AccessError: A privilege is missing, which it names; nothing was copied, and what had been created is gone.
        IntegrityError: The destination holds other rows than the source.
        DataMillError: A schema is not in the source, or a type cannot be carried over; nothing was copied.

    Example:
        >>> report = copy_database("sqlite:///laptop.db", "postgresql://ann@lab.org/science", ["lab"])
        >>> print(report)
    """
    names = [schemas] if isinstance(schemas, str) else schemas
    for side in (source, destination):
        require(side, (Connection, str), "source and destination must be connections or URLs")
    with ExitStack() as stack:
        ours, theirs = (
            stack.enter_context(Connection(url=side)) if isinstance(side, str) else side
            for side in (source, destination)
        )
        plan = plan_copy(ours, theirs, names)
        if not plan.schemas:
            raise DataMillError(f"{ours} has no schemas to copy.", hint="Check the address of the source.")
        check_access(ours, theirs, plan)
        if dry_run:
            return CopyReport(tuple(_preview(ours, theirs, spec, plan) for spec in plan.tables), dry_run=True)
        _declare(theirs, plan)
        total = sum(count(ours, spec) for spec in plan.tables) if display_progress else 0
        with _progress_bar(total, display_progress) as advance:
            tables = tuple(copy_table(ours, theirs, spec, advance) for spec in plan.tables)
        for schema in plan.schemas:
            copy_progress.forget(theirs, schema)
    return CopyReport(tables)


def _preview(source: Connection, destination: Connection, spec: TableSpec, plan: CopyPlan) -> TableCopy:
    rows = count(source, spec)
    there = 0 if spec.name in plan.missing else count(destination, spec)
    return TableCopy(str(spec.name), rows, max(0, rows - there), "")


def _declare(destination: Connection, plan: CopyPlan) -> None:
    """Create what is missing: schemas, the tables of progress, and all tables; or nothing."""
    existing = set(destination.catalog.list_schemas())
    with undone_on_failure(destination) as made:
        for schema in plan.schemas:
            if schema not in existing:
                made.schemas.append(schema)
                destination.catalog.create_schema(schema)
        for schema in plan.schemas:
            made.tables += copy_progress.prepare(destination, schema)
        for spec in plan.tables:
            if spec.name in plan.missing:
                made.tables.append(spec.name)
                _create(destination, spec)


def _create(destination: Connection, spec: TableSpec) -> None:
    catalog = destination.catalog
    if spec.tier is not Tier.HIDDEN:
        catalog.declare(spec)
        return
    parents = {name: catalog.spec(name) for name in spec.parents}
    with changing(destination, catalog, f"declare {spec.name}") as session:
        create_table(session, spec, parents)


@contextmanager
def _progress_bar(total: int, wanted: bool) -> Iterator[Callable[[int], object]]:
    if not wanted:
        yield lambda rows: None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="row", unit_scale=True, desc="copy") as bar:
        yield bar.update
