"""What type records of DataJoint 0.14 mean, and values that its migration turned into JSON."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from datamill.backends.base import RawColumn, RawForeignKey, RawIndex, RawTable
from datamill.catalog.legacy import legacy_type, without_externals
from datamill.codecs import blob, get_codec
from datamill.codecs.chain import chain_for
from datamill.errors import DataMillError, ObjectIntegrityError
from datamill.model.names import TableName
from datamill.settings import Config
from datamill.storage.stores import Stores, using


@pytest.mark.parametrize(
    ("record", "sql_type", "expected"),
    [
        ("attach", "longblob", "<attach>"),
        ("blob@ext", "binary(16)", "<external-blob@ext>"),
        ("attach@ext", "BINARY(16)", "<external-attach@ext>"),
        ("filepath@my-store", "binary(16)", "<external-filepath@my-store>"),
        ("blob@ext", "json", "<migrated-blob@ext>"),
        ("external-raw", "char(51)", "<external>"),
        ("external", "char(51)", "<external>"),
        ("uuid", "binary(16)", None),
        ("", "int", None),
        (None, "int", None),
    ],
)
def test_records(record: str | None, sql_type: str, expected: str | None) -> None:
    found = legacy_type(record, RawColumn("a", sql_type, False, None, ""))
    assert (found.text if found else None) == expected


def test_references_to_tables_of_stores_are_left_out() -> None:
    own, parent, external = TableName("lab", "t"), TableName("lab", "p"), TableName("lab", "~external_ext")
    keys = (RawForeignKey(parent, ("p",), ("p",)), RawForeignKey(external, ("a",), ("hash",)))
    indexes = (RawIndex(("a",), (None,), False, "a"), RawIndex(("b",), (None,), False, "b"))
    table = RawTable(own, "", (), ("p",), keys, indexes)
    found = without_externals(table)
    assert [key.parent for key in found.foreign_keys] == [parent]
    assert [index.name for index in found.indexes] == ["b"]


def test_versions_before_0_12_are_refused() -> None:
    with pytest.raises(DataMillError, match=r"before 0\.12"):
        chain_for("<external>")


def test_values_that_no_table_lists() -> None:
    with pytest.raises(DataMillError, match="does not list"):
        get_codec("external-blob").decode(uuid.UUID(int=1))
    with pytest.raises(DataMillError, match="only read"):
        get_codec("external-blob").encode([1])


def test_migrated_values(tmp_path: Path) -> None:
    config = Config(
        {"stores.ext": {"protocol": "file", "location": str(tmp_path)}}, environment={}, ignore_files=True
    )
    (tmp_path / "lab").mkdir()
    content = blob.pack([1, "two"])
    (tmp_path / "lab" / "x").write_bytes(content)
    stored = {"store": "ext", "url": f"file://{tmp_path}/lab/x", "size": len(content), "hash": ""}
    codec = get_codec("migrated-blob")
    with using(Stores(config)):
        assert codec.decode(stored) == [1, "two"]
        assert codec.decode({**stored, "url": "lab/x"}) == [1, "two"]
        assert get_codec("migrated-filepath").decode(stored).read() == content
        with pytest.raises(ObjectIntegrityError):
            codec.decode({**stored, "size": 1})
        with pytest.raises(DataMillError, match="not in store"):
            codec.decode({**stored, "url": "s3://elsewhere/x"})
