"""Insert: every form of input, every option, and what it refuses."""

from __future__ import annotations

import csv
import datetime
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datamill.algebra.operators import project, restrict
from datamill.algebra.relations import BaseTable
from datamill.data.connection import Connection
from datamill.data.delete import delete_quick
from datamill.data.fetch import to_arrow, to_dicts, to_pandas, to_polars
from datamill.data.insert import insert, insert1, insert_dataframe
from datamill.data.iterate import iterate
from datamill.errors import (
    ContractError,
    ContractWarning,
    DataMillError,
    DuplicateError,
    IntegrityError,
    InvalidValueError,
    MissingAttributeError,
    UnknownAttributeError,
)
from datamill.model.table import TableSpec

Declare = Callable[[str, str], TableSpec]


@pytest.fixture
def mouse(declare: Declare) -> TableSpec:
    return declare(
        "lab.mouse",
        """
        mouse : int32
        ---
        name = 'none' : varchar(20)
        weight = null : float64
        """,
    )


def rows_of(connection: Connection, spec: TableSpec) -> list[dict[str, Any]]:
    return to_dicts(connection, BaseTable(spec, connection), order_by="KEY")


THREE = [
    {"mouse": 1, "name": "a", "weight": 1.5},
    {"mouse": 2, "name": "b", "weight": None},
    {"mouse": 3, "name": "none", "weight": 2.0},
]


def structured() -> Any:
    return np.array(
        [(1, "a", 1.5), (2, "b", np.nan), (3, "none", 2.0)],
        [("mouse", "i4"), ("name", "U9"), ("weight", "f8")],
    )


def frame() -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"mouse": [1, 2, 3], "name": ["a", "b", None], "weight": [1.5, None, 2.0]})


def polars_frame() -> Any:
    polars = pytest.importorskip("polars")
    return polars.DataFrame({"mouse": [1, 2, 3], "name": ["a", "b", None], "weight": [1.5, None, 2.0]})


def arrow_table() -> Any:
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table({"mouse": [1, 2, 3], "name": ["a", "b", None], "weight": [1.5, None, 2.0]})


FORMS: dict[str, Callable[[], Any]] = {
    "dicts": lambda: THREE,
    "differing fields": lambda: [
        {"mouse": 1, "weight": 1.5, "name": "a"},
        {"name": "b", "mouse": 2},
        {"mouse": 3, "weight": 2},
    ],
    "same count, other fields": lambda: [
        {"mouse": 1, "name": "a", "weight": 1.5},
        {"mouse": 2, "name": "b", "weight": float("nan")},
        {"weight": np.float64(2), "mouse": np.int64(3), "name": None},
    ],
    "generator": lambda: (row for row in THREE),
    "structured array": structured,
    "rows of a structured array": lambda: list(structured()),
    "pandas": frame,
    "pandas with index": lambda: frame().set_index("mouse"),
    "polars": polars_frame,
    "arrow": arrow_table,
    "record batch": lambda: arrow_table().to_batches()[0],
    "record batch reader": lambda: arrow_table().to_reader(max_chunksize=2),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_of_rows_gives_the_same_table(form: str, connection: Connection, mouse: TableSpec) -> None:
    insert(connection, mouse, FORMS[form]())
    assert rows_of(connection, mouse) == THREE


def test_rows_by_position_are_deprecated(connection: Connection, mouse: TableSpec) -> None:
    with pytest.warns(DeprecationWarning, match="position") as caught:
        insert(connection, mouse, [(1, "a", 1.5), [2, "b", None], (3, None, 2)])
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="position"):
        insert(connection, mouse, np.array([[4, "d", 4], [5, "e", 5]], dtype=object))
    assert rows_of(connection, mouse)[:3] == THREE
    with (
        pytest.warns(DeprecationWarning, match="position"),
        pytest.raises(DataMillError, match="2 values for 3") as error,
    ):
        insert(connection, mouse, [(6, "a", 1.5), (7, "b")])
    assert error.value.row_index == 1


