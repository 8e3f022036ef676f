"""Connections that the server ends at any moment: what was promised holds, and work goes on."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from tests.backends.cutting import cut_others

import datamill as dm


def test_reads_of_the_catalog_are_repeated(database_url: str) -> None:
    with dm.Connection(url=database_url) as admin, dm.Connection(url=database_url) as connection:
        schema = dm.Schema("lab", connection=connection)

        @schema
        class Mouse(dm.Manual):
            definition = "mouse : int32"

        reads: tuple[Callable[[], object], ...] = (
            connection.catalog.list_schemas,
            lambda: connection.catalog.load("lab"),
            lambda: dm.FreeTable(connection, "lab.mouse"),
            lambda: dm.Schema("lab", connection=connection).list_tables(),
            lambda: dm.VirtualModule("lab", "lab", connection=connection),
            lambda: len(Mouse()),
            lambda: connection.dependencies.load(),
        )
        for read in reads:
            connection.catalog.invalidate()
            cut_others(admin)
            read()


WORKER = """
import random, sys, threading
import datamill as dm
from datamill.errors import LostConnectionError, QueryError

connection = dm.Connection(url=sys.argv[1])
master, part = dm.FreeTable(connection, "lab.scan"), dm.FreeTable(connection, "lab.scan__frame")
print("ready", flush=True)

def insert(key):
    with connection.transaction:
        master.insert1({"scan": key})
        part.insert({"scan": key, "frame": frame, "text": "x" * 200} for frame in range(3))

def work(first):
    chance = random.Random(first)
    for key in range(first, first + 60):
        try:
            insert(key)
            if chance.random() < 0.3:
                (master & {"scan": key}).delete(prompt=False)
            list(master & dm.Top(20))
        except (LostConnectionError, QueryError):
            pass
        if connection.in_transaction:
            sys.exit("a transaction was left open")

threads = [threading.Thread(target=work, args=(int(sys.argv[2]) + 1000 * k,)) for k in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.long
def test_cuts_at_random_leave_nothing_half_done(database_url: str) -> None:
    with dm.Connection(url=database_url) as admin:
        schema = dm.Schema("lab", connection=admin)

        @schema
        class Scan(dm.Manual):
            definition = "scan : int32"

            class Frame(dm.Part):
                definition = "-> master\nframe : int32\n---\ntext : varchar(300)"

        words = [sys.executable, "-c", WORKER, database_url]
        running = [
            subprocess.Popen([*words, start], stdout=subprocess.PIPE, text=True)
            for start in ("10000", "20000")
        ]
        assert [process.stdout and process.stdout.readline() for process in running] == ["ready\n"] * 2
        chance = random.Random(0)
        while any(process.poll() is None for process in running):
            if chance.random() < 0.2:
                cut_others(admin)
            time.sleep(0.05)
        assert [process.communicate()[0] for process in running] == ["", ""]
        assert [process.returncode for process in running] == [0, 0]
        assert len(Scan()) > 20
        counts = Scan.aggr(Scan.Frame, n="count(*)")
        assert len(counts & "n <> 3") == 0
        assert len(Scan.Frame()) == 3 * len(Scan())
