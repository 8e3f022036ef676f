"""Values that DataJoint 0.14 kept in stores, for reading: what they are is told by the table ``~external_{store}``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import md5
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from datamill.codecs import blob
from datamill.codecs.builtin.attach import extract, unsafe
from datamill.codecs.codec import Codec
from datamill.codecs.refs.object_ref import ObjectRef
from datamill.errors import DataMillError, ObjectIntegrityError
from datamill.storage.backend import StorageBackend
from datamill.storage.stores import stores_for

SUBFOLDING = (2, 2)
_HINT = "Copy the values to a new attribute, such as <blob@store>."


class ExternalCodec(Codec, register=False):
    """Reads values of one kind; nothing is ever written.

    A stored value is a dict: ``store``, ``schema``, ``hash`` (32 hexadecimal digits), ``size``, ``attachment_name``,
    ``filepath``, ``contents_hash``.
    """

    def get_dtype(self, is_store: bool) -> str:
        """Return ``uuid``: a key of ``~external_{store}``."""
        return "uuid"

    def encode(self, value: Any) -> NoReturn:
        """Refuse.

        Raises:
            DataMillError: Always.
        """
        raise DataMillError(f"Attributes of DataJoint 0.14 such as <{self.name}@> are only read.", hint=_HINT)

    def decode(
        self,
        stored: Any,
        *,
        key: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value.

        Raises:
            MissingExternalFile: Its object is not in the store.
            ObjectIntegrityError: The object is not what was stored.
        """
        if not isinstance(stored, Mapping):
            raise DataMillError(f"The row refers to {stored!r}, which the table ~external_... does not list.")
        config = self._codec_config(key, context)
        return self._read(stored, stores_for(config).backend(stored["store"]), config)

    def _read(self, stored: Mapping[str, Any], backend: StorageBackend, config: Any) -> Any:
        raise NotImplementedError


class ExternalBlobCodec(ExternalCodec, register=False):
    """Blobs: ``{location}/{schema}/{folds}/{hash}``, or where ``filepath`` says."""

    name: ClassVar[str] = "external-blob"

    def _read(self, stored: Mapping[str, Any], backend: StorageBackend, config: Any) -> Any:
        path = _path(stored, backend)
        other = stored.get("filepath")
        if other and not backend.exists(path):
            path = other
        content = _checked(backend, path, stored["hash"])
        return content if blob.bypass_serialization else blob.unpack(content)


class ExternalAttachCodec(ExternalCodec, register=False):
    """Attachments: as blobs, with the file's name behind the hash; the hash is over name and contents."""

    name: ClassVar[str] = "external-attach"

    def _read(self, stored: Mapping[str, Any], backend: StorageBackend, config: Any) -> Any:
        name = str(stored["attachment_name"])
        reason = unsafe(name)
        if reason is not None:
            raise DataMillError(f"The attachment {name[:100]!r} is not extracted: its name {reason}.")
        path = f"{_path(stored, backend)}.{name}"
        contents = _checked(backend, path, stored["hash"], prefix=name.encode() + b"\0")
        folder = Path("." if config is None else config.get("download_path", ".")).expanduser()
        return str(extract(folder, name, contents))


class ExternalFilepathCodec(ExternalCodec, register=False):
    """Files of the store itself."""

    name: ClassVar[str] = "external-filepath"
    is_lazy = True

    def _read(self, stored: Mapping[str, Any], backend: StorageBackend, config: Any) -> Any:
        metadata = {
            "path": stored["filepath"],
            "store": stored["store"],
            "size": stored["size"],
            "is_dir": False,
        }
        return ObjectRef(metadata, backend)


class MigratedBlobCodec(ExternalCodec, register=False):
    """Blobs whose rows DataJoint's migration turned into JSON: ``url``, ``size``, ``hash``."""

    name: ClassVar[str] = "migrated-blob"

    def get_dtype(self, is_store: bool) -> str:
        """Return ``json``."""
        return "json"

    def _read(self, stored: Mapping[str, Any], backend: StorageBackend, config: Any) -> Any:
        content = _sized(backend, stored)
        return content if blob.bypass_serialization else blob.unpack(content)


