"""populate on several workers: processes, threads, executors of others; workers that die; interrupts."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

import datamill as dm
from datamill.compute.executors import WorkerGoneError
from datamill.compute.executors.processes import Processes
from datamill.errors import DataMillWarning, WorkerLostError

PIPELINE = """
import datamill as dm
import multiprocessing, os, signal, subprocess, sys, time

assert __name__ != "__mp_main__"
open("mains.txt", "a").write(f"{os.getpid()}\\n")
lab = dm.Instance(url=os.environ["LAB_URL"], safemode=False)
schema = lab.Schema("lab")
POISON = 5

@schema
class Source(dm.Manual):
    definition = '''
    source : int32
    ---
    value : float64
    '''

@schema
class Result(dm.Computed):
    definition = '''
    -> Source
    ---
    result : float64
    pid : int32
    '''

    class Detail(dm.Part):
        definition = '''
        -> master
        number : int8
        '''

    def make(self, key):
        result = helper((Source & key).fetch1("value"))
        BEFORE(key)
        self.insert1({**key, "result": result, "pid": os.getpid()})
        self.Detail.insert({**key, "number": number} for number in range(2))

def helper(value):
    return 2 * value

def nothing(key):
    pass

def sleep(key):
    time.sleep(0.02)

def die(key):
    if key["source"] == POISON:
        os.kill(os.getpid(), signal.SIGKILL)

def broken(key):
    if key["source"] == POISON:
        raise ValueError("broken electrode")

def start_a_process(key):
    context = multiprocessing.get_context("fork")
    child = context.Process(target=os.getpid)
    child.start()
    child.join()
    assert child.exitcode == 0

BEFORE = nothing
Source.insert([{"source": i, "value": i} for i in range(40)], skip_duplicates=True)
"""


def run_script(folder: Path, url: str, code: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a script whose main module declares the pipeline."""
    script = folder / "script.py"
    script.write_text(PIPELINE + textwrap.dedent(code))
    environment = {**os.environ, "LAB_URL": url}
    run = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", script.name],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not check or run.returncode == 0, run.stderr
    return run


@pytest.mark.parametrize("reserve", [False, True])
def test_a_script_populates_in_processes_without_running_again(
    tmp_path: Path, database_url: str, reserve: bool
) -> None:
    run = run_script(
        tmp_path,
        database_url,
        f"""
        BEFORE = sleep
        outcome = Result.populate("source < 30", processes=2, reserve_jobs={reserve})
        print(outcome, outcome.calls, outcome.skipped, outcome.lost)
        pids = set(Result.to_arrays("pid").tolist())
        print(len(pids), os.getpid() in pids, len(Result.Detail), Result.jobs.progress()["total"])
        """,
    )
    assert run.stdout.splitlines()[0] == "{'success_count': 30, 'error_list': []} 30 0 0"
    pids, in_parent, details, jobs = run.stdout.splitlines()[1].split()
    assert (int(pids) >= 1, in_parent, details, jobs) == (True, "False", "60", "0")
    assert len((tmp_path / "mains.txt").read_text().splitlines()) == 1


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_any_start_method(tmp_path: Path, database_url: str, method: str) -> None:
    run = run_script(
        tmp_path,
        database_url,
        f"""
        lab.config["jobs.start_method"] = "{method}"
        print(Result.populate(processes=2), os.getpid() in Result.to_arrays("pid"))
        """,
    )
    assert run.stdout.strip() == "{'success_count': 40, 'error_list': []} False"


def test_workers_may_start_processes(tmp_path: Path, database_url: str) -> None:
    run = run_script(tmp_path, database_url, "BEFORE = start_a_process\nprint(Result.populate(processes=2))")
    assert "'success_count': 40" in run.stdout


