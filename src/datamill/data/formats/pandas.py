"""Rows as a pandas DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy
import pandas

from datamill.data.fetched import Fetched
from datamill.data.formats.arrays import as_array
from datamill.model.attribute import Attribute
from datamill.model.types import KINDS

if TYPE_CHECKING:
    import pyarrow

_NULLABLE = {"bool": "boolean", "integer": "Int64"}


def to_pandas(fetched: Fetched) -> pandas.DataFrame:
    """Return a DataFrame with the primary key as index; with an empty key the index counts the rows."""
    heading = fetched.heading
    series = {name: _series(fetched, name) for name in fetched.names}
    frame = pandas.DataFrame(
        series, index=pandas.RangeIndex(len(fetched)), columns=pandas.Index(fetched.names)
    )
    return frame.set_index(heading.primary_key) if heading.key else frame


def _series(fetched: Fetched, name: str) -> Any:
    attribute, column = fetched.heading[name], fetched.arrow(name)
    made = None if column is None else _from_arrow(attribute, column)
    return as_series(attribute, fetched.decoded(name)) if made is None else made


def _from_arrow(attribute: Attribute, column: pyarrow.ChunkedArray[Any]) -> Any:
    """Turn a column of Arrow into what `as_series` makes; None for types whose values are Python objects there."""
    family = attribute.type.family
    if family in ("text", "enum") and _text_dtype(pandas.__version__) == "str":
        return pandas.Series(column, dtype="str")
    if family == "datetime":
        return pandas.Series(column.to_numpy())
    if attribute.stored.kind == "float64" or (family in _NULLABLE and column.null_count == 0):
        return pandas.Series(column.to_numpy().astype(KINDS[attribute.stored.kind].numpy, copy=False))
    return None


def as_series(attribute: Attribute, values: list[Any]) -> Any:
    """Turn decoded values of an attribute into a Series of the dtype that its type has in pandas."""
    family = attribute.type.family
    if family in _NULLABLE and None in values:
        unsigned = attribute.stored.kind == "uint64"
        return pandas.Series(values, dtype="UInt64" if unsigned else _NULLABLE[family])
    if family == "datetime":
        return pandas.Series(numpy.array(values, "datetime64[us]"))
    if family in ("text", "enum"):
        return pandas.Series(as_array(attribute, values), dtype=_text_dtype(pandas.__version__))
    return pandas.Series(as_array(attribute, values))


def _text_dtype(version: str) -> Any:
    # Before pandas 3, dtype "str" turned None into the text "None".
    return "str" if int(version.split(".")[0]) >= 3 else object
