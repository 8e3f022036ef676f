"""Completion in the shell: names from the database, nothing and no noise where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import datamill as dm
from datamill.data.connection import Connection


def complete(words: str, folder: Path, **variables: str) -> list[str]:
    """Return what bash would offer for the last word."""
    done = subprocess.run(
        [sys.executable, "-c", "from datamill.cli import main; import sys; sys.argv[0] = 'datamill'; main()"],
        env={
            **os.environ,
            "_DATAMILL_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
            **variables,
        },
        capture_output=True,
        text=True,
        cwd=folder,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def lab(connection: Connection) -> None:
    lab = dm.Schema("lab", connection=connection)

    @lab
    class Mouse(dm.Manual):
        definition = "mouse : int32"

    @lab
    class Session(dm.Manual):
        definition = "-> Mouse\nsession : int32"

        class Probe(dm.Part):
            definition = "-> master\nprobe : int32"


def test_names_are_offered(lab: None, database_url: str, tmp_path: Path) -> None:
    def offered(words: str) -> list[str]:
        return complete(words, tmp_path, DATAMILL_DATABASE__URL=database_url)

    assert offered("datamill ls la") == ["lab"]
    assert offered("datamill describe lab.Se") == ["lab.Session", "lab.Session.Probe"]
    assert "Mouse" in offered("datamill describe Mo")
    assert offered("datamill diagram l") == ["lab", "lab.Mouse", "lab.Session", "lab.Session.Probe"]
    assert offered("datamill query Mouse*lab.M") == ["Mouse*lab.Mouse"]
    assert offered("datamill shell x") == []


@pytest.mark.parametrize("url", ["", "sqlite:///missing/lab.db", "postgresql://u:p@127.0.0.1:1/x", "what://"])
def test_nothing_is_offered_without_a_database(tmp_path: Path, url: str) -> None:
    variables = {"DATAMILL_DATABASE__URL": url} if url else {}
    for command in ("ls", "describe", "query"):
        assert complete(f"datamill {command} l", tmp_path, **variables) == []
    assert list(tmp_path.iterdir()) == []