def test_csv_and_parquet(connection: Connection, declare: Declare, tmp_path: Path) -> None:
    spec = declare(
        "lab.everything",
        """
        k : int32
        ---
        flag : bool
        name : varchar(10)
        price = null : decimal(6,2)
        day = null : date
        document = null : json
        """,
    )
    file = tmp_path / "rows.csv"
    file.write_text(
        'k,flag,name,price,day,document\n1,true,"a, b",1.50,2024-02-29,"{""x"": 1}"\n2,0,,,,\n',
        encoding="utf-8",
    )
    insert(connection, spec, str(file))
    assert rows_of(connection, spec) == [
        {
            "k": 1,
            "flag": True,
            "name": "a, b",
            "price": Decimal("1.50"),
            "day": datetime.date(2024, 2, 29),
            "document": {"x": 1},
        },
        {"k": 2, "flag": False, "name": "", "price": None, "day": None, "document": None},
    ]
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"k": [3], "flag": [True], "name": ["c"]}), tmp_path / "rows.parquet")
    insert(connection, spec, tmp_path / "rows.parquet")
    assert [row["k"] for row in rows_of(connection, spec)] == [1, 2, 3]


def test_cells_of_csv_files_may_be_long(connection: Connection, declare: Declare, tmp_path: Path) -> None:
    spec = declare("lab.note", "k : int32\n---\nj : json")
    file, limit = tmp_path / "rows.csv", csv.field_size_limit()
    file.write_text(f'k,j\n1,"""{"x" * 300_000}"""\n', encoding="utf-8")
    insert(connection, spec, file)
    assert [row["j"] for row in rows_of(connection, spec)] == ["x" * 300_000]
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("text", "message"),
    [("mouse,name\n1,a,b\n", "3 cells"), ("mouse\nx\n", "not a number"), ("nouse\n1\n", "nouse")],
)
def test_bad_csv_stores_nothing(
    text: str, message: str, connection: Connection, mouse: TableSpec, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataMillError, match=message):
        insert(connection, mouse, file)
    assert rows_of(connection, mouse) == []


def test_what_tables_and_files_got_comes_back(
    connection: Connection, declare: Declare, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pytest.importorskip("polars")
    definition = "k : int32\n---\nj = null : json\nx = null : <blob>\nb = null : bytes\nu = null : uuid"
    spec, copy = declare("lab.one", definition), declare("lab.two", definition)
    rows = [
        {"k": 1, "j": {"a": [1, None]}, "x": {"text": (1, 2)}, "b": b"\0", "u": uuid.UUID(int=5)},
        {"k": 2, "j": "text", "x": b"bytes", "b": None, "u": None},
        {"k": 3, "j": None, "x": None, "b": None, "u": None},
    ]
    insert(connection, spec, rows)
    relation = BaseTable(spec, connection)
    parquet.write_table(to_arrow(connection, relation), tmp_path / "rows.parquet")
    forms = [
        to_arrow(connection, relation),
        to_polars(connection, relation),
        to_pandas(connection, relation),
        tmp_path / "rows.parquet",
    ]
    for form in forms:
        insert(connection, copy, form)
        assert rows_of(connection, copy) == rows
        delete_quick(connection, BaseTable(copy, connection))


def test_text_that_is_no_document_is_refused(connection: Connection, declare: Declare) -> None:
    polars = pytest.importorskip("polars")
    spec = declare("lab.one", "k : int32\n---\nj : json")
    with pytest.raises(InvalidValueError, match=r"Row 1, column 'j': 'b c' is not JSON") as error:
        insert(connection, spec, polars.DataFrame({"k": [1, 2], "j": ['"a"', "b c"]}))
    assert error.value.row_index == 1
    assert rows_of(connection, spec) == []


def test_csv_tells_where_a_document_is_broken(
    connection: Connection, declare: Declare, tmp_path: Path
) -> None:
    spec = declare("lab.one", "k : int32\n---\nj : json")
    (tmp_path / "rows.csv").write_text("k,j\n1,{}\n2,{'a': 1}\n", encoding="utf-8")
    with pytest.raises(InvalidValueError, match="Row 1, column 'j'") as error:
        insert(connection, spec, tmp_path / "rows.csv")
    assert error.value.row_index == 1


def test_references_to_objects_are_no_values(
    connection: Connection, declare: Declare, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "store").mkdir()
    stores = {"default": "main", "main": {"protocol": "file", "location": str(tmp_path / "store")}}
    with connection.config.override(stores=stores):
        spec = declare("lab.one", "k : int32\n---\nx : <blob@>")
        insert(connection, spec, [{"k": 1, "x": [1, 2]}])
        table = to_arrow(connection, BaseTable(spec, connection))
        with pytest.raises(DataMillError, match="decode=True"):
            insert(connection, spec, table)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("empty.csv", "", "is empty"),
        ("semicolons.csv", "mouse;name\n1;a\n", r"separated by ';'.*sep=';'"),
        ("missing.csv", None, "There is no file .*missing.csv"),
        ("missing.parquet", None, "There is no file .*missing.parquet"),
    ],
)
def test_files_that_cannot_be_read(
    connection: Connection, mouse: TableSpec, tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataMillError, match=words):
        insert(connection, mouse, tmp_path / name)


