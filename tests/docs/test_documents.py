"""Every Python block of the README and of docs/ runs; a text block after it is what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?P<kind>python|text)\n(?P<body>.*?)^```$", re.M | re.S)
MARK = "=== end of block {number} ==="


def blocks_of(document: Path) -> list[tuple[str, str | None]]:
    """Return the Python blocks with the text each should print, or None."""
    text = document.read_text(encoding="utf-8")
    found: list[tuple[str, str | None]] = []
    last_end = 0
    for match in BLOCK.finditer(text):
        if match["kind"] == "python":
            found.append((match["body"], None))
        elif found and not text[last_end : match.start()].strip():
            found[-1] = (found[-1][0], match["body"])
        last_end = match.end()
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_examples_run(document: Path, tmp_path: Path) -> None:
    blocks = blocks_of(document)
    if not blocks:
        return
    parts = []
    for number, (code, _) in enumerate(blocks):
        parts += [code, f"print({MARK.format(number=number)!r})\n"]
    script = tmp_path / "script.py"
    script.write_text("".join(parts), encoding="utf-8")
    (tmp_path / ".git").mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DATAMILL_", "DJ_"))
    }
    run = subprocess.run(
        [sys.executable, "-W", "error", script.name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    assert run.returncode == 0, f"{document.name} fails:\n{run.stdout}\n{run.stderr}"
    rest = run.stdout
    for number, (code, expected) in enumerate(blocks):
        printed, rest = rest.split(MARK.format(number=number) + "\n", 1)
        if expected is not None:
            assert tidy(printed) == tidy(expected), f"after the block:\n{code}"


def tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
