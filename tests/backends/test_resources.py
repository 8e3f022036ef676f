"""Hints about resources: workers of this machine together stay within the capacity; others get what does not fit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.backends.test_parallel import run_script

import datamill as dm


class Lab:
    def __init__(self, url: str) -> None:
        self.instance = dm.Instance(url=url, safemode=False)
        schema = self.instance.Schema("lab")
        gauge = self.gauge = Gauge()

        @schema
        class Source(dm.Manual):
            definition = """
            source : int32
            """

        @schema
        class ByKey(dm.Computed):
            definition = """
            -> Source
            """

            def resources(self, key: dict[str, Any]) -> dict[str, Any]:
                if key["source"] < 0:
                    raise LookupError("nobody knows")
                return {"cpus": key["source"]}

            def make(self, key: dict[str, Any]) -> None:
                with gauge.held(key["source"]):
                    self.insert1(key)

        @schema
        class Constant(dm.Computed):
            resources = {"memory": "3GB"}
            definition = """
            -> Source
            """

            def make(self, key: dict[str, Any]) -> None:
                with gauge.held(3):
                    self.insert1(key)

        self.source, self.by_key, self.constant = Source, ByKey, Constant


class Gauge:
    """How much was held at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock, self.pause = threading.Lock(), threading.Event()

    def held(self, amount: int) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def block() -> Iterator[None]:
            with self.lock:
                self.now += amount
                self.most = max(self.most, self.now)
            self.pause.wait(0.05)
            try:
                yield
            finally:
                with self.lock:
                    self.now -= amount

        return block()


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    lab = Lab(database_url)
    lab.source.insert({"source": number} for number in range(1, 9))
    yield lab
    lab.instance.connection.close()


def pool_of_threads() -> Any:
    return dm.executors.make("threads", 4)


@pytest.mark.parametrize("reserve", [False, True])
def test_threads_stay_within_the_capacity(lab: Lab, reserve: bool) -> None:
    with pool_of_threads() as threads:
        done = lab.by_key.populate(executor=threads, capacity={"cpus": 10}, reserve_jobs=reserve)
    assert done["success_count"] == 8
    assert 8 <= lab.gauge.most <= 10


@pytest.mark.parametrize("reserve", [False, True])
def test_so_many_workers_as_fit(lab: Lab, reserve: bool) -> None:
    with pool_of_threads() as threads:
        done = lab.constant.populate(executor=threads, capacity={"memory": "7GB"}, reserve_jobs=reserve)
    assert done["success_count"] == 8
    assert lab.gauge.most <= 6


def test_what_does_not_fit_is_left_to_others(lab: Lab) -> None:
    done = lab.by_key.populate(capacity={"cpus": 5}, reserve_jobs=True)
    assert done["success_count"] == 5
    progress = lab.by_key.jobs.progress()
    assert (progress["pending"], progress["total"]) == (3, 3)
    assert lab.constant.populate(capacity={"memory": "1GB"}, reserve_jobs=True)["success_count"] == 0
    runner = dm.Runner(lab.by_key, lab.constant, capacity={"cpus": 7, "memory": "4GB"})
    assert {name: found["success_count"] for name, found in runner.run().items()} == {
        "lab.__by_key": 2,
        "lab.__constant": 8,
    }


def test_in_direct_mode_it_is_an_error(lab: Lab) -> None:
    with pytest.raises(dm.DataMillError, match="takes cpus 1, memory 3e\\+09"):
        lab.constant.populate(capacity={"memory": "1GB"})
    lab.source.insert1({"source": -1})
    done = lab.by_key.populate(capacity={"cpus": 6}, suppress_errors=True)
    assert done["success_count"] == 6
    assert [(key["source"], text.partition(":")[0]) for key, text in done["error_list"]] == [
        (-1, "LookupError"),
        (7, "DataMillError"),
        (8, "DataMillError"),
    ]


def test_senseless_hints_are_said_before_any_key(lab: Lab) -> None:
    lab.constant.resources = {"cores": 3}
    with pytest.raises(dm.errors.ConfigError, match="'cores' is no resource"):
        lab.constant.populate()
    with pytest.raises(dm.errors.ConfigError, match="makes no sense"):
        lab.by_key.populate(capacity={"memory": "much"})


@pytest.mark.parametrize("reserve", [False, True])
def test_processes_hold_what_they_take_and_get_gpus(tmp_path: Path, database_url: str, reserve: bool) -> None:
    run = run_script(
        tmp_path,
        database_url,
        f"""
        def note(key):
            gpu = os.environ.get("CUDA_VISIBLE_DEVICES")
            with open("use.txt", "a", buffering=1) as file:
                file.write(f"+ {{key['source']}} {{gpu}}\\n")
                time.sleep(0.05)
                file.write(f"- {{key['source']}} {{gpu}}\\n")
            die(key)

        BEFORE = note
        POISON = 7 if {reserve} is False else -1
        Result.resources = lambda self, key: {{"gpus": 1 if key["source"] % 2 else 2}}
        with dm.executors.make("processes", 4) as pool:
            done = Result.populate(
                "source < 12", executor=pool, capacity={{"gpus": 3}}, reserve_jobs={reserve}, suppress_errors=True
            )
        print(done["success_count"], [key for key, _ in done["error_list"]])
        """,
    )
    assert run.stdout.strip() == ("12 []" if reserve else "11 [{'source': 7}]")
    busy: set[str] = set()
    for line in (tmp_path / "use.txt").read_text().splitlines():
        sign, number, gpus = line.split()
        devices = set(gpus.split(","))
        assert len(devices) == (1 if int(number) % 2 else 2)
        assert devices <= {"0", "1", "2"}
        if sign == "+":
            assert not devices & busy
            busy |= devices
        else:
            busy -= devices
