"""A few tables without a database, and a way to see what a query asks."""

from __future__ import annotations

from typing import Any

from datamill.algebra.relations import BaseTable, Relation
from datamill.model.attribute import Attribute
from datamill.model.graph import DependencyGraph
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, TableSpec
from datamill.model.types import parse_type
from datamill.sql.dialects import get_dialect
from datamill.sql.select import compile_select

SPECS: dict[str, TableSpec] = {}


def table(name: str, attributes: str, hidden: str = "", **foreign_keys: str) -> BaseTable:
    """Make a table.

    Args:
        name: Table name in schema ``lab``.
        attributes: ``name* type?`` separated by semicolons: ``*`` for key, ``?`` for nullable.
        hidden: The same for hidden attributes.
        foreign_keys: Parent table -> ``own=theirs own=theirs``.
    """
    references = {
        TableName("lab", parent): tuple((pair.split("=")[0], pair.split("=")[-1]) for pair in text.split())
        for parent, text in foreign_keys.items()
    }
    inherited = {
        own: SPECS[parent.table].heading[theirs].lineage
        for parent, pairs in references.items()
        for own, theirs in pairs
    }
    heading = Heading([_attribute(name, item, inherited) for item in attributes.split(";")])
    keys = tuple(
        ForeignKey(parent, pairs, in_key={own for own, _ in pairs} <= set(heading.key))
        for parent, pairs in references.items()
    )
    extra = tuple(_attribute(name, item, {}) for item in hidden.split(";") if item)
    SPECS[name] = TableSpec(TableName("lab", name), heading, hidden=extra, foreign_keys=keys)
    return BaseTable(SPECS[name], "here")


def _attribute(table: str, text: str, inherited: dict[str, str | None]) -> Attribute:
    word, type_text = text.strip().split(" ", 1)
    name, in_key, nullable = word.rstrip("*"), word.endswith("*"), type_text.endswith("?")
    type = parse_type(type_text.rstrip("?"))
    stored = parse_type("bytes") if type.is_codec else type
    lineage = inherited.get(name, f"lab.{table}.{name}" if in_key else None)
    return Attribute(name, type, stored, in_key=in_key, nullable=nullable, lineage=lineage)


MOUSE = table("mouse", "mouse* int32; sex enum('F','M')?; photo <blob>?")
RIG = table("rig", "rig* varchar(4); room varchar(8)")
SESSION = table(
    "session",
    "mouse* int32; sess* int16; day date; score float64?; meta json?",
    hidden="_started datetime(3)?",
    mouse="mouse",
)
TRIAL = table(
    "trial",
    "mouse* int32; sess* int16; t* int32; rt float64?; rig varchar(4)?",
    session="mouse sess",
    rig="rig",
)
PAIR = table("pair", "mouse* int32; sess* int16; other* int16; same bool", session="mouse sess")
SETTING = table("setting", "speed int32")
GRAPH = DependencyGraph(SPECS.values())


def sql(relation: Relation, dialect: str = "sqlite") -> str:
    """Return the text of a query with its values, without quotes and schema, for reading."""
    text = compile_select(relation, get_dialect(dialect), inline=True).sql
    return text.replace('"', "").replace("`", "").replace("lab.", "")


def where(relation: Relation) -> str:
    """Return what stands behind WHERE."""
    return sql(relation).partition(" WHERE ")[2]


def names(relation: Relation) -> str:
    """Return the attributes of a relation: key, bar, others."""
    heading = relation.heading
    return f"{' '.join(heading.key)} | {' '.join(heading.secondary_attributes)}".strip()


class Wrapped:
    """What users have: an object with a relation."""

    def __init__(self, relation: Relation) -> None:
        self._relation = relation

    def __relation__(self) -> Any:
        return self._relation
