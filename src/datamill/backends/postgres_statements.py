"""Running statements on libpq itself, in binary: for quick ones a cursor of psycopg takes half as long again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import generators
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

USES = 5
"""How often a statement is run before the server is asked to keep its plan."""
MOST = 100
"""Statements that the server keeps."""

KEPT_ROWS = 100

Key = tuple[str, tuple[int, ...]]

_FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)
_CHANGES = (b"DROP", b"ALTER")


class Statements:
    """The statements of one connection.

    Args:
        connection: Set up already: its adapters are taken over.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._uses: dict[Key, int] = {}
        self._names: OrderedDict[Key, bytes] = OrderedDict()
        self._columns: dict[bytes, tuple[str, ...]] = {}
        self._running: bytes | None = None
        self._are_large: bool | None = False
        self._were_large = False
        self._made = 0

    def run(
        self, sql: str, params: Sequence[Any] = (), *, keep: bool = True, large: bool = False
    ) -> PGresult:
        """Run one statement and return its result.

        Args:
            sql: With ``$1``, ``$2``, ... for values.
            params: The values.
            keep: Whether the server may keep its plan.
            large: There are large values: they are kept out of the plan, into which they would be copied several times.

        Raises:
            psycopg.Error: As a cursor would.
        """
        if large != self._are_large:
            self._prepare_for(large)
        transformer = self._transformer
        values = transformer.dump_sequence(params, [PyFormat.AUTO] * len(params))
        types, formats = transformer.types or (), transformer.formats or ()
        self._running = name = self._name(sql, types) if keep else None
        try:
            if name is None:
                self._pgconn.send_query_params(sql.encode(), values, types, formats, result_format=1)
            else:
                self._pgconn.send_query_prepared(name, values, formats, result_format=1)
            result = self._result()
        except BaseException:
            self._leave_no_answer()
            raise
        if result.status == ExecStatus.COMMAND_OK:
            self._look_at(result.command_status or b"")
        return result

    def columns(self, result: PGresult) -> tuple[str, ...]:
        """Return the names of the columns of the statement that ran last."""
        known = self._columns.get(self._running) if self._running is not None else None
        if known is None:
            known = tuple([(result.fname(place) or b"").decode() for place in range(result.nfields)])
            if self._running is not None:
                self._columns[self._running] = known
        return known

    def rows(self, result: PGresult) -> list[tuple[Any, ...]]:
        """Return the rows of a result as Python values."""
        transformer = self._transformer
        transformer.set_pgresult(result)
        rows = transformer.load_rows(0, result.ntuples, tuple)
        if result.ntuples > KEPT_ROWS:  # it would hold them until the next result
            transformer.set_pgresult(None)
        return rows

    def forget(self) -> None:
        """Have the server forget its plans, which may not fit the tables any more."""
        self._names.clear()
        self._uses.clear()
        self._columns.clear()
        if self._pgconn.transaction_status != TransactionStatus.INERROR:
            self._pgconn.exec_(b"DEALLOCATE ALL")

    def _look_at(self, done: bytes) -> None:
        if done.startswith(_CHANGES):
            self.forget()
        elif done == b"ROLLBACK" and self._were_large:  # which the setting may go back with
            self._are_large = None

    def _prepare_for(self, large: bool) -> None:
        """Have the server plan without regard to values, or again with it, until the next statement differs."""
        command = b"SET plan_cache_mode = force_generic_plan" if large else b"RESET plan_cache_mode"
        if self._pgconn.exec_(command).status == ExecStatus.COMMAND_OK:
            self._are_large, self._were_large = large, True

    def _result(self) -> PGresult:
        result: PGresult = self._connection.wait(generators.execute(self._pgconn))[-1]
        if result.status in _FINE:
            return result
        if result.status != ExecStatus.FATAL_ERROR:  # the server wants to send or take a COPY
            self._connection.close()
            raise psycopg.ProgrammingError("COPY cannot be run like this")
        raise error_from_result(result, encoding="utf-8")

    def _leave_no_answer(self) -> None:
        """Give up a connection with an answer nobody waited for, which the next statement would take for its own."""
        if self._pgconn.transaction_status == TransactionStatus.ACTIVE:
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=5)
            self._connection.close()

    def _name(self, sql: str, types: tuple[int, ...]) -> bytes | None:
        """Return the name of a statement that the server knows; it is told of those that are run again and again."""
        key = (sql, types)
        name = self._names.get(key)
        if name is not None:
            self._names.move_to_end(key)
            return name
        uses = self._uses.get(key, 0)
        if uses >= USES:
            return self._prepare(key)
        if len(self._uses) >= 10 * MOST:
            self._uses.clear()
        self._uses[key] = uses + 1
        return None

    def _prepare(self, key: Key) -> bytes:
        self._made += 1
        name = b"datamill_%d" % self._made
        self._pgconn.send_prepare(name, key[0].encode(), key[1])
        self._result()
        self._names[key] = name
        del self._uses[key]
        if len(self._names) > MOST:
            _, oldest = self._names.popitem(last=False)
            self._columns.pop(oldest, None)
            self._pgconn.exec_(b"DEALLOCATE " + oldest)
        return name
