"""Errors travel between processes, whatever facts they carry."""

import pickle
from typing import Any

import pytest

from datamill.errors import (
    DataMillError,
    DuplicateError,
    InvalidValueError,
    QueryError,
    UnknownAttributeError,
)
from datamill.model.heading import Heading


def sent(error: DataMillError) -> Any:
    return pickle.loads(pickle.dumps(error))


def test_errors_survive_pickling() -> None:
    error = DuplicateError("It exists.", hint="Skip it.", attributes=["a"], key={"a": 1})
    error.row_index = 3
    error.add_note("seen twice")
    copy = sent(error)
    assert type(copy) is DuplicateError
    assert str(copy) == str(error)
    assert (copy.attributes, copy.key, copy.row_index) == (["a"], {"a": 1}, 3)
    assert copy.__notes__ == ["seen twice"]


def recursive() -> list[Any]:
    values: list[Any] = []
    values.append(values)
    for _ in range(100_000):
        values = [values]
    return values


@pytest.mark.parametrize("value", [memoryview(b"ab"), lambda: 1, (n for n in range(3)), recursive()])
def test_facts_that_cannot_be_pickled_travel_as_text(value: Any) -> None:
    copy = sent(InvalidValueError("It does not fit.", value=value, attribute="a"))
    assert isinstance(copy.value, str)
    assert copy.attribute == "a"


class OwnError(QueryError):
    """An error of a user, made from other arguments than its base."""

    def __init__(self, code: int, place: str) -> None:
        super().__init__(f"{place}: {code}", code=code)


def test_errors_with_other_arguments_survive_pickling() -> None:
    copy = sent(OwnError(5, "here"))
    assert str(copy) == "here: 5"
    assert copy.code == 5


@pytest.mark.parametrize("name", [5, None, ["a"], b"a"])
def test_names_that_are_no_text_are_unknown(name: Any) -> None:
    with pytest.raises(UnknownAttributeError, match="is not an attribute"):
        Heading([])[name]
