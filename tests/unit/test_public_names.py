"""The public names of the package."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import datamill as dm


def test_every_name_loads_and_is_listed() -> None:
    for name in dm.__all__:
        assert getattr(dm, name) is not None
        assert name in dir(dm)
    assert sorted(dm._HOME_OF.keys() | dm._MODULES.keys()) == sorted(dm.__all__)


def test_unknown_names_raise() -> None:
    with pytest.raises(AttributeError, match=r"Shema.*Did you mean 'schema'"):
        getattr(dm, "Shema")  # noqa: B009 - a name that type checkers do not know
    assert not hasattr(dm, "_nothing")


def test_older_pipelines_find_datajoints_names() -> None:
    older: Any = dm
    assert older.ERD is older.Di is dm.Diagram
    assert len(older.key_hash({"a": 1})) == 32
    assert older.utils.to_camel_case("brain_region") == "BrainRegion"
    assert older.user_tables.TableMeta is type(dm.Manual)


def test_datamills_own_packages_are_not_hidden_by_datajoints_modules() -> None:
    code = (
        "import datamill; from datamill import diagram, settings, storage; print(diagram, settings, storage)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "datajoint" not in run.stdout


def test_using_the_api_does_not_load_the_heavy_libraries() -> None:
    code = "import sys, datamill as dm; dm.Schema; dm.Manual; print([m for m in HEAVY if m in sys.modules])"
    heavy = ["numpy", "pandas", "polars", "pyarrow", "sqlglot", "apsw", "networkx", "typer", "rich"]
    run = subprocess.run(
        [sys.executable, "-c", code.replace("HEAVY", repr(heavy))], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