def test_a_killed_worker_costs_its_key_only(tmp_path: Path, database_url: str) -> None:
    run = run_script(
        tmp_path,
        database_url,
        """
        BEFORE = die
        outcome = Result.populate(processes=2, suppress_errors=True)
        print(outcome["success_count"], len(Result), outcome["error_list"])
        """,
    )
    assert run.stdout.startswith(
        "39 39 [({'source': 5}, \"WorkerLostError: The worker computing {'source': 5}"
    )
    assert "SIGKILL" in run.stdout


def test_a_key_that_kills_its_workers_is_put_aside(tmp_path: Path, database_url: str) -> None:
    run = run_script(
        tmp_path,
        database_url,
        """
        BEFORE = die
        outcome = Result.populate(processes=2, suppress_errors=True, reserve_jobs=True)
        print(outcome["success_count"], len(Result), [key for key, _ in outcome["error_list"]])
        print(Result.jobs.quarantined.fetch1("source"), Result.jobs.progress()["total"])
        """,
    )
    assert run.stdout.splitlines() == ["39 39 [{'source': 5}]", "5 1"]


@pytest.mark.parametrize("reserve", [False, True])
def test_the_first_error_ends_the_run(tmp_path: Path, database_url: str, reserve: bool) -> None:
    run = run_script(
        tmp_path,
        database_url,
        f"""
        BEFORE = broken
        try:
            Result.populate(processes=2, reserve_jobs={reserve})
        except ValueError as error:
            print(error, any("in broken" in note for note in error.__notes__), Result.jobs.progress()["reserved"])
        """,
    )
    assert run.stdout.strip() == "broken electrode True 0"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("reserve", [False, True])
