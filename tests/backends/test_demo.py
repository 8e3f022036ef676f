"""The demo runs, draws pictures, and finds everything done the second time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path) -> str:
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "datamill",
        "demo",
        "--folder",
        str(folder),
        "--no-progress",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_demo_twice(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = run(folder)
    assert "55 keys computed" in first
    assert '"fractals.__quality__quarter"    16 rows' in first
    assert "10 keys computed" in first
    pictures = sorted(folder.glob("*.png"))
    assert [picture.name for picture in pictures] == ["blobs.png", "fractals.png"]
    assert all(
        picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and picture.stat().st_size > 100_000
        for picture in pictures
    )
    assert "nothing to do" in run(folder)


def test_the_demo_names_what_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from datamill.cli.commands import app

    monkeypatch.setattr("datamill.demo.run.find_spec", lambda name: None if name == "skimage" else True)
    result = CliRunner().invoke(app, ["demo", "--folder", str(tmp_path / "made")])
    assert result.exit_code == 2
    assert "The demo needs skimage. Install it: pip install 'datamill[demo]'." in result.output
    assert not (tmp_path / "made").exists()