def test_blank_lines_of_csv_are_no_rows(connection: Connection, mouse: TableSpec, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("mouse,name\n\n1,a\n\n", encoding="utf-8")
    insert(connection, mouse, tmp_path / "rows.csv")
    assert [row["mouse"] for row in rows_of(connection, mouse)] == [1]


def test_columns_of_one_name_are_refused(connection: Connection, mouse: TableSpec) -> None:
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    twice = pandas.DataFrame([[1, "a", "b"]], columns=["mouse", "name", "name"])
    level = pandas.DataFrame({"mouse": [1]}, index=pandas.Index([2], name="mouse"))
    arrow = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], names=["mouse", "mouse"])
    for frame in (twice, level, arrow):
        with pytest.raises(DataMillError, match="Several columns are named"):
            insert(connection, mouse, frame)
    assert rows_of(connection, mouse) == []


def test_csv_cannot_hold_codecs(connection: Connection, declare: Declare, tmp_path: Path) -> None:
    spec = declare("lab.image", "k : int32\n---\npixels : <blob>")
    (tmp_path / "rows.csv").write_text("k,pixels\n1,2\n", encoding="utf-8")
    with pytest.raises(InvalidValueError, match="CSV cannot hold"):
        insert(connection, spec, tmp_path / "rows.csv")


@pytest.mark.parametrize(
    "rows", [5, None, "mouse", b"x", {"mouse": 1}, [5], [None], ["mouse"], [{1, 2}], np.zeros(3)]
)
def test_other_forms_are_refused(rows: Any, connection: Connection, mouse: TableSpec) -> None:
    with pytest.raises(DataMillError):
        insert(connection, mouse, rows)
    assert rows_of(connection, mouse) == []


def test_no_rows_is_nothing(connection: Connection, mouse: TableSpec) -> None:
    insert(connection, mouse, [])
    insert(connection, mouse, iter(()))
    assert rows_of(connection, mouse) == []


def test_defaults_and_missing_values(connection: Connection, declare: Declare) -> None:
    spec = declare(
        "lab.thing",
        """
        k : int32
        ---
        a : int32
        b : int32
        c = 7 : int32
        made = CURRENT_TIMESTAMP : datetime
        """,
    )
    insert(
        connection, spec, [{"k": 1, "a": 1, "b": 2}, {"k": 2, "a": 1, "b": 2, "c": 3, "made": "2024-01-01"}]
    )
    first, second = rows_of(connection, spec)
    assert (first["c"], second["c"]) == (7, 3)
    assert abs(first["made"] - datetime.datetime.now(datetime.UTC).replace(tzinfo=None)) < datetime.timedelta(
        minutes=1
    )
    with pytest.raises(MissingAttributeError) as error:
        insert(connection, spec, [{"k": 3, "a": 1, "b": 2}, {"k": 4}])
    assert error.value.row_index == 1
    assert set(error.value.attribute) == {"a", "b"}
    with pytest.raises(MissingAttributeError):
        insert1(connection, spec, {})


def test_unknown_fields(connection: Connection, mouse: TableSpec) -> None:
    with pytest.raises(UnknownAttributeError, match="weight") as error:
        insert(connection, mouse, [{"mouse": 1}, {"mouse": 2, "wieght": 3}])
    assert error.value.row_index == 1
    insert(connection, mouse, [{"mouse": 1, "wieght": 3}], ignore_extra_fields=True)
    assert len(rows_of(connection, mouse)) == 1


