"""Retries, sizes of claims, names of workers: decisions without a database."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.compute.batching import MOST_PER_CLAIM, SHARE, Batching
from datamill.compute.identity import is_dead, worker_name
from datamill.compute.job_table import LONGEST_MESSAGE, shortened
from datamill.compute.key_spool import KeySpool
from datamill.compute.retry import Retry, is_transient
from datamill.errors import DataMillError, LostConnectionError, QueryError, UpstreamChangedError


def test_without_a_policy_errors_are_final_and_nobodys_faults_get_three_attempts() -> None:
    policy = Retry()
    assert policy.wait(1, ValueError()) is None
    for error in (LostConnectionError("gone"), UpstreamChangedError("changed")):
        assert [policy.wait(failures, error) for failures in (1, 2, 3)] == [0.0, 0.0, None]


def test_deadlocks_are_transient() -> None:
    error = QueryError("deadlock")
    assert not is_transient(error)
    error.is_retryable = True
    assert is_transient(error)


def test_waits_grow_up_to_the_cap() -> None:
    policy = Retry(attempts=6, backoff=10, factor=3, cap=200, jitter=0)
    assert [policy.wait(failures, OSError()) for failures in range(1, 7)] == [10, 30, 90, 200, 200, None]


def test_only_the_named_errors_are_tried_again() -> None:
    policy = Retry(attempts=2, on=(OSError, KeyError))
    assert policy.wait(1, ValueError()) is None
    assert policy.wait(1, FileNotFoundError()) is not None


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 9))
def test_jitter_stays_within_its_share(jitter: float, chance: float, failures: int) -> None:
    wait = Retry(attempts=10, jitter=jitter).wait(failures, OSError(), lambda: chance)
    exact = min(3600, 10 * 2 ** (failures - 1))
    assert wait is not None
    assert exact * (1 - jitter) - 1e-6 <= wait <= exact * (1 + jitter) + 1e-6


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"backoff": -1}, {"factor": 0.5}, {"cap": -1}, {"jitter": 2}]
)
def test_senseless_policies_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataMillError, match="makes no sense"):
        Retry(**wrong)  # type: ignore[arg-type]


@given(st.lists(st.floats(1e-6, 100), max_size=12), st.integers(0, 10**6), st.integers(1, 100))
def test_a_claim_is_never_more_than_its_share(seconds: list[float], pending: int, workers: int) -> None:
    batching = Batching()
    for taken in seconds:
        size = batching.size(pending, workers)
        assert 1 <= size <= max(1, min(MOST_PER_CLAIM, pending // (SHARE * workers)))
        batching.worked(size, taken)


def test_slow_keys_are_claimed_one_by_one_and_quick_ones_by_hundreds() -> None:
    batching = Batching()
    sizes = []
    for _ in range(6):
        sizes.append(batching.size(10**6, 1))
        batching.worked(sizes[-1], sizes[-1] * 0.001)
    assert sizes == [1, 4, 16, 64, 256, 256]
    batching.worked(256, 256 * 5.0)
    assert batching.size(10**6, 1) == 1


def test_enough_is_what_the_next_size_needs() -> None:
    batching = Batching()
    batching.worked(1, 0.0001)
    assert batching.size(batching.enough(3), 3) == batching.size(10**9, 3)


def test_workers_have_names_of_their_own_and_live() -> None:
    names = {worker_name() for _ in range(100)}
    assert len(names) == 100
    assert all(len(name) <= 64 for name in names)
    assert not any(map(is_dead, names))


def test_a_worker_is_dead_once_its_process_ended() -> None:
    code = "from datamill.compute.identity import worker_name; print(worker_name(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert name.split(":")[1] == str(process.pid)
        assert not is_dead(name)
        process.kill()
        process.wait()
    assert is_dead(name)


def test_a_reused_process_number_is_told_apart() -> None:
    place, pid, start, serial = worker_name().split(":")
    assert pid == str(os.getpid())
    assert is_dead(f"{place}:{pid}:{int(start) - 1}:{serial}")


def test_workers_elsewhere_are_left_alone() -> None:
    _, rest = worker_name().split(":", 1)
    assert not is_dead(f"0123456789ab:{rest}")
    assert not is_dead("a name in another style")


def test_long_messages_are_cut() -> None:
    assert shortened("x" * LONGEST_MESSAGE) == "x" * 2047
    assert shortened("x" * 3000) == "x" * 2035 + "...truncated"


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 30), st.one_of(st.none(), st.integers(0, 50)))
def test_spooled_keys_come_back_in_order(sizes: list[int], in_memory: int, most: int | None) -> None:
    keys = [(number, f"key {number}") for number in range(sum(sizes))]
    batches, start = [], 0
    for size in sizes:
        batches.append(keys[start : start + size])
        start += size
    spool = KeySpool(batches, most, in_memory)
    assert list(spool) == keys[:most]
    assert len(spool) == len(keys[:most])
    assert sorted(key for batch in spool.batches(shuffle=True) for key in batch) == keys[:most]
    spool.close()
