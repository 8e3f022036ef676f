"""The command line: looking, querying, deleting, and that queries run no code."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import datamill as dm
from datamill.cli.commands import app
from datamill.cli.evaluate import evaluate
from datamill.data.connection import Connection
from datamill.errors import DataMillError, QuerySyntaxError


@pytest.fixture
def lab(connection: Connection) -> Connection:
    lab = dm.Schema("lab", connection=connection)
    far = dm.Schema("far", connection=connection)

    @lab
    class Mouse(dm.Manual):
        definition = "# Mice\nmouse : int32\n---\nborn = null : date\ndata = null : <blob>"

    @lab
    class Session(dm.Manual):
        definition = "-> Mouse\nsession : int32\n---\nscore : float64"

        class Probe(dm.Part):
            definition = "-> master\nprobe : int32"

    @far
    class Result(dm.Manual):
        definition = "-> Session\n---\nnote = '' : varchar(20)"

    Mouse.insert([{"mouse": 1, "born": "2025-01-02", "data": [1, 2]}, {"mouse": 2}])
    Session.insert([{"mouse": m, "session": s, "score": m + s / 2} for m in (1, 2) for s in (1, 2)])
    Session.Probe.insert([{"mouse": 1, "session": 1, "probe": p} for p in (1, 2)])
    Result.insert([{"mouse": 1, "session": 1, "note": 'a "b", c'}])
    return connection


def run(*arguments: str, url: str, code: int = 0, given: str | None = None) -> Result:
    result = CliRunner().invoke(app, [*arguments, "--url", url], input=given)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def read(*arguments: str, url: str) -> Any:
    return json.loads(run(*arguments, "--json", url=url).stdout)


def test_ls(lab: Connection, database_url: str) -> None:
    listed = read("ls", url=database_url)
    assert {"schema": "lab", "tables": 3} in listed
    tables = read("ls", "lab", "--count", url=database_url)
    assert tables[0] == {"table": "Mouse", "tier": "manual", "comment": "Mice", "rows": 2}
    assert [row["table"] for row in tables] == ["Mouse", "Session", "Session.Probe"]
    assert "Session.Probe" in run("ls", "lab", url=database_url).stdout
    assert "Did you mean 'lab'" in run("ls", "lob", url=database_url, code=1).stderr


def test_describe(lab: Connection, database_url: str) -> None:
    found = read("describe", "Session", url=database_url)
    assert found["parents"] == ["lab.mouse"]
    assert set(found["children"]) == {"lab.session__probe", "far.result"}
    assert [item["name"] for item in found["attributes"]] == ["mouse", "session", "score"]
    text = run("describe", "lab.Session.Probe", url=database_url).stdout
    assert "probe" in text
    assert "lab.session" in text
    run("describe", "Nothing", url=database_url, code=1)


def test_diagram(lab: Connection, database_url: str, tmp_path: Path) -> None:
    text = run("diagram", url=database_url).stdout
    assert "└─ Session" in text
    assert "Result" in text
    graph = read("diagram", "Session", "--up", "1", url=database_url)
    assert len(graph["nodes"]) == 2
    assert graph["edges"][0]["attr_map"] == {"mouse": "mouse"}
    assert "schema of 3 tables" in run("diagram", "lab", "--collapse", url=database_url).stdout
    for name in ("d.svg", "d.mmd"):
        run("diagram", "-o", str(tmp_path / name), url=database_url)
        assert (tmp_path / name).stat().st_size > 100
    run("diagram", "-o", str(tmp_path / "d.txt"), url=database_url, code=1)


def test_query_forms(lab: Connection, database_url: str, tmp_path: Path) -> None:
    expression = "lab.Mouse * Session & 'score > 1.5' & {'mouse': [1, 2]}"
    rows = read("query", expression, "--order-by", "KEY", url=database_url)
    assert [(row["mouse"], row["session"]) for row in rows] == [(1, 2), (2, 1), (2, 2)]
    assert rows[0]["born"] == "2025-01-02"
    assert rows[0]["data"] == [1, 2]
    text = run("query", "Result.proj('note', x='session * 2')", "-f", "csv", url=database_url).stdout
    assert list(csv.reader(io.StringIO(text))) == [
        ["mouse", "session", "note", "x"],
        ["1", "1", 'a "b", c', "2"],
    ]
    assert "Total: 4" in run("query", "Session", url=database_url).stdout
    assert "SELECT" in run("query", "Session", "--sql", url=database_url).stdout
    assert read("query", "Session", "--limit", "2", url=database_url)[1]["session"] == 2
    assert read("query", "Session & 'score > 100'", url=database_url) == []
    run("query", "Session", "-f", "parquet", "-o", str(tmp_path / "s.parquet"), url=database_url)
    from pyarrow import parquet

    assert parquet.read_table(str(tmp_path / "s.parquet")).num_rows == 4
    run("query", "Session", "-f", "parquet", url=database_url, code=2)
    run("query", "Session", "-f", "csv", "-o", str(tmp_path / "s.csv"), url=database_url)
    assert (tmp_path / "s.csv").read_text().startswith("mouse,session,score\n")
    assert "QuerySyntaxError" in run("query", "Session &", url=database_url, code=1).stderr


EXPRESSIONS = {
    "Mouse": 2,
    "dm.U('session') & Session": 2,
    "U('session').aggr(Session, n='count(*)')": 2,
    "Mouse.aggr(Session, ..., n='count(*)') & 'n = 2'": 2,
    "Mouse() - Session.proj()": 0,
    "Session & [{'mouse': 1}, 'session = 2']": 3,
    "Session & dm.Top(3, order_by='score DESC')": 3,
    "Session - dm.Not('mouse = 1')": 2,
    "Session & Not(Result)": 3,
    "Session & -Result": 3,
    "Session & AndList(['mouse = 1', {'session': 1}])": 1,
    "Result << (Mouse & 'mouse = 1')": 1,
    "Mouse >> Result": 1,
    "Session.Probe.join(lab.Session)": 2,
    "Session & {'score': -1.5}": 0,
    "(Session & 'mouse = 1').proj() + (Session & 'mouse = 2')": 4,
}


def test_what_expressions_mean(lab: Connection) -> None:
    for text, count in EXPRESSIONS.items():
        assert len(evaluate(lab, text)) == count, text


REFUSED = [
    "__import__('os').system('true')",
    "Mouse.__class__",
    "Mouse.connection",
    "Mouse.delete(prompt=False)",
    "Mouse.insert([{'mouse': 9}])",
    "Mouse.to_dicts()",
    "Mouse.proj.__globals__",
    "[m for m in Mouse]",
    "(lambda: Mouse)()",
    "Mouse if True else Mouse",
    "Mouse & f'{1}'",
    "Mouse[0]",
    "Mouse ** 2",
    "2 * 3",
    "'a' * 100000000",
    "Mouse & {**{}}",
    "Mouse.proj(*['a'])",
    "not Mouse",
    "Nothing",
    "lab",
    "'Mouse'",
    "Mouse & (",
    "Mouse * 3",
    "(" * 5000 + "Mouse" + ")" * 5000,
    "Mouse & " + "-" * 20000 + "1",
]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_nothing_but_the_algebra_is_carried_out(lab: Connection, text: str) -> None:
    with pytest.raises(DataMillError):
        evaluate(lab, text)


def test_errors_say_where(lab: Connection) -> None:
    with pytest.raises(QuerySyntaxError, match="Did you mean 'Mouse'") as raised:
        evaluate(lab, "Session * Mous")
    assert raised.value.position == 10


def test_delete(lab: Connection, database_url: str) -> None:
    target = "lab.Mouse & 'mouse = 1'"
    plan = read("delete", target, "--plan", url=database_url)
    assert plan["total"] == 6
    assert "2 rows" in run("delete", target, "--plan", url=database_url).stdout
    assert len(evaluate(lab, "Mouse")) == 2
    run("delete", target, url=database_url, code=1, given="n\n")
    assert len(evaluate(lab, "Mouse")) == 2
    assert "6 in all" in run("delete", target, "--trash", url=database_url, given="y\n").stdout
    assert len(evaluate(lab, "Mouse")) == 1
    assert len(dm.trash.list("lab", connection=lab)) == 1
    run("delete", "Session", "--yes", url=database_url)
    run("delete", "Mouse * Session", "--yes", url=database_url, code=1)


def test_shell(lab: Connection, database_url: str) -> None:
    lab.close()
    result = subprocess.run(
        [sys.executable, "-m", "datamill", "shell", "--url", database_url],
        input="print('rows', len(lab.Session()), dm.__name__)\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert "rows 4 datamill" in result.stdout


def test_looking_leaves_no_database_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    for arguments in (["ls"], ["diagram"], ["query", "Mouse"], ["delete", "Mouse", "--plan"]):
        assert "There is no database" in run(*arguments, url=url, code=1).stderr
    assert list(tmp_path.iterdir()) == []


def test_output_that_cannot_be_written(lab: Connection, database_url: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing" / "rows.csv")
    assert "missing" in run("query", "Mouse", "-f", "csv", "-o", missing, url=database_url, code=1).stderr


def test_what_json_has_no_form_for_is_null(lab: Connection, database_url: str) -> None:
    mouse = dm.FreeTable(lab, "lab.mouse")
    mouse.insert1({"mouse": 3, "data": {"x": [float("nan"), 1.0, float("inf")]}})
    (row,) = read("query", "Mouse & 'mouse = 3'", url=database_url)
    assert row["data"] == {"x": [None, 1.0, None]}
    text = run("query", "Mouse & 'mouse = 3'", "-f", "csv", url=database_url).stdout
    assert "[null, 1.0, null]" in text


def test_messages_repeat_little_of_a_long_expression(lab: Connection, database_url: str) -> None:
    error = run("query", "(" * 3000 + "Mouse", url=database_url, code=1).stderr
    assert len(error) < 500
    assert "takes no arguments" in run("query", "Mouse(1)", url=database_url, code=1).stderr
