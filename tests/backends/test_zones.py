"""Servers whose own time zone is not UTC: what is in UTC, what is in the server's zone, and who shares it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import datamill as dm
from datamill.model.names import TableName
from datamill.model.types import parse_type

ZONE = timedelta(hours=5, minutes=30)
SETTINGS = {
    "postgresql": ("ALTER DATABASE {database} SET TimeZone = 'Asia/Kolkata'", "SELECT 1"),
    "mysql": ("SET GLOBAL time_zone = '+05:30'", "SET GLOBAL time_zone = 'SYSTEM'"),
    "mariadb": ("SET GLOBAL time_zone = '+05:30'", "SET GLOBAL time_zone = 'SYSTEM'"),
}


@pytest.fixture
def zone(backend: str, database_url: str) -> Iterator[timedelta]:
    """The zone of the server, which has it for the time of a test."""
    begin, end = SETTINGS.get(backend, ("SELECT 1", "SELECT 1"))
    database = database_url.partition("?")[0].rpartition("/")[2]
    with dm.Connection(url=database_url) as admin:
        admin.query(begin.format(database=database), None)
        yield ZONE if backend in SETTINGS else timedelta(0)
        admin.query(end, None)


@pytest.fixture
def lab(database_url: str, zone: timedelta) -> Iterator[dm.Instance]:
    lab = dm.Instance(url=database_url, safemode=False)
    yield lab
    lab.connection.close()


@pytest.fixture
def other(database_url: str, zone: timedelta) -> Iterator[dm.Connection]:
    """A session as other programs have it: in the server's zone."""
    settings = dm.Instance(url=database_url, database__time_zone="server")
    yield settings.connection
    settings.connection.close()


def pipeline(lab: dm.Instance) -> Any:
    """Declare a computed table, with three keys to compute."""
    schema = lab.Schema("lab")
    lab.config["jobs.add_job_metadata"] = True

    @schema
    class Source(dm.Manual):
        definition = """
        source : int32
        ---
        noted = CURRENT_TIMESTAMP : datetime
        stamped = CURRENT_TIMESTAMP : timestamp(3)
        """

    @schema
    class Result(dm.Computed):
        definition = """
        -> Source
        ---
        seen : datetime(6)
        """

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "seen": (Source & key).proj(now="NOW(6)").fetch1("now")})

    Source.insert({"source": number} for number in range(3))
    return Source, Result


def is_now(moment: datetime, zone: timedelta = timedelta(0)) -> bool:
    return abs(datetime.now(UTC).replace(tzinfo=None) + zone - moment) < timedelta(minutes=2)


def test_what_users_see_is_in_utc(lab: dm.Instance) -> None:
    source, result = pipeline(lab)
    result.populate()
    assert all(is_now(row["noted"]) and is_now(row["stamped"]) for row in source.to_dicts())
    assert all(is_now(row["seen"]) for row in result.to_dicts())
    assert len(source & "noted > NOW() - INTERVAL 2 MINUTE") == 3


def test_times_of_jobs_are_the_servers(lab: dm.Instance, zone: timedelta) -> None:
    _, result = pipeline(lab)
    result.jobs.refresh()
    for row in result.jobs.to_dicts():
        assert is_now(row["created_time"], zone)
        assert is_now(row["scheduled_time"], zone)
    table = lab.connection.dialect.table(TableName("lab", "~~result"))
    first = result.jobs.claim(1)[0]
    assert is_now((result.jobs & first).fetch1("reserved_time"), zone)
    (lease,) = lab.connection.query(f"SELECT MAX(_lease_until) FROM {table}").fetchone()
    assert is_now(datetime.fromisoformat(str(lease)), zone + timedelta(minutes=2))
    assert result.populate(reserve_jobs=True)["success_count"] == 2
    table = lab.connection.dialect.table(TableName("lab", "__result"))
    for (started,) in lab.connection.query(f"SELECT _job_start_time FROM {table}").fetchall():
        assert is_now(datetime.fromisoformat(str(started)), zone)


def test_jobs_of_workers_in_the_servers_zone_are_due_at_once(
    lab: dm.Instance, zone: timedelta, other: dm.Connection
) -> None:
    """As DataJoint's workers: their sessions are in the server's zone, and their jobs have the defaults."""
    _, result = pipeline(lab)
    result.jobs.refresh()
    table = other.dialect.table(TableName("lab", "~~result"))
    other.query(f"DELETE FROM {table} WHERE source = 2")
    other.query(f"INSERT INTO {table} (source, status, priority) VALUES (2, 'pending', 1)")
    now = lab.connection.dialect.ddl.now(parse_type("datetime(3)"))
    due = other.query(f"SELECT COUNT(*) FROM {table} WHERE scheduled_time <= {now}").fetchone()
    assert due == (3,)
    assert result.jobs.claim(3)[0] == {"source": 2}
    assert len(result.jobs.reserved) == 3
    result.jobs.refresh()
    assert len(result.jobs.reserved) == 3  # no lease has run out


def test_a_session_in_the_servers_zone(
    lab: dm.Instance, database_url: str, zone: timedelta, other: dm.Connection
) -> None:
    pipeline(lab)
    source = dm.FreeTable(other, "lab.source")
    source.insert1({"source": 9})
    assert is_now((source & "source = 9").fetch1("noted"), zone)
    assert is_now((dm.FreeTable(lab.connection, "lab.source") & "source = 9").fetch1("noted"), zone)
