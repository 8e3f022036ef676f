"""What a make may touch: its declared inputs and its own tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from datamill.algebra.pinned import reads_only
from datamill.algebra.relations import Relation
from datamill.compute.target import Target
from datamill.errors import ContractError, ContractWarning
from datamill.model.names import TableName

Warn: TypeAlias = Callable[[str, str, type[Warning]], Any]
"""Takes what is told once in a run, a message and its category."""

OWN_HINT = "Results then depend on what was computed before. Use self & key, or list it in the class attribute reads."


class Contract:
    """The reproducibility contract of one table, enforced as its policy says.

    Args:
        target: The table being populated.
        warn: Warns the user.
    """

    def __init__(self, target: Target, warn: Warn) -> None:
        self._warn = warn
        self._name = target.name
        self._mode = target.contract
        self._told: set[tuple[str, str]] = set()
        graph = target.connection.catalog.graph()
        # What its parts refer to is as declared as what it refers to itself.
        upstream = {name for table in (target.name, *target.parts) for name in graph.ancestors(table)}
        parts = {name for name in graph if name.master in upstream}
        self._readable = frozenset(upstream | parts | {target.name} | target.reads)
        refers_to_itself = any(key.parent == target.name for key in target.spec.foreign_keys)
        self._is_own_free = refers_to_itself or target.name in target.reads
        self._writable = frozenset({target.name, *target.parts} | target.writes)

    def check_reads(
        self, tables: Iterable[TableName], relation: Relation | None, key: Mapping[str, Any]
    ) -> None:
        """Report reads of tables that are not upstream, and of rows of the table itself that have other keys.

        Args:
            tables: What is read.
            relation: The query; None if it is a user's SQL, which cannot be seen to be restricted by the key.
            key: The key being made.

        Raises:
            ContractError: Under the policy ``strict``.
        """
        if self._mode == "off":
            return
        for table in tables:
            if table not in self._readable:
                self._report(
                    table, "reads", "Reference it in the definition, or list it in the class attribute reads."
                )
            elif table == self._name and not self._is_free(relation, key):
                self.report(f"reads rows of {table} with other keys", OWN_HINT)

    def _is_free(self, relation: Relation | None, key: Mapping[str, Any]) -> bool:
        """True if a query of the own table may be run."""
        return self._is_own_free or (relation is not None and reads_only(relation, self._name, key))

    def check_write(self, table: TableName) -> None:
        """Report writes to tables other than the own and its parts."""
        if self._mode != "off" and table not in self._writable:
            self._report(table, "writes to", "List it in the class attribute writes.")

    def report(self, about: str, hint: str) -> None:
        """Report another violation, once."""
        self._violation((about, ""), f"make of {self._name} {about}.", hint, about)

    @property
    def findings(self) -> list[str]:
        """What was reported so far, in short."""
        return sorted(" ".join(item).strip() for item in self._told)

    @property
    def is_strict(self) -> bool:
        """True if violations raise."""
        return self._mode == "strict"

    def _report(self, table: TableName, verb: str, hint: str) -> None:
        about = f"make of {self._name} {verb} {table}, which is not declared."
        self._violation((verb, str(table)), about, hint, str(table))

    def _violation(self, once: tuple[str, str], message: str, hint: str, other: str) -> None:
        if self._mode == "strict":
            raise ContractError(message, table=str(self._name), other=other, hint=hint)
        if self._mode == "warn" and once not in self._told:
            self._told.add(once)
            self._warn(" ".join(once), f"{message} {hint}", ContractWarning)
