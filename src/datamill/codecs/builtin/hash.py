"""``<hash@>``: bytes in a store under their hash, equal content stored once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datamill.codecs.codec import Codec
from datamill.errors import DataMillError
from datamill.storage.cache import cache_for
from datamill.storage.content import get_content, put_content
from datamill.storage.stores import stores_for


class HashCodec(Codec, register=False):
    """Stores bytes under their hash, shared by the rows of a schema, and checks them when they are read."""

    name = "hash"

    def get_dtype(self, is_store: bool) -> str:
        """Return ``json``.

        Raises:
            DataMillError: The type has no ``@``.
        """
        if not is_store:
            raise DataMillError(
                "<hash> requires @: its bytes lie in a store.", hint="Write <hash@>, or bytes for the row."
            )
        return "json"

    def validate(self, value: Any) -> None:
        """Check that the value is bytes.

        Raises:
            TypeError: It is not.
        """
        if not isinstance(value, bytes):
            raise TypeError(f"<hash@> takes bytes, not {type(value).__name__}.")

    def encode(
        self,
        value: bytes,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        store_name: str | None = None,
    ) -> dict[str, Any]:
        """Store the bytes unless they are there, and return hash, path, schema, store and size."""
        schema = (context or {}).get("schema") or (key or {}).get("_schema") or "unknown"
        config = self._codec_config(key, context)
        return put_content(stores_for(config).backend(store_name), str(schema), value)

    def decode(
        self,
        stored: Mapping[str, Any],
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the bytes.

        Raises:
            MissingExternalFile: They are not in the store.
            ObjectIntegrityError: They are not what was stored.
        """
        if "path" not in stored:
            raise DataMillError(f"The row holds {dict(stored)!r}, which names no object.")
        stores = stores_for(self._codec_config(key, context))
        settings = stores.config.settings.storage
        backend = stores.backend(stored.get("store"))
        return get_content(backend, stored, verify=settings.verify, cache=cache_for(settings))
