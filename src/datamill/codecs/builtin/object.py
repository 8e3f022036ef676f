"""``<object@>``: files and folders in a store, one per row."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datamill.codecs.refs.object_ref import ObjectRef
from datamill.codecs.schema_codec import (
    SchemaCodec,
    extension_of,
    file_facts,
    folder_facts,
    manifest_of,
)
from datamill.errors import DataMillError, InvalidValueError
from datamill.storage.addressing import dotted
from datamill.storage.backend import StorageBackend
from datamill.storage.faults import missing
from datamill.storage.folders import describe_folder, hash_object, write_manifest
from datamill.storage.paths import is_below, safe_path
from datamill.storage.stores import stores_for
from datamill.storage.streams import Content

NewPath = Callable[[str | None], str]


class ObjectCodec(SchemaCodec, register=False):
    """Stores bytes, files, folders, streams, URLs and `datamill.Object` instances; gives an `ObjectRef`."""

    name = "object"
    is_lazy = True

    def validate(self, value: Any) -> None:
        """Check that the value is something that can be stored.

        Raises:
            TypeError: It is not.
            FileNotFoundError: It is the path of nothing.
        """
        content = value[1] if isinstance(value, tuple) and len(value) == 2 else value
        if isinstance(content, bytes | bytearray | Mapping | ObjectRef):
            return
        if isinstance(content, str | os.PathLike):
            path = Path(content).expanduser()
            if not _is_url(content) and not path.exists():
                raise FileNotFoundError(f"There is no file or folder {str(path)!r} to store.")
        elif isinstance(content, io.TextIOBase):
            raise TypeError("<object@> takes files open in binary mode ('rb'), not in text mode.")
        elif not (hasattr(content, "read") or _is_putter(content)):
            raise TypeError(
                f"<object@> takes bytes, the path of a file or folder, (extension, bytes), a binary file, a URL or an "
                f"ObjectRef, not {type(value).__name__}."
            )

    def encode(
        self,
        value: Any,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        store_name: str | None = None,
    ) -> dict[str, Any]:
        """Store the value and return its metadata.

        Raises:
            InvalidValueError: Metadata that point nowhere, or outside the store's schema section.
        """
        schema, table, field, primary_key = self._extract_context(key, context)
        config = self._codec_config(key, context)
        backend = self._get_backend(store_name, config)
        if isinstance(value, Mapping):
            return _adopt(backend, value)

        def new_path(ext: str | None) -> str:
            return self._build_path(schema, table, field, primary_key, ext, store_name, config)[0]

        return _store(backend, value, new_path)

    def decode(
        self,
        stored: Mapping[str, Any],
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> ObjectRef:
        """Return a reference; nothing is read."""
        return ObjectRef(stored, stores=stores_for(self._codec_config(key, context)))

    def stage_metadata(self, backend: StorageBackend, path: str, ext: str) -> dict[str, Any]:
        """Return the metadata of an object that was written in place; a folder gets its manifest."""
        if backend.isdir(path):
            manifest = write_manifest(backend, path, describe_folder(backend, path))
            return _folder_metadata(backend, path, ext, manifest)
        return _file_metadata(backend, path, ext, hash_object(backend, path))


def _store(backend: StorageBackend, value: Any, new_path: NewPath) -> dict[str, Any]:
    """Store a value of any form."""
    ext: str | None = None
    if isinstance(value, tuple):
        ext, value = value
    if _is_putter(value):
        return _put_object(backend, value, new_path(ext))
    if isinstance(value, bytes | bytearray):
        path = new_path(ext)
        return _file_metadata(backend, path, ext, backend.put_buffer(bytes(value), path))
    if isinstance(value, ObjectRef):
        return _copy(backend, value, new_path)
    if _is_url(value):
        ext = ext if ext is not None else extension_of(urlsplit(str(value)).path)
        path = new_path(ext)
        return _file_metadata(backend, path, ext, backend.copy_from_url(str(value), path))
    if hasattr(value, "read"):
        name = getattr(value, "name", "")
        ext = ext if ext is not None else extension_of(name if isinstance(name, str) else "")
        path = new_path(ext)
        return _file_metadata(backend, path, ext, backend.put_stream(value, path))
    return _put_local(backend, Path(value).expanduser(), ext, new_path)


def _put_local(backend: StorageBackend, local: Path, ext: str | None, new_path: NewPath) -> dict[str, Any]:
    if local.is_dir():
        path = new_path(ext)
        return _folder_metadata(backend, path, ext, backend.put_folder(local, path))
    ext = local.suffix if ext is None else ext
    path = new_path(ext)
    return _file_metadata(backend, path, ext, backend.put_file(local, path))


def _copy(backend: StorageBackend, ref: ObjectRef, new_path: NewPath) -> dict[str, Any]:
    """Copy an object that another row has: each row owns its own."""
    path = new_path(ref.ext)
    if not ref.is_dir:
        with ref.open() as source:
            return _file_metadata(backend, path, ref.ext, backend.put_stream(source, path))
    files = []
    for item in list(ref._backend.list(ref.path)):
        name = safe_path(item.path[len(ref.path) + 1 :], ref.store)
        with ref.open(name) as source:
            content = backend.put_stream(source, f"{path}/{name}")
        files.append({"path": name, "size": content.size, "hash": content.hash})
    return _folder_metadata(backend, path, ref.ext, write_manifest(backend, path, files))


def _put_object(backend: StorageBackend, value: Any, path: str) -> dict[str, Any]:
    """Let a `datamill.Object` write itself."""
    meta = value.put(backend, path)
    if backend.isdir(path):
        found = _folder_metadata(backend, path, None, manifest_of(backend, path))
    elif backend.exists(path):
        found = _file_metadata(backend, path, None, hash_object(backend, path))
    else:
        raise DataMillError(
            f"{type(value).__qualname__}.put wrote nothing to {path!r}.",
            hint="put(store, key) stores under its key.",
        )
    return {**found, "meta": meta, "class": f"{type(value).__module__}.{type(value).__qualname__}"}


def _adopt(backend: StorageBackend, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of an object that is in the store already."""
    path = safe_path(value.get("path"), backend.name)
    if not is_below(path, backend.spec["schema_prefix"]):
        raise InvalidValueError(
            f"{path!r} is outside the section {backend.spec['schema_prefix']!r} of store {backend.name!r}.",
            hint="Metadata may only name objects of <object@>; use <filepath@> for other files.",
            value=dict(value),
        )
    ext = value.get("ext")
    if backend.isdir(path):
        found = _folder_metadata(backend, path, ext, manifest_of(backend, path))
    elif backend.exists(path):
        found = _file_metadata(backend, path, ext, hash_object(backend, path))
    else:
        raise missing(backend.name, path)
    return {**dict(value), **found}


def _file_metadata(backend: StorageBackend, path: str, ext: str | None, content: Content) -> dict[str, Any]:
    return file_facts(backend, path, content, is_dir=False, item_count=None, **_described(ext))


def _folder_metadata(
    backend: StorageBackend, path: str, ext: str | None, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    return folder_facts(backend, path, manifest, **_described(ext))


def _described(ext: str | None) -> dict[str, Any]:
    return {"ext": dotted(ext) or None, "timestamp": datetime.now(UTC).isoformat()}


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and "://" in value


def _is_putter(value: Any) -> bool:
    return (
        callable(getattr(value, "put", None))
        and callable(getattr(type(value), "get", None))
        and hasattr(value, "get_meta")
    )
