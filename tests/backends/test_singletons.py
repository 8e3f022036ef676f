"""Tables of one row and queries without attributes: everything that works on others works on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
import pytest

import datamill as dm
from datamill.errors import DataMillError, DataMillWarning, DuplicateError, InvalidValueError


class Lab:
    """A singleton, filled, and a table with three rows."""

    def __init__(self, instance: dm.Instance) -> None:
        self.instance = instance
        self.schema = instance.Schema("lab")

        @self.schema
        class Settings(dm.Manual):
            definition = """
            ---
            rate = 5 : int32
            note = null : varchar(20)
            signal = null : <blob>
            """

        @self.schema
        class Mouse(dm.Manual):
            definition = "mouse : int32"

        self.settings, self.mouse = Settings, Mouse
        Settings.insert1({"rate": 1})
        Mouse.insert({"mouse": number} for number in range(3))

    def empty(self) -> dict[str, Any]:
        """Queries without attributes and how many rows they have."""
        return {
            "projection": (self.settings.proj(), 1),
            "U": (dm.U() & self.mouse, 1),
            "of nothing": (dm.U() & (self.mouse & "mouse > 9"), 0),
            "union": (self.settings.proj() + self.settings.proj(), 1),
            "top": (self.settings.proj() & dm.Top(1), 1),
        }


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    instance = dm.Instance(url=database_url, safemode=False)
    yield Lab(instance)
    instance.connection.close()


def test_update1(lab: Lab) -> None:
    settings = lab.settings
    settings.update1({"rate": 7, "note": "fast"})
    assert settings.fetch1("rate", "note") == (7, "fast")
    settings.update1({"rate": None, "signal": numpy.arange(3)})
    assert settings.fetch1("rate", "note") == (5, "fast")
    assert settings.fetch1("signal").tolist() == [0, 1, 2]
    settings.update1({})
    with pytest.raises(InvalidValueError):
        settings.update1({"rate": "fast"})
    settings.delete_quick()
    for row in ({}, {"rate": 3}):
        with pytest.raises(DataMillError, match="has no row"):
            settings.update1(row)


@pytest.mark.parametrize("count", [1, 2, 500])
def test_inserts(lab: Lab, count: int) -> None:
    settings, rows = lab.settings, [{"rate": number} for number in range(10, 10 + count)]
    with pytest.raises(DuplicateError, match="one row"):
        settings.insert(rows)
    settings.insert(rows, skip_duplicates=True)
    assert settings.fetch1("rate") == 1
    settings.insert(rows, replace=True)
    assert settings.fetch1("rate") == 9 + count


def test_inserts_of_queries(lab: Lab) -> None:
    @lab.schema
    class Copy(dm.Manual):
        definition = "---\nrate = 5 : int32"

    Copy.insert(lab.settings.proj("rate"))
    assert Copy.fetch1() == {"rate": 1}
    with pytest.raises(DuplicateError, match="one row"):
        Copy.insert(lab.settings.proj("rate"))
    lab.settings.update1({"rate": 2})
    Copy.insert(lab.settings.proj("rate"), skip_duplicates=True)
    assert Copy.fetch1("rate") == 1
    Copy.insert(lab.settings.proj("rate"), replace=True)
    assert Copy.fetch1("rate") == 2


@pytest.mark.parametrize("form", ["query", "dicts", "arrays", "pandas", "polars", "arrow"])
def test_inserts_of_rows_without_values(lab: Lab, form: str) -> None:
    @lab.schema
    class Copy(dm.Manual):
        definition = "---\nrate = 5 : int32"

    query = dm.U() & lab.mouse
    rows = query if form == "query" else getattr(query, f"to_{form}")()
    Copy.insert(rows)
    assert Copy.fetch1() == {"rate": 5}
    Copy.delete_quick()
    Copy.insert(list(rows) if form in ("dicts", "arrays") else rows)
    assert Copy.fetch1() == {"rate": 5}


@pytest.mark.parametrize("within", [False, True])
def test_queries_without_attributes_in_all_formats(lab: Lab, within: bool) -> None:
    """Within a transaction, rows are read where tables of Arrow would be outside."""
    if within:
        lab.instance.connection.start_transaction()
    for name, (query, count) in lab.empty().items():
        assert len(query) == count, name
        assert query.to_dicts() == query.keys() == list(query) == [{}] * count, name
        assert query.to_arrays().shape == (count,), name
        assert query.to_pandas().shape == (count, 0), name
        assert query.to_polars().shape == (count, 0), name
        assert (query.to_arrow().num_rows, query.to_arrow().num_columns) == (count, 0), name
        assert f"Total: {count}" in repr(query), name
        if count:
            assert query.fetch1() == {}, name


def test_conditions_and_joins(lab: Lab) -> None:
    one, none = lab.settings.proj(), lab.settings.proj() & "FALSE"
    mouse = lab.mouse
    with pytest.warns(DataMillWarning, match="in common"):
        assert [len(mouse & one), len(mouse - one), len(mouse & none), len(mouse - none)] == [3, 0, 0, 3]
    assert [len(one & mouse), len(one - mouse), len(one & none)] == [1, 0, 0]
    assert len(mouse * one) == len(mouse * lab.settings) == 3
    assert dm.U().aggr(mouse, n="count(*)").to_arrow().to_pylist() == [{"n": 3}]
    assert (lab.settings & lab.settings.keys()).fetch1("rate") == 1


def test_validate(lab: Lab) -> None:
    found = lab.settings.validate([{"rate": 2}, {"rate": 3}], check_database=True)
    assert "row 0: lab.settings has its one row already" in found.summary()
    assert "row 1: lab.settings takes one row only" in found.summary()
    lab.settings.delete_quick()
    assert lab.settings.validate([{"rate": 2}], check_database=True)


def test_deletes(lab: Lab) -> None:
    settings = lab.settings
    plan = settings.plan_delete()
    assert plan.total == 1
    assert plan.why(settings, {}) == []
    assert plan[settings].fetch1("rate") == 1
    assert (settings & "rate > 9").delete(prompt=False) == 0
    assert settings.delete(prompt=False, trash=True) == 1
    with pytest.raises(KeyError):
        settings.plan_delete().why(settings, {})
    (entry,) = dm.trash.list(lab.schema, connection=lab.instance.connection)
    dm.trash.restore(entry, connection=lab.instance.connection)
    assert settings.fetch1("rate") == 1
    assert settings.delete_quick(get_count=True) == 1
    assert len(settings) == 0


def test_writes_in_a_transaction(lab: Lab) -> None:
    with lab.instance.connection.transaction:
        lab.settings.update1({"rate": 3})
        with pytest.raises(DuplicateError):
            lab.settings.insert1({"rate": 4})
        lab.settings.update1({"note": "slow"})
    assert lab.settings.fetch1("rate", "note") == (3, "slow")


def test_populate(lab: Lab) -> None:
    mouse = lab.mouse

    @lab.schema
    class Count(dm.Computed):
        definition = "---\nnumber : int32"
        reads = (mouse,)

        @property
        def key_source(self) -> Any:
            return dm.U() & mouse

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "number": len(mouse)})

    with pytest.raises(DataMillError, match="reserve_jobs=False"):  # nothing would tell its jobs apart
        Count.populate(reserve_jobs=True)
    assert Count.jobs.to_dicts() == []
    assert Count.populate()["success_count"] == 1
    assert Count.fetch1() == {"number": 3}
    assert Count.populate()["success_count"] == 0
    assert Count.progress(display=False) == (0, 1)
    Count.update1({"number": 4})
    assert Count.fetch1("number") == 4
