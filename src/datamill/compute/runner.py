"""One key through its make: the forms, the phases, the transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CoroutineType, GeneratorType
from typing import Any

from datamill.algebra import operators
from datamill.algebra.relations import BaseTable
from datamill.compute.context import COMPUTE, FETCH, INSERT, PLAIN, MakeContext
from datamill.compute.contract import Contract, Warn
from datamill.compute.digest import digest
from datamill.compute.flush import ClaimLost, Discarded, Group, Storage
from datamill.compute.forms import Form, not_plain
from datamill.compute.result import PopulateResult
from datamill.compute.target import Target
from datamill.data import fetch as fetching
from datamill.errors import EmptyMakeError, EmptyMakeWarning, MakeError, UpstreamChangedError
from datamill.storage.journal import recording

Key = dict[str, Any]


class Runner:
    """Runs makes of one table and hands their rows to storage.

    Args:
        target: The table being populated.
        form: How its make is written.
        function: The make, unless three-part.
        make_kwargs: Passed to ``make`` or ``make_fetch``.
        storage: Writes rows.
        group: Takes finished keys.
        result: Counts.
        warn: Warns the user.
    """

    def __init__(
        self,
        target: Target,
        form: Form,
        function: Callable[..., Any] | None,
        make_kwargs: dict[str, Any],
        storage: Storage,
        group: Group,
        result: PopulateResult,
        warn: Warn,
    ) -> None:
        self._target = target
        self._form = form
        self._function = function
        self._kwargs = make_kwargs
        self._storage = storage
        self._group = group
        self._result = result
        self._contract = Contract(target, warn)
        self._warn = warn
        self._warned_empty = False

    @property
    def findings(self) -> list[str]:
        """How make broke its contract so far."""
        return self._contract.findings

    def run(self, key: Key) -> None:
        """Make one key; its rows are stored now or with its group.

        Raises:
            BaseException: Whatever make raises; nothing of the key is stored then.
        """
        connection = self._target.connection
        context = MakeContext(
            self._target, self._contract, key, self._group.tables, self._flush_group, self._open_flush
        )
        self._result.calls += 1
        connection.observer = context
        try:
            with recording(commits=True) as context.buffer.uploads:
                self._make(context)
        except (Discarded, ClaimLost) as signal:
            connection.observer = None
            connection.cancel_transaction()
            self._storage.settle(key, context.finished().duration, signal)
        except BaseException:
            connection.observer = None
            connection.cancel_transaction()
            raise
        finally:
            connection.observer = None

    def _make(self, context: MakeContext) -> None:
        if self._form is Form.PLAIN:
            assert self._function is not None
            if self._target.transaction == "make":
                context.promote()
            returned = self._function(dict(context.key), **self._kwargs)
            if isinstance(returned, CoroutineType | GeneratorType):
                returned.close()
                name = type(self._target.maker).__name__
                raise not_plain(name, f"make returned a {type(returned).__name__}", dict(context.key))
        else:
            phases = self._generator_phases if self._form is Form.GENERATOR else self._three_phases
            self._verified(context, phases(context))
        self._finish(context)

    def _finish(self, context: MakeContext) -> None:
        connection = self._target.connection
        connection.observer = None
        empty = not context.has_own_row and not (context.is_open and self._has_row(context.key))
        if empty:
            self._report_empty(context)
        if not context.is_open:
            if empty and not context.buffer.batches:
                self._storage.finish_unstored(context.key, context.finished().duration)
                self._result.skipped += 1
            else:
                self._group.add(context.finished())
            return
        self._storage.finish_open(context.finished(), has_row=not empty)
        if empty:
            self._result.skipped += 1
        else:
            self._result.succeeded(1)

    def _has_row(self, key: Any) -> bool:
        own = BaseTable(self._target.spec, self._target.connection)
        return fetching.exists(self._target.connection, operators.restrict(own, dict(key)))

    def _report_empty(self, context: MakeContext) -> None:
        message = f"make of {self._target.name} stored no row of its own for {dict(context.key)}."
        if self._target.empty_make == "error":
            raise EmptyMakeError(message, table=str(self._target.name), key=dict(context.key))
        if not self._warned_empty:
            self._warned_empty = True
            hint = "Insert a row into self, or raise dm.SkipKey(reason) to leave the key out on purpose."
            self._warn("empty make", f"{message} {hint}", EmptyMakeWarning)

    # the flush transaction opened early ------------------------------------------------------------------------

    def _flush_group(self) -> None:
        connection = self._target.connection
        observer, connection.observer = connection.observer, None
        try:
            self._group.flush()
        finally:
            connection.observer = observer

    def _open_flush(self, context: MakeContext) -> None:
        connection = self._target.connection
        observer, connection.observer = connection.observer, None
        try:
            connection.start_transaction()
            context.is_open = True
            self._storage.recheck(context.key)
            self._storage.write_one(context.finished())
            context.buffer.batches.clear()
            context.buffer.origins.clear()
        finally:
            connection.observer = observer

    # three-part and generator ----------------------------------------------------------------------------------

    def _verified(self, context: MakeContext, phases: Iterator[Any]) -> None:
        """Drive fetch, compute, then inside the flush: fetch again, compare, insert."""
        fetched = digest(next(phases))
        next(phases)
        context.phase = PLAIN
        context.promote()
        if digest(next(phases)) != fetched:
            raise UpstreamChangedError(
                f"The inputs of {self._target.name} for {dict(context.key)} changed while it was computed.",
                table=str(self._target.name),
                key=dict(context.key),
                hint="Nothing was stored; populate again.",
            )
        for _ in phases:
            pass

    def _three_phases(self, context: MakeContext) -> Iterator[Any]:
        maker = self._target.maker
        context.phase = FETCH
        fetched = maker.make_fetch(dict(context.key), **self._kwargs)
        self._require_sequence("make_fetch", fetched, context)
        yield fetched
        context.phase = COMPUTE
        computed = maker.make_compute(dict(context.key), *fetched)
        self._require_sequence("make_compute", computed, context)
        yield computed
        context.phase = FETCH
        yield maker.make_fetch(dict(context.key), **self._kwargs)
        context.phase = INSERT
        maker.make_insert(dict(context.key), *computed)

    def _generator_phases(self, context: MakeContext) -> Iterator[Any]:
        assert self._function is not None
        running = self._function(dict(context.key), **self._kwargs)
        try:
            context.phase = FETCH
            yield self._next(running, "fetch", context)
            context.phase = COMPUTE
            yield self._next(running, "compute", context)
            context.phase = FETCH
            again = self._function(dict(context.key), **self._kwargs)
            try:
                yield self._next(again, "fetch", context)
            finally:
                again.close()
            context.phase = INSERT
            for _ in running:
                pass
        finally:
            running.close()

    def _next(self, running: Iterator[Any], phase: str, context: MakeContext) -> Any:
        try:
            return next(running)
        except StopIteration:
            raise MakeError(
                f"make of {self._target.name} ended before it yielded what it did {phase}.",
                table=str(self._target.name),
                key=dict(context.key),
                hint="A generator make yields twice: after fetching and after computing. Nothing was stored.",
            ) from None

    def _require_sequence(self, part: str, value: Any, context: MakeContext) -> None:
        if not isinstance(value, tuple | list):
            raise MakeError(
                f"{part} of {self._target.name} returned {type(value).__name__}, not a tuple or list.",
                table=str(self._target.name),
                key=dict(context.key),
                hint="Return a tuple, also for one value: return (value,).",
            )
