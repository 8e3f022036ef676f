"""Delete: plan, show, ask, remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import Relation
from datamill.data.cascade import PartIntegrity, check_part_integrity
from datamill.data.delete_access import hidden_refusal, refused_delete, require_read
from datamill.data.delete_carried import carried, remove_carried
from datamill.data.delete_plan import REPEATS, DeletePlan, keeps_trash, target_spec, whole_graph
from datamill.data.query import narrowed
from datamill.data.transaction import is_retryable
from datamill.data.trash_table import prepare_trash
from datamill.errors import AccessError, DataMillError, IntegrityError, QueryError
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql import dml
from datamill.sql.select import compile_exists, compile_select
from datamill.sql.writer import Statement

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def plan_delete(
    connection: Connection,
    relation: Relation,
    part_integrity: str = "enforce",
    wrap: Callable[[Relation], Any] | None = None,
    draw: Callable[[DeletePlan], Any] | None = None,
) -> DeletePlan:
    """Work out what a delete would remove, without removing anything.

    Args:
        connection: Where the rows are.
        relation: A table, restricted or not.
        part_integrity: ``"enforce"``, ``"ignore"`` or ``"cascade"``.
        wrap: Turns a relation into what ``plan[T]`` gives.
        draw: Makes what ``plan.diagram()`` gives.

    Raises:
        ValueError: ``part_integrity`` is none of these.
        DataMillError: The relation is no table.
        AccessError: Tables that may hold dependent rows may not be read; it names them.
    """
    integrity = check_part_integrity(part_integrity)
    try:
        return DeletePlan(connection, relation, integrity, wrap, draw)
    except AccessError as error:
        raise require_read(connection, target_spec(relation).name, error) from error.__cause__


def delete(
    connection: Connection,
    relation: Relation,
    *,
    transaction: bool = True,
    prompt: bool | None = None,
    part_integrity: str = "enforce",
    trash: bool | None = None,
    **legacy: Any,
) -> int:
    """Delete rows and everything that depends on them.

    Args:
        connection: Where the rows are.
        relation: A table, restricted or not.
        transaction: One transaction, or commit table by table, dependents first. In an open transaction the delete
            joins it.
        prompt: Show the counts and ask; default ``config.safemode``. Nothing is locked before the answer.
        part_integrity: What happens if part rows go without their master row: ``"enforce"`` raises, ``"ignore"``
            removes them alone, ``"cascade"`` removes the master too.
        trash: Keep the rows in the trash of the table's schema; default ``config.delete.trash``.
        **legacy: ``safemode``, ``force``, ``force_parts``, ``force_masters`` of DataJoint 0.14.

    Returns:
        The number of rows of this table removed; 0 if declined.

    Raises:
        DataMillError: No table; parts without masters; nobody to ask; a prompt within an open transaction.
        IntegrityError: Others kept inserting dependent rows; nothing was removed.
        AccessError: Tables in reach may not be read or emptied, or the trash not written; nothing was removed.
    """
    prompt, mode = _legacy(prompt, part_integrity, legacy)
    integrity = check_part_integrity(mode)
    spec = target_spec(relation)
    if integrity == "enforce" and spec.name.master is not None:
        raise DataMillError(
            f"{spec.name} is a part: its rows go with their master {spec.name.master}.",
            hint="Delete from the master, or pass part_integrity='ignore' or 'cascade'.",
        )
    asks = bool(connection.config.safemode) if prompt is None else prompt
    if asks and transaction and connection.in_transaction:
        raise DataMillError(
            "A transaction is open, which a prompt would keep locked.",
            hint="Pass prompt=False, or delete outside of it.",
        )
    if connection.observer is not None:
        connection.observer.on_write("delete", spec.name, {"relation": relation})
    if keeps_trash(connection, trash) and not asks:
        prepare_trash(connection, spec.name.schema)
    attempt = _Attempt(connection, relation, integrity, transaction, asks, trash)
    try:
        return attempt.repeat()
    except AccessError as error:
        raise attempt.explain(error) from error.__cause__


class _Attempt:
    """One delete, planned anew when others interfere."""

    def __init__(
        self,
        connection: Connection,
        relation: Relation,
        integrity: PartIntegrity,
        transaction: bool,
        asks: bool,
        trash: bool | None,
    ) -> None:
        self._connection = connection
        self._relation = relation
        self._integrity = integrity
        self._transaction = transaction
        self._asks = asks
        self._trash = trash
        self._totals: list[int] = []
        self._planned: list[TableName] = []
        self._is_direct = transaction and not asks and not keeps_trash(connection, trash)

    def repeat(self) -> int:
        if self._is_direct:
            count = self._directly()
            if count is not None:
                return count
        was_open = self._connection.in_transaction
        for repeat in range(REPEATS + 1):
            try:
                return self._once()
            except IntegrityError:
                if repeat == REPEATS:
                    if self._is_hidden() and not was_open:
                        raise hidden_refusal(target_spec(self._relation).name) from None
                    raise
            except QueryError as error:
                if was_open or repeat == REPEATS or not is_retryable(error):
                    raise
        raise AssertionError("unreachable")

    def _directly(self) -> int | None:
        """Remove by the target's keys, where all that depend on its rows hold these; None if that cannot be."""
        spec = target_spec(self._relation)
        ways = carried(whole_graph(self._connection), spec.name, self._integrity)
        if ways is None:
            return None
        try:
            return remove_carried(self._connection, self._relation, spec, ways)
        except QueryError as error:
            if is_retryable(error) or isinstance(error, AccessError | IntegrityError):
                return None  # all is undone; a plan finds out what is wrong
            raise

    def _once(self) -> int:
        if self._asks or not self._transaction:
            return self._plan().carry_out(self._transaction, self._asks, self._trash)
        with self._connection.write():  # the plan sees what the removal meets
            return self._plan().carry_out(trash=self._trash)

    def _plan(self) -> DeletePlan:
        is_again = bool(self._totals)  # others interfered: now they wait
        plan = DeletePlan(self._connection, self._relation, self._integrity, is_firm=is_again)
        self._planned = plan.planned
        self._totals.append(plan.total)
        return plan

    def explain(self, error: AccessError) -> DataMillError:
        """Return the error that names the tables and the privilege, as far as that can be found out."""
        if self._planned:
            return refused_delete(self._connection, self._planned) or error
        return require_read(self._connection, target_spec(self._relation).name, error)

    def _is_hidden(self) -> bool:
        """Return True if planning again never found a row more: what refers to the rows cannot be seen."""
        return len(set(self._totals)) == 1


