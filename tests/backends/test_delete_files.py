"""The objects of a plan: which there are, how large, and whether other rows need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import datamill as dm
from datamill.data.connection import Connection


@pytest.fixture
def table(connection: Connection, tmp_path: Path) -> Any:
    folder = tmp_path / "objects"
    folder.mkdir()
    connection.config["stores"] = {"default": "main", "main": {"protocol": "file", "location": str(folder)}}
    schema = dm.Schema("lab", connection=connection)

    @schema
    class Thing(dm.Manual):
        definition = "k : int32\n---\nraw = null : <hash@>\nthing = null : <object@>\nsmall = null : <blob>"

    @schema
    class Other(dm.Manual):
        definition = "o : int32\n---\nblob = null : <hash@>"

    Thing.insert(
        [
            {"k": 1, "raw": b"alone", "thing": b"one", "small": [1]},
            {"k": 2, "raw": b"shared", "thing": b"two"},
            {"k": 3, "raw": b"shared"},
            {"k": 4, "raw": b"elsewhere"},
            {"k": 5},
        ]
    )
    Other.insert1({"o": 1, "blob": b"elsewhere"})
    return Thing


def test_files_of_a_plan(table: Any) -> None:
    found = (table & "k IN (1, 2, 4, 5)").plan_delete().files()
    assert {(item.key["k"], item.attribute): item.shared for item in found} == {
        (1, "raw"): False,
        (1, "thing"): False,
        (2, "raw"): True,
        (2, "thing"): False,
        (4, "raw"): True,
    }
    assert {item.table for item in found} == {table.full_table_name}
    assert {item.size for item in found if item.attribute == "raw"} == {5, 6, 9}
    assert all(item.path and item.store in (None, "main") for item in found)
    assert not any(item.shared for item in (table & "k IN (2, 3)").plan_delete().files())
    assert (table & "k = 5").plan_delete().files() == []
