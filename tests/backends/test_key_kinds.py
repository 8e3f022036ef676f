"""Keys of every kind: a row is found by the value it came with, whoever looks for it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import datamill as dm
from datamill.errors import DataMillWarning, DuplicateError, IntegrityError

KINDS: dict[str, tuple[Any, ...]] = {
    "float32": (0.1, 16777217.0, 1 / 3, 16777200.0),
    "uint64": (1, 2**63 + 5, 7, 8),
    "char(4)": ("a", "ab", "abcd", "b"),
    "decimal(6,2)": (Decimal("1.50"), Decimal("-2.25"), Decimal("3"), Decimal("0.1")),
    "time(3)": (time(1, 2, 3), time(23, 59, 59, 999000), time(4), time(5, 0, 0, 1000)),
    "datetime(3)": (datetime(2025, 1, 2, 3, 4, 5, 678000), datetime(2024, 12, 31), datetime(1999, 1, 1)),
    "uuid": (UUID(int=7), UUID(int=2**127), UUID(int=9)),
    "enum('x', 'y', 'z')": ("x", "y", "z"),
}
"""Type -> values of rows, and in the end one of which there is no row."""


class Lab:
    """A table with such a key, one that refers to it, and one that is computed from it."""

    def __init__(self, url: str, type: str) -> None:
        *self.values, self.absent = KINDS[type]
        self.instance = dm.Instance(url=url, safemode=False)
        schema = self.schema = self.instance.Schema("lab")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataMillWarning)  # of keys that are numbers with a point

            @schema
            class Dose(dm.Manual):
                definition = f"dose : {type}\n---\nlabel = '' : varchar(9)"

            @schema
            class Run(dm.Manual):
                definition = "run : int32\n---\n-> Dose"

            @schema
            class Effect(dm.Computed):
                definition = "-> Dose\n---\nlabel : varchar(9)"

                def make(self, key: dict[str, Any]) -> None:
                    self.insert1({**key, "label": (Dose & key).fetch1("label")})

        self.dose: Any = Dose
        self.run: Any = Run
        self.effect: Any = Effect
        Dose.insert({"dose": value, "label": str(place)} for place, value in enumerate(self.values))
        Run.insert({"run": place, "dose": value} for place, value in enumerate(self.values))


@pytest.fixture(params=KINDS)
def lab(database_url: str, request: pytest.FixtureRequest) -> Iterator[Lab]:
    lab = Lab(database_url, request.param)
    yield lab
    lab.instance.connection.close()


def labels(query: Any) -> list[str]:
    return sorted(query.to_arrays("label"))


def test_rows_are_changed_by_their_key(lab: Lab) -> None:
    for value in lab.values:
        lab.dose.update1({"dose": value, "label": "new"})
    assert set(labels(lab.dose)) == {"new"}
    with pytest.raises(dm.DataMillError, match="no row"):
        lab.dose.update1({"dose": lab.absent, "label": "new"})


def test_duplicates_and_missing_parents_are_told(lab: Lab) -> None:
    rows = [{"dose": value} for value in (*lab.values, lab.absent)]
    known = len(lab.values)
    assert [row for row, *_ in lab.dose.validate(rows, check_database=True).errors] == list(range(known))
    runs = [{"run": 10 + place, **row} for place, row in enumerate(rows)]
    assert [row for row, *_ in lab.run.validate(runs, check_database=True).errors] == [known]
    with pytest.raises(DuplicateError) as duplicate:
        lab.dose.insert(rows[::-1])
    assert duplicate.value.row_index == 1
    assert (lab.dose & duplicate.value.key).fetch1("label") == str(known - 1)
    with pytest.raises(IntegrityError) as dangling:
        lab.run.insert(runs)
    assert dangling.value.row_index == known
    assert dangling.value.missing == [{"dose": lab.absent}]


def test_existing_rows_are_passed_over_or_replaced(lab: Lab) -> None:
    rows = [{"dose": value, "label": "new"} for value in (lab.absent, *lab.values)]
    lab.dose.insert(rows, skip_duplicates=True)
    assert labels(lab.dose) == sorted(["new", *map(str, range(len(lab.values)))])
    lab.dose.insert(rows, replace=True)
    assert set(labels(lab.dose)) == {"new"}
    assert len(lab.dose()) == len(rows)


def test_rows_are_found_by_lists(lab: Lab) -> None:
    rows = [{"dose": value} for value in lab.values]
    for some in (rows[:1], rows, rows * 200):
        assert len(lab.dose & some) == len(some[: len(rows)])
        assert len(dm.U("dose") & (lab.dose & some)) == len(some[: len(rows)])
        assert len(lab.dose - some) == len(rows) - len(some[: len(rows)])


@pytest.mark.parametrize("reserve", [False, True])
def test_keys_are_computed_once(lab: Lab, reserve: bool) -> None:
    for _ in range(2):
        lab.effect.populate(reserve_jobs=reserve)
    assert labels(lab.effect) == labels(lab.dose)
    assert not reserve or lab.effect.jobs.progress()["total"] == 0


def test_jobs_are_found_by_their_key(lab: Lab) -> None:
    lab.effect.jobs.refresh()
    for value in lab.values:
        assert lab.effect.jobs.reserve({"dose": value})
        lab.effect.jobs.complete({"dose": value})
    assert lab.effect.jobs.progress()["total"] == 0


@pytest.mark.parametrize("keep", [False, True], ids=["carried", "planned"])
def test_what_depends_on_a_row_goes_with_it_and_comes_back(lab: Lab, keep: bool) -> None:
    lab.effect.populate()
    tables = (lab.dose, lab.run, lab.effect)
    before = [table.to_dicts(order_by="KEY") for table in tables]
    others = [{"dose": value} for value in lab.values[1:]]
    assert (lab.dose & others).plan_delete().total == 3 * len(others)
    (lab.dose & others).delete(prompt=False, trash=keep)
    for table in tables:
        assert len(table()) == len(table & {"dose": lab.values[0]}) == 1
    if keep:
        dm.trash.restore(dm.trash.list(lab.schema)[0], connection=lab.instance.connection)
        assert [table.to_dicts(order_by="KEY") for table in tables] == before
