"""Are two fetches the same? By value, whatever the order of dicts, and to the bit for numbers."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.compute.digest import digest
from datamill.errors import MakeError


@dataclass
class Point:
    x: float
    y: Any


@dataclass
class Reference:
    store: str
    path: str
    hash: str


NAN = float("nan")
SAME: list[tuple[Any, Any]] = [
    ({"a": 1, "b": [NAN]}, {"b": [NAN], "a": 1}),
    ({1, 2, 3}, {3, 2, 1}),
    ((1, "a"), [1, "a"]),
    (np.array([1.0, NAN]), np.array([1.0, -NAN])),
    (np.array([1, 2])[::-1], np.array([2, 1])),
    (np.array([{"a": 1}, None], dtype=object), np.array([{"a": 1}, None], dtype=object)),
    (Point(1.0, np.zeros(2)), Point(1.0, np.zeros(2))),
    (Reference("main", "a/b", "x"), Reference("main", "a/b", "x")),
    (b"abc", bytearray(b"abc")),
]
OTHER: list[tuple[Any, Any]] = [
    (1, 1.0),
    (1, True),
    ("1", 1),
    (0.0, -0.0),
    (["ab", "c"], ["a", "bc"]),
    ([[1], 2], [1, [2]]),
    (np.zeros(4), np.zeros((2, 2))),
    (np.zeros(4, "f4"), np.zeros(4, "f8")),
    (np.zeros(2, "i8"), np.zeros(2, "f8")),
    (Reference("main", "a/b", "x"), Reference("main", "a/b", "y")),
    (Decimal("1.0"), Decimal("1.00")),
    (datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1)),
    (None, "None"),
    (UUID(int=1), str(UUID(int=1))),
    ({"a": 1}, {"a": 2}),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_same(one: Any, two: Any) -> None:
    assert digest(one) == digest(two)


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_other(one: Any, two: Any) -> None:
    assert digest(one) != digest(two)


@pytest.mark.parametrize("make", [threading.Lock, lambda: lambda: 1, lambda: (number for number in [1])])
def test_what_cannot_be_compared(make: Callable[[], Any]) -> None:
    with pytest.raises(MakeError, match="cannot be compared with a second fetch"):
        digest([make()])


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(plain, plain)
def test_equal_digests_mean_equal_values(one: Any, two: Any) -> None:
    assert (digest(one) == digest(two)) == (repr(one) == repr(two) or _canonical(one) == _canonical(two))


def _canonical(value: Any) -> str:
    """Spell a value with sorted keys; tuples do not occur."""
    if isinstance(value, dict):
        return f"{{{sorted((repr(key), _canonical(inner)) for key, inner in value.items())}}}"
    return f"[{list(map(_canonical, value))}]" if isinstance(value, list) else repr(value)
