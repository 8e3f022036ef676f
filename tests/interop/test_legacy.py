"""Databases that DataJoint 0.14 made are read as they are (spec 06, section 8)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import numpy as np
import pytest
from tests.interop.conftest import drop_schemas
from tests.interop.genuine import OLD_VERSION, UnavailableError, python

import datamill as dm
from datamill.codecs import unregister_codec
from datamill.errors import DataMillError, MissingExternalFile, ObjectIntegrityError

pytestmark = pytest.mark.filterwarnings("ignore::datamill.errors.NativeTypeWarning")


@pytest.fixture(scope="module")
def old(
    server: str, server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dm.Instance, str, Path]]:
    """A connection, the name of a schema that DataJoint 0.14 made, and a folder with its store."""
    if server == "postgresql":
        pytest.skip("DataJoint 0.14 knows MySQL only")
    try:
        interpreter = python(OLD_VERSION)
    except UnavailableError as error:
        pytest.skip(f"datajoint {OLD_VERSION} cannot be installed: {error}")
    folder = tmp_path_factory.mktemp("old")
    (folder / "ext").mkdir()
    prefix = f"old_{os.getpid()}"
    address = urlsplit(server_url)
    settings = {
        "database.host": address.hostname,
        "database.port": address.port,
        "database.user": unquote(address.username or ""),
        "database.password": unquote(address.password or ""),
        "database.use_tls": False,
        "folder": str(folder),
        "schema": f"{prefix}_lab",
    }
    script = Path(__file__).with_name("old_pipeline.py")
    run = subprocess.run(
        [str(interpreter), str(script), json.dumps(settings)], cwd=folder, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr.strip().rpartition("\n")[2]
    instance = dm.Instance(
        url=server_url,
        safemode=False,
        compat__blobs=True,
        stores={"ext": {"protocol": "file", "location": str(folder / "ext")}},
        download_path=str(folder),
    )

    class Graph(dm.Codec):
        name = "graph"

        def get_dtype(self, is_store: bool) -> str:
            return "<blob>"

        def encode(self, value: Any) -> list[Any]:
            return list(value)

        def decode(self, stored: Any) -> tuple[Any, ...]:
            return tuple(stored)

    try:
        yield instance, f"{prefix}_lab", folder
    finally:
        unregister_codec("graph")
        drop_schemas(instance.connection, prefix)
        instance.connection.close()


Old = tuple[dm.Instance, str, Path]


def table(old: Old) -> Any:
    instance, schema, _ = old
    return dm.VirtualModule("old", schema, connection=instance.connection).Old


def test_every_value_is_read(old: Old) -> None:
    _, _, folder = old
    first, second = table(old).to_dicts(order_by="n")
    assert np.array_equal(first.pop("data"), np.arange(4.0))
    assert np.array_equal(first.pop("eb")["x"], np.arange(3))
    assert (folder / "f.txt").read_text() == "hello"
    for name in ("a", "ea"):
        assert Path(first.pop(name)).read_text() == "hello"
    assert first.pop("fp").read() == b"file path"
    first.pop("t")
    assert first == {
        "n": 1,
        "flag": 1,
        "price": Decimal("1.25"),
        "small": 65535,
        "text": "x",
        "u": UUID(int=1),
        "ad": (1,),
        "sex": "M",
    }
    assert (second["data"], second["eb"], second["price"]) == ({"a": [1, None]}, [1], None)


def test_bytes_without_the_setting(old: Old) -> None:
    instance, _, _ = old
    with instance.config.override(compat__blobs=False):
        data = (table(old) & "n = 2").fetch1("data")
    assert bytes(data).startswith(b"dj0\0")


def test_what_the_tables_look_like(old: Old) -> None:
    instance, name, _ = old
    schema = instance.Schema(name)
    assert schema.list_tables() == ["old", "child"]
    described = table(old).describe()
    assert "eb : <external-blob@ext> # external blob" in described
    assert "a : <attach> # attached" in described
    assert "u : uuid # ident" in described
    assert "->" not in described
    assert "index (small)" in described
    child = dm.FreeTable(instance.connection, f"{name}.child")
    assert (child * table(old)).proj("small").to_dicts() == [{"n": 1, "small": 65535}]


def test_values_in_stores_are_only_read(old: Old) -> None:
    row = (table(old) & "n = 1").fetch1()
    with pytest.raises(DataMillError, match="only read"):
        table(old).insert1({**row, "n": 3})


def test_objects_that_are_gone_or_damaged(old: Old) -> None:
    _, name, folder = old
    external = table(old) & "n = 2"
    (found,) = (
        path for path in (folder / "ext" / name).rglob("*") if path.is_file() and len(path.read_bytes()) == 25
    )
    content = found.read_bytes()
    try:
        found.write_bytes(b"x" * 25)
        with pytest.raises(ObjectIntegrityError):
            external.fetch1("eb")
        found.unlink()
        with pytest.raises(MissingExternalFile):
            external.fetch1("eb")
    finally:
        found.write_bytes(content)
    assert external.fetch1("eb") == [1]


def test_a_copy_is_read_alike(old: Old, tmp_path: Path) -> None:
    instance, name, _ = old
    with dm.Connection(url=f"sqlite:///{tmp_path / 'copy.db'}", config_override=instance.config) as target:
        report = dm.copy_database(instance.connection, target, name)
        copied = dm.VirtualModule("old", name, connection=target).Old
        assert report.rows > 4
        assert (copied & "n = 2").fetch1("eb", "ad") == ([1], (2,))
        assert np.array_equal((copied & "n = 1").fetch1("data"), np.arange(4.0))


def test_rows_that_were_migrated_to_json(old: Old) -> None:
    """DataJoint's migration turns keys of ``~external_ext`` into JSON and keeps the comment."""
    instance, name, folder = old
    connection = instance.connection
    (found,) = (
        path for path in (folder / "ext" / name).rglob("*") if path.is_file() and len(path.read_bytes()) == 25
    )
    connection.query(
        f"CREATE TABLE `{name}`.`moved` (n int PRIMARY KEY, v json COMMENT ':blob@ext:') ENGINE=InnoDB"
    )
    value = json.dumps({"url": f"file://{found}", "size": 25, "hash": found.name})
    connection.query(f"INSERT INTO `{name}`.`moved` VALUES (1, %s), (2, NULL)", args=(value,))
    connection.catalog.invalidate()
    assert dm.FreeTable(connection, f"{name}.moved").to_dicts(order_by="n") == [
        {"n": 1, "v": [1]},
        {"n": 2, "v": None},
    ]
