"""populate(): what is computed, what is stored, and what is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import datamill as dm
from datamill.errors import (
    ContractError,
    ContractWarning,
    DataMillWarning,
    DuplicateError,
    EmptyMakeError,
    EmptyMakeWarning,
    IntegrityError,
    MakeError,
    MissingMakeError,
    UpstreamChangedError,
    WrongKeyError,
)


class Lab:
    """A small pipeline: sources, methods, and results that each test computes in its own way."""

    def __init__(self, instance: dm.Instance) -> None:
        self.instance = instance
        self.schema = instance.Schema("lab")

        @self.schema
        class Source(dm.Manual):
            definition = """
            source : int32
            ---
            value : float64
            """

        @self.schema
        class Method(dm.Lookup):
            definition = """
            method : varchar(8)
            """
            contents = (("a",), ("b",))

        self.source, self.method = Source, Method
        Source.insert({"source": number, "value": number / 2} for number in range(5))

    def computed(
        self,
        make: Any = None,
        definition: str = "-> Source\n---\nresult : float64",
        *,
        name: str = "Result",
        **members: Any,
    ) -> Any:
        """Declare a computed table with this make."""
        if make is not None:
            members["make"] = make
        metaclass: Any = type(dm.Computed)
        cls = metaclass(name, (dm.Computed,), {"definition": definition, **members})
        return self.schema(cls, context={"Source": self.source, "Method": self.method})


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    instance = dm.Instance(url=database_url, safemode=False)
    yield Lab(instance)
    instance.connection.close()


def double(self: Any, key: dict[str, Any]) -> None:
    value = self.upstream["Source"].fetch1("value")
    self.insert1({**key, "result": 2 * value})


def test_computes_what_is_missing_once(lab: Lab) -> None:
    result = lab.computed(double)
    assert result.progress() == (5, 5)
    first = result.populate({"source": [1, 2]})
    assert dict(first) == {"success_count": 2, "error_list": []}
    assert result.progress() == (3, 5)
    assert result.populate()["success_count"] == 3
    assert result.populate().calls == 0
    assert result.to_dicts()[3] == {"source": 3, "result": 3.0}


def test_default_key_source_joins_renamed_parents(lab: Lab) -> None:
    definition = "-> Source.proj(origin='source')\n-> Method\n---\nresult : float64"
    result = lab.computed(lambda self, key: self.insert1({**key, "result": 0}), definition)
    assert set(result.key_source.heading.names) == {"origin", "method"}
    assert result.populate()["success_count"] == 10


def test_upstream_undoes_renames(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": self.upstream[lab.source].fetch1("value")})

    result = lab.computed(make, "-> Source.proj(origin='source')\n---\nresult : float64", contract="strict")
    result.populate()
    assert (result & {"origin": 4}).fetch1("result") == 2.0


def test_upstream_outside_make(lab: Lab) -> None:
    result = lab.computed(double)
    with pytest.raises(dm.DataMillError, match="only while make runs"):
        result().upstream["Source"]


def test_first_error_is_raised_after_finished_keys_are_stored(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        if key["source"] == 3:
            raise ValueError("broken electrode")
        self.insert1({**key, "result": 1})

    result = lab.computed(make)
    with pytest.raises(ValueError, match="broken electrode"):
        result.populate()
    assert [row["source"] for row in result.to_dicts()] == [0, 1, 2]


def test_errors_are_collected(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        if key["source"] == 3:
            raise ValueError("broken electrode")
        self.insert1({**key, "result": 1})

    result = lab.computed(make)
    outcome = result.populate(suppress_errors=True)
    assert outcome == {"success_count": 4, "error_list": [({"source": 3}, "ValueError: broken electrode")]}
    ((_, error),) = result.populate(suppress_errors=True, return_exception_objects=True)["error_list"]
    assert isinstance(error, ValueError)


def test_a_failing_key_leaves_nothing_and_does_not_take_others_along(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": 1})
        self.Item.insert1({**key, "item": 1, "other": 7 if key["source"] == 2 else key["source"]})

    class Item(dm.Part):
        definition = """
        -> master
        item : int32
        ---
        -> Source.proj(other='source')
        """

    result = lab.computed(make, Item=Item)
    outcome = result.populate(suppress_errors=True, return_exception_objects=True)
    ((key, error),) = outcome["error_list"]
    assert key == {"source": 2}
    assert isinstance(error, IntegrityError)
    assert any("test_populate.py" in note for note in error.__notes__)
    assert outcome["success_count"] == 4
    assert (
        {row["source"] for row in result.to_dicts()} == {0, 1, 3, 4} == set(result.Item.to_arrays("source"))
    )


def test_no_transaction_is_open_while_make_computes(lab: Lab) -> None:
    seen: list[bool] = []

    def make(self: Any, key: dict[str, Any]) -> None:
        seen.append(self.connection.in_transaction)
        self.insert1({**key, "result": 1})
        seen.append(self.connection.in_transaction)

    lab.computed(make).populate()
    assert seen == [False] * 10


def test_make_sees_what_it_inserted(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": 1})
        assert (self & key).fetch1("result") == 1.0
        if key["source"] == 2:
            raise ValueError("after reading")

    result = lab.computed(make)
    outcome = result.populate(suppress_errors=True)
    assert outcome["success_count"] == 4
    assert len(result) == 4


def test_transaction_make_holds_one_transaction(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        assert self.connection.in_transaction
        self.insert1({**key, "result": 1})

    assert lab.computed(make).populate(transaction="make")["success_count"] == 5


def test_three_part_make(lab: Lab) -> None:
    calls: list[str] = []

    class Result(dm.Computed):
        definition = "-> Source\n---\nresult : float64"

        def make_fetch(self, key: dict[str, Any], scale: float = 1.0) -> tuple[float, float]:
            calls.append("fetch")
            return (lab.source & key).fetch1("value"), scale

        def make_compute(self, key: dict[str, Any], value: float, scale: float) -> tuple[float]:
            calls.append("compute")
            assert not self.connection.in_transaction
            return (value * scale,)

        def make_insert(self, key: dict[str, Any], result: float) -> None:
            calls.append("insert")
            self.insert1({**key, "result": result})

    table = lab.schema(Result, context={"Source": lab.source})
    assert table.populate(make_kwargs={"scale": 10.0}, max_calls=1)["success_count"] == 1
    assert calls == ["fetch", "compute", "fetch", "insert"]
    table.populate(make_kwargs={"scale": 10.0})
    assert (table & {"source": 4}).fetch1("result") == 20.0


def test_changed_inputs_are_noticed(lab: Lab) -> None:
    class Result(dm.Computed):
        definition = "-> Source\n---\nresult : float64"

        def make_fetch(self, key: dict[str, Any]) -> tuple[float]:
            return ((lab.source & key).fetch1("value"),)

        def make_compute(self, key: dict[str, Any], value: float) -> tuple[float]:
            change = dm.Instance(url=lab.instance.connection.address.to_url(show_password=True))
            source = lab.source.on(change)
            source.update1({**key, "value": value + 1})
            change.connection.close()
            return (value,)

        def make_insert(self, key: dict[str, Any], result: float) -> None:
            self.insert1({**key, "result": result})

    table = lab.schema(Result, context={"Source": lab.source})
    with pytest.raises(UpstreamChangedError):
        table.populate(max_calls=1)
    assert len(table) == 0


def test_generator_make(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> Any:
        value = (lab.source & key).fetch1("value")
        computed = yield (value,)
        if computed is None:
            computed = (value * 3,)
            yield computed
        self.insert1({**key, "result": computed[0]})

    result = lab.computed(make)
    assert result.populate()["success_count"] == 5
    assert (result & {"source": 2}).fetch1("result") == 3.0


def test_generator_that_ends_early_stores_nothing(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> Any:
        yield ((lab.source & key).fetch1("value"),)
        self.insert1({**key, "result": 1})

    result = lab.computed(make)
    with pytest.raises(MakeError):
        result.populate()
    assert len(result) == 0


@pytest.mark.parametrize("returned", [None, {"value": 1}, 3])
def test_parts_must_return_sequences(lab: Lab, returned: Any) -> None:
    members: dict[str, Any] = {
        "make_fetch": lambda self, key: returned,
        "make_compute": lambda self, key, *values: (1,),
        "make_insert": lambda self, key, result: self.insert1({**key, "result": result}),
    }
    with pytest.raises(MakeError, match="not a tuple or list"):
        lab.computed(**members).populate()


def test_missing_make_is_said_before_any_key(lab: Lab) -> None:
    with pytest.raises(MissingMakeError):
        lab.computed().populate()
    with pytest.raises(NotImplementedError, match="make_compute"):
        lab.computed(make_fetch=lambda self, key: ()).populate()


async def compute_later(self: Any, key: dict[str, Any]) -> None:
    self.insert1({**key, "result": 1})


async def fetch_later(self: Any, key: dict[str, Any]) -> Any:
    yield ()


@pytest.mark.parametrize(
    "members",
    [
        {"make": compute_later},
        {"make": fetch_later},
        {"make_fetch": lambda self, key: (), "make_compute": compute_later, "make_insert": double},
        {"_make_tuples": compute_later},
    ],
)
def test_asynchronous_makes_are_refused_before_any_key(lab: Lab, members: dict[str, Any]) -> None:
    with pytest.raises(MakeError, match=r"Result\.\w+ is asynchronous.*asyncio\.run"):
        lab.computed(**members).populate()


def test_makes_that_return_what_would_compute_are_refused(lab: Lab) -> None:
    with pytest.raises(MakeError, match="make returned a coroutine"):
        lab.computed(lambda self, key: compute_later(self, key)).populate()
    generator = lab.computed(lambda self, key: (number for number in range(2)), name="Second")
    with pytest.raises(MakeError, match="make returned a generator"):
        generator.populate()


def test_calling_make_of_three_parts_says_who_calls_them(lab: Lab) -> None:
    parts: dict[str, Any] = {
        name: lambda self, key, *values: () for name in ("make_fetch", "make_compute", "make_insert")
    }
    with pytest.raises(MissingMakeError, match="make_fetch, make_compute, make_insert, which populate calls"):
        lab.computed(**parts)().make({"source": 1})
    with pytest.raises(MissingMakeError, match="has no make"):
        lab.computed(name="Second")().make({"source": 1})


@pytest.mark.parametrize("what", ["schema", "table", "query"])
def test_make_declares_nothing_new(lab: Lab, what: str) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": 1})
        if what == "schema":
            lab.instance.Schema("other")
        elif what == "table":
            metaclass: Any = type(dm.Manual)
            lab.schema(metaclass("New", (dm.Manual,), {"definition": "new : int32"}))
        else:
            self.connection.query("CREATE TABLE nothing (a int)")

    result = lab.computed(make)
    with pytest.raises(MakeError, match=r"A running make cannot .*populate"):
        result.populate()
    assert len(result) == 0
    assert dm.list_schemas(lab.instance.connection) == ["lab"]
    assert "New" not in [name.partition(".")[2] for name in lab.schema.list_tables()]


def test_a_populate_with_nothing_to_do_shows_no_bar(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    result = lab.computed(double)
    result.populate(display_progress=True)
    assert "5/5" in capsys.readouterr().err
    result.populate(display_progress=True)
    assert capsys.readouterr().err == ""


def test_empty_make(lab: Lab) -> None:
    result = lab.computed(lambda self, key: None)
    with pytest.warns(EmptyMakeWarning) as caught:
        outcome = result.populate()
    assert len([item for item in caught if item.category is EmptyMakeWarning]) == 1
    assert (outcome["success_count"], outcome.skipped) == (0, 5)
    with lab.instance.config.override(jobs__empty_make="error"), pytest.raises(EmptyMakeError):
        result.populate()


def test_skip_key(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        if key["source"] % 2:
            raise dm.SkipKey("odd")
        self.insert1({**key, "result": 1})

    outcome = lab.computed(make).populate()
    assert (outcome["success_count"], outcome.skipped) == (3, 2)


def test_wrong_key(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({"source": 4 - key["source"], "result": 1})

    with pytest.raises(WrongKeyError):
        lab.computed(make).populate(contract="strict")
    with pytest.warns(ContractWarning), pytest.warns(EmptyMakeWarning):
        lab.computed(make).populate({"source": 0})


def test_same_key_twice_in_one_make(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert([{**key, "result": 1}, {**key, "result": 2}])

    with pytest.raises(DuplicateError):
        lab.computed(make).populate()


def test_contract(lab: Lab) -> None:
    @lab.schema
    class Elsewhere(dm.Manual):
        definition = "place : int32"

    def make(self: Any, key: dict[str, Any]) -> None:
        len(Elsewhere())
        self.insert1({**key, "result": 1})

    result = lab.computed(make)
    with pytest.raises(ContractError) as caught:
        result.populate(contract="strict")
    assert caught.value.other == "lab.elsewhere"
    with pytest.warns(ContractWarning) as warned:
        result.populate()
    assert len(warned) == 1
    allowed = lab.computed(make, reads=[Elsewhere])
    (allowed & "source < 2").delete(prompt=False)
    assert allowed.populate(contract="strict")["success_count"] == 2


def test_inserting_into_computed_tables_directly(lab: Lab) -> None:
    result = lab.computed(double)
    with pytest.raises(dm.DataMillError, match="allow_direct_insert"):
        result.insert1({"source": 1, "result": 0})
    result.insert1({"source": 1, "result": 0}, allow_direct_insert=True)
    assert result.progress() == (4, 5)


def test_refusals(lab: Lab) -> None:
    result = lab.computed(double)
    with pytest.raises(dm.DataMillError, match="whole table"):
        (result & {"source": 1}).populate()
    with lab.instance.connection.transaction, pytest.raises(dm.DataMillError, match="inside a transaction"):
        result.populate()
    with pytest.raises(dm.DataMillError, match="no attribute of the key source"):
        result.populate({"sauce": 1})

    def nested(self: Any, key: dict[str, Any]) -> None:
        type(self).populate()

    with pytest.raises(dm.DataMillError, match="inside a make"):
        lab.computed(nested).populate()


def test_opening_a_transaction_inside_make_raises(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        with self.connection.transaction:
            self.insert1({**key, "result": 1})

    result = lab.computed(make)
    with pytest.raises(dm.DataMillError, match="transaction"):
        result.populate()
    assert len(result) == 0
    assert not lab.instance.connection.in_transaction


@pytest.mark.parametrize(
    "sql", ["COMMIT", "/* now */ rollback", "BEGIN", "SAVEPOINT x", "DROP TABLE nothing", None]
)
def test_make_may_not_end_its_transaction_or_change_definitions(lab: Lab, sql: str | None) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": 1})
        if sql is None:
            lab.source.drop()
        else:
            self.connection.query(sql)

    result = lab.computed(make)
    with pytest.raises(dm.DataMillError, match="A running make"):
        result.populate()
    assert len(result) == 0
    assert len(lab.source()) > 0
    assert not lab.instance.connection.in_transaction


def test_key_computed_elsewhere_meanwhile(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        other = dm.Instance(url=lab.instance.connection.address.to_url(show_password=True))
        type(self).on(other).insert1({**key, "result": -1}, allow_direct_insert=True)
        other.connection.close()
        self.insert1({**key, "result": 1})

    result = lab.computed(make)
    with pytest.warns(DataMillWarning, match="computed elsewhere"):
        outcome = result.populate(max_calls=1)
    assert (outcome["success_count"], outcome.skipped) == (0, 1)
    assert (result & {"source": 0}).fetch1("result") == -1


@pytest.mark.parametrize("reads_its_rows", [False, True])
def test_key_that_another_transaction_is_about_to_store(lab: Lab, reads_its_rows: bool) -> None:
    other = dm.Instance(url=lab.instance.connection.address.to_url(show_password=True))
    threads: list[threading.Thread] = []

    def make(self: Any, key: dict[str, Any]) -> None:
        inserted = threading.Event()

        def hold() -> None:
            with other.connection.transaction:
                type(self).on(other).insert1({**key, "result": -1}, allow_direct_insert=True)
                inserted.set()
                time.sleep(0.3)  # the flush looks for the key, sees nothing, and waits at its insert

        threads.append(threading.Thread(target=hold))
        threads[-1].start()
        inserted.wait(30)
        self.insert1({**key, "result": 1})
        if reads_its_rows:
            len(self & key)

    result = lab.computed(make)
    with pytest.warns(DataMillWarning, match="computed elsewhere"):
        outcome = result.populate(max_calls=1)
    threads[0].join()
    other.connection.close()
    assert (outcome["success_count"], outcome.skipped, outcome["error_list"]) == (0, 1, [])
    assert (result & {"source": 0}).fetch1("result") == -1


def test_source_deleted_meanwhile(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        other = dm.Instance(url=lab.instance.connection.address.to_url(show_password=True))
        (lab.source.on(other) & key).delete_quick()
        other.connection.close()
        self.insert1({**key, "result": 1})

    result = lab.computed(make)
    with pytest.raises(UpstreamChangedError):
        result.populate(max_calls=1)
    assert len(result) == 0


@pytest.mark.parametrize(("order", "expected"), [("original", [0, 1]), ("reverse", [4, 3])])
def test_order_and_limit(lab: Lab, order: str, expected: list[int]) -> None:
    made: list[int] = []

    def make(self: Any, key: dict[str, Any]) -> None:
        made.append(key["source"])
        self.insert1({**key, "result": 1})

    lab.computed(make).populate(order=order, limit=2)
    assert made == expected


def test_given_keys(lab: Lab) -> None:
    result = lab.computed(double)
    assert result.populate(keys=[{"source": 3}, {"source": 1}])["success_count"] == 2
    assert result.to_arrays("source", order_by="KEY").tolist() == [1, 3]


def test_job_metadata(lab: Lab) -> None:
    with lab.instance.config.override(jobs__add_job_metadata=True):
        result = lab.computed(double)
    assert "_job_duration" not in result.heading
    result.populate()
    assert len(result & "_job_duration >= 0 AND _job_start_time IS NOT NULL") == 5


def test_old_style_make_tuples(lab: Lab) -> None:
    result = lab.computed(_make_tuples=lambda self, key: self.insert1({**key, "result": 1}))
    assert result.populate()["success_count"] == 5


def test_key_source_override(lab: Lab) -> None:
    result = lab.computed(double, key_source=property(lambda self: lab.source & "source > 2"))
    assert result.progress() == (2, 2)
    assert result.populate()["success_count"] == 2
    odd = lab.computed(double, key_source=lab.method)
    with pytest.raises(dm.DataMillError, match="which the table lacks"):
        odd.populate()


def test_keyboard_interrupt_drops_only_the_running_key(lab: Lab) -> None:
    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": 1})
        if key["source"] == 3:
            raise KeyboardInterrupt

    result = lab.computed(make)
    with pytest.raises(KeyboardInterrupt):
        result.populate(suppress_errors=True)
    assert result.to_arrays("source", order_by="KEY").tolist() == [0, 1, 2]
    assert lab.instance.connection.observer is None


SCRIPT = """
import sys, time
import datamill as dm
lab = dm.Instance(url=sys.argv[1])
schema = lab.Schema("lab")

