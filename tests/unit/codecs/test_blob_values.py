"""What can be packed, as what it comes back, and what is refused."""

import collections
import datetime as dt
import enum
import struct
from decimal import Decimal
from typing import Any

import hypothesis.extra.numpy as st_numpy
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamill.codecs import blob
from datamill.errors import DataMillError, InvalidValueError

Point = collections.namedtuple("Point", "x y")


class Level(enum.IntEnum):
    LOW = 1


class Name(enum.StrEnum):
    ANN = "ann"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Point(1, 2), (1, 2)),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (collections.deque([1, 2]), [1, 2]),
        (range(3), (0, 1, 2)),
        (frozenset({1, 2}), {1, 2}),
        (Level.LOW, 1),
        (Name.ANN, "ann"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        (memoryview(b"abcd")[::2], b"ac"),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), b"a"),
        ({frozenset({1}), (1, frozenset({2}))}, {frozenset({1}), (1, frozenset({2}))}),
        ({frozenset({1}): "x"}, {frozenset({1}): "x"}),
        (pd.Timestamp("2024-01-02 03:04:05.000006"), dt.datetime(2024, 1, 2, 3, 4, 5, 6)),
        (dt.datetime(1, 1, 1), dt.datetime(1, 1, 1)),
        (Decimal("NaN"), Decimal("NaN")),
    ],
)
def test_subclasses_come_back_as_their_base(value: Any, expected: Any) -> None:
    returned = blob.unpack(blob.pack(value))
    assert type(returned) is type(expected)
    assert repr(returned) == repr(expected) or returned == expected


@pytest.mark.parametrize("scalar", [np.float64(1.5), np.int8(-3), np.bool_(True), np.complex128(1j)])
def test_numpy_scalars_stay_numpy(scalar: Any) -> None:
    packed = blob.pack(scalar)
    assert packed == blob.pack(np.array(scalar))
    assert packed[:5] == b"dj0\0A"
    returned = blob.unpack(packed)
    assert returned == scalar
    assert type(returned) is type(scalar)


def test_numpy_dates_keep_their_unit() -> None:
    for unit in ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"):
        value = np.array([0, 1, -1], dtype=f"M8[{unit}]")
        assert blob.unpack(blob.pack(value)).dtype == value.dtype
    assert np.isnat(blob.unpack(blob.pack(np.datetime64("NaT", "s"))))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(20)[::3],
        np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0)[:, ::2],
        np.zeros((0, 3)),
        np.zeros((3, 0, 2), dtype=complex),
        np.broadcast_to(np.arange(3), (2, 3)),
    ],
)
def test_any_memory_layout(array: Any) -> None:
    returned = blob.unpack(blob.pack(array))
    assert returned.shape == array.shape
    assert returned.dtype == array.dtype.newbyteorder("<")
    assert np.array_equal(returned, array)
    assert returned.flags.writeable
    assert returned.flags.owndata or returned.base.flags.owndata


def test_text_and_object_arrays() -> None:
    texts = blob.unpack(blob.pack(np.array([["a", "bc"], ["", "é"]])))
    assert texts.dtype == object
    assert texts.tolist() == [["a", "bc"], ["", "é"]]
    ragged = np.empty(2, dtype=object)
    ragged[0], ragged[1] = [1, 2], [3, 4]
    returned = blob.unpack(blob.pack(ragged))
    assert returned.shape == (2,)
    assert returned[1] == [3, 4]
    arrays = np.empty(2, dtype=object)
    arrays[0], arrays[1] = np.arange(2), np.arange(2.0)
    assert blob.unpack(blob.pack(arrays))[1].dtype == np.float64
    assert blob.unpack(blob.pack(np.array({"a": 1}, dtype=object))) == {"a": 1}


def test_structured_arrays_come_back_as_records() -> None:
    inner = np.dtype([("x", "f4"), ("y", "O")])
    array = np.zeros((2, 3), dtype=[("a", "u1"), ("b", inner), ("c", "U3"), ("d", "M8[s]")])
    array["a"] = np.arange(6).reshape(2, 3)
    array["b"]["y"][1, 2] = ["deep"]
    returned = blob.unpack(blob.pack(array))
    assert isinstance(returned, np.recarray)
    assert returned.a.tolist() == array["a"].tolist()
    assert returned.b.y[1, 2] == ["deep"]
    assert returned.c[0, 0] == ""
    assert returned.d.dtype == np.dtype("M8[s]")
    assert blob.unpack(blob.pack(np.array((1, 2.0), dtype="i4,f8"))).shape == ()


