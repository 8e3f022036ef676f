"""Validate: all checks of an insert, storing nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.data.encode import EncodedBatch, Encoder, without_missing
from datamill.data.insert_errors import existing_keys, missing_parents
from datamill.data.insert_parts import PartRows, part_spec
from datamill.data.rows import RowBatch, row_batches
from datamill.errors import DataMillError, require
from datamill.model.table import TableSpec

if TYPE_CHECKING:
    from datamill.data.connection import Connection

RowError = tuple[int, str | None, str]
"""Position of the row, attribute or None, and what is wrong."""

MOST_SHOWN = 10
_REFUSALS = (DataMillError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, OSError)
"""What conversion and codecs raise for values they do not accept."""


@dataclass(frozen=True, slots=True)
class ValidationResult:
    r"""What `validate` found; true if nothing is wrong.

    Fields:
        errors: At most one per row and attribute, in order of rows: (position, attribute or None, message).
        rows_checked: Number of rows read.

    Example:
        >>> result = ValidationResult([(3, "age", "'old' is no number.")], 5)
        >>> bool(result), result.summary()
        (False, "1 error in 5 rows:\nrow 3, age: 'old' is no number.")
    """

    errors: list[RowError]
    rows_checked: int

    @property
    def is_valid(self) -> bool:
        """True if nothing is wrong."""
        return not self.errors

    def __bool__(self) -> bool:
        return self.is_valid

    def summary(self) -> str:
        """Return the number of errors and the first ten."""
        count = len(self.errors)
        rows = f"{self.rows_checked} row{'' if self.rows_checked == 1 else 's'}"
        if not count:
            return f"{rows} checked, no errors."
        lines = [
            f"row {index}{f', {name}' if name else ''}: {text}"
            for index, name, text in self.errors[:MOST_SHOWN]
        ]
        more = [f"... and {count - MOST_SHOWN} more."] if count > MOST_SHOWN else []
        return "\n".join([f"{count} error{'' if count == 1 else 's'} in {rows}:", *lines, *more])

    def raise_if_invalid(self) -> None:
        """Raise what is wrong.

        Raises:
            DataMillError: With the summary.
        """
        if self.errors:
            error = DataMillError(self.summary())
            error.row_index = self.errors[0][0]
            raise error


def validate(
    connection: Connection,
    spec: TableSpec,
    rows: Any,
    *,
    ignore_extra_fields: bool = False,
    parts: PartRows | None = None,
    check_database: bool = False,
) -> ValidationResult:
    """Check rows as `insert` would; iterators are consumed.

    Args:
        connection: Where they would be written.
        spec: The table.
        rows: Rows in any form of insert but a query.
        ignore_extra_fields: Pass over fields that are no attributes.
        parts: Rows of part tables.
        check_database: Also look for existing keys and missing parents.
    """
    errors, checked = _validate_table(connection, spec, rows, ignore_extra_fields, check_database, "")
    require(parts or {}, Mapping, "parts must map part tables to their rows")
    for part, given in (parts or {}).items():
        found = part_spec(connection, spec, part)
        prefix = f"part {found.name.class_name}: "
        more, count = _validate_table(connection, found, given, ignore_extra_fields, False, prefix)
        errors += more
        checked += count
    return ValidationResult(errors, checked)


def _validate_table(
    connection: Connection, spec: TableSpec, rows: Any, ignore_extra: bool, check_database: bool, prefix: str
) -> tuple[list[RowError], int]:
    checker = _Checker(
        Encoder(connection, spec, ignore_extra_fields=ignore_extra, uploads=False), connection, check_database
    )
    errors: list[RowError] = []
    checked = 0
    try:
        for batch in row_batches(rows, spec.heading):
            errors += sorted(checker.check(batch), key=lambda error: error[0])
            checked += batch.count
    except DataMillError as error:
        if error.row_index is None:
            raise
        errors.append((error.row_index, None, str(error)))
    return [(index, name, prefix + text) for index, name, text in errors], checked


class _Checker:
    def __init__(self, encoder: Encoder, connection: Connection, check_database: bool) -> None:
        self.encoder = encoder
        self.spec = encoder.spec
        self.connection = connection
        self.check_database = check_database
        self.seen: dict[tuple[Any, ...], int] = {}

    def check(self, batch: RowBatch) -> Iterator[RowError]:
        """Yield all errors of a batch."""
        batch, _ = without_missing(batch)
        bad: set[int] = set()
        for error in self._check_rows(batch):
            bad.add(error[0] - batch.start)
            yield error
        good = [index for index in range(batch.count) if index not in bad]
        if good:
            columns = {name: [values[index] for index in good] for name, values in batch.columns.items()}
            known = {name: values for name, values in columns.items() if name in self.spec.heading}
            encoded = self.encoder.encode(RowBatch(0, len(good), known))
            yield from self._check_keys(encoded, [batch.start + index for index in good])

    def _check_rows(self, batch: RowBatch) -> Iterator[RowError]:
        yield from self._check_fields(batch)
        for name, attribute in self.spec.heading.attributes.items():
            given = batch.columns.get(name)
            if attribute.is_required:
                for index in range(batch.count):
                    if given is None or given[index] is None:
                        yield batch.start + index, name, f"no value for {name}."
            if given is not None:
                yield from self._check_values(name, given, batch.start)
        yield from self._check_partial(batch)

    def _check_fields(self, batch: RowBatch) -> Iterator[RowError]:
        for name, values in batch.columns.items():
            try:
                self.encoder.check_fields(RowBatch(batch.start, batch.count, {name: values}))
            except DataMillError as error:
                for index, value in enumerate(values):
                    if value is not None:
                        yield batch.start + index, str(name), str(error)

    def _check_values(self, name: str, values: list[Any], start: int) -> Iterator[RowError]:
        attribute = self.spec.heading[name]
        try:
            self.encoder.encode_column(attribute, values, start)
        except _REFUSALS:
            for index, value in enumerate(values):
                try:
                    self.encoder.encode_column(attribute, [value], start + index)
                except _REFUSALS as error:
                    yield start + index, name, self._bare(error, start + index)

    def _bare(self, error: Exception, row: int) -> str:
        """Return an error's message without the row, which is told anyway."""
        return str(error).removeprefix(f"Row {row} for {self.spec.name}: ")

    def _check_partial(self, batch: RowBatch) -> Iterator[RowError]:
        try:
            self.encoder.check_partial_references(batch)
        except DataMillError:
            for index in range(batch.count):
                row = RowBatch(
                    batch.start + index, 1, {name: [values[index]] for name, values in batch.columns.items()}
                )
                try:
                    self.encoder.check_partial_references(row)
                except DataMillError as error:
                    yield batch.start + index, None, str(error)

    def _check_keys(self, encoded: EncodedBatch, positions: list[int]) -> Iterator[RowError]:
        for position, key in zip(positions, encoded.keys, strict=True):
            earlier = self.seen.setdefault(key, position)
            if earlier != position and not any(value is None for value in key):
                shown = dict(zip(self.spec.heading.primary_key, key, strict=False))
                text = f"the primary key {shown} repeats that of row {earlier}."
                yield position, None, text if key else f"{self.spec.name} takes one row only."
        if self.check_database:
            yield from self._check_database(encoded, positions)

    def _check_database(self, encoded: EncodedBatch, positions: list[int]) -> Iterator[RowError]:
        physical = list(zip(*(encoded.column(name) for name in self.spec.physical_key), strict=True))
        existing = existing_keys(self.connection, self.spec, physical)
        for position, key in zip(positions, physical, strict=True):
            if key in existing:
                shown = dict(zip(self.spec.physical_key, key, strict=True))
                text = f"{self.spec.name} has its one row already."
                if not self.spec.is_singleton:
                    text = f"the primary key {shown} exists in {self.spec.name}."
                yield position, None, text
        for foreign_key in self.spec.foreign_keys:
            rows = list(zip(*(encoded.column(name) for name in foreign_key.attributes), strict=True))
            missing = missing_parents(self.connection, foreign_key, rows)
            for position, row in zip(positions, rows, strict=True):
                if row in missing:
                    shown = dict(zip((theirs for _, theirs in foreign_key.attribute_map), row, strict=True))
                    yield position, foreign_key.attributes[0], f"{foreign_key.parent} has no row {shown}."
