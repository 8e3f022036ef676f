"""The plan of a delete: exactly which rows would go, and why, before anything is removed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from datamill.algebra.operators import as_relation
from datamill.algebra.predicates import NONE, OneOf, parts
from datamill.algebra.relations import BaseTable, Relation, Restriction, Slice
from datamill.data.cascade import Cascade, PartIntegrity, Violation, refuse
from datamill.data.delete_access import TableOwner, hidden_refusal, refused_delete, table_owners
from datamill.data.delete_rows import Save, remove
from datamill.data.key_set import Key, KeyColumn
from datamill.data.prompt import COMMIT_DELETES, ask, describe_counts
from datamill.data.query import narrowed, observe_read
from datamill.data.values import from_driver, table_coder
from datamill.errors import AccessError, DataMillError, IntegrityError, UnknownAttributeError
from datamill.model.graph import DependencyGraph, Edge
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.settings.log import logger
from datamill.sql.select import compile_exists, compile_select

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.data.delete_files import PlannedFile

REPEATS = 3
"""How often a plan is made anew because others inserted dependent rows meanwhile."""


class DeletePlan:
    """The rows that a delete would remove, table by table. The keys are fixed when the plan is made.

    Args:
        connection: Where the rows are.
        relation: The rows to delete: a table, restricted or not.
        part_integrity: ``"enforce"``, ``"ignore"`` or ``"cascade"``.
        wrap: Turns a relation into what ``plan[T]`` gives; default: the relation itself.
        draw: Makes what `diagram` gives.
        is_firm: Keep others from referring to the rows until the transaction ends, where there is one.

    Example:
        >>> plan = (Run & "day < '2025-01-01'").plan_delete()  # doctest: +SKIP
        >>> plan.counts()  # doctest: +SKIP
        {'"lab.run"': 3, '"lab.assay"': 12}
    """

    def __init__(
        self,
        connection: Connection,
        relation: Relation,
        part_integrity: PartIntegrity = "enforce",
        wrap: Callable[[Relation], Any] | None = None,
        draw: Callable[[DeletePlan], Any] | None = None,
        is_firm: bool = False,
    ) -> None:
        self._connection = connection
        self._relation = relation
        self._draw = draw
        self._wrap = wrap or (lambda planned: planned)
        self.part_integrity = part_integrity
        self._spec = target_spec(relation)
        self._cascade = _plan(connection, relation, self._spec, part_integrity, is_firm)
        self._violations: tuple[Violation, ...] | None = None

    def __repr__(self) -> str:
        lines = [f"  {name}: {count}" for name, count in self.counts().items() if count]
        return "\n".join([f"Delete from {self.target}, {self.total} rows in all:", *lines])

    @property
    def target(self) -> str:
        """Full name of the table that the delete was asked of."""
        return self._full(self._spec.name)

    def counts(self) -> dict[str, int]:
        """Return the number of planned rows by full table name, parents first, zeros too."""
        return {self._full(name): len(self._cascade.keys[name]) for name in self._cascade.tables()}

    @property
    def total(self) -> int:
        """Number of planned rows in all tables."""
        return sum(map(len, self._cascade.keys.values()))

    @property
    def tables(self) -> tuple[str, ...]:
        """Full names of the tables with planned rows, parents first."""
        return tuple(name for name, count in self.counts().items() if count)

    def __getitem__(self, table: Any) -> Any:
        """Return exactly the planned rows of a table, as a query.

        Raises:
            KeyError: The table is not within reach of the delete.
        """
        return self._wrap(self.relation(table))

    def relation(self, table: Any) -> Relation:
        """Return exactly the planned rows of a table given as class, class name or full name.

        The keys, of which there may be many, are read when the query runs.
        """
        name = self._find(table)
        spec, keys = self._specs[name], self._cascade.keys[name]
        base = BaseTable(spec, self._connection)
        if not len(keys):
            return Restriction(base, (NONE,))
        if spec.is_singleton:
            return base
        attributes = [spec.heading[key] for key in spec.heading.key]
        columns = tuple(
            KeyColumn(keys, place, partial(from_driver, self._connection.dialect, attribute))
            for place, attribute in enumerate(attributes)
        )
        types = tuple(attribute.stored for attribute in attributes)
        return Restriction(base, (OneOf(spec.heading.key, types, columns),))

    @property
    def _specs(self) -> Mapping[TableName, TableSpec]:
        return self._cascade.graph.specs

    def _full(self, name: TableName) -> str:
        return self._connection.dialect.table(name)

    def _find(self, table: Any) -> TableName:
        relation = None if isinstance(table, str | TableName) else as_relation(table)
        wanted = str(relation.spec.name) if isinstance(relation, BaseTable) else str(table)
        for name in self._cascade.keys:
            if wanted in (str(name), self._full(name), name.class_name, f"{name.schema}.{name.class_name}"):
                return name
        raise KeyError(f"{wanted} is not within reach of this delete.")

    def why(self, table: Any, key: Mapping[str, Any]) -> list[Edge]:
        """Return the foreign keys that lead from a planned row to the rows the delete was asked of.

        Args:
            table: As for ``plan[table]``.
            key: Primary key of a planned row.

        Returns:
            Edges, the row's own first; empty for a row that the delete was asked of. A master that goes with its part
            (``part_integrity="cascade"``) has the edge from it to the part.

        Raises:
            KeyError: The row is not planned.
        """
        name = self._find(table)
        start = self._driver_key(self._specs[name], key)
        if start not in self._cascade.keys[name]:
            raise KeyError(f"{dict(key)} of {name} is not planned.")
        return self._path(name, start)

    def _driver_key(self, spec: TableSpec, key: Mapping[str, Any]) -> Key:
        coder = table_coder(self._connection.dialect, spec)
        if spec.is_singleton:
            return coder.singleton_key()
        return tuple(coder.columns[name].encode([key[name]]).driver[0] for name in spec.heading.key)

    def _path(self, name: TableName, start: Key) -> list[Edge]:
        waiting: deque[tuple[TableName, Key, list[Edge]]] = deque([(name, start, [])])
        seen = {(name, start)}
        while waiting:
            table, key, path = waiting.popleft()
            if self._cascade.was_asked(table, key):
                return path
            for edge, other, its_key in self._cascade.reasons(table, key):
                if (other, its_key) not in seen:
                    seen.add((other, its_key))
                    waiting.append((other, its_key, [*path, edge]))
        return []

    def violations(self) -> tuple[Violation, ...]:
        """Return planned part rows whose own master row is not planned; under "enforce" they stop `apply`."""
        if self._violations is None:
            self._violations = self._cascade.violations()
        return self._violations

    def owners(self) -> dict[str, TableOwner]:
        """Return, for each table with planned rows, where it stands and whether its rows may be deleted."""
        found = table_owners(self._connection, self.planned)
        return {self._full(name): owner for name, owner in found.items()}

    def files(self) -> list[PlannedFile]:
        """Return the objects in stores that planned rows refer to, with their sizes, and which are shared.

        Objects of content under its hash may be shared: all rows that refer to such content are looked at.
        """
        from datamill.data.delete_files import planned_files

        return planned_files(
            self._connection, self._cascade.graph, {name: self._cascade.keys[name] for name in self.planned}
        )

    @property
    def connection(self) -> Connection:
        """Where the rows are."""
        return self._connection

    @property
    def planned(self) -> list[TableName]:
        """Names of the tables with planned rows, parents first."""
        return [name for name in self._cascade.tables() if len(self._cascade.keys[name])]

    @property
    def reach(self) -> list[TableName]:
        """Names of the tables within reach of the delete, parents first."""
        return self._cascade.tables()

    @property
    def graph(self) -> DependencyGraph:
        """The dependency graph that the plan was made on."""
        return self._cascade.graph

    def diagram(self) -> Any:
        """Return the diagram of the tables with planned rows, each restricted to these.

        Raises:
            DataMillError: The plan was made without the means to draw.
        """
        if self._draw is None:
            raise DataMillError("This plan cannot be drawn.", hint="Make it by T.plan_delete().")
        return self._draw(self)

    def referring_tables(self) -> list[TableName]:
        """Return the tables of which planned rows refer directly to rows of the target."""
        children = dict.fromkeys(edge.child for edge in self._cascade.graph.children(self._spec.name))
        return [name for name in children if len(self._cascade.keys[name])]

    def check(self) -> dict[str, tuple[int, int]]:
        """Look again: return, for tables that changed since, how many rows came to the plan and how many left it."""
        fresh = _plan(self._connection, self._relation, self._spec, self.part_integrity)
        changes = {}
        for name in fresh.tables():
            old, new = self._cascade.keys.get(name, ()), fresh.keys[name]
            came = sum(key not in old for key in new)
            left = sum(key not in new for key in old)
            if came or left:
                changes[self._full(name)] = (came, left)
        return changes

    def require_integrity(self) -> None:
        """Raise if "enforce" forbids this delete.

        Raises:
            DataMillError: Naming parts, masters, counts and five keys.
        """
        if self.part_integrity == "enforce" and self.violations():
            raise refuse(self.violations())

    def apply(self, transaction: bool = True, prompt: bool = False, trash: bool | None = None) -> int:
        """Remove exactly the planned rows, dependents first.

        Args:
            transaction: One transaction, or commit table by table.
            prompt: Show the counts and ask first.
            trash: Keep the rows in the trash of the target's schema; default ``config.delete.trash``.

        Returns:
            The number of rows removed from the target table.

        Raises:
            AccessError: Rows of a planned table may not be deleted, or the trash not written; or a table that the
                user may not see refers to planned rows.
            DataMillError: Part rows would lose their masters under "enforce".
            IntegrityError: Rows that are not planned refer to planned ones; nothing is removed (with
                ``transaction=False``: nothing from that table on).
        """
        observer = self._connection.observer
        if observer is not None:
            observer.on_write("delete", self._spec.name, {"tables": self._cascade.tables()})
        was_open = self._connection.in_transaction
        cause: BaseException | None = None
        for attempt in range(REPEATS):  # others may undo what was in the way before it is looked for
            try:
                return self.carry_out(transaction, prompt and attempt == 0, trash)
            except IntegrityError as error:
                if was_open or not transaction or self.check():
                    raise
                cause = error.__cause__
        raise hidden_refusal(self._spec.name) from cause

    def carry_out(self, transaction: bool = True, prompt: bool = False, trash: bool | None = None) -> int:
        """Do what `apply` does, for callers who have announced the delete to a running ``make`` already."""
        self.require_integrity()
        if self.total == 0:
            logger.info("Nothing to delete.")
            return 0
        if prompt:
            describe_counts(self.counts())
            if not ask(COMMIT_DELETES):
                logger.info("Delete cancelled")
                return 0
        refused = None if transaction else refused_delete(self._connection, self.planned)
        if refused is not None:  # found out before the first table is committed
            raise refused
        try:
            return remove(self._connection, self._cascade, transaction, self._saver(trash))
        except AccessError as error:
            if self._connection.in_transaction:
                raise
            raise refused_delete(self._connection, self.planned) or error from error.__cause__

    def _saver(self, trash: bool | None) -> Save | None:
        if not keeps_trash(self._connection, trash):
            return None
        from datamill.data.trash_save import TrashWriter
        from datamill.data.trash_table import prepare_trash

        prepare_trash(self._connection, self._spec.name.schema)
        return TrashWriter(self._connection, self._cascade.graph, self._spec.name).save


def keeps_trash(connection: Connection, trash: bool | None) -> bool:
    """Return whether a delete keeps what it removes: as asked, else as configured."""
    return bool(connection.config.delete.trash) if trash is None else trash


def target_spec(relation: Relation) -> TableSpec:
    """Return the table whose rows a relation picks.

    Raises:
        DataMillError: It is no table, restricted or not.
        UnknownAttributeError: A condition restricts by nothing, though it looks as if it did.
    """
    node = relation
    while isinstance(node, Restriction | Slice):
        if isinstance(node, Restriction):
            _refuse_vacuous(node)
        node = node.operand
    if not isinstance(node, BaseTable):
        raise DataMillError(
            "Rows can only be deleted from a table, restricted or not.",
            hint="Restrict the table by this expression: (T & expression).delete().",
        )
    return node.spec


def _refuse_vacuous(restriction: Restriction) -> None:
    for predicate in restriction.predicates:
        for part in parts(predicate):
            reason = getattr(part, "vacuous", "")
            if reason:
                raise UnknownAttributeError(
                    f"This would delete every row: {reason}", hint="Nothing was deleted."
                )


def _plan(
    connection: Connection,
    relation: Relation,
    spec: TableSpec,
    part_integrity: PartIntegrity,
    is_firm: bool = False,
) -> Cascade:
    observe_read(connection, relation)
    cascade = Cascade(connection, whole_graph(connection), spec.name, part_integrity, is_firm)
    for rows in target_keys(connection, relation, spec):
        cascade.start(rows)
    cascade.run()
    return cascade


def whole_graph(connection: Connection) -> DependencyGraph:
    """Return the graph of all schemas, read anew where the database cannot tell that nothing changed."""
    return connection.catalog.graph()


def target_keys(connection: Connection, relation: Relation, spec: TableSpec) -> Iterator[Sequence[Key]]:
    """Yield the physical keys (driver values) of the rows of a restricted table, in batches."""
    dialect = connection.dialect
    if spec.is_singleton:
        statement = compile_exists(relation, dialect)
        found = connection.read(statement)
        if found and found[0][0]:
            yield [table_coder(dialect, spec).singleton_key()]
        return
    narrow = narrowed(relation, ())
    statement = compile_select(narrow, dialect)
    positions = [narrow.heading.names.index(name) for name in spec.heading.key]
    batches = connection.stream(statement)
    if positions == list(range(len(narrow.heading))):
        yield from batches
    else:
        for rows in batches:
            yield [tuple(row[index] for index in positions) for row in rows]
