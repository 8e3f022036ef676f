"""A client for both packages: a small pipeline, and questions that both must answer alike.

This file is imported by the tests, with datamill, and by the process that runs the genuine DataJoint, so it imports
neither; ``answers`` is given the package.
"""

# The package comes as an argument, so the checker cannot know the classes that are subclassed here.
# mypy: disable-error-code="misc, operator"

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np


def answers(dj: Any, schema: Any) -> dict[str, Any]:
    """Declare, insert and populate; return what each question gave, or the name of the error's class."""
    tables = declare(dj, schema)
    fill(tables)
    given: dict[str, Any] = {}
    for name, question in questions(dj, schema, tables).items():
        try:
            given[name] = plain(question())
        except Exception as error:  # noqa: BLE001 - the class of an error is an answer
            given[name] = "DataJointError" if isinstance(error, dj.DataJointError) else type(error).__name__
    return given


def declare(dj: Any, schema: Any) -> SimpleNamespace:
    """Declare the tables."""

    @schema
    class Experimenter(dj.Lookup):
        definition = """
        experimenter : varchar(16)
        ---
        full_name = '' : varchar(32)
        """
        contents = (("ann", "Ann A."), ("bob", "Bob B."), ("cyd", ""))

    @schema
    class Subject(dj.Manual):
        definition = """
        # Subjects
        subject : varchar(8)
        ---
        sex : enum('F','M')
        weight = null : float64
        """

    @schema
    class Session(dj.Manual):
        definition = """
        -> Subject
        session : int32
        ---
        day : date
        minutes : int32
        trace = null : <blob>
        -> [nullable] Experimenter
        """

        class Trial(dj.Part):
            definition = """
            -> master
            trial : int32
            ---
            outcome : enum('hit','miss')
            reaction : float64
            """

    @schema
    class Method(dj.Lookup):
        definition = """
        method : int32
        ---
        factor : float64
        """
        contents = ((1, 0.5), (2, 2.0))

    @schema
    class Score(dj.Computed):
        definition = """
        -> Session
        -> Method
        ---
        score : float64
        """

        class Detail(dj.Part):
            definition = """
            -> master
            -> Session.Trial
            ---
            value : float64
            """

        def make(self, key: dict[str, Any]) -> None:
            if key["session"] == 9:
                raise ValueError("no such session")
            factor = (Method & key).fetch1("factor")
            trials = (Session.Trial & key).to_dicts(order_by="KEY")
            self.insert1({**key, "score": factor * len(trials)})
            rows = [{**key, "trial": row["trial"], "value": row["reaction"] * factor} for row in trials]
            self.Detail.insert(rows)

    @schema
    class Summary(dj.Computed):
        definition = """
        -> Session
        ---
        total : float64
        """

        def make_fetch(self, key: dict[str, Any], **options: Any) -> tuple[Any, ...]:
            return ((Score & key).to_arrays("score").tolist(),)

        def make_compute(self, key: dict[str, Any], scores: list[float]) -> tuple[Any, ...]:
            return (sum(scores),)

        def make_insert(self, key: dict[str, Any], total: float) -> None:
            self.insert1({**key, "total": total})

        @property
        def key_source(self) -> Any:
            return Session & (Session.Trial & "outcome = 'hit'")

    return SimpleNamespace(**{name: value for name, value in locals().items() if name[0].isupper()})


def fill(t: SimpleNamespace) -> None:
    """Insert rows."""
    t.Subject.insert(
        [{"subject": "a", "sex": "F", "weight": 20.5}, {"subject": "b", "sex": "M", "weight": None}]
    )
    t.Subject.insert1({"subject": "c", "sex": "F", "weight": 18.25, "other": 1}, ignore_extra_fields=True)
    array = np.arange(6).reshape(2, 3)
    names = ("subject", "session", "day", "minutes", "trace", "experimenter")
    rows = [
        ("a", 1, "2024-01-05", 30, None, "ann"),
        ("a", 2, "2024-02-05", 45, array, None),
        ("b", 1, "2024-02-29", 60, None, "bob"),
        ("b", 9, "2024-03-01", 5, None, None),
    ]
    t.Session.insert([dict(zip(names, row, strict=True)) for row in rows])
    t.Session.Trial.insert(
        {"subject": s, "session": n, "trial": k, "outcome": "hit" if k % 2 else "miss", "reaction": k / 4}
        for s, n in (("a", 1), ("a", 2), ("b", 1))
        for k in range(n + 2)
    )


