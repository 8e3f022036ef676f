"""Diagrams: algebra, restricted rows, traces, pictures."""

from __future__ import annotations

import re
import sys
import types
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import datamill as dm
from datamill.data.connection import Connection
from datamill.errors import DataMillError, MissingExtraError


def put(table: Any, rows: list[tuple[Any, ...]]) -> None:
    names = table.heading.names
    table.insert([dict(zip(names, row, strict=True)) for row in rows], allow_direct_insert=True)


class Lab:
    """Two schemas: a chain, a diamond, a renamed pair, parts, and a lookup."""

    def __init__(self, connection: Connection) -> None:
        self.lab = lab = dm.Schema("lab", connection=connection)
        self.far = far = dm.Schema("far", connection=connection)

        @lab
        class Rig(dm.Lookup):
            definition = "rig : int32"
            contents = [{"rig": 1}, {"rig": 2}]

        @lab
        class Mouse(dm.Manual):
            definition = "# <Mice> & \"friends\"\nmouse : int32\n---\nname = '' : varchar(20)"

        @lab
        class Session(dm.Manual):
            definition = "-> Mouse\nsession : int32\n---\n-> [nullable] Rig"

            class Probe(dm.Part):
                definition = "-> master\nprobe : int32"

        @lab
        class Scan(dm.Imported):
            definition = "-> Session"

        @far
        class Pair(dm.Manual):
            definition = "pair : int32\n---\n-> Mouse.proj(one='mouse')\n-> Mouse.proj(two='mouse')"

        @far
        class Merged(dm.Computed):
            definition = "-> Scan\n-> Pair"

        self.Rig, self.Mouse, self.Session, self.Scan, self.Pair, self.Merged = (
            Rig,
            Mouse,
            Session,
            Scan,
            Pair,
            Merged,
        )
        put(Mouse, [(m, f"m{m}") for m in range(4)])
        put(Session, [(m, s, 1 if s else None) for m in range(3) for s in range(2)])
        put(Session.Probe, [(m, 1, p) for m in range(2) for p in range(2)])
        put(Scan, [(m, 1) for m in range(3)])
        put(Pair, [(1, 0, 1), (2, 1, 2), (3, 2, 3)])
        put(Merged, [(0, 1, 1), (1, 1, 2), (2, 1, 3)])

    def full(self, *tables: Any) -> set[str]:
        return {table.full_table_name for table in tables}


@pytest.fixture
def lab(connection: Connection) -> Lab:
    return Lab(connection)


def test_what_a_diagram_is_made_of(lab: Lab) -> None:
    everything = dm.Diagram(lab.lab)
    assert everything.nodes_to_show == lab.full(lab.Rig, lab.Mouse, lab.Session, lab.Session.Probe, lab.Scan)
    assert (
        dm.Diagram([lab.lab, lab.far]).nodes_to_show
        == dm.Diagram.from_sequence([lab.lab, lab.far]).nodes_to_show
    )
    assert dm.Diagram(lab.Session()).nodes_to_show == lab.full(lab.Session)
    module = types.ModuleType("pipeline")
    vars(module).update(schema=lab.far, Mouse=lab.Mouse)
    assert dm.Diagram(module).nodes_to_show == lab.full(lab.Pair, lab.Merged)
    with pytest.raises(DataMillError, match="cannot be drawn"):
        dm.Diagram("lab")
    with pytest.raises(DataMillError, match="has no tables"):
        dm.Diagram(types.ModuleType("empty"))


