"""The queue of a table: refresh, claims, ends, leases, recovery."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

import datamill as dm
from datamill.compute import claims
from datamill.compute.claims import Claims
from datamill.compute.job_table import JobTable
from datamill.compute.jobs import Jobs
from datamill.errors import DataMillWarning, JobStateError

DEFINITION = "-> Source\n---\nresult : float64"


class Lab:
    """Ten sources and results computed from them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.instance = dm.Instance(url=url, safemode=False)
        self.config = self.instance.config
        self.schema = self.instance.Schema("lab")

        @self.schema
        class Source(dm.Manual):
            definition = """
            source : int32
            ---
            value : float64
            """

        self.source: Any = Source
        Source.insert({"source": number, "value": number / 2} for number in range(10))

    def computed(self, make: Any = None, name: str = "Result", **members: Any) -> Any:
        """Declare a computed table."""
        metaclass: Any = type(dm.Computed)
        members = {"definition": DEFINITION, "make": make or double, **members}
        return self.schema(metaclass(name, (dm.Computed,), members), context={"Source": self.source})

    def claims(self, table: Any) -> Claims:
        """A worker of its own."""
        return Claims(Jobs(JobTable(self.instance.connection, table()._spec)))


def double(self: Any, key: dict[str, Any]) -> None:
    self.insert1({**key, "result": 2 * self.upstream["Source"].fetch1("value")})


def broken_at(*numbers: int) -> Any:
    def make(self: Any, key: dict[str, Any]) -> None:
        if key["source"] in numbers:
            raise ValueError(f"broken electrode {key['source']}")
        self.insert1({**key, "result": 0})

    return make


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    lab = Lab(database_url)
    yield lab
    lab.instance.connection.close()


def counts(table: Any) -> dict[str, int]:
    return {
        status: number for status, number in table.jobs.progress().items() if number and status != "total"
    }


# the table -------------------------------------------------------------------------------------------------------


def test_before_the_first_write_every_read_is_empty(lab: Lab) -> None:
    result = lab.computed()
    jobs = result.jobs
    assert not jobs.is_declared
    assert jobs.progress() == dict.fromkeys(("pending", "reserved", "success", "error", "ignore", "total"), 0)
    for some in (jobs, jobs.pending, jobs.errors, jobs.quarantined, jobs.delayed, jobs.completed):
        assert len(some) == 0
        assert some.to_dicts() == []
    assert jobs.heading.primary_key == ["source"]
    assert jobs.reserve({"source": 1}) is False
    assert (jobs.claim(3), jobs.retry(), jobs.delete()) == ([], 0, 0)
    jobs.complete({"source": 1})
    jobs.drop()
    assert lab.schema.jobs == []