def _legacy(prompt: bool | None, part_integrity: str, legacy: dict[str, Any]) -> tuple[bool | None, str]:
    """Translate the arguments of DataJoint 0.14."""
    unknown = sorted(set(legacy) - {"safemode", "force", "force_parts", "force_masters"})
    if unknown:
        raise TypeError(f"delete() has no argument {', '.join(map(repr, unknown))}.")
    if legacy.get("safemode") is not None:
        prompt = bool(legacy["safemode"])
    if legacy.get("force") or legacy.get("force_parts"):
        part_integrity = "ignore"
    if legacy.get("force_masters"):
        part_integrity = "cascade"
    return prompt, part_integrity


def delete_quick(connection: Connection, relation: Relation, get_count: bool = False) -> int | None:
    """Delete matching rows only: no cascade, no prompt, no check of parts.

    Args:
        connection: Where the rows are.
        relation: A table, restricted or not.
        get_count: Return the number of rows removed.

    Raises:
        IntegrityError: Other rows refer to them; the message names their tables. Nothing is removed.
    """
    spec = target_spec(relation)
    if connection.observer is not None:
        connection.observer.on_write("delete", spec.name, {"relation": relation})
    try:
        count = connection.run_write(lambda session: _delete_matching(connection, relation, spec))
    except IntegrityError as error:
        raise _referred(connection, relation, spec) from error.__cause__
    return count if get_count else None


def _delete_matching(connection: Connection, relation: Relation, spec: TableSpec) -> int:
    dialect = connection.dialect
    if spec.is_singleton:
        exists = compile_exists(relation, dialect)
        found = connection.session.execute(exists.sql, exists.params).rows
        if not (found and found[0][0]):
            return 0
        statement: Statement = dml.delete_all(dialect, spec.name)
    else:
        select = compile_select(narrowed(relation, ()), dialect)
        statement = dml.delete_select(dialect, spec.name, spec.heading.key, select)
    return connection.session.execute(statement.sql, statement.params).rowcount


def _referred(connection: Connection, relation: Relation, spec: TableSpec) -> IntegrityError:
    """Make the error that names the tables whose rows refer to the matching rows."""
    plan = DeletePlan(connection, relation, "ignore")
    children = plan.referring_tables()
    named = " and ".join(str(child) for child in children) or "another table"
    return IntegrityError(
        f"Rows of {spec.name} cannot be deleted: rows of {named} refer to them. Nothing was deleted.",
        constraint="foreign key",
        parent=str(spec.name),
        child=tuple(str(child) for child in children),
        table=str(spec.name),
        hint="Use delete(), which also removes what depends on them.",
    )
