"""Processes that insert and processes that delete, on one database: no orphans, and only errors that are foreseen."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.delete import delete, plan_delete
from datamill.data.insert import insert
from datamill.data.trash_table import prepare_trash
from datamill.errors import IntegrityError
from datamill.model.names import TableName
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]

TABLES = {
    "lab.p": "p : int32",
    "lab.c": "-> lab.p\nc : int32",
    "lab.c__part": "-> lab.c\nn : int32",
    "other.g": "g : int32\n---\n-> lab.c",
    "other.h": "h : int32\n---\n-> [nullable] lab.p.proj(q='p')\n-> [nullable] other.g",
}
PARENTS = 6


def insert_rows(url: str, number: int, seconds: float) -> Counter[str]:
    """Insert rows below parents that may go at any moment."""
    outcomes: Counter[str] = Counter()
    choose = random.Random(number)
    with Connection(url=url) as connection:
        specs = [connection.catalog.spec(TableName.parse(name)) for name in TABLES]
        end, count = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            count += 1
            p, key = choose.randrange(PARENTS), number * 10**6 + count
            row = {"p": p, "c": key, "n": 1, "g": key, "h": key, "q": p}
            try:
                for spec in specs:
                    given = {name: row[name] for name in spec.heading}
                    insert(connection, spec, [given], skip_duplicates=spec.name.table == "p")
                outcomes["inserted"] += 1
            except IntegrityError:
                outcomes["refused"] += 1
    return outcomes


def delete_rows(url: str, number: int, seconds: float) -> Counter[str]:
    """Delete parents in all ways; only those that do not plan anew may find rows that came meanwhile."""
    outcomes: Counter[str] = Counter()
    choose = random.Random(number)
    with Connection(url=url) as connection:
        parent = connection.catalog.spec(TableName("lab", "p"))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            source = restrict(BaseTable(parent, connection), {"p": choose.randrange(PARENTS)})
            way = choose.choice(["directly", "trash", "plan", "by table"])
            try:
                if way == "plan":
                    plan_delete(connection, source).apply()
                else:
                    delete(
                        connection, source, prompt=False, trash=way == "trash", transaction=way != "by table"
                    )
                outcomes[way] += 1
            except IntegrityError:
                assert way in ("plan", "by table")
                outcomes["refused"] += 1
    return outcomes


@pytest.mark.long
@pytest.mark.timeout(600)
def test_processes_that_insert_and_delete(
    database_url: str, connection: Connection, declare: Declare
) -> None:
    specs = {name: declare(name, definition) for name, definition in TABLES.items()}
    prepare_trash(connection, "lab")
    works = [insert_rows, insert_rows, insert_rows, delete_rows, delete_rows]
    with multiprocessing.get_context("spawn").Pool(len(works)) as pool:
        waiting = [pool.apply_async(work, (database_url, number, 30.0)) for number, work in enumerate(works)]
        outcomes = [item.get(timeout=300) for item in waiting]
    assert all(outcome["inserted"] for outcome in outcomes[:3])
    assert all(outcome["directly"] and outcome["trash"] for outcome in outcomes[3:])
    for name, spec in specs.items():
        for key in spec.foreign_keys:
            own = BaseTable(spec, connection)
            known = {
                tuple(row[theirs] for _, theirs in key.attribute_map)
                for row in fetch.to_dicts(connection, BaseTable(specs[str(key.parent)], connection))
            }
            held = {
                tuple(row[mine] for mine, _ in key.attribute_map) for row in fetch.to_dicts(connection, own)
            }
            assert {item for item in held if None not in item} <= known, name
