"""Copying between every two kinds of database: cut connections, killed processes, missing privileges, sizes."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import numpy as np
import pytest
from tests.backends import cutting
from tests.backends.conftest import FRESH_DATABASES, SERVERS, USED_DATABASES, _wanted, only_on
from tests.backends.own_servers import own_server
from tests.backends.test_copy import declare_lab, definitions_of, rows_of

import datamill as dm
from datamill.errors import AccessError, LostConnectionError
from datamill.maintenance import copy_rows
from datamill.maintenance.copy_rows import count, read_table
from datamill.maintenance.table_digest import TableDigest, digest_of
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection

Urls = tuple[str, str]
CHAIN = ("sqlite", "postgresql", "mysql", "mariadb", "sqlite")
"""Each is a source once, and a destination once."""
PAIRS = [
    (one, other) for one in FRESH_DATABASES for other in FRESH_DATABASES if {one, other} <= set(_wanted())
]


@pytest.fixture(params=PAIRS, ids="-".join)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Urls]:
    """Addresses of two empty databases."""
    names: tuple[str, str] = request.param
    with ExitStack() as stack:
        found = {name: _fresh(name, tmp_path, stack) for name in sorted(set(names))}
        yield found[names[0]], found[names[1]] if names[0] != names[1] else _second(names[0], tmp_path, stack)


def _fresh(name: str, folder: Path, stack: ExitStack) -> str:
    """Return an empty database; two servers are waited for in the order of their names, lest tests wait in a ring."""
    url = FRESH_DATABASES[name](folder)
    if name in USED_DATABASES:
        stack.callback(USED_DATABASES[name], url)
    return url


def _second(name: str, folder: Path, stack: ExitStack) -> str:
    """Return another database of the same kind; where a schema is a database, it needs another server."""
    if name in ("mysql", "mariadb"):
        return stack.enter_context(own_server(name)).url
    (folder / "second").mkdir()
    return _fresh(name, folder / "second", stack)


@pytest.fixture
def pair(urls: Urls) -> Iterator[tuple[Connection, Connection]]:
    with dm.Connection(url=urls[0]) as source, dm.Connection(url=urls[1]) as destination:
        yield source, destination


def test_everything_arrives(pair: tuple[Connection, Connection], tmp_path: Path) -> None:
    source, destination = pair
    declare_lab(source, tmp_path)
    report = dm.copy_database(source, destination)
    assert report.copied == report.rows >= 30
    assert rows_of(destination) == rows_of(source)
    for schema in ("lab", "lab_two"):
        assert definitions_of(destination, schema) == definitions_of(source, schema)
    again = dm.copy_database(source, destination)
    assert (again.copied, [table.digest for table in again.tables]) == (
        0,
        [table.digest for table in report.tables],
    )


@pytest.mark.filterwarnings("ignore::datamill.errors.NativeTypeWarning")
def test_numbered_keys_and_what_refers_to_them(pair: tuple[Connection, Connection]) -> None:
    source, destination = pair
    schema = dm.Schema("lab", connection=source)
    found: dict[str, type[dm.UserTable]] = {}
    for number, kind in enumerate(
        ("serial", "int auto_increment", "bigint unsigned auto_increment", "mediumint")
    ):
        for name, text in (
            (f"T{number}", f"k : {kind}\n---\nb : int32"),
            (f"C{number}", f"-> T{number}\nn : int32"),
            (f"D{number}", f"d : int32\n---\n-> [nullable] C{number}.proj(other='k')"),
        ):
            found[name] = schema(type(name, (dm.Manual,), {"definition": text}), context=dict(found))
        for k in (1, 2):
            found[f"T{number}"].insert1({"k": k, "b": k})
        found[f"C{number}"].insert1({"k": 2, "n": 1})
        found[f"D{number}"].insert([{"d": 1, "other": 2, "n": 1}, {"d": 2, "other": None, "n": None}])
    dm.copy_database(source, destination)
    assert dm.copy_database(source, destination).copied == 0
    for number in range(3):
        table = dm.FreeTable(destination, f"lab.t{number}")
        table.insert1({"b": 3})
        assert sorted(table.to_arrays("k").tolist()) == [1, 2, 3]


# interrupted copies ----------------------------------------------------------------------------------------------

ROWS = 3000
SCAN = TableName("lab", "scan")
CHAINED = [pair for pair in pairwise(CHAIN) if pair in PAIRS]
in_a_chain = pytest.mark.parametrize("urls", CHAINED, ids="-".join, indirect=True)


@pytest.fixture
def scans(pair: tuple[Connection, Connection]) -> None:
    """Rows of 10 kB in the source: two transactions of a copy."""
    schema = dm.Schema("lab", connection=pair[0])

    @schema
    class Scan(dm.Manual):
        definition = """
        scan : int32
        ---
        image : <blob>
        """

    noise = np.random.default_rng(0).integers(0, 255, 10_000, dtype=np.uint8)
    Scan.insert({"scan": scan, "image": np.roll(noise, scan)} for scan in range(ROWS))


def number_of_scans(destination: Connection) -> int:
    """Return how many rows have arrived."""
    destination.catalog.invalidate()
    if "lab" not in destination.catalog.list_schemas() or not destination.catalog.has(SCAN):
        return 0
    return count(destination, destination.catalog.spec(SCAN))


def wait_for_scans(destination: Connection) -> None:
    """Wait until the first transaction is there."""
    limit = time.monotonic() + 60
    while number_of_scans(destination) == 0:
        assert time.monotonic() < limit
        time.sleep(0.01)


def check_that_it_goes_on(source: Connection, destination: Connection) -> None:
    """Copy once more, and see that this continues what was begun."""
    half = number_of_scans(destination)
    assert 0 < half < ROWS
    report = dm.copy_database(source, destination)
    assert (report.rows, report.copied) == (ROWS, ROWS - half)
    assert {str(digest_of_scans(side)) for side in (source, destination)} == {report.tables[-1].digest}


def digest_of_scans(connection: Connection) -> TableDigest:
    """Return the digest of the rows that are there."""
    spec = connection.catalog.spec(SCAN)
    return digest_of(spec.columns, read_table(connection, spec))


@in_a_chain
@pytest.mark.usefixtures("scans")
def test_a_killed_process_is_continued(urls: Urls, pair: tuple[Connection, Connection]) -> None:
    source, destination = pair
    words = [sys.executable, "-m", "datamill", "copy", "--no-progress", *urls, "lab"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        wait_for_scans(destination)
        process.kill()
    check_that_it_goes_on(source, destination)


@pytest.mark.parametrize(
    ("urls", "side"),
    [(pair, side) for pair in CHAINED for side in (0, 1) if pair[side] in SERVERS],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else ("source", "destination")[value],
    indirect=["urls"],
)
@pytest.mark.usefixtures("scans")
def test_a_cut_connection_is_continued(
    urls: Urls, pair: tuple[Connection, Connection], side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_rows, "BYTES_WRITTEN", 2**20)
    failures: list[BaseException] = []

    def copy() -> None:
        try:
            dm.copy_database(*urls, "lab")
        except LostConnectionError as error:
            failures.append(error)

    working = threading.Thread(target=copy)
    working.start()
    wait_for_scans(pair[1])
    while working.is_alive():  # a connection that was idle is made anew
        cutting.cut_others(pair[side])
        working.join(0.02)
    assert len(failures) == 1
    check_that_it_goes_on(*pair)


# privileges ------------------------------------------------------------------------------------------------------

PASSWORD = "Low-1234"
GRANTS = {
    "postgresql": {
        "nothing": [],
        "one schema": ["CREATE SCHEMA lab AUTHORIZATION {user}"],
        "reading": ["CREATE SCHEMA lab", "GRANT USAGE ON SCHEMA lab TO {user}"],
        "drop": ["DROP OWNED BY {user} CASCADE", "DROP ROLE {user}"],
        "create": ["CREATE ROLE {user} LOGIN PASSWORD '{password}'"],
    },
    "mysql": {
        "nothing": ["GRANT SELECT ON other.* TO {user}@'%'"],
        "one schema": ["GRANT ALL ON lab.* TO {user}@'%'"],
        "reading": ["CREATE DATABASE lab", "GRANT SELECT ON lab.* TO {user}@'%'"],
        "drop": ["DROP USER {user}@'%'"],
        "create": ["CREATE USER {user}@'%' IDENTIFIED BY '{password}'"],
    },
}
GRANTS["mariadb"] = GRANTS["mysql"]


@pytest.fixture
def user(connection: Connection) -> Iterator[str]:
    """A new user of a server, without any privilege."""
    name = f"low_{uuid4().hex[:10]}"
    give(connection, name, "create")
    yield name
    give(connection, name, "drop")


def give(connection: Connection, user: str, what: str) -> None:
    for sql in GRANTS[connection.dialect.name][what]:
        connection.query(sql.format(user=user, password=PASSWORD), None)


def url_of(user: str, url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{PASSWORD}@{parts.hostname}:{parts.port}"))


@only_on(*SERVERS)
@pytest.mark.parametrize("allowed", ["nothing", "one schema", "reading"])
def test_without_create_nothing_is_left_half_done(
    connection: Connection, database_url: str, user: str, tmp_path: Path, allowed: str
) -> None:
    with dm.Connection(url=f"sqlite:///{tmp_path / 'laptop.db'}") as laptop:
        declare_lab(laptop, tmp_path)
        give(connection, user, allowed)
        before = connection.catalog.list_schemas()
        with pytest.raises(AccessError) as caught:
            dm.copy_database(laptop, url_of(user, database_url))
        assert caught.value.privilege is not None
        assert "CREATE" in caught.value.privilege
        assert connection.catalog.list_schemas() == before
        assert not [name for schema in before for name in connection.catalog.load(schema)]
        dm.copy_database(laptop, connection)
        with pytest.raises(AccessError):
            dm.copy_database(laptop, url_of(user, database_url))


@only_on(*SERVERS)
def test_without_select_nothing_is_copied(
    connection: Connection, database_url: str, user: str, tmp_path: Path
) -> None:
    declare_lab(connection, tmp_path)
    whom = user if connection.dialect.name == "postgresql" else f"{user}@'%'"
    if connection.dialect.name == "postgresql":
        connection.query(f"GRANT USAGE ON SCHEMA lab TO {whom}", None)
    for table in ("everything", "#rig", "only", "scan"):
        place = connection.dialect.table(TableName("lab", table))
        connection.query(f"GRANT SELECT ON {place} TO {whom}", None)
    hidden = connection.dialect.table(TableName("lab", "scan__frame"))
    connection.query(f"GRANT INSERT ON {hidden} TO {whom}", None)
    with dm.Connection(url=f"sqlite:///{tmp_path / 'laptop.db'}") as laptop:
        with pytest.raises(AccessError, match=r"SELECT on lab.scan__frame.*Nothing was copied"):
            dm.copy_database(url_of(user, database_url), laptop, "lab")
        assert laptop.catalog.list_schemas() == []


# size ------------------------------------------------------------------------------------------------------------

MEASURED_COPY = """
import resource, sys
import datamill as dm
report = dm.copy_database(*sys.argv[1:], "lab")
print(report.copied, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.long
@pytest.mark.timeout(1800)
@in_a_chain
def test_a_gigabyte_takes_little_memory(urls: Urls, pair: tuple[Connection, Connection]) -> None:
    spec = dm.Schema("lab", connection=pair[0])

    @spec
    class Scan(dm.Manual):
        definition = """
        scan : int32
        ---
        image : bytes
        """

    noise = random.Random(0).randbytes(2**20)
    Scan.insert(
        ({"scan": scan, "image": noise[scan:] + noise[:scan]} for scan in range(1024)), chunk_size=100
    )
    words = [sys.executable, "-c", MEASURED_COPY, *urls]
    rows, peak = map(int, subprocess.run(words, check=True, capture_output=True).stdout.split())
    assert rows == 1024
    assert peak < 300  # megabytes, the interpreter included
