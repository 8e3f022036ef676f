"""The dependency graph of a connection."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datamill.data.connection import Connection
from datamill.errors import MissingTableError
from datamill.model.names import TableName

Declare = Callable[[str, str], object]


@pytest.fixture
def full(connection: Connection, declare: Declare) -> Callable[[str], str]:
    """Declares tables; returns the function from a name to the full name on this backend."""
    declare("lab.mouse", "mouse : int32")
    declare("lab.session", "-> lab.mouse\nsession : int16")
    declare("exp._scan", "-> lab.session\n---\n-> [nullable] lab.mouse.proj(mate='mouse')")
    declare("exp._scan__frame", "-> `exp`.`_scan`\nframe : int32")
    declare("exp.copy", "-> `exp`.`_scan`")
    connection.dependencies.load_all_downstream()
    return lambda name: connection.dialect.table(TableName.parse(name))


def test_nodes_and_edges(connection: Connection, full: Callable[[str], str]) -> None:
    graph = connection.dependencies
    assert graph.nodes[full("lab.session")] == {"primary_key": {"mouse", "session"}}
    assert len(graph) == 5
    assert "lab.mouse" in graph
    assert full("lab.mouse") in graph
    assert "lab.rat" not in graph
    edges = graph.edges
    assert len(edges) == 5
    assert edges[full("lab.mouse"), full("exp._scan"), ("mate",)] == {
        "attr_map": {"mate": "mouse"},
        "primary": False,
        "aliased": True,
        "multi": True,
    }
    assert edges[full("exp._scan"), full("exp.copy"), ("mouse", "session")]["multi"] is False


def test_neighbours(connection: Connection, full: Callable[[str], str]) -> None:
    graph = connection.dependencies
    assert graph.parents("exp._scan") == [full("lab.session"), full("lab.mouse")]
    assert graph.parents("exp._scan", primary=True) == [full("lab.session")]
    assert graph.parents("exp._scan", primary=False) == [full("lab.mouse")]
    assert sorted(graph.children("lab.mouse")) == sorted([full("lab.session"), full("exp._scan")])
    assert list(graph.predecessors("exp._scan")) == [full("lab.session"), full("lab.mouse")]
    assert list(graph.successors("lab.session")) == [full("exp._scan")]


def test_walks(connection: Connection, full: Callable[[str], str]) -> None:
    graph = connection.dependencies
    order = ["lab.mouse", "lab.session", "exp._scan", "exp._scan__frame", "exp.copy"]
    assert graph.topo_sort() == [full(name) for name in order]
    assert graph.descendants("lab.session") == [full(name) for name in order[1:]]
    assert graph.ancestors("exp._scan__frame") == [full(name) for name in order[3::-1]]
    assert list(graph) == list(graph.nodes)


def test_knows_activated_schemas_by_default(connection: Connection, full: Callable[[str], str]) -> None:
    class Schema:
        """Stands for an activated schema."""

    schema = Schema()
    connection.schemas["lab"] = schema
    connection.dependencies.load()
    assert connection.dependencies.topo_sort() == [full("lab.mouse"), full("lab.session")]
    connection.dependencies.load(schema_names=["exp"])
    assert len(connection.dependencies) == 3
    connection.dependencies.clear()
    assert len(connection.dependencies) == 2


def test_follows_declarations(connection: Connection, declare: Declare, full: Callable[[str], str]) -> None:
    declare("lab.rat", "rat : int32")
    assert "lab.rat" in connection.dependencies
    connection.catalog.drop_tables([TableName("lab", "rat")])
    assert "lab.rat" not in connection.dependencies


def test_unknown_names(connection: Connection, full: Callable[[str], str]) -> None:
    with pytest.raises(MissingTableError, match=r"lab\.mouse"):
        connection.dependencies.parents("lab.mose")
