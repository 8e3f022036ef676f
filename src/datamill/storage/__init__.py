"""Object stores: named places for files and folders that rows refer to. The only layer that imports fsspec."""

from __future__ import annotations

from datamill.storage.adapter import StorageAdapter, get_storage_adapter
from datamill.storage.backend import StorageBackend
from datamill.storage.stores import Stores

__all__ = ["StorageAdapter", "StorageBackend", "Stores", "get_storage_adapter"]