def test_levels_and_sets(lab: Lab) -> None:
    session = dm.Diagram(lab.Session)
    assert (session + 1).nodes_to_show == lab.full(lab.Session, lab.Session.Probe, lab.Scan)
    assert (session - 1).nodes_to_show == lab.full(lab.Session, lab.Mouse, lab.Rig)
    assert (session + 2).nodes_to_show >= lab.full(lab.Merged)
    assert (session - 1 + 1).nodes_to_show > (session + 1 - 1).nodes_to_show
    assert (session + 0).nodes_to_show == session.nodes_to_show
    assert (session + lab.Mouse).nodes_to_show == lab.full(lab.Session, lab.Mouse)
    assert (dm.Diagram(lab.lab) - lab.Mouse - session).nodes_to_show == lab.full(
        lab.Rig, lab.Session.Probe, lab.Scan
    )
    assert (dm.Diagram(lab.lab) * (session - 1)).nodes_to_show == (session - 1).nodes_to_show
    assert session.add_parts().nodes_to_show == lab.full(lab.Session, lab.Session.Probe)
    for wrong in (-1, True):
        with pytest.raises(DataMillError, match="levels"):
            session + wrong
    with Connection(url="sqlite://") as other:
        there = dm.Schema("there", connection=other)
        with pytest.raises(DataMillError, match="different databases"):
            session + dm.Diagram(there)


def test_membership_and_indexing(lab: Lab) -> None:
    d = dm.Diagram(lab.lab)
    for key in (lab.Session.Probe, "Session.Probe", "lab.Session.Probe", lab.Session.Probe.full_table_name):
        assert key in d
        assert d[key].full_table_name == lab.Session.Probe.full_table_name
    assert isinstance(d[lab.Mouse], lab.Mouse)
    assert isinstance(d["Mouse"], dm.FreeTable)
    assert lab.Pair not in d
    assert "Nothing" not in d
    assert len(d) == 5
    with pytest.raises(DataMillError, match="Did you mean 'Mouse'"):
        d["Mous"]
    second = dm.Schema("second", connection=lab.lab.connection)

    @second
    class Mouse(dm.Manual):
        definition = "other : int32"

    both = d + Mouse
    with pytest.raises(DataMillError, match=r"may be .*lab\.mouse"):
        both["Mouse"]
    assert both["second.Mouse"].full_table_name == Mouse.full_table_name


def test_restrictions_travel_down(lab: Lab) -> None:
    d = dm.Diagram([lab.lab, lab.far]).restrict(lab.Mouse & "mouse < 2")
    assert counts(d) == {
        "Mouse": 2, "Rig": 2, "Session": 4, "Session.Probe": 4, "Scan": 2, "Pair": 2, "Merged": 2,
    }  # fmt: skip
    assert len(d) == 7
    d = d.restrict(lab.Session & "session = 1").restrict(lab.Pair & "pair > 1")
    assert counts(d) == {
        "Mouse": 2, "Rig": 2, "Session": 2, "Session.Probe": 4, "Scan": 2, "Pair": 1, "Merged": 1,
    }  # fmt: skip
    assert d[lab.Merged].to_dicts() == [{"mouse": 1, "session": 1, "pair": 2}]
    assert [table.full_table_name for table in d] == list(d.counts())
    assert [len(table) for table in reversed(d)] == list(d.counts().values())[::-1]
    assert counts(dm.Diagram(lab.lab).restrict(lab.Rig & "rig = 1"))["Scan"] == 3
    assert counts(dm.Diagram(lab.lab).restrict(lab.Rig & "rig = 2"))["Scan"] == 0
    with pytest.raises(DataMillError, match="not in the diagram"):
        dm.Diagram(lab.lab).restrict(lab.Pair())
    with pytest.raises(DataMillError, match="not restricted"):
        dm.Diagram(lab.lab).counts()


def counts(d: dm.Diagram) -> dict[str, int]:
    return {table.class_name: len(table) for table in d}


def test_prune_hides_what_is_empty(lab: Lab) -> None:
    d = dm.Diagram([lab.lab, lab.far]).restrict(lab.Mouse & "mouse = 3")
    assert d.prune().nodes_to_show == lab.full(lab.Mouse, lab.Rig, lab.Pair)
    lab.Merged.delete(prompt=False)
    assert dm.Diagram(lab.far).prune().nodes_to_show == lab.full(lab.Pair)


