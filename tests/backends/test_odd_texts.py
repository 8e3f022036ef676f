"""Quotes, percent signs, backslashes, control characters and all of Unicode, in every place that takes a text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import datamill as dm
from datamill.errors import IntegrityError

WORDS = [
    *("it's", 'say "hi"', "100 %", "%s", "%(a)s %%", "back\\slash", "\\", "\\'", "\\N", "tab\tnew\nline\r\n"),
    *(
        "🐭 日本",
        "a;b--c/*x*/",
        "`tick` {0} $1 ? :x #h",
        "\x1a\x7f",
        "''",
        '""',
        "null",
        "a,b",
        "e\u0301",
        " lead",
    ),
]
MEMBERS = ["it's", 'q"q', "100 %", "%s", "back\\slash", "🐭", "a,b", "(x)", "a:b", "#h", "\\'"]
COMMENT = 'it\'s "q" 100 % %s \\ \\n `t` ünï 🐭 {0} $1 ? :x'
DEFAULT = 'it\'s "x" 100 % %s \\n'
BROKEN = WORDS[:4]


def quoted(text: str) -> str:
    """Return a text as the definition language writes it."""
    return "'" + text.replace("'", "''") + "'"


def literal(text: str) -> str:
    """Return a text as an expression writes it."""
    return quoted(text.replace("\\", "\\\\"))


class Odd:
    """A table of odd words, and one computed from it, which fails for some."""

    def __init__(self, url: str) -> None:
        self.lab = dm.Instance(url=url, safemode=False)
        schema = self.lab.Schema("lab")
        metaclass: Any = type(dm.Manual)
        definition = f"""
        # {COMMENT}
        word : varchar(60)  # {COMMENT}
        ---
        other = {quoted(DEFAULT)} : varchar(60)  # {COMMENT}
        member = null : enum({",".join(map(quoted, MEMBERS))})  # {COMMENT}
        document = null : json
        anything = null : <blob>
        index ((concat(word, {quoted(COMMENT)})))
        """
        self.words: Any = schema(metaclass("Words", (dm.Manual,), {"definition": definition}))

        def make(table: Any, key: dict[str, Any]) -> None:
            if key["word"] in BROKEN:
                raise ValueError(key["word"])
            table.insert1({**key, "result": key["word"]})

        members = {"definition": "-> Words\n---\nresult : varchar(60)", "make": make}
        self.results: Any = schema(
            metaclass("Results", (dm.Computed,), members), context={"Words": self.words}
        )
        self.words.insert(
            {"word": word, "document": {"k": word, word: [word]}, "anything": word} for word in WORDS
        )


@pytest.fixture
def odd(database_url: str) -> Iterator[Odd]:
    odd = Odd(database_url)
    yield odd
    odd.lab.connection.close()


def test_definitions_keep_them(odd: Odd, tmp_path: Path) -> None:
    assert odd.words().drift() == []
    free = odd.lab.FreeTable("lab.words")
    assert [item.comment for item in free.heading.attributes.values()][:3] == [COMMENT] * 3
    assert free.heading["other"].default == DEFAULT
    assert free.describe().startswith(f"# {COMMENT}\n")
    with dm.Connection(url=f"sqlite:///{tmp_path / 'copy.db'}") as copy:
        dm.copy_database(odd.lab.connection, copy, "lab")
        assert dm.FreeTable(copy, "lab.words").describe() == free.describe()


def test_values_come_back_and_are_found(odd: Odd) -> None:
    stored = {row["word"]: row for row in odd.words.to_dicts()}
    assert len(stored) == len(WORDS)
    for word in WORDS:
        assert stored[word]["document"] == {"k": word, word: [word]}
        assert (stored[word]["anything"], stored[word]["other"]) == (word, DEFAULT)
        pattern = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        for condition in (
            {"word": word},
            [{"word": word}, {"word": "nothing"}],
            {"document.k": word},
            f"word = {literal(word)}",
            f"document.k = {literal(word)}",
            f"concat('<', word, '>') = {literal(f'<{word}>')}",
            f"word LIKE {literal(pattern)}",
        ):
            assert (odd.words & condition).to_arrays("word").tolist() == [word], condition
        connection, name = odd.lab.connection, odd.words().full_table_name
        assert len(connection.query((odd.words & {"word": word}).make_sql(), None).fetchall()) == 1
        odd.words.update1({"word": word, "other": word})
        for arguments, mark in (((word,), "%s"), ({"w": word}, "%(w)s")):
            rows = connection.query(
                f"SELECT word FROM {name} WHERE other = {mark} AND '%%' = '%%'", arguments
            )
            assert rows.fetchall() == [(word,)]
    assert [key["word"] for key in odd.words.keys(order_by="word")] == sorted(WORDS)
    assert len(dm.U("other").aggr(odd.words, n="count(*)")) == len(WORDS)
    for member in MEMBERS:
        odd.words.update1({"word": "null", "member": member})
        for condition in ({"member": member}, f"member = {literal(member)}"):
            assert (odd.words & condition).fetch1("member") == member


def test_jobs_errors_and_deletes(odd: Odd, tmp_path: Path) -> None:
    outcome = odd.results.populate(reserve_jobs=True, suppress_errors=True)
    assert outcome["success_count"] == len(WORDS) - len(BROKEN)
    failed = odd.results.jobs.errors.to_dicts()
    assert sorted(row["word"] for row in failed) == sorted(BROKEN)
    assert all(row["word"] in row["error_message"] for row in failed)
    with pytest.raises(IntegrityError, match="no'such%s"):
        odd.results.insert1({"word": "no'such%s", "result": ""}, allow_direct_insert=True)
    plan = (odd.words & [{"word": word} for word in WORDS[::2]]).plan_delete()
    assert plan.apply() == len(WORDS[::2])
    assert {row["word"] for row in odd.words.to_dicts()} == set(WORDS[1::2])
    file = tmp_path / "words.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["word", "other"], *([word, word] for word in WORDS[::2])])
    odd.words.insert(file)
    assert {row["word"] for row in odd.words.to_dicts()} == set(WORDS)
