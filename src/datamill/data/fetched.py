"""What a query gave, decoded a column at a time and only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from datamill.data.external import is_external
from datamill.data.row_dicts import as_dicts
from datamill.data.values import codec_context, decode_codec, from_driver, is_packed, unpacked
from datamill.model.attribute import Attribute
from datamill.model.heading import Heading
from datamill.model.names import TableName
from datamill.sql.dialects.base import Dialect
from datamill.storage.stores import Stores

if TYPE_CHECKING:
    import pyarrow

    from datamill.data.arrow_rows import ArrowRows


class Fetched:
    """The rows of a query as the driver returned them, with what is needed to decode them.

    Args:
        heading: The attributes of the query, in the order of the rows' values.
        rows: Driver rows.
        dialect: How the driver's values are read.
        config: Settings, for codecs.
        wanted: The attributes the user asked for; default: all.
        origins: Codec attribute -> the table and attribute it comes from, for codecs and their messages.
        squeeze: Drop axes of length one from arrays.
        stores: Where codecs find objects.
        resolve: Looks up what the tables ``~external_{store}`` say about values.
        columns: The same rows, if the driver gave columns of Arrow.
    """

    __slots__ = (
        "_columns",
        "_config",
        "_dialect",
        "_origins",
        "_positions",
        "_resolve",
        "_squeeze",
        "_stores",
        "heading",
        "names",
        "rows",
    )

    def __init__(
        self,
        heading: Heading,
        rows: Sequence[tuple[Any, ...]],
        dialect: Dialect,
        config: Any,
        *,
        wanted: Sequence[str] | None = None,
        origins: Mapping[str, TableName] | None = None,
        squeeze: bool = False,
        stores: Stores | None = None,
        resolve: Callable[[TableName | None, Attribute, Sequence[Any]], list[Any]] | None = None,
        columns: ArrowRows | None = None,
    ) -> None:
        self.heading = heading
        self.rows = rows
        self.names = tuple(heading.names if wanted is None else wanted)
        self._dialect = dialect
        self._config = config
        self._positions = {name: index for index, name in enumerate(heading.names)}
        self._origins = origins or {}
        self._squeeze = squeeze
        self._stores = stores
        self._resolve = resolve
        self._columns = columns

    def __len__(self) -> int:
        return len(self.rows)

    def stored(self, name: str) -> list[Any]:
        """Return a column of stored canonical values; codecs are not decoded."""
        position = self._positions[name]
        if self._columns is not None:
            column = self._columns.column(position)
        else:
            column = list(map(itemgetter(position), self.rows))
        return from_driver(self._dialect, self.heading[name], column)

    def arrow(self, name: str, decode: bool = True) -> pyarrow.ChunkedArray[Any] | None:
        """Return a column in the form of `formats.arrow` if it is at hand and no value needs a look.

        Args:
            name: The attribute.
            decode: False: as stored, though it may belong to a codec.
        """
        if self._columns is None or (decode and not self._is_as_stored(name)):
            return None
        return self._columns.arrow(self._positions[name])

    def _is_as_stored(self, name: str) -> bool:
        attribute = self.heading[name]
        return not attribute.is_codec and not is_packed(attribute, self._config)

    def decoded(self, name: str) -> list[Any]:
        """Return a column of the values that users see."""
        attribute, values = self.heading[name], self.stored(name)
        if attribute.is_codec:
            context = codec_context(self._origins.get(name), attribute, self._config)
            if self._resolve is not None and is_external(attribute):
                values = self._resolve(self._origins.get(name), attribute, values)
            values = decode_codec(attribute, values, self.keys, context, self._stores)
        elif is_packed(attribute, self._config):
            values = unpacked(values)
        if self._squeeze and attribute.is_blob:
            values = [_squeezed(value) for value in values]
        return values

    def keys(self) -> list[dict[str, Any]]:
        """Return the primary keys of the rows; empty dicts if the key is empty."""
        return self.dicts(self.heading.key)

    def dicts(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows as dicts of some attributes."""
        if not names:
            return [{} for _ in self.rows]
        plain = self.plain_rows(names)
        return as_dicts(names, zip(*map(self._values, names), strict=True) if plain is None else plain)

    def plain_rows(self, names: Sequence[str]) -> Sequence[tuple[Any, ...]] | None:
        """Return the driver's rows if they are what users see of some attributes; else None."""
        if self._columns is not None or list(names) != self.heading.names:
            return None
        return self.rows if all(map(self._is_plain, names)) else None

    def _is_plain(self, name: str) -> bool:
        """True if users see what the driver gives."""
        is_same = self._dialect.from_driver_for(self.heading[name].stored) is None
        return is_same and self._is_as_stored(name)

    def _values(self, name: str) -> Iterable[Any]:
        """Return decoded values to be read once; those that need no decoding are never put into a list."""
        if self._columns is None and self._is_plain(name):
            return map(itemgetter(self._positions[name]), self.rows)
        return self.decoded(name)


def _squeezed(value: Any) -> Any:
    return value.squeeze() if type(value).__module__ == "numpy" and hasattr(value, "squeeze") else value
