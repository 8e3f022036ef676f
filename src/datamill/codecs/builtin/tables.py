"""``<arrow>`` and ``<parquet@>``: tables of pandas, polars and Arrow."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from datamill.codecs.codec import Codec
from datamill.codecs.extras import library
from datamill.codecs.refs.parquet_ref import ParquetRef
from datamill.codecs.schema_codec import SchemaCodec, file_facts
from datamill.errors import InvalidValueError
from datamill.storage.backend import StorageBackend
from datamill.storage.folders import hash_object
from datamill.storage.stores import stores_for
from datamill.storage.streams import Content


def check_table(value: Any, codec: str) -> None:
    """Check that a value is a table.

    Raises:
        TypeError: It is not.
    """
    kinds = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}
    if kinds.get(type(value).__module__.partition(".")[0]) != type(value).__name__ and not isinstance(
        value, ParquetRef
    ):
        raise TypeError(f"<{codec}> takes a pandas, polars or Arrow table, not {type(value).__name__}.")


def as_arrow(value: Any, codec: str, extra: str) -> Any:
    """Return a table as pyarrow Table, nothing lost.

    Raises:
        InvalidValueError: Arrow has no form for it.
    """
    pyarrow = library("pyarrow", codec, extra)
    if isinstance(value, pyarrow.Table):
        return value
    if isinstance(value, ParquetRef) or type(value).__module__.startswith("polars"):
        return value.to_arrow()
    try:
        return pyarrow.Table.from_pandas(value)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError) as error:
        raise InvalidValueError(f"The table has no form in Arrow: {error}.", value=None) from error


class ArrowCodec(Codec, register=False):
    """Stores a table as Arrow IPC stream, in the row or under its hash; gives a ``pyarrow.Table``."""

    name = "arrow"

    def get_dtype(self, is_store: bool) -> str:
        """Return ``bytes`` in the row, ``<hash>`` in a store."""
        return "<hash>" if is_store else "bytes"

    def validate(self, value: Any) -> None:
        """Check that the value is a table."""
        check_table(value, "arrow")

    def encode(self, value: Any) -> bytes:
        """Return the table as bytes."""
        table = as_arrow(value, "arrow", "arrow")
        ipc, buffer = library("pyarrow.ipc", "arrow", "arrow"), io.BytesIO()
        with ipc.new_stream(buffer, table.schema) as writer:
            writer.write_table(table)
        return buffer.getvalue()

    def decode(self, stored: bytes) -> Any:
        """Return the table."""
        return library("pyarrow.ipc", "arrow", "arrow").open_stream(stored).read_all()


class ParquetCodec(SchemaCodec, register=False):
    """Stores a table as Parquet file; gives a `ParquetRef`, which reads the columns that are asked for."""

    name = "parquet"
    is_lazy = True

    def validate(self, value: Any) -> None:
        """Check that the value is a table."""
        check_table(value, "parquet")

    def encode(
        self,
        value: Any,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        store_name: str | None = None,
    ) -> dict[str, Any]:
        """Store the table."""
        table = as_arrow(value, "parquet", "parquet")
        buffer = io.BytesIO()
        library("pyarrow.parquet", "parquet", "parquet").write_table(table, buffer, compression="zstd")
        backend, path = self._new_object(key, context, store_name, ".parquet")
        content = backend.put_buffer(buffer.getbuffer(), path)
        return _facts(backend, path, content, table.num_rows, table.schema)

    def decode(
        self,
        stored: Mapping[str, Any],
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> ParquetRef:
        """Return a reference; nothing is read."""
        return ParquetRef(stored, stores=stores_for(self._codec_config(key, context)))

    def stage_metadata(self, backend: StorageBackend, path: str, ext: str) -> dict[str, Any]:
        """Return the metadata of a Parquet file that was written in place.

        Raises:
            InvalidValueError: It is none.
        """
        pyarrow = library("pyarrow", "parquet", "parquet")
        parquet = library("pyarrow.parquet", "parquet", "parquet")
        try:
            with backend.open(path) as file:
                found = parquet.ParquetFile(file)
                rows, schema = found.metadata.num_rows, found.schema_arrow
        except (pyarrow.ArrowInvalid, OSError) as error:
            raise InvalidValueError(f"What was written to {path!r} is no Parquet file: {error}.") from error
        return _facts(backend, path, hash_object(backend, path), rows, schema)


def _facts(backend: StorageBackend, path: str, content: Content, rows: int, schema: Any) -> dict[str, Any]:
    columns = [{"name": field.name, "type": str(field.type)} for field in schema]
    return file_facts(backend, path, content, rows=rows, columns=columns, codec_version="1")
