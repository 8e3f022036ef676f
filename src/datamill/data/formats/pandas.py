"""Rows as a pandas DataFrame."""

from __future__ import annotations

from typing import Any

import numpy
import pandas

from datamill.data.fetched import Fetched
from datamill.data.formats.arrays import as_array
from datamill.model.attribute import Attribute

_NULLABLE = {"bool": "boolean", "integer": "Int64"}


def to_pandas(fetched: Fetched) -> pandas.DataFrame:
    """Return a DataFrame with the primary key as index; with an empty key the index counts the rows."""
    heading = fetched.heading
    series = {name: as_series(heading[name], fetched.decoded(name)) for name in fetched.names}
    frame = pandas.DataFrame(
        series, index=pandas.RangeIndex(len(fetched)), columns=pandas.Index(fetched.names)
    )
    return frame.set_index(heading.primary_key) if heading.key else frame


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
