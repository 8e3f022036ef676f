"""``<filepath@>``: files that somebody else keeps in a store."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from datamill.codecs.codec import Codec
from datamill.codecs.refs.object_ref import ObjectRef
from datamill.errors import DataMillError
from datamill.storage.addressing import OWN_SECTION
from datamill.storage.backend import StorageBackend
from datamill.storage.paths import is_below, unsafe_reason
from datamill.storage.stores import stores_for


class FilepathCodec(Codec, register=False):
    """Refers to a file or folder that is in a store already; it is neither copied nor ever collected."""

    name = "filepath"
    is_lazy = True

    def get_dtype(self, is_store: bool) -> str:
        """Return ``json``.

        Raises:
            DataMillError: The type has no ``@``.
        """
        if not is_store:
            raise DataMillError(
                "<filepath> requires @: its files lie in a store.",
                hint="Write <filepath@> or <filepath@store>.",
            )
        return "json"

    def validate(self, value: Any) -> None:
        """Check that the value is a path.

        Raises:
            TypeError: It is not.
        """
        if not isinstance(value, str | ObjectRef) and not hasattr(value, "as_posix"):
            raise TypeError(f"<filepath@> takes a path relative to the store, not {type(value).__name__}.")

    def encode(
        self,
        value: Any,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        store_name: str | None = None,
    ) -> dict[str, Any]:
        """Return the metadata of a file that is in the store.

        Raises:
            ValueError: The path leaves the store, or lies where datamill keeps its own objects.
            FileNotFoundError: There is no such file.
        """
        stores = stores_for(self._codec_config(key, context))
        backend = stores.backend(store_name, use_filepath_default=True)
        path = _checked(backend, value)
        found = backend.info(path)
        is_dir = backend.isdir(path)
        if found is None and not is_dir:
            raise FileNotFoundError(f"There is no file or folder {path!r} in store {backend.name!r}.")
        modified = found.modified if found is not None else None
        return {
            "path": path,
            "store": backend.name,
            "size": None if is_dir or found is None else found.size,
            "is_dir": is_dir,
            "timestamp": datetime.now(UTC).isoformat(),
            "mtime": modified,
        }

    def decode(
        self,
        stored: Mapping[str, Any],
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> ObjectRef:
        """Return a reference; nothing is read."""
        stores = stores_for(self._codec_config(key, context))
        return ObjectRef(stored, stores=stores, use_filepath_default=True)


def _checked(backend: StorageBackend, value: Any) -> str:
    """Return the normalised path of a user's file in a store.

    Raises:
        ValueError: It may not be referred to.
    """
    text = (
        value.path if isinstance(value, ObjectRef) else value if isinstance(value, str) else value.as_posix()
    )
    is_plain = text and not text.startswith("/") and "\\" not in text and "\0" not in text
    path = posixpath.normpath(text) if is_plain and ".." not in text.split("/") else text
    reason = unsafe_reason(path) if path != "." else "names the store itself"
    if reason is not None:
        raise ValueError(
            f"The path {text!r} of store {backend.name!r} {reason}. Give it relative to the store, without '..'."
        )
    spec = backend.spec
    for section in (spec["hash_prefix"], spec["schema_prefix"], OWN_SECTION):
        if section and is_below(path, section):
            raise ValueError(
                f"The path {text!r} lies in {section!r}, where datamill keeps its own objects in store "
                f"{backend.name!r}. Keep your files elsewhere."
            )
    allowed = spec.get("filepath_prefix")
    if allowed and not is_below(path, allowed):
        raise ValueError(
            f"The path {text!r} is outside {allowed!r}, the only place for files in store {backend.name!r}."
        )
    return path
