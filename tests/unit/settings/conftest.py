from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from datamill.settings import Config

Make = Callable[..., Config]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The root of a repository, so that searches for files end there."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    return root


@pytest.fixture
def make(project: Path, tmp_path: Path) -> Make:
    """A Config that sees only the project folder, given variables and given secrets."""

    def build(
        environment: Mapping[str, str] | None = None, *, start: Path | None = None, **values: object
    ) -> Config:
        named = {key.replace("__", "."): value for key, value in values.items()}
        return Config(
            named, environment=environment or {}, start=start or project, run_secrets=tmp_path / "run"
        )

    return build
