"""dm.Runner and its commands: whole pipelines, in order, once or for ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import datamill as dm


class Lab:
    """Sources, two levels of results, and a table beside them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.instance = dm.Instance(url=url, safemode=False)
        self.schema = self.instance.Schema("lab")
        broken = self.broken = {3}

        @self.schema
        class Source(dm.Manual):
            definition = """
            source : int32
            """

        @self.schema
        class Beside(dm.Computed):
            definition = """
            -> Source
            """

            def make(self, key: dict[str, Any]) -> None:
                self.insert1(key)

        @self.schema
        class First(dm.Computed):
            definition = """
            -> Source
            """

            def make(self, key: dict[str, Any]) -> None:
                if key["source"] in broken:
                    raise ValueError("broken electrode")
                self.insert1(key)

        @self.schema
        class Second(dm.Computed):
            definition = """
            -> First
            """

            def make(self, key: dict[str, Any]) -> None:
                self.insert1(key)

        self.source, self.beside, self.first, self.second = Source, Beside, First, Second
        Source.insert({"source": number} for number in range(5))


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    lab = Lab(database_url)
    yield lab
    lab.instance.connection.close()


def test_a_pipeline_is_populated_in_order(lab: Lab) -> None:
    runner = dm.Runner(lab.schema)
    assert runner.tables == ["lab.__beside", "lab.__first", "lab.__second"]
    results = runner.run()
    assert {name: result["success_count"] for name, result in results.items()} == {
        "lab.__beside": 5,
        "lab.__first": 4,
        "lab.__second": 4,
    }
    assert results["lab.__first"]["error_list"] == [({"source": 3}, "ValueError: broken electrode")]
    assert runner.progress()["lab.__first"]["remaining"] == 1
    assert runner.progress()["lab.__first"]["error"] == 1
    (error,) = runner.errors(stack=True)
    assert (error["table"], error["key"]) == ("lab.__first", {"source": 3})
    assert "raise ValueError" in error["error_stack"]


def test_retried_keys_go_all_the_way_down(lab: Lab) -> None:
    runner = dm.Runner(lab.second, lab.first)
    runner.run()
    lab.broken.clear()
    assert runner.retry() == 1
    results = runner.run()
    assert results["lab.__second"]["success_count"] == 1
    assert runner.progress() == {
        name: {"remaining": 0, "total": 5, "pending": 0, "reserved": 0, "success": 0, "error": 0, "ignore": 0}
        for name in runner.tables
    }


def test_what_a_key_source_or_reads_names_comes_first(lab: Lab) -> None:
    source, first = lab.source, lab.first

    @lab.schema
    class Average(dm.Computed):  # by its name it would come first
        definition = "-> Source"
        key_source = source & first
        reads = (first,)

        def make(self, key: dict[str, Any]) -> None:
            self.insert1(key)

    @lab.schema
    class Absent(dm.Computed):
        definition = "-> Average"
        key_source = Average.proj() - lab.second

        def make(self, key: dict[str, Any]) -> None:
            self.insert1(key)

    runner = dm.Runner(lab.schema)
    order = [name.rpartition("_")[2] for name in runner.tables]
    assert order == ["first", "average", "second", "absent", "beside"]
    assert runner.run()["lab.__average"]["success_count"] == 4


def test_targets_are_schemas_modules_and_classes(lab: Lab) -> None:
    module = ModuleType("pipeline")
    module.First, module.Other, module.dm = lab.first, int, dm  # type: ignore[attr-defined]
    assert dm.Runner(module).tables == ["lab.__first"]
    assert dm.Runner(lab.second(), lab.first).tables == ["lab.__first", "lab.__second"]
    with pytest.raises(dm.DataMillError, match="no schema, module"):
        dm.Runner(3)
    with pytest.raises(dm.DataMillError, match="nothing to populate"):
        dm.Runner()


def test_one_restriction_needs_no_list(lab: Lab) -> None:
    for number, condition in enumerate([{"source": 0}, "source = 1", lab.source & {"source": 2}]):
        dm.Runner(lab.first, restrictions=condition).run()
        assert len(lab.first & f"source <= {number}") == len(lab.first()) == number + 1


def test_restrictions_and_options_reach_every_table(lab: Lab) -> None:
    results = dm.Runner(lab.schema, restrictions=["source < 2"], reserve_jobs=False).run()
    assert [result["success_count"] for result in results.values()] == [2, 2, 2]
    assert not lab.first.jobs.is_declared
    with pytest.raises(ValueError, match="broken electrode"):
        dm.Runner(lab.schema, suppress_errors=False).run()


