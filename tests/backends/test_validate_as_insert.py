"""What `validate` finds is what `insert` refuses, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import datamill as dm

pytestmark = pytest.mark.filterwarnings(
    "ignore::datamill.errors.DataMillWarning", "ignore::DeprecationWarning"
)

VALUES: tuple[Any, ...] = (
    None,
    0,
    1,
    -1,
    300,
    2**40,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    True,
    Decimal("1.5"),
    "",
    " ",
    "x",
    "too long",
    "12",
    "nan",
    "red",
    "Red",
    "2025-01-02",
    "a\0b",
    "\ud800",
    b"x",
    date(2025, 1, 2),
    datetime(2025, 1, 2, 3, 4, 5),
    timedelta(days=400),
    UUID(int=7),
    [],
    {},
    {"a": float("nan")},
    {1: object()},
    object(),
    __file__,
    "/no/such/file",
)


Given = tuple[Any] | tuple[Any, Any]
"""Rows, and rows of parts."""


class Lab:
    """A table with attributes of many types, a part of it, and a part that refers to that part."""

    def __init__(self, url: str, folder: Path) -> None:
        self.instance = dm.Instance(
            url=url,
            safemode=False,
            stores={"default": "main", "main": {"protocol": "file", "location": str(folder)}},
        )
        schema = self.instance.Schema("lab")

        @schema
        class Site(dm.Manual):
            definition = "x : int8\ny : int8"

        @schema
        class Run(dm.Manual):
            definition = """
            run : int8
            ---
            -> [nullable] Site
            i = 5 : int16
            f = null : float32
            n = null : decimal(4,1)
            o = null : bool
            t = 'x' : varchar(4)
            c = null : char(2)
            e = 'red' : enum('red', 'blue')
            d = null : date
            m = null : datetime
            u = null : uuid
            j = null : json
            b = null : bytes
            v = null : <blob>
            w = null : <blob@>
            a = null : <attach@>
            h = null : <hash@>
            """

            class Step(dm.Part):
                definition = "-> master\nstep : int8\n---\n-> [nullable] Site"

            class Note(dm.Part):
                definition = "-> Run.Step\n---\nnote : varchar(4)"

        self.site: Any = Site
        self.run: Any = Run
        Site.insert1({"x": 1, "y": 1})
        Run.insert1({"run": 1, "w": [1]}, parts={"Step": [{"step": 1}]})

    def verdicts(self, given: Given, check_database: bool = True, **options: Any) -> tuple[bool, bool]:
        """Return whether rows, and those of parts, are valid, and whether they are taken; then they are removed."""
        rows, parts = given[0], given[1] if len(given) > 1 else None
        valid = bool(self.run.validate(rows, parts=parts, check_database=check_database, **options))
        connection = self.instance.connection
        connection.start_transaction()
        try:
            self.run.insert(rows, parts=parts, **options)
        except (dm.DataMillError, ValueError, TypeError, OSError):
            return valid, False
        else:
            return valid, True
        finally:
            connection.cancel_transaction()


@pytest.fixture
def lab(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    (tmp_path / "store").mkdir()
    lab = Lab(database_url, tmp_path / "store")
    yield lab
    lab.instance.connection.close()


def test_values_of_any_kind_for_attributes_of_any_type(lab: Lab) -> None:
    differing = []
    taken = 0
    for name in lab.run.heading.names:
        for value in VALUES:
            valid, is_taken = lab.verdicts(([{"run": 2, name: value}],))
            taken += is_taken
            if valid != is_taken:
                differing.append((name, value, valid))
    assert not differing
    assert taken > len(lab.run.heading.names)


GOOD: dict[str, Given] = {
    "defaults": ([{"run": 2}],),
    "nothing": ([],),
    "nothing in parts": ([{"run": 2}], {"Step": []}),
    "positions": ([(2, None, None, *[None] * 16)],),
    "a reference": ([{"run": 2, "x": 1, "y": 1}],),
    "parts": ([{"run": 2}, {"run": 3}], {"Step": [{"run": 3, "step": 1, "x": 1, "y": 1}]}),
    "parts of parts": (
        [{"run": 2}],
        {"Note": [{"run": 2, "step": 1, "note": "a"}], "Step": [{"run": 2, "step": 1}]},
    ),
    "keys written otherwise": ([{"run": "2"}], {"Step": [{"run": 2.0, "step": 1}]}),
}
BAD: dict[str, Given] = {
    "no key": ([{"i": 1}],),
    "unknown field": ([{"run": 2, "rnu": 1}],),
    "unknown field without value": ([{"run": 2}, {"run": 3, "rnu": None}],),
    "hidden field": ([{"run": 2, "_origin": "x"}],),
    "no row": ([{"run": 2}, 5],),
    "too short": ([(2, None)],),
    "half a reference": ([{"run": 2}, {"run": 3, "x": 1}],),
    "repeated": ([{"run": 2}, {"run": 3}, {"run": "2"}],),
    "part of another": ([{"run": 2}], {"Step": [{"run": 1, "step": 2}]}),
    "part of nobody": ([{"run": 2}], {"Step": [{"step": 2}]}),
    "part without master": ([], {"Step": [{"run": 1, "step": 2}]}),
    "part of a part of another": ([{"run": 2}], {"Note": [{"run": 1, "step": 1, "note": "a"}]}),
    "part repeated": ([{"run": 2}], {"Step": [{"run": 2, "step": 2}] * 2}),
    "part with a bad value": ([{"run": 2}], {"Step": [{"run": 2, "step": 300}]}),
    "part of a bad master": ([{"run": 2, "i": "x"}], {"Step": [{"run": 2, "step": 1}]}),
}
BAD_THERE: dict[str, Given] = {
    "existing": ([{"run": 2}, {"run": 1}],),
    "missing parent": ([{"run": 2, "x": 1, "y": 2}],),
    "missing parent of a part": ([{"run": 2}], {"Step": [{"run": 2, "step": 1, "x": 1, "y": 2}]}),
    "missing part": ([{"run": 2}], {"Note": [{"run": 2, "step": 1, "note": "a"}]}),
}


@pytest.mark.parametrize("given", GOOD.values(), ids=GOOD)
def test_what_is_right(lab: Lab, given: Given) -> None:
    assert lab.verdicts(given) == (True, True)


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
def test_what_is_wrong(lab: Lab, given: Given) -> None:
    assert lab.verdicts(given, check_database=False) == (False, False)


@pytest.mark.parametrize("given", BAD_THERE.values(), ids=BAD_THERE)
def test_what_is_wrong_in_the_database(lab: Lab, given: Given) -> None:
    assert lab.verdicts(given) == (False, False)
    assert lab.verdicts(given, check_database=False) == (True, False)


def test_fields_to_ignore(lab: Lab) -> None:
    assert lab.verdicts(([{"run": 2, "rnu": 1}],), ignore_extra_fields=True) == (True, True)


def test_each_fault_is_told_once(lab: Lab) -> None:
    rows = [{"run": 2, "i": "x", "x": 1}, {"run": 3}, {"run": 300, "zz": 1}]
    steps = [
        {"run": 2, "step": 1},
        {"run": 3, "step": 1},
        {"run": 9, "step": 1},
        {"run": 3, "step": 1},
    ]
    result = lab.run.validate(rows, parts={"Step": steps})
    assert [(row, name) for row, name, _ in result.errors] == [
        (0, "i"),
        (0, None),
        (2, "zz"),
        (2, "run"),
        (2, None),
        (3, None),
    ]
    assert "belongs to {'run': 9}, which is no row" in result.errors[4][2]
    assert result.rows_checked == 7
