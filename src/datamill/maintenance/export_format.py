"""The folder that an export makes: its paths, its Arrow types, its manifest. No database, no store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from datamill.model.attribute import Attribute
from datamill.model.types import AttributeType

FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
PROJECT: Final = "datajoint.toml"
ROWS_PER_PART: Final = 100_000


def table_folder(schema: str, table: str) -> str:
    """Return where the Parquet files of a table lie."""
    return f"{schema}/tables/{table}"


def arrow_type(pyarrow: Any, stored: AttributeType) -> Any:
    """Return the Arrow type of a core type: as `to_arrow` has them, but uuid as 16 bytes and enum as dictionary."""
    if stored.kind == "uuid":
        return pyarrow.binary(16)
    if stored.kind == "enum":
        return pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    from datamill.data.formats.arrow import arrow_type as plain_type

    found = plain_type(stored)
    return pyarrow.string() if found is None else found


def arrow_field(pyarrow: Any, attribute: Attribute) -> Any:
    """Return the Arrow field of an attribute, with its type and comment as metadata."""
    metadata = {"datamill.type": attribute.type.text, "datamill.comment": attribute.comment or ""}
    return pyarrow.field(attribute.name, arrow_type(pyarrow, attribute.stored), attribute.nullable, metadata)


def to_arrow_values(stored: AttributeType, values: Sequence[Any]) -> list[Any]:
    """Return canonical values as Arrow takes them."""
    convert = _TO_ARROW.get(stored.kind)
    return (
        list(values) if convert is None else [None if value is None else convert(value) for value in values]
    )


def from_arrow_values(stored: AttributeType, values: Sequence[Any]) -> list[Any]:
    """Return canonical values of what an exported file holds."""
    convert = _FROM_ARROW.get(stored.kind)
    return (
        list(values) if convert is None else [None if value is None else convert(value) for value in values]
    )


def _uuid(value: bytes) -> Any:
    from uuid import UUID

    return UUID(bytes=value)


_TO_ARROW: Final[Mapping[str, Callable[[Any], Any]]] = {
    "uuid": lambda value: value.bytes,
    "json": lambda value: json.dumps(value, ensure_ascii=False),
}
_FROM_ARROW: Final[Mapping[str, Callable[[Any], Any]]] = {"uuid": _uuid, "json": json.loads}
