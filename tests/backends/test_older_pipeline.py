"""A pipeline of modules, written for DataJoint 0.14, runs unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).with_name("older")
"""Its modules, as text: they are not ours to format and to type."""
EXPECTED = """\
duplicate Subject
duplicate Session
duplicate Insertion
no parent
(4, 4) 2
2 (0, 4)
['m1', 'm1', 'm2', 'm2'] [12.0, 12.0, 20.0, 20.0]
[0, 3, 6, 9, 12] ['a', None] [0, 3] notes.txt
(array([1., 1., 1.]), array([ True,  True,  True]))
[2, 4]
[{'sex': 'M', 'n': 1}, {'sex': 'F', 'n': 2}]
1 2 4
('three', 2024)
['#software', '__statistics', '_recording', '_recording__channel', 'insertion']
12 True 2
6 decimal(6,2) True
[1, 2, 2, 6, 12]
"""


def test_it_runs_unchanged(database_url: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()  # settings are not sought further up
    for module in FOLDER.glob("*.py.txt"):
        (tmp_path / module.stem).write_text(module.read_text())
    own = {name: text for name, text in os.environ.items() if not name.startswith(("DATAMILL_", "DJ_"))}
    settings = {
        "DATAMILL_URL": database_url,
        "DATAMILL_COMPAT__BLOBS": "true",
        "DJ_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "datamill.compat", "client.py"]
    run = subprocess.run(command, cwd=tmp_path, env={**own, **settings}, capture_output=True, text=True)
    assert run.stdout == EXPECTED, run.stderr
    assert run.returncode == 0, run.stderr
