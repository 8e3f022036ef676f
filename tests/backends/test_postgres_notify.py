"""Announcements on PostgreSQL: which writes are heard, when, how often, and what happens when nobody hears."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.services import service_url

if service_url("postgresql") is None:
    pytest.skip("PostgreSQL runs nowhere: scripts/services start", allow_module_level=True)

from tests.backends import postgresql_databases

import datamill as dm
from datamill.backends.postgres_notify import PostgresListener, table_written
from datamill.compute.watch import Watch
from datamill.model.names import TableName

MICE = TableName("lab", "mouse")
LONG = 3600.0


@pytest.fixture(params=["postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lab(database_url: str) -> Iterator[dm.Instance]:
    instance = dm.Instance(url=database_url, safemode=False)
    instance.Schema("lab")(
        type("Mouse", (dm.Manual,), {"definition": "mouse : int32\n---\nborn = NULL : date"})
    )
    yield instance
    instance.connection.close()


@pytest.fixture
def listener(lab: dm.Instance) -> Iterator[PostgresListener]:
    found = lab.connection.session.listener()
    assert isinstance(found, PostgresListener)
    yield found
    found.close()


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"mouse": number} for number in numbers]


WRITES: list[Callable[[Any], object]] = [
    lambda mice: mice.insert1({"mouse": 100}),
    lambda mice: mice.insert(rows(*range(101, 121))),
    lambda mice: mice.insert(rows(*range(101, 1001))),
    lambda mice: mice.insert(rows(*range(101, 1001)), skip_duplicates=True),
    lambda mice: mice.insert(rows(1, 2), replace=True),
    lambda mice: mice.insert(mice & "mouse = 1", skip_duplicates=True),
    lambda mice: mice.update1({"mouse": 1, "born": "2024-01-01"}),
    lambda mice: (mice & "mouse = 1").delete(),
    lambda mice: mice.delete_quick(),
    lambda mice: mice.connection.query('UPDATE lab.mouse SET "born" = NULL'),
]


@pytest.mark.parametrize("write", WRITES)
def test_every_write_is_announced(
    lab: dm.Instance, listener: PostgresListener, write: Callable[[Any], object]
) -> None:
    mice = lab.FreeTable("lab.mouse")
    mice.insert(rows(1, 2))
    assert listener.wait(10) == {"lab.mouse"}
    assert listener.wait(0) == set()
    write(mice)
    assert listener.wait(10) == {"lab.mouse"}


def test_once_for_each_transaction_when_it_is_committed(lab: dm.Instance, listener: PostgresListener) -> None:
    mice = lab.FreeTable("lab.mouse")
    with lab.connection.transaction:
        for number in range(3):
            mice.insert1({"mouse": number})
        assert listener.wait(0.3) == set()
    heard = [item.payload for item in listener._connection.notifies(timeout=2)]
    assert heard == ["lab.mouse"]


def test_what_is_undone_is_not_announced(lab: dm.Instance, listener: PostgresListener) -> None:
    mice = lab.FreeTable("lab.mouse")
    lab.connection.start_transaction()
    mice.insert1({"mouse": 1})
    lab.connection.cancel_transaction()
    with pytest.raises(dm.errors.DuplicateError):
        mice.insert(rows(5, 5))
    mice.to_dicts()
    assert listener.wait(0.5) == set()
    assert len(mice) == 0


def test_the_platforms_own_tables_are_not_announced() -> None:
    assert table_written('INSERT INTO "lab"."~~spikes" ("a") VALUES (%s)') is None
    assert table_written("delete from Lab.Mouse") == "lab.mouse"
    assert table_written('UPDATE ONLY "lab"."#it""s" SET a = 1') == 'lab.#it"s'
    assert table_written("SELECT 1") is None


def test_it_can_be_turned_off(database_url: str, lab: dm.Instance, listener: PostgresListener) -> None:
    silent = dm.Instance(url=database_url, safemode=False, database__notify=False)
    silent.FreeTable("lab.mouse").insert(rows(*range(50)))
    silent.FreeTable("lab.mouse").insert1({"mouse": 77})
    assert silent.connection.session.listener() is None
    assert listener.wait(0.3) == set()
    silent.connection.close()


def test_a_watch_wakes_for_its_tables_only_and_survives_a_lost_connection(lab: dm.Instance) -> None:
    lab.Schema("lab")(type("Rat", (dm.Manual,), {"definition": "rat : int32"}))
    watch, stop = Watch(lab.connection, [MICE]), threading.Event()
    assert watch.longest == 30
    watch.mark()
    lab.FreeTable("lab.rat").insert1({"rat": 1})
    begun = time.monotonic()
    watch.wait(0.7, stop)
    assert time.monotonic() - begun >= 0.7
    (pid,) = postgresql_databases.admin().execute(
        "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN datamill' AND datname = %s",
        (lab.connection.address.name,),
    ).fetchone() or (None,)
    postgresql_databases.admin().execute("SELECT pg_terminate_backend(%s)", (pid,))
    watch.wait(LONG, stop)  # returns since something may have been missed
    watch.mark()
    lab.FreeTable("lab.mouse").insert1({"mouse": 1})
    watch.wait(LONG, stop)
    watch.close()


def test_retry_wakes_workers(lab: dm.Instance, listener: PostgresListener) -> None:
    class Weight(dm.Computed):
        definition = "-> Mouse"

        def make(self, key: dict[str, Any]) -> None:
            raise ValueError("no balance")

    computed = lab.Schema("lab")(Weight, context={"Mouse": lab.FreeTable("lab.mouse")})
    lab.FreeTable("lab.mouse").insert1({"mouse": 1})
    computed.populate(reserve_jobs=True, suppress_errors=True)
    listener.wait(10)
    assert listener.wait(0) == set()
    assert computed.jobs.retry() == 1
    assert listener.wait(10) == {"lab.__weight"}
