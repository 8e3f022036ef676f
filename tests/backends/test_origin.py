"""Rows that enter a pipeline record where they come from, if ``provenance.capture`` says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import datamill as dm


@pytest.fixture
def instance(database_url: str) -> Iterator[dm.Instance]:
    instance = dm.Instance(
        url=database_url, safemode=False, provenance__capture=True, provenance__source={"system": "lims"}
    )
    yield instance
    instance.connection.close()


def origins(table: Any) -> dict[int, dict[str, Any] | None]:
    name = table.full_table_name
    rows = table.connection.query(f"SELECT sample, _prov FROM {name}").fetchall()
    return {
        key: json.loads(value) if isinstance(value, str | bytes | bytearray) else value for key, value in rows
    }


def test_rows_record_where_they_come_from(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class Sample(dm.Manual):
        definition = """
        sample : int32
        ---
        note = null : varchar(20)
        """

    before = datetime.now(UTC) - timedelta(seconds=1)
    Sample.insert1({"sample": 1})
    Sample.insert([{"sample": 2}, {"sample": 3, "note": "later"}])
    found = origins(Sample)
    assert sorted(found) == [1, 2, 3]
    for origin in found.values():
        assert origin is not None
        assert origin.keys() == {"time", "agent", "source"}
        assert before <= datetime.fromisoformat(origin["time"]) <= datetime.now(UTC)
        assert origin["agent"]["user"]
        assert origin["agent"]["host"]
        assert origin["source"] == {"system": "lims"}
    assert "_prov" not in Sample.heading.names
    assert "_prov" not in Sample.describe()
    assert len(Sample & "_prov IS NULL") == 0
    with pytest.raises(dm.DataMillError, match="only the platform sets it"):
        Sample.insert1({"sample": 4, "_prov": {}})
    with instance.connection.config.override(provenance__capture=False):
        Sample.insert1({"sample": 5})
    assert origins(Sample)[5] is None


def test_rows_that_a_make_enters_name_it(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")

    @schema
    class Sample(dm.Manual):
        definition = "sample : int32"

    @schema
    class Folder(dm.Lookup):
        definition = """
        day : date
        name : varchar(9)
        """
        contents = [("2024-05-06", "first")]

    @schema
    class Scan(dm.Imported):
        definition = "-> Folder"
        writes = (Sample,)

        def make(self, key: dict[str, Any]) -> None:
            self.insert1(key)
            Sample.insert1({"sample": 7})

    Scan.populate()
    origin = origins(Sample)[7]
    assert origin is not None
    assert origin["context"] == {"table": Scan.full_table_name, "key": {"day": "2024-05-06", "name": "first"}}


def test_tables_made_before_can_record_too(instance: dm.Instance) -> None:
    schema = instance.Schema("lab")
    with instance.connection.config.override(provenance__capture=False):

        @schema
        class Sample(dm.Manual):
            definition = "sample : int32"

        @schema
        class Kind(dm.Lookup):
            definition = "kind : int32"

    Sample.insert1({"sample": 1})
    planned = dm.deploy.add_prov_column(schema)
    assert (planned["tables_analyzed"], planned["tables_modified"], planned["columns_added"]) == (1, 1, 1)
    assert len(planned["details"]) == 1
    Sample.insert1({"sample": 2})
    done = dm.deploy.add_prov_column(schema, dry_run=False)
    assert done["tables_modified"] == 1
    Sample.insert1({"sample": 3})
    found = origins(Sample)
    assert (found[1], found[2]) == (None, None)
    assert found[3] is not None
    assert dm.deploy.add_prov_column(schema)["tables_modified"] == 0
