"""The process's default connection and configuration, and what replaces them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import datamill as dm


def run(code: str, folder: Path, **variables: str) -> str:
    (folder / ".git").mkdir(exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DATAMILL_", "DJ_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**clean, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_configuration_the_database_is_a_file_here(tmp_path: Path) -> None:
    run("import datamill as dm; dm.Schema('lab')", tmp_path)
    assert (tmp_path / "datamill.db").exists()


def test_importing_makes_no_file(tmp_path: Path) -> None:
    run("import datamill as dm; dm.Schema; dm.Manual; dm.config", tmp_path)
    assert not (tmp_path / "datamill.db").exists()


CONN = """
import datamill as dm
first = dm.conn()
assert dm.conn() is first and dm.conn(url="sqlite:///datamill.db") is first
try:
    dm.conn(url="sqlite:///other.db")
except dm.DataMillError as error:
    print(error.hint)
second = dm.conn(url="sqlite:///other.db", reset=True)
print(second is dm.conn(), first.is_connected, second.is_connected)
"""


def test_one_default_connection(tmp_path: Path) -> None:
    printed = run(CONN, tmp_path)
    assert "reset=True" in printed
    assert "True False True" in printed


THREAD_SAFE = """
import datamill as dm
for use in (lambda: dm.config, dm.conn, lambda: dm.Schema("lab"), lambda: dm.FreeTable("lab.mouse"), dm.list_schemas):
    try:
        use()
    except dm.ThreadSafetyError:
        print("refused")
lab = dm.Instance(url="sqlite://")
lab.Schema("lab")
print(lab.config.safemode, dm.list_schemas(lab.connection))
"""


@pytest.mark.parametrize("variable", ["DATAMILL_THREAD_SAFE", "DJ_THREAD_SAFE"])
def test_thread_safe_mode_forbids_global_state(tmp_path: Path, variable: str) -> None:
    printed = run(THREAD_SAFE, tmp_path, **{variable: "yes"})
    assert printed.split("\n")[:6] == ["refused"] * 5 + ["True ['lab']"]


def test_instances_refuse_unknown_settings() -> None:
    with pytest.raises(TypeError, match="safe_mode"):
        dm.Instance(url="sqlite://", safe_mode=False)