def questions(dj: Any, schema: Any, t: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    """Return the questions, in the order in which to ask them: some change rows."""

    def rows(expression: Any) -> tuple[Any, Any]:
        return expression.primary_key, expression.to_dicts(order_by="KEY")

    def key_of(error: tuple[dict[str, Any], Any]) -> Any:
        return error[0]["subject"], error[0]["session"], error[0]["method"], type(error[1]).__name__

    Subject, Session, Trial, Score = t.Subject, t.Session, t.Session.Trial, t.Score
    long = Session & "minutes > 30"
    restrictions: dict[str, Any] = {
        "text": "minutes BETWEEN 30 AND 45",
        "texts": ["minutes = 30", "session = 9"],
        "like": "subject LIKE 'a%'",
        "in": "minutes IN (5, 60)",
        "dict": {"subject": "a", "nothing": 7},
        "date": {"day": "2024-02-29"},
        "empty dict": {},
        "empty list": [],
        "true": True,
        "dicts": [{"subject": "a", "session": 1}, {"subject": "b", "session": 9}],
        "table": Subject & {"sex": "M"},
        "not": dj.Not({"subject": "a"}),
        "and": dj.AndList(["minutes > 5", {"subject": "b"}]),
        "null": {"experimenter": None},
        "array": np.array([("a", 2)], dtype=[("subject", "O"), ("session", "i4")]),
        "part": Trial & "reaction > 0.6",
        "no number": {"session": "one"},
        "no attribute": "colour = 'red'",
        "none": None,
    }
    asked: dict[str, Callable[[], Any]] = {
        f"restrict by {name}": lambda condition=condition: rows((Session & condition).proj("minutes"))
        for name, condition in restrictions.items()
    }
    return asked | {
        "minus": lambda: rows((Session - long).proj("minutes")),
        "without": lambda: rows(Subject.proj() - Session),
        "chain": lambda: rows((Session & "subject = 'a'" & "minutes > 30").proj("day")),
        "top": lambda: (Session & dj.Top(2, "minutes DESC")).proj("minutes").to_dicts(),
        "page": lambda: rows((Session & dj.Top(2, "KEY", offset=1)).proj("minutes")),
        "project": lambda: rows(Session.proj("minutes", date="day")),
        "all but": lambda: rows(Session.proj(..., "-trace", "-experimenter")),
        "rename a key": lambda: rows(Session.proj("minutes", animal="subject")),
        "compute": lambda: rows(Session.proj(hours="minutes / 60.0", year="YEAR(day)")),
        "unknown": lambda: Session.proj("colour"),
        "join": lambda: rows(Subject * Session.proj("minutes")),
        "join three": lambda: rows(Subject.proj("sex") * Session.proj("experimenter") * t.Experimenter),
        "join clashes": lambda: Trial * Score.Detail.proj(reaction="value"),
        "product": lambda: len(Subject.proj() * t.Method),
        "extend": lambda: rows(Session.proj("experimenter").extend(t.Experimenter)),
        "aggregate": lambda: rows(Session.aggr(Trial, n="count(trial)", best="min(reaction)")),
        "aggregate all": lambda: rows(Subject.aggr(Session, n="count(session)", last="max(day)")),
        "aggregate some": lambda: rows(Subject.aggr(Session, n="count(*)", exclude_nonmatching=True)),
        "having": lambda: rows(Subject.aggr(Session, n="count(session)") & "n > 1"),
        "union": lambda: rows((Subject & "sex = 'M'").proj() + (Subject & "weight > 20").proj()),
        "distinct": lambda: rows(dj.U("sex") & Subject),
        "by": lambda: rows(dj.U("outcome").aggr(Trial, n="count(*)", slowest="max(reaction)")),
        "total": lambda: dj.U().aggr(Trial, n="count(*)", most="max(trial)").fetch1(),
        "length": lambda: (len(Session()), len(long), bool(long), bool(Session & "minutes > 99")),
        "contained": lambda: ({"subject": "a"} in Session(), {"subject": "c"} in Session()),
        "keys": lambda: long.keys(order_by="KEY"),
        "fetch1": lambda: (Session & {"subject": "a", "session": 2}).fetch1(),
        "fetch1 two": lambda: (Subject & {"subject": "a"}).fetch1("sex", "weight"),
        "fetch1 of many": lambda: Subject.fetch1(),
        "fetch1 of none": lambda: (Subject & {"subject": "z"}).fetch1("sex"),
        "arrays": lambda: Trial.to_arrays("trial", "reaction", order_by="KEY"),
        "order": lambda: Session.to_dicts(order_by=["minutes DESC"], limit=2, offset=1),
        "iterate": lambda: sorted(row["minutes"] for row in Session),
        "head": lambda: Session.proj("minutes").head(2),
        "frame": lambda: Session.proj("minutes").to_pandas().reset_index().to_dict("records"),
        "names": lambda: (Session.heading.names, Session.primary_key, Session.heading.secondary_attributes),
        "kinds": lambda: [
            (
                item.name,
                item.in_key,
                item.nullable,
                item.numeric,
                item.string,
                item.is_blob,
                item.comment or "",
            )
            for item in Session.heading.attributes.values()
        ],
        "preview": lambda: repr(Session.proj("minutes")).rstrip("\n"),
        "tables": lambda: sorted(schema.list_tables()),
        "parts": lambda: [name.split(".")[-1].strip('`"') for name in Session().parts()],
        "parents": lambda: sorted(name.split(".")[-1].strip('`"') for name in Score().parents()),
        "descendants": lambda: sorted(name.split(".")[-1].strip('`"') for name in Subject().descendants()),
        "twice": lambda: Subject.insert1({"subject": "a", "sex": "F"}),
        "twice skipped": lambda: Subject.insert1({"subject": "a", "sex": "F"}, skip_duplicates=True),
        "too much": lambda: Subject.insert1({"subject": "z", "sex": "F", "colour": "red"}),
        "too little": lambda: Session.insert1({"subject": "a", "session": 5}),
        "no parent": lambda: Session.insert1(
            {"subject": "z", "session": 1, "day": "2024-01-01", "minutes": 1}
        ),
        "validate": lambda: bool(Subject.validate([{"subject": "y", "sex": "F"}])),
        "update": lambda: (Subject.update1({"subject": "b", "weight": 30.5}), rows(Subject)),
        "update nothing": lambda: Subject.update1({"subject": "z", "weight": 1}),
        "key source": lambda: (sorted(Score().key_source.primary_key), len(Score().key_source)),
        "populate one": lambda: Score.populate({"subject": "a"}, "method = 1"),
        "populate fails": lambda: Score.populate(Session & "session = 9"),
        "populate": lambda: sorted(
            map(key_of, Score.populate(suppress_errors=True, return_exception_objects=True)["error_list"])
        ),
        "progress": lambda: Score.progress(display=False),
        "scores": lambda: (rows(Score), rows(Score.Detail)),
        "reserve": lambda: Score.populate(reserve_jobs=True, suppress_errors=True)["success_count"],
        "jobs": lambda: Score.jobs.progress(),
        "messages": lambda: sorted(row["error_message"] for row in Score.jobs.errors.to_dicts()),
        "retry": lambda: (
            len([(Score.jobs & {"status": "error"}).delete()]),
            Score.jobs.progress(),
        ),
        "refresh": lambda: Score.jobs.refresh(),
        "ignore": lambda: (
            Score.jobs.ignore({"subject": "b", "session": 9, "method": 1}),
            len(Score.jobs.ignored),
        ),
        "three parts": lambda: (t.Summary.populate(), rows(t.Summary)),
        "nothing left": lambda: t.Summary.populate(),
        "cascade": lambda: sorted(dj.Diagram.cascade(Session & {"session": 2}).counts().values()),
        "trace": lambda: sorted(dj.Diagram.trace(t.Summary & {"session": 2}).counts().values()),
        "delete a part": lambda: (Trial & {"trial": 1}).delete(),
        "delete": lambda: (Subject & {"subject": "a"}).delete(),
        "left": lambda: [len(table()) for table in (Subject, Session, Trial, Score, Score.Detail, t.Summary)],
        "delete quickly": lambda: (Subject & {"subject": "c"}).delete_quick(get_count=True),
        "delete what is referenced": lambda: (Subject & {"subject": "b"}).delete_quick(),
        "drop": lambda: (t.Summary.drop(), sorted(schema.list_tables())),
    }


def plain(value: Any) -> Any:
    """Return a value without numpy, and other differences of form that nobody sees."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
