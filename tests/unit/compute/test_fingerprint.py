"""Fingerprints of code: what changes them, and what does not."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from datamill.compute.fingerprint import fingerprint

CODE = '''
import math

FACTOR = 2

def helper(x):
    """Twice."""
    return other(x) * 2

def other(x):
    return x + 1

def unused(x):
    return x

class Maker:
    definition = """
    -> Source
    """

    def make(self, key):
        # computes
        return helper(math.sqrt(key["x"]))
'''


def fingerprint_of(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"fingerprinted{len(list(folder.iterdir()))}"
    (folder / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(folder)
    module = import_module(name)
    shown = fingerprint(module.Maker())
    sys.modules.pop(name)
    return shown


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("# computes", "# something else", True),
        ('"""Twice."""', '"""Double."""', True),
        ("return x + 1", "return (x\n            + 1)", True),
        ("def unused(x):\n    return x", "def unused(x):\n    return -x", True),
        ("return x + 1", "return x + 2", False),
        ("* 2", "* 3", False),
        ('key["x"]', 'key["y"]', False),
        ("-> Source", "-> Sauce", False),
    ],
)
def test_what_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, same: bool) -> None:
    before = fingerprint_of(tmp_path, CODE, monkeypatch)
    after = fingerprint_of(tmp_path, CODE.replace(old, new), monkeypatch)
    assert len(before) == 16
    assert (before == after) is same


def test_nothing_of_the_code_runs() -> None:
    class Trap:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"{name} was looked up")

    trap = Trap()

    class Maker:
        def make(self, key: Any) -> Any:
            return trap

    assert len(fingerprint(Maker())) == 16