def test_events_tell_what_happens(lab: Lab) -> None:
    events: list[dict[str, Any]] = []
    dm.Runner(lab.first, on_event=events.append).run()
    assert [event["event"] for event in events] == ["start", "done"]
    assert (events[1]["success"], events[1]["errors"]) == (4, 1)


def test_run_waits_for_what_others_hold(lab: Lab) -> None:
    lab.instance.config["jobs.lease"] = 1
    lab.beside.jobs.refresh()
    assert len(lab.beside.jobs.claim(2)) == 2
    results = dm.Runner(lab.beside).run()
    assert results["lab.__beside"]["success_count"] == 5


def test_run_waits_for_delayed_jobs_if_asked(lab: Lab) -> None:
    lab.beside.jobs.refresh(delay=1)
    assert dm.Runner(lab.beside).run()["lab.__beside"]["success_count"] == 0
    assert dm.Runner(lab.beside).run(wait_delayed=True)["lab.__beside"]["success_count"] == 5


def test_work_reacts_to_what_is_inserted(lab: Lab) -> None:
    lab.broken.clear()
    stop = threading.Event()
    runner = dm.Runner(lab.schema)
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(runner.work(poll_interval=0.5, stop=stop)))
    thread.start()
    other = dm.Instance(url=lab.url, safemode=False)
    sources, results_there = other.FreeTable("lab.source"), lab.second
    wait_until(lambda: len(results_there) == 5)
    sources.insert1({"source": 77})
    wait_until(lambda: len(results_there) == 6)
    stop.set()
    thread.join(60)
    other.connection.close()
    assert not thread.is_alive()
    assert results[0]["lab.__second"]["success_count"] == 6


def test_work_hears_of_inserts_long_before_it_would_look(lab: Lab) -> None:
    if not hears_of_others(lab.instance):
        pytest.skip("this database tells nothing")
    lab.broken.clear()
    stop, events = threading.Event(), set[str]()
    runner = dm.Runner(dm.Diagram(lab.schema), on_event=lambda event: events.add(event["event"]))
    thread = threading.Thread(target=runner.work, kwargs={"poll_interval": 3600, "stop": stop})
    thread.start()
    wait_until(lambda: "wait" in events)
    other = dm.Instance(url=lab.url, safemode=False)
    other.FreeTable("lab.source").insert1({"source": 77})
    wait_until(lambda: len(lab.second) == 6)
    stop.set()
    thread.join(60)
    other.connection.close()
    assert not thread.is_alive()


def hears_of_others(instance: dm.Instance) -> bool:
    session = instance.connection.session
    listener = session.listener()
    if listener is not None:
        listener.close()
    return listener is not None or session.change_counter() is not None


def test_work_waits_for_delayed_jobs_no_longer_than_needed(lab: Lab) -> None:
    lab.beside.jobs.refresh(delay=1.5)
    runner, stop = dm.Runner(lab.beside), threading.Event()
    thread = threading.Thread(target=runner.work, kwargs={"poll_interval": 3600, "stop": stop})
    thread.start()
    wait_until(lambda: len(lab.beside) == 5)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_diagrams_are_targets(lab: Lab) -> None:
    assert dm.Runner(dm.Diagram(lab.source) + 1).tables == ["lab.__beside", "lab.__first"]
    with pytest.raises(dm.DataMillError, match="some rows"):
        dm.Runner(dm.Diagram(lab.schema).restrict(lab.source & "source = 1"))
    other = dm.Instance(url=lab.url, safemode=False)
    with pytest.raises(dm.DataMillError, match=r"lab\.__beside.* no class"):
        dm.Runner(dm.Diagram(other.Schema("lab")))
    other.connection.close()


def wait_until(holds: Any) -> None:
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_work_ends_when_idle(lab: Lab) -> None:
    assert (
        dm.Runner(lab.beside).work(poll_interval=0.2, idle_timeout=0.5)["lab.__beside"]["success_count"] == 5
    )


# commands --------------------------------------------------------------------------------------------------------

