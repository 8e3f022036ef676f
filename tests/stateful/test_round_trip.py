"""Whatever a type accepts comes back as the same value, and finds its row again."""

from __future__ import annotations

import datetime
import string
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backends.conftest import resolve

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.delete import delete
from datamill.data.insert import insert
from datamill.data.update import update1
from datamill.model.convert import shortest_float32
from datamill.model.names import TableName
from datamill.model.table import TableSpec

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
MOMENTS = st.datetimes(datetime.datetime(1000, 1, 1), datetime.datetime(9999, 12, 31))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int8": st.integers(-128, 127),
    "uint32": st.integers(0, 2**32 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "float32": st.floats(width=32, allow_nan=False).map(shortest_float32),
    "float64": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "varchar(20)": TEXT,
    "char(20)": TEXT.map(lambda text: text.rstrip(" ")),
    "enum('a','it''s','ü')": st.sampled_from(["a", "it's", "ü"]),
    "date": st.dates(datetime.date(1000, 1, 1)),
    "datetime": MOMENTS.map(lambda moment: moment.replace(microsecond=0)),
    "datetime(6)": MOMENTS,
    "time(3)": st.times().map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)),
    "decimal(12,3)": st.decimals(-(10**8), 10**8, places=3),
    "uuid": st.uuids(),
    "json": JSON.filter(lambda document: document is not None),
    "bytes": st.binary(max_size=40),
    "<blob>": st.lists(st.integers(-100, 100) | st.text(string.ascii_letters) | st.none(), max_size=4),
}


@pytest.fixture(scope="module", params=list(VALUES))
def table(request: pytest.FixtureRequest) -> Iterator[tuple[str, Connection, TableSpec]]:
    with Connection(url="sqlite://") as connection:
        connection.catalog.create_schema("lab")
        definition = f"k : int32\n---\nvalue = null : {request.param}"
        connection.catalog.declare(resolve(connection, "lab", "thing", definition))
        yield request.param, connection, connection.catalog.spec(TableName("lab", "thing"))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_values_come_back_and_find_their_row(
    data: st.DataObject, table: tuple[str, Connection, TableSpec]
) -> None:
    kind, connection, spec = table
    values = data.draw(st.lists(VALUES[kind] | st.none(), min_size=1, max_size=4))
    relation = BaseTable(spec, connection)
    delete(connection, relation, prompt=False)
    insert(connection, spec, [{"k": k, "value": value} for k, value in enumerate(values)])
    found = fetch.to_arrays(connection, relation, "value", order_by="k").tolist()
    rows = [row["value"] for row in fetch.to_dicts(connection, relation, order_by="k")]
    assert list(map(same, rows)) == list(map(same, values))
    assert len(found) == len(values)
    update1(connection, spec, {"k": 0, "value": values[-1]})
    assert same(fetch.fetch1(connection, restrict(relation, {"k": 0}), "value")) == same(values[-1])
    if kind not in ("json", "<blob>"):
        matching = restrict(relation, {"value": values[-1]})
        assert {row["k"] for row in fetch.keys(connection, matching)} >= {0, len(values) - 1}


def same(value: Any) -> Any:
    """Return what makes two values alike: the type counts, and so do the digits of decimals.

    SQLite keeps no sign of zero.
    """
    if isinstance(value, float):
        value += 0.0
    return (type(value), str(value)) if isinstance(value, Decimal | float) else (type(value), value)
