"""Rows as a pyarrow Table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow

from datamill.data.fetched import Fetched
from datamill.data.stored_columns import STORED_MARK, TYPE_MARK
from datamill.errors import DataMillError
from datamill.model.attribute import Attribute
from datamill.model.types import AttributeType

LONGEST_DECIMAL128 = 38
_TYPES: dict[str, Callable[[], Any]] = {
    "int8": pyarrow.int8,
    "int16": pyarrow.int16,
    "int32": pyarrow.int32,
    "int64": pyarrow.int64,
    "uint8": pyarrow.uint8,
    "uint16": pyarrow.uint16,
    "uint32": pyarrow.uint32,
    "uint64": pyarrow.uint64,
    "float32": pyarrow.float32,
    "float64": pyarrow.float64,
    "bool": pyarrow.bool_,
    "char": pyarrow.string,
    "varchar": pyarrow.string,
    "text": pyarrow.string,
    "enum": pyarrow.string,
    "date": pyarrow.date32,
    "datetime": lambda: pyarrow.timestamp("us"),
    "timestamp": lambda: pyarrow.timestamp("us"),
    "time": lambda: pyarrow.time64("us"),
    "uuid": pyarrow.string,
    "json": pyarrow.string,
    "bytes": pyarrow.large_binary,
}


def to_arrow(fetched: Fetched, decode: bool = False) -> pyarrow.Table:
    """Return a Table in heading order; the field metadata ``datamill.type`` holds the declared type.

    Args:
        fetched: What a query gave.
        decode: Decode codec attributes and let Arrow find their type, instead of leaving them as stored.

    Raises:
        DataMillError: A decoded value has no form in Arrow.
    """
    if not fetched.names:  # only a table that had a column keeps the number of rows
        return pyarrow.table({"": pyarrow.nulls(len(fetched))}).select([])
    arrays, fields = [], []
    for name in fetched.names:
        attribute = fetched.heading[name]
        array: Any = fetched.arrow(name, decode)
        if array is None:
            array = _made(fetched, attribute, decode)
        arrays.append(array)
        fields.append(_field(attribute, array.type, is_stored=attribute.is_codec and not decode))
    return pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))


def _made(fetched: Fetched, attribute: Attribute, decode: bool) -> Any:
    if attribute.is_codec and decode:
        return _inferred(attribute.name, fetched.decoded(attribute.name))
    values = _plain(attribute.stored, fetched.stored(attribute.name))
    return pyarrow.array(values, arrow_type(attribute.stored))


def _field(attribute: Attribute, type: Any, is_stored: bool) -> Any:
    metadata = {TYPE_MARK: attribute.type.text.encode(), **({STORED_MARK: b"true"} if is_stored else {})}
    return pyarrow.field(attribute.name, type, attribute.nullable, metadata)


def arrow_type(stored: AttributeType) -> Any:
    """Return the Arrow type of a core type; None where Arrow is to find it (types of foreign tables)."""
    if stored.kind == "decimal" and stored.args:
        make = pyarrow.decimal128 if stored.args[0] <= LONGEST_DECIMAL128 else pyarrow.decimal256
        return make(*stored.args)
    make_plain = _TYPES.get(stored.kind)
    return make_plain() if make_plain is not None else None


def _plain(stored: AttributeType, values: list[Any]) -> list[Any]:
    if stored.kind == "uuid":
        return [None if value is None else str(value) for value in values]
    if stored.kind == "json":
        return [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    return values


def _inferred(name: str, values: list[Any]) -> Any:
    try:
        return pyarrow.array([value.tolist() if hasattr(value, "tolist") else value for value in values])
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError) as error:
        raise DataMillError(
            f"Values of attribute {name!r} have no form in Arrow: {error}.",
            hint="Fetch with decode=False, or leave the attribute out by proj().",
        ) from error