def test_the_table_is_as_specified(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    assert result.jobs.table_name == "~~result"
    assert result.jobs.heading.names == [
        "source",
        *(
            "status",
            "priority",
            "created_time",
            "scheduled_time",
            "reserved_time",
            "completed_time",
            "duration",
        ),
        *("error_message", "error_stack", "user", "host", "pid", "connection_id", "version"),
    ]
    spec = lab.instance.connection.catalog.spec(result.jobs._name)
    assert [item.name for item in spec.hidden] == [
        "_worker",
        "_token",
        "_lease_until",
        "_attempts",
        "_crashes",
    ]
    assert spec.comment == f"Job queue for {result.full_table_name}"
    assert spec.foreign_keys == ()
    assert [job.table_name for job in lab.schema.jobs] == ["~~result"]


def test_instance_and_class_have_the_same_jobs(lab: Lab) -> None:
    result = lab.computed()
    result().jobs.refresh()
    assert isinstance(result.jobs, dm.Job)
    assert len(result.jobs) == len(result().jobs) == 10
    assert len(result.jobs & {"source": [1, 2]}) == 2
    assert len(lab.source & result.jobs.pending) == 10


def test_dropping_the_table_drops_its_jobs(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    name = result.jobs._name
    result.drop()
    assert not lab.instance.connection.catalog.has(name)


def test_jobs_can_be_dropped(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    result.jobs.drop()
    assert not result.jobs.is_declared
    assert result.populate(reserve_jobs=True)["success_count"] == 10


def test_leases_are_added_to_a_table_that_has_none(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    connection = lab.instance.connection
    name = connection.dialect.table(result.jobs._name)
    for column in ("_worker", "_token", "_lease_until", "_attempts", "_crashes"):
        connection.query(f"ALTER TABLE {name} DROP COLUMN {column}")
    assert not JobTable(connection, result()._spec).has_leases
    assert result.populate(reserve_jobs=True)["success_count"] == 10
    assert JobTable(connection, result()._spec).has_leases


# refresh ---------------------------------------------------------------------------------------------------------


def test_refresh_adds_what_is_missing_once(lab: Lab) -> None:
    result = lab.computed()
    result.populate({"source": 0})
    assert result.jobs.refresh("source < 4") == {"added": 3, "removed": 0, "orphaned": 0, "re_pended": 0}
    assert result.jobs.refresh()["added"] == 6
    assert result.jobs.refresh()["added"] == 0
    assert set((result.jobs & {"source": 5}).fetch1("priority", "status")) == {5, "pending"}


def test_refresh_with_delay_and_priority(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh("source < 3", delay=1000, priority=7)
    assert len(result.jobs.delayed) == len(result.jobs.pending) == 3
    assert result.jobs.claim(5) == []
    created, scheduled, priority = (result.jobs & {"source": 1}).fetch1(
        "created_time", "scheduled_time", "priority"
    )
    assert (scheduled - created).total_seconds() == 1000
    assert priority == 7
    with pytest.raises(dm.DataMillError, match="out of range"):
        result.jobs.refresh(priority=128)


def test_refresh_removes_what_is_superfluous(lab: Lab) -> None:
    result = lab.computed(broken_at(1, 2))
    result.populate(reserve_jobs=True, suppress_errors=True)
    result.jobs.delete()
    result.jobs.refresh()
    assert counts(result) == {"pending": 2}
    result.populate(reserve_jobs=True, suppress_errors=True)
    (lab.source & {"source": 1}).delete()
    assert result.jobs.refresh() == {"added": 0, "removed": 1, "orphaned": 0, "re_pended": 0}
    result.insert1({"source": 2, "result": 1}, allow_direct_insert=True)
    assert result.jobs.refresh()["removed"] == 0
    assert counts(result) == {"error": 1}


def test_refresh_removes_pending_jobs_that_are_computed(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    result.populate("source < 3")
    assert result.jobs.refresh()["removed"] == 3
    assert counts(result) == {"pending": 7}


def test_stale_jobs_go_after_their_time(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    (lab.source & "source < 2").delete()
    assert result.jobs.refresh(stale_timeout=0)["removed"] == 0
    assert result.jobs.refresh()["removed"] == 0
    time.sleep(0.01)
    assert result.jobs.refresh(stale_timeout=0.001)["removed"] == 2


def test_ignored_jobs_are_never_removed(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.ignore({"source": 1}, "noise")
    (lab.source & {"source": 1}).delete()
    time.sleep(0.01)
    result.jobs.refresh(stale_timeout=0.001)
    assert result.jobs.ignored.fetch1("source", "error_message") == (1, "noise")


def test_reservations_without_lease_are_orphaned_by_time_only(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    assert result.jobs.reserve({"source": 1})
    assert result.jobs.recover() == 0
    assert result.jobs.refresh(orphan_timeout=1000)["orphaned"] == 0
    time.sleep(0.01)
    assert result.jobs.refresh(orphan_timeout=0.001)["orphaned"] == 1
    assert counts(result) == {"pending": 10}


def test_kept_jobs_become_pending_when_their_rows_go(lab: Lab) -> None:
    lab.config["jobs.keep_completed"] = True
    result = lab.computed()
    result.populate(reserve_jobs=True)
    assert counts(result) == {"success": 10}
    assert len(result.jobs.completed & "duration >= 0 AND completed_time >= reserved_time") == 0
    assert len(result.jobs.completed & "duration >= 0") == 10
    (result & "source < 4").delete()
    assert result.jobs.refresh() == {"added": 0, "removed": 0, "orphaned": 0, "re_pended": 4}
    assert counts(result) == {"success": 6, "pending": 4}


# single jobs -----------------------------------------------------------------------------------------------------


def test_a_job_is_reserved_once(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    assert result.jobs.reserve({"source": 3})
    assert not result.jobs.reserve({"source": 3})
    assert not result.jobs.reserve({"source": 99})
    pid, host, reserved = result.jobs.reserved.fetch1("pid", "host", "reserved_time")
    assert pid > 0
    assert host
    assert reserved is not None
    result.jobs.release({"source": 3})
    assert counts(result) == {"pending": 10}


def test_ends_of_a_job(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    result.jobs.reserve({"source": 1})
    result.jobs.complete({"source": 1}, duration=3.5)
    result.jobs.complete({"source": 2})
    result.jobs.complete({"source": 2})
    result.jobs.reserve({"source": 3})
    result.jobs.error({"source": 3}, "x" * 3000, "stack " * 1000)
    message, stack = result.jobs.errors.fetch1("error_message", "error_stack")
    assert message == "x" * 2035 + "...truncated"
    assert stack == "stack " * 1000
    result.jobs.ignore({"source": 3}, "noise")
    result.jobs.ignore({"source": 1})
    assert counts(result) == {"pending": 7, "ignore": 2}


def test_what_the_table_of_transitions_refuses(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    result.jobs.error({"source": 1}, "broken")
    with pytest.raises(JobStateError, match="it is 'error'"):
        result.jobs.complete({"source": 1})
    with pytest.raises(JobStateError, match="it is 'error'"):
        result.jobs.error({"source": 1}, "again")
    with pytest.raises(JobStateError, match="it is 'pending'"):
        result.jobs.release({"source": 2})
    with pytest.raises(JobStateError, match="not in the job table"):
        result.jobs.error({"source": 99}, "broken")
    with pytest.raises(dm.DataMillError, match="no 'source' in its key"):
        result.jobs.reserve({"sourze": 1})


def test_retry_of_some_errors(lab: Lab) -> None:
    result = lab.computed(broken_at(1, 2, 3))
    result.populate(reserve_jobs=True, suppress_errors=True)
    assert result.jobs.retry({"source": 1}) == 1
    assert result.jobs.retry("error_message like '%electrode 2'") == 1
    assert counts(result) == {"pending": 2, "error": 1}
    assert (result.jobs.errors & {"source": 3}).delete() == 1
    assert counts(result) == {"pending": 2}


# populate --------------------------------------------------------------------------------------------------------


def test_reserved_populate_computes_all_and_leaves_no_jobs(lab: Lab) -> None:
    result = lab.computed()
    outcome = result.populate(reserve_jobs=True)
    assert outcome == {"success_count": 10, "error_list": []}
    assert (outcome.calls, outcome.lost, outcome.skipped) == (10, 0, 0)
    assert counts(result) == {}
    assert result.populate(reserve_jobs=True).calls == 0


def test_errors_stay_in_the_queue(lab: Lab) -> None:
    result = lab.computed(broken_at(2, 4))
    outcome = result.populate(reserve_jobs=True, suppress_errors=True)
    assert outcome["success_count"] == 8
    assert outcome["error_list"] == [
        ({"source": 2}, "ValueError: broken electrode 2"),
        ({"source": 4}, "ValueError: broken electrode 4"),
    ]
    assert counts(result) == {"error": 2}
    stack = (result.jobs.errors & {"source": 2}).fetch1("error_stack")
    assert "broken_at" not in stack.splitlines()[0]
    assert "raise ValueError" in stack
    assert result.populate(reserve_jobs=True, suppress_errors=True).calls == 0


def test_the_first_error_ends_the_run_and_releases_the_rest(lab: Lab) -> None:
    result = lab.computed(broken_at(3))
    with pytest.raises(ValueError, match="electrode 3"):
        result.populate(reserve_jobs=True)
    assert len(result) == 3
    assert counts(result) == {"error": 1, "pending": 6}
    assert set(result.jobs.pending.to_arrays("pid")) == {result.jobs.pending.to_arrays("pid")[0]}


def test_restrictions_limits_priorities_and_keys(lab: Lab) -> None:
    result = lab.computed()
    assert result.populate("source < 5", "source > 2", reserve_jobs=True)["success_count"] == 2
    assert result.populate(reserve_jobs=True, max_calls=1)["success_count"] == 1
    assert result.populate(reserve_jobs=True, max_calls=0).calls == 0
    result.jobs.delete()
    result.jobs.refresh("source >= 8", priority=1)
    outcome = result.populate(reserve_jobs=True, priority=1, refresh=False)
    assert outcome["success_count"] == 2
    assert result.populate(reserve_jobs=True, keys=[{"source": 6}])["success_count"] == 1
    assert sorted(result.to_arrays("source").tolist()) == [0, 3, 4, 6, 8, 9]


def test_priority_means_nothing_in_direct_mode(lab: Lab) -> None:
    with pytest.warns(DataMillWarning, match="no meaning"):
        lab.computed().populate(priority=3)


def test_without_refresh_only_what_is_queued_is_computed(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh("source < 2")
    assert result.populate(reserve_jobs=True, refresh=False)["success_count"] == 2
    lab.config["jobs.auto_refresh"] = False
    assert result.populate(reserve_jobs=True)["success_count"] == 0


def test_ignored_keys_are_passed_over_in_both_modes(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.ignore({"source": 1})
    result.jobs.ignore({"source": 2})
    assert result.populate("source < 4")["success_count"] == 2
    assert result.populate(reserve_jobs=True)["success_count"] == 6
    assert len(result) == 8


def test_skipped_keys_are_ignored_with_the_reason(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        raise dm.SkipKey("too short")

    result = lab.computed(make)
    assert result.populate(reserve_jobs=True).skipped == 10
    assert set(result.jobs.ignored.to_arrays("error_message")) == {"too short"}


def test_keys_that_store_nothing_are_done(lab: Lab) -> None:
    result = lab.computed(lambda self, key: None)
    with pytest.warns(dm.errors.EmptyMakeWarning):
        outcome = result.populate(reserve_jobs=True)
    assert outcome.skipped == 10
    assert counts(result) == {}


def test_rows_that_cannot_be_stored_fail_their_key_only(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": 1})
        if key["source"] == 3:
            lab.source.insert1({"source": 3, "value": 0})

    result = lab.computed(make, writes=["lab.source"])
    outcome = result.populate(reserve_jobs=True, suppress_errors=True)
    assert outcome["success_count"] == 9
    assert [key for key, _ in outcome["error_list"]] == [{"source": 3}]
    assert counts(result) == {"error": 1}


@pytest.mark.parametrize("mode", ["flush", "make"])
def test_three_parts_and_one_transaction(lab: Lab, mode: str) -> None:
    class Three:
        def make_fetch(self, key: dict[str, Any]) -> Any:
            return ((lab.source & key).fetch1("value"),)

        def make_compute(self, key: dict[str, Any], value: float) -> Any:
            return (value * 2,)

        def make_insert(self: Any, key: dict[str, Any], result: float) -> None:
            self.insert1({**key, "result": result})

    metaclass: Any = type(dm.Computed)
    cls = metaclass("Result", (Three, dm.Computed), {"definition": DEFINITION})
    result = lab.schema(cls, context={"Source": lab.source})
    assert result.populate(reserve_jobs=True)["success_count"] == 10
    plain = lab.computed(double, "Plain", transaction=mode)
    assert plain.populate(reserve_jobs=True)["success_count"] == 10
    assert counts(result) == counts(plain) == {}


# retries ---------------------------------------------------------------------------------------------------------


def test_failed_keys_wait_for_their_next_attempt(lab: Lab) -> None:
    result = lab.computed(broken_at(5), retry=dm.Retry(attempts=2, backoff=1000, jitter=0))
    outcome = result.populate(reserve_jobs=True)
    assert outcome == {"success_count": 9, "error_list": []}
    assert len(result.jobs.delayed) == 1
    assert result.jobs.pending.fetch1("error_message") == "ValueError: broken electrode 5"
    assert result.populate(reserve_jobs=True).calls == 0


def test_the_last_attempt_is_final(lab: Lab) -> None:
    result = lab.computed(broken_at(5), retry=dm.Retry(attempts=3, backoff=0))
    outcome = result.populate(reserve_jobs=True, suppress_errors=True)
    assert outcome.calls == 12
    assert outcome["error_list"] == [({"source": 5}, "ValueError: broken electrode 5")]
    assert counts(result) == {"error": 1}
    assert result.jobs.retry() == 1
    assert result.populate(reserve_jobs=True, suppress_errors=True).calls == 3


def test_inputs_that_vanish_get_three_attempts(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        raise dm.errors.UpstreamChangedError("moved")

    result = lab.computed(make)
    assert result.populate({"source": 1}, reserve_jobs=True, suppress_errors=True).calls == 3
    assert result.populate({"source": 2}, suppress_errors=True).calls == 3


# claims, leases, fences ------------------------------------------------------------------------------------------


def test_rows_that_others_lock_for_a_moment_are_claimed(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    locked = threading.Event()

    def look() -> None:
        with dm.Connection(url=lab.url) as other, other.transaction:
            row_lock = "" if lab.instance.connection.address.backend == "sqlite" else " FOR UPDATE"
            other.query(f"SELECT * FROM {result.jobs.full_table_name}{row_lock}")
            locked.set()
            time.sleep(0.2)

    looking = threading.Thread(target=look)
    looking.start()
    assert locked.wait(10)
    assert len(lab.claims(result).claim(10)) == 10
    looking.join()
    assert lab.claims(result).claim(10) == []


def test_claims_come_by_priority_then_time_then_key(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh("source in (7, 8)", priority=1)
    result.jobs.refresh("source = 3", priority=9)
    result.jobs.refresh("source in (6, 5)")
    assert [key["source"] for key in result.jobs.claim(3)] == [7, 8, 5]
    assert [key["source"] for key in result.jobs.claim(9, "priority < 9")] == [6]
    assert [key["source"] for key in result.jobs.claim(9)] == [3]
    assert counts(result) == {"reserved": 5}


def test_two_workers_never_hold_the_same_job(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    first, second = lab.claims(result), lab.claims(result)
    taken = [claim.key["source"] for claims in (first, second) for claim in claims.claim(6)]
    assert sorted(taken) == list(range(10))


def test_a_lease_that_ran_out_is_recovered_and_counts_a_crash(lab: Lab) -> None:
    lab.config["jobs.lease"] = 0.05
    result = lab.computed()
    result.jobs.refresh()
    lab.claims(result).claim(4)
    assert result.jobs.recover() == 0
    time.sleep(0.1)
    assert result.jobs.recover() == 4
    assert counts(result) == {"pending": 10}
    assert len(result.jobs & "_crashes = 1") == 4


def test_jobs_over_which_a_worker_was_lost_are_claimed_alone(lab: Lab) -> None:
    lab.config["jobs.lease"] = 0.05
    result = lab.computed()
    result.jobs.refresh()
    lab.claims(result).claim(2)
    time.sleep(0.1)
    result.jobs.recover()
    claims = lab.claims(result)
    assert [[claim.key["source"] for claim in claims.claim(20)] for _ in range(3)] == [
        [0],
        [1],
        [2, 3, 4, 5, 6, 7, 8, 9],
    ]


def test_jobs_that_kill_their_workers_are_put_aside(lab: Lab) -> None:
    lab.config["jobs.lease"] = 0.02
    lab.config["jobs.max_crashes"] = 2
    result = lab.computed()
    result.jobs.refresh("source = 1")
    for _ in range(2):
        assert len(lab.claims(result).claim(1)) == 1
        time.sleep(0.05)
        result.jobs.recover()
    assert "lost 2 times" in result.jobs.quarantined.fetch1("error_message")
    assert result.jobs.retry() == 1
    assert len(result.jobs.quarantined) == 0


def test_the_heartbeat_keeps_a_slow_key(lab: Lab) -> None:
    lab.config["jobs.lease"] = 0.4
    seen = []

    def make(self: Any, key: dict[str, Any]) -> None:
        for _ in range(8):
            time.sleep(0.1)
            seen.append(lab.instance.connection.query("SELECT 1").fetchone())
        self.insert1({**key, "result": 0})

    result = lab.computed(make)
    outcome = result.populate({"source": 1}, reserve_jobs=True)
    assert (outcome["success_count"], outcome.lost) == (1, 0)


def test_a_claim_given_to_another_worker_stores_nothing(lab: Lab) -> None:
    lab.config["jobs.lease"] = 100
    other = dm.Instance(url=lab.url, safemode=False)

    def make(self: Any, key: dict[str, Any]) -> None:
        if key["source"] == 2:  # somebody gives the job to another worker while this one computes
            name = other.connection.dialect.table(jobs._name)
            other.connection.query(f"UPDATE {name} SET _worker = 'another', _token = 7 WHERE source = 2")
        self.insert1({**key, "result": 0})

    result = lab.computed(make)
    jobs = result.jobs
    outcome = result.populate(reserve_jobs=True)
    assert (outcome["success_count"], outcome.lost) == (9, 1)
    assert counts(result) == {"reserved": 1}
    assert len(result & {"source": 2}) == 0
    other.connection.close()


def test_a_job_ignored_meanwhile_stores_nothing(lab: Lab) -> None:
    other = dm.Instance(url=lab.url, safemode=False)
    members = {"definition": DEFINITION}
    metaclass: Any = type(dm.Computed)

    def make(self: Any, key: dict[str, Any]) -> None:
        if key["source"] == 2:
            twin.jobs.ignore(key, "stop")
        if key["source"] == 3:
            self.insert1({**key, "result": 0})
            assert len(result & key) == 1  # reads its own row: the flush transaction opens early
            return
        self.insert1({**key, "result": 0})

    result = lab.computed(make)
    schema = other.Schema("lab")
    twin = schema(metaclass("Result", (dm.Computed,), members), context={"Source": lab.source.on(other)})
    outcome = result.populate(reserve_jobs=True)
    assert (outcome["success_count"], outcome.lost) == (9, 1)
    assert result.jobs.ignored.fetch1("source") == 2
    assert (result & {"source": 2}).to_dicts() == []
    other.connection.close()


def test_an_interrupt_gives_claims_back_without_counting(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        if key["source"] == 2:
            raise KeyboardInterrupt
        self.insert1({**key, "result": 0})

    result = lab.computed(make)
    with pytest.raises(KeyboardInterrupt):
        result.populate(reserve_jobs=True)
    assert counts(result) == {"pending": 8}
    assert len(result) == 2
    assert len(result.jobs & "_attempts = 0 AND _crashes = 0") == 8


def test_a_killed_worker_is_noticed_at_once(lab: Lab) -> None:
    result = lab.computed()
    result.jobs.refresh()
    lab.instance.connection.commit_transaction()
    code = """
import os, signal, sys
import datamill as dm
from datamill.compute import claims
from datamill.compute.claims import Claims
from datamill.compute.job_table import JobTable
from datamill.compute.jobs import Jobs
lab = dm.Instance(url=sys.argv[1])
spec = lab.FreeTable("lab.__result")._spec
Claims(Jobs(JobTable(lab.connection, spec))).claim(3)
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code, lab.url], check=False, timeout=60)
    assert counts(result) == {"reserved": 3, "pending": 7}
    assert result.populate(reserve_jobs=True)["success_count"] == 10
    assert counts(result) == {}


NAMES = ("user", "host", "pid", "version", "duration", "connection_id")


def keyed_by(lab: Lab, *names: str) -> Any:
    """Declare a computed table whose key has attributes of these names."""
    schema = lab.instance.Schema("named")

    @schema
    class Method(dm.Manual):
        definition = "\n".join(f"{name} : int32" for name in names)

    Method.insert(dict.fromkeys(names, number) for number in range(4))

    @schema
    class Fit(dm.Computed):
        definition = "-> Method\n---\nfitted : int32"

        def make(self, key: dict[str, Any]) -> None:
            if key[names[0]] == 2:
                raise ValueError("no fit")
            self.insert1({**key, "fitted": 1})

    return Fit


def test_keys_may_be_named_like_what_queues_tell_of_workers(lab: Lab) -> None:
    fit = keyed_by(lab, *NAMES)
    lab.instance.config["jobs.keep_completed"] = True
    key = dict.fromkeys(NAMES, 3)
    fit.jobs.refresh()
    fit.jobs.ignore(key, "no")
    assert fit.populate(reserve_jobs=True, suppress_errors=True)["success_count"] == 2
    assert fit.jobs.errors.keys() == [dict.fromkeys(NAMES, 2)]
    assert fit.jobs.progress() == {
        "pending": 0,
        "reserved": 0,
        "success": 2,
        "error": 1,
        "ignore": 1,
        "total": 4,
    }
    assert fit.keys() == [dict.fromkeys(NAMES, number) for number in range(2)]
    assert dm.Runner(fit).errors()[0]["key"] == dict.fromkeys(NAMES, 2)


def test_keys_named_like_what_queues_need_are_refused(lab: Lab) -> None:
    fit = keyed_by(lab, "status")
    with pytest.raises(dm.DataMillError, match="can have no job queue: 'status'"):
        fit.populate(reserve_jobs=True)
    assert fit.populate(suppress_errors=True)["success_count"] == 3


def terminated_at(moment: int, work: Callable[[], object]) -> bool:
    """Run a function in which SIGTERM comes at the n-th step of a worker's taking jobs and giving them back.

    Returns:
        False if the function ended before.
    """
    steps = 0

    def count(frame: FrameType, event: str, function: object) -> None:
        nonlocal steps
        if frame.f_code.co_filename == claims.__file__ and frame.f_code.co_name in ("claim", "release"):
            steps += 1
            if steps == moment:
                signal.raise_signal(signal.SIGTERM)

    try:
        sys.setprofile(count)
        work()
    except (SystemExit, ValueError):
        pass
    finally:
        sys.setprofile(None)
    return steps >= moment


def test_a_worker_that_is_told_to_stop_at_any_moment_keeps_no_job(lab: Lab) -> None:
    """As the worker whose error ends a run, which gives its jobs back while the others, and it too, are stopped."""
    result = lab.computed(broken_at(1))
    result.jobs.refresh()
    moment = 1
    while terminated_at(moment, lambda: result.populate(reserve_jobs=True, refresh=False)):
        assert result.jobs.progress()["reserved"] == 0, moment
        result.jobs.delete()
        result.delete(prompt=False)
        result.jobs.refresh()
        moment += 1
    assert moment > 20
