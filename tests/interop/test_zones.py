"""A queue that workers of both packages share, on a server whose time zone is not UTC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.interop.conftest import Lab

import datamill as dm

ZONES = {
    "postgresql": ("ALTER DATABASE {database} SET TimeZone = 'Asia/Kolkata'", "SELECT 1"),
    "mysql": ("SET GLOBAL time_zone = '+05:30'", "SET GLOBAL time_zone = 'SYSTEM'"),
    "mariadb": ("SET GLOBAL time_zone = '+05:30'", "SET GLOBAL time_zone = 'SYSTEM'"),
}
PIPELINE = """
schema = package.Schema(name)

@schema
class Source(package.Manual):
    definition = "source : int32"

@schema
class Result(package.Computed):
    definition = '''
    -> Source
    ---
    half : float64
    '''

    def make(self, key):
        self.insert1({**key, "half": key["source"] / 2})

Source.insert(({"source": number} for number in range(3)), skip_duplicates=True)
"""


@pytest.fixture(scope="module")
def server_url(server: str, server_url: str) -> Iterator[str]:
    """A server whose own zone is far from UTC."""
    begin, end = ZONES[server]
    with dm.Connection(url=server_url) as admin:
        admin.query(begin.format(database=server_url.partition("?")[0].rpartition("/")[2]), None)
        yield server_url
        admin.query(end, None)


def ours(lab: Lab, name: str) -> Any:
    """Declare the pipeline here, and return its computed table."""
    schema = lab.instance.Schema(name)
    metaclass: Any = type(dm.Manual)
    source: Any = schema(metaclass("Source", (dm.Manual,), {"definition": "source : int32"}))

    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "half": key["source"] / 2})

    members = {"definition": "-> Source\n---\nhalf : float64", "make": make}
    result = schema(metaclass("Result", (dm.Computed,), members), context={"Source": source})
    source.insert(({"source": number} for number in range(3)), skip_duplicates=True)
    return result


def theirs(lab: Lab, name: str) -> None:
    lab.genuine.run("package = dj\n" + PIPELINE, name=name)


def test_their_workers_take_our_jobs_at_once(lab: Lab) -> None:
    name = lab.name("our_jobs")
    result = ours(lab, name)
    assert result.jobs.refresh()["added"] == 3
    theirs(lab, name)
    lab.genuine.run("Result.populate(reserve_jobs=True, refresh=False)")
    assert sorted(row["half"] for row in result.to_dicts()) == [0, 0.5, 1]


def test_our_workers_take_their_jobs_at_once(lab: Lab) -> None:
    name = lab.name("their_jobs")
    theirs(lab, name)
    lab.genuine.run("Result.jobs.refresh()")
    result = ours(lab, name)
    assert result.populate(reserve_jobs=True, refresh=False)["success_count"] == 3
