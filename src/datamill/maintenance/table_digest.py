"""Digests of tables: equal rows give the same digest on every database, in whatever order they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from datamill.model.attribute import Attribute
from datamill.model.types import AttributeType

BITS = 128
_LONG = 64
"""Bytes from which a value enters the digest of its row by its own digest."""
_EXACT = 2**64


class TableDigest:
    """The digest of a set of rows, fed column by column.

    Each row is hashed over its canonical values; the digest is the number of rows and the sum of their hashes, so
    neither the order of rows nor how a database stores a value matters.

    Args:
        columns: The columns, in an order that both sides share.
        rows: Rows that are counted already.
        total: Their sum.

    Example:
        >>> from datamill.model.types import parse_type
        >>> number = parse_type("int32")
        >>> digest, other = TableDigest([Attribute("a", number, number)]), TableDigest([Attribute("a", number, number)])
        >>> digest.update([[1, 2]])
        >>> other.update([[2, 1]])
        >>> digest == other, digest.rows
        (True, 2)
    """

    __slots__ = ("_forms", "rows", "total")

    def __init__(self, columns: Sequence[Attribute], rows: int = 0, total: int = 0) -> None:
        self._forms = [_form(column.stored) for column in columns]
        self.rows = rows
        self.total = total

    def update(self, columns: Sequence[list[Any]]) -> None:
        """Add rows given as columns of canonical stored values."""
        shaped = [
            values if form is None else [None if value is None else form(value) for value in values]
            for form, values in zip(self._forms, columns, strict=True)
        ]
        total = self.total
        for row in zip(*shaped, strict=True):
            total += _number(repr(row).encode("utf-8", "surrogatepass"))
            self.rows += 1
        self.total = total % (1 << BITS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableDigest) and (self.rows, self.total) == (other.rows, other.total)

    def __hash__(self) -> int:
        return hash((self.rows, self.total))

    def __str__(self) -> str:
        return f"{self.total:032x}"


def _number(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=BITS // 8).digest(), "little")


def _form(type: AttributeType) -> Callable[[Any], Any] | None:
    """Return the function from a canonical value to what is hashed; None: as it is."""
    return _FORMS.get(type.family)


def _bytes(value: Any) -> Any:
    content = bytes(value)
    return (
        content if len(content) < _LONG else (len(content), blake2b(content, digest_size=BITS // 8).digest())
    )


def _decimal(value: Any) -> str:
    number = Decimal(value)
    return "0" if number == 0 else format(number.normalize(), "f")


def _float(value: Any) -> float:
    return float(value) + 0.0  # minus zero is zero


def _text(value: Any) -> Any:
    return value if not isinstance(value, str) or len(value) < _LONG else _bytes(value.encode())


def _json(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Return a JSON value with one form for each number: databases turn 1e3 into 1000, and 1.0 into 1."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _EXACT:
        return float(value)
    return value


_FORMS: dict[str, Callable[[Any], Any]] = {
    "bytes": _bytes,
    "decimal": _decimal,
    "float": _float,
    "bool": bool,
    "json": _json,
    "text": _text,
    "uuid": lambda value: value.bytes,
    "date": str,
    "datetime": str,
    "time": str,
}


def digest_of(columns: Sequence[Attribute], batches: Iterable[Sequence[list[Any]]]) -> TableDigest:
    """Return the digest of rows given in batches of columns of canonical values."""
    digest = TableDigest(columns)
    for batch in batches:
        digest.update(batch)
    return digest