@pytest.mark.parametrize(
    "method",
    [
        "spawn",
        pytest.param("forkserver", marks=pytest.mark.long),
        pytest.param("fork", marks=pytest.mark.long),
    ],
)
def test_interrupts_leave_nothing_behind(
    tmp_path: Path, database_url: str, number: signal.Signals, reserve: bool, method: str
) -> None:
    script = tmp_path / "script.py"
    code = f"""
    BEFORE = sleep
    lab.config["jobs.start_method"] = {method!r}
    Source.insert([{{"source": i, "value": i}} for i in range(40, 4000)])
    try:
        Result.populate(processes=2, reserve_jobs={reserve})
    except BaseException as error:
        print(type(error).__name__, len(Result), len(Result.Detail) - 2 * len(Result), Result.jobs.progress())
        print([line for line in open("/proc/self/task/%d/children" % os.getpid()).read().split()])
    """
    script.write_text(PIPELINE + textwrap.dedent(code))
    environment = {**os.environ, "LAB_URL": database_url}
    with subprocess.Popen(
        [sys.executable, script.name], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        lab = dm.Instance(url=database_url, safemode=False)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if lab.connection.catalog.has(dm_name()) and len(lab.FreeTable("lab.__result")) > 20:
                break
            time.sleep(0.1)
        lab.connection.close()
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    name, stored, rest = output.splitlines()[0].split(" ", 2)
    assert name == {signal.SIGINT: "KeyboardInterrupt", signal.SIGTERM: "SystemExit"}[number]
    assert 20 < int(stored) < 4000
    progress = rest.split(" ", 1)
    assert progress[0] == "0"
    assert "'reserved': 0" in progress[1]
    assert "'error': 0" in progress[1]


def dm_name() -> Any:
    from datamill.model.names import TableName

    return TableName("lab", "__result")


def test_a_module_travels_by_name(tmp_path: Path, database_url: str) -> None:
    module = PIPELINE.replace('open("mains.txt", "a")', 'open("modules.txt", "a")')
    (tmp_path / "pipeline.py").write_text(module.replace("schema = lab.Schema", "schema = dm.Schema"))
    text = (
        (tmp_path / "pipeline.py")
        .read_text()
        .replace('lab = dm.Instance(url=os.environ["LAB_URL"], safemode=False)', "")
    )
    (tmp_path / "pipeline.py").write_text(text)
    code = f"""
import datamill as dm
dm.config["database.url"] = {database_url!r}
from pipeline import Result
print(Result.populate(processes=2))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert "'success_count': 40" in run.stdout
    assert len(set((tmp_path / "modules.txt").read_text().split())) >= 2


# in this process -------------------------------------------------------------------------------------------------


def declare(url: str) -> Any:
    lab = dm.Instance(url=url, safemode=False)
    schema = lab.Schema("lab")

    @schema
    class Source(dm.Manual):
        definition = """
        source : int32
        """

    @schema
    class Result(dm.Computed):
        definition = """
        -> Source
        ---
        double : float64
        """

        def make(self, key: dict[str, Any], factor: int = 2) -> None:
            self.insert1({**key, "double": factor * (Source & key).fetch1("source")})

    Source.insert({"source": number} for number in range(50))
    return Result


@pytest.mark.parametrize("reserve", [False, True])
def test_threads(database_url: str, reserve: bool) -> None:
    result = declare(database_url)
    outcome = result.populate(
        executor="threads", processes=3, reserve_jobs=reserve, make_kwargs={"factor": 3}
    )
    assert dict(outcome) == {"success_count": 50, "error_list": []}
    assert sum(result.to_arrays("double")) == 3 * sum(range(50))


@pytest.mark.parametrize("reserve", [False, True])
def test_executors_of_the_standard_library(database_url: str, reserve: bool) -> None:
    result = declare(database_url)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert result.populate(executor=pool, reserve_jobs=reserve, max_calls=20)["success_count"] == 20
        assert result.populate("source >= 40", executor=pool, reserve_jobs=reserve)["success_count"] == 10
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as processes:
        assert result.populate(executor=processes, reserve_jobs=reserve)["success_count"] == 20


def test_local_classes_travel_by_value(database_url: str) -> None:
    result = declare(database_url)
    assert result.populate(processes=2, make_kwargs={"factor": 5})["success_count"] == 50
    assert (result & "source = 7").fetch1("double") == 35


def test_virtual_modules_travel_along(database_url: str) -> None:
    connection = declare(database_url).connection
    virtual = dm.VirtualModule("virtual", "lab", connection=connection, add_objects={"number": 3})

    @dm.Schema("lab", connection=connection)
    class Copied(dm.Computed):
        definition = "-> virtual.Source\n---\ncopies : int32"

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "copies": virtual.number * len(virtual.Source & key)})

    assert Copied.populate(processes=2, max_calls=9)["success_count"] == 9
    assert set(Copied.to_arrays("copies")) == {3}


def test_limits_and_restrictions_hold_for_all_workers_together(database_url: str) -> None:
    result = declare(database_url)
    assert result.populate(processes=2, max_calls=7).calls == 7
    assert result.populate(processes=2, reserve_jobs=True, max_calls=7).calls == 7
    assert result.populate("source = 49", processes=2)["success_count"] == 1
    assert result.populate(dm.Not("source < 48"), processes=2, reserve_jobs=True)["success_count"] == 1
    assert result.populate(keys=[{"source": 47}], processes=2)["success_count"] == 1


def declare_slow(url: str) -> Any:
    """A table with many keys, each of which takes a moment; the make of key 3 raises what it is given."""
    schema = dm.Instance(url=url, safemode=False).Schema("lab")

    @schema
    class Source(dm.Manual):
        definition = "source : int32"

    @schema
    class Unknown(dm.Manual):
        definition = "unknown : int32"

    @schema
    class Result(dm.Computed):
        definition = "-> Source"

        def make(self, key: dict[str, Any], error: Any = None, reads: bool = False) -> None:
            time.sleep(0.01)
            if key["source"] == 3 and error is not None:
                raise error
            if reads:
                len(Unknown())
            if error is not None or key["source"] % 2:
                self.insert1(key)

    Source.insert({"source": number} for number in range(400))
    return Result


@pytest.mark.parametrize("error", [ValueError("broken electrode"), KeyboardInterrupt("enough")])
@pytest.mark.parametrize("reserve", [False, True])
def test_threads_end_with_the_first_error(database_url: str, reserve: bool, error: BaseException) -> None:
    result = declare_slow(database_url)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with pytest.raises(type(error), match=str(error)):
            result.populate(executor=pool, reserve_jobs=reserve, make_kwargs={"error": error})
        stored = len(result())
        assert 3 <= stored < 200
    assert (len(result()), result.jobs.progress()["reserved"]) == (stored, 0)


@pytest.mark.parametrize("reserve", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt("enough"), SystemExit(3)])
def test_what_means_the_end_is_never_suppressed(
    database_url: str, reserve: bool, error: BaseException
) -> None:
    result = declare_slow(database_url)
    with pytest.raises(type(error)) as raised:
        result.populate(processes=2, reserve_jobs=reserve, suppress_errors=True, make_kwargs={"error": error})
    assert raised.value.args == error.args
    assert len(result()) < 400
    assert result.jobs.progress()["reserved"] == 0


@pytest.mark.parametrize("reserve", [False, True])
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_the_user_is_warned_once_in_a_run(database_url: str, executor: str, reserve: bool) -> None:
    result = declare_slow(database_url)
    with pytest.warns(DataMillWarning) as caught:
        result.populate(
            "source < 40",
            executor=executor,
            processes=2,
            reserve_jobs=reserve,
            make_kwargs={"reads": True},
        )
    assert sorted(item.category.__name__ for item in caught) == ["ContractWarning", "EmptyMakeWarning"]
    assert {item.filename for item in caught} == {__file__}


def test_overrides_of_settings_hold_in_threads(database_url: str) -> None:
    result = declare_slow(database_url)
    config = result.connection.config
    with config.override(jobs__contract="strict"):
        outcome = result.populate(
            executor="threads", limit=9, suppress_errors=True, make_kwargs={"reads": True}
        )
    assert {text.partition(":")[0] for _, text in outcome["error_list"]} == {"ContractError"}
    with config.override(jobs__keep_completed=True):
        result.populate("source = 5", executor="threads", reserve_jobs=True)
    assert result.jobs.progress()["success"] == 1


def test_databases_in_memory_belong_to_one_process() -> None:
    result = declare("sqlite://")
    with pytest.raises(dm.DataMillError, match=r"in memory.*Use a file"):
        result.populate(executor="processes")


def test_what_is_no_executor_is_refused(database_url: str) -> None:
    result = declare(database_url)
    with pytest.raises(dm.DataMillError, match="is no executor"):
        result.populate(executor=3)
    with pytest.raises(dm.DataMillError, match=r"Unknown executor 'thread'\. Did you mean 'threads'"):
        result.populate(executor="thread")
    with pytest.raises(dm.DataMillError, match="makes no sense"):
        result.populate(processes=0)


# the pool --------------------------------------------------------------------------------------------------------


def test_a_pool_answers_and_outlives_its_workers() -> None:
    with Processes(2) as pool:
        assert pool.submit(pow, 2, 5).result(60) == 32
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result(60)
        with pytest.raises(WorkerGoneError, match="SIGKILL"):
            pool.submit(signal.raise_signal, signal.SIGKILL).result(60)
        with pytest.raises(WorkerGoneError, match="exit code 3"):
            pool.submit(os._exit, 3).result(60)
        assert pool.submit(pow, 2, 6).result(60) == 64
        assert len(pool.pids) <= 2
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(pow, 2, 5)


def test_waiting_tasks_can_be_cancelled() -> None:
    pool = Processes(1)
    first = pool.submit(time.sleep, 0.5)
    while not first.running():
        time.sleep(0.01)
    others = [pool.submit(time.sleep, 30) for _ in range(3)]
    pool.shutdown(cancel_futures=True)
    assert first.result(60) is None
    assert all(future.cancelled() for future in others)


def test_the_key_of_a_lost_worker_is_told() -> None:
    error = WorkerLostError("gone", key={"source": 1})
    assert error.key == {"source": 1}
