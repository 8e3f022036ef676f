"""Each side writes into what the other made: rows, computations, jobs, deletes, drops."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.interop import pipeline
from tests.interop.conftest import Lab
from tests.interop.genuine import GenuineError

import datamill as dm
from datamill.errors import DuplicateError, IntegrityError


@pytest.fixture(params=["genuine", "ours"])
def pair(lab: Lab, request: pytest.FixtureRequest) -> tuple[Lab, Any, str]:
    """A fresh pipeline, made and filled by one side; datamill's classes, and the genuine process's variable."""
    purpose = f"w{request.param}_{abs(hash(request.node.name)) % 10**8}"
    if request.param == "genuine":
        lab.theirs(purpose)
        lab.genuine.run(f"pipeline.insert_all({purpose})")
        return lab, lab.ours(purpose), purpose
    tables = lab.ours(purpose)
    pipeline.insert_all(tables)
    lab.theirs(purpose)
    return lab, tables, purpose


Pair = tuple[Lab, Any, str]


def agree(pair: Pair, *tables: str) -> list[int]:
    """Check that both sides read the same rows; return their numbers."""
    lab, ours, theirs = pair
    numbers = []
    for table in tables:
        rows = lab.our_rows(ours, table)
        assert rows == lab.their_rows(theirs, table), table
        numbers.append(len(rows))
    return numbers


def test_we_insert(pair: Pair) -> None:
    _, ours, _ = pair
    ours.Types.insert([pipeline.types_row(number) for number in (10, 11)])
    ours.Subject.insert1({"subject": "s3", "rig": "b"})
    ours.Session.insert1({"subject": "s3", "session": 9, "day": "2024-12-31"})
    assert agree(pair, "Types", "Subject", "Session") == [5, 3, 5]
    with pytest.raises(DuplicateError):
        ours.Subject.insert1({"subject": "s3"})
    with pytest.raises(IntegrityError):
        ours.Session.insert1({"subject": "nobody", "session": 1, "day": "2024-12-31"})
    with pytest.raises(DuplicateError):
        ours.Setting.insert1({"value": "off"})


def test_they_insert(pair: Pair) -> None:
    lab, _, theirs = pair
    lab.genuine.run(
        f"""
        {theirs}.Types.insert([pipeline.types_row(number) for number in (10, 11)])
        {theirs}.Subject.insert1({{"subject": "s3", "rig": "b"}})
        {theirs}.Session.insert1({{"subject": "s3", "session": 9, "day": day}})
        """,
        day=date(2024, 12, 31),
    )
    assert agree(pair, "Types", "Subject", "Session") == [5, 3, 5]
    with pytest.raises(GenuineError, match="Duplicate"):
        lab.genuine.run(f"{theirs}.Subject.insert1({{'subject': 's3'}})")


def test_each_updates(pair: Pair) -> None:
    lab, ours, theirs = pair
    ours.Types.update1({"number": 0, "p": {"changed": [1, 2]}, "j": "x y", "q": 2.5})
    lab.genuine.run(f"{theirs}.Types.update1({{'number': 1, 'p': 'by them', 'i': 'ü', 'q': None}})")
    agree(pair, "Types")
    assert (ours.Types & "number = 0").fetch1("p") == {"changed": [1, 2]}
    assert (ours.Types & "number = 1").fetch1("p", "i") == ("by them", "ü")


def test_each_computes_what_is_missing(pair: Pair) -> None:
    lab, ours, theirs = pair
    ours.Subject.insert1({"subject": "s3"})
    ours.Session.insert({"subject": "s3", "session": number, "day": "2024-12-31"} for number in (1, 2))
    assert ours.Import.progress() == (2, 6)
    lab.genuine.run(f"{theirs}.Import.populate('session = 1')")
    ours.Import.populate()
    ours.Result.populate({"rig": "a"})
    lab.genuine.run(f"{theirs}.Result.populate()")
    assert agree(pair, "Import", "Result", "Result.Channel") == [6, 12, 48]
    assert ours.Result.progress() == (0, 12)


def test_one_queue_of_jobs(pair: Pair) -> None:
    lab, ours, theirs = pair
    ours.Subject.insert1({"subject": "s3"})
    ours.Session.insert({"subject": "s3", "session": number, "day": "2024-12-31"} for number in range(1, 5))
    lab.genuine.run(f"{theirs}.Import().jobs.refresh()")
    assert len(ours.Import().jobs.pending) == 4
    ours.Import.populate("session = 1", reserve_jobs=True)
    lab.genuine.run(f"{theirs}.Import.populate(reserve_jobs=True, max_calls=1)")
    ours.Import.populate(reserve_jobs=True)
    assert agree(pair, "Import") == [8]
    assert lab.genuine.run(f"result = len({theirs}.Import().jobs.pending)") == 0


def test_jobs_that_we_made(pair: Pair) -> None:
    lab, ours, theirs = pair
    ours.Subject.insert1({"subject": "s3"})
    ours.Session.insert({"subject": "s3", "session": number, "day": "2024-12-31"} for number in range(1, 4))
    ours.Import().jobs.refresh()
    assert lab.genuine.run(f"result = len({theirs}.Import().jobs.pending)") == 3
    lab.genuine.run(f"{theirs}.Import.populate(reserve_jobs=True, max_calls=2)")
    ours.Import.populate(reserve_jobs=True)
    assert agree(pair, "Import") == [7]


def test_we_delete_with_all_that_depends(pair: Pair) -> None:
    _, ours, _ = pair
    (ours.Subject & "subject = 's1'").delete(prompt=False)
    tables = ("Subject", "Session", "Session.Note", "Pair", "Import", "Result", "Result.Channel")
    assert agree(pair, *tables) == [1, 2, 0, 0, 2, 4, 16]


def test_they_delete_with_all_that_depends(pair: Pair) -> None:
    lab, _, theirs = pair
    lab.genuine.run(f"({theirs}.Subject & \"subject = 's1'\").delete(prompt=False)")
    tables = ("Subject", "Session", "Session.Note", "Pair", "Import", "Result", "Result.Channel")
    assert agree(pair, *tables) == [1, 2, 0, 0, 2, 4, 16]


def test_we_drop(pair: Pair) -> None:
    lab, ours, _ = pair
    schema = lab.instance.Schema(ours.Rig.database)
    lab.genuine.run("dj.Schema(name).list_tables()", name=schema.database)
    ours.Session.drop(prompt=False)
    assert sorted(schema.list_tables()) == ["#rig", "setting", "subject", "types"]
    listed = lab.genuine.run("result = dj.Schema(name).list_tables()", name=schema.database)
    assert sorted(listed) == ["#rig", "setting", "subject", "types"]
    schema.drop(prompt=False)
    assert schema.database not in lab.genuine.run("result = dj.list_schemas()")


def test_they_drop(pair: Pair) -> None:
    lab, ours, theirs = pair
    name = ours.Rig.database
    lab.genuine.run(f"{theirs}.Result.Channel  # known to the process\n{theirs}.Import.drop(prompt=False)")
    lab.instance.connection.catalog.invalidate()
    assert "_import" not in lab.instance.Schema(name).list_tables()
    lab.genuine.run("dj.Schema(name).drop(prompt=False)", name=name)
    assert name not in dm.list_schemas(lab.instance.connection)


class TestCodecs:
    """Values that lie in a store that both sides use."""

    def test_we_read_what_they_stored(self, lab: Lab) -> None:
        lab.theirs("cgenuine", "build_codecs")
        insert = "import pathlib\ncgenuine.Stored.insert1(pipeline.stored_row(1, pathlib.Path(folder)))"
        if lab.server == "mariadb":  # where the genuine package takes json for text
            with pytest.raises(GenuineError, match="dict can not be used"):
                lab.genuine.run(insert, folder=str(lab.folder))
            return
        lab.genuine.run(insert, folder=str(lab.folder))
        stored = lab.ours("cgenuine", pipeline.build_codecs).Stored
        self.check(lab, stored, 1)

    def test_they_read_what_we_stored(self, lab: Lab) -> None:
        stored = lab.ours("cours", pipeline.build_codecs).Stored
        stored.insert1(pipeline.stored_row(2, lab.folder))
        self.check(lab, stored, 2)
        lab.theirs("cours", "build_codecs")
        found = lab.genuine.run(
            """
            row = cours.Stored.fetch1()
            result = (pipeline.plain(row["blob"]), row["hash"], pipeline.plain(row["array"].load()),
                      pathlib.Path(row["attached"]).read_text(), row["thing"].read(), row["path"].read())
            """
        )
        expected = pipeline.stored_row(2, lab.folder)
        assert found == (
            pipeline.plain(expected["blob"]),
            expected["hash"],
            pipeline.plain(expected["array"]),
            "attached 2",
            b"attached 2",
            b"kept",
        )

    def check(self, lab: Lab, stored: Any, number: int) -> None:
        expected = pipeline.stored_row(number, lab.folder)
        with lab.instance.config.override(download_path=str(lab.folder)):
            row = stored.fetch1()
        assert pipeline.plain(row["blob"]) == pipeline.plain(expected["blob"])
        assert row["hash"] == expected["hash"]
        assert pipeline.plain(row["array"].load()) == pipeline.plain(expected["array"])
        assert Path(row["attached"]).read_text(encoding="utf-8") == f"attached {number}"
        assert (row["thing"].read(), row["path"].read()) == (f"attached {number}".encode(), b"kept")

    def test_the_default_store(self, lab: Lab) -> None:
        """The genuine package cannot write ``<blob@>``, but reads what datamill wrote: its rows name the store."""
        schema = lab.instance.Schema(lab.name("default"))

        @schema
        class Default(dm.Manual):
            definition = """
            number : int32
            ---
            value : <blob@>
            """

        Default.insert1({"number": 1, "value": [1, "two"]})
        lab.genuine.run("default = dj.VirtualModule('default', name)", name=lab.name("default"))
        assert lab.genuine.run("result = default.Default.fetch1('value')") == [1, "two"]
        with pytest.raises(GenuineError, match="Storage ''"):
            lab.genuine.run("default.Default.insert1({'number': 2, 'value': 1})")

    def test_the_same_content_is_the_same_object(self, lab: Lab) -> None:
        """Contents are addressed by their hash: what one side stored the other finds by computing."""
        paths = {
            path.name
            for path in (lab.folder / "store").rglob("*")
            if path.is_file() and "_hash" in path.parts
        }
        assert paths
        before = len(paths)
        stored = lab.ours("cgenuine", pipeline.build_codecs).Stored
        stored.insert1({**pipeline.stored_row(1, lab.folder), "number": 100})
        after = [
            path for path in (lab.folder / "store").rglob("*") if path.is_file() and "_hash" in path.parts
        ]
        assert len({path.name for path in after}) == before


class TestExceptions:
    """What the genuine package cannot do (spec 06), datamill can, on what either of them made."""

    @pytest.mark.parametrize("maker", ["genuine", "ours"])
    def test_uuid(self, lab: Lab, maker: str) -> None:
        import uuid

        purpose = f"e{maker}"
        if maker == "genuine":
            lab.theirs(purpose, "build_exceptions")
        unique = lab.ours(purpose, pipeline.build_exceptions).Unique
        lab.theirs(purpose, "build_exceptions")
        unique.insert1({"unique_id": uuid.UUID(int=5), "text": "ours"})
        assert unique.to_dicts() == [{"unique_id": uuid.UUID(int=5), "text": "ours"}]
        insert = f"import uuid\n{purpose}.Unique.insert1({{'unique_id': uuid.UUID(int=6), 'text': 'theirs'}})"
        if lab.server == "postgresql":
            with pytest.raises(GenuineError, match="uuid"):
                lab.genuine.run(insert)
            return
        lab.genuine.run(insert)
        assert len(unique()) == 2
        assert lab.their_rows(purpose, "Unique") == lab.our_rows(
            lab.ours(purpose, pipeline.build_exceptions), "Unique"
        )

    @pytest.mark.parametrize("maker", ["genuine", "ours"])
    def test_inline_attachments(self, lab: Lab, maker: str) -> None:
        purpose = f"e{maker}"
        if maker == "genuine":
            lab.theirs(purpose, "build_exceptions")
        attached = lab.ours(purpose, pipeline.build_exceptions).Attached
        lab.theirs(purpose, "build_exceptions")
        file = lab.folder / "inline.txt"
        file.write_text("inline", encoding="utf-8")
        attached.insert1({"number": 1, "file": file})
        lab.genuine.run(f"{purpose}.Attached.insert1({{'number': 2, 'file': file}})", file=str(file))
        stored = lab.query(f"SELECT file FROM {attached.full_table_name}")
        assert [bytes(row[0]) for row in stored] == [b"inline.txt\0inline"] * 2
        with lab.instance.config.override(download_path=str(lab.folder / "down")):
            (lab.folder / "down").mkdir(exist_ok=True)
            files = attached.to_arrays("file")
        assert {Path(name).read_text(encoding="utf-8") for name in files} == {"inline"}
        fetch = f"result = [row['file'] for row in {purpose}.Attached.to_dicts()]"
        if lab.server == "postgresql":
            with pytest.raises(GenuineError, match="memoryview"):
                lab.genuine.run(fetch)
            return
        assert len(lab.genuine.run(fetch)) == 2

    def test_comments_that_break_their_statements(self, lab: Lab) -> None:
        schema = lab.instance.Schema(lab.name("comments"))

        @schema
        class Quoted(dm.Manual):
            definition = """
            # it's 100 % "quoted" \\ back
            number : int32   # a "quoted" % comment
            """

        Quoted.insert1({"number": 1})
        lab.genuine.run("comments = dj.VirtualModule('comments', name)", name=lab.name("comments"))
        assert lab.genuine.run("result = comments.Quoted.to_dicts()") == [{"number": 1}]
        comment = lab.genuine.run("result = comments.Quoted().heading['number'].comment")
        assert comment == 'a "quoted" % comment'

    def test_seconds_have_the_digits_of_the_column(self, lab: Lab) -> None:
        """On PostgreSQL the genuine package declares ``datetime`` with six digits; the column says so, not its type."""
        from datetime import datetime

        lab.theirs("digits")
        moment = datetime(2024, 2, 29, 12, 30, 59, 5)
        lab.genuine.run(
            "digits.Types.insert1({**pipeline.types_row(1), 'l': moment})",
            moment=moment if lab.server == "postgresql" else moment.replace(microsecond=0),
        )
        types = lab.ours("digits").Types
        found = types.fetch1("l")
        assert found.microsecond == (5 if lab.server == "postgresql" else 0)
        assert len(types & {"l": found}) == 1
        types.insert1({**pipeline.types_row(2), "l": found})
        assert (types & "number = 2").fetch1("l") == found
