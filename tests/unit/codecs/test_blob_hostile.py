"""Whatever the bytes are, the decoder raises nothing but datamill's errors, and stays within bounds."""

import contextlib
import datetime as dt
import random
import struct
import tracemalloc
import uuid
import zlib
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamill.codecs import blob
from datamill.errors import DataMillError


def samples() -> list[bytes]:
    records = np.zeros((2, 2), dtype=[("a", "u1"), ("b", [("c", "f8")]), ("d", "O")])
    cell = np.array([["x", np.arange(2.0)]], dtype=object).view(blob.MatCell)
    matlab = np.array([("x", None)], dtype=[("a", object), ("b", object)]).view(blob.MatStruct)
    scalars = (None, True, -129, 2**63, 1.5, 1 + 2j, "é", b"\0a", Decimal("-1.50"), uuid.UUID(int=1))
    times = (dt.date(2024, 2, 29), dt.time(12, 34, 56, 789), dt.datetime(2024, 2, 29, 1))
    arrays = (
        np.array([[1, 2]]),
        np.array([1j]),
        np.float32(1.5),
        np.array(["a"]),
        np.array(["2024"], "M8[D]"),
    )
    values: list[Any] = [cell, matlab, *scalars, *times, *arrays, list(scalars), [True, False], (None,)]
    values += [records, {"a": [1, (2.5, {3}), np.arange(3)], (1, "b"): None}, np.zeros(300), [values[-1]] * 3]
    return [packed for value in values for packed in (blob.pack(value), blob.pack(value, compress=False))]


SAMPLES = samples()


def try_to_read(stored: bytes) -> None:
    with contextlib.suppress(DataMillError):
        blob.unpack(stored)
        blob.unpack(stored, squeeze=True)


def test_every_truncation_is_noticed() -> None:
    for stored in SAMPLES:
        for length in range(len(stored)):
            with pytest.raises(DataMillError):
                blob.unpack(stored[:length])


def test_every_trailing_byte_is_noticed() -> None:
    for stored in SAMPLES:
        with pytest.raises(DataMillError):
            blob.unpack(stored + b"\0")


def test_every_changed_byte_is_harmless() -> None:
    for stored in SAMPLES:
        for index in range(len(stored)):
            for change in (0x01, 0x80, 0xFF):
                mutated = bytearray(stored)
                mutated[index] ^= change
                try_to_read(bytes(mutated))


def test_random_mutations_are_harmless() -> None:
    chance = random.Random(7)
    for _ in range(4000):
        mutated = bytearray(chance.choice(SAMPLES))
        for _ in range(chance.randint(1, 6)):
            start = chance.randrange(len(mutated))
            stop = start + chance.randint(0, 9)
            mutated[start:stop] = chance.randbytes(chance.choice((0, 1, 4, 8, stop - start)))
            mutated = mutated or bytearray(b"d")
        try_to_read(bytes(mutated))


codes = st.sampled_from([*b"AFCSP\x01\x02\x03\x04\x05\x06\x0a\x0b\x0c\x0ddtu", 0xFF])
lengths = st.sampled_from([0, 1, 2, 3, 9, 255, 2**31, 2**32, 2**62, 2**63, 2**64 - 1])
pieces = st.one_of(
    codes.map(lambda code: bytes([code])),
    lengths.map(lambda length: struct.pack("<Q", length)),
    st.integers(0, 20).map(lambda code: struct.pack("<I", code)),
    st.binary(max_size=8),
)


@given(st.sampled_from([b"dj0\0", b"mYm\0"]), st.lists(pieces, max_size=30))
@settings(max_examples=1500)
def test_random_bodies_are_harmless(header: bytes, body: list[bytes]) -> None:
    try_to_read(header + b"".join(body))


@given(st.binary(max_size=200), st.integers(0, 2**64 - 1))
@settings(max_examples=300)
def test_random_streams_are_harmless(content: bytes, length: int) -> None:
    for claimed in (length, len(content)):
        head = b"ZL123\0" + struct.pack("<Q", claimed)
        try_to_read(head + content)
        try_to_read(head + zlib.compress(content))
        try_to_read(head + zlib.compress(b"dj0\0" + content))


