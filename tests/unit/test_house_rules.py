"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "datamill"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 600
LONGEST_FUNCTION = 60
HEAVY = {
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "sqlglot",
    "networkx",
    "matplotlib",
    "skimage",
    "typer",
    "rich",
}
DRIVERS = {"apsw", "psycopg", "pymysql", "MySQLdb", "fsspec"}


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    body = function.body
    has_docstring = ast.get_docstring(function, clean=False) is not None
    first = body[1] if has_docstring and len(body) > 1 else body[0]
    return (function.end_lineno or 0) - first.lineno + 1


def modules_imported(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter imports for a statement."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stderr
    lines = (
        line.rpartition("|")[2].strip() for line in shown.splitlines() if line.startswith("import time:")
    )
    return {line.partition(".")[0] for line in lines}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, f"{name_of(path)} has {lines} lines; split it (aim at 200)."


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_are_short(path: Path) -> None:
    functions = (
        node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    long = {node.name: code_lines(node) for node in functions if code_lines(node) > LONGEST_FUNCTION}
    assert not long, f"{name_of(path)}: functions of more than {LONGEST_FUNCTION} lines: {long}"


def offences(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("print", "eval", "exec")
        ):
            yield f"line {node.lineno}: {node.func.id}()"
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"line {node.lineno}: a bare except"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_print_eval_or_bare_except(path: Path) -> None:
    assert not list(offences(path)), f"{name_of(path)}; use the logger, rich, or named exceptions."


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name_of(path) for path in MODULES if path.stat().st_size and not ast.get_docstring(tree_of(path))
    ]
    assert not silent


def test_import_loads_nothing_heavy() -> None:
    loaded = modules_imported("import datamill")
    assert "datamill" in loaded
    assert not loaded & HEAVY
    assert not loaded & DRIVERS


def test_import_has_no_effects(tmp_path: Path) -> None:
    (tmp_path / "datamill.toml").write_text("this is not TOML")
    check = (
        "import logging, threading, datamill; "
        "assert not logging.getLogger('datamill').handlers; assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", check], check=True, cwd=tmp_path, timeout=120)
    assert [path.name for path in tmp_path.iterdir()] == ["datamill.toml"]


def test_layers_of_the_contract_are_those_on_disk() -> None:
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    listed = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    on_disk = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    on_disk |= {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}
    assert on_disk <= listed
