"""populate in a real Jupyter kernel: processes for classes of cells, every start method, interrupts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import datamill as dm

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

PIPELINE = """
import datamill as dm
import os, time

lab = dm.Instance(url=os.environ["LAB_URL"], safemode=False)
schema = lab.Schema("lab")

@schema
class Source(dm.Manual):
    definition = '''
    source : int32
    '''

def helper(number):
    return 2 * number

@schema
class Result(dm.Computed):
    definition = '''
    -> Source
    ---
    double : int32
    pid : int32
    '''

    def make(self, key):
        time.sleep(0.01)
        self.insert1({**key, "double": helper(key["source"]), "pid": os.getpid()})

Source.insert([{"source": number} for number in range(COUNT)])
"""


class Kernel:
    """A kernel that runs cells."""

    def __init__(self, folder: Path, url: str) -> None:
        environment = {
            **os.environ,
            "LAB_URL": url,
            "JUPYTER_PLATFORM_DIRS": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        self.manager: Any = jupyter_client.KernelManager()
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.client: Any = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def start(self, code: str) -> str:
        """Start a cell; return the number of its request."""
        return str(self.client.execute(code))

    def finish(self, request: str) -> tuple[str, str]:
        """Wait for a cell; return what it printed and the name of its error."""
        printed, error = "", ""
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                printed += content["text"] if content["name"] == "stdout" else ""
            elif kind == "error":
                error = "\n".join([content["ename"], *content["traceback"]])
            elif kind == "status" and content["execution_state"] == "idle":
                return printed, error

    def run(self, code: str) -> str:
        printed, error = self.finish(self.start(code))
        assert not error, error
        return printed

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(tmp_path: Path, database_url: str) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path, database_url)
    yield kernel
    kernel.close()


def test_cells_populate_in_processes(kernel: Kernel) -> None:
    kernel.run(PIPELINE.replace("COUNT", "60"))
    for number, method in enumerate(("spawn", "forkserver", "fork")):
        kernel.run(f"lab.config['jobs.start_method'] = {method!r}")
        for reserve in (False, True):
            low = 20 * number + 10 * reserve
            keys = f"'source >= {low}', 'source < {low + 10}'"
            code = f"print(Result.populate({keys}, processes=2, reserve_jobs={reserve}))"
            assert kernel.run(code) == "{'success_count': 10, 'error_list': []}\n"
    shown = kernel.run(
        "print(sum(Result.to_arrays('double')), os.getpid() in set(Result.to_arrays('pid').tolist()))"
    )
    assert shown == f"{2 * sum(range(60))} False\n"
    assert kernel.run("print(Result.jobs.progress()['total'])") == "0\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_the_stop_button_leaves_a_clean_queue(kernel: Kernel, database_url: str, method: str) -> None:
    kernel.run(PIPELINE.replace("COUNT", "3000"))
    kernel.run(f"lab.config['jobs.start_method'] = {method!r}")
    request = kernel.start("Result.populate(processes=2, reserve_jobs=True)")
    there = dm.Instance(url=database_url, safemode=False)
    ends = time.monotonic() + 60
    while not len(there.FreeTable("lab.__result")) and time.monotonic() < ends:
        time.sleep(0.1)
    kernel.manager.interrupt_kernel()
    _, error = kernel.finish(request)
    assert error.startswith("KeyboardInterrupt"), error
    stored = len(there.FreeTable("lab.__result"))
    there.connection.close()
    assert stored > 0
    assert (
        kernel.run("p = Result.jobs.progress(); print(p['reserved'], p['error'], p['pending'] + len(Result))")
        == "0 0 3000\n"
    )
    assert kernel.run("print(Result.populate('source < 5', reserve_jobs=True)['error_list'])") == "[]\n"
