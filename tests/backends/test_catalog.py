"""The catalog: what is declared reads back exactly; declaring and dropping keep the bookkeeping right."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event

import pytest
from tests.backends.conftest import resolve

from datamill.algebra.conditions import U
from datamill.algebra.operators import project, universal_aggregate
from datamill.algebra.relations import BaseTable
from datamill.catalog import compare
from datamill.catalog.drift import normalise
from datamill.data import fetch
from datamill.data.connection import Connection
from datamill.data.insert import insert
from datamill.errors import DataMillError, DuplicateError, IntegrityError, MissingTableError
from datamill.language import describe
from datamill.model.attribute import Now
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, TableSpec

Declare = Callable[[str, str], TableSpec]

DEFINITIONS = {
    "numbers": """
        # all integers: and floats
        i8 : int8        # smallest
        u64 : uint64
        ---
        i16 = -5 : int16
        i32 = null : int32
        i64 = 9223372036854775807 : int64
        u8 = 255 : uint8
        u16 = 0 : uint16
        u32 : uint32
        f32 = 0.1 : float32
        f64 = -1.5e300 : float64
        d = 1.50 : decimal(6,2)
        big = 0 : uint64
        """,
    "texts": """
        c : char(3)
        v : varchar(200)
        ---
        e = 'a:b' : enum('a:b','it''s','c') # it's: "quoted"
        w = 'don''t' : varchar(20)
        empty = '' : varchar(20)
        number = '007' : varchar(20)
        null_word = 'null' : varchar(20)
        """,
    "moments": """
        day : date
        at : datetime(3)
        ---
        now0 = CURRENT_TIMESTAMP : datetime
        now3 = CURRENT_TIMESTAMP : datetime(3)
        now6 = CURRENT_TIMESTAMP : timestamp(6)
        today = CURRENT_TIMESTAMP : date
        fixed = '2024-02-29 12:30:00.5' : datetime(1)
        t = '12:30:00' : time
        t2 = null : time(2)
        """,
    "others": """
        id : uuid
        yes : bool
        ---
        no = false : bool
        data = null : json
        raw : bytes
        b = null : <blob>
        file : <attach>  # a file
        unique index (yes, no)
        index (no)
        """,
    "nothing_but_one": """
        # a singleton
        ---
        threshold : float64
        """,
    "nothing_else": "a : int32",
}


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS)
def test_reads_back_what_was_declared(connection: Connection, declare: Declare, definition: str) -> None:
    read = declare("lab.thing", definition)
    declared = resolve(connection, "lab", "thing", definition)
    assert normalise(read) == normalise(declared)
    assert compare(declared, read, comments=True) == []


@pytest.fixture
def family(declare: Declare) -> dict[str, TableSpec]:
    """Tables with foreign keys of every kind, across two schemas."""
    return {
        "mouse": declare(
            "lab.mouse", "mouse : int32  # ear tag\nstrain : varchar(8)\n---\nsex : enum('M','F')"
        ),
        "user": declare("lab.#user", "user : uint16\n---\nname : varchar(40)"),
        "session": declare(
            "exp.session",
            """
            -> lab.mouse
            session : int16
            ---
            -> [nullable] `lab`.`#user`
            -> [unique, nullable] `lab`.`#user`.proj(reviewer='user')
            day : date
            """,
        ),
        "scan": declare("exp._scan", "-> exp.session\n---\ndepth : float32\nindex (depth)"),
        "frame": declare("exp._scan__frame", "-> `exp`.`_scan`\nframe : int32\n---\nimage = null : <blob>"),
        "pair": declare(
            "exp.pair", "-> exp.session.proj(first='session')\n-> exp.session.proj(second='session')\n---"
        ),
        "only": declare("exp.only", "-> exp.session\n"),
    }


def test_reads_back_foreign_keys(connection: Connection, family: dict[str, TableSpec]) -> None:
    session = family["session"]
    mouse, user = TableName("lab", "mouse"), TableName("lab", "#user")
    assert session.heading.primary_key == ["mouse", "strain", "session"]
    assert session.foreign_keys == (
        ForeignKey(mouse, (("mouse", "mouse"), ("strain", "strain")), in_key=True),
        ForeignKey(user, (("user", "user"),), nullable=True),
        ForeignKey(user, (("reviewer", "user"),), nullable=True, unique=True),
    )
    assert session.indexes == ()
    assert session.heading["mouse"].comment == "ear tag"
    pair = family["pair"]
    assert pair.heading.primary_key == ["mouse", "strain", "first", "second"]
    assert [key.attributes for key in pair.foreign_keys] == [
        ("mouse", "strain", "first"),
        ("mouse", "strain", "second"),
    ]


def test_lineage_is_derived_through_all_generations(family: dict[str, TableSpec]) -> None:
    lineage = {item.name: item.lineage for item in family["frame"].columns}
    assert lineage == {
        "mouse": "lab.mouse.mouse",
        "strain": "lab.mouse.strain",
        "session": "exp.session.session",
        "frame": "exp._scan__frame.frame",
        "image": None,
    }
    assert family["session"].heading["reviewer"].lineage == "lab.#user.user"
    assert family["pair"].heading["second"].lineage == "exp.session.session"


def test_describe_and_declare_again_give_the_same(
    connection: Connection, family: dict[str, TableSpec]
) -> None:
    for spec in [*family.values()]:
        text = describe(spec, lambda name: f"`{name.schema}`.`{name.table}`", connection.catalog.find)
        again = resolve(connection, spec.name.schema, spec.name.table, text)
        assert normalise(again) == normalise(spec)


def record_type(connection: Connection, record: str) -> None:
    """Write the comment of lab.thing.b, a blob, by hand."""
    statements = {
        "sqlite": 'UPDATE "~columns" SET "comment" = %s WHERE "name" = \'b\'',
        "postgresql": "COMMENT ON COLUMN lab.thing.b IS '" + record + "'",
        "mysql": "ALTER TABLE lab.thing MODIFY b longblob DEFAULT NULL COMMENT %s",
        "mariadb": "ALTER TABLE lab.thing MODIFY b longblob DEFAULT NULL COMMENT %s",
    }
    statement = statements[connection.dialect.name]
    connection.query(statement, (record,) if "%s" in statement else None)


def test_lineage_rows(connection: Connection, family: dict[str, TableSpec]) -> None:
    table = connection.dialect.table(TableName("exp", "~lineage"))
    rows = connection.query(
        f"SELECT attribute_name, lineage FROM {table} WHERE table_name = %s ORDER BY 1", ("session",)
    ).fetchall()
    expected = [
        ("mouse", "lab.mouse.mouse"),
        ("reviewer", "lab.#user.user"),
        ("session", "exp.session.session"),
        ("strain", "lab.mouse.strain"),
        ("user", "lab.#user.user"),
    ]
    assert rows == expected
    assert connection.catalog.lineage_table_exists("exp")
    connection.query(f"DELETE FROM {table}")
    connection.catalog.rebuild_lineage("exp")
    assert (
        connection.query(
            f"SELECT attribute_name, lineage FROM {table} WHERE table_name = %s ORDER BY 1", ("session",)
        ).fetchall()
        == expected
    )


class TestLoading:
    def test_a_schema_brings_the_schemas_it_refers_to(self, connection: Connection, family: object) -> None:
        connection.catalog.invalidate()
        loaded = connection.catalog.load("exp")
        assert set(loaded) == {
            TableName("exp", name) for name in ("session", "_scan", "_scan__frame", "pair", "only")
        }
        assert loaded[TableName("exp", "session")].heading["mouse"].lineage == "lab.mouse.mouse"

    def test_hidden_tables_only_on_request(self, connection: Connection, family: object) -> None:
        assert TableName("lab", "~lineage") in connection.catalog.load("lab", hidden=True)
        assert TableName("lab", "~lineage") not in connection.catalog.load("lab")
        assert TableName("lab", "~lineage") not in connection.catalog.graph()

    def test_graph_of_everything_and_of_some_schemas(self, connection: Connection, family: object) -> None:
        everything = [str(name) for name in connection.catalog.graph().order()]
        assert everything == [
            "lab.#user",
            "lab.mouse",
            "exp.session",
            "exp._scan",
            "exp._scan__frame",
            "exp.only",
            "exp.pair",
        ]
        assert len(connection.catalog.graph(["lab"])) == 2

    def test_missing_tables_and_near_misses(self, connection: Connection, family: object) -> None:
        with pytest.raises(MissingTableError, match=r"lab\.mouse") as caught:
            connection.catalog.spec(TableName("lab", "mose"))
        assert (caught.value.schema, caught.value.table) == ("lab", "mose")
        with pytest.raises(MissingTableError):
            connection.catalog.spec(TableName("nowhere", "mouse"))
        assert not connection.catalog.has(TableName("nowhere", "mouse"))

    def test_sees_what_others_declare_and_drop(
        self, connection: Connection, database_url: str, family: object
    ) -> None:
        name = TableName("lab", "later")
        assert not connection.catalog.has(name)
        with Connection(url=database_url) as other:
            other.catalog.declare(resolve(other, "lab", "later", "a : int32"))
            assert connection.catalog.has(name)
            assert connection.catalog.spec(name).heading.names == ["a"]
            assert name in connection.catalog.graph()
            other.catalog.drop_tables([name])
            assert not connection.catalog.has(name)
            assert name not in connection.catalog.graph()

    def test_sees_raw_definitions(self, connection: Connection, family: object) -> None:
        name = TableName("exp", "only")
        assert connection.catalog.has(name)
        connection.query(f"DROP TABLE {connection.dialect.table(name)}")
        assert not connection.catalog.has(name)

    def test_unknown_codecs_are_tolerated(self, connection: Connection, declare: Declare) -> None:
        declare("lab.thing", "a : int32\n---\nb = null : <blob>")
        record_type(connection, ":<of_another_lab@raw>:x")
        connection.catalog.invalidate()
        attribute = connection.catalog.spec(TableName("lab", "thing")).heading["b"]
        assert attribute.type.text == "<of_another_lab@raw>"
        assert attribute.stored.kind == "bytes"
        assert attribute.comment == "x"

    def test_default_of_a_moment(self, declare: Declare) -> None:
        heading = declare("lab.moments", DEFINITIONS["moments"]).heading
        assert [heading[name].default for name in ("now0", "now3", "now6", "today")] == [
            Now(0),
            Now(3),
            Now(6),
            Now(0),
        ]


class TestSchemas:
    def test_create_list_and_drop(self, connection: Connection) -> None:
        catalog = connection.catalog
        assert catalog.list_schemas() == []
        catalog.create_schema("b")
        catalog.create_schema("a")
        catalog.create_schema("a")
        assert catalog.list_schemas() == ["a", "b"]
        assert catalog.schema_exists("a")
        catalog.drop_schema("a")
        assert not catalog.schema_exists("a")
        with pytest.raises(DataMillError, match="'a'"):
            catalog.drop_schema("a")

    def test_drop_takes_all_tables(self, connection: Connection, family: object) -> None:
        connection.catalog.drop_schema("exp")
        assert connection.catalog.list_schemas() == ["lab"]
        assert [str(name) for name in connection.catalog.graph()] == ["lab.#user", "lab.mouse"]
        assert not connection.catalog.lineage_table_exists("exp")

    def test_refuses_while_others_reference_it(self, connection: Connection, family: object) -> None:
        with pytest.raises(IntegrityError, match=r"exp\.session"):
            connection.catalog.drop_schema("lab")
        assert len(connection.catalog.graph()) == 7

    def test_declaring_needs_the_schema(self, connection: Connection) -> None:
        with pytest.raises(DataMillError, match="no schema 'lab'"):
            connection.catalog.declare(resolve(connection, "lab", "thing", "a : int32"))


class TestDropping:
    def test_dependents_first(self, connection: Connection, family: object) -> None:
        names = [TableName("exp", "_scan"), TableName("exp", "_scan__frame"), TableName("exp", "gone")]
        dropped = connection.catalog.drop_tables(names)
        assert dropped == [TableName("exp", "_scan__frame"), TableName("exp", "_scan")]
        table = connection.dialect.table(TableName("exp", "~lineage"))
        left = {name for (name,) in connection.query(f"SELECT DISTINCT table_name FROM {table}")}
        assert left == {"session", "pair", "only"}

    def test_refuses_referenced_tables(self, connection: Connection, family: object) -> None:
        with pytest.raises(IntegrityError) as caught:
            connection.catalog.drop_tables([TableName("exp", "_scan"), TableName("exp", "only")])
        assert caught.value.child == "exp._scan__frame"
        assert connection.catalog.has(TableName("exp", "only"))

    def test_job_tables_go_too(self, connection: Connection, declare: Declare) -> None:
        declare("lab.__stats", "a : int32")
        declare("lab.~~stats", "a : int32\n---\nstatus : varchar(8)")
        connection.catalog.drop_tables([TableName("lab", "__stats")])
        assert not connection.catalog.has(TableName("lab", "~~stats"))


class TestDeclaring:
    def test_says_whether_it_created(self, connection: Connection, declare: Declare) -> None:
        spec = declare("lab.thing", "a : int32")
        assert connection.catalog.declare(spec) == []

    def test_needs_parents(self, connection: Connection, declare: Declare) -> None:
        declare("lab.parent", "a : int32")
        spec = resolve(connection, "lab", "child", "-> lab.parent")
        connection.catalog.drop_tables([TableName("lab", "parent")])
        with pytest.raises(MissingTableError, match=r"lab\.parent"):
            connection.catalog.declare(spec)
        assert not connection.catalog.has(TableName("lab", "child"))

    @pytest.mark.differs(
        mysql="a table and its lineage cannot be declared in one transaction (spec 07, 9)",
        mariadb="a table and its lineage cannot be declared in one transaction (spec 07, 9)",
    )
    def test_is_all_or_nothing(self, connection: Connection, declare: Declare) -> None:
        declare("lab.parent", "a : int32")
        # A lineage table of another shape makes the last step fail.
        table = connection.dialect.table(TableName("lab", "~lineage"))
        connection.query(f"ALTER TABLE {table} RENAME COLUMN lineage TO origin")
        with pytest.raises(DataMillError):
            connection.catalog.declare(resolve(connection, "lab", "child", "-> lab.parent"))
        assert not connection.catalog.has(TableName("lab", "child"))
        connection.query(f"ALTER TABLE {table} RENAME COLUMN origin TO lineage")
        assert connection.catalog.declare(resolve(connection, "lab", "child", "-> lab.parent"))

    def test_threads_at_once(self, connection: Connection) -> None:
        connection.catalog.create_schema("lab")
        spec = resolve(connection, "lab", "thing", "a : int32\n---\nb : int8")
        with ThreadPoolExecutor(6) as pool:
            created = list(pool.map(lambda _: connection.catalog.declare(spec), range(12)))
        assert sorted(created) == [[]] * 11 + [[spec.name]]

    def test_processes_at_once(self, database_url: str) -> None:
        context = multiprocessing.get_context("spawn")
        start = context.Event()
        answers: Queue[list[int]] = context.Queue()
        args = (database_url, start, answers)
        processes = [context.Process(target=_declare_in_process, args=args) for _ in range(2)]
        for process in processes:
            process.start()
        start.set()
        found = [answers.get(timeout=60) for _ in processes]
        for process in processes:
            process.join()
        assert [one + other for one, other in zip(*found, strict=True)] == [1] * 5
        with Connection(url=database_url) as connection:
            assert len(connection.catalog.graph()) == 5


def _declare_in_process(url: str, start: Event, answers: Queue[list[int]]) -> None:
    with Connection(url=url) as connection:
        start.wait()
        connection.catalog.create_schema("lab")
        created = [
            len(
                connection.catalog.declare(
                    resolve(connection, "lab", f"t{number}", "a : int32\n---\nb : <blob>")
                )
            )
            for number in range(5)
        ]
        answers.put(created)


class TestIndexesOfTexts:
    DEFINITION = """
    word : int32
    ---
    text : varchar(1000)
    more : json
    index ((lower(text)))
    index (more.kind:varchar(20))
    unique index ((concat(text, '!')), word)
    unique index ((trim(text)))
    """

    def test_they_are_described_as_declared(self, connection: Connection, declare: Declare) -> None:
        spec = declare("lab.word", self.DEFINITION)
        assert {(str(index.parts), index.unique) for index in spec.indexes} == {
            (str(index.parts), index.unique)
            for index in resolve(connection, "lab", "word", self.DEFINITION).indexes
        }

    def test_long_texts_fit_and_differ_at_their_ends(self, connection: Connection, declare: Declare) -> None:
        spec = declare("lab.word", self.DEFINITION)
        rows = [{"word": k, "text": "x" * 900 + f"{k}", "more": {"kind": "y" * 500}} for k in range(3)]
        insert(connection, spec, rows)
        with pytest.raises(DuplicateError):
            insert(connection, spec, [{**rows[0], "word": 9, "text": f"{rows[0]['text']} "}])
        assert fetch.count(connection, BaseTable(spec, connection)) == 3


@pytest.mark.parametrize("column", ["text", "more.kind", "concat(text, 'y')"])
def test_long_texts_are_told_apart_and_sorted_to_their_ends(
    connection: Connection, declare: Declare, column: str
) -> None:
    spec = declare("lab.word", "word : int32\n---\ntext : varchar(16000)\nmore : json")
    texts = ["x" * 15_000 + letter for letter in "dbca"]
    insert(
        connection,
        spec,
        [{"word": k, "text": text, "more": {"kind": text}} for k, text in enumerate(texts)],
    )
    texts_of = project(BaseTable(spec, connection), x=column)
    assert [row["word"] for row in fetch.keys(connection, texts_of, order_by="x")] == [3, 1, 2, 0]
    ranked = project(texts_of, place="RANK() OVER (ORDER BY x DESC)")
    assert [row["word"] for row in fetch.keys(connection, ranked, order_by="place")] == [0, 2, 1, 3]
    assert fetch.count(connection, universal_aggregate(U("x"), texts_of, n="count(*)")) == 4
    (row,) = fetch.to_dicts(
        connection, universal_aggregate(U(), texts_of, n="COUNT(DISTINCT x)", most="MAX(x)")
    )
    assert (row["n"], row["most"].rstrip("y")[-1]) == (4, "d")