def test_protocol_is_matlab_only_for_matlab_values() -> None:
    cell = np.empty((1, 2), dtype=object).view(blob.MatCell)
    cell[0, 0], cell[0, 1] = np.arange(3), np.zeros((1, 1), dtype=[("f", object)]).view(blob.MatStruct)
    cell[0, 1]["f"][0, 0] = np.ones(1)
    assert blob.pack(cell).startswith(b"mYm\0")
    cell[0, 0] = np.float64(1)
    assert blob.pack(cell).startswith(b"dj0\0")
    cell[0, 0] = np.array(["2024"], dtype="M8[Y]")
    assert blob.pack(cell).startswith(b"dj0\0")


def test_matlab_containers() -> None:
    struct = np.empty((2, 2), dtype=[("a", object), ("b", object)]).view(blob.MatStruct)
    for index, position in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
        struct["a"][position], struct["b"][position] = index, [index]
    returned = blob.unpack(blob.pack(struct.view(blob.MatStruct)))
    assert isinstance(returned, blob.MatStruct)
    assert returned.a.tolist() == [[0, 2], [1, 3]]
    assert returned["b"][1, 0] == [1]
    empty = np.empty((1, 1), dtype=[]).view(blob.MatStruct)
    assert blob.unpack(blob.pack(empty)).shape == (1, 1)
    cell = np.empty((0, 0), dtype=object).view(blob.MatCell)
    assert isinstance(blob.unpack(blob.pack(cell)), blob.MatCell)
    with pytest.raises(InvalidValueError):
        blob.pack(np.empty(70000, dtype=[]).view(blob.MatStruct))


def test_equal_sets_have_equal_blobs() -> None:
    assert blob.pack({"b", "a", "c"}) == blob.pack(frozenset(["c", "b", "a"]))


def test_masked_arrays() -> None:
    assert blob.unpack(blob.pack(np.ma.array([1, 2]))).tolist() == [1, 2]
    with pytest.raises(InvalidValueError, match="mask"):
        blob.pack(np.ma.array([1, 2], mask=[True, False]))
    with pytest.raises(InvalidValueError, match="mask"):
        blob.pack(np.ma.array([(1, 2)], mask=[(True, False)], dtype="i4,i4"))


def recursive() -> list[Any]:
    values: list[Any] = []
    values.append(values)
    return values


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(2, dtype=np.float16),
        np.zeros(2, dtype=np.longdouble),
        np.zeros(2, dtype=np.clongdouble),
        np.zeros(2, dtype="m8[s]"),
        np.timedelta64(1, "s"),
        np.float16(1),
        np.zeros(2, dtype="S1"),
        np.zeros(2, dtype="S5"),
        np.zeros(2, dtype="V4"),
        np.zeros(2, dtype="M8"),
        np.zeros(2, dtype="M8[10s]"),
        np.zeros(2, dtype=[("a", "f4", (3,))]),
        np.zeros(2, dtype=[("a", "f2")]),
        np.zeros(2, dtype=[]),
        np.zeros(1, dtype="i4,i4")[0],
        np.zeros(2).view(blob.MatStruct),
        np.ma.masked,
        1 << (8 * 65536),
        dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        dt.time(1, tzinfo=dt.UTC),
        pd.Timestamp("2024-01-01 00:00:00.000000001"),
        pd.NaT,
        pd.NA,
        pd.DataFrame({"a": [1]}),
        "\ud800",
        {"a": object()},
        [lambda: 1],
        recursive(),
        dt.timedelta(1),
        Ellipsis,
    ],
    ids=lambda value: type(value).__name__,
)
def test_refused(value: Any) -> None:
    with pytest.raises(DataMillError) as caught:
        blob.pack(value)
    assert "cannot be packed" in str(caught.value)