def test_singletons_hold_one_row_and_hide_their_key(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.settings", "---\nrate = 5 : int32")
    with pytest.raises(UnknownAttributeError, match="hidden"):
        insert1(connection, spec, {"_singleton": True})
    insert1(connection, spec, {})
    assert rows_of(connection, spec) == [{"rate": 5}]
    with pytest.raises(DuplicateError):
        insert1(connection, spec, {"rate": 6})
    insert1(connection, spec, {"rate": 6}, replace=True)
    assert rows_of(connection, spec) == [{"rate": 6}]


def test_a_bad_value_names_its_row(connection: Connection, mouse: TableSpec) -> None:
    rows = [{"mouse": index} for index in range(2500)]
    rows[2100]["mouse"] = 2**40
    with pytest.raises(InvalidValueError) as error:
        insert(connection, mouse, rows)
    assert error.value.row_index == 2100
    assert error.value.attribute == "mouse"
    assert rows_of(connection, mouse) == []


def test_codecs_encode_and_their_errors_pass(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.image", "k : int32\n---\npixels = null : <blob>")
    picture = np.arange(6, dtype="float32").reshape(2, 3)
    insert(connection, spec, [{"k": 1, "pixels": picture}, {"k": 2}])
    first, second = rows_of(connection, spec)
    assert np.array_equal(first["pixels"], picture)
    assert first["pixels"].dtype == picture.dtype
    assert second["pixels"] is None
    with pytest.raises(DataMillError) as error:
        insert(connection, spec, [{"k": 3, "pixels": 1}, {"k": 4, "pixels": lambda: None}])
    assert any("row 1" in note for note in error.value.__notes__)
    assert len(rows_of(connection, spec)) == 2


def test_duplicates(connection: Connection, mouse: TableSpec) -> None:
    insert(connection, mouse, THREE)
    with pytest.raises(DuplicateError, match="skip_duplicates") as error:
        insert(connection, mouse, [{"mouse": 4}, {"mouse": 2}])
    assert error.value.row_index == 1
    assert error.value.attributes == ("mouse",)
    assert error.value.key == {"mouse": 2}
    with pytest.raises(DuplicateError, match="row 0 of the same insert"):
        insert(connection, mouse, [{"mouse": 4}, {"mouse": 4}])
    assert rows_of(connection, mouse) == THREE
    insert(
        connection,
        mouse,
        [{"mouse": 2, "name": "new"}, {"mouse": 4}, {"mouse": 4, "name": "z"}],
        skip_duplicates=True,
    )
    assert [(row["mouse"], row["name"]) for row in rows_of(connection, mouse)] == [
        (1, "a"),
        (2, "b"),
        (3, "none"),
        (4, "none"),
    ]


def test_replace_overwrites_with_defaults_and_the_last_row_wins(
    connection: Connection, mouse: TableSpec, declare: Declare
) -> None:
    session = declare("lab.session", "-> lab.mouse\nsession : int32")
    insert(connection, mouse, THREE)
    insert(connection, session, [{"mouse": 1, "session": 1}])
    insert(
        connection,
        mouse,
        [{"mouse": 1, "name": "x"}, {"mouse": 1, "weight": 9.0}, {"mouse": 5}],
        replace=True,
    )
    assert rows_of(connection, mouse)[0] == {"mouse": 1, "name": "none", "weight": 9.0}
    assert len(rows_of(connection, mouse)) == 4
    assert len(rows_of(connection, session)) == 1
    with pytest.raises(DataMillError, match="exclude"):
        insert(connection, mouse, THREE, replace=True, skip_duplicates=True)


@pytest.mark.parametrize("options", [{}, {"skip_duplicates": True}, {"replace": True}])
def test_another_unique_index_is_a_duplicate_in_every_mode(
    options: dict[str, Any], connection: Connection, declare: Declare
) -> None:
    spec = declare("lab.user", "user : int32\n---\nemail : varchar(20)\nunique index (email)")
    insert(connection, spec, [{"user": 1, "email": "a@x"}])
    with pytest.raises(DuplicateError) as error:
        insert(connection, spec, [{"user": 2, "email": "b@x"}, {"user": 3, "email": "a@x"}], **options)
    assert error.value.attributes == ("email",)
    assert error.value.row_index == 1
    assert "skip_duplicates" not in str(error.value)
    assert len(rows_of(connection, spec)) == 1


def test_a_missing_parent_is_explained(connection: Connection, declare: Declare) -> None:
    run = declare("lab.run", "run : varchar(8)")
    assay = declare("lab.assay", "-> lab.run\nassay : int32")
    insert(connection, run, [{"run": f"R-{index:03}"} for index in range(40)])
    rows = [{"run": "R-001", "assay": 1}, {"run": "R-0O7", "assay": 2}, {"run": "R-0O7", "assay": 3}]
    with pytest.raises(
        IntegrityError, match=r"assay -> run: 2 rows refer to a missing row: .*nearest: R-007"
    ) as caught:
        insert(connection, assay, rows)
    error: Any = caught.value
    assert (error.child, error.parent, error.attributes) == ("lab.assay", "lab.run", ("run",))
    assert (error.missing, error.missing_count, error.row_index) == ([{"run": "R-0O7"}], 1, 1)
    assert error.nearest[0][0] == {"run": "R-007"}
    assert rows_of(connection, assay) == []


def test_a_partly_null_reference_is_refused(connection: Connection, declare: Declare) -> None:
    declare("lab.pair", "a : int32\nb : int32")
    spec = declare("lab.user", "k : int32\n---\n-> [nullable] lab.pair")
    with pytest.raises(IntegrityError, match="only some") as error:
        insert(connection, spec, [{"k": 1}, {"k": 2, "a": 1}])
    assert error.value.row_index == 1


def test_a_late_failure_undoes_everything(connection: Connection, mouse: TableSpec) -> None:
    def numbers() -> Iterator[dict[str, int]]:
        for index in range(5000):
            yield {"mouse": index}
        yield {"mouse": 17}

    with pytest.raises(DuplicateError) as error:
        insert(connection, mouse, numbers())
    assert error.value.row_index == 5000
    assert rows_of(connection, mouse) == []

    def breaks() -> Iterator[dict[str, int]]:
        for index in range(3000):
            yield {"mouse": index}
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="source broke"):
        insert(connection, mouse, breaks())
    assert rows_of(connection, mouse) == []
    assert not connection.in_transaction


def test_chunks_commit_separately(connection: Connection, mouse: TableSpec) -> None:
    rows = [{"mouse": index} for index in range(50)]
    rows[25]["mouse"] = 3
    with pytest.raises(DuplicateError) as error:
        insert(connection, mouse, rows, chunk_size=10)
    assert error.value.rows_committed == 20
    assert error.value.row_index == 25
    assert len(rows_of(connection, mouse)) == 20
    for size in (0, -1, True, 2.5):
        with pytest.raises(DataMillError, match="chunk_size"):
            insert(connection, mouse, rows, chunk_size=size)  # type: ignore[arg-type]


def test_input_after_a_chunk_neither_delays_nor_undoes_it(connection: Connection, mouse: TableSpec) -> None:
    open_transactions = []

    def numbers() -> Iterator[dict[str, Any]]:
        for index in range(5):
            open_transactions.append(connection.in_transaction)
            yield {"mouse": index}
        yield {"mouse": "no number"}

    with pytest.raises(InvalidValueError) as error:
        insert(connection, mouse, numbers(), chunk_size=2)
    assert error.value.rows_committed == 4
    assert len(rows_of(connection, mouse)) == 4

    def breaks() -> Iterator[dict[str, Any]]:
        for index in range(10, 15):
            yield {"mouse": index}
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="source broke") as broken:
        insert(connection, mouse, breaks(), chunk_size=2)
    assert broken.value.__notes__ == ["4 rows are committed: chunk_size=2."]
    assert len(rows_of(connection, mouse)) == 8
    assert not any(open_transactions)


