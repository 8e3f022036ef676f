"""What keys take: reading hints, what fits where, who holds what, and what schedulers are asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.compute.resources import (
    UNLIMITED,
    Ledger,
    Resources,
    capacity_of,
    most_at_once,
    needs_of,
    too_large,
)
from datamill.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "number"),
    [("4GB", 4e9), ("4 GiB", 4 * 2**30), ("512M", 512e6), ("1.5tb", 1.5e12), ("100", 100), (2048, 2048)],
)
def test_memory(text: Any, number: float) -> None:
    assert Resources.parse({"memory": text}).memory == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 3600),
        ("90m", 5400),
        ("90 min", 5400),
        ("2d", 172800),
        ("1:30:00", 5400),
        ("1:30", 90),
        (timedelta(minutes=2), 120),
        (45, 45),
    ],
)
def test_time(text: Any, seconds: float) -> None:
    assert Resources.parse({"time": text}).time == seconds


@pytest.mark.parametrize(
    "wrong",
    [
        {"memory": "4 apples"},
        {"memory": "4iB"},
        {"cpus": -1},
        {"cpus": "two"},
        {"cpus": True},
        {"gpus": float("inf")},
        {"time": "1:2:3:4"},
        {"time": "soon"},
        {"tags": "fast"},
        {"tags": 3},
        {"cores": 2},
        "4GB",
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"resource|cores"):
        Resources.parse(wrong)


def test_needs_of_a_class_are_constant_or_by_key() -> None:
    class Silent:
        pass

    class Constant:
        resources = {"cpus": 3}

    class ByKey:
        def resources(self, key: dict[str, Any]) -> dict[str, Any]:
            return {"memory": key["size"]}

    assert needs_of(Silent()) is None
    assert needs_of(Constant()) == Resources(cpus=3)
    by_key = needs_of(ByKey())
    assert callable(by_key)
    assert by_key({"size": "1GB"}) == Resources(memory=1e9)


def test_how_many_fit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    capacity = capacity_of({"cpus": 8, "memory": "10GB", "gpus": 2, "tags": ["ssd"]})
    assert Resources(cpus=2).times(capacity) == 4
    assert Resources(cpus=2, memory=4e9).times(capacity) == 2
    assert Resources(cpus=0.1, gpus=0.5).times(capacity) == 4
    assert Resources(tags=frozenset({"ssd"})).times(capacity) == 8
    assert Resources(tags=frozenset({"tape"})).times(capacity) == 0
    assert most_at_once(Resources(cpus=2), capacity) == 4
    assert most_at_once(Resources(cpus=10_000), None) == 1
    assert most_at_once(lambda key: Resources(), capacity) == UNLIMITED
    text = str(too_large("lab.__spikes", Resources(gpus=3), capacity, {"mouse": 1}))
    assert "{'mouse': 1} of lab.__spikes takes cpus 1, memory 0, gpus 3, but there is cpus 8" in text


def test_the_union_is_enough_for_both() -> None:
    both = Resources(1, 5, 0, 60, frozenset("a")) | Resources(2, 3, 1, 0, frozenset("b"))
    assert both == Resources(2, 5, 1, 60, frozenset("ab"))


def test_gpus_are_given_by_name_and_shared_by_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4, 7")
    ledger = Ledger(None)
    whole, half = Resources(0, gpus=1), Resources(0, gpus=0.5)
    assert ledger.take("one", whole) == ("4",)
    assert ledger.take("two", half) == ("7",)
    assert ledger.take("three", half) == ("7",)
    assert ledger.take("four", half) is None
    ledger.give_back("two")
    ledger.give_back("one")
    assert ledger.take("two", whole) == ("4",)
    ledger.give_back("two")
    ledger.give_back("three")
    assert ledger.take("three", half) == ("7",), "the device that it had before"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert Ledger(None).take("one", whole) == (), "nobody knows which there are"


amounts = st.builds(
    Resources,
    cpus=st.integers(0, 4),
    memory=st.integers(0, 4),
    gpus=st.sampled_from([0, 0.25, 0.5, 1, 2]),
)


@given(st.lists(st.tuples(st.integers(0, 5), amounts)))
def test_what_is_held_never_exceeds_the_capacity(requests: list[tuple[int, Resources]]) -> None:
    capacity = capacity_of({"cpus": 4, "memory": 4, "gpus": 2})
    ledger, held, devices = Ledger(capacity), dict[int, Resources](), dict[int, tuple[str, ...]]()
    for who, need in requests:
        ledger.give_back(who)
        held.pop(who, None)
        devices.pop(who, None)
        chosen = ledger.take(who, need)
        if chosen is not None:
            held[who], devices[who] = need, chosen
        for name in ("cpus", "memory", "gpus"):
            assert sum(getattr(item, name) for item in held.values()) <= getattr(capacity, name)
        for device in ledger.devices:
            assert sum(min(held[item].gpus, 1) for item in held if device in devices[item]) <= 1
