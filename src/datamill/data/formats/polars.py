"""Rows as a polars DataFrame."""

from __future__ import annotations

import json
from typing import Any

import polars

from datamill.data.fetched import Fetched
from datamill.model.attribute import Attribute

LONGEST_DECIMAL = 38
_TYPES = {
    **{f"int{bits}": f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UInt{bits}" for bits in (8, 16, 32, 64)},
    "float32": "Float32",
    "float64": "Float64",
    "bool": "Boolean",
    "char": "String",
    "varchar": "String",
    "text": "String",
    "enum": "String",
    "date": "Date",
    "time": "Time",
    "uuid": "String",
    "json": "String",
    "bytes": "Binary",
}


def to_polars(fetched: Fetched) -> polars.DataFrame:
    """Return a DataFrame in heading order; values of codecs are decoded, as Python objects."""
    if not fetched.names:  # only a frame that had a column keeps the number of rows
        return polars.DataFrame({"": [None] * len(fetched)}).drop("")
    return polars.DataFrame([_series(fetched, name) for name in fetched.names])


def _series(fetched: Fetched, name: str) -> polars.Series:
    attribute, column = fetched.heading[name], fetched.arrow(name)
    if column is None or polars_type(attribute) == polars.Object:
        return as_series(attribute, fetched.decoded(name))
    return polars.Series(name, column, dtype=polars_type(attribute))


def as_series(attribute: Attribute, values: list[Any]) -> polars.Series:
    """Turn decoded values of an attribute into a Series of the type that its type has in polars."""
    dtype = polars_type(attribute)
    if attribute.type.kind == "uuid":
        values = [None if value is None else str(value) for value in values]
    elif attribute.type.kind == "json":
        values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    elif attribute.type.kind == "bytes" and not set(map(type, values)) <= {bytes, type(None)}:
        dtype = polars.Object  # native blobs under compat.blobs
    return polars.Series(attribute.name, values, dtype=dtype)


def polars_type(attribute: Attribute) -> Any:
    """Return the polars type of an attribute; Object for codecs and for decimals too long for polars."""
    kind = attribute.type.kind
    if kind in ("datetime", "timestamp"):
        return polars.Datetime("us")
    if kind == "decimal" and attribute.type.args and attribute.type.args[0] <= LONGEST_DECIMAL:
        return polars.Decimal(*attribute.type.args)
    return getattr(polars, _TYPES.get(kind, "Object"))