def test_chunks_do_not_commit_an_open_transaction(connection: Connection, mouse: TableSpec) -> None:
    connection.start_transaction()
    insert(connection, mouse, [{"mouse": index} for index in range(50)], chunk_size=10)
    connection.cancel_transaction()
    assert rows_of(connection, mouse) == []


def test_a_caught_error_in_a_transaction_undoes_that_call_only(
    connection: Connection, mouse: TableSpec
) -> None:
    with connection.transaction:
        insert(connection, mouse, [{"mouse": 1}])
        with pytest.raises(DuplicateError):
            insert(connection, mouse, [{"mouse": 2}, {"mouse": 1}])
        insert(connection, mouse, [{"mouse": 3}])
    assert [row["mouse"] for row in rows_of(connection, mouse)] == [1, 3]


def test_data_frames_with_an_index(connection: Connection, mouse: TableSpec) -> None:
    indexed = frame().set_index("mouse")
    insert_dataframe(connection, mouse, indexed, index_as_pk=True)
    assert rows_of(connection, mouse) == THREE
    with pytest.raises(DataMillError, match="primary key"):
        insert_dataframe(connection, mouse, frame(), index_as_pk=True)
    with pytest.raises(MissingAttributeError):
        insert_dataframe(connection, mouse, indexed, index_as_pk=False)
    insert_dataframe(connection, mouse, frame().assign(mouse=[11, 12, 13]))
    with pytest.raises(DataMillError, match="no data frame"):
        insert_dataframe(connection, mouse, [{"mouse": 1}])