def test_squeeze_drops_axes_of_length_one() -> None:
    packed = blob.pack([np.zeros((1, 3, 1)), np.full((1, 1), 7), "a"])
    plain = blob.unpack(packed)
    squeezed = blob.unpack(packed, squeeze=True)
    assert plain[0].shape == (1, 3, 1)
    assert squeezed[0].shape == (3,)
    assert squeezed[1] == 7
    assert squeezed[1].ndim == 0
    cell = np.empty((1, 2), dtype=object).view(blob.MatCell)
    assert blob.unpack(blob.pack(cell), squeeze=True).shape == (2,)


def test_lengths_of_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    old = bytes.fromhex("6d596d00 41 02000000 01000000 02000000 09000000 00000000 0102")
    with pytest.raises(DataMillError):
        blob.unpack(old)
    monkeypatch.setattr(blob, "use_32bit_dims", True)
    assert blob.unpack(old).tolist() == [[1, 2]]
    cell = bytes.fromhex("6d596d00 43 01000000 01000000 02000000 0b01")
    assert blob.unpack(cell)[0] is True


def chars(shape: str, text: str) -> bytes:
    return bytes.fromhex("6d596d00 41" + shape + "04000000 00000000") + text.encode(
        "utf-16-le", "surrogatepass"
    )


def test_matlab_text() -> None:
    row = blob.unpack(chars("0200000000000000 0100000000000000 0300000000000000", "aé€"))
    assert row.tolist() == ["aé€"]
    line = blob.unpack(chars("0100000000000000 0400000000000000", "a😀b"))
    assert line.tolist() == ["a😀b"]
    block = blob.unpack(chars("0200000000000000 0200000000000000 0200000000000000", "acbd"))
    assert block.dtype == np.dtype("U1")
    assert block.tolist() == [["a", "b"], ["c", "d"]]


def test_complex_integers_of_matlab() -> None:
    stored = bytes.fromhex("6d596d00 41 0100000000000000 0200000000000000 09000000 01000000 0102 0304")
    assert blob.unpack(stored).tolist() == [1 + 3j, 2 + 4j]


def test_none_passes_through_and_other_types_do_not() -> None:
    assert blob.unpack(None) is None
    assert blob.unpack(bytearray(blob.pack(1))) == 1
    assert blob.unpack(memoryview(blob.pack(1))) == 1
    with pytest.raises(DataMillError, match="bytes, not str"):
        blob.unpack("dj0")  # type: ignore[arg-type]


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.dates()
    | st.times().map(lambda time: time.replace(fold=0))
    | st.datetimes().map(lambda moment: moment.replace(fold=0)),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.sets(st.integers() | st.text())
    ),
    max_leaves=20,
)


@given(plain)
@settings(max_examples=300)
def test_plain_values_round_trip(value: Any) -> None:
    returned = blob.unpack(blob.pack(value))
    assert type(returned) is type(value)
    assert returned == value
    assert blob.pack(returned) == blob.pack(value)


@given(st.floats())
def test_floats_keep_every_bit(value: float) -> None:
    assert struct.pack("<d", blob.unpack(blob.pack(value))) == struct.pack("<d", value)


numbers = (
    st_numpy.boolean_dtypes()
    | st_numpy.integer_dtypes()
    | st_numpy.floating_dtypes(sizes=(32, 64))
    | st_numpy.complex_number_dtypes(sizes=(64, 128))
)


names = st.text("abcé_ 1", min_size=1, max_size=4)
records = st.lists(st.tuples(names, numbers), min_size=1, max_size=4, unique_by=lambda field: field[0])


@given(st_numpy.arrays(numbers | records.map(np.dtype), st_numpy.array_shapes(min_dims=0, min_side=0)))
@settings(max_examples=200)
def test_arrays_round_trip(array: Any) -> None:
    packed = blob.pack(array)
    returned = blob.unpack(packed)
    assert returned.shape == array.shape
    assert blob.pack(returned) == packed
    if array.dtype.names is None:
        assert returned.dtype == array.dtype.newbyteorder("<")
        assert np.array_equal(returned, array, equal_nan=array.dtype.kind in "fc")
