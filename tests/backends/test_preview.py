"""Previews: text and HTML."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datamill.algebra.operators import restrict, top
from datamill.algebra.relations import BaseTable, Relation
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.data.preview import preview_html, preview_text
from datamill.model.names import TableName
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]


@pytest.fixture
def table(connection: Connection, declare: Declare) -> Relation:
    spec = declare(
        "lab.mouse",
        """
        # mice & <men>
        mouse : int32   # ear "tag"
        ---
        name : varchar(40)
        photo = null : <blob>
        extra = null : json
        """,
    )
    insert(connection, spec, [{"mouse": 20 - k, "name": f"<b>{k}</b>", "photo": k} for k in range(20)])
    return BaseTable(spec, connection)


def test_text(connection: Connection, table: Relation) -> None:
    text = preview_text(connection, table, limit=2)
    assert text.splitlines() == [
        "*mouse    name          photo      extra    ",
        "+-------+ +-----------+ +--------+ +-------+",
        "1         <b>19</b>     <blob>     json     ",
        "2         <b>18</b>     <blob>     json     ",
        "   ...",
        " (Total: 20)",
    ]
    narrow = preview_text(connection, restrict(table, "mouse < 3"), width=8)
    assert narrow.splitlines()[2].startswith("1        <b>19</b")
    assert "..." not in narrow


def test_settings_and_order(connection: Connection, table: Relation) -> None:
    with connection.config.override(display__limit=3, display__show_tuple_count=False):
        assert len(preview_text(connection, table).splitlines()) == 6
    first = preview_text(connection, top(table, 2, "mouse DESC")).splitlines()
    assert (first[2][:2], first[3][:2], first[-1]) == ("20", "19", " (Total: 2)")
    assert preview_text(connection, restrict(table, "mouse > 99")).splitlines()[-1] == " (Total: 0)"


def test_html_is_escaped(connection: Connection, table: Relation) -> None:
    html = preview_html(connection, table)
    assert "<b>19</b>" not in html
    assert "&lt;b&gt;19&lt;/b&gt;" in html
    assert 'title="ear &quot;tag&quot;"' in html
    assert "mice &amp; &lt;men&gt;" in html
    assert "Total: 20" in html
    assert "<p>...</p>" in html


def test_a_preview_reads_no_blobs(connection: Connection, table: Relation) -> None:
    table_name = connection.dialect.table(TableName("lab", "mouse"))
    connection.query(f"UPDATE {table_name} SET photo = %s", (b"not a blob",))
    assert "<blob>" in preview_text(connection, table)


def test_numbers_are_shortened_not_cut(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.n", "n : uint64\n---\nx = null : float64\nd = null : decimal(30,10)")
    rows = [
        {"n": 1, "x": 1 / 3 * 1e-10, "d": "12345678901234567890.5"},
        {"n": 2, "x": -1e300 / 3, "d": None},
        {"n": 2**64 - 1, "x": 0.25, "d": 1},
    ]
    insert(connection, spec, rows)
    relation = BaseTable(spec, connection)
    lines = preview_text(connection, relation).splitlines()
    assert [line.split() for line in lines[2:5]] == [
        ["1", "3.33333333e-11", "1.23456789e+19"],
        ["2", "-3.333333e+299", "None"],
        ["1.84467441e+19", "0.25", "1.0000000000"],
    ]
    assert [line.split() for line in preview_text(connection, relation, width=3).splitlines()[2:4]] == [
        ["1", "###", "###"],
        ["2", "###", "Non"],
    ]


def test_long_texts_are_cut_in_html(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.note", "note : int32\n---\ntext : varchar(1000)")
    insert(connection, spec, [{"note": 1, "text": "<" * 200}, {"note": 2, "text": "<" * 201}])
    html = preview_html(connection, BaseTable(spec, connection))
    assert f"<td>{'&lt;' * 200}</td>" in html
    assert f"<td>{'&lt;' * 197}...</td>" in html
