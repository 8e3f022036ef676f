"""Statements that change rows."""

from __future__ import annotations

import pytest

from datamill.errors import DataMillError
from datamill.model.names import TableName
from datamill.model.types import parse_type
from datamill.sql import dml
from datamill.sql.dialects import get_dialect
from datamill.sql.keys import Way, delete_by_key, delete_by_way, key_batches
from datamill.sql.writer import Statement

SQLITE, POSTGRESQL, MYSQL = (get_dialect(name) for name in ("sqlite", "postgresql", "mysql"))
TABLE = TableName("lab", "t")
SELECT = Statement("SELECT ...", (1,))


def test_insert_of_several_rows() -> None:
    sql = dml.insert_values(MYSQL, TABLE, ("a", "b"), rows=2)
    assert sql == "INSERT INTO `lab`.`t` (`a`, `b`) VALUES (%s, %s), (%s, %s)"


def test_replace_overwrites_the_other_columns_only() -> None:
    sql = dml.insert_values(POSTGRESQL, TABLE, ("a", "b", "c"), ("a",), "replace")
    assert sql.endswith('ON CONFLICT ("a") DO UPDATE SET "b" = excluded."b", "c" = excluded."c"')


def test_replacing_a_row_that_is_all_key_does_nothing() -> None:
    assert dml.insert_values(SQLITE, TABLE, ("a",), ("a",), "replace").endswith(
        'ON CONFLICT ("a") DO NOTHING'
    )


def test_mysql_has_no_conflict_clause_for_one_index() -> None:
    with pytest.raises(DataMillError):
        dml.insert_values(MYSQL, TABLE, ("a",), ("a",), "skip")


def test_insert_from_a_query() -> None:
    (statement,) = dml.insert_select(SQLITE, TABLE, ["a", "b"], SELECT, key=["a"], conflict="skip")
    assert statement.sql == (
        'INSERT INTO "lab.t" ("a", "b") SELECT "~source"."a", "~source"."b" FROM (SELECT ...) AS "~source"'
        ' WHERE TRUE ON CONFLICT ("a") DO NOTHING'
    )
    assert statement.params == (1,)


def test_mysql_updates_then_inserts_from_a_query() -> None:
    update, insert = dml.insert_select(MYSQL, TABLE, ["a", "b"], SELECT, key=["a"], conflict="replace")
    assert update.sql == (
        "UPDATE `lab`.`t` JOIN (SELECT ...) AS `~source` ON `lab`.`t`.`a` = `~source`.`a`"
        " SET `lab`.`t`.`b` = `~source`.`b`"
    )
    assert insert.sql.endswith(
        "WHERE NOT EXISTS (SELECT 1 FROM `lab`.`t` WHERE `lab`.`t`.`a` = `~source`.`a`)"
    )


def test_delete_by_query() -> None:
    statement = dml.delete_select(POSTGRESQL, TABLE, ["a", "b"], SELECT)
    assert statement.sql == (
        'DELETE FROM "lab"."t" WHERE ("a", "b") IN'
        ' (SELECT "~source"."a", "~source"."b" FROM (SELECT ...) AS "~source")'
    )
    assert statement.params == (1,)


def test_many_keys_travel_as_arrays_where_a_dialect_reads_them_as_tables() -> None:
    types = {"n": parse_type("int32"), "kind": parse_type("enum('a','b')")}
    keys = [(k, "a") for k in range(20)]
    statement = delete_by_key(POSTGRESQL, TABLE, ("n", "kind"), keys, types)
    assert statement.sql == (
        'DELETE FROM "lab"."t" WHERE ("n", "kind"::text) IN (SELECT * FROM unnest(%s::integer[], %s::text[]))'
    )
    assert statement.params == (list(range(20)), ["a"] * 20)
    few = delete_by_key(POSTGRESQL, TABLE, ("n", "kind"), keys[:2], types)
    assert few.sql == 'DELETE FROM "lab"."t" WHERE ("n", "kind") IN ((%s, %s), (%s, %s))'
    assert "unnest" not in delete_by_key(MYSQL, TABLE, ("n", "kind"), keys, types).sql
    assert len(list(key_batches(keys * 500, 2, POSTGRESQL))) == 1
    assert len(list(key_batches(keys * 500, 2))) == 10


def test_deletes_follow_foreign_keys() -> None:
    number = parse_type("int32")
    room = (TableName("lab", "room"), ("room", "floor"), Way(("house",)))
    way = Way(("cage",), (TableName("lab", "cage"), ("cage",), Way(("at_room", "at_floor"), room)))
    assert way.end(TABLE) == (TableName("lab", "room"), ("house",))
    nested = delete_by_way(POSTGRESQL, TABLE, way, [(k,) for k in range(20)], {"house": number})
    assert nested.sql == (
        'DELETE FROM "lab"."t" WHERE "cage" IN (SELECT "cage" FROM "lab"."cage" WHERE ("at_room", "at_floor") IN '
        '(SELECT "room", "floor" FROM "lab"."room" WHERE "house" = ANY(%s::integer[])))'
    )
    joined = delete_by_way(MYSQL, TABLE, way, [(1,), (2,)], {"house": number})
    assert joined.sql == (
        "DELETE `lab`.`t` FROM `lab`.`t` INNER JOIN `lab`.`cage` ON `lab`.`t`.`cage` = `lab`.`cage`.`cage` "
        "INNER JOIN `lab`.`room` ON `lab`.`cage`.`at_room` = `lab`.`room`.`room` "
        "AND `lab`.`cage`.`at_floor` = `lab`.`room`.`floor` WHERE `lab`.`room`.`house` IN (%s, %s)"
    )
    assert (
        delete_by_way(MYSQL, TABLE, Way(("a",)), [(1,)], {"a": number}).sql
        == "DELETE FROM `lab`.`t` WHERE `a` IN (%s)"
    )
