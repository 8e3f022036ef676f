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

import datamill as dm

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


def run(folder: Path, url: str, code: str, *command: str) -> list[str]:
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "script.py").write_text("from pipeline import *\n" + textwrap.dedent(code))
    environment = {
        **os.environ,
        "LAB_URL": url,
        "DATAMILL_URL": url,  # workers on other machines have passwords from their own settings
        "PYTHONPATH": str(folder),
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
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


@pytest.mark.long
def test_ray(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("ray")
    code = """
    with dm.executors.make("ray", 2) as executor:
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


@pytest.mark.skipif(shutil.which("mpiexec") is None, reason="no mpiexec on this machine")
def test_mpi(tmp_path: Path, database_url: str) -> None:
    pytest.importorskip("mpi4py")
    code = """
    with dm.executors.make("mpi") as executor:
        assert executor.workers == 2
        check(executor)
    """
    command = ["mpiexec", "-n", "3", "--oversubscribe", "--allow-run-as-root"]
    assert run(tmp_path, database_url, code, *command, sys.executable, "-m", "mpi4py.futures") == EXPECTED


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.delitem(sys.modules, "datamill.compute.executors.mpi", raising=False)
    from datamill.compute.executors import EXECUTORS

    monkeypatch.setattr(EXECUTORS, "_values", {})
    monkeypatch.setattr(EXECUTORS, "_builtin", {"mpi": "datamill.compute.executors.mpi:MPI"})
    with pytest.raises(dm.errors.MissingExtraError, match=r"datamill\[mpi\]"):
        dm.executors.make("mpi")
