"""Fetch: every format, with the types of the table in the documentation, also with no rows."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datamill.algebra.conditions import U
from datamill.algebra.operators import distinct, project, restrict, top, universal_aggregate
from datamill.algebra.relations import BaseTable, Relation
from datamill.data import fetch, iterate
from datamill.data.connection import Connection
from datamill.data.delete import delete, delete_quick
from datamill.data.insert import insert
from datamill.data.update import update1
from datamill.errors import DataMillError, InvalidValueError, MissingExtraError, UnknownAttributeError
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]

DEFINITION = """
    k : int32
    ---
    i = null : int16
    u = null : uint64
    f = null : float32
    flag = null : bool
    word = null : varchar(10)
    kind = null : enum('x','y')
    day = null : date
    hour = null : time(3)
    at = null : datetime(6)
    price = null : decimal(6,2)
    id = null : uuid
    raw = null : bytes
    document = null : json
    blob = null : <blob>
    """

FULL: dict[str, Any] = {
    "k": 1,
    "i": -5,
    "u": 2**64 - 1,
    "f": 0.1,
    "flag": True,
    "word": "été",
    "kind": "y",
    "day": datetime.date(2024, 2, 29),
    "hour": datetime.time(1, 2, 3, 4000),
    "at": datetime.datetime(2024, 2, 29, 12, 0, 0, 123456),
    "price": Decimal("1.50"),
    "id": uuid.UUID(int=5),
    "raw": b"\x00\x01",
    "document": {"a": [1, None]},
    "blob": [1, "a", None],
}
EMPTY = dict.fromkeys(FULL) | {"k": 2}


@pytest.fixture
def table(connection: Connection, declare: Declare) -> Relation:
    spec = declare("lab.everything", DEFINITION)
    insert(connection, spec, [FULL, EMPTY])
    return BaseTable(spec, connection)


@pytest.fixture
def numbers(connection: Connection, declare: Declare) -> Relation:
    spec = declare("lab.number", "k : int32\n---\nsquare : int64\nname : varchar(10)")
    insert(connection, spec, [{"k": k, "square": k * k, "name": f"n{k}"} for k in range(2500)])
    return BaseTable(spec, connection)


def test_dicts_round_trip(connection: Connection, table: Relation) -> None:
    assert fetch.to_dicts(connection, table, order_by="KEY") == [FULL, EMPTY]
    assert [list(row) for row in fetch.to_dicts(connection, table)] == [list(FULL)] * 2
    assert fetch.to_dicts(connection, restrict(table, "k > 5")) == []


def test_order_limit_and_offset_act_as_a_further_top(connection: Connection, numbers: Relation) -> None:
    def names(relation: Relation, **options: Any) -> list[int]:
        return [row["k"] for row in fetch.to_dicts(connection, relation, **options)]

    assert names(numbers, order_by="k DESC", limit=2) == [2499, 2498]
    assert names(numbers, limit=2, offset=3) == [3, 4]
    assert names(numbers, offset=2498) == [2498, 2499]
    assert names(top(numbers, 3, "k DESC"), limit=2) == [2499, 2498]
    assert names(top(numbers, 3, "k DESC"), order_by="k", limit=2) == [2497, 2498]
    assert names(top(numbers, 3, "k DESC", 1)) == [2498, 2497, 2496]
    assert fetch.head(connection, numbers, 2)[1]["k"] == 1
    assert [row["k"] for row in fetch.tail(connection, numbers, 2)] == [2498, 2499]
    with pytest.raises(TypeError):
        names(numbers, limit="3")
    with pytest.raises(ValueError):
        names(numbers, limit=-1)


@pytest.mark.parametrize("rows", ["k = 1", "k > 5"])
def test_numpy_types_follow_the_heading(rows: str, connection: Connection, table: Relation) -> None:
    found = fetch.to_arrays(connection, restrict(table, rows))
    kinds = {name: found.dtype[name].str.lstrip("<|=") for name in found.dtype.names}
    numeric = {"k": "i8", "i": "i8", "u": "u8", "f": "f8", "flag": "b1"}
    assert kinds == {name: numeric.get(name, "O") for name in FULL}


def test_numpy_columns_with_null(connection: Connection, table: Relation) -> None:
    i, f, flag, blob = fetch.to_arrays(connection, table, "i", "f", "flag", "blob", order_by="k")
    assert (i.dtype, list(i)) == (np.dtype(object), [-5, None])
    assert f.dtype == np.dtype("float64")
    assert np.isnan(f[1])
    assert list(flag) == [True, None]
    assert blob.shape == (2,)
    assert list(blob) == [[1, "a", None], None]


def test_arrays_of_names_and_keys(connection: Connection, numbers: Relation) -> None:
    few = restrict(numbers, "k < 3")
    square = fetch.to_arrays(connection, few, "square", order_by="k DESC")
    assert list(square) == [4, 1, 0]
    keys, name, square = fetch.to_arrays(
        connection, few, "name", "square", include_key=True, order_by="square DESC"
    )
    assert keys == [{"k": 2}, {"k": 1}, {"k": 0}]
    assert (list(name), list(square)) == (["n2", "n1", "n0"], [4, 1, 0])
    assert list(fetch.to_arrays(connection, top(few, 2, "name DESC"), "square")) == [4, 1]
    with pytest.raises(UnknownAttributeError):
        fetch.to_arrays(connection, few, "sqare")


def test_blobs_of_one_shape_are_not_stacked(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.image", "k : int32\n---\nimage : <blob>")
    insert(connection, spec, [{"k": k, "image": np.full((1, 3), k)} for k in range(2)])
    relation = BaseTable(spec, connection)
    images = fetch.to_arrays(connection, relation, "image")
    assert images.shape == (2,)
    assert images[0].shape == (1, 3)
    assert fetch.to_dicts(connection, relation, squeeze=True)[0]["image"].shape == (3,)
    assert [row["image"].shape for row in iterate.iterate(connection, relation)] == [(1, 3)] * 2


@pytest.mark.parametrize(("rows", "null"), [("k = 1", False), ("k > 5", False), ("TRUE", True)])
def test_pandas_types(rows: str, null: bool, connection: Connection, table: Relation) -> None:
    pytest.importorskip("pandas")
    found = fetch.to_pandas(connection, restrict(table, rows), order_by="k")
    assert found.index.names == ["k"]
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == {
        "i": "Int64" if null else "int64",
        "u": "UInt64" if null else "uint64",
        "f": "float64",
        "flag": "boolean" if null else "bool",
        "word": "str",
        "kind": "str",
        "day": "object",
        "hour": "object",
        "at": "datetime64[us]",
        "price": "object",
        "id": "object",
        "raw": "object",
        "document": "object",
        "blob": "object",
    }


def test_pandas_index(connection: Connection, declare: Declare) -> None:
    pandas = pytest.importorskip("pandas")
    spec = declare("lab.pair", "a : int32\nb : varchar(3)\n---\nc : int32")
    insert(connection, spec, [{"a": 1, "b": "x", "c": 2}])
    assert fetch.to_pandas(connection, BaseTable(spec, connection)).index.names == ["a", "b"]
    one = declare("lab.one", "---\nc = 1 : int32")
    insert(connection, one, [{}])
    assert isinstance(fetch.to_pandas(connection, BaseTable(one, connection)).index, pandas.RangeIndex)


@pytest.mark.parametrize("rows", ["TRUE", "k > 5"])
def test_arrow_types(rows: str, connection: Connection, table: Relation) -> None:
    pytest.importorskip("pyarrow")
    found = fetch.to_arrow(connection, restrict(table, rows), order_by="k")
    assert {field.name: str(field.type) for field in found.schema} == {
        "k": "int32",
        "i": "int16",
        "u": "uint64",
        "f": "float",
        "flag": "bool",
        "word": "string",
        "kind": "string",
        "day": "date32[day]",
        "hour": "time64[us]",
        "at": "timestamp[us]",
        "price": "decimal128(6, 2)",
        "id": "string",
        "raw": "large_binary",
        "document": "string",
        "blob": "large_binary",
    }
    marks = {b"datamill.type": b"<blob>", b"datamill.stored": b"true"}
    assert found.schema.field("blob").metadata == marks
    if len(found):
        row = found.to_pylist()[0]
        assert (row["u"], row["price"], row["at"]) == (2**64 - 1, Decimal("1.50"), FULL["at"])
        assert isinstance(row["blob"], bytes)


def test_arrow_decodes_on_request(connection: Connection, declare: Declare) -> None:
    pytest.importorskip("pyarrow")
    spec = declare("lab.image", "k : int32\n---\nimage : <blob>")
    insert(connection, spec, [{"k": 1, "image": np.arange(3)}])
    found = fetch.to_arrow(connection, BaseTable(spec, connection), decode=True)
    assert found.to_pylist()[0]["image"] == [0, 1, 2]
    insert(connection, spec, [{"k": 2, "image": "text"}])
    with pytest.raises(DataMillError, match="Arrow"):
        fetch.to_arrow(connection, BaseTable(spec, connection), decode=True)


@pytest.mark.parametrize("rows", ["TRUE", "k > 5"])
def test_polars_types(rows: str, connection: Connection, table: Relation) -> None:
    polars = pytest.importorskip("polars")
    found = fetch.to_polars(connection, restrict(table, rows), order_by="k")
    assert found.columns == list(FULL)
    assert found.schema["i"] == polars.Int16
    assert found.schema["at"] == polars.Datetime("us")
    assert found.schema["price"] == polars.Decimal(6, 2)
    assert found.schema["blob"] == polars.Object
    if len(found):
        assert found["word"].to_list() == ["été", None]
        assert found["blob"].to_list() == [[1, "a", None], None]


def test_a_missing_library_names_its_extra(
    connection: Connection, table: Relation, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from datamill.data.formats import FORMATS

    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setitem(sys.modules, "datamill.data.formats.polars", None)
    monkeypatch.delitem(sys.modules, "datamill.data.formats.polars")
    monkeypatch.setattr(FORMATS, "_values", {})
    monkeypatch.setattr(FORMATS, "_builtin", {"polars": "datamill.data.formats.polars:to_polars"})
    with pytest.raises(MissingExtraError, match=r"datamill\[polars\]"):
        fetch.to_polars(connection, table)


def test_fetch1(connection: Connection, numbers: Relation) -> None:
    one = restrict(numbers, {"k": 3})
    assert fetch.fetch1(connection, one) == {"k": 3, "square": 9, "name": "n3"}
    assert fetch.fetch1(connection, one, "name") == "n3"
    assert fetch.fetch1(connection, one, "name", "KEY", "square") == ("n3", {"k": 3}, 9)
    assert fetch.fetch1(connection, one, "KEY") == {"k": 3}
    with pytest.raises(DataMillError, match="several"):
        fetch.fetch1(connection, numbers)
    with pytest.raises(DataMillError, match="no row"):
        fetch.fetch1(connection, restrict(numbers, {"k": -3}), "name")
    with pytest.raises(UnknownAttributeError):
        fetch.fetch1(connection, one, "nmae")


def test_keys_counts_and_existence(connection: Connection, numbers: Relation) -> None:
    few = restrict(numbers, "k < 3")
    assert fetch.keys(connection, few, order_by="k DESC") == [{"k": 2}, {"k": 1}, {"k": 0}]
    assert fetch.keys(connection, top(few, 2, "name DESC")) == [{"k": 2}, {"k": 1}]
    assert fetch.count(connection, few) == 3
    assert fetch.exists(connection, few)
    assert not fetch.exists(connection, restrict(few, "k > 10"))
    assert not fetch.exists(connection, top(few, 0))


def test_cursor_and_sql(connection: Connection, numbers: Relation) -> None:
    one = restrict(numbers, {"k": 3, "name": "n3"})
    assert fetch.cursor(connection, one).fetchall() == [(3, 9, "n3")]
    assert list(fetch.cursor(connection, one, as_dict=True)) == [{"k": 3, "square": 9, "name": "n3"}]
    sql = fetch.make_sql(connection, one)
    assert connection.query(sql, None).fetchall() == [(3, 9, "n3")]
    assert (
        connection.query(fetch.make_sql(connection, one, ["name"]), None, as_dict=True).fetchall()[0]["name"]
        == "n3"
    )
    assert sql in fetch.explain(connection, one)


def test_iteration_is_a_snapshot_and_lets_the_body_write(connection: Connection, numbers: Relation) -> None:
    spec = numbers.spec  # type: ignore[union-attr]
    seen = 0
    for row in iterate.iterate(connection, numbers):
        if seen < 3:
            insert(connection, spec, [{"k": 10_000 + seen, "square": 0, "name": ""}])
            assert fetch.count(connection, numbers) == 2501 + seen
        assert row["square"] == row["k"] ** 2
        seen += 1
    assert seen == 2500
    rows = iter(iterate.iterate(connection, numbers))
    assert next(rows)["k"] == 0
    del rows
    connection.catalog.drop_tables([spec.name])


def test_legacy_fetch(connection: Connection, numbers: Relation) -> None:
    few = restrict(numbers, "k < 2")

    def old(*attributes: str, **options: Any) -> Any:
        with pytest.warns(DeprecationWarning, match="fetch"):
            return fetch.legacy_fetch(connection, few, *attributes, order_by="k", **options)

    assert old().dtype.names == ("k", "square", "name")
    assert old("KEY") == [{"k": 0}, {"k": 1}]
    assert list(old("name")) == ["n0", "n1"]
    keys, names = old("KEY", "name")
    assert (keys, list(names)) == ([{"k": 0}, {"k": 1}], ["n0", "n1"])
    assert old(as_dict=True, limit=1) == [{"k": 0, "square": 0, "name": "n0"}]
    assert old("name", as_dict=True) == [{"k": 0, "name": "n0"}, {"k": 1, "name": "n1"}]
    assert list(old(format="frame").columns) == ["square", "name"]
    for options in ({"format": "frame", "as_dict": True}, {"format": "table"}):
        with pytest.warns(DeprecationWarning, match="fetch"), pytest.raises(DataMillError):
            fetch.legacy_fetch(connection, few, **options)


def test_an_empty_heading(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.one", "---\nc = 1 : int32")
    insert(connection, spec, [{}])
    relation = project(BaseTable(spec, connection))
    assert fetch.to_dicts(connection, relation) == [{}]
    assert fetch.keys(connection, relation) == [{}]
    assert fetch.to_arrays(connection, relation).shape == (1,)


def test_iteration_needs_memory_for_a_batch_only(connection: Connection, declare: Declare) -> None:
    import tracemalloc

    spec = declare("lab.large", "k : int32\n---\ndata : bytes")
    insert(connection, spec, ({"k": k, "data": bytes(200_000)} for k in range(200)))
    tracemalloc.start()
    try:
        assert (
            sum(len(row["data"]) for row in iterate.iterate(connection, BaseTable(spec, connection)))
            == 40_000_000
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 15_000_000


def test_attachments_go_where_they_are_wanted(
    connection: Connection, declare: Declare, tmp_path: Path
) -> None:
    spec = declare("lab.note", "k : int32\n---\nfile : <attach>")
    (tmp_path / "note.txt").write_text("hello", encoding="utf-8")
    insert(connection, spec, [{"k": 1, "file": tmp_path / "note.txt"}])
    folder = tmp_path / "out"
    folder.mkdir()
    path = fetch.fetch1(connection, BaseTable(spec, connection), "file", download_path=folder)
    assert Path(path).read_text(encoding="utf-8") == "hello"
    assert Path(path).parent == folder
    assert fetch.to_dicts(connection, BaseTable(spec, connection), download_path=folder)[0]["file"]


def test_reads_are_reported_to_a_running_make(connection: Connection, numbers: Relation) -> None:
    class Watch:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def on_read(self, tables: Any, relation: Any = None) -> None:
            self.seen.append(",".join(map(str, tables)))

        def on_insert(self, batch: Any) -> bool:
            return False

        def on_write(self, action: str, table: Any, details: Any) -> None:
            self.seen.append(f"{action} {table}")

        def on_unreadable(self, sql: str) -> None:
            self.seen.append(sql)

        def origin(self) -> dict[str, Any]:
            return {}

        def may_insert(self, table: Any) -> bool:
            return False

    watch = Watch()
    connection.observer = watch
    try:
        few = restrict(numbers, "k < 3")
        fetch.to_dicts(connection, few)
        fetch.count(connection, few)
        fetch.exists(connection, few)
        fetch.keys(connection, few)
        fetch.cursor(connection, few)
        list(iterate.iterate(connection, few))
        assert watch.seen == ["lab.number"] * 6
        spec = numbers.spec  # type: ignore[union-attr]
        watch.seen.clear()
        update1(connection, spec, {"k": 1, "name": "x"})
        delete(connection, few, prompt=False)
        delete_quick(connection, numbers)
        insert(connection, spec, restrict(numbers, "k < 0"))
    finally:
        connection.observer = None
    writes = [item for item in watch.seen if " " in item]
    assert writes == ["update lab.number", "delete lab.number", "delete lab.number", "insert lab.number"]


def test_distinct_and_aggregates_fetch_too(connection: Connection, numbers: Relation) -> None:
    few = restrict(numbers, "k < 4")
    total = universal_aggregate(U(), few, n="count(*)", s="sum(square)", m="avg(k)")
    assert fetch.fetch1(connection, total) == {"n": 4, "s": 14, "m": 1.5}
    assert fetch.head(connection, total) == fetch.tail(connection, total) == fetch.to_dicts(connection, total)
    assert fetch.keys(connection, total) == [{}]
    assert fetch.to_pandas(connection, total).shape == (1, 3)
    named = distinct(U("name"), few)
    assert [row["name"] for row in fetch.to_dicts(connection, named, order_by="KEY")] == [
        "n0",
        "n1",
        "n2",
        "n3",
    ]


def test_native_blobs_of_older_pipelines(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.old", "k : int32\n---\nb = null : longblob")
    relation = BaseTable(spec, connection)
    with pytest.raises(InvalidValueError, match=r"compat\.blobs"):
        insert(connection, spec, [{"k": 1, "b": np.arange(3)}])
    insert(connection, spec, [{"k": 0, "b": b"raw"}])
    with connection.config.override(compat__blobs=True):
        insert(connection, spec, [{"k": 1, "b": np.arange(3)}, {"k": 2, "b": {"a": [1, 2]}}, {"k": 3}])
        insert(connection, spec, [{"k": 4, "b": np.zeros((1, 5000))}, {"k": 5, "b": b"dj0\0"}])
        update1(connection, spec, {"k": 2, "b": "text"})
        found = fetch.to_dicts(connection, relation, order_by="k")
        assert found[0]["b"] == b"raw"
        np.testing.assert_array_equal(found[1]["b"], [0, 1, 2])
        assert [found[2]["b"], found[3]["b"], found[5]["b"]] == ["text", None, b"dj0\0"]
        squeezed = fetch.fetch1(connection, restrict(relation, {"k": 4}), "b", squeeze=True)
        assert squeezed.shape == (5000,)
        frame = fetch.to_polars(connection, relation, order_by="k")
        assert frame["b"].to_list()[2] == "text"
        assert fetch.to_pandas(connection, relation)["b"].loc[2] == "text"
        with pytest.raises(InvalidValueError, match="cannot be packed"):
            insert(connection, spec, [{"k": 6, "b": object()}])
    assert fetch.fetch1(connection, restrict(relation, {"k": 2}), "b").startswith(b"dj0\0")
