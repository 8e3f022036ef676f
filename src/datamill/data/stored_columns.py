"""Columns of Arrow and polars that hold a stored form: documents as JSON text, values of codecs as they lie in the row.

`to_arrow` and `to_polars` write them so, because Arrow has no type for them; what they gave is what insert takes back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from datamill.codecs import chain_for
from datamill.data.values import codec_context, decode_codec
from datamill.errors import DataMillError, InvalidValueError
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading

TYPE_MARK, STORED_MARK = b"datamill.type", b"datamill.stored"
"""Keys of the metadata of an Arrow field: the declared type, and that values of its codec are not decoded."""

Read = Callable[[list[Any], int], list[Any]]
"""From the values of a column, and the position of the first in the user's input, to what users give in dicts."""


def reader_of(heading: Heading, name: str, metadata: Mapping[bytes, bytes] | None = None) -> Read | None:
    """Return how a column is read, or None if its values are taken as they are.

    Args:
        heading: Of the table that takes the rows.
        name: The column.
        metadata: Of its Arrow field.

    Raises:
        DataMillError: It holds references into an object store instead of values.
    """
    attribute = heading.get(name)
    if attribute is None:
        return None
    if not attribute.is_codec:
        return _documents(name) if attribute.stored.kind == "json" else None
    marks = metadata or {}
    if STORED_MARK not in marks or marks.get(TYPE_MARK) != attribute.type.text.encode():
        return None
    chain = chain_for(attribute.type.text)
    if chain.store is not None or chain.decode_needs_key:
        raise DataMillError(
            f"Column {name!r} holds {attribute.type} as stored, not its values.",
            hint="Fetch it with to_arrow(decode=True), or insert the query itself.",
        )
    return _codec_values(attribute)


def _documents(name: str) -> Read:
    def read(values: list[Any], first_row: int) -> list[Any]:
        return [
            _document(name, value, first_row + index) if isinstance(value, str) else value
            for index, value in enumerate(values)
        ]

    return read


def _document(name: str, text: str, row_index: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        wrong = InvalidValueError(
            f"Row {row_index}, column {name!r}: {text[:100]!r} is not JSON: {error}.",
            attribute=name,
            value=text,
            hint="In files, Arrow and polars, documents are JSON text: write them with json.dumps.",
        )
        wrong.row_index = row_index
        raise wrong from error


def _codec_values(attribute: Attribute) -> Read:
    def read(values: list[Any], first_row: int) -> list[Any]:
        if attribute.stored.kind == "json":
            values = [None if value is None else json.loads(value) for value in values]
        return decode_codec(attribute, values, list, codec_context(None, attribute, None))

    return read