class MigratedAttachCodec(MigratedBlobCodec, register=False):
    """Attachments whose rows were turned into JSON; the file's name is the end of the URL."""

    name: ClassVar[str] = "migrated-attach"

    def _read(self, stored: Mapping[str, Any], backend: StorageBackend, config: Any) -> Any:
        name = stored.get("attachment_name") or str(stored["url"]).rpartition("/")[2].partition(".")[2]
        reason = unsafe(name)
        if reason is not None:
            raise DataMillError(f"The attachment {name[:100]!r} is not extracted: its name {reason}.")
        folder = Path("." if config is None else config.get("download_path", ".")).expanduser()
        return str(extract(folder, name, _sized(backend, stored)))


class MigratedFilepathCodec(MigratedBlobCodec, register=False):
    """Files of the store whose rows were turned into JSON."""

    name: ClassVar[str] = "migrated-filepath"
    is_lazy = True

    def _read(self, stored: Mapping[str, Any], backend: StorageBackend, config: Any) -> Any:
        metadata = {
            "path": _within(backend, str(stored["url"])),
            "store": backend.name,
            "size": stored.get("size"),
            "is_dir": False,
        }
        return ObjectRef(metadata, backend)


class AncientCodec(Codec, register=False):
    """Refuses ``external`` attributes of versions before 0.12."""

    name: ClassVar[str] = "external"

    def get_dtype(self, is_store: bool) -> str:
        """Refuse.

        Raises:
            DataMillError: Always.
        """
        raise DataMillError(
            "The attribute was stored by DataJoint before 0.12, in a form that cannot be read.",
            hint="Fetch it with that version and store it anew.",
        )

    def encode(self, value: Any) -> NoReturn:
        """Refuse, as `get_dtype`."""
        self.get_dtype(False)
        raise AssertionError

    def decode(self, stored: Any) -> NoReturn:
        """Refuse, as `get_dtype`."""
        self.get_dtype(False)
        raise AssertionError


def _path(stored: Mapping[str, Any], backend: StorageBackend) -> str:
    digest, folds = str(stored["hash"]), _folds(backend.spec.get("subfolding"))
    parts, start = [str(stored["schema"])], 0
    for length in folds:
        parts.append(digest[start : start + length])
        start += length
    return "/".join([*parts, digest])


def _folds(subfolding: Sequence[int] | None) -> Sequence[int]:
    return SUBFOLDING if subfolding is None else subfolding


def _checked(backend: StorageBackend, path: str, digest: str, prefix: bytes = b"") -> bytes:
    content = backend.get_buffer(path)
    if md5(prefix + content, usedforsecurity=False).hexdigest() != digest:
        raise ObjectIntegrityError(
            f"The object {path!r} of store {backend.name!r} has another content than was stored.",
            path=path,
            store=backend.name,
        )
    return content


def _sized(backend: StorageBackend, stored: Mapping[str, Any]) -> bytes:
    path = _within(backend, str(stored["url"]))
    content = backend.get_buffer(path)
    size = stored.get("size")
    if size is not None and len(content) != size:
        raise ObjectIntegrityError(
            f"The object {path!r} of store {backend.name!r} has {len(content)} bytes instead of {size}.",
            path=path,
            store=backend.name,
        )
    return content


def _within(backend: StorageBackend, url: str) -> str:
    """Return the path of a URL within a store."""
    for base in (backend.get_url(""), backend._full_path(""), str(backend.spec["location"])):
        if base and url.startswith(f"{base.rstrip('/')}/"):
            return url[len(base.rstrip("/")) + 1 :]
    if "://" in url or url.startswith("/"):
        raise DataMillError(f"{url!r} is not in store {backend.name!r}.", hint="Check the store's location.")
    return url
