"""Deletes and inserts at the same time: no orphans, no raw errors, no master without what it came with."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.delete import delete
from datamill.data.insert import insert
from datamill.data.trash_table import prepare_trash
from datamill.errors import DataMillError, IntegrityError
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
    failures: list[BaseException] = []
    refused: list[IntegrityError] = []

    def insert_rows(number: int) -> None:
        choose = random.Random(number)
        for step in range(ROUNDS):
            p = choose.randrange(PARENTS)
            c = number * ROUNDS + step
            try:
                insert(connection, child, [{"p": p, "c": c}])
                insert(connection, grandchild, [{"g": c, "p": p, "c": c}])
            except IntegrityError as error:
                refused.append(error)
            except BaseException as error:
                failures.append(error)
                raise

    def delete_rows() -> None:
        choose = random.Random(0)
        for _ in range(ROUNDS):
            p = choose.randrange(PARENTS)
            try:
                delete(
                    connection, restrict(BaseTable(parent, connection), {"p": p}), prompt=False, trash=trash
                )
                insert(connection, parent, [{"p": p}])
            except BaseException as error:
                failures.append(error)
                raise

    threads = [threading.Thread(target=insert_rows, args=(number,)) for number in (1, 2)]
    threads.append(threading.Thread(target=delete_rows))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
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


def test_an_error_of_a_race_is_of_the_tree(connection: Connection, declare: Declare) -> None:
    """What two deletes of the same rows do to each other is nothing: rows already gone are fine."""
    parent = declare("lab.p", "p : int32")
    child = declare("lab.c", "-> lab.p\nc : int32")
    insert(connection, parent, [{"p": p} for p in range(20)])
    insert(connection, child, [{"p": p, "c": c} for p in range(20) for c in range(5)])
    counts: list[int] = []
    errors: list[DataMillError] = []

    def work() -> None:
        try:
            counts.append(delete(connection, BaseTable(parent, connection), prompt=False))
        except DataMillError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(counts) == 20
    assert fetch.count(connection, BaseTable(child, connection)) == 0