PACKAGE = {
    "my_lab/__init__.py": "import os\nimport datamill as dm\n\ndm.config['database.url'] = os.environ['LAB_URL']\n",
    "my_lab/sources.py": """
import datamill as dm

schema = dm.Schema("lab")

@schema
class Source(dm.Manual):
    definition = "source : int32"

if not len(Source):
    Source.insert({"source": number} for number in range(4))
""",
    "my_lab/results.py": """
import datamill as dm
import os
from my_lab.sources import Source, schema

@schema
class Result(dm.Computed):
    definition = "-> Source"

    def make(self, key):
        if key["source"] == 2 and "BROKEN" in os.environ:
            raise ValueError("broken electrode\\nin the left rig")
        self.insert1(key)
""",
}


def write_package(folder: Path) -> None:
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def datamill(folder: Path, url: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    write_package(folder)
    return subprocess.run(
        [sys.executable, "-m", "datamill", *arguments],
        cwd=folder,
        env={**os.environ, "LAB_URL": url, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_commands(tmp_path: Path, database_url: str) -> None:
    def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return datamill(tmp_path, database_url, *arguments, **variables)

    assert command("progress", "my_lab").returncode == 1
    run = command("run", "my_lab", BROKEN="1")
    assert run.returncode == 1
    assert "lab.__result: 3 computed, 1 failed" in run.stdout
    assert "lab.__result (source=2): ValueError: broken electrode...\n" in run.stderr
    shown = command("errors", "my_lab.results:Result", "--stack")
    assert shown.returncode == 1
    assert "raise ValueError" in shown.stdout
    assert "in the left rig" in shown.stdout
    found = json.loads(command("status", "my_lab", "--json").stdout)
    assert found["lab.__result"]["error"] == 1
    assert "1 jobs are pending again" in command("retry", "my_lab", "--where", "source = 2").stdout
    again = command("run", "my_lab", "--json", "--processes", "2")
    assert again.returncode == 0
    events = [json.loads(line) for line in again.stdout.splitlines()]
    assert [event["success"] for event in events if event["event"] == "done"] == [1]
    assert [event["failures"] for event in events if event["event"] == "done"] == [[]]
    assert command("progress", "my_lab").stdout == "lab.__result: 4 of 4 (100.0 %)\n"
    assert command("errors", "my_lab").returncode == 0
    assert "remaining" in command("status", "my_lab").stdout
    assert "lab.__result" in command("status", "my_lab/results.py:Result", COLUMNS="40").stdout
    assert command("work", "my_lab", "--idle", "0.2").returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_work_with_codes_of_their_own(
    tmp_path: Path, database_url: str, number: signal.Signals, code: int
) -> None:
    write_package(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "datamill", "work", "my_lab"],
        cwd=tmp_path,
        env={**os.environ, "LAB_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert "lab.__result: 4 computed" in lines[0]
    assert lines[1].endswith("waiting for something to do\n")
    assert process.returncode == code
    assert "finished keys are stored, claims are given back" in said


def test_a_capacity_is_handed_on(tmp_path: Path, database_url: str) -> None:
    run = datamill(tmp_path, database_url, "run", "my_lab", "--capacity", "cpus=2,memory=4GB,tags=ssd+avx")
    assert run.returncode == 0, run.stderr
    again = datamill(tmp_path, database_url, "run", "my_lab", "--capacity", "cores=2")
    assert again.returncode == 1
    assert "'cores' is no resource" in again.stderr
    assert datamill(tmp_path, database_url, "run", "my_lab").stdout == "Nothing was left to do.\n"


def test_targets_that_are_not_there(tmp_path: Path, database_url: str) -> None:
    missing = datamill(tmp_path, database_url, "run", "no_such_module")
    assert (missing.returncode, "no_such_module" in missing.stderr) == (2, True)
    missing = datamill(tmp_path, database_url, "run", "no_such_file.py")
    assert (missing.returncode, "There is no file" in missing.stderr) == (2, True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "json.py").write_text("")
    taken = datamill(tmp_path, database_url, "run", "other/json.py")
    assert (taken.returncode, "the name of another module" in taken.stderr) == (2, True)
    nothing = datamill(tmp_path, database_url, "run", "my_lab.sources:Source")
    assert (nothing.returncode, "no schema, module" in nothing.stderr) == (1, True)


def test_the_live_table(lab: Lab) -> None:
    from rich.console import Console

    from datamill.cli.live import LiveTable

    live = LiveTable()
    runner = dm.Runner(lab.schema, on_event=live.on_event)
    console = Console(width=100, record=True)
    with live.watching(runner):
        runner.run()
    console.print(live.render())
    text = console.export_text()
    assert "lab.__first" in text
    assert "failed" in text
