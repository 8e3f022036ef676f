"""Definitions of tables in every dialect: tests/golden/<dialect>/ddl/*.sql."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

from datamill.errors import DefinitionError
from datamill.model.attribute import Attribute, Now
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, Index, IndexPart, TableSpec
from datamill.model.types import KINDS, parse_type
from datamill.sql import ddl
from datamill.sql.dialects import get_dialect
from datamill.sql.writer import Statement

Golden = Callable[[str, str, Iterable[Statement]], None]


def column(name: str, type: str, **options: Any) -> Attribute:
    stored = options.pop("stored", type)
    return Attribute(name, parse_type(type), parse_type(stored), **options)


def plain(*names: str, unique: bool = False) -> Index:
    return Index(tuple(IndexPart(name) for name in names), unique)


SCALARS = (
    *(
        kind.name
        for kind in KINDS.values()
        if kind.is_core and kind.name not in ("decimal", "char", "varchar", "enum")
    ),
    *("decimal(8,2)", "char(5)", "varchar(30)", "enum('b','a','it''s')"),
    *("datetime(3)", "timestamp(6)", "time(1)"),
)
RIG = TableSpec(
    TableName("lab", "#rig"),
    Heading([column("rig", "varchar(16)", in_key=True, comment='it\'s the "name"', lineage="lab.#rig.rig")]),
    comment="places to record",
)
SUBJECT = TableSpec(
    TableName("lab", "subject"),
    Heading(
        [
            column("subject", "int32", in_key=True, comment="ear tag", lineage="lab.subject.subject"),
            column("sex", "enum('M','F')"),
        ]
    ),
)
SESSION = TableSpec(
    TableName("exp", "session"),
    Heading(
        [
            column("subject", "int32", in_key=True, comment="ear tag", lineage="lab.subject.subject"),
            column("session", "uint8", in_key=True, lineage="exp.session.session"),
            column("sex", "enum('M','F')", lineage="lab.subject.sex"),
            column("rig", "varchar(16)", nullable=True, default=None, lineage="lab.#rig.rig"),
            column("spare", "varchar(16)", nullable=True, default=None, lineage="lab.#rig.rig"),
        ]
    ),
    foreign_keys=(
        ForeignKey(SUBJECT.name, (("subject", "subject"),), in_key=True),
        ForeignKey(RIG.name, (("rig", "rig"),), nullable=True),
        ForeignKey(RIG.name, (("spare", "rig"),), nullable=True, unique=True),
    ),
)
FRAME = TableSpec(
    TableName("exp", "__scan__frame"),
    Heading(
        [
            column("subject", "int32", in_key=True, lineage="lab.subject.subject"),
            column("session", "uint8", in_key=True, lineage="exp.session.session"),
            column("frame", "uint16", in_key=True, lineage="exp.__scan__frame.frame"),
            column("image", "<blob>", stored="bytes"),
        ]
    ),
    foreign_keys=(
        ForeignKey(TableName("exp", "__scan"), (("subject", "subject"), ("session", "session")), in_key=True),
    ),
)
DEFAULTS = TableSpec(
    TableName("lab", "defaults"),
    Heading(
        [
            column("id", "int32", in_key=True),
            column("count", "int16", default=-5),
            column("big", "uint64", default=2**64 - 1),
            column("price", "decimal(8,2)", default=Decimal("1.50")),
            column("ratio", "float64", default=0.1),
            column("ok", "bool", default=True),
            column("note", "varchar(30)", default='it\'s 50 % \\ "ok"'),
            column("made", "datetime", default=Now()),
            column("seen", "datetime(3)", default=Now(3)),
            column("exact", "timestamp(6)", default=Now(6)),
            column("coarse", "datetime(1)", default=Now(1)),
            column("day", "date", default=Now()),
            column("clock", "time(4)", default=Now(4)),
            column("nothing", "json", nullable=True, default=None),
        ]
    ),
)
TABLES = {
    "lookup_with_comment": RIG,
    "enum": SUBJECT,
    "foreign_keys": SESSION,
    "part_with_blob": FRAME,
    "defaults": DEFAULTS,
    "every_type": TableSpec(
        TableName("lab", "every_type"),
        Heading(
            [
                column("id", "int64", in_key=True),
                *(column(f"a{place}", text) for place, text in enumerate(SCALARS)),
            ]
        ),
    ),
    "indexes": TableSpec(
        TableName("lab", "indexed"),
        Heading([column("a", "int32", in_key=True), column("b", "int32"), column("c", "varchar(8)")]),
        indexes=(plain("b", "c"), plain("c", unique=True), plain("b", "c", unique=True)),
    ),
    "expression_indexes": TableSpec(
        TableName("lab", "note"),
        Heading([column("id", "int32", in_key=True), column("tag", "varchar(8)"), column("meta", "json")]),
        indexes=(
            Index((IndexPart(expression="LOWER(tag)"),), unique=True),
            Index((IndexPart("tag"), IndexPart("meta", "cam[0].gain", parse_type("int32")))),
            Index((IndexPart("meta", "name"),)),
        ),
    ),
    "singleton": TableSpec(
        TableName("lab", "setting"),
        Heading([column("value", "varchar(8)")]),
        hidden=(column("_singleton", "bool", in_key=True, default=True, comment="singleton primary key"),),
    ),
    "hidden_columns": TableSpec(
        TableName("lab", "__result"),
        Heading([column("id", "int32", in_key=True)]),
        hidden=(
            column(
                "_job_start_time",
                "datetime(3)",
                nullable=True,
                default=None,
                comment="when computation began",
            ),
            column("_job_version", "varchar(64)", default="", comment="code version"),
        ),
    ),
    "natives": TableSpec(
        TableName("lab", "old"),
        Heading(
            [
                column("id", "int auto_increment", in_key=True),
                column("n", "smallint unsigned"),
                column("t", "mediumtext"),
            ]
        ),
    ),
    "integer_key_of_wide_rows": TableSpec(
        TableName("lab", "image"),
        Heading([column("id", "int32", in_key=True), column("pixels", "<blob>", stored="bytes")]),
    ),
    "lineage": TableSpec(
        TableName("lab", "~lineage"),
        Heading(
            [
                column("table_name", "varchar(64)", in_key=True, comment="table name within the schema"),
                column("attribute_name", "varchar(64)", in_key=True, comment="attribute name"),
                column("lineage", "varchar(255)", comment="origin: schema.table.attribute"),
            ]
        ),
    ),
}
PARENTS = {spec.name: spec for spec in (RIG, SUBJECT)}


@pytest.mark.parametrize("name", TABLES)
def test_tables(name: str, dialect_name: str, golden: Golden) -> None:
    statements = ddl.create_table(TABLES[name], get_dialect(dialect_name), PARENTS)
    golden(dialect_name, f"ddl/{name}", statements)


def test_schemas(dialect_name: str, golden: Golden) -> None:
    dialect = get_dialect(dialect_name)
    statements = [
        *ddl.create_schema("lab", dialect),
        *ddl.drop_table(TableName("lab", "#rig"), dialect),
        *ddl.drop_schema("lab", dialect),
    ]
    golden(dialect_name, "ddl/schemas", statements)


@pytest.mark.parametrize("text", ["now()", "unix_timestamp()", "a + rand()", "'x'", "1 + 1", "null"])
@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mysql", "mariadb"])
def test_what_changes_or_reads_nothing_is_no_index(name: str, text: str) -> None:
    heading = Heading([column("a", "int32", in_key=True)])
    spec = TableSpec(TableName("lab", "t"), heading, indexes=(Index((IndexPart(expression=text),)),))
    with pytest.raises(DefinitionError, match="cannot be indexed"):
        list(ddl.create_table(spec, get_dialect(name), {}))
