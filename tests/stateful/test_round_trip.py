"""Whatever a type accepts comes back as the same value, and finds its row again."""

from __future__ import annotations

import datetime
import math
import string
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.backends.conftest import FRESH_DATABASES, USED_DATABASES, resolve
from tests.stateful.engines import engine_names

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


@pytest.fixture(scope="module", params=engine_names())
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    name = str(request.param)
    url = FRESH_DATABASES[name](tmp_path_factory.mktemp(name))
    with Connection(url=url) as connection:
        connection.catalog.create_schema("lab")
        yield connection
    if name in USED_DATABASES:
        USED_DATABASES[name](url)


@pytest.fixture(params=list(VALUES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def table(database: Connection, kind: str) -> TableSpec:
    name = TableName("lab", "thing")
    database.catalog.drop_tables([name])
    database.catalog.declare(resolve(database, "lab", "thing", f"k : int32\n---\nvalue = null : {kind}"))
    return database.catalog.spec(name)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_values_come_back_and_find_their_row(
    data: st.DataObject, database: Connection, kind: str, table: TableSpec
) -> None:
    values = data.draw(st.lists(values_of(kind, database) | st.none(), min_size=1, max_size=4))
    relation = BaseTable(table, database)
    delete(database, relation, prompt=False)
    insert(database, table, [{"k": k, "value": value} for k, value in enumerate(values)])
    found = fetch.to_arrays(database, relation, "value", order_by="k").tolist()
    rows = [row["value"] for row in fetch.to_dicts(database, relation, order_by="k")]
    assert list(map(same, rows)) == list(map(same, values))
    assert len(found) == len(values)
    update1(database, table, {"k": 0, "value": values[-1]})
    assert same(fetch.fetch1(database, restrict(relation, {"k": 0}), "value")) == same(values[-1])
    if kind not in ("json", "<blob>"):
        matching = restrict(relation, {"value": values[-1]})
        assert {row["k"] for row in fetch.keys(database, matching)} >= {0, len(values) - 1}


def values_of(kind: str, database: Connection) -> st.SearchStrategy[Any]:
    """Return what a type accepts on a database: MySQL and MariaDB know no infinity (spec 01, section 5)."""
    if kind.startswith("float") and database.dialect.name in ("mysql", "mariadb"):
        return VALUES[kind].filter(math.isfinite)
    return VALUES[kind]


def same(value: Any) -> Any:
    """Return what makes two values alike: the type counts, and so do the digits of decimals.

    SQLite keeps no sign of zero.
    """
    if isinstance(value, float):
        value += 0.0
    return (type(value), str(value)) if isinstance(value, Decimal | float) else (type(value), value)
