"""The bytes that DataJoint 2.3.5 writes, as its users' databases hold them."""

import datetime as dt
import uuid
import zlib
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from datamill.codecs import blob


def cell(*values: Any) -> Any:
    array = np.empty((1, len(values)), dtype=object)
    for index, value in enumerate(values):
        array[0, index] = value
    return array.view(blob.MatCell)


def struct(**fields: Any) -> Any:
    return np.array([tuple(fields.values())], dtype=[(name, object) for name in fields]).view(blob.MatStruct)


VECTORS: list[tuple[Any, str]] = [
    (None, "646a3000 ff"),
    (True, "646a3000 0b 01"),
    (0, "646a3000 0a 0100 00"),
    (-1, "646a3000 0a 0100 ff"),
    (128, "646a3000 0a 0200 8000"),
    (-129, "646a3000 0a 0200 7fff"),
    (2**63, "646a3000 0a 0900 000000000000008000"),
    (1.5, "646a3000 0d 000000000000f83f"),
    (1 + 2j, "646a3000 0c 000000000000f03f 0000000000000040"),
    ("é", "646a3000 05 0200000000000000 c3a9"),
    (b"\0a", "646a3000 06 0200000000000000 0061"),
    (Decimal("-1.50"), "646a3000 64 0500000000000000 2d312e3530"),
    (uuid.UUID(int=1), "646a3000 75 00000000000000000000000000000001"),
    (dt.date(2024, 2, 29), "646a3000 74 65d73401 ffffffffffffffff"),
    (dt.time(12, 34, 56, 789), "646a3000 74 ffffffff 15138dbe1c000000"),
    (
        [1, "a"],
        "646a3000 02 0200000000000000 0400000000000000 0a010001 0a00000000000000 05010000000000000061",
    ),
    ((None,), "646a3000 01 0100000000000000 0100000000000000 ff"),
    (
        {"a": 1},
        "646a3000 04 0100000000000000 0a00000000000000 05010000000000000061 0400000000000000 0a010001",
    ),
    (
        np.array([1, 2], dtype=np.int64),
        "6d596d00 41 0100000000000000 0200000000000000 0e000000 00000000 0100000000000000 0200000000000000",
    ),
    (
        np.array([[1, 2], [3, 4]], dtype=np.uint8),
        "6d596d00 41 0200000000000000 0200000000000000 0200000000000000 09000000 00000000 01030204",
    ),
    (np.array([True, False]), "6d596d00 41 0100000000000000 0200000000000000 03000000 00000000 0100"),
    (
        np.array([1 + 2j], dtype=np.complex64),
        "6d596d00 41 0100000000000000 0100000000000000 07000000 01000000 0000803f 00000040",
    ),
    (np.float32(1.5), "646a3000 41 0000000000000000 07000000 00000000 0000c03f"),
    (
        np.array(["a"]),
        "646a3000 41 0100000000000000 0100000000000000 05000000 00000000"
        " 0a00000000000000 05010000000000000061",
    ),
    (
        np.array(["2024-02-29"], dtype="datetime64[D]"),
        "646a3000 41 0100000000000000 0100000000000000 03000100 00000000 464d000000000000",
    ),
    (
        np.array([(1,)], dtype=[("a", "u1")]),
        "646a3000 46 01000000 6100 41 0100000000000000 0100000000000000 09000000 00000000 01",
    ),
    (
        cell("x"),
        "646a3000 43 0200000000000000 0100000000000000 0100000000000000"
        " 0a00000000000000 05010000000000000078",
    ),
    (
        struct(a="x"),
        "646a3000 53 0100000000000000 0100000000000000 01000000 6100 0a00000000000000 05010000000000000078",
    ),
]
ZEROS = bytes.fromhex(
    "5a4c31323300 5d06000000000000 789ccb8dcc65706464808013509a8d61148c8251300a46c128201f00005ea40244"
)


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        return bool(left.shape == right.shape and left.tolist() == right.tolist())
    return bool(left == right)


@pytest.mark.parametrize(("value", "text"), VECTORS, ids=[repr(value)[:40] for value, _ in VECTORS])
def test_vectors(value: Any, text: str) -> None:
    stored = bytes.fromhex(text)
    assert blob.pack(value) == stored
    assert blob.pack(value, compress=False) == stored
    assert equal(blob.unpack(stored), value)


@pytest.mark.parametrize(("value", "text"), VECTORS, ids=[repr(value)[:40] for value, _ in VECTORS])
def test_types_return(value: Any, text: str) -> None:
    returned = blob.unpack(bytes.fromhex(text))
    expected = np.recarray if getattr(getattr(value, "dtype", None), "names", None) else type(value)
    assert isinstance(returned, expected)


def test_compressed_vector() -> None:
    zeros = np.zeros(200)
    read = blob.unpack(ZEROS)
    assert read.dtype == zeros.dtype
    assert np.array_equal(read, zeros)
    assert blob.pack(zeros, compress=False) == zlib.decompress(ZEROS[14:])
    assert len(blob.pack(zeros, compress=False)) == 1629


def test_any_zlib_reads_what_is_written() -> None:
    packed = blob.pack(np.zeros(200))
    assert packed[:14] == ZEROS[:14]
    assert zlib.decompress(packed[14:]) == zlib.decompress(ZEROS[14:])


def test_compressed_only_above_1000_bytes_and_only_if_shorter() -> None:
    assert not blob.pack(bytes(1000 - 13)).startswith(b"ZL123\0")
    assert blob.pack(bytes(1001 - 13)).startswith(b"ZL123\0")
    noise = np.random.default_rng(0).bytes(5000)
    assert not blob.pack(noise).startswith(b"ZL123\0")
    assert not blob.pack(bytes(5000), compress=False).startswith(b"ZL123\0")


@pytest.mark.parametrize("length", [2**18, 2**20, 3 * 2**20 + 5])
def test_of_long_blobs_a_sample_tells_whether_to_compress(length: int) -> None:
    generator = np.random.default_rng(0)
    noise = generator.bytes(length)
    assert not blob.pack(noise).startswith(b"ZL123\0")
    zone = noise[: length // 3] + bytes(2**17) + noise[length // 3 + 2**17 :]
    repeated = (noise[:4000] * (length // 4000 + 1))[:length]
    numbers = generator.normal(size=length // 8)
    for value in (zone, repeated, numbers, bytes(length)):
        assert blob.pack(value).startswith(b"ZL123\0")
        assert np.array_equal(blob.unpack(blob.pack(value)), value)
