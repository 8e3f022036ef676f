"""Arguments of wrong types: a TypeError or an error of datamill that says what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import datamill as dm


class Lab:
    def __init__(self, url: str) -> None:
        self.instance = dm.Instance(url=url, safemode=False)
        self.connection = self.instance.connection
        self.schema = self.instance.Schema("lab")

        @self.schema
        class Mouse(dm.Manual):
            definition = """
            mouse : int32
            ---
            name = '' : varchar(8)
            """

            class Toy(dm.Part):
                definition = "-> master\ntoy : int8"

        @self.schema
        class Weight(dm.Computed):
            definition = "-> Mouse"

            def make(self, key: dict[str, Any]) -> None:
                self.insert1(key)

        Mouse.insert1({"mouse": 1})
        Weight.populate()
        self.mouse, self.weight = Mouse, Weight


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    lab = Lab(database_url)
    yield lab
    lab.connection.close()


public: Any = dm
WRONG: list[tuple[Callable[[Any], Any], str]] = [
    (lambda lab: lab.mouse.insert1({"mouse": 2}, parts=True), "parts must map part tables to their rows"),
    (lambda lab: lab.mouse.validate([], parts=3), "parts must map part tables to their rows"),
    (lambda lab: lab.mouse.alter(prompt=False, fill=True), "fill must map"),
    (lambda lab: lab.mouse.alter(prompt=False, renames=["a"]), "renames must map"),
    (lambda lab: lab.weight.alter(context=3, prompt=False), "context of a definition must be a mapping"),
    (lambda lab: lab.mouse.describe(3), "context must be a mapping"),
    (lambda lab: lab.mouse.on(3), "on takes an Instance, not int"),
    (lambda lab: lab.mouse().preview(width="wide"), "width must be a number"),
    (lambda lab: lab.mouse().preview("all"), "limit must be a number"),
    (lambda lab: lab.weight.populate(make_kwargs=True), "make_kwargs must be a mapping"),
    (lambda lab: lab.weight.populate(keys=3), "keys must be an iterable"),
    (lambda lab: lab.weight.populate(keys="mouse = 1"), "keys must be a mapping"),
    (lambda lab: lab.weight.populate(processes="four"), "processes must be a whole number"),
    (lambda lab: lab.weight.jobs.ignore(3), "must be a mapping"),
    (lambda lab: lab.weight.jobs.error({"mouse": 1}, 3), "message about a job must be text"),
    (lambda lab: lab.weight.jobs.refresh(delay="soon"), "delay must be a number"),
    (lambda lab: lab.weight.jobs.refresh(priority="high"), "priority must be a whole number"),
    (lambda lab: lab.schema.make_classes(3), "a module or a mapping"),
    (lambda lab: lab.schema.drift_of("Mouse"), "class of a table"),
    (lambda lab: lab.instance.Schema(3), "name must be text"),
    (lambda lab: lab.instance.FreeTable(3), "name of a table must be text"),
    (lambda lab: lab.connection.dependencies.children(None), "name of a table must be text"),
    (lambda lab: lab.connection.query(None), "SQL must be text"),
    (lambda lab: lab.instance.config[None], "name of a setting must be text"),
    (lambda lab: public.Connection(3), "host must be text"),
    (lambda lab: public.Connection(url=b"sqlite://"), "URL must be text"),
    (lambda lab: public.Schema("lab", connection=lab.instance), "connection must be a Connection"),
    (lambda lab: public.list_schemas("sqlite://"), "connection must be a Connection"),
    (lambda lab: public.trash.purge(connection="sqlite://"), "connection must be a Connection"),
    (lambda lab: public.FreeTable(), "FreeTable takes a full name"),
    (lambda lab: public.Retry(attempts="three"), "attempts must be a number"),
    (lambda lab: public.get_codec(3), "name of a codec must be text"),
    (lambda lab: public.register_type("x"), "must be a class"),
    (lambda lab: public.Connection("localhost", user=3), "user must be text"),
    (lambda lab: public.Connection("localhost", port="x"), "port must be a whole number"),
    (lambda lab: public.Diagram(lab.schema).save("x.svg", format=3), "format must be text"),
    (lambda lab: public.gc.collect(3), "garbage is collected from schemas or their names"),
    (lambda lab: public.trash.list(3), "schema must be a Schema or its name"),
    (lambda lab: public.export_project("x", 4), "schemas, their names and expressions are exported"),
    (lambda lab: public.copy_database(3, 4), "source and destination must be connections or URLs"),
    (lambda lab: public.metrics.snapshot(lab.mouse), "those of auto-populated tables"),
]


def test_type_errors_say_what_is_expected(lab: Lab) -> None:
    for call, text in WRONG:
        with pytest.raises(TypeError, match=text):
            call(lab)


def test_values_without_meaning_are_refused(lab: Lab) -> None:
    for seconds in (float("nan"), 10.0**40):
        with pytest.raises(dm.DataMillError, match="no usable number of seconds"):
            lab.weight.jobs.refresh(delay=seconds)
    lab.weight.jobs.refresh()
    for ask in (lab.weight.jobs.descendants, lab.weight.jobs.plan_delete):
        with pytest.raises(dm.errors.MissingTableError, match="not in the graph of tables"):
            ask()
    with pytest.raises(dm.DataMillError):
        lab.instance.Schema("\ud800")
    for arguments in ({"host": "a\0b"}, {"host": "localhost", "port": 10**9}):
        with pytest.raises(dm.errors.ConfigError):
            public.Connection(**arguments)


def test_any_number_of_levels_ends(lab: Lab) -> None:
    assert len((dm.Diagram(lab.mouse) + 10**12).nodes_to_show) == 3


def test_names_that_cannot_be_told_apart_make_no_schema(lab: Lab) -> None:
    for name in ("a.b", 'a"b', "a`b", "a\nb"):
        with pytest.raises(dm.errors.DefinitionError, match="separates or quotes names"):
            lab.instance.Schema(name)


def test_what_begins_like_a_json_path_is_one(lab: Lab) -> None:
    @lab.schema
    class Note(dm.Manual):
        definition = "note : int32\n---\ntext : json"

    Note.insert1({"note": 1, "text": {"a": [1]}})
    assert len(Note & {"text.a[0]": 1, "absent": 3}) == 1
    for path in ("text.", "text..a", "text.a[-1]", "text.a b"):
        with pytest.raises(dm.errors.QuerySyntaxError, match="is no path into the json attribute 'text'"):
            Note & {path: 1}
