"""Tables that the driver reads by column are equal to those made of rows, for every type and value."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datamill.algebra.operators import aggregate, project, restrict, top
from datamill.algebra.relations import BaseTable, Relation
from datamill.backends.base import ReadsArrow
from datamill.data import fetch, query
from datamill.data.connection import Connection
from datamill.data.delete import delete_quick
from datamill.data.insert import insert
from datamill.errors import DataMillError, MissingTableError
from datamill.model.table import TableSpec

pyarrow = pytest.importorskip("pyarrow")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

Declare = Callable[[str, str], TableSpec]

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
TIMES = st.times().map(lambda value: value.replace(fold=0))
DATETIMES = st.datetimes(datetime.datetime(1000, 1, 1)).map(lambda value: value.replace(fold=0))
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    **{f"int{bits}": st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "float32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "float64": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "char(8)": TEXTS.map(lambda text: text.rstrip(" ")),
    "varchar(8)": TEXTS,
    "enum('a','é b')": st.sampled_from(["a", "é b"]),
    "date": st.dates(datetime.date(1000, 1, 1)),
    "datetime(6)": DATETIMES,
    "datetime": DATETIMES.map(lambda value: value.replace(microsecond=0)),
    "timestamp(6)": st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(2037, 1, 1)),
    "time(6)": TIMES,
    "uuid": st.uuids(),
    "decimal(8,3)": st.decimals(-(10**4), 10**4, places=3),
    "decimal(45,5)": st.decimals(-(10**20), 10**20, places=5),
    "json": st.recursive(
        st.none() | st.booleans() | st.integers(-(2**50), 2**50) | TEXTS,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
        max_leaves=4,
    ).filter(lambda value: value is not None),
    "bytes": st.binary(max_size=8),
    "<blob>": st.lists(st.integers(0, 9) | TEXTS, max_size=3) | st.just(np.arange(3)),
}
COLUMNS = {f"c{number}": type for number, type in enumerate(STRATEGIES)}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | STRATEGIES[type] for name, type in COLUMNS.items()}), max_size=4
)


@pytest.fixture
def everything(connection: Connection, declare: Declare) -> BaseTable:
    lines = [f"{name} = null : {type}" for name, type in COLUMNS.items()]
    return BaseTable(declare("lab.everything", "\n".join(["k : int32", "---", *lines])), connection)


@contextmanager
def by_rows() -> Iterator[None]:
    """Have every query read by rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(query, "_read_columns", lambda *_: None)
        yield


def compare(connection: Connection, relation: Relation, **options: Any) -> None:
    """Check that all forms of a relation are equal, read by column and by row."""
    tables = [fetch.to_arrow, fetch.to_pandas, fetch.to_polars]
    found = [method(connection, relation, **options) for method in tables]  # type: ignore[operator]
    with by_rows():
        arrow, frame, polar = (method(connection, relation, **options) for method in tables)  # type: ignore[operator]
    assert found[0].schema.equals(arrow.schema, check_metadata=True)
    assert found[0].equals(arrow)
    pandas.testing.assert_frame_equal(found[1], frame, check_exact=True)
    assert [list(map(type, found[1][name])) for name in frame] == [
        list(map(type, frame[name])) for name in frame
    ]
    assert found[2].schema == polar.schema
    plain = [name for name, dtype in polar.schema.items() if dtype != polars.Object]
    assert found[2].select(plain).equals(polar.select(plain))
    for name in set(polar.columns) - set(plain):
        np.testing.assert_equal(found[2][name].to_list(), polar[name].to_list())


def test_equal_for_all_types_and_values(connection: Connection, everything: BaseTable) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ROWS)
    def check(rows: list[dict[str, Any]]) -> None:
        delete_quick(connection, everything)
        insert(connection, everything.spec, [{"k": k, **row} for k, row in enumerate(rows)])
        compare(connection, everything, order_by="k")

    check()