HUGE = struct.pack("<Q", 2**40)
ONE = struct.pack("<Q", 1)


@pytest.mark.parametrize(
    "body",
    [
        b"\x02" + HUGE,
        b"\x04" + HUGE,
        b"\x05" + HUGE,
        b"A" + HUGE,
        b"A" + ONE + HUGE + struct.pack("<II", 6, 0),
        b"A" + ONE + HUGE + struct.pack("<II", 6, 1),
        b"A" + ONE + HUGE + struct.pack("<II", 5, 0),
        b"A" + ONE + HUGE + struct.pack("<II", 4, 0),
        b"A" + struct.pack("<QQQ", 2, 0, 2**63) + struct.pack("<II", 6, 0),
        b"C" + ONE + HUGE,
        b"S" + ONE + HUGE + struct.pack("<I", 0),
        b"S" + ONE + HUGE + struct.pack("<I", 2**31),
        b"F" + struct.pack("<I", 2**31),
        b"F" + struct.pack("<I", 0),
        b"S" + ONE + ONE + struct.pack("<I", 2) + b"a\0a\0" + 2 * (ONE + b"\xff"),
        b"P" + bytes(50),
    ],
)
def test_lies_about_sizes_cost_nothing(body: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DataMillError):
            blob.unpack(b"dj0\0" + body)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_lies_about_the_uncompressed_length() -> None:
    stream = zlib.compress(blob.pack([0] * 1000, compress=False))
    length = len(blob.pack([0] * 1000, compress=False))
    assert blob.unpack(b"ZL123\0" + struct.pack("<Q", length) + stream) == [0] * 1000
    for claimed in (0, 1, length - 1, length + 1, 2**40, 2**64 - 1):
        with pytest.raises(DataMillError):
            blob.unpack(b"ZL123\0" + struct.pack("<Q", claimed) + stream)
    nested = b"ZL123\0" + struct.pack("<Q", length) + stream
    with pytest.raises(DataMillError):
        blob.unpack(b"ZL123\0" + struct.pack("<Q", len(nested)) + zlib.compress(nested))


def test_a_bomb_is_not_inflated_beyond_its_claim() -> None:
    bomb = zlib.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(DataMillError):
            blob.unpack(b"ZL123\0" + struct.pack("<Q", 5000) + bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("head", [b"\x01", b"\x02", b"\x03"])
def test_deep_nesting_is_refused(head: bytes) -> None:
    body = b"\xff"
    for _ in range(5000):
        body = head + ONE + struct.pack("<Q", len(body)) + body
    with pytest.raises(DataMillError, match="deep"):
        blob.unpack(b"dj0\0" + body)


def test_deepest_nesting_round_trips() -> None:
    value: Any = None
    for _ in range(200):
        value = [value]
    assert blob.unpack(blob.pack(value)) == value
    with pytest.raises(DataMillError, match="deep"):
        blob.pack([value])


@pytest.mark.parametrize(
    "body",
    [
        b"\x03" + ONE + struct.pack("<Q", 9) + b"\x02" + bytes(8),
        b"\x04" + ONE + struct.pack("<Q", 9) + b"\x04" + bytes(8) + ONE + b"\xff",
        b"t" + struct.pack("<iq", -1, -1),
        b"t" + struct.pack("<iq", 20241301, -1),
        b"t" + struct.pack("<iq", -1, 246060000000),
        b"d" + ONE + b"x",
        b"\x05" + ONE + b"\xff",
    ],
)
def test_impossible_values(body: bytes) -> None:
    with pytest.raises(DataMillError):
        blob.unpack(b"dj0\0" + body)


def test_unknown_headers() -> None:
    for stored in (b"", b"dj0", b"abcd", b"\x89PNG\r\n", b"ZL123", b"dj0\0", b"dj0\0\x99"):
        with pytest.raises(DataMillError):
            blob.unpack(stored)
