"""Whole objects to and from S3 in one request, on two kinds of servers; what is out of the ordinary is left to s3fs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.backends.s3_server import SERVERS, S3Server

from datamill.errors import BucketInaccessible, MissingExternalFile
from datamill.settings import Config
from datamill.storage import StorageBackend
from datamill.storage.hashing import content_hash
from datamill.storage.s3_direct import LARGEST, DirectS3


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[S3Server]:
    with SERVERS[request.param](tmp_path) as server:
        yield server


def opened(store: dict[str, Any]) -> tuple[StorageBackend, DirectS3]:
    config = Config({"stores.main": store}, environment={}, ignore_files=True)
    backend = StorageBackend(config.get_store_spec("main"), "main")
    direct = backend._connect()
    assert direct is not None
    return backend, direct


def test_objects_come_back(server: S3Server) -> None:
    backend, direct = opened(server.store("lab/data"))
    for path, content in (("a/ü b+%?#&=.bin", b"hello"), ("empty", b""), ("large", b"x" * (2**20 + 1))):
        assert backend.put_buffer(memoryview(content), path).hash == content_hash(content)
        assert direct.get(backend._full_path(path)) == content
        assert backend.fs.cat_file(backend._full_path(path)) == content
    assert backend.get_range("large", 5, 9) == b"xxxx"
    assert backend.get_range("large", 5, 5) == b""
    for ask in (backend.get_buffer, lambda path: backend.get_range(path, 0, 1)):
        with pytest.raises(MissingExternalFile, match="nothing"):
            ask("nothing")
    assert direct._works


def test_content_that_arrives_damaged_is_refused(tmp_path: Path) -> None:
    with SERVERS["rclone"](tmp_path) as server:  # moto does not compare
        backend, direct = opened(server.store("lab"))
        assert not direct.put(backend._full_path("x"), b"hello", hashlib.md5(b"other").digest())
        assert backend.info("x") is None


def test_an_object_is_created_once(tmp_path: Path) -> None:
    with SERVERS["moto"](tmp_path) as server:  # rclone replaces it
        backend, _ = opened(server.store("lab"))
        assert backend.create_buffer(b"hello", "x", content_hash(b"hello"))
        assert not backend.create_buffer(b"other", "x", content_hash(b"other"))
        assert backend.get_buffer("x") == b"hello"


def test_more_than_one_request_holds_goes_in_parts(server: S3Server) -> None:
    backend, _ = opened(server.store("lab"))
    content = bytes(LARGEST + 1)
    assert backend.put_buffer(content, "x").size == backend.size("x") == LARGEST + 1
    assert not backend.create_buffer(content, "y", content_hash(content))


def test_a_server_that_refuses_is_asked_no_more(tmp_path: Path) -> None:
    with SERVERS["rclone"](tmp_path) as server:
        backend, direct = opened({**server.store("lab"), "secret_key": "wrong"})
        with pytest.raises(BucketInaccessible):
            backend.get_buffer("x")
        assert not direct._works
        with pytest.raises(BucketInaccessible):
            backend.put_buffer(b"x", "x")
        assert direct.get(backend._full_path("x")) is None
