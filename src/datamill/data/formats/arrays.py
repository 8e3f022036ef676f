"""Columns as NumPy arrays."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from datamill.data.fetched import Fetched
from datamill.model.attribute import Attribute
from datamill.model.types import KINDS

if TYPE_CHECKING:
    import numpy


def to_structured(fetched: Fetched) -> numpy.ndarray[Any, Any]:
    """Return a structured array of shape (rows,), one field per attribute."""
    import numpy

    rows = fetched.plain_rows(fetched.names)
    if rows and fetched.names:
        fields = [(name, _dtype_without_null(fetched.heading[name])) for name in fetched.names]
        with suppress(TypeError):  # there is a NULL among integers or truths
            return numpy.array(rows, numpy.dtype(fields))
    arrays = {name: to_array(fetched, name) for name in fetched.names}
    dtype = numpy.dtype([(name, array.dtype) for name, array in arrays.items()])
    structured = numpy.empty(len(fetched), dtype)
    for name, array in arrays.items():
        structured[name] = array
    return structured


def to_array(fetched: Fetched, name: str) -> numpy.ndarray[Any, Any]:
    """Return one attribute as an array of shape (rows,).

    Integers and truths are int64 (uint64 for ``uint64``) and bool, or object if there is a NULL; floats are float64
    with NaN for NULL; everything else is object, also values of one shape.
    """
    return as_array(fetched.heading[name], fetched.decoded(name))


def _dtype_without_null(attribute: Attribute) -> str:
    is_number = attribute.type.family in ("float", "integer", "bool")
    return KINDS[attribute.stored.kind].numpy if is_number else "object"


def as_array(attribute: Attribute, values: list[Any]) -> numpy.ndarray[Any, Any]:
    """Turn decoded values of an attribute into an array of shape (values,)."""
    import numpy

    family = attribute.type.family
    if family == "float":
        if None in values:
            values = [numpy.nan if value is None else value for value in values]
        return numpy.array(values, "float64")
    if family in ("integer", "bool") and None not in values:
        return numpy.array(values, KINDS[attribute.stored.kind].numpy)
    boxed = numpy.empty(len(values), "object")
    if family in ("codec", "json", "opaque"):
        # Assigning the list would let NumPy look into the values, and stack arrays of one shape.
        for index, value in enumerate(values):
            boxed[index] = value
    else:
        boxed[:] = values
    return boxed
