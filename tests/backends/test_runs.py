"""Run records: which run and which code made a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import datamill as dm
from datamill.errors import ContractWarning


@pytest.fixture
def instance(database_url: str) -> Iterator[dm.Instance]:
    instance = dm.Instance(url=database_url, safemode=False)
    yield instance
    instance.connection.close()


def declare(instance: dm.Instance, make: Any = None, factor: int = 2) -> Any:
    schema = instance.Schema("lab")

    @schema
    class Source(dm.Manual):
        definition = """
        source : int32
        """

    @schema
    class Aside(dm.Manual):
        definition = """
        aside : int32
        """

    @schema
    class Result(dm.Computed):
        definition = """
        -> Source
        ---
        value : int32
        """

        def make(self, key: dict[str, Any], extra: int = 0) -> None:
            len(Aside)
            self.insert1({**key, "value": factor})

    Source.insert(({"source": number} for number in range(6)), skip_duplicates=True)
    return Result


def runs(instance: dm.Instance) -> list[dict[str, Any]]:
    return dm.FreeTable(instance.connection, "lab.~runs").to_dicts(order_by="start_time")


def hidden_tables(instance: dm.Instance) -> list[str]:
    return [name.table for name in instance.connection.catalog.load("lab", hidden=True)]


def stamps(result: Any) -> set[tuple[Any, ...]]:
    name = result.full_table_name
    return set(result.connection.query(f"SELECT _job_run, _job_code FROM {name}").fetchall())


@pytest.mark.parametrize("reserve", [False, True])
def test_rows_refer_to_their_run_and_code(instance: dm.Instance, reserve: bool) -> None:
    result = declare(instance)
    with pytest.warns(ContractWarning):
        result.populate("source < 3", make_kwargs={"extra": 5}, reserve_jobs=reserve)
    with pytest.warns(ContractWarning):
        result.populate(reserve_jobs=reserve)
    result.populate(reserve_jobs=reserve)
    first, second = runs(instance)
    assert first["table_name"] == "__result"
    assert first["end_time"] >= first["start_time"]
    assert first["make_kwargs"] == {"extra": 5}
    assert first["findings"] == ["reads lab.aside"]
    assert "numpy" in first["packages"]
    assert first["datamill_version"] == dm.__version__
    assert first["code"] == second["code"]
    for row, where in ((first, "source < 3"), (second, "source >= 3")):
        condition = f"_job_code = '{row['code']}' AND {where}"
        assert len(result & condition) == 3
    assert len(stamps(result)) == 2


def test_a_run_that_computes_nothing_leaves_no_record(instance: dm.Instance) -> None:
    result = declare(instance)
    result.populate("source > 99")
    assert "~runs" not in hidden_tables(instance)


def test_other_code_has_another_fingerprint(instance: dm.Instance) -> None:
    result = declare(instance)
    with pytest.warns(ContractWarning):
        result.populate("source < 3")

    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "value": -1})

    metaclass: Any = type(dm.Computed)
    members = {"make": make, "definition": None}
    changed = instance.Schema("lab")(metaclass("Result", (dm.Computed,), members))
    changed.populate()
    assert len({code for _, code in stamps(result)}) == 2


def test_workers_share_one_run(instance: dm.Instance) -> None:
    result = declare(instance)
    result.contract = "off"
    assert result.populate(executor="threads", processes=2)["success_count"] == 6
    assert len(runs(instance)) == len(stamps(result)) == 1


def test_provenance_can_be_turned_off(instance: dm.Instance) -> None:
    instance.config["jobs.provenance"] = False
    result = declare(instance)
    result.contract = "off"
    assert result.populate()["success_count"] == 6
    assert result()._spec.hidden == ()
    assert "~runs" not in hidden_tables(instance)


def test_rows_lead_to_their_runs(instance: dm.Instance) -> None:
    result = declare(instance)
    with pytest.raises(dm.DataMillError, match=r"No run of lab\.__result is recorded yet"):
        _ = result.runs
    with pytest.warns(ContractWarning):
        result.populate("source < 3", make_kwargs={"extra": 5})
    with pytest.warns(ContractWarning):
        result.populate()
    assert (result & {"source": 1}).runs.fetch1("make_kwargs") == {"extra": 5}
    assert len(result.runs) == 2
    assert len((result & "source > 99").runs) == 0


def test_rows_of_former_code_are_outdated(instance: dm.Instance) -> None:
    def declared(body: Any) -> Any:
        schema = instance.Schema("lab")

        @schema
        class Source(dm.Manual):
            definition = "run : int32  # the name of the key of runs"

        Source.insert(({"run": number} for number in range(4)), skip_duplicates=True)

        @schema
        class Result(dm.Computed):
            definition = "-> Source\n---\nvalue = 0 : int32"
            make = body

        return Result

    first = declared(lambda self, key: self.insert1({**key, "value": 1}))
    first.populate("run < 3")
    first.insert1({"run": 9 - 6}, allow_direct_insert=True)  # nobody knows by which code
    assert len(first.outdated) == 0
    second = declared(lambda self, key: self.insert1({**key, "value": 2}))
    assert second.outdated.keys() == [{"run": 0}, {"run": 1}, {"run": 2}]
    assert len((second & "run > 1").outdated) == 1
    assert len((second & {"run": 2}).runs) == 1
    second.outdated.delete(prompt=False)
    assert second.populate()["success_count"] == 3
    assert len(second.outdated) == 0
    plain = dm.VirtualModule("lab_again", "lab", connection=instance.connection).Result
    with pytest.raises(dm.errors.MissingMakeError):
        _ = plain.outdated


def test_tables_without_records_say_so(instance: dm.Instance) -> None:
    instance.config["jobs.provenance"] = False
    result = declare(instance)
    for name in ("runs", "outdated"):
        with pytest.raises(dm.DataMillError, match="do not tell which run made them"):
            getattr(result, name)