@schema
class Source(dm.Manual):
    definition = "source : int32"

Source.insert([{"source": i} for i in range(2000)], skip_duplicates=True)

@schema
class Slow(dm.Computed):
    definition = '''
    -> Source
    ---
    value : int32
    '''
    class Half(dm.Part):
        definition = '''
        -> master
        half : int32
        '''
    def make(self, key):
        self.insert1({**key, "value": 1})
        time.sleep(0.001)
        self.Half.insert([{**key, "half": 0}, {**key, "half": 1}])

if len(sys.argv) > 2:
    print("ready", flush=True)
    Slow.populate()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_populate_leaves_whole_keys(
    database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    run = subprocess.Popen(
        [sys.executable, str(script), database_url, "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    with dm.Connection(url=database_url) as connection:
        slow = dm.FreeTable(connection, "lab.__slow")
        while not slow and run.poll() is None:  # however slow the machine is
            time.sleep(0.05)
        os.kill(run.pid, number)
        _, errors = run.communicate(timeout=60)
        if number is signal.SIGTERM:
            assert "SIGTERM received" in errors
        half = dm.FreeTable(connection, "lab.__slow__half")
        assert 0 < len(slow) < 2000
        assert len(half) == 2 * len(slow)
        assert len(slow - half.proj()) == 0


def test_two_processes_populate_together(database_url: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    subprocess.run([sys.executable, str(script), database_url], check=True, timeout=60)
    command = [sys.executable, "-W", "ignore", str(script), database_url, "run"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    with dm.Connection(url=database_url) as connection:
        assert len(dm.FreeTable(connection, "lab.__slow")) == 2000
        assert len(dm.FreeTable(connection, "lab.__slow__half")) == 4000


def test_threads_populate_different_tables(lab: Lab) -> None:
    result = lab.computed(double)
    other = lab.computed(double, name="Other")
    threads = [threading.Thread(target=table.populate) for table in (result, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (len(result), len(other)) == (5, 5)


def test_what_parts_refer_to_may_be_read(lab: Lab) -> None:
    @lab.schema
    class Probe(dm.Manual):
        definition = "probe : int32"

    class Channel(dm.Part):
        definition = """
        -> master
        -> Probe
        """

    def make(self: Any, key: dict[str, Any]) -> None:
        self.insert1({**key, "result": len(Probe())})
        self.Channel.insert({**key, **probe} for probe in Probe.to_dicts())

    Probe.insert1({"probe": 1})
    metaclass: Any = type(dm.Computed)
    members = {"definition": "-> Source\n---\nresult : float64", "make": make, "Channel": Channel}
    cls = metaclass("WithChannels", (dm.Computed,), members)
    result = lab.schema(cls, context={"Source": lab.source, "Probe": Probe})
    assert result.populate(contract="strict")["success_count"] == 5
    assert len(result.Channel()) == 5
