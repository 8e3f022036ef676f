"""Every function is documented."""

from __future__ import annotations

import re
from pathlib import Path

from datamill.algebra.expression.functions import BY_NAME

DOCUMENT = Path(__file__).parents[3] / "docs" / "expressions.md"
SIGNS = {"NEGATE": "-", "|": r"\|", "||": r"\|\|"}


def test_every_function_is_documented() -> None:
    _, _, tables = DOCUMENT.read_text(encoding="utf-8").partition("## Functions")
    code = " ".join(re.findall(r"`([^`]+)`", tables))
    words = set(re.findall(r"[A-Z][A-Z0-9_]*", code))
    missing = [
        name for name in BY_NAME if not (words.issuperset(name.split()) or SIGNS.get(name, name) in code)
    ]
    assert missing == []
