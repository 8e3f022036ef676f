"""Jobs whose keys databases give back, or compare, as other values than were stored: floats, padded text, times."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import time
from typing import Any

import pytest

import datamill as dm
from datamill.compute.job_table import JobTable
from datamill.errors import DataMillError, DataMillWarning

KINDS: dict[str, tuple[Any, Any]] = {
    "int32": (1, 2),
    "float32": (0.1, 1 / 3),
    "float": (0.1, 16777214.0),
    "float64": (0.1, 1 / 3),
    "char(5)": ("ab", "abcde"),
    "time": (time(1, 2, 3), time(23, 59, 59)),
    "time(3)": (time(1, 2, 3, 4000), time(0)),
    "enum('x', 'y')": ("x", "y"),
    "decimal(8,3)": (1, "-2.5"),
}
"""Type of half of a key -> two values."""


@pytest.fixture(params=KINDS)
def computed(database_url: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A computed table with four keys: a number and a value of some type."""
    instance = dm.Instance(url=database_url, safemode=False)
    schema = instance.Schema("lab")

    @schema
    class Run(dm.Lookup):
        definition = "run : int32"
        contents = ((1,), (2,))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataMillWarning)  # of keys that are numbers with a point

        @schema
        class Dose(dm.Lookup):
            definition = f"dose : {request.param}"
            contents = tuple((value,) for value in KINDS[request.param])

        @schema
        class Effect(dm.Computed):
            definition = "-> Run\n-> Dose"
            calls = 0

            def make(self, key: dict[str, Any]) -> None:
                type(self).calls += 1
                if type(self).calls > 20:
                    raise KeyboardInterrupt("claimed for ever")
                self.insert1(key)

    yield Effect
    instance.connection.close()


def test_reserved_keys_are_computed_once(computed: Any) -> None:
    result = computed.populate(reserve_jobs=True)
    assert (result["success_count"], result.lost, computed.calls) == (4, 0, 4)
    assert computed.jobs.progress()["total"] == 0


def test_claims_end_in_every_way(computed: Any) -> None:
    jobs = computed.jobs
    jobs.refresh()
    first, second, third, fourth = keys = jobs.claim(4)
    assert len(jobs.reserved & keys) == 4
    jobs.release(first)
    assert jobs.pending.keys() == [first]
    assert jobs.reserve(first)
    jobs.error(second, "no")
    jobs.ignore(third)
    jobs.complete(fourth)
    assert (jobs.errors.keys(), jobs.ignored.keys(), len(jobs)) == ([second], [third], 3)
    jobs.delete()
    jobs.ignore(third)
    computed.populate()
    assert (len(computed & third), len(computed())) == (0, 3)


@pytest.mark.parametrize("computed", ["int32"], indirect=True)
def test_jobs_that_their_keys_do_not_find_are_not_claimed_for_ever(
    computed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    values_of = JobTable.values_of
    monkeypatch.setattr(
        JobTable, "values_of", lambda table, keys: [(-run, dose) for run, dose in values_of(table, keys)]
    )
    with pytest.raises(DataMillError, match="only 0 are found by their keys"):
        computed.populate(reserve_jobs=True)
    monkeypatch.undo()
    assert computed.jobs.progress()["pending"] == 4
