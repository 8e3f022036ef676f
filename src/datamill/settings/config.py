"""The settings object users see: reads its sources when first used, and takes changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from datamill.errors import warn_user
from datamill.settings import names, stores
from datamill.settings.address import DatabaseAddress, Request, derive_address
from datamill.settings.resolve import Resolved, resolve
from datamill.settings.secret import MaskedDict, Secret, masked
from datamill.settings.sources import Entry, Layer, Sources, checked, read_all, read_file
from datamill.settings.values import GROUPS, SETTINGS, Setting, Settings
from datamill.settings.views import Group, live

_MISSING = object()


class _Scope:
    """Overrides of one thread or task, with the settings they lead to."""

    __slots__ = ("entries", "resolved", "version")

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self.version = -1
        self.resolved: Resolved | None = None


class Config:
    """Settings, as ``config.display.limit`` or ``config["display.limit"]``.

    Nothing is read before the first use. From highest to lowest: `override`, runtime changes, ``DATAMILL_…``
    variables, ``datamill.toml`` or ``[tool.datamill]`` of ``pyproject.toml``, ``DJ_…`` variables, ``datajoint.json``,
    secrets files, defaults. Attributes of secrets are `Secret`; items are plain texts.

    Args:
        values: First runtime changes, by dotted name.
        environment: Variables to read; default: those of the process at first use.
        start: Folder where the search for settings files begins; default: the current one at first use.
        run_secrets: Folder of mounted secrets.
        ignore_files: Read no files and no secrets; None: as ``ignore_config_file`` in the variables says.
        controls_logging: The ``loglevel`` setting drives the ``datamill`` logger.

    Raises:
        ConfigError: On first use: a source is broken, or holds a value that does not fit.
        KeyError: An item is no setting.
        AttributeError: An attribute is no setting.

    Example:
        >>> config = Config({"display.limit": 20}, environment={}, ignore_files=True)
        >>> config.display.limit, config["safemode"], config.get("no.such", "absent")
        (20, True, 'absent')
        >>> del config.display.limit
        >>> config.display.limit
        12
    """

    def __init__(
        self,
        values: Mapping[str, object] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        start: str | Path | None = None,
        run_secrets: str | Path = "/run/secrets",
        ignore_files: bool | None = None,
        controls_logging: bool = False,
    ) -> None:
        hidden: dict[str, Any] = {
            "_environment": environment,
            "_start": start,
            "_run_secrets": Path(run_secrets),
            "_ignore_files": ignore_files,
            "_controls_logging": controls_logging,
            "_lock": threading.RLock(),
            "_sources": None,
            "_runtime": {},
            "_version": 0,
            "_resolved": None,
            "_scope": ContextVar[_Scope | None]("datamill_settings_override", default=None),
        }
        for attribute, value in hidden.items():
            object.__setattr__(self, attribute, value)
        for name, value in (values or {}).items():
            self._assign(name, value)

    # -- the settings in force ------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The settings in force in this thread or task, as frozen values."""
        return self.resolved.settings

    @property
    def resolved(self) -> Resolved:
        """The settings in force, with the source of each."""
        scope: _Scope | None = self._scope.get()
        if scope is None:
            return self._base()
        if scope.resolved is None or scope.version != self._version:
            scope.version = self._version
            scope.resolved = self._resolve(Layer(scope.entries))
        return scope.resolved

    def source(self, name: str) -> str:
        """Return what gave a setting its value, in words; ``default`` if nothing did.

        Raises:
            KeyError: There is no such setting.
        """
        self._require(name)
        return self.resolved.source(name)

    def is_set(self, name: str) -> bool:
        """Tell whether some source gave this setting, rather than its default.

        Raises:
            KeyError: There is no such setting.
        """
        self._require(name)
        return self.resolved.is_set(name)

    def reload(self) -> None:
        """Forget what was read from variables and files; runtime changes stay."""
        with self._lock:
            object.__setattr__(self, "_sources", None)
            self._changed()

    def _base(self) -> Resolved:
        current: Resolved | None = self._resolved
        if current is None:
            with self._lock:
                current = self._resolve()
                object.__setattr__(self, "_resolved", current)
            self._apply_log_level(current)
        return current

    def _resolve(self, *above: Layer) -> Resolved:
        with self._lock:
            sources = self._read()
            return resolve((*above, Layer(self._runtime), *sources.layers), sources.directory)

    def _read(self) -> Sources:
        with self._lock:
            sources: Sources | None = self._sources
            if sources is None:
                ignore = self._ignore_files
                if ignore is None and (entry := self._runtime.get("ignore_config_file")):
                    ignore = bool(entry.value)
                environment = os.environ if self._environment is None else self._environment
                start = Path.cwd() if self._start is None else Path(self._start).absolute()
                sources = read_all(environment, start, self._run_secrets, ignore)
                object.__setattr__(self, "_sources", sources)
            return sources

    def _changed(self) -> None:
        object.__setattr__(self, "_version", self._version + 1)
        object.__setattr__(self, "_resolved", None)

    def _apply_log_level(self, resolved: Resolved) -> None:
        if self._controls_logging:
            from datamill.settings.log import set_level

            set_level(resolved.settings.loglevel)

    # -- reading --------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name in GROUPS:
            return Group(self, name)
        if name in SETTINGS:
            value = getattr(self.settings, name)
            return live(value, self, name) if SETTINGS[name].is_mapping else value
        raise AttributeError(names.unknown_message(name), name=name, obj=self)

    def __getitem__(self, name: str) -> Any:
        value = self._lookup(name)
        if value is _MISSING:
            raise KeyError(names.unknown_message(name))
        return value

    def _lookup(self, name: str) -> Any:
        setting = SETTINGS.get(name)
        if setting is None:
            return self._reach(name)
        value: Any = self.settings
        for part in name.split("."):
            value = getattr(value, part)
        if setting.is_mapping:
            return live(value, self, name)
        return value.get_secret_value() if isinstance(value, Secret) else value

    def _reach(self, name: str) -> Any:
        """Find a value inside a table, such as ``stores.main.location``."""
        reached = names.mapping_of(name)
        if reached is None:
            return _MISSING
        value = self._lookup(reached[0].name)
        for key in reached[1]:
            if not (isinstance(value, dict) and key in value):
                return _MISSING
            value = value[key]
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return a setting by its dotted name, or the default if there is no such setting."""
        value = self._lookup(name)
        return default if value is _MISSING else value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._lookup(name) is not _MISSING

    def __iter__(self) -> Iterator[str]:
        return iter(SETTINGS)

    def __len__(self) -> int:
        return len(SETTINGS)

    def keys(self) -> list[str]:
        """Return the dotted names of all settings."""
        return list(SETTINGS)

    def values(self) -> list[Any]:
        """Return the values of all settings; secrets as plain texts."""
        return [self[name] for name in SETTINGS]

    def items(self) -> list[tuple[str, Any]]:
        """Return names and values of all settings; secrets as plain texts."""
        return [(name, self[name]) for name in SETTINGS]

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *GROUPS, *(name for name in SETTINGS if "." not in name)})

    def __repr__(self) -> str:
        shown = (f"{name} = {masked(name, value)!r}" for name, value in self.items())
        return "\n".join(shown)

    # -- changing -------------------------------------------------------------------------------------------

    def __setitem__(self, name: str, value: object) -> None:
        self._assign(name, value)

    def __setattr__(self, name: str, value: object) -> None:
        try:
            self._assign(name, value)
        except KeyError as error:
            raise AttributeError(error.args[0], name=name, obj=self) from None

    def _assign(self, name: str, value: object) -> None:
        if names.is_retired(name):
            self._warn_retired(name)
        elif name in SETTINGS:
            entry = checked(name, value, "runtime")
            with self._lock:
                self._runtime[name] = entry
                self._changed()
            if name == "loglevel" and self._controls_logging:
                self._apply_log_level(self._base())
        elif reached := names.mapping_of(name):
            self._assign_inside(*reached, value)
        else:
            raise KeyError(names.unknown_message(name))

    def _assign_inside(self, setting: Setting, path: list[str], value: object) -> None:
        table = self[setting.name]
        for key in path[:-1]:
            table = table.setdefault(key, {})
        table[path[-1]] = value

    def __delitem__(self, name: str) -> None:
        """Go back to the configured value."""
        if name in SETTINGS:
            with self._lock:
                self._runtime.pop(name, None)
                self._changed()
        elif reached := names.mapping_of(name):
            owner = self[".".join([reached[0].name, *reached[1][:-1]])]
            del owner[reached[1][-1]]
        elif not names.is_retired(name):
            raise KeyError(names.unknown_message(name))

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError as error:
            raise AttributeError(error.args[0], name=name, obj=self) from None

    def update(self, values: Mapping[str, object] | None = None, /, **settings: object) -> None:
        """Change several settings.

        Args:
            values: By dotted name.
            **settings: By keyword, ``__`` between levels.

        Raises:
            KeyError: There is no such setting; then nothing is changed.
            ConfigError: A value does not fit; then nothing is changed.
        """
        entries = self._entries(values, settings, "runtime")
        with self._lock:
            self._runtime.update(entries)
            self._changed()
        if "loglevel" in entries:
            self._apply_log_level(self._base())

    @contextmanager
    def override(self, values: Mapping[str, object] | None = None, /, **settings: object) -> Iterator[Config]:
        """Change settings within a block, for this thread or task only.

        Args:
            values: By dotted name.
            **settings: By keyword, ``__`` between levels.

        Raises:
            KeyError: There is no such setting.
            ConfigError: A value does not fit.

        Example:
            >>> config = Config(environment={}, ignore_files=True)
            >>> with config.override(safemode=False, display__limit=3):
            ...     config.safemode, config.display.limit
            (False, 3)
            >>> config.safemode
            True
        """
        outer: _Scope | None = self._scope.get()
        entries = self._entries(values, settings, "override")
        token = self._scope.set(_Scope({**(outer.entries if outer else {}), **entries}))
        try:
            yield self
        finally:
            self._scope.reset(token)

    def __call__(self, **settings: object) -> AbstractContextManager[Config]:
        """Older spelling of `override`: ``with config(safemode=False): ...``."""
        return self.override(**settings)

    def _entries(
        self, values: Mapping[str, object] | None, settings: Mapping[str, object], source: str
    ) -> dict[str, Entry]:
        named = dict(values or {}) | {names.from_keyword(key): value for key, value in settings.items()}
        entries = {}
        for name, value in named.items():
            if names.is_retired(name):
                self._warn_retired(name)
                continue
            self._require(name)
            entries[name] = checked(name, value, source)
        return entries

    def _require(self, name: str) -> None:
        if name not in SETTINGS:
            raise KeyError(names.unknown_message(name))

    def _warn_retired(self, name: str) -> None:

        from datamill.errors import DataMillWarning

        warn_user(names.retired_message(name, "runtime"), DataMillWarning)

    # -- files ----------------------------------------------------------------------------------------------

    def load(self, path: str | Path) -> None:
        """Read a settings file as runtime changes.

        Args:
            path: ``.toml`` (of ``pyproject.toml`` the table ``[tool.datamill]``) or ``.json``.

        Raises:
            FileNotFoundError: There is no such file.
            ConfigError: The file is broken or holds a value that does not fit; then nothing is changed.
        """
        file = Path(path).expanduser().absolute()
        if not file.is_file():
            raise FileNotFoundError(f"There is no settings file {file}.")
        layer = read_file(file)
        whole = {name: entry for name, entry in layer.entries.items() if name in SETTINGS}
        with self._lock:
            self._runtime.update(whole)
            self._changed()
        for name, entry in layer.entries.items():
            if name not in SETTINGS:
                self._assign(name, entry.value)
        self._apply_log_level(self._base())

    def save_template(
        self, path: str | Path = "datamill.toml", minimal: bool = True, create_secrets_dir: bool = True
    ) -> Path:
        """Write a settings file to fill in, and a folder for secrets beside it.

        Args:
            path: Where; a name ending in ``.json`` gives DataJoint's layout.
            minimal: Only the settings most projects need; False: all of them.
            create_secrets_dir: Create ``.secrets/`` with empty files for user and password.

        Returns:
            The path written.

        Raises:
            FileExistsError: The file exists; nothing is written.
        """
        from datamill.settings import persist

        return persist.save_template(Path(path), minimal=minimal, create_secrets_dir=create_secrets_dir)

    def save_local(self, verbose: bool = False) -> Path:
        """Write the settings in force to ``datamill.toml`` in the current folder, secrets to ``.secrets/``.

        Args:
            verbose: Log the path.

        Raises:
            FileExistsError: A ``datamill.toml`` is there that someone else wrote.
        """
        from datamill.settings import persist

        return persist.save(self.resolved, Path.cwd(), verbose=verbose)

    def save_global(self, verbose: bool = False) -> Path:
        """Like `save_local`, in the home folder, where projects below it look unless they are repositories."""
        from datamill.settings import persist

        return persist.save(self.resolved, Path.home(), verbose=verbose)

    # -- derived --------------------------------------------------------------------------------------------

    def database_address(
        self,
        *,
        url: str | None = None,
        host: str | None = None,
        port: int | None = None,
        user: str | None = None,
        password: str | Secret | None = None,
        name: str | None = None,
        backend: str | None = None,
        use_tls: bool | Mapping[str, Any] | None = None,
    ) -> DatabaseAddress:
        """Return which database is meant; arguments win over settings. See `derive_address` for the rules.

        Args:
            url: Database URL.
            host: Host name, ``host:port``, or a URL.
            port: Port.
            user: User name.
            password: Password.
            name: Database name (PostgreSQL).
            backend: "sqlite", "postgresql" or "mysql".
            use_tls: True required, False off, None as configured.

        Raises:
            ConfigError: A URL is malformed, or two statements contradict each other.
        """
        request = Request(url, host, port, user, password, name, backend, use_tls)
        return derive_address(self.resolved, request)

    def get_store_name(
        self,
        store: str | None = None,
        *,
        use_filepath_default: bool = False,
        address: DatabaseAddress | None = None,
    ) -> str:
        """Return the name of a store, that of the default for None or "".

        Raises:
            ConfigError: There is no such store, or no default.
        """
        return stores.store_name(self.resolved, store, use_filepath_default, address)

    def get_store_spec(
        self,
        store: str | None = None,
        *,
        use_filepath_default: bool = False,
        address: DatabaseAddress | None = None,
    ) -> MaskedDict:
        """Return the checked specification of a store, with defaults filled in.

        Args:
            store: Name; None or "" is the default store.
            use_filepath_default: The default is ``stores.filepath_default``.
            address: Database whose implicit store is meant when no stores are configured; default: the configured.

        Returns:
            A dict of protocol, location and the other keys; its repr masks secrets.

        Raises:
            ConfigError: The store is not configured, or its specification is wrong.
        """
        return stores.store_spec(self.resolved, store, use_filepath_default, address)
