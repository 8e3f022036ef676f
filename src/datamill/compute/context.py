"""The make context: observes what a make reads, checks and buffers what it inserts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datamill.algebra.relations import Relation
from datamill.compute.buffer import Buffer, Finished, utc_now
from datamill.compute.contract import Contract
from datamill.compute.target import Target
from datamill.data.observer import InsertBatch
from datamill.errors import MakeError, WrongKeyError
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.compute.upstream import Upstream

FETCH, COMPUTE, INSERT, PLAIN = "make_fetch", "make_compute", "make_insert", "make"


class MakeContext:
    """Installed as the connection's observer while one key is made.

    Args:
        target: The table being populated.
        contract: What may be touched.
        key: The key being made.
        pending: Tables with rows of earlier keys that wait for their group's flush.
        flush_pending: Stores the rows of earlier keys.
        open_flush: Opens this key's flush transaction and re-checks the key.
    """

    def __init__(
        self,
        target: Target,
        contract: Contract,
        key: Mapping[str, Any],
        pending: Callable[[], Sequence[TableName]],
        flush_pending: Callable[[], None],
        open_flush: Callable[[MakeContext], None],
    ) -> None:
        self.target = target
        self.key = key
        self.buffer = Buffer()
        self.phase = PLAIN
        self.started = utc_now()
        self.is_open = False
        self.has_own_row = False
        self._contract = contract
        self._pending = pending
        self._flush_pending = flush_pending
        self._open_flush = open_flush
        self._upstream: Upstream | None = None
        self._begun = time.monotonic()

    def finished(self) -> Finished:
        """Return what there is to store, with the time it took so far."""
        return Finished(dict(self.key), self.buffer, self.started, time.monotonic() - self._begun)

    @property
    def upstream(self) -> Upstream:
        """What the key derives from; built on first use."""
        from datamill.compute.upstream import Upstream

        if self._upstream is None:
            self._upstream = Upstream(self.target, self.key)
        return self._upstream

    # observer --------------------------------------------------------------------------------------------------

    def origin(self) -> Mapping[str, Any]:
        """Return the table and the key being made, as JSON holds them."""
        plain = {
            name: value if isinstance(value, int | str) else str(value) for name, value in self.key.items()
        }
        return {"table": self.target.connection.dialect.table(self.target.name), "key": plain}

    def may_insert(self, table: TableName) -> bool:
        """True for the own table and its parts."""
        return table == self.target.name or table in self.target.parts

    def on_read(self, tables: Sequence[TableName], relation: Relation | None = None) -> None:
        """Check the contract; make rows written earlier visible to the read."""
        if self.phase == COMPUTE:
            self._contract.report(
                "reads the database in make_compute", "Read in make_fetch and pass the values on."
            )
        self._contract.check_reads(tables, relation, self.key)
        if self.is_open:
            return
        if any(table in self.buffer.tables for table in tables):
            self.promote()
        elif any(table in tables for table in self._pending()):
            self._flush_pending()

    def on_unreadable(self, sql: str) -> None:
        """Report a violation of the contract."""
        text = " ".join(sql.split())
        self._contract.report(f"runs SQL that cannot be read: {text[:200]}", "Use the query language.")

    def on_write(self, action: str, table: TableName | None, details: Mapping[str, Any]) -> None:
        """Check the contract; from here on the key runs inside its flush transaction."""
        self._refuse_in_phase(action)
        if table is not None:
            self._contract.check_write(table)
        self.promote()

    def on_insert(self, batch: InsertBatch) -> bool:
        """Check the rows; keep them for the flush unless it is open."""
        self._refuse_in_phase("insert")
        self._contract.check_write(batch.spec.name)
        self._check_key(batch)
        if not self.is_open and batch.conflict != "error" and self.buffer.clashes(batch):
            self.promote()
        if self.is_open:
            return False
        self.buffer.add(batch)
        if self.buffer.size > self.target.connection.config.jobs.buffer_bytes:
            self.promote()
        return True

    def promote(self) -> None:
        """Open the flush transaction now and write what is buffered."""
        if not self.is_open:
            self._flush_pending()
            self._open_flush(self)

    def _refuse_in_phase(self, action: str) -> None:
        if self.phase in (FETCH, COMPUTE):
            raise MakeError(
                f"{self.phase} of {self.target.name} tries to {action}.",
                table=str(self.target.name),
                key=dict(self.key),
                hint="Write rows in make_insert only.",
            )

    def _check_key(self, batch: InsertBatch) -> None:
        name = batch.spec.name
        if not self.may_insert(name):
            return
        shared = [
            (index, self.key[item]) for index, item in enumerate(batch.spec.physical_key) if item in self.key
        ]
        for row in batch.keys:
            if any(row[index] != value for index, value in shared):
                self._report_wrong_key(batch, row)
            elif name == self.target.name:
                self.has_own_row = True

    def _report_wrong_key(self, batch: InsertBatch, row: tuple[Any, ...]) -> None:
        values = dict(zip(batch.spec.physical_key, row, strict=False))
        if self._contract.is_strict:
            raise WrongKeyError(
                f"make of {self.target.name} for {dict(self.key)} inserts {values} into {batch.spec.name}.",
                table=str(batch.spec.name),
                key=dict(self.key),
                hint="Insert rows of the key that make was given.",
            )
        self._contract.report("inserts rows of other keys", "Insert rows of the key that make was given.")
