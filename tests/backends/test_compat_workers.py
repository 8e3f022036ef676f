"""DataJoint pipelines, unchanged, on several workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PIPELINE = """
import datajoint as dj

schema = dj.Schema("lab")

@schema
class Mouse(dj.Manual):
    definition = "mouse : int32"

@schema
class Weight(dj.Computed):
    definition = '''
    -> Mouse
    ---
    found : int32
    '''

    @property
    def key_source(self):
        return Mouse & dj.Not("mouse = 3")

    def make(self, key):
        import datajoint
        from datajoint.utils import from_camel_case
        assert from_camel_case("MouseWeight") == "mouse_weight"
        self.insert1(dict(key, found=len(Mouse & dj.AndList([key, datajoint.Not("mouse = 9")]))))
"""
MAIN = """
import datamill
from datamill.compat import install_datajoint_alias

if __name__ == "__main__":
    install_datajoint_alias()
    {where}
    Mouse.insert({{"mouse": number}} for number in range(6))
    print({run})
    print(Weight.fetch("found").tolist(), Weight.jobs.progress()["error"])
"""
IMPORTED, OF_MAIN = (
    "from pipeline import *",
    "exec(compile(open('pipeline.py').read(), 'pipeline.py', 'exec'))",
)


def run(folder: Path, url: str, where: str, code: str) -> list[str]:
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "script.py").write_text(MAIN.format(where=where, run=code))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DATAMILL_", "DJ_"))
    }
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env={**environment, "DATAMILL_URL": url, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-2:]


@pytest.mark.parametrize("where", [IMPORTED, OF_MAIN], ids=["module", "script"])
def test_processes(tmp_path: Path, database_url: str, where: str) -> None:
    code = 'Weight.populate("mouse < 2", processes=2), Weight.populate(processes=2, reserve_jobs=True)'
    counts = "{'success_count': 2, 'error_list': []} {'success_count': 3, 'error_list': []}"
    assert run(tmp_path, database_url, where, code) == [counts, "[1, 1, 1, 1, 1] 0"]


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_other_start_methods(tmp_path: Path, method: str) -> None:
    where = f"from datamill import config; config['jobs.start_method'] = {method!r}; {IMPORTED}"
    found = run(tmp_path, "sqlite:///lab.db", where, "datamill.Runner(schema, processes=2).run()")
    assert found[1] == "[1, 1, 1, 1, 1] 0"


@pytest.mark.parametrize("executor", ["threads", "dask"])
def test_other_executors(tmp_path: Path, executor: str) -> None:
    if executor == "dask":
        pytest.importorskip("distributed")
    code = f"Weight.populate(executor={executor!r}, processes=2)"
    assert run(tmp_path, "sqlite:///lab.db", IMPORTED, code)[1] == "[1, 1, 1, 1, 1] 0"