def test_a_cascade_is_the_plan_of_a_delete(lab: Lab) -> None:
    source = lab.Mouse & "mouse = 1"
    d = dm.Diagram.cascade(source)
    plan = source.plan_delete()
    assert d.counts() == plan.counts() == plan.diagram().counts()
    assert d[lab.Pair].to_dicts() == plan[lab.Pair].to_dicts()
    assert isinstance(plan[lab.Pair], dm.QueryExpression)
    assert len(plan[lab.Pair] * lab.Merged) == 2
    assert re.search(r"Pair .*manual +2 rows", str(d))
    for method in (d.prune, lambda: d.restrict(source), lambda: d + lab.Rig):
        with pytest.raises(DataMillError, match="cascade"):
            method()
    assert (d - lab.Mouse).nodes_to_show == d.nodes_to_show - lab.full(lab.Mouse)
    probes = dm.Diagram.cascade(lab.Session.Probe & "probe = 0", part_integrity="cascade")
    assert probes.counts()[lab.Session.full_table_name] == 2


def test_a_trace_goes_up_every_path(lab: Lab) -> None:
    d = dm.Diagram.trace(lab.Merged & "pair = 2")
    assert counts(d) == {"Rig": 1, "Mouse": 2, "Session": 1, "Scan": 1, "Pair": 1, "Merged": 1}
    assert d[lab.Mouse].keys(order_by="KEY") == [{"mouse": 1}, {"mouse": 2}]
    assert counts(dm.Diagram.trace(lab.Session & "session = 0"))["Rig"] == 0
    assert counts(dm.Diagram.trace((lab.Merged & dm.Top(1, "pair DESC")).proj()))["Mouse"] == 2
    with pytest.raises(DataMillError, match="trace"):
        d.restrict(lab.Mouse & "mouse = 1")


def test_the_graph(lab: Lab) -> None:
    d = dm.Diagram([lab.Mouse, lab.Session, lab.Pair])
    assert d.nodes[lab.Session.full_table_name] == {"primary_key": {"mouse", "session"}}
    assert len(d.edges) == 3
    assert list(d.successors("Mouse")) == [lab.Pair.full_table_name, lab.Session.full_table_name]
    assert list(d.predecessors(lab.Session)) == [lab.Mouse.full_table_name]
    (edge,) = [e for (_, child, _), e in d.edges.items() if child == lab.Session.full_table_name]
    assert edge == {"attr_map": {"mouse": "mouse"}, "primary": True, "aliased": False, "multi": True}


def test_text(lab: Lab) -> None:
    assert re.sub(" {2,}", "  ", str(dm.Diagram([lab.lab, lab.far]))).splitlines() == [
        "Rig  lookup",
        "Mouse  manual",
        "├─ Pair  manual",
        "└─ Session  <- Rig  manual",
        "  ├─ Probe  part",
        "  └─ Scan  imported",
        "  └─ Merged  <- Pair  computed",
    ]
    collapsed = dm.Diagram(lab.lab).collapse() + dm.Diagram(lab.far)
    assert re.sub(" {2,}", "  ", str(collapsed)).splitlines() == [
        "lab  schema of 5 tables",
        "└─ Pair  manual",
        "  └─ Merged  <- lab  computed",
    ]
    assert str(dm.Diagram(lab.Mouse) - lab.Mouse) == "(no tables)"


def test_dot(lab: Lab) -> None:
    dot = (dm.Diagram([lab.lab, lab.far])).make_dot()
    assert dot == dm.Diagram([lab.far, lab.lab]).make_dot()
    mouse = next(line for line in dot.splitlines() if '"lab.mouse" [' in line)
    assert "<U>Mouse</U>" in mouse
    assert 'tooltip="# <Mice> & \\"friends\\"\\nmouse' in mouse
    assert "<Scan>" in dot  # it adds no key attribute
    edges = [line for line in dot.splitlines() if '"lab.mouse" -> "far.pair"' in line]
    assert len(edges) == 2
    assert all("dashed" in line and "#c77700" in line and 'class="renamed"' in line for line in edges)
    assert 'tooltip="one <- mouse"' in edges[0]
    (scan,) = [line for line in dot.splitlines() if '"lab.session" -> "lab._scan"' in line]
    assert "penwidth=2" in scan
    assert "style=solid" in scan
    assert dot != dm.Diagram([lab.lab, lab.far]).make_dot("dark")
    with pytest.raises(ValueError, match="pink"):
        dm.Diagram(lab.lab).make_dot("pink")


