"""`SchemaCodec`: the base of codecs whose objects lie under schema, table and key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from datamill.codecs.codec import Codec
from datamill.errors import DataMillError
from datamill.storage.addressing import object_path
from datamill.storage.backend import StorageBackend
from datamill.storage.folders import describe_folder, read_manifest, write_manifest
from datamill.storage.stores import stores_for
from datamill.storage.streams import Content


class SchemaCodec(Codec, register=False):
    """Base of codecs that store an object per value, addressed by schema, table, primary key and attribute.

    The column is JSON: what `encode` returns, with ``path`` and ``store`` in it.

    Example:
        >>> class TextCodec(SchemaCodec):
        ...     name = "textfile"
        ...
        ...     def encode(self, value, *, key=None, context=None, store_name=None):
        ...         schema, table, field, pk = self._extract_context(key, context)
        ...         backend = self._get_backend(store_name)
        ...         path, _ = self._build_path(schema, table, field, pk, ".txt", store_name)
        ...         backend.put_buffer(value.encode(), path)
        ...         return {"path": path, "store": backend.name, "size": len(value.encode())}
        ...
        ...     def decode(self, stored, *, key=None, context=None):
        ...         return self._get_backend(stored["store"]).get_buffer(stored["path"]).decode()
    """

    def get_dtype(self, is_store: bool) -> str:
        """Return ``json``.

        Raises:
            DataMillError: The type has no ``@``.
        """
        if not is_store:
            raise DataMillError(
                f"<{self.name}> requires @: its values lie in a store.",
                hint=f"Write <{self.name}@> for the default store, <{self.name}@name> for another.",
            )
        return "json"

    def _extract_context(
        self, key: Mapping[str, Any] | None, context: Mapping[str, Any] | None = None
    ) -> tuple[str, str, str, dict[str, Any]]:
        """Return schema, table, attribute and primary key of the value at work."""
        facts = dict(context or {})
        given = dict(key or {})
        found = [facts.get(name) or given.get(f"_{name}") or default for name, default in _UNKNOWN.items()]
        schema, table, field = found
        return schema, table, field, {name: value for name, value in given.items() if name not in _EXTRA}

    def _build_path(
        self,
        schema: str,
        table: str,
        field: str,
        primary_key: Mapping[str, Any],
        ext: str | None = None,
        store_name: str | None = None,
        config: Any = None,
    ) -> tuple[str, str]:
        """Return a new path for an object, and the random token in it."""
        backend = self._get_backend(store_name, config)
        return object_path(backend.spec, schema, table, field, primary_key, ext)

    def _new_object(
        self,
        key: Mapping[str, Any] | None,
        context: Mapping[str, Any] | None,
        store_name: str | None,
        ext: str | None,
    ) -> tuple[StorageBackend, str]:
        """Return the store and a new path for the value at work: the arguments of `encode`, and an extension."""
        config = self._codec_config(key, context)
        place = self._extract_context(key, context)
        path, _ = self._build_path(*place, ext, store_name, config)
        return self._get_backend(store_name, config), path

    def _get_backend(self, store_name: str | None = None, config: Any = None) -> StorageBackend:
        """Return a store of the running insert or fetch, the default store for None and ""."""
        return stores_for(config).backend(store_name)

    def stage_metadata(self, backend: StorageBackend, path: str, ext: str) -> dict[str, Any]:
        """Return what the column holds for an object that was written in place (``staged_insert1``).

        Args:
            backend: The store.
            path: The object.
            ext: Its extension, with dot, or "".

        Raises:
            DataMillError: The codec cannot be staged, or what was written is not its format.
        """
        raise DataMillError(
            f"<{self.name}@> cannot be written in place.", hint="Assign the value and use insert1."
        )

    @property
    def can_stage(self) -> bool:
        """Whether `stage_metadata` is defined."""
        return type(self).stage_metadata is not SchemaCodec.stage_metadata


def file_facts(backend: StorageBackend, path: str, content: Content, **facts: Any) -> dict[str, Any]:
    """Return what a column holds for a file in a store: where it is, its size and hash, and further facts."""
    return {
        "path": path,
        "store": backend.name,
        "size": content.size,
        "hash": content.hash,
        **facts,
    }


def folder_facts(
    backend: StorageBackend, path: str, manifest: Mapping[str, Any], **facts: Any
) -> dict[str, Any]:
    """Return what a column holds for a folder in a store, as its manifest says, and further facts."""
    return {
        "path": path,
        "store": backend.name,
        "size": manifest["total_size"],
        "item_count": manifest["item_count"],
        "is_dir": True,
        **facts,
    }


def manifest_of(backend: StorageBackend, path: str) -> dict[str, Any]:
    """Return the manifest of a folder in a store; one that has none gets it."""
    return read_manifest(backend, path) or write_manifest(backend, path, describe_folder(backend, path))


_UNKNOWN = {"schema": "unknown", "table": "unknown", "field": "data"}
_EXTRA = frozenset({"_schema", "_table", "_field", "_config"})


def extension_of(name: str) -> str:
    """Return the extension of a file name or URL path, with dot; empty if it has none."""
    return PurePosixPath(name.replace("\\", "/")).suffix
