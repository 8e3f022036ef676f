"""Columns of values between users and the driver: conversion, codecs, and what the driver takes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from datamill.catalog.hidden import ORIGIN
from datamill.codecs import CodecChain, blob, chain_for
from datamill.errors import InvalidValueError
from datamill.model.attribute import Attribute
from datamill.model.convert import Converter, converter
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.dialects.base import Dialect
from datamill.storage.memo import Memo, remembering
from datamill.storage.stores import Stores, using


@dataclass(slots=True)  # one per column and insert: frozen ones take three times as long to make
class EncodedColumn:
    """One column on its way to the database.

    Fields:
        canonical: Stored values as canonical Python values.
        driver: The same as the driver takes them.
    """

    canonical: list[Any]
    driver: list[Any]


@dataclass(frozen=True, slots=True)
class ColumnCoder:
    """Encodes columns of one attribute.

    Fields:
        table: Whose attribute.
        attribute: The attribute.
        convert: From what users give, or codecs, to canonical stored values.
        adapt: From a canonical value to what the driver takes; None: as it is.
        is_plain: No codec has a part in it, whatever the settings.
    """

    table: TableName
    attribute: Attribute
    convert: Converter
    adapt: Callable[[Any], Any] | None
    is_plain: bool

    def encode(
        self,
        values: list[Any],
        keys: Sequence[Mapping[str, Any]] | None = None,
        first_row: int = 0,
        config: Any = None,
        stores: Stores | None = None,
    ) -> EncodedColumn:
        """Validate, convert and encode values; None stays None.

        Args:
            values: What the user gave.
            keys: Primary keys of the rows, for codecs that look at them.
            first_row: Position of the first value in the user's input.
            config: Settings, for codecs.
            stores: Where codecs keep objects; values in stores are uploaded several at a time.

        Raises:
            InvalidValueError: A value does not fit; ``row_index`` is its position in the user's input.
        """
        if not self.is_plain:
            values = self._through_codec(values, keys, first_row, config, stores)
        try:
            canonical = self.convert(values)
        except InvalidValueError as error:
            raise self._located(error, first_row) from None
        return EncodedColumn(
            canonical, canonical if self.adapt is None else map_column(self.adapt, canonical)
        )

    def _through_codec(
        self,
        values: list[Any],
        keys: Sequence[Mapping[str, Any]] | None,
        first_row: int,
        config: Any,
        stores: Stores | None,
    ) -> list[Any]:
        if self.attribute.is_codec:
            context = codec_context(self.table, self.attribute, config)
            chain = chain_for(self.attribute.type.text)
            run_all = stores.run_all if stores is not None and chain.store is not None else None
            with coding(stores, chain):
                return chain.encode_column(values, keys, context, first_row, run_all)
        if is_packed(self.attribute, config):
            context = codec_context(self.table, self.attribute, config)
            return chain_for("<blob>").encode_column(values, keys, context, first_row)
        return values

    def _located(self, error: InvalidValueError, first_row: int) -> InvalidValueError:
        """Return the error of a conversion with the table and the row of the whole input."""
        index = first_row + (error.row_index or 0)
        located = InvalidValueError(
            f"Row {index} for {self.table}: {error.args[0]}",
            hint=error.hint,
            table=str(self.table),
            attribute=getattr(error, "attribute", None),
            value=getattr(error, "value", None),
            reason=getattr(error, "reason", None),
        )
        located.row_index = index
        if _is_native_blob(self.attribute):
            located.suggest(
                "Or set config.compat.blobs = True: native blobs then hold any value, as in DataJoint."
            )
        return located


class TableCoder:
    """The coders of all columns of a table; made once per table and dialect by `table_coder`."""

    __slots__ = ("columns", "dialect", "hidden_key", "is_plain", "origin", "required", "spec")

    def __init__(self, dialect: Dialect, spec: TableSpec) -> None:
        self.dialect = dialect
        self.spec = spec
        attributes = spec.heading.attributes
        self.columns = {name: column_coder(dialect, spec.name, item) for name, item in attributes.items()}
        self.is_plain = all(coder.is_plain for coder in self.columns.values())
        self.hidden_key = tuple(column_coder(dialect, spec.name, item) for item in spec.hidden if item.in_key)
        self.origin = next(
            (column_coder(dialect, spec.name, item) for item in spec.hidden if item.name == ORIGIN), None
        )
        self.required = tuple(name for name, item in attributes.items() if item.is_required)

    def singleton_key(self) -> tuple[Any, ...]:
        """Return the key of the only row of a table without key attributes, as the driver takes it."""
        return tuple(coder.encode([coder.attribute.default]).driver[0] for coder in self.hidden_key)


def column_coder(dialect: Dialect, table: TableName, attribute: Attribute) -> ColumnCoder:
    """Return what encodes columns of an attribute."""
    convert = converter(attribute.stored, nullable=attribute.nullable, attribute=attribute.name)
    if attribute.stored.family == "float" and not dialect.has_infinity:
        convert = _finite(convert, attribute)
    is_plain = not attribute.is_codec and not _is_native_blob(attribute)
    return ColumnCoder(table, attribute, convert, dialect.to_driver_for(attribute.stored), is_plain)


def _finite(convert: Converter, attribute: Attribute) -> Converter:
    """Return a conversion that refuses infinity, which some databases cannot store."""

    def finite(values: Iterable[Any]) -> list[Any]:
        canonical = convert(values)
        if not math.isfinite(sum(filter(None, canonical))):
            for index, value in enumerate(canonical):
                if value is not None and math.isinf(value):
                    reason = "this database cannot store infinity"
                    error = InvalidValueError(
                        f"{value} does not fit {attribute.name!r} of type {attribute.stored}: {reason}.",
                        attribute=attribute.name,
                        value=value,
                        reason=reason,
                    )
                    error.row_index = index
                    raise error
        return canonical

    return finite


_PACKED = (b"mYm\0", b"dj0\0", b"ZL123\0")
"""How serialised values begin, compressed ones last."""


def _is_native_blob(attribute: Attribute) -> bool:
    return attribute.type.native is not None and attribute.type.kind == "bytes"


def is_packed(attribute: Attribute, config: Any) -> bool:
    """Return True if a native blob holds serialised values, as in DataJoint 0.14: the setting ``compat.blobs``."""
    return _is_native_blob(attribute) and config is not None and bool(config.compat.blobs)


def unpacked(stored: list[Any]) -> list[Any]:
    """Return the values of a native blob column; bytes that were not serialised stay as they are."""
    return map_column(lambda value: blob.unpack(value) if value.startswith(_PACKED) else value, stored)


_coders: dict[int, TableCoder] = {}
MOST_CODERS = 512


def table_coder(dialect: Dialect, spec: TableSpec) -> TableCoder:
    """Return the coder of a table, made on first use; specs are told apart by identity."""
    coder = _coders.get(id(spec))
    if coder is None or coder.spec is not spec or coder.dialect is not dialect:
        if len(_coders) >= MOST_CODERS:
            _coders.clear()
        coder = _coders[id(spec)] = TableCoder(dialect, spec)
    return coder


def codec_context(table: TableName | None, attribute: Attribute, config: Any) -> dict[str, Any]:
    """Return what codecs may know about where a value lies."""
    return {
        "schema": table.schema if table else None,
        "table": table.table if table else None,
        "field": attribute.name,
        "config": config,
    }


@contextmanager
def coding(stores: Stores | None, chain: CodecChain, stored: Sequence[Any] | None = None) -> Iterator[None]:
    """Let codecs find the stores of a connection within a block, and do equal work once.

    Args:
        stores: Of the connection.
        chain: The codecs.
        stored: Values about to be decoded: only what several of them refer to is remembered. None: everything.
    """
    if chain.store is None or stores is None:
        yield
        return
    repeated = None if stored is None else _repeated(stored)
    with using(stores), remembering(Memo(repeated)):
        yield


def _repeated(stored: Sequence[Any]) -> frozenset[Any]:
    """Return store and path of the objects that several values refer to."""
    counted = Counter(
        (value.get("store"), value.get("path"))
        for value in stored
        if isinstance(value, Mapping) and isinstance(value.get("path"), str)
    )
    return frozenset(key for key, count in counted.items() if count > 1)


def to_driver(dialect: Dialect, attribute: Attribute, canonical: list[Any]) -> list[Any]:
    """Return a column of canonical stored values as the driver takes them; None stays None."""
    return map_column(dialect.to_driver_for(attribute.stored), canonical)


def from_driver(dialect: Dialect, attribute: Attribute, values: list[Any]) -> list[Any]:
    """Return a column of driver values as canonical stored values; None stays None."""
    return map_column(dialect.from_driver_for(attribute.stored), values)


def map_column(adapt: Callable[[Any], Any] | None, values: list[Any]) -> list[Any]:
    """Apply a function to the values of a column; None stays None, and no function changes nothing."""
    if adapt is None:
        return values
    if None in values:
        return [None if value is None else adapt(value) for value in values]
    return list(map(adapt, values))


def decode_codec(
    attribute: Attribute,
    stored: list[Any],
    keys: Callable[[], Sequence[Mapping[str, Any]]],
    context: Mapping[str, Any],
    stores: Stores | None = None,
) -> list[Any]:
    """Return the values that users see for a column of a codec.

    Objects are downloaded several at a time, each distinct one once.

    Args:
        attribute: The codec attribute.
        stored: Canonical stored values.
        keys: Gives the primary keys of the rows; called only if the codec looks at them.
        context: See `codec_context`.
        stores: Where codecs find objects.
    """
    chain = chain_for(attribute.type.text)
    of_rows = keys() if chain.decode_needs_key else None
    run_all = stores.run_all if stores is not None and chain.reads_store else None
    with coding(stores, chain, stored):
        return chain.decode_column(stored, of_rows, context, run_all=run_all)
