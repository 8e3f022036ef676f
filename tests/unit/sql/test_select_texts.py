"""Texts of the most frequent SELECTs are kept: they stay those of a SELECT that is compiled anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.algebra.lab import MOUSE, SESSION, SPECS

from datamill.algebra.operators import restrict
from datamill.algebra.relations import BaseTable, Relation
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.types import parse_type
from datamill.sql import select
from datamill.sql.dialects import get_dialect
from datamill.sql.select import compile_select

DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb")


def anew(relation: Relation, dialect: str) -> Any:
    """Compile without what is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(select, "_texts", {})
        return compile_select(relation, get_dialect(dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_values_are_those_of_each_call(dialect: str) -> None:
    relations = [
        restrict(table, {"mouse": number, **more})
        for table in (MOUSE, SESSION)
        for number in (1, 2, None, 1)
        for more in ({}, {"day": "2024-01-05"}, {"day": None}, {"sess": 3})
    ]
    for _ in range(2):
        for relation in relations:
            assert compile_select(relation, get_dialect(dialect)) == anew(relation, dialect)


def test_a_table_that_was_altered_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "_texts", {})
    number = parse_type("int32")
    dialect = get_dialect("postgresql")
    for name in ("a", "b", "c"):
        heading = Heading([Attribute("k", number, number, in_key=True), Attribute(name, number, number)])
        spec = replace(next(iter(SPECS.values())), heading=heading, foreign_keys=(), indexes=())
        for k in (1, 2):
            statement = compile_select(restrict(BaseTable(spec), {"k": k}), dialect)
            assert f'"{name}"' in statement.sql
            assert statement.params == (k,)


def test_few_texts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "_texts", {})
    monkeypatch.setattr(select, "MOST_TEXTS", 2)
    for condition in ({"mouse": 1}, {"sess": 1}, {"mouse": 1, "sess": 2}, {"sess": 2, "mouse": 1}):
        compile_select(restrict(SESSION, condition), get_dialect("sqlite"))
        assert len(select._texts) <= 2
