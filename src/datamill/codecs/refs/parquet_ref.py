"""`ParquetRef`: a table in a store, of which columns and row groups are read alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datamill.codecs.extras import library
from datamill.codecs.refs.reference import Reference
from datamill.storage.folders import damaged
from datamill.storage.ranges import RangeReader


class ParquetRef(Reference):
    """A Parquet file in a store; only the columns and row groups that are asked for are read.

    Example:
        >>> spikes = Sorting.fetch1("spikes")
        >>> spikes.shape, spikes.to_arrow(columns=["unit"], filters=[("unit", "==", 3)])
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (int(self._meta["rows"]), len(self._meta["columns"]))

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [item["name"] for item in self._meta["columns"]]

    def __len__(self) -> int:
        return self.shape[0]

    def to_arrow(self, columns: Sequence[str] | None = None, filters: Any = None) -> Any:
        """Return a ``pyarrow.Table``.

        Args:
            columns: Names; default: all.
            filters: As of ``pyarrow.parquet.read_table``: ``[("unit", "==", 3)]``.

        Raises:
            MissingExternalFile: The file is not in the store.
            ObjectIntegrityError: It is not what was stored, as far as what is read tells.
        """
        parquet = library("pyarrow.parquet", "parquet", "parquet")
        backend, chosen = self._backend, None if columns is None else list(columns)
        size = backend.size(self.path)
        self._check(size, None)
        with RangeReader(backend, self.path, size) as file:
            try:
                return parquet.read_table(file, columns=chosen, filters=filters)
            except (ValueError, OSError) as error:
                if isinstance(error, OSError) or not _is_parquet(parquet, file):  # else the question is wrong
                    raise damaged(backend, self.path, f"cannot be read ({error})") from error
                raise

    def to_pandas(self, columns: Sequence[str] | None = None, filters: Any = None) -> Any:
        """Return a pandas DataFrame; arguments as for `to_arrow`."""
        return self.to_arrow(columns, filters).to_pandas()

    def to_polars(self, columns: Sequence[str] | None = None, filters: Any = None) -> Any:
        """Return a polars DataFrame; arguments as for `to_arrow`."""
        return library("polars", "parquet", "polars").from_arrow(self.to_arrow(columns, filters))

    def __repr__(self) -> str:
        return f"ParquetRef({self.path!r}, rows={self.shape[0]}, columns={self.columns})"


def _is_parquet(parquet: Any, file: RangeReader) -> bool:
    try:
        parquet.read_metadata(file)
    except (ValueError, OSError):
        return False
    return True
