"""float32: every value comes back bit by bit, whichever way a query leads it."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from datamill.algebra.conditions import U
from datamill.algebra.operators import aggregate, project, restrict, universal_aggregate
from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.model.convert import shortest_float32
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]
VALUES = [0.1, 16777217.0, 1.17549435e-38, 3.4028234e38, -123456.79, 1 / 3, 3.982e-41, 1e-45]


def float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


@pytest.fixture
def table(connection: Connection, declare: Declare) -> BaseTable:
    spec = declare("lab.weight", "k : int32\n---\nr : float32")
    insert(connection, spec, [{"k": k, "r": value} for k, value in enumerate(VALUES)])
    return BaseTable(spec, connection)


def test_columns_and_computed_values(connection: Connection, table: BaseTable) -> None:
    expected = [float32(value) for value in VALUES]
    renamed = project(table, s="r")
    for relation in (
        renamed,
        project(table, s="COALESCE(r, r)"),
        aggregate(project(table), renamed, s="MAX(s)"),
    ):
        found = fetch.to_dicts(connection, relation, order_by="k")
        assert [float32(row["s"]) for row in found] == expected


def test_the_shortest_number_that_restores_it_is_read(connection: Connection, table: BaseTable) -> None:
    assert fetch.to_arrays(connection, table, "r", order_by="k").tolist() == list(
        map(shortest_float32, VALUES)
    )


def test_rows_are_found_by_the_value_they_came_with(connection: Connection, table: BaseTable) -> None:
    for k, value in enumerate(VALUES):
        assert [row["k"] for row in fetch.to_dicts(connection, restrict(table, {"r": value}))] == [k]
    (row,) = fetch.to_dicts(connection, universal_aggregate(U(), table, most="MAX(r)"))
    assert float32(row["most"]) == float32(max(VALUES))
