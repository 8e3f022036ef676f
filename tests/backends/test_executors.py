"""Executors of others, each on real workers: Dask, Ray, Slurm through submitit, MPI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.backends.fake_slurm import FakeSlurm

import datamill as dm
from datamill.compute.resources import Resources

PIPELINE = """
import datamill as dm
import os, sys

dm.config["database.url"] = os.environ["LAB_URL"]
schema = dm.Schema("lab")

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
    pid : int32
    '''

    def make(self, key):
        self.insert1({**key, "pid": os.getpid()})

def check(executor):
    Source.insert([{"source": number} for number in range(40)])
    print(Result.populate("source < 20", executor=executor))
    print(Result.populate(executor=executor, reserve_jobs=True))
    pids = set(Result.to_arrays("pid").tolist())
    print(len(Result), os.getpid() in pids, Result.jobs.progress()["total"])
"""
EXPECTED = [
    "{'success_count': 20, 'error_list': []}",
    "{'success_count': 20, 'error_list': []}",
    "40 False 0",
]


def run(folder: Path, url: str, code: str, *command: str, path: Path | None = None) -> list[str]:
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "script.py").write_text("from pipeline import *\n" + textwrap.dedent(code))
    environment = {
        **os.environ,
        "LAB_URL": url,
        "DATAMILL_URL": url,  # workers on other machines have passwords from their own settings
        "PYTHONPATH": str(folder),
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "PATH": f"{path}{os.pathsep}{os.environ['PATH']}" if path is not None else os.environ["PATH"],
    }
    done = subprocess.run(
        [*(command or (sys.executable,)), "script.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.strip()][-3:]


def test_dask(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("distributed")
    code = """
    if __name__ == "__main__":
        with dm.executors.make("dask", 2) as executor:
            assert executor.workers == 2
            check(executor)
    """
    assert run(tmp_path, database_url, code) == EXPECTED


def test_dask_jobqueue_through_the_scripts_that_it_submits(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("dask_jobqueue")
    slurm = FakeSlurm(tmp_path / "slurm")
    code = """
    if __name__ == "__main__":
        from dask_jobqueue import SLURMCluster
        with SLURMCluster(cores=1, processes=1, memory="1GB", worker_extra_args=["--resources", "GPU=1"]) as cluster:
            with dm.executors.make("dask", 2, cluster=cluster) as executor:
                Result.resources = dict(gpus=1, cpus=2)
                check(executor)
                assert executor._asked == {"resources": {"GPU": 1}}, executor._asked
    """
    assert run(tmp_path, database_url, code, path=slurm.commands) == EXPECTED
    scripts = slurm.scripts()
    assert len(scripts) == 2
    assert all("dask_worker" in script and "#SBATCH --mem=" in script for script in scripts)


@pytest.mark.long
def test_ray(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("ray")
    code = """
    with dm.executors.make("ray", 2) as executor:
        Result.resources = dict(cpus=0.5, memory="10MB")
        check(executor)
    """
    assert run(tmp_path, database_url, code) == EXPECTED


@pytest.mark.long
def test_slurm_with_submitit_on_this_machine(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("submitit")
    code = """
    with dm.executors.make("slurm", 2, cluster="local", timeout_min=5) as executor:
        check(executor)
    """
    assert run(tmp_path, database_url, code) == EXPECTED


def test_slurm_through_the_scripts_that_are_submitted(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("submitit")
    slurm = FakeSlurm(tmp_path / "slurm")
    code = """
    Result.resources = dict(cpus=2, memory="1.5GB", gpus=1, time="90m", tags=["ssd", "avx"])
    with dm.executors.make("slurm", 2, cluster="slurm", slurm_partition="short") as executor:
        check(executor)
    """
    assert run(tmp_path, database_url, code, path=slurm.commands) == EXPECTED
    assert len(slurm.scripts()) >= 2
    for script in slurm.scripts():
        lines = script.splitlines()
        for line in (
            "#SBATCH --cpus-per-task=2",
            "#SBATCH --mem=2GB",
            "#SBATCH --gpus-per-node=1",
            "#SBATCH --time=90",
            "#SBATCH --constraint='avx&ssd'",
            "#SBATCH --partition=short",
        ):
            assert line in lines


def test_native_options() -> None:
    slurm = pytest.importorskip("datamill.compute.executors.slurm")
    ray = pytest.importorskip("datamill.compute.executors.ray")
    dask = pytest.importorskip("datamill.compute.executors.dask")
    wanted = Resources.parse({"cpus": 1.5, "memory": "4GB", "gpus": 0.5, "time": 90, "tags": ["ssd"]})
    assert slurm.native(wanted) == {
        "cpus_per_task": 2,
        "mem_gb": 4,
        "gpus_per_node": 1,
        "timeout_min": 2,
        "slurm_constraint": "ssd",
    }
    assert ray.native(wanted) == {
        "num_cpus": 1.5,
        "num_gpus": 0.5,
        "memory": 4 * 10**9,
        "resources": {"ssd": 0.001},
    }
    assert dask._named(wanted) == {"CPU": 1.5, "MEMORY": 4e9, "GPU": 0.5, "ssd": 1}
    assert slurm.native(Resources()) == {"cpus_per_task": 1}


def test_the_sbatch_script_asks_for_what_was_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submitit = pytest.importorskip("submitit")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("srun", "sbatch"):  # submitit looks whether they are there before it writes a script
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    assert submitit.SlurmExecutor.affinity() > 0
    executor: Any = dm.executors.make(
        "slurm",
        3,
        folder=tmp_path / "jobs",
        cluster="slurm",
        timeout_min=90,
        mem_gb=4,
        cpus_per_task=2,
        gpus_per_node=1,
        slurm_partition="short",
    )
    lines = executor.script().splitlines()
    for line in (
        "#SBATCH --job-name=datamill",
        "#SBATCH --time=90",
        "#SBATCH --mem=4GB",
        "#SBATCH --cpus-per-task=2",
        "#SBATCH --gpus-per-node=1",
        "#SBATCH --partition=short",
    ):
        assert line in lines
    assert any("submitit.core._submit" in line for line in lines)
    executor.shutdown()


MPIEXEC = next(
    (
        found
        for folder in (Path(sys.executable).parent, None)
        if (found := shutil.which("mpiexec", path=folder))
    ),
    None,
)
"""That of the environment, whose library mpi4py takes first, or else the machine's."""


@pytest.mark.skipif(MPIEXEC is None, reason="no mpiexec on this machine")
def test_mpi(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("mpi4py")
    assert MPIEXEC is not None
    code = """
    with dm.executors.make("mpi") as executor:
        assert executor.workers == 2
        check(executor)
    """
    command = [MPIEXEC, "-n", "3", "--oversubscribe", "--allow-run-as-root"]
    assert run(tmp_path, database_url, code, *command, sys.executable, "-m", "mpi4py.futures") == EXPECTED


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.delitem(sys.modules, "datamill.compute.executors.mpi", raising=False)
    from datamill.compute.executors import EXECUTORS

    monkeypatch.setattr(EXECUTORS, "_values", {})
    monkeypatch.setattr(EXECUTORS, "_builtin", {"mpi": "datamill.compute.executors.mpi:MPI"})
    with pytest.raises(dm.errors.MissingExtraError, match=r"datamill\[mpi\]"):
        dm.executors.make("mpi")
