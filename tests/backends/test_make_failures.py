"""What may go wrong around a make, provoked one by one: chapter 04 of the specification, line by line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.backends.cutting_proxy import CuttingProxy
from tests.backends.test_populate import Lab

import datamill as dm
from datamill.errors import (
    ContractError,
    ContractWarning,
    DuplicateError,
    IntegrityError,
    LostConnectionError,
    MakeError,
    UpstreamChangedError,
)


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    instance = dm.Instance(url=database_url, safemode=False)
    yield Lab(instance)
    instance.connection.close()


def store(self: Any, key: dict[str, Any]) -> None:
    self.insert1({**key, "result": 1})


# the connection is lost ------------------------------------------------------------------------------------------


@pytest.fixture
def cut_off(backend: str, database_url: str) -> Iterator[tuple[Lab, CuttingProxy]]:
    if backend == "sqlite":
        pytest.skip("an embedded database has no connection to lose")
    with CuttingProxy(database_url) as proxy:
        instance = dm.Instance(url=proxy.url, safemode=False)
        yield Lab(instance), proxy
        instance.connection.close()


@pytest.mark.parametrize("reserve", [False, True])
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("mode", ["flush", "make"])
def test_a_connection_lost_in_commit(
    cut_off: tuple[Lab, CuttingProxy], answered: bool, reserve: bool, mode: str
) -> None:
    lab, proxy = cut_off
    result = lab.computed(store)
    if reserve:
        result.jobs.refresh()

    def cut(self: Any, key: dict[str, Any]) -> None:
        if key["source"] == 2 and not proxy.cuts:
            proxy.cut(b"COMMIT", answered)
        store(self, key)

    result.make = cut
    done = result.populate(reserve_jobs=reserve, refresh=False if reserve else None, transaction=mode)
    assert proxy.cuts == 1
    assert sorted(result.to_arrays("source").tolist()) == [0, 1, 2, 3, 4]
    assert (done["success_count"], done["error_list"], done.lost) == (5, [], 0)
    assert result.jobs.progress()["total"] == 0


def test_a_connection_lost_in_make_gets_three_attempts(lab: Lab) -> None:
    calls: list[int] = []

    def make(self: Any, key: dict[str, Any]) -> None:
        calls.append(key["source"])
        if key["source"] == 1 and calls.count(1) < 3:
            raise LostConnectionError("the cable was pulled")
        store(self, key)

    assert lab.computed(make).populate()["success_count"] == 5
    assert calls.count(1) == 3


# rows that cannot be stored --------------------------------------------------------------------------------------


def test_a_parent_in_the_key_that_goes_is_an_upstream_change(lab: Lab, database_url: str) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": 1})
        if key["source"] == 3:
            other = dm.Instance(url=database_url, safemode=False)
            (other.FreeTable("lab.source") & key).delete_quick()
            other.connection.close()

    result = lab.computed(make)
    with pytest.raises(UpstreamChangedError, match=r"left the key source|changed"):
        result.populate(transaction="flush")
    assert 3 not in result.to_arrays("source").tolist()


def test_errors_at_the_flush_name_the_line_that_inserted(lab: Lab) -> None:
    result = lab.computed(
        lambda self, key: self.insert1({**key, "result": 1, "method": "zzz"}),
        definition="-> Source\n---\nresult : float64\n-> Method",
    )
    with pytest.raises(IntegrityError) as caught:
        result.populate({"source": 1})
    assert any(f"Inserted at {__file__}" in note for note in caught.value.__notes__)
    unique = lab.computed(
        store, definition="-> Source\n---\nresult : float64\nunique index (result)", name="Unique"
    )
    done = unique.populate(suppress_errors=True, return_exception_objects=True)
    assert done["success_count"] == 1
    assert {type(error) for _, error in done["error_list"]} == {DuplicateError}
    assert all(any("Inserted at" in note for note in error.__notes__) for _, error in done["error_list"])


def test_objects_of_a_make_that_fails_are_removed(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    lab.instance.config["stores"] = {
        "default": "main",
        "main": {"protocol": "file", "location": str(tmp_path / "store")},
    }

    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "data": b"x" * 1000})
        if key["source"] == 2:
            raise ValueError("broken electrode")

    result = lab.computed(make, definition="-> Source\n---\ndata : <object@>")
    assert result.populate(suppress_errors=True)["success_count"] == 4
    files = [file for file in (tmp_path / "store").rglob("*") if file.is_file()]
    assert len([file for file in files if file.stat().st_size >= 1000]) == 4


# when the flush opens early --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "early",
    [
        lambda self, key: self.connection.query("SELECT 1"),
        lambda self, key: self.update1({**key, "result": 2}),
        lambda self, key: (self.Part.insert1({**key, "number": 1}), len(self.Part & key)),
        lambda self, key: (self.Part & key).delete_quick(),
        lambda self, key: self.Part.insert({**key, "number": number} for number in range(100)),
    ],
)
def test_a_failure_after_the_flush_has_opened_leaves_nothing(lab: Lab, early: Any) -> None:
    lab.instance.config["jobs.buffer_bytes"] = 500

    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": 1})
        early(self, key)
        len(self & key)
        assert self.connection.in_transaction
        if key["source"] == 2:
            raise ValueError("broken electrode")

    part = type(dm.Part)("Part", (dm.Part,), {"definition": "-> master\nnumber : int32"})  # type: ignore[misc]
    result = lab.computed(make, Part=part)
    done = result.populate(suppress_errors=True)
    assert done["success_count"] == 4
    assert 2 not in result.to_arrays("source").tolist()
    assert len(result.Part & {"source": 2}) == 0


# three parts -----------------------------------------------------------------------------------------------------


def test_what_cannot_be_compared_is_refused(lab: Lab) -> None:
    parts: dict[str, Any] = {
        "make_fetch": lambda self, key: (threading.Lock(),),
        "make_compute": lambda self, key, lock: (1,),
        "make_insert": lambda self, key, result: self.insert1({**key, "result": result}),
    }
    with pytest.raises(MakeError, match="cannot be compared"):
        lab.computed(**parts).populate()


# the contract, and what is upstream ------------------------------------------------------------------------------


SQL = {
    "reads": ("SELECT * FROM {other}", "reads lab.other"),
    "writes": ("DELETE FROM {other}", "writes to lab.other"),
    "unparsable": ("SELECT 1 FROM (((", "SQL that cannot be read"),
}


@pytest.mark.parametrize("kind", SQL)
def test_raw_sql_is_held_to_the_contract(lab: Lab, kind: str) -> None:
    lab.schema(type(dm.Manual)("Other", (dm.Manual,), {"definition": "other : int32"}))  # type: ignore[misc]
    text, message = SQL[kind]
    table = lab.instance.connection.dialect.table(lab.instance.FreeTable("lab.other")._name)

    def make(self: Any, key: dict[str, Any]) -> None:
        self.connection.query(text.format(other=table), None)
        store(self, key)

    with pytest.raises(ContractError, match=message):
        lab.computed(make, contract="strict").populate()
    if kind != "unparsable":  # which the database refuses, too
        with pytest.warns(ContractWarning, match=message):
            assert lab.computed(make, name="Second").populate()["success_count"] == 5


def test_names_that_are_not_upstream_or_fit_several(lab: Lab) -> None:
    other = lab.instance.Schema("more")
    twin = other(type(dm.Manual)("Source", (dm.Manual,), {"definition": "twin : int32"}))  # type: ignore[misc]
    lab.schema(type(dm.Manual)("Loose", (dm.Manual,), {"definition": "loose : int32"}))  # type: ignore[misc]
    twin.insert1({"twin": 1})
    metaclass: Any = type(dm.Computed)

    def make(name: str) -> Any:
        def use(self: Any, key: dict[str, Any]) -> None:
            len(self.upstream[name])
            self.insert1(key)

        return use

    for number, (name, message) in enumerate(
        [("Source", "may be lab.source or more.source"), ("Loose", "not upstream of")]
    ):
        cls = metaclass(
            f"Both{number}", (dm.Computed,), {"definition": "-> Source\n-> Twin", "make": make(name)}
        )
        with pytest.raises(dm.DataMillError, match=message):
            lab.schema(cls, context={"Source": lab.source, "Twin": twin}).populate()


# the key source --------------------------------------------------------------------------------------------------


def test_key_sources_that_cannot_be(lab: Lab) -> None:
    lab.schema(type(dm.Manual)("Loose", (dm.Manual,), {"definition": "source : int32"}))  # type: ignore[misc]
    loose = lab.instance.FreeTable("lab.loose")
    for number, (source, message) in enumerate(
        [
            (3, "is int, not a query"),
            (loose, "has lineage"),
            (lab.source.proj(other="source"), "has key attribute 'other'"),
        ]
    ):
        with pytest.raises(dm.DataMillError, match=message):
            lab.computed(store, key_source=source, name=f"Result{number}").populate()
    lab.instance.config["jobs.allow_new_pk_fields_in_computed_tables"] = True
    orphan = lab.computed(store, definition="number : int32\n---\n-> Source\nresult : float64", name="Orphan")
    with pytest.raises(dm.DataMillError, match="has no key_source"):
        orphan.populate()