def test_equal_for_what_is_not_finite(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.real", "k : int32\n---\nx = null : float64\ny = null : float32")
    try:
        insert(connection, spec, [{"k": 1, "x": math.inf, "y": -math.inf}, {"k": 2, "x": math.nan, "y": 0.5}])
    except DataMillError:
        pytest.skip("The database has no such numbers.")
    compare(connection, BaseTable(spec, connection), order_by="k")


def test_equal_for_queries_with_values(connection: Connection, declare: Declare) -> None:
    spec = declare(
        "lab.trial",
        "k : int32\n---\nword : varchar(20)\nday : date\nid : uuid\nx : float64\ncost : decimal(6,2)",
    )
    ids = [f"{n:032x}" for n in range(30)]
    insert(
        connection,
        spec,
        [
            {
                "k": k,
                "word": f"it's 1{k}% \\ {{}}",
                "day": "2024-02-29",
                "id": ids[k],
                "x": k / 7,
                "cost": "1.25",
            }
            for k in range(30)
        ],
    )
    table = BaseTable(spec, connection)
    day = datetime.date(2024, 2, 29)
    restrictions: list[Any] = [
        {"k": 3},
        {"word": "it's 13% \\ {}"},
        {"day": day, "id": ids[2]},
        "word LIKE 'it''s 1%' AND x > 0.5 AND cost = 1.25",
        [{"k": k, "word": f"it's 1{k}% \\ {{}}"} for k in range(0, 30, 2)],
        "k < 0",
    ]
    for restriction in restrictions:
        compare(connection, restrict(table, restriction), order_by="k")
    compare(connection, top(table, 5, "k DESC"))
    compare(connection, project(table, y="x * 2 + 1", w="CONCAT(word, '%s')", d="k % 7"), order_by="k")
    groups = project(table, "x", "cost", d="k % 7")
    compare(
        connection, aggregate(project(table), groups, n="COUNT(*)", s="SUM(cost)", m="AVG(x)"), order_by="k"
    )


class TestWhereTheDriverReadsColumns:
    @pytest.fixture(autouse=True)
    def skip_others(self, connection: Connection) -> None:
        if connection.dialect.name != "postgresql" or not isinstance(connection.session, ReadsArrow):
            pytest.skip("Reads rows only, or as test_mysql_columns checks.")
        pytest.importorskip("adbc_driver_postgresql")

    @pytest.fixture
    def number(self, connection: Connection, declare: Declare) -> BaseTable:
        spec = declare("lab.number", "k : int32\n---\nx : float64\ndocument = null : json")
        insert(connection, spec, [{"k": k, "x": k / 7} for k in range(5)])
        return BaseTable(spec, connection)

    def test_no_row_is_made(
        self, connection: Connection, everything: BaseTable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        insert(connection, everything.spec, [{"k": 1, "c0": 5}])
        monkeypatch.setattr(query, "_read_rows", None)
        assert fetch.to_arrow(connection, everything).column("c0").to_pylist() == [5]

    def test_a_transaction_sees_its_own_rows(self, connection: Connection, number: BaseTable) -> None:
        with connection.transaction:
            insert(connection, number.spec, [{"k": 9, "x": 1.0}])
            assert len(fetch.to_arrow(connection, number)) == 6
        assert len(fetch.to_arrow(connection, number)) == 6

    def test_the_cache_of_queries_stays_in_use(
        self, connection: Connection, number: BaseTable, tmp_path: Any
    ) -> None:
        connection.config.query_cache = tmp_path
        connection.set_query_cache("label")
        assert len(fetch.to_arrow(connection, number)) == 5
        connection.set_query_cache()
        insert(connection, number.spec, [{"k": 9, "x": 1.0}])
        connection.set_query_cache("label")
        assert len(fetch.to_arrow(connection, number)) == 5

    def test_types_that_came_later_are_learnt(
        self, connection: Connection, number: BaseTable, declare: Declare, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetch.to_arrow(connection, number)
        spec = declare("lab.later", "k : int32\n---\nkind : enum('one','two')")
        insert(connection, spec, [{"k": 1, "kind": "two"}])
        monkeypatch.setattr(query, "_read_rows", None)
        found = fetch.to_arrow(connection, BaseTable(spec, connection))
        assert found.to_pylist() == [{"k": 1, "kind": "two"}]

    def test_a_broken_connection_is_replaced(
        self, connection: Connection, number: BaseTable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetch.to_arrow(connection, number)
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.query(f"{others} AND datname = current_database()")
        monkeypatch.setattr(query, "_read_rows", None)
        assert len(fetch.to_arrow(connection, number)) == 5

    def test_errors_are_those_of_rows(self, connection: Connection, number: BaseTable) -> None:
        fetch.to_arrow(connection, number)
        connection.query('DROP TABLE "lab"."number"')
        with pytest.raises(MissingTableError, match="number"):
            fetch.to_arrow(connection, number)

    @pytest.mark.parametrize(
        "text", ["'infinity'::date", "'-infinity'::timestamp", "'12024-01-01'::timestamp", "'24:00'::time"]
    )
    def test_values_that_python_does_not_know_are_refused(
        self, text: str, connection: Connection, declare: Declare
    ) -> None:
        spec = declare("lab.moment", "k : int32\n---\nd = null : date\nat = null : datetime\nh = null : time")
        column = {"date": "d", "timestamp": "at", "time": "h"}[text.rpartition(":")[2]]
        connection.query(f'INSERT INTO "lab"."moment" (k, "{column}") VALUES (1, {text})')
        with pytest.raises(DataMillError):
            fetch.to_arrow(connection, BaseTable(spec, connection))

    def test_closing_ends_its_connection(self, connection: Connection, number: BaseTable) -> None:
        fetch.to_arrow(connection, number)
        count = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
        before = connection.query(count).fetchone()
        assert before is not None
        assert before[0] == 2
        connection.session._arrow.close()  # type: ignore[attr-defined]
        assert fetch.to_arrow(connection, number).num_rows == 5
