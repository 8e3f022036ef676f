"""The stores of a connection: names and settings turned into open stores."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from datamill.settings import Config
from datamill.settings.address import DatabaseAddress
from datamill.settings.stores import IMPLICIT
from datamill.storage.backend import StorageBackend
from datamill.storage.owners import claim
from datamill.storage.transfers import DEFAULT_THREADS, run_all, using_threads


class Stores:
    """Finds stores by name, each opened once.

    Args:
        config: Where stores are configured.
        address: The database whose implicit store is meant when no stores are configured.

    Example:
        >>> stores = Stores(Config({"stores.main": {"protocol": "memory", "location": "x"}}, environment={},
        ...     ignore_files=True))
        >>> stores.backend("main").protocol
        'memory'
    """

    def __init__(self, config: Any, address: DatabaseAddress | None = None) -> None:
        self.config = config
        self.address = address
        self._resolved: Any = None
        self._backends: dict[str, StorageBackend] = {}
        self._claimed: set[tuple[str, ...]] = set()
        self._memory = f"datamill-{uuid.uuid4().hex}"

    def name(self, store: str | None = None, *, use_filepath_default: bool = False) -> str:
        """Return the name of a store, that of the default for None and "".

        Raises:
            ConfigError: There is no such store, or no default.
        """
        name: str = self.config.get_store_name(
            store, use_filepath_default=use_filepath_default, address=self.address
        )
        return name

    def backend(self, store: str | None = None, *, use_filepath_default: bool = False) -> StorageBackend:
        """Return a store.

        Args:
            store: Its name; None or "" is the default store.
            use_filepath_default: The default is that of ``<filepath@>``.

        Raises:
            ConfigError: It is not configured, or wrongly.
            FileNotFoundError: Its folder does not exist.
        """
        resolved = self.config.resolved
        if resolved is not self._resolved:
            self._resolved, self._backends = resolved, {}
        name = self.name(store, use_filepath_default=use_filepath_default)
        found = self._backends.get(name)
        if found is None:
            found = self._backends[name] = self._open(name)
        return found

    def _open(self, name: str) -> StorageBackend:
        spec = self.config.get_store_spec(name, address=self.address)
        implicit = name == IMPLICIT and not self.config.settings.stores
        if implicit and spec["protocol"] == "memory":
            spec["location"] = (
                self._memory
            )  # fsspec has one memory in a process; databases in memory share nothing
        return StorageBackend(spec, name, create=implicit)

    def names(self) -> list[str]:
        """Return the names of all stores there are."""
        configured = self.config.settings.stores
        if not configured:
            return [IMPLICIT] if self.address is None or self.address.path is not None else []
        return [name for name in configured if name not in ("default", "filepath_default")]

    def owner(self, backend: StorageBackend) -> str:
        """Return what tells the database of these stores from others that write to a store.

        A database file beside a store in a folder is told by the way from one to the other, so that both can be moved
        together.
        """
        address = self.address
        if address is None or address.is_memory:
            return self._memory
        if address.path is None:
            return f"{address.backend}://{address.host}:{address.port}/{address.name or ''}"
        path = Path(address.path).resolve()
        root = Path(backend.spec["location"]).resolve() if backend.protocol == "file" else None
        if root is not None and root.parent in path.parents:
            path = path.relative_to(root.parent)
        return f"{address.backend}:{path.as_posix()}"

    def claim(self, store: str | None) -> None:
        """Note in a store, once, that this database writes to it."""
        backend = self.backend(store)
        if backend.identity not in self._claimed:
            claim(backend, self.owner(backend))
            self._claimed.add(backend.identity)

    @property
    def threads(self) -> int:
        """How many transfers run at a time."""
        return int(self.config.settings.storage.threads)

    def run_all(self, function: Any, items: Any) -> list[Any]:
        """Call a function for each item with as many threads as the settings say."""
        return run_all(function, items, self.threads)

    def __reduce__(self) -> tuple[Any, ...]:
        changes = {name: value for name, value in self.config.items() if self.config.is_set(name)}
        return _restore, (changes, self.address, self._memory)


def _restore(changes: dict[str, Any], address: DatabaseAddress | None, memory: str) -> Stores:
    stores = Stores(Config(changes), address)
    stores._memory = memory
    return stores


_active: Final[ContextVar[Stores | None]] = ContextVar("datamill_stores", default=None)


@contextmanager
def using(stores: Stores | None) -> Iterator[None]:
    """Let codecs within a block find the stores of a connection."""
    token = _active.set(stores)
    try:
        with using_threads(DEFAULT_THREADS if stores is None else stores.threads):
            yield
    finally:
        _active.reset(token)


def stores_for(config: Any = None) -> Stores:
    """Return the stores at work: those of the running insert or fetch, else those of some settings.

    Args:
        config: Settings; None: those of the running insert or fetch, else read from the usual sources.
    """
    active = _active.get()
    if active is not None and (config is None or config is active.config):
        return active
    return Stores(Config() if config is None else config)
