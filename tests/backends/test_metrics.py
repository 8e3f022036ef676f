"""dm.metrics: what was computed, as numbers and as text."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

import datamill as dm


def test_counters_of_a_reserved_run(database_url: str) -> None:
    instance = dm.Instance(url=database_url, safemode=False, jobs__lease=1)
    schema = instance.Schema("counted")

    @schema
    class Source(dm.Manual):
        definition = "source : int32"

    @schema
    class Result(dm.Computed):
        definition = "-> Source"
        retry = dm.Retry(attempts=2, backoff=0)

        def make(self, key: dict[str, Any]) -> None:
            if key["source"] == 1:
                raise ValueError("broken")
            if key["source"] == 2:
                raise dm.SkipKey("noise")
            self.insert1(key)

    Source.insert({"source": number} for number in range(6))
    Result.jobs.refresh()
    assert len(Result.jobs.claim(2)) == 2
    time.sleep(1.1)
    Result.populate(reserve_jobs=True, suppress_errors=True)
    found = dm.metrics.snapshot(Result)["counted.__result"]
    assert found["makes"] == {"success": 4, "error": 1, "skipped": 1, "lost": 0}
    assert (found["recovered"], found["quarantined"], found["retries"], found["flush_keys"]) == (2, 0, 1, 4)
    assert found["claims"] == 2 + 6 + 1
    assert found["jobs"] == {"pending": 0, "reserved": 0, "success": 0, "error": 1, "ignore": 1}
    assert 0 <= found["busy"] <= 1
    instance.connection.close()


def test_the_text_is_open_metrics() -> None:
    dm.metrics.count('odd."name"\\', "claims", 3)
    text = dm.metrics.render()
    assert text.endswith("# EOF\n")
    sample = re.compile(r'datamill_\w+\{(\w+="(\\.|[^"\\])*",?)+\} [0-9.e+-]+\Z')
    families: set[str] = set()
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            families.add(line.split()[2])
        elif not line.startswith("#"):
            assert sample.match(line), line
            name = line.partition("{")[0]
            assert name.removesuffix("_total") in families
    assert 'datamill_claims_total{table="odd.\\"name\\"\\\\"} 3' in text


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    from datamill.compute import metrics

    metrics._values.clear()
    metrics._begun.clear()
