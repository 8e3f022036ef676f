"""Deletes and inserts at the same time: no orphans, no raw errors."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

import pytest

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.delete import delete
from datamill.data.insert import insert
from datamill.data.trash_table import prepare_trash
from datamill.errors import IntegrityError
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]

PARENTS = 8
ROUNDS = 25


@pytest.mark.parametrize("trash", [False, True])
def test_inserts_race_with_deletes(connection: Connection, declare: Declare, trash: bool) -> None:
    parent = declare("lab.p", "p : int32")
    child = declare("lab.c", "-> lab.p\nc : int32")
    grandchild = declare("other.g", "g : int64\n---\n-> lab.c")
    insert(connection, parent, [{"p": p} for p in range(PARENTS)])
    if trash:  # its table is made before the threads start, so that they compete for rows only
        prepare_trash(connection, "lab")
    refused: list[IntegrityError] = []

    def insert_rows(number: int) -> None:
        choose = random.Random(number)
        for step in range(ROUNDS):
            row = {"p": choose.randrange(PARENTS), "c": number * ROUNDS + step}
            try:
                insert(connection, child, [row])
                insert(connection, grandchild, [{"g": row["c"], **row}])
            except IntegrityError as error:
                refused.append(error)

    def delete_rows() -> None:
        choose = random.Random(0)
        for _ in range(ROUNDS):
            p = choose.randrange(PARENTS)
            delete(connection, restrict(BaseTable(parent, connection), {"p": p}), prompt=False, trash=trash)
            insert(connection, parent, [{"p": p}])

    assert run_together([lambda: insert_rows(1), lambda: insert_rows(2), delete_rows]) == []
    assert all(error.child for error in refused)
    assert_no_orphans(connection, parent, child, grandchild)


def assert_no_orphans(
    connection: Connection, parent: TableSpec, child: TableSpec, grandchild: TableSpec
) -> None:
    parents = {row["p"] for row in fetch.keys(connection, BaseTable(parent, connection))}
    children = {(row["p"], row["c"]) for row in fetch.keys(connection, BaseTable(child, connection))}
    referred = {(row["p"], row["c"]) for row in fetch.to_dicts(connection, BaseTable(grandchild, connection))}
    assert {p for p, _ in children} <= parents
    assert referred <= children


def run_together(works: Sequence[Callable[[], None]]) -> list[BaseException]:
    """Run functions in threads of their own; return what they raised."""
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - looked at by the caller
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_rows_that_another_delete_took_are_fine(connection: Connection, declare: Declare) -> None:
    parent = declare("lab.p", "p : int32")
    child = declare("lab.c", "-> lab.p\nc : int32")
    insert(connection, parent, [{"p": p} for p in range(20)])
    insert(connection, child, [{"p": p, "c": c} for p in range(20) for c in range(5)])
    counts: list[int] = []

    def work() -> None:
        counts.append(delete(connection, BaseTable(parent, connection), prompt=False))

    assert run_together([work] * 3) == []
    assert sum(counts) == 20
    assert fetch.count(connection, BaseTable(child, connection)) == 0
