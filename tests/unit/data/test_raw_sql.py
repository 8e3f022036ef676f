"""Placeholders of raw SQL on every dialect, and what kind of statement a text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.data.raw_sql import bind_arguments, first_word, is_definition, is_read
from datamill.data.raw_tables import tables_of
from datamill.errors import QueryError
from datamill.model.names import TableName
from datamill.sql.dialects import get_dialect

SQLITE, POSTGRESQL = get_dialect("sqlite"), get_dialect("postgresql")


@given(st.text())
def test_without_arguments_the_text_is_sent_as_it_is(text: str) -> None:
    assert bind_arguments(text, None, SQLITE).sql == text


@given(st.text(st.sampled_from("ab%s '\"(`-/*\n")))
def test_any_text_binds_or_is_refused(text: str) -> None:
    try:
        statement = bind_arguments(text, (1, 2), SQLITE)
    except QueryError:
        return
    assert statement.params == (1, 2)


@pytest.mark.parametrize(
    ("text", "sqlite", "postgresql"),
    [
        ("a = %s", "a = ?", "a = %s"),
        ("a %% %s", "a % ?", "a %% %s"),
        ("a % %s", "a % ?", "a %% %s"),
        ("a LIKE '%s%%' AND b = %s", "a LIKE '%s%' AND b = ?", "a LIKE '%%s%%' AND b = %s"),
        ("-- %s\n%s", "-- %s\n?", "-- %%s\n%s"),
        ("/* %s */ %s", "/* %s */ ?", "/* %%s */ %s"),
        ('"%s" = %s', '"%s" = ?', '"%%s" = %s'),
        ("'it''s %s' = %s", "'it''s %s' = ?", "'it''s %%s' = %s"),
    ],
)
def test_placeholders(text: str, sqlite: str, postgresql: str) -> None:
    assert bind_arguments(text, (1,), SQLITE).sql == sqlite
    assert bind_arguments(text, (1,), POSTGRESQL).sql == postgresql


def test_names_may_repeat() -> None:
    statement = bind_arguments("%(a)s + %(b)s + %(a)s", {"a": 1, "b": 2}, SQLITE)
    assert statement.params == (1, 2, 1)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("select 1", True),
        ("  (SELECT 1)", True),
        ("-- note\nSELECT 1", True),
        ("/* a */ WITH a AS (SELECT 1) SELECT * FROM a", True),
        ("WITH a AS (SELECT 1) DELETE FROM b", False),
        ("WITH a AS (SELECT 'delete') SELECT * FROM a", True),
        ("PRAGMA user_version", True),
        ("PRAGMA user_version = 3", False),
        ("INSERT INTO a VALUES (1)", False),
        ("EXPLAIN QUERY PLAN SELECT 1", True),
        ("", False),
    ],
)
def test_what_reads(text: str, reads: bool) -> None:
    assert is_read(text) is reads


def test_what_defines() -> None:
    assert is_definition("create table a (b)")
    assert is_definition(" DROP TABLE a")
    assert not is_definition("SELECT 'create'")
    assert first_word("/* x */ -- y\n vacuum") == "VACUUM"


def test_tables_of_a_query() -> None:
    mouse, user = TableName("lab", "mouse"), TableName("lab", "#user")
    query = 'SELECT * FROM "lab.mouse" JOIN "lab.#user" USING (a) WHERE b = %s AND c = %(value)s'
    assert tables_of(query, SQLITE) == ([mouse, user], None)
    assert tables_of('SELECT * FROM "lab"."mouse"', POSTGRESQL) == ([mouse], None)
    assert tables_of("SELECT * FROM `lab`.`mouse`, (SELECT 1) AS x", get_dialect("mysql")) == ([mouse], None)
    assert tables_of("WITH a AS (SELECT 1) SELECT * FROM a", SQLITE) == ([], None)
    assert tables_of("this is not SQL at all ((", SQLITE) is None


def test_tables_that_are_written() -> None:
    mouse, user = TableName("lab", "mouse"), TableName("lab", "#user")
    assert tables_of('INSERT INTO lab.mouse (a) SELECT b FROM lab."#user"', POSTGRESQL) == ([user], mouse)
    assert tables_of('UPDATE "lab"."mouse" SET a = %s', POSTGRESQL) == ([], mouse)
    assert tables_of('DELETE FROM "lab.mouse" WHERE a IN (SELECT a FROM "lab.mouse")', SQLITE) == (
        [mouse],
        mouse,
    )
