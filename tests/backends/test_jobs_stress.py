"""Eight workers under fire: killed, frozen past their lease and resumed, disconnected. Every key once, no job left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import datamill as dm

KEYS = int(os.environ.get("STRESS_KEYS", "5000"))
WORKERS = 8
LEASE = 3.0

WORKER = """
import datamill as dm
import os, random, sys, time

lab = dm.Instance(url=os.environ["LAB_URL"], safemode=False, jobs__lease=float(os.environ["LAB_LEASE"]))
lab.config["jobs.max_crashes"] = 1000
schema = lab.Schema("stress")

@schema
class Source(dm.Manual):
    definition = '''
    source : int32
    '''

@schema
class Result(dm.Computed):
    definition = '''
    -> Source
    ---
    value : int32
    pid : int32
    '''

    class Detail(dm.Part):
        definition = '''
        -> master
        number : int8
        '''

    def make(self, key):
        time.sleep(random.expovariate(300))
        self.insert1({**key, "value": 2 * key["source"], "pid": os.getpid()})
        self.Detail.insert({**key, "number": number} for number in range(3))

if __name__ == "__main__":
    while True:
        Result.populate(reserve_jobs=True, refresh=False, suppress_errors=True)
        left = Result.jobs.progress()
        if left["pending"] + left["reserved"] == 0:
            break
        time.sleep(0.1)
"""


class Fire:
    """Starts workers and harms them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "LAB_URL": url, "LAB_LEASE": str(LEASE)}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.frozen: dict[subprocess.Popen[bytes], float] = {}
        self.done: Counter[str] = Counter()
        self.random = random.Random(5)
        self.log = (folder / "workers.log").open("wb")

    def start(self) -> None:
        while len(self.workers) < WORKERS:
            self.workers.append(
                subprocess.Popen(
                    [sys.executable, "-W", "ignore", "worker.py"],
                    cwd=self.folder,
                    env=self.environment,
                    stderr=self.log,
                    start_new_session=True,
                )
            )

    def harm(self, table: Any) -> None:
        """Kill, freeze or disconnect a worker."""
        kind = self.random.choice(["kill", "freeze", "disconnect"])
        worker = self.random.choice(self.workers)
        if kind == "kill":
            worker.kill()
        elif kind == "freeze" and worker not in self.frozen and len(self.frozen) < WORKERS // 2:
            worker.send_signal(signal.SIGSTOP)
            self.frozen[worker] = time.monotonic() + self.random.uniform(0.5, 2.5) * LEASE
        elif not disconnect(table):
            return
        self.done[kind] += 1

    def tend(self) -> None:
        """Resume frozen workers whose time has come, and replace those that are gone."""
        for worker, until in list(self.frozen.items()):
            if time.monotonic() > until or worker.poll() is not None:
                worker.send_signal(signal.SIGCONT)
                del self.frozen[worker]
        for worker in list(self.workers):
            if worker.poll() is not None:
                self.workers.remove(worker)

    def end(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
        for worker in self.workers:
            worker.wait(120)
        self.log.close()


def disconnect(table: Any) -> bool:
    """End the server's session of a worker that holds jobs; false where there are no servers."""
    connection = table.connection
    statement = {
        "postgresql": "SELECT pg_terminate_backend({})",
        "mysql": "KILL {}",
        "mariadb": "KILL {}",
    }.get(connection.dialect.name)
    numbers = [number for number in set(table.jobs.reserved.to_arrays("connection_id").tolist()) if number]
    if statement is None or not numbers:
        return False
    try:
        connection.query(statement.format(numbers[0]))
    except dm.errors.QueryError:
        return False  # it ended meanwhile
    return True


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_key_once_and_no_job_left(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "worker.py").write_text(WORKER)
    fire = Fire(tmp_path, database_url)
    monkeypatch.setenv("LAB_URL", database_url)
    monkeypatch.setenv("LAB_LEASE", str(LEASE))
    monkeypatch.syspath_prepend(tmp_path)
    worker = import_module("worker")
    worker.Source.insert([{"source": number} for number in range(KEYS)])
    assert worker.Result.jobs.refresh()["added"] == KEYS
    begun = time.monotonic()
    try:
        while True:
            fire.tend()
            left = worker.Result.jobs.progress()
            if left["pending"] + left["reserved"] == 0:
                break
            fire.start()
            fire.harm(worker.Result)
            time.sleep(fire.random.uniform(0.1, 0.8))
    finally:
        fire.end()
        sys.modules.pop("worker")
    seconds = time.monotonic() - begun
    values = sorted(zip(*worker.Result.to_arrays("source", "value"), strict=True))
    assert values == [(number, 2 * number) for number in range(KEYS)]
    assert len(worker.Result.Detail) == 3 * KEYS
    assert worker.Result.jobs.progress()["total"] == 0, worker.Result.jobs.errors.to_dicts()[:3]
    workers = len(dm.U("pid") & worker.Result)
    sys.stderr.write(f"{KEYS} keys by {workers} processes in {seconds:.0f} s under {dict(fire.done)}\n")
    worker.lab.connection.close()
