"""Paths, hashes and addresses of objects: pure text."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import posixpath
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.errors import DataMillError
from datamill.storage.addressing import dotted, new_token, object_path, partition_names, path_value
from datamill.storage.hashing import content_hash, hash_path
from datamill.storage.paths import is_below, join, safe_path, unsafe_reason

SPEC: dict[str, Any] = {"schema_prefix": "_schema", "partition_pattern": None, "token_length": 8}


@given(st.text())
def test_safe_paths_stay_where_they_are(path: str) -> None:
    if unsafe_reason(path) is None:
        assert safe_path(path) == path
        joined = posixpath.normpath(posixpath.join("/store", path))
        assert joined == f"/store/{path}"
    else:
        with pytest.raises(DataMillError):
            safe_path(path, "main")


KEYS = st.one_of(
    st.text(max_size=300),
    st.integers(),
    st.binary(max_size=20),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.uuids(),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False),
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), KEYS, min_size=1), st.text(max_size=12))
def test_every_key_gives_a_safe_path(key: dict[str, Any], extension: str) -> None:
    try:
        str([*key.values(), extension]).encode()
        "".join(value for value in (*key.values(), extension) if isinstance(value, str)).encode()
    except UnicodeEncodeError:
        return  # refused when it is written
    path, token = object_path(SPEC, "lab", "#rig", "image", key, extension)
    assert unsafe_reason(path) is None
    assert path.startswith("_schema/lab/#rig/")
    assert f"/image_{token}" in path
    assert path.count("/") == 3 + len(key)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (True, "True"),
        (decimal.Decimal("1.50"), "1.50"),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (datetime.time(3, 4, 5), "03-04-05"),
        (datetime.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03-04-05"),
        (datetime.datetime(2024, 1, 2, 3, 4, 5, 60), "2024-01-02T03-04-05.000060"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x01\xff", "01ff"),
        ("plain text", "plain text"),
        ("a/b:c", "a%2Fb%3Ac"),
        ("100%", "100%25"),
        ("end.", "end%2E"),
        ("end ", "end%20"),
        ("..", ".%2E"),
        ("ä", "ä"),
        ("x" * 101, "x" * 50 + "_" + hashlib.md5(b"x" * 101).hexdigest()[:8]),
    ],
)
def test_key_values_in_paths(value: Any, text: str) -> None:
    assert path_value(value) == text


def test_partitions_move_to_the_front() -> None:
    spec = {**SPEC, "partition_pattern": "{subject}/{absent}/{session}"}
    path, _ = object_path(spec, "lab", "scan", "x", {"session": 2, "subject": "a", "scan": 3}, ".npy")
    assert path.startswith("_schema/subject=a/session=2/lab/scan/scan=3/x_")
    assert path.endswith(".npy")
    assert partition_names("subject/session") == partition_names("{subject}/{session}")
    assert partition_names("by-{subject}!") == ("subject",)
    assert partition_names(None) == ()


def test_hashes_are_those_of_datajoint() -> None:
    assert content_hash(b"hello") == "lvauakv4jmvhnolrtwiraf6fsi"
    assert hash_path("_hash", "lab", "abcdef", None) == "_hash/lab/abcdef"
    assert hash_path("_hash", "lab", "abcdef", [2, 2]) == "_hash/lab/ab/cd/abcdef"
    assert hash_path("", "", "abcdef") == "abcdef"


def test_tokens_and_extensions() -> None:
    assert [len(new_token(length)) for length in (1, 8, 99)] == [4, 8, 16]
    assert new_token(16) != new_token(16)
    assert [dotted(text) for text in ("npy", ".npy", "", None, "a/b")] == [".npy", ".npy", "", "", ".a%2Fb"]


def test_joining() -> None:
    assert join("/a/", "", "b/") == "a/b"
    assert is_below("a/b", "a")
    assert is_below("a", "a")
    assert is_below("x", "")
    assert not is_below("ab", "a")
