"""Each side declares, fills and populates a pipeline; the other reads it, and the databases hold the same."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from tests.interop import pipeline
from tests.interop.conftest import Lab, tidy

import datamill as dm

TABLES = [
    "Rig",
    "Types",
    "Subject",
    "Session",
    "Session.Note",
    "Pair",
    "Setting",
    "Import",
    "Result",
    "Result.Channel",
]
STORED_NAMES = {
    "Rig": "#rig",
    "Types": "types",
    "Subject": "subject",
    "Session": "session",
    "Session.Note": "session__note",
    "Pair": "pair",
    "Setting": "setting",
    "Import": "_import",
    "Result": "__result",
    "Result.Channel": "__result__channel",
}


@pytest.fixture
def both(genuine_made: Lab, ours_made: Lab) -> Lab:
    return ours_made


@pytest.mark.parametrize("table", TABLES)
class TestRows:
    def test_ours_reads_theirs_by_class(self, genuine_made: Lab, table: str) -> None:
        rows = genuine_made.our_rows(genuine_made.ours("genuine"), table)
        assert rows == genuine_made.their_rows("genuine", table)
        assert rows

    def test_ours_reads_theirs_virtually(self, genuine_made: Lab, table: str) -> None:
        module = dm.VirtualModule(
            "lab", genuine_made.name("genuine"), connection=genuine_made.instance.connection
        )
        assert genuine_made.our_rows(module, table) == genuine_made.their_rows("genuine", table)

    def test_theirs_reads_ours_by_class(self, ours_made: Lab, table: str) -> None:
        ours_made.theirs("ours")
        rows = ours_made.their_rows("ours", table)
        assert rows == ours_made.our_rows(ours_made.ours("ours"), table)
        assert rows

    def test_theirs_reads_ours_virtually(self, ours_made: Lab, table: str) -> None:
        ours_made.genuine.run("virtual = dj.VirtualModule('virtual', name)", name=ours_made.name("ours"))
        assert ours_made.their_rows("virtual", table) == ours_made.our_rows(ours_made.ours("ours"), table)

    def test_the_same_rows_are_the_same_bytes(self, both: Lab, table: str) -> None:
        theirs, ours = (
            stored(both, both.name(purpose), STORED_NAMES[table]) for purpose in ("genuine", "ours")
        )
        assert ours == theirs


def stored(lab: Lab, schema: str, table: str) -> list[str]:
    """Return what the driver gives for the visible columns of a table, in a form that sorts."""
    connection = lab.instance.connection
    names = dm.FreeTable(connection, f"{schema}.{table}").heading.names
    quote = connection.dialect.identifier
    columns = ", ".join(map(quote, names)) or "1"
    rows = lab.query(f"SELECT {columns} FROM {quote(schema)}.{quote(table)}")
    return sorted(repr([unpacked(value) for value in row]) for row in rows)


def unpacked(value: Any) -> Any:
    """Return a compressed blob as its bytes before compression, and JSON text as its value: MariaDB keeps the text.

    Compressors and writers of JSON differ, what they write must not.
    """
    if isinstance(value, bytes) and value.startswith(b"ZL123\0"):
        return zlib.decompress(value[14:])
    if isinstance(value, str) and value.startswith("{"):
        return json.dumps(json.loads(value), sort_keys=True)
    return value


class TestDefinitions:
    @pytest.mark.parametrize("table", TABLES)
    def test_both_describe_what_both_made_alike(self, both: Lab, table: str) -> None:
        connection = both.instance.connection
        descriptions = [
            dm.FreeTable(connection, f"{both.name(purpose)}.{STORED_NAMES[table]}")
            .describe()
            .replace(both.name(purpose), "lab")
            for purpose in ("genuine", "ours")
        ]
        assert descriptions[0] == descriptions[1]

    @pytest.mark.parametrize("table", TABLES)
    def test_theirs_describes_ours_as_its_own(self, both: Lab, table: str) -> None:
        both.theirs("ours")
        found = [
            both.genuine.run(f"result = {purpose}.{table}().describe(context={{}})").replace(
                both.name(purpose), "lab"
            )
            for purpose in ("genuine", "ours")
        ]
        if (
            table == "Setting"
        ):  # the genuine package fails to describe a table without visible key, or shows it empty
            return
        assert found[0] == found[1]

    def test_there_is_no_drift(self, both: Lab) -> None:
        for purpose in ("genuine", "ours"):
            tables = both.ours(purpose)
            for name in TABLES:
                table: Any = tables
                for part in name.split("."):
                    table = getattr(table, part)
                drift = [text for text in table().drift() if "comment" not in text]
                assert drift == [], name

    def test_lineage_is_alike(self, both: Lab) -> None:
        quote = both.instance.connection.dialect.identifier
        found = []
        for purpose in ("genuine", "ours"):
            schema = both.name(purpose)
            rows = both.query(
                f"SELECT table_name, attribute_name, lineage FROM {quote(schema)}.{quote('~lineage')}"
            )
            found.append(
                sorted(
                    (table, name, lineage.replace(schema, "lab"))
                    for table, name, lineage in rows
                    if not table.startswith("~")
                )
            )
        assert found[0] == found[1]

    def test_schemas_and_tables_are_listed(self, both: Lab) -> None:
        theirs = both.genuine.run("result = dj.list_schemas()")
        names = {both.name("genuine"), both.name("ours")}
        assert names <= set(theirs)
        assert names <= set(dm.list_schemas(both.instance.connection))
        listed = both.genuine.run("result = dj.Schema(name).list_tables()", name=both.name("ours"))
        mine = both.instance.Schema(both.name("genuine")).list_tables()
        assert sorted(listed) == sorted(mine) == sorted(STORED_NAMES.values())


class TestQueries:
    QUERIES = (
        "Session * Subject & 'subject = \"s1\"'",
        "Result * Rig & {'rig': 'b'}",
        "Subject.aggr(Session, n='count(*)')",
        "Session.proj(when='day')",
        "Result - {'rig': 'a'}",
        "Types & {'k': '2024-02-29'} & {'j': 'z'}",
        "(Import * Session).proj('day')",
    )

    @pytest.mark.parametrize("query", QUERIES)
    @pytest.mark.parametrize("purpose", ["genuine", "ours"])
    def test_both_answer_alike(self, both: Lab, purpose: str, query: str) -> None:
        if both.server == "postgresql":
            query = query.replace('"', "\\'")
        both.theirs(purpose)
        theirs = both.genuine.run(
            f"result = pipeline.rows_of(eval(query, dict(vars({purpose}))))", query=query
        )
        expression = eval(query, dict(vars(both.ours(purpose))))  # noqa: S307 - one of the texts above
        assert pipeline.rows_of(expression) == tidy(theirs)