def test_queries_are_inserted_in_the_database(
    connection: Connection, mouse: TableSpec, declare: Declare
) -> None:
    other = declare(
        "lab.other",
        "mouse : int32\n---\nname = 'none' : varchar(20)\nweight = null : float64\nextra = 5 : int32",
    )
    insert(connection, mouse, THREE)
    source = restrict(BaseTable(mouse, connection), "mouse > 1")
    insert(connection, other, source)
    assert [row["mouse"] for row in rows_of(connection, other)] == [2, 3]
    assert rows_of(connection, other)[0]["extra"] == 5
    with pytest.raises(DuplicateError):
        insert(connection, other, BaseTable(mouse, connection))
    insert(connection, other, BaseTable(mouse, connection), skip_duplicates=True)
    assert len(rows_of(connection, other)) == 3
    with pytest.raises(UnknownAttributeError, match="extra"):
        insert(connection, mouse, BaseTable(other, connection))
    with pytest.raises(DataMillError, match="float64"):
        insert(
            connection, other, project(BaseTable(mouse, connection), weight="mouse * 2"), skip_duplicates=True
        )
    with pytest.raises(DataMillError, match="chunk_size"):
        insert(connection, other, source, chunk_size=5)


def test_replace_by_a_query_resets_what_it_lacks(connection: Connection, mouse: TableSpec) -> None:
    insert(connection, mouse, THREE)
    insert(connection, mouse, project(BaseTable(mouse, connection), weight="weight * 2"), replace=True)
    assert rows_of(connection, mouse)[0] == {"mouse": 1, "name": "none", "weight": 3.0}


@pytest.fixture
def run(declare: Declare) -> tuple[TableSpec, TableSpec, TableSpec]:
    master = declare("lab.run", "run : varchar(8)\n---\nnote = '' : varchar(20)")
    sample = declare("lab.run__sample", "-> lab.run\nsample : int32")
    reading = declare("lab.run__reading", "-> lab.run__sample\nreading : int32\n---\nvalue : float64")
    return master, sample, reading


def test_masters_and_parts_go_together(
    connection: Connection, run: tuple[TableSpec, TableSpec, TableSpec]
) -> None:
    master, sample, reading = run
    insert1(
        connection,
        master,
        {"run": "R-1"},
        parts={
            "Reading": [{"sample": 1, "reading": 1, "value": 0.5}],
            "Sample": [{"sample": 1}, {"sample": 2}],
        },
    )
    assert rows_of(connection, sample) == [{"run": "R-1", "sample": 1}, {"run": "R-1", "sample": 2}]
    assert rows_of(connection, reading) == [{"run": "R-1", "sample": 1, "reading": 1, "value": 0.5}]
    insert(
        connection,
        master,
        [{"run": "R-2"}, {"run": "R-3"}],
        parts={"Run.Sample": [{"run": "R-3", "sample": 1}]},
    )
    assert len(rows_of(connection, sample)) == 3
    with pytest.raises(DataMillError, match="in this call"):
        insert1(connection, master, {"run": "R-4"}, parts={"Sample": [{"run": "R-1", "sample": 9}]})
    with pytest.raises(DataMillError, match="in this call"):
        insert(connection, master, [{"run": "R-4"}], parts={"Sample": [{"run": "R-1", "sample": 9}]})
    with pytest.raises(DataMillError, match="Sample"):
        insert1(connection, master, {"run": "R-4"}, parts={"Smaple": []})
    with pytest.raises(DuplicateError):
        insert1(connection, master, {"run": "R-4"}, parts={"Sample": [{"sample": 1}, {"sample": 1}]})
    assert [row["run"] for row in rows_of(connection, master)] == ["R-1", "R-2", "R-3"]