def test_collapsed_schemas(lab: Lab) -> None:
    d = dm.Diagram([lab.lab, lab.far]).collapse()
    dot = d.make_dot()
    assert "(5 tables)" in dot
    assert len([line for line in dot.splitlines() if "->" in line]) == 1
    mixed = dm.Diagram(lab.lab) + d
    assert "(2 tables)" in mixed.make_dot()
    assert "(5 tables)" not in mixed.make_dot()
    assert "(1 table)" in (dm.Diagram(lab.lab) + dm.Diagram(lab.Pair).collapse()).make_dot()


def test_svg(lab: Lab, connection: Connection) -> None:
    d = dm.Diagram([lab.lab, lab.far])
    svg = d.svg_string()
    assert svg == d.svg_string()
    root = ET.fromstring(svg)
    assert root.tag.endswith("svg")
    texts = [item.text for item in root.iter() if item.tag.endswith("}text")]
    assert {"Mouse", "Probe", "Merged"} <= set(texts)
    assert "prefers-color-scheme: dark" in svg
    assert any("<Mice>" in value for item in root.iter() for value in item.attrib.values())
    connection.config["display.diagram_theme"] = "dark"
    assert "prefers-color-scheme" not in d.svg_string()
    connection.config["display.diagram_direction"] = "TB"
    assert "rankdir=TB" in d.make_dot()


def test_mermaid(lab: Lab) -> None:
    text = dm.Diagram([lab.lab, lab.far]).make_mermaid()
    assert text.startswith("flowchart LR\n")
    assert 'subgraph s0["lab"]' in text
    assert "<u>Mouse</u>" in text
    assert re.search(r"n\d+ === n\d+", text)
    assert text.count("-.-") == 3
    assert "linkStyle" in text


def test_files(lab: Lab, tmp_path: Path) -> None:
    d = dm.Diagram(lab.lab)
    starts = {
        "svg": b"<svg",
        "png": b"\x89PNG",
        "mmd": b"flowchart",
        "mermaid": b"flowchart",
        "dot": b"digraph",
    }
    for ending, start in starts.items():
        d.save(tmp_path / f"d.{ending}")
        assert (tmp_path / f"d.{ending}").read_bytes().startswith(start)
    d.save(str(tmp_path / "plain"), "gv")
    assert (tmp_path / "plain").read_bytes().startswith(b"digraph")
    with pytest.raises(DataMillError, match="'pdf'"):
        d.save(tmp_path / "d.pdf")
    assert d.make_png().getvalue() == d.make_png().getvalue()
    assert d.make_image().ndim == 3


def test_jupyter_shows_a_picture_or_text(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    d = dm.Diagram(lab.lab)
    assert set(d._repr_mimebundle_()) == {"text/plain", "image/svg+xml"}
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert d._repr_mimebundle_() == {"text/plain": str(d)}
    with pytest.raises(MissingExtraError, match="pygraphviz"):
        d.make_svg()
    assert "digraph" in d.make_dot()


def test_labels_and_titles(connection: Connection) -> None:
    schema = dm.Schema("zoo", connection=connection)

    class ROI(dm.Manual):
        definition = "roi : int32"

    ROI.__module__ = "zoo_pipeline"
    schema(ROI, context={})
    dot = dm.Diagram(schema).make_dot()
    assert "<U>ROI</U>" in dot
    assert 'label="zoo_pipeline"' in dot
    assert "<U>Region</U>" in dm.Diagram(schema, {"Region": ROI}).make_dot()
