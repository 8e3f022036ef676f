"""Sets of keys in memory and in a file, and keys that look alike."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from datamill.data.key_set import KeySet
from datamill.data.nearest import edit_distance, nearest_keys

KEYS = st.lists(st.tuples(st.integers(0, 20), st.text("ab", max_size=2)), max_size=60)


@settings(max_examples=20, deadline=None)
@given(st.lists(KEYS, max_size=4), st.sampled_from([0, 7, 1000]))
def test_a_key_set_keeps_distinct_keys_in_order(additions: list[list[tuple[int, str]]], limit: int) -> None:
    keys = KeySet(limit)
    expected: dict[tuple[int, str], None] = {}
    for addition in additions:
        before = len(expected)
        expected.update(dict.fromkeys(addition))
        assert keys.add(addition) == len(expected) - before
    assert list(keys) == list(expected)
    assert len(keys) == len(expected)
    assert all(key in keys for key in expected)
    assert (99, "z") not in keys
    assert [key for batch in keys.batches(3, 5) for key in batch] == list(expected)[3:]


def test_equal_keys_are_one_in_a_file_too() -> None:
    text = "".join(["a", "b"])
    keys = KeySet(0)
    assert keys.add([("ab", "ab"), (text, "ab"), (text, text)]) == 1
    assert keys.add([("ab", text)]) == 0


TEXTS = st.text("abc", max_size=6)


@given(TEXTS, TEXTS, TEXTS)
def test_edit_distance_is_a_distance(one: str, two: str, three: str) -> None:
    assert edit_distance(one, two) == edit_distance(two, one)
    assert (edit_distance(one, two) == 0) == (one == two)
    assert edit_distance(one, three) <= edit_distance(one, two) + edit_distance(two, three)
    assert abs(len(one) - len(two)) <= edit_distance(one, two) <= max(len(one), len(two))


def test_the_nearest_keys_agree_in_most_attributes_first() -> None:
    existing = [{"a": 1, "b": 9}, {"a": 2, "b": 2}, {"a": 3, "b": 3}, {"a": 1, "b": 4}]
    (found,) = nearest_keys([{"a": 1, "b": 2}], existing)
    assert found == [{"a": 2, "b": 2}, {"a": 1, "b": 4}, {"a": 1, "b": 9}]
    assert nearest_keys([{"a": 1}], []) == [[]]
