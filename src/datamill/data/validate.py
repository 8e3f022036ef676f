"""Validate: all checks of an insert, storing nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datamill.data.encode import EncodedBatch, Encoder, without_missing
from datamill.data.insert_errors import existing_keys, missing_parents
from datamill.data.insert_parts import GivenMasters, PartRows, rows_of_parts
from datamill.data.rows import RowBatch, row_batches
from datamill.errors import DataMillError
from datamill.model.names import TableName
from datamill.model.table import ForeignKey, TableSpec

if TYPE_CHECKING:
    from datamill.data.connection import Connection

RowError = tuple[int, str | None, str]
"""Position of the row, attribute or None, and what is wrong."""

Key = tuple[Any, ...]
"""Canonical values of a primary key."""

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
        parts: Rows of part tables, with the keys of their masters.
        check_database: Also look for existing keys and missing parents.
    """
    masters, known = GivenMasters(spec), dict[TableName, set[Key]]()
    tables = [(spec, rows), *rows_of_parts(connection, spec, parts or {})]
    errors: list[RowError] = []
    checked = 0
    for table, given in tables:
        encoder = Encoder(connection, table, ignore_extra_fields=ignore_extra_fields, uploads=False)
        checker = _Checker(encoder, connection, check_database, masters, known)
        more, count = _validate_table(checker, given)
        prefix = "" if table is spec else f"part {table.name.class_name}: "
        errors += [(index, name, prefix + text) for index, name, text in more]
        checked += count
    return ValidationResult(errors, checked)


def _validate_table(checker: _Checker, rows: Any) -> tuple[list[RowError], int]:
    errors: list[RowError] = []
    checked = 0
    try:
        for batch in row_batches(rows, checker.spec.heading):
            errors += sorted(checker.check(batch), key=lambda error: error[0])
            checked += batch.count
    except DataMillError as error:
        if error.row_index is None:
            raise
        errors.append((error.row_index, None, str(error)))
    return errors, checked


class _Checker:
    """Checks the rows of one table: as one batch where nothing is wrong, else more closely.

    Args:
        encoder: Of the table, without uploads.
        connection: Where the rows would be written.
        check_database: Also look for existing keys and missing parents.
        masters: Keys of the master rows of the call.
        known: Keys of the call by table, as far as they were checked; this table's are added.
    """

    def __init__(
        self,
        encoder: Encoder,
        connection: Connection,
        check_database: bool,
        masters: GivenMasters,
        known: dict[TableName, set[Key]],
    ) -> None:
        self.encoder = encoder
        self.spec = encoder.spec
        self.connection = connection
        self.check_database = check_database
        self.masters = masters
        self.known = known
        self.seen: dict[Key, int] = {}

    def check(self, batch: RowBatch) -> list[RowError]:
        """Return all errors of a batch."""
        try:
            found = self._encode(batch)
        except _REFUSALS:
            return self._check_closely(without_missing(batch)[0])
        return list(self._check_encoded(*found, range(batch.start, batch.start + batch.count)))

    def _encode(self, batch: RowBatch) -> tuple[EncodedBatch, RowBatch]:
        """Return rows as they would be written, and as canonical values."""
        canonical: list[RowBatch] = []
        return self.encoder.encode(batch, canonical.append), canonical[0]

    def _check_closely(self, batch: RowBatch) -> list[RowError]:
        errors = list(self._check_rows(batch))
        columns = {name: values for name, values in batch.columns.items() if name in self.spec.heading}
        batch = RowBatch(batch.start, batch.count, columns)
        bad = {row - batch.start for row, *_ in errors}
        good: list[int] = []
        for index in range(batch.count):
            if index not in bad:
                errors += self._check_row(batch, index, good)
        if self.spec is self.masters.master:
            self._add_masters(batch, set(range(batch.count)) - set(good))
        if good:
            found = self._encode(batch.select(good))
            errors += self._check_encoded(*found, [batch.start + index for index in good])
        return errors

    def _check_row(self, batch: RowBatch, index: int, good: list[int]) -> Iterator[RowError]:
        """Encode a row whose values are right one by one; note it among the good ones, or yield its error."""
        row, position = batch.select([index]), batch.start + index
        try:
            self._encode(RowBatch(position, 1, row.columns))
        except _REFUSALS as error:
            name = getattr(error, "attribute", None)
            yield position, name if isinstance(name, str) else None, self._bare(error, position)
        else:
            good.append(index)

    def _add_masters(self, batch: RowBatch, rows: Iterable[int]) -> None:
        """Note the keys of master rows that are wrong, as far as they can be read: their parts may be right."""
        heading = self.spec.heading
        for index in rows:
            with suppress(*_REFUSALS):
                key = {
                    name: self.encoder.encode_column(heading[name], [batch.columns[name][index]], 0).canonical
                    for name in heading.key
                }
                self.masters.add(RowBatch(0, 1, key))

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
                holders = [index for index, value in enumerate(values) if value is not None] or [0]
                for index in holders:
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

    def _check_encoded(
        self, encoded: EncodedBatch, rows: RowBatch, positions: Sequence[int]
    ) -> Iterator[RowError]:
        if self.spec is self.masters.master:
            self.masters.add(rows)
        else:
            for index, fault in self.masters.strangers(self.spec, rows):
                yield positions[index], None, f"it {fault}"
        for position, key in zip(positions, encoded.keys, strict=True):
            earlier = self.seen.setdefault(key, position)
            if earlier != position and not any(value is None for value in key):
                shown = dict(zip(self.spec.heading.primary_key, key, strict=False))
                text = f"the primary key {shown} repeats that of row {earlier}."
                yield position, None, text if key else f"{self.spec.name} takes one row only."
        if self.check_database:
            yield from self._check_existing(encoded, positions)
            for foreign_key in self.spec.foreign_keys:
                yield from self._check_reference(foreign_key, encoded, rows, positions)
        self.known.setdefault(self.spec.name, set()).update(encoded.keys)

    def _check_existing(self, encoded: EncodedBatch, positions: Sequence[int]) -> Iterator[RowError]:
        physical = list(zip(*(encoded.column(name) for name in self.spec.physical_key), strict=True))
        existing = existing_keys(self.connection, self.spec, physical)
        for position, bound, key in zip(positions, physical, encoded.keys, strict=True):
            if bound in existing:
                text = f"{self.spec.name} has its one row already."
                if not self.spec.is_singleton:
                    shown = dict(zip(self.spec.heading.key, key, strict=True))
                    text = f"the primary key {shown} exists in {self.spec.name}."
                yield position, None, text

    def _check_reference(
        self, foreign_key: ForeignKey, encoded: EncodedBatch, rows: RowBatch, positions: Sequence[int]
    ) -> Iterator[RowError]:
        bound = list(zip(*(encoded.column(name) for name in foreign_key.attributes), strict=True))
        missing = missing_parents(self.connection, foreign_key, bound)
        if not missing:
            return
        own = {theirs: name for name, theirs in foreign_key.attribute_map}
        key = self.connection.catalog.spec(foreign_key.parent).heading.key
        given = self.known.get(foreign_key.parent, set()) if set(key) == own.keys() else set()
        references = rows.tuples([own.get(name, "") for name in key])
        for position, values, reference in zip(positions, bound, references, strict=True):
            if values in missing and reference not in given:
                text = f"{foreign_key.parent} has no row {missing[values]}."
                yield position, foreign_key.attributes[0], text
