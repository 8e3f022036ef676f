"""Direct mode: the keys that have no row, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from datamill.algebra import operators
from datamill.algebra.conditions import Not
from datamill.algebra.relations import Relation
from datamill.compute.job_states import Status
from datamill.compute.job_table import JobTable
from datamill.compute.key_source import keys_to_do
from datamill.compute.key_spool import KeySpool
from datamill.compute.options import Options
from datamill.compute.target import Target
from datamill.compute.work import Key, Work
from datamill.data.values import from_driver
from datamill.sql.select import compile_select

READ_AT_ONCE = 1000
SHUFFLED_AT_ONCE = 100


def run_direct(work: Work, keys: DirectKeys) -> None:
    """Compute keys until none is left or an error ends the run."""
    for key in keys:
        work.run(key)
        if work.is_over:
            break


class DirectKeys:
    """The keys that a direct run computes, read once; in bounded memory however many there are.

    Args:
        target: The table.
        source: The restricted key source.
        options: How to populate.
    """

    def __init__(self, target: Target, source: Relation, options: Options) -> None:
        self._target = target
        self._names = source.heading.key
        self._source = source
        self._shuffle = options.order == "random"
        self._given = None if options.keys is None else [dict(key) for key in options.keys]
        if self._given is not None:
            self._given = self._given[: options.most]
        self._spool = KeySpool([] if self._given is not None else self._read(options), self._limit(options))

    def _limit(self, options: Options) -> int | None:
        return options.most

    def __len__(self) -> int:
        return len(self._spool) if self._given is None else len(self._given)

    def __iter__(self) -> Iterator[Key]:
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[Sequence[Key]]:
        """Yield the keys in batches."""
        if self._given is not None:
            yield self._given
            return
        try:
            for batch in self._spool.batches(self._shuffle):
                yield self._decoded(batch)
        finally:
            self._spool.close()

    def _read(self, options: Options) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Yield batches of driver values of the keys to do, from one query."""
        if options.most == 0:
            return
        connection = self._target.connection
        to_do = without_ignored(self._target, keys_to_do(self._source, self._target.spec, connection))
        if self._names and options.order != "random":
            direction = " DESC" if options.order == "reverse" else ""
            to_do = operators.top(to_do, options.most, [f"`{name}`{direction}" for name in self._names])
        statement = compile_select(to_do, connection.dialect)
        size = SHUFFLED_AT_ONCE if options.order == "random" else READ_AT_ONCE
        batches = connection.stream(statement, size)
        for rows in batches:
            yield rows if self._names else [() for _ in rows]

    def _decoded(self, rows: Sequence[tuple[Any, ...]]) -> list[Key]:
        if not self._names:
            return [{} for _ in rows]
        dialect, heading = self._target.connection.dialect, self._source.heading
        columns = [
            from_driver(dialect, heading[name], list(column))
            for name, column in zip(self._names, zip(*rows, strict=True), strict=True)
        ]
        return [dict(zip(self._names, values, strict=True)) for values in zip(*columns, strict=True)]


def without_ignored(target: Target, keys: Relation) -> Relation:
    """Leave out the keys that the job table, if there is one, says to ignore."""
    table = JobTable(target.connection, target.spec)
    if not table.exists:
        return keys
    ignored = operators.restrict(table.relation, {"status": Status.IGNORE.value})
    return operators.restrict(keys, Not(operators.project(ignored)))
