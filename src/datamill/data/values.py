"""Columns of values between users and the driver: conversion, codecs, and what the driver takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.codecs import chain_for
from datamill.errors import InvalidValueError
from datamill.model.attribute import Attribute
from datamill.model.convert import convert_column
from datamill.model.names import TableName
from datamill.model.table import TableSpec
from datamill.sql.dialects.base import Dialect

if TYPE_CHECKING:
    from datamill.data.connection import Connection


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """One column on its way to the database.

    Fields:
        canonical: Stored values as canonical Python values.
        driver: The same as the driver takes them.
    """

    canonical: list[Any]
    driver: list[Any]


class ValueCoder:
    """Encodes columns of one table.

    Args:
        connection: Gives dialect and settings.
        spec: The table.
    """

    def __init__(self, connection: Connection, spec: TableSpec) -> None:
        self._dialect = connection.dialect
        self._config = connection.config
        self._name = spec.name

    def encode(
        self,
        attribute: Attribute,
        values: list[Any],
        keys: Sequence[Mapping[str, Any]] | None = None,
        first_row: int = 0,
    ) -> EncodedColumn:
        """Validate, convert and encode values of an attribute; None stays None.

        Args:
            attribute: Whose values.
            values: What the user gave.
            keys: Primary keys of the rows, for codecs that look at them.
            first_row: Position of the first value in the user's input.

        Raises:
            InvalidValueError: A value does not fit; ``row_index`` is its position.
        """
        if attribute.is_codec:
            context = codec_context(self._name, attribute, self._config)
            values = chain_for(attribute.type.text).encode_column(values, keys, context, first_row)
        try:
            canonical = convert_column(
                attribute.stored, values, nullable=attribute.nullable, attribute=attribute.name
            )
        except InvalidValueError as error:
            raise self._located(error, first_row) from None
        return EncodedColumn(canonical, to_driver(self._dialect, attribute, canonical))

    def _located(self, error: InvalidValueError, first_row: int) -> InvalidValueError:
        """Return the error of a conversion with the table and the row of the whole input."""
        index = first_row + (error.row_index or 0)
        located = InvalidValueError(
            f"Row {index} for {self._name}: {error.args[0]}",
            hint=error.hint,
            table=str(self._name),
            attribute=getattr(error, "attribute", None),
            value=getattr(error, "value", None),
            reason=getattr(error, "reason", None),
        )
        located.row_index = index
        return located


def codec_context(table: TableName | None, attribute: Attribute, config: Any) -> dict[str, Any]:
    """Return what codecs may know about where a value lies."""
    return {
        "schema": table.schema if table else None,
        "table": table.table if table else None,
        "field": attribute.name,
        "config": config,
    }


def to_driver(dialect: Dialect, attribute: Attribute, canonical: list[Any]) -> list[Any]:
    """Return a column of canonical stored values as the driver takes them; None stays None."""
    return _map(dialect.to_driver_for(attribute.stored), canonical)


def from_driver(dialect: Dialect, attribute: Attribute, values: list[Any]) -> list[Any]:
    """Return a column of driver values as canonical stored values; None stays None."""
    return _map(dialect.from_driver_for(attribute.stored), values)


def _map(adapt: Callable[[Any], Any] | None, values: list[Any]) -> list[Any]:
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
) -> list[Any]:
    """Return the values that users see for a column of a codec.

    Args:
        attribute: The codec attribute.
        stored: Canonical stored values.
        keys: Gives the primary keys of the rows; called only if the codec looks at them.
        context: See `codec_context`.
    """
    chain = chain_for(attribute.type.text)
    return chain.decode_column(stored, keys() if chain.decode_needs_key else None, context)
