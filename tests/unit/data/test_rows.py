"""Rows of any form become batches of columns, read once and no more than a batch ahead."""

from __future__ import annotations

from collections import UserDict, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.data.row_dicts import as_dicts
from datamill.data.rows import BATCH_BYTES, BATCH_ROWS, columns_of_mappings, row_batches
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.types import parse_type

NUMBER, BYTES = parse_type("int32"), parse_type("bytes")
SMALL = Heading([Attribute("k", NUMBER, NUMBER, in_key=True), Attribute("v", NUMBER, NUMBER)])
LARGE = Heading([Attribute("k", NUMBER, NUMBER, in_key=True), Attribute("data", BYTES, BYTES)])


def test_input_is_read_a_batch_at_a_time() -> None:
    read: list[int] = []

    def rows() -> Iterator[dict[str, int]]:
        for k in range(2 * BATCH_ROWS + 5):
            read.append(k)
            yield {"k": k}

    batches = row_batches(rows(), SMALL)
    first = next(batches)
    assert (first.start, first.count, len(read)) == (0, BATCH_ROWS, BATCH_ROWS)
    assert [(batch.start, batch.count) for batch in batches] == [
        (BATCH_ROWS, BATCH_ROWS),
        (2 * BATCH_ROWS, 5),
    ]


def test_large_values_end_a_batch_early() -> None:
    rows = ({"k": k, "data": bytes(BATCH_BYTES // 4)} for k in range(10))
    assert [batch.count for batch in row_batches(rows, LARGE)] == [4, 4, 2]
    arrays = ({"k": k, "data": np.zeros(BATCH_BYTES // 16)} for k in range(5))
    assert [batch.count for batch in row_batches(arrays, LARGE)] == [2, 2, 1]


@given(st.integers(1, 3000), st.integers(1, 2500))
def test_no_batch_crosses_a_chunk(count: int, chunk: int) -> None:
    for rows in ([{"k": k} for k in range(count)], np.zeros(count, [("k", "i4")])):
        batches = list(row_batches(rows, SMALL, chunk))
        assert sum(batch.count for batch in batches) == count
        assert all(batch.start // chunk == (batch.start + batch.count - 1) // chunk for batch in batches)


FIELDS = st.dictionaries(st.sampled_from("abcd"), st.integers(), max_size=4)


@given(st.lists(FIELDS, min_size=1))
def test_columns_are_the_same_as_looking_up_each_row(rows: list[dict[str, int]]) -> None:
    expected = {name: [row.get(name) for row in rows] for row in rows for name in row}
    assert columns_of_mappings(rows) == expected
    assert columns_of_mappings([UserDict(row) for row in rows]) == expected


def test_default_dicts_are_not_changed() -> None:
    rows: list[defaultdict[str, int]] = [defaultdict(int, a=1), defaultdict(int, b=2)]
    assert columns_of_mappings(rows) == {"a": [1, None], "b": [None, 2]}
    assert [dict(row) for row in rows] == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("width", range(1, 12))
def test_dicts_of_every_width(width: int) -> None:
    names = [f"n{k}" for k in range(width)]
    rows: list[tuple[Any, ...]] = [tuple(range(k, k + width)) for k in range(3)]
    assert as_dicts(names, rows) == [dict(zip(names, row, strict=True)) for row in rows]
    assert as_dicts(names, []) == []
