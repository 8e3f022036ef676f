"""Masters and parts inserted together, where rows exist already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import datamill as dm
from datamill.errors import DataMillError, IntegrityError


class Lab:
    """A master and a part whose values are in a store; the first master has one part."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        stores = {"default": "main", "main": {"protocol": "file", "location": str(folder)}}
        self.instance = dm.Instance(url=url, safemode=False, stores=stores)
        schema = self.instance.Schema("lab")

        @schema
        class Rig(dm.Manual):
            definition = "rig : int32"

        @schema
        class Run(dm.Manual):
            definition = "run : int32\n---\n-> [nullable] Rig\nraw = null : <blob@>"

            class Step(dm.Part):
                definition = "-> master\nstep : int32\n---\nraw = null : <blob@>"

        self.run: Any = Run
        Run.insert1({"run": 1, "raw": [1]}, parts={"Step": [{"step": 1, "raw": [2]}]})

    def steps(self) -> list[tuple[int, int]]:
        return [(row["run"], row["step"]) for row in self.run.Step.to_dicts(order_by="KEY")]

    def objects(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("_hash/**/*"))


@pytest.fixture
def lab(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    (tmp_path / "store").mkdir()
    lab = Lab(database_url, tmp_path / "store")
    yield lab
    lab.instance.connection.close()


def test_parts_are_added_to_a_master_that_is_passed_over(lab: Lab) -> None:
    parts = {"Step": [{"step": 1}, {"step": 2}]}
    lab.run.insert1({"run": 1, "raw": [9]}, parts=parts, skip_duplicates=True)
    assert lab.steps() == [(1, 1), (1, 2)]
    rows = [{"run": run, "raw": [9]} for run in (1, 2, 1)]
    steps = [{"run": run, "step": step, "raw": [9]} for run in (1, 2) for step in (1, 3)]
    lab.run.insert(rows, parts={"Step": steps}, skip_duplicates=True)
    assert lab.steps() == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 3)]
    assert (lab.run & "run = 1").fetch1("raw") == [1]


def test_parts_of_others_are_refused_before_their_objects_are_written(lab: Lab) -> None:
    before = lab.objects()
    steps = [{"run": 2, "step": 5, "raw": [5]}, {"run": 1, "step": 1, "raw": [6]}]
    with pytest.raises(DataMillError, match=r"Row 1 .* no row of lab\.run in this call") as raised:
        lab.run.insert([{"run": 2}], parts={lab.run.Step: steps}, skip_duplicates=True)
    assert raised.value.row_index == 1
    assert lab.steps() == [(1, 1)]
    assert lab.objects() == before > 0


def test_a_part_is_given_once(lab: Lab) -> None:
    parts = {"Step": [{"step": 2}], lab.run.Step: [{"step": 3}]}
    with pytest.raises(DataMillError, match="twice"):
        lab.run.insert1({"run": 2}, parts=parts)
    with pytest.raises(DataMillError, match="twice"):
        lab.run.validate([{"run": 2}], parts=parts)
    assert len(lab.run()) == 1


def test_errors_count_rows_that_are_passed_over(lab: Lab) -> None:
    rows = [{"run": 1, "raw": [1]}, {"run": 2, "raw": [1]}, {"run": 3, "raw": [1], "rig": 7}]
    with pytest.raises(IntegrityError) as raised:
        lab.run.insert(rows, skip_duplicates=True)
    assert raised.value.row_index == 2
