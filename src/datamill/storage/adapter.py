"""Plugins for further store protocols."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from datamill.errors import ConfigError, DataMillError
from datamill.registry import Registry
from datamill.settings.stores import register_store_protocol
from datamill.storage.paths import join

BUILT_IN = ("file", "s3", "gcs", "azure", "memory")


class StorageAdapter(ABC):
    """Teaches datamill one further store protocol.

    A subclass with a ``protocol`` registers itself when it is defined; packages offer theirs through the entry-point
    group ``datamill.storage`` (or ``datajoint.storage``).

    Fields:
        protocol: What stores write under ``protocol``; none of the built-in ones.
        required_keys: Keys that stores must have, beyond protocol and location.
        allowed_keys: Further keys that they may have.

    Example:
        >>> class SftpAdapter(StorageAdapter, register=False):
        ...     protocol = "sftp"
        ...     required_keys = ("host",)
        ...
        ...     def create_filesystem(self, spec):
        ...         import fsspec
        ...
        ...         return fsspec.filesystem("sftp", host=spec["host"])
    """

    protocol: ClassVar[str] = ""
    required_keys: ClassVar[tuple[str, ...]] = ()
    allowed_keys: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, register: bool = True, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if register and cls.protocol:
            ADAPTERS.register(cls.protocol, _adapt(cls), replace=True)

    @abstractmethod
    def create_filesystem(self, spec: Mapping[str, Any]) -> Any:
        """Return the fsspec filesystem of a store.

        Args:
            spec: The store's settings, defaults filled in.
        """

    def validate_spec(self, spec: Mapping[str, Any]) -> None:
        """Check the settings of a store beyond which keys there are.

        Raises:
            ConfigError: Something is missing or contradictory.
        """
        missing = [key for key in self.required_keys if spec.get(key) is None]
        if missing:
            raise ConfigError(
                f"A store of protocol {self.protocol!r} needs {', '.join(map(repr, missing))}.",
                setting="stores",
            )

    def full_path(self, spec: Mapping[str, Any], relpath: str) -> str:
        """Return where a path of the store lies in the filesystem: location/path."""
        return join(str(spec.get("location") or ""), relpath)

    def get_url(self, spec: Mapping[str, Any], path: str) -> str:
        """Return the URL of a full path: ``protocol://path``."""
        return f"{self.protocol}://{path}"


def _adapt(found: Any) -> StorageAdapter:
    """Return the adapter that a class or an entry point stands for, its protocol known to the settings."""
    adapter = found() if isinstance(found, type) else found
    if not isinstance(adapter, StorageAdapter):
        raise DataMillError(f"{found!r} is no storage adapter.", hint="Subclass datamill.StorageAdapter.")
    register_store_protocol(adapter.protocol, adapter.required_keys, adapter.allowed_keys)
    return adapter


ADAPTERS: Registry[StorageAdapter] = Registry(
    "storage adapter", groups=("datamill.storage", "datajoint.storage"), adapt=_adapt
)


def get_storage_adapter(protocol: str) -> StorageAdapter | None:
    """Return the plugin for a protocol; None for a built-in protocol and one that no plugin serves.

    Example:
        >>> get_storage_adapter("file") is None
        True
    """
    return None if protocol in BUILT_IN else ADAPTERS.find(protocol)
