"""One small registry for everything that is found by name: backends, codecs, stores, executors, formats.

Built-in entries are written as ``"module:attribute"`` and imported on first use; plugins are found through entry
points; a missing optional library is reported with the command that installs it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from datamill.errors import DataMillError, DataMillWarning, MissingExtraError, did_you_mean, warn_user

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class Registry(Generic[T]):
    """Values by name, loaded when first asked for.

    Args:
        kind: What the entries are, in the singular, for messages: "codec".
        builtin: Built-in entries as ``"module:attribute"``.
        extras: Name of the extra that an entry needs, by entry: ``{"postgresql": "postgresql"}``.
        groups: Entry-point groups that plugins announce themselves in; earlier groups win.
        adapt: Turns what an entry point or built-in refers to into a value; default: it is the value.
        error: Class raised for an unknown name.

    Example:
        >>> formats = Registry[type]("format", {"ordered": "collections:OrderedDict"})
        >>> formats.get("ordered")
        <class 'collections.OrderedDict'>
        >>> formats.get("orderd")
        Traceback (most recent call last):
        datamill.errors.DataMillError: Unknown format 'orderd'. Did you mean 'ordered'?
    """

    def __init__(
        self,
        kind: str,
        builtin: Mapping[str, str] | None = None,
        *,
        extras: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
        adapt: Callable[[Any], T] | None = None,
        error: type[DataMillError] = DataMillError,
    ) -> None:
        self.kind = kind
        self._builtin = dict(builtin or {})
        self._extras = dict(extras or {})
        self._groups = tuple(groups)
        self._adapt: Callable[[Any], T] = adapt or (lambda found: cast("T", found))
        self._error = error
        self._values: dict[str, T] = {}
        self._failures: dict[str, str] = {}
        self._plugins: list[EntryPoint] | None = None
        self._loading = threading.RLock()

    def register(self, name: str, value: T, *, replace: bool = False) -> None:
        """Add an entry.

        Args:
            name: Its name.
            value: Its value.
            replace: Whether another value of the name gives way.

        Raises:
            DataMillError: The name is taken by another value and `replace` is False.
        """
        taken = name in self._builtin or self._values.get(name, value) is not value
        if taken and not replace:
            hint = "Choose another name, or unregister it first."
            raise self._error(f"The {self.kind} {name!r} is already registered.", hint=hint)
        self._builtin.pop(name, None)
        self._values[name] = value

    def unregister(self, name: str) -> None:
        """Remove an entry.

        Raises:
            DataMillError: There is no such entry.
        """
        if name not in self._values and name not in self._builtin:
            raise self._unknown(name)
        self._builtin.pop(name, None)
        self._values.pop(name, None)

    def get(self, name: str) -> T:
        """Return the value of a name, loading it if need be.

        Raises:
            DataMillError: Nothing has this name; the message lists near misses and plugins that failed.
            MissingExtraError: The entry needs a library that is not installed.
        """
        if name not in self._values and not self._load(name):
            raise self._unknown(name)
        return self._values[name]

    def find(self, name: str) -> T | None:
        """Return the value of a name, or None if nothing has it.

        Raises:
            MissingExtraError: The entry needs a library that is not installed.
        """
        return self._values[name] if name in self._values or self._load(name) else None

    def names(self) -> list[str]:
        """Return all names, sorted; plugins are loaded, because only then their names are known."""
        self._load_plugins()
        return sorted({*self._values, *self._builtin})

    def __contains__(self, name: object) -> bool:
        """Whether the name is registered, without loading plugins."""
        return name in self._values or name in self._builtin

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __repr__(self) -> str:
        return f"<Registry of {self.kind}s: {', '.join(sorted({*self._values, *self._builtin}))}>"

    # -- loading --------------------------------------------------------------------------------------------

    def _load(self, name: str) -> bool:
        reference = self._builtin.get(name)
        if reference is not None:  # without a lock: modules that are imported may wait for each other
            value = self._adapt(self._import(name, reference))
            self._values.setdefault(name, value)
            self._builtin.pop(name, None)
        elif name not in self._values:
            self._load_plugins(first=name)
        return name in self._values

    def _import(self, name: str, reference: str) -> Any:
        module, _, attribute = reference.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package == __name__.partition(".")[0]:
                raise
            extra = self._extras.get(name)
            hint = "Install it: pip install " + (f'"datamill[{extra}]"' if extra else package)
            message = f"The {self.kind} {name!r} needs the package {package!r}, which is not installed."
            raise MissingExtraError(message, extra=extra, hint=hint) from error

    def _load_plugins(self, first: str | None = None) -> None:
        """Load entry points; those of the wanted name first, all others only if that gave nothing."""
        with self._loading:
            if self._plugins is None:
                self._plugins = self._discover()
            waiting = sorted(self._plugins, key=lambda point: point.name != first)
            for point in waiting:
                if first is not None and first in self._values:
                    return
                if point in self._plugins:  # loading another may have loaded it
                    self._plugins.remove(point)
                    self._load_plugin(point)

    def _discover(self) -> list[EntryPoint]:
        if not self._groups:
            return []
        from importlib.metadata import entry_points

        return [point for group in self._groups for point in entry_points(group=group)]

    def _load_plugin(self, point: EntryPoint) -> None:
        """Load one entry point. It may register values itself; otherwise what it refers to is the value.

        One whose name is taken is left alone.
        """
        if point.name in self:
            return
        before = set(self._values)
        try:
            found = point.load()
            if set(self._values) == before:
                self._values[point.name] = self._adapt(found)
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; it is reported, not hidden
            reason = f"{type(error).__name__}: {error}"
            self._failures[point.name] = reason
            message = f"The {self.kind} plugin {point.name!r} ({point.value}) could not be loaded: {reason}"
            warn_user(message, DataMillWarning)

    def _unknown(self, name: str) -> DataMillError:
        known = sorted({*self._values, *self._builtin})
        hints = [did_you_mean(name, known) or f"Known: {', '.join(known) or 'none'}."]
        hints += [f"The plugin {plugin!r} failed: {reason}." for plugin, reason in self._failures.items()]
        return self._error(f"Unknown {self.kind} {name!r}.", hint=" ".join(hints))
