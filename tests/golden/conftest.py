"""Golden files: the SQL text of each shape, per dialect, as files that a person can review.

`just golden` (pytest tests/golden --update-golden) writes them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from datamill.sql.writer import Statement

FOLDER = Path(__file__).parent
DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb")

Check = Callable[[str, str, "Iterable[Statement]"], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Write the golden SQL files anew.")


@pytest.fixture(params=DIALECTS)
def dialect_name(request: pytest.FixtureRequest) -> str:
    """Each dialect in turn."""
    return str(request.param)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Check:
    """Compare statements with the file ``<dialect>/<name>.sql``; bound values follow each as a comment."""
    update = bool(request.config.getoption("--update-golden", default=False))

    def check(dialect_name: str, name: str, statements: Iterable[Statement]) -> None:
        text = "\n".join(map(_written, statements))
        path = FOLDER / dialect_name / f"{name}.sql"
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing; write it with: just golden"
        assert text == path.read_text(encoding="utf-8")

    return check


def _written(statement: Statement) -> str:
    values = "".join(f"-- {value!r}\n" for value in statement.params)
    return f"{statement.sql};\n{values}"