def test_auto_populated_tables_refuse(connection: Connection, mouse: TableSpec, declare: Declare) -> None:
    insert(connection, mouse, THREE)
    computed = declare("lab.__stats", "-> lab.mouse\n---\nmean : float64")
    part = declare("lab.__stats__day", "-> lab.__stats\nday : int32")
    with pytest.raises(DataMillError, match="populate"):
        insert1(connection, computed, {"mouse": 1, "mean": 1})
    insert1(connection, computed, {"mouse": 1, "mean": 1}, allow_direct_insert=True)
    with pytest.warns(ContractWarning):
        insert1(connection, part, {"mouse": 1, "day": 1})
    insert1(connection, part, {"mouse": 1, "day": 2}, allow_direct_insert=True)
    with connection.config.override(jobs__contract="strict"), pytest.raises(ContractError):
        insert1(connection, part, {"mouse": 1, "day": 3})


def test_a_running_make_may_keep_the_rows(connection: Connection, mouse: TableSpec) -> None:
    class Buffer:
        def __init__(self) -> None:
            self.batches: list[Any] = []

        def on_read(self, tables: Any, relation: Any = None) -> None: ...

        def on_insert(self, batch: Any) -> bool:
            self.batches.append(batch)
            return True

        def on_write(self, action: str, table: Any, details: Any) -> None: ...

        def on_unreadable(self, sql: str) -> None: ...

        def origin(self) -> dict[str, Any]:
            return {}

        def may_insert(self, table: Any) -> bool:
            return True

    buffer = Buffer()
    connection.observer = buffer
    try:
        insert(connection, mouse, [{"mouse": index, "name": "x"} for index in range(1500)])
        with pytest.raises(InvalidValueError):
            insert(connection, mouse, [*({"mouse": index} for index in range(1500)), {"mouse": "x"}])
    finally:
        connection.observer = None
    assert rows_of(connection, mouse) == []
    assert [len(batch) for batch in buffer.batches] == [1000, 500]
    assert buffer.batches[1].keys[0] == (1000,)
    assert buffer.batches[0].names == ("mouse", "name")


def test_uuids_and_other_keys_survive(connection: Connection, declare: Declare) -> None:
    spec = declare("lab.item", "item : uuid\nat : datetime(3)\n---\nprice : decimal(6,2)")
    key, at = uuid.uuid4(), datetime.datetime(2024, 2, 29, 12, 0, 0, 125000)
    insert(connection, spec, [{"item": str(key), "at": at, "price": "1.5"}])
    assert rows_of(connection, spec) == [{"item": key, "at": at, "price": Decimal("1.50")}]
    with pytest.raises(DuplicateError) as error:
        insert(connection, spec, [{"item": key, "at": at.isoformat(), "price": 2}])
    assert error.value.key == {"item": key, "at": at}


def test_rows_of_another_database_pass_through_the_client(
    connection: Connection, mouse: TableSpec, tmp_path: Path
) -> None:
    insert(connection, mouse, THREE)
    with Connection(url="sqlite://") as other:
        other.catalog.create_schema("lab")
        other.catalog.declare(mouse)
        copy = other.catalog.spec(mouse.name)
        insert(other, copy, restrict(BaseTable(mouse, connection), "mouse > 1"))
        assert rows_of(other, copy) == THREE[1:]


def test_a_refused_query_is_explained(connection: Connection, mouse: TableSpec, declare: Declare) -> None:
    strict = declare("lab.strict", "-> lab.mouse\n---\nname = '' : varchar(20)")
    loose = declare("lab.loose", "mouse : int32\n---\nname = '' : varchar(20)")
    insert(connection, mouse, THREE)
    insert(connection, loose, [{"mouse": 2}, {"mouse": 30}])
    with pytest.raises(IntegrityError, match="nearest: 3") as error:
        insert(connection, strict, BaseTable(loose, connection))
    assert error.value.missing == [{"mouse": 30}]
    insert(connection, strict, restrict(BaseTable(loose, connection), {"mouse": 2}))
    with pytest.raises(DuplicateError, match="'mouse': 2"):
        insert(connection, strict, restrict(BaseTable(loose, connection), {"mouse": 2}))


def test_rows_may_come_from_a_query_on_the_same_connection(connection: Connection, mouse: TableSpec) -> None:
    insert(connection, mouse, [{"mouse": k} for k in range(2500)])
    source = iterate(connection, BaseTable(mouse, connection))
    insert(connection, mouse, ({**row, "mouse": row["mouse"] + 10_000} for row in source))
    assert len(rows_of(connection, mouse)) == 5000
