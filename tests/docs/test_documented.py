"""Public names, errors and commands are documented."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from typer.main import get_command

import datamill as dm
from datamill import errors
from datamill.cli.commands import app

ROOT = Path(__file__).parents[2]
TEXT = "\n".join(
    path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
)
ERRORS = [
    name
    for name, item in vars(errors).items()
    if inspect.isclass(item) and item.__module__ == errors.__name__
]


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_its_line(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", dm.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    assert f"dm.{name}" in TEXT or f"`{name}`" in TEXT


@pytest.mark.parametrize("name", dm.__all__)
def test_every_public_object_has_a_docstring(name: str) -> None:
    item = getattr(dm, name)
    if inspect.isclass(item) or inspect.isroutine(item) or inspect.ismodule(item):
        assert inspect.getdoc(item)


def test_every_command_is_documented() -> None:
    for name in get_command(app).commands:  # type: ignore[attr-defined]
        assert f"datamill {name}" in TEXT, name
