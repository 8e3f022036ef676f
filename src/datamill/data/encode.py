"""From columns of the user's values to columns of driver values, checked on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from datamill.codecs import chain_for
from datamill.data.objects import UploadGate, is_stored, referenced
from datamill.data.origin import origin_of_rows
from datamill.data.rows import RowBatch
from datamill.data.values import EncodedColumn, codec_context, coding, table_coder
from datamill.errors import IntegrityError, MissingAttributeError, UnknownAttributeError
from datamill.model import convert
from datamill.model.attribute import Attribute, Now
from datamill.model.table import ForeignKey, TableSpec

if TYPE_CHECKING:
    from datamill.data.connection import Connection


Look = Callable[[RowBatch], None]
"""Is shown the rows of a batch as columns of canonical values."""


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """Rows ready to be written.

    Fields:
        start: Position of the first row within the call.
        count: Number of rows.
        names: Column names.
        columns: Driver values, one list per name.
        keys: Primary keys as canonical values, in key order; empty tuples for a singleton.
        objects: Store and path of the objects that the rows refer to.
        doubtful: Paths of objects that garbage collection had marked when they were uploaded.
        positions: Of the rows within the call, if some were left out.
    """

    start: int
    count: int
    names: tuple[str, ...]
    columns: tuple[list[Any], ...]
    keys: list[tuple[Any, ...]]
    objects: tuple[tuple[str | None, str], ...] = ()
    doubtful: frozenset[str] = frozenset()
    positions: Sequence[int] | None = None

    def position(self, index: int) -> int:
        """Return the position of a row within the call."""
        return self.start + index if self.positions is None else self.positions[index]

    def column(self, name: str) -> list[Any]:
        """Return a column of driver values; NULLs if the column is not written."""
        return self.columns[self.names.index(name)] if name in self.names else [None] * self.count

    def select(self, positions: Sequence[int]) -> EncodedBatch:
        """Return some of the rows."""
        return replace(
            self,
            count=len(positions),
            columns=tuple(_at(column, positions) for column in self.columns),
            keys=_at(self.keys, positions),
            positions=[self.position(index) for index in positions],
        )


class Encoder:
    """Checks and encodes the batches of one insert.

    Args:
        connection: Gives dialect, codecs and settings.
        spec: The table.
        ignore_extra_fields: Pass over fields that are no attributes.
        fill_all: Write a default into every column that rows leave out, instead of leaving it to the database.
        skip_existing: Rows whose primary key exists are left out, before their objects are uploaded.
        uploads: False: values that would go to a store are checked as far as that can be done without storing them,
            and their columns are left out.
    """

    def __init__(
        self,
        connection: Connection,
        spec: TableSpec,
        *,
        ignore_extra_fields: bool = False,
        fill_all: bool = False,
        skip_existing: bool = False,
        uploads: bool = True,
    ) -> None:
        self.spec = spec
        self._coder = table_coder(connection.dialect, spec)
        self._config = connection.config
        self._stores = connection.stores
        has_gate = uploads and not self._coder.is_plain
        self._gate = UploadGate(connection, spec, skip_existing=skip_existing) if has_gate else None
        self._ignore_extra = ignore_extra_fields
        self._fill_all = fill_all
        self._now: datetime | None = None
        has_origin = self._coder.origin is not None and connection.config.provenance.capture
        self._origin = origin_of_rows(connection) if has_origin else None

    def encode(self, batch: RowBatch, look: Look | None = None) -> EncodedBatch:
        """Check and encode a batch.

        Args:
            batch: The rows.
            look: Called with them, also with those that are passed over, when all but what goes to stores is converted
                and nothing is uploaded yet.

        Raises:
            UnknownAttributeError, MissingAttributeError, InvalidValueError, IntegrityError: With ``row_index``.
        """
        self.check_fields(batch)
        batch, with_null = without_missing(batch)
        self.check_missing(batch, with_null)
        self.check_partial_references(batch)
        encoded: dict[str, EncodedColumn] = {}
        in_stores: dict[str, list[Any]] = {}
        for name, attribute in self.spec.heading.attributes.items():
            values = batch.columns.get(name)
            if values is None or name in with_null:
                values = self._values(attribute, batch, name in with_null)
            if values is None:
                continue
            coder = self._coder.columns[name]
            if coder.is_plain:
                encoded[name] = coder.encode(values, None, batch.start)
            elif is_stored(attribute):
                in_stores[name] = values
            else:
                keys = self._keys_for(attribute, encoded)
                encoded[name] = self.encode_column(attribute, values, batch.start, keys)
        if look is not None:
            canonical = {name: column.canonical for name, column in encoded.items()}
            look(RowBatch(batch.start, batch.count, canonical))
        wanted = self._upload(batch, encoded, in_stores) if in_stores else None
        found = self._assemble(batch, encoded)
        return found if wanted is None else found.select(wanted)

    def _upload(
        self, batch: RowBatch, encoded: dict[str, EncodedColumn], in_stores: dict[str, list[Any]]
    ) -> list[int] | None:
        """Encode what goes to stores, after all else; return the rows that are not passed over, None if no row is."""
        for name, values in in_stores.items():
            attribute = self.spec.heading[name]
            self._validate(attribute, values, batch.start, self._keys_for(attribute, encoded))
        if self._gate is None:
            return None
        if any(value is not None for values in in_stores.values() for value in values):
            self._gate.open()
        wanted = self._gate.wanted(self._key_tuples(batch, encoded))
        for name, values in in_stores.items():
            attribute = self.spec.heading[name]
            keys = self._keys_for(attribute, encoded)
            if wanted is not None:
                values = _only(values, wanted)
            encoded[name] = self._gate.upload(
                partial(self.encode_column, attribute, values, batch.start, keys)
            )
        return wanted

    def _validate(
        self,
        attribute: Attribute,
        values: list[Any],
        start: int,
        keys: Sequence[Mapping[str, Any]] | None,
    ) -> None:
        context = codec_context(self.spec.name, attribute, self._config)
        chain = chain_for(attribute.type.text)
        if self._gate is not None:
            chain.validate_column(values, context, start)
            return
        with coding(self._stores, chain):
            chain.rehearse_column(values, keys, context, start)

    def _key_tuples(self, batch: RowBatch, encoded: Mapping[str, EncodedColumn]) -> list[tuple[Any, ...]]:
        key = self.spec.heading.key
        if not key:
            return [()] * batch.count
        parts = [encoded[name].canonical if name in encoded else [None] * batch.count for name in key]
        return list(zip(*parts, strict=True))

    def _assemble(self, batch: RowBatch, encoded: dict[str, EncodedColumn]) -> EncodedBatch:
        names, columns = list(encoded), [item.driver for item in encoded.values()]
        for hidden in self._coder.hidden_key:
            names.append(hidden.attribute.name)
            columns.append(hidden.encode([hidden.attribute.default] * batch.count).driver)
        if self._origin is not None and self._coder.origin is not None:
            names.append(self._coder.origin.attribute.name)
            columns.append(self._coder.origin.encode([self._origin] * batch.count).driver)
        key = self.spec.heading.key
        if not names:  # a table of an auto-increment key alone
            names, columns = list(key), [[None] * batch.count for _ in key]
        keys = self._key_tuples(batch, encoded)
        objects, doubtful = self._objects(encoded)
        return EncodedBatch(batch.start, batch.count, tuple(names), tuple(columns), keys, objects, doubtful)

    @property
    def doubtful(self) -> frozenset[str]:
        """Paths of objects that garbage collection had marked when uploads began."""
        return frozenset() if self._gate is None else self._gate.doomed.paths

    def upload_column(
        self, attribute: Attribute, values: list[Any], keys: Sequence[Mapping[str, Any]] | None
    ) -> EncodedColumn:
        """Encode one column, by way of the checks that stand before uploads if its values go to a store."""
        if self._gate is None or not is_stored(attribute) or all(value is None for value in values):
            return self.encode_column(attribute, values, 0, keys)
        self._gate.open()
        return self._gate.upload(partial(self.encode_column, attribute, values, 0, keys))

    def _objects(
        self, encoded: Mapping[str, EncodedColumn]
    ) -> tuple[tuple[tuple[str | None, str], ...], frozenset[str]]:
        """Return the objects that encoded rows refer to, and paths of those that were marked for removal."""
        if self._gate is None:
            return (), frozenset()
        found: list[tuple[str | None, str]] = []
        for name, column in encoded.items():
            coder = self._coder.columns[name]
            if not coder.is_plain and is_stored(coder.attribute):
                found += referenced(coder.attribute, column.canonical)
        return tuple(dict.fromkeys(found)), self._gate.doomed.paths

    def check_fields(self, batch: RowBatch, advice: str = "Or pass ignore_extra_fields=True.") -> None:
        """Raise for fields that are no attributes.

        Args:
            batch: The rows.
            advice: What else the caller can do, besides correcting the name.
        """
        if self._ignore_extra or batch.columns.keys() <= self.spec.heading.attributes.keys():
            return
        for name, values in batch.columns.items():
            if name not in self.spec.heading:
                raise self._unknown(name, values, batch, advice)

    def _unknown(self, name: Any, values: list[Any], batch: RowBatch, advice: str) -> UnknownAttributeError:
        if isinstance(name, str) and any(item.name == name for item in self.spec.hidden):
            error = UnknownAttributeError(
                f"{name!r} of {self.spec.name} is hidden: only the platform sets it.", attribute=name
            )
        else:
            error = self.spec.heading.unknown(str(name), str(self.spec.name))
            error = error.suggest(advice) if advice else error
        error.row_index = batch.start + next((i for i, value in enumerate(values) if value is not None), 0)
        return error

    def check_missing(self, batch: RowBatch, with_null: Set[str]) -> None:
        """Raise for the first row that lacks required attributes, naming them all.

        Args:
            batch: The rows.
            with_null: Names of columns that hold None.
        """
        absent = [name for name in self._coder.required if name not in batch.columns]
        holes = [name for name in self._coder.required if name in with_null]
        if not absent and not holes:
            return
        row = 0 if absent else min(_first_null(batch.columns[name]) for name in holes)
        names = [name for name in self._coder.required if name in absent or batch.columns[name][row] is None]
        raise self.missing(names, batch.start + row)

    def missing(self, names: list[str], row_index: int) -> MissingAttributeError:
        """Make the error for required attributes without value."""
        error = MissingAttributeError(
            f"Row {row_index} for {self.spec.name} has no value for {', '.join(names)}.",
            attribute=names[0] if len(names) == 1 else tuple(names),
            hint="Give a value: the definition has no default and does not allow NULL.",
        )
        error.row_index = row_index
        return error

    def _values(self, attribute: Attribute, batch: RowBatch, has_null: bool) -> list[Any] | None:
        """Return the values of a column with defaults filled in, or None to leave the column to the database."""
        given = batch.columns.get(attribute.name)
        if given is None:
            if attribute.is_auto_increment or not (self._fill_all or attribute.in_key):
                return None
            return [self.default(attribute)] * batch.count
        default = self.default(attribute) if has_null else None
        if default is None:
            return given
        return [default if value is None else value for value in given]

    def default(self, attribute: Attribute) -> Any:
        """Return the value that stands for a missing one."""
        default = attribute.default
        if isinstance(default, Now):
            self._now = self._now or datetime.now(UTC).replace(tzinfo=None)
            now = _cut(self._now, default.digits)
            return {"date": now.date(), "time": now.time()}.get(attribute.stored.family, now)
        return default

    def encode_column(
        self,
        attribute: Attribute,
        values: list[Any],
        start: int,
        keys: Sequence[Mapping[str, Any]] | None = None,
    ) -> EncodedColumn:
        """Convert and encode one column.

        Args:
            attribute: Whose values.
            values: The values; None stays None.
            start: Position of the first row within the call.
            keys: Primary keys of the rows, for codecs that look at them.

        Raises:
            InvalidValueError: A value does not fit; ``row_index`` says which row.
        """
        if self._gate is None and is_stored(attribute):
            self._validate(attribute, values, start, keys)
            return EncodedColumn([None] * len(values), [None] * len(values))
        return self._coder.columns[attribute.name].encode(values, keys, start, self._config, self._stores)

    def _keys_for(
        self, attribute: Attribute, encoded: Mapping[str, EncodedColumn]
    ) -> list[dict[str, Any]] | None:
        """Return the keys of the rows if the codec of an attribute looks at them; key attributes are encoded first."""
        if not attribute.is_codec or attribute.in_key or not chain_for(attribute.type.text).encode_needs_key:
            return None
        names = [name for name in self.spec.heading.key if name in encoded]
        columns = [encoded[name].canonical for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def check_partial_references(self, batch: RowBatch) -> None:
        """Raise for a row that gives only some of the nullable attributes of a foreign key."""
        for foreign_key in self.spec.foreign_keys:
            own = [name for name in foreign_key.attributes if self.spec.heading[name].nullable]
            if len(own) > 1:
                self._check_partial(foreign_key, own, batch)

    def _check_partial(self, foreign_key: ForeignKey, own: list[str], batch: RowBatch) -> None:
        columns = [batch.columns.get(name) or [None] * batch.count for name in own]
        for index, values in enumerate(zip(*columns, strict=True)):
            nulls = sum(value is None for value in values)
            if 0 < nulls < len(values):
                error = IntegrityError(
                    f"Row {batch.start + index} for {self.spec.name} gives only some attributes of its reference to "
                    f"{foreign_key.parent}: {dict(zip(own, values, strict=True))}.",
                    constraint="foreign key",
                    child=str(self.spec.name),
                    parent=str(foreign_key.parent),
                    attributes=tuple(own),
                    hint="Give all of them, or none.",
                )
                error.row_index = batch.start + index
                raise error


def without_missing(batch: RowBatch) -> tuple[RowBatch, set[str]]:
    """Return the batch with None for what pandas and NumPy call missing, and the names of columns that hold None."""
    columns, with_null = dict(batch.columns), set()
    for name, values in batch.columns.items():
        kinds = set(map(type, values))
        if not kinds <= _NEVER_MISSING:
            columns[name] = values = convert.without_missing(values)
            kinds = set(map(type, values))
        if _NONE in kinds:
            with_null.add(name)
    return RowBatch(batch.start, batch.count, columns), with_null


_NONE = type(None)
_NEVER_MISSING: set[type] = {
    _NONE,
    int,
    float,
    str,
    bool,
    bytes,
    date,
    datetime,
    time,
    Decimal,
    UUID,
    dict,
    list,
}


def _at(values: list[Any], positions: Sequence[int]) -> list[Any]:
    return [values[index] for index in positions]


def _only(values: list[Any], positions: Sequence[int]) -> list[Any]:
    """Return the values with None in all other places."""
    found: list[Any] = [None] * len(values)
    for index in positions:
        found[index] = values[index]
    return found


def _first_null(values: list[Any]) -> int:
    return next(index for index, value in enumerate(values) if value is None)


def _cut(moment: datetime, digits: int) -> datetime:
    step = 10 ** (6 - digits)
    return moment.replace(microsecond=moment.microsecond // step * step)
