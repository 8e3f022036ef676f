"""Bringing tables made earlier up to date: ``dm.migrate`` and ``dm.deploy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import datamill as dm
from datamill.compat import stored
from datamill.errors import DataMillError
from datamill.model.names import TableName

if TYPE_CHECKING:
    from datamill.data.connection import Connection


def declare_pair(connection: Connection) -> tuple[Any, Any, Any]:
    schema = dm.Schema("lab", connection=connection)

    @schema
    class Entry(dm.Manual):
        definition = """
        entry : int32
        ---
        kind : enum('a','b')    # of "entry"
        """

    @schema
    class Work(dm.Computed):
        definition = """
        -> Entry
        ---
        done : bool
        """

        def make(self, key: dict[str, Any]) -> None:
            self.insert1({**key, "done": True})

    Entry.insert([{"entry": 1, "kind": "a"}, {"entry": 2, "kind": "b"}])
    return schema, Entry, Work


def test_job_metadata_is_added_to_tables_that_lack_it(connection: Connection) -> None:
    schema, entry, work = declare_pair(connection)
    work.populate(entry & "entry = 1")
    described = work.describe()
    assert dm.migrate.add_job_metadata_columns(schema) == {
        "tables_analyzed": 1,
        "tables_modified": 1,
        "columns_added": 3,
        "details": [{"table": "lab.__work", "columns": ["_job_start_time", "_job_duration", "_job_version"]}],
    }
    assert dm.migrate.add_job_metadata_columns(work, dry_run=False)["columns_added"] == 3
    assert dm.migrate.add_job_metadata_columns(work)["columns_added"] == 0
    assert dm.migrate.add_job_metadata_columns(entry)["tables_analyzed"] == 0
    connection.catalog.invalidate()
    assert work.describe() == described
    connection.config["jobs.add_job_metadata"] = True
    work.populate()
    times = connection.query(f"SELECT _job_start_time FROM {work.full_table_name} ORDER BY entry").fetchall()
    assert [row[0] is None for row in times] == [True, False]
    with pytest.raises(DataMillError, match="neither a schema nor a table"):
        dm.migrate.add_job_metadata_columns("lab")


def test_lineage_is_rebuilt(connection: Connection) -> None:
    schema, _, _ = declare_pair(connection)
    lineages = stored.get_schema_lineages(connection, "lab")
    assert lineages == {"lab.entry.entry": "lab.entry.entry", "lab.__work.entry": "lab.entry.entry"}
    table = connection.dialect.table(TableName("lab", "~lineage"))
    connection.query(f"DELETE FROM {table}")
    assert stored.get_schema_lineages(connection, "lab") == {}
    assert dm.migrate.rebuild_lineage(schema) == {
        "tables_analyzed": 2,
        "lineage_entries": 2,
        "status": "dry_run",
    }
    assert dm.migrate.rebuild_lineage(schema, dry_run=False)["status"] == "rebuilt"
    assert stored.get_schema_lineages(connection, "lab") == lineages
    assert stored.get_lineage(connection, "lab", "__work", "entry") == "lab.entry.entry"
    assert stored.get_lineage(connection, "lab", "__work", "done") is None
    assert stored.lineage_table_exists(connection, "lab")
    stored.rebuild_schema_lineage(connection, "lab")


def test_replica_identity(connection: Connection, backend: str) -> None:
    schema, entry, _ = declare_pair(connection)
    if backend != "postgresql":
        with pytest.raises(DataMillError, match="Only PostgreSQL"):
            dm.deploy.set_replica_identity(schema)
        return
    with pytest.raises(DataMillError, match="half"):
        dm.deploy.set_replica_identity(schema, mode="half")
    plan = dm.deploy.set_replica_identity(entry)
    assert plan == {
        "tables_analyzed": 1,
        "tables_modified": 0,
        "ddl": ['ALTER TABLE "lab"."entry" REPLICA IDENTITY FULL'],
    }
    assert dm.deploy.set_replica_identity(schema, dry_run=False)["tables_modified"] == 2
    found = connection.query(
        "SELECT relreplident FROM pg_class WHERE relname IN ('entry', '__work')"
    ).fetchall()
    assert {str(row[0]) for row in found} <= {"f", "b'f'"}


def test_content_under_its_hash(connection: Connection, tmp_path: Any) -> None:
    connection.config.stores["main"] = {"protocol": "file", "location": str(tmp_path)}
    metadata = stored.put_hash(b"hello", "lab", "main", connection.config)
    assert metadata["hash"] == stored.compute_hash(b"hello")
    assert stored.get_hash(metadata, connection.config) == b"hello"
