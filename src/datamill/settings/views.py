"""What a `Config` hands out: groups of settings, and tables that write their changes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from datamill.settings.secret import MaskedDict, masked
from datamill.settings.values import GROUPS, SETTINGS, Settings


class Store(Protocol):
    """What the views need of a `Config`."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    def __setitem__(self, name: str, value: object) -> None: ...

    def __delitem__(self, name: str) -> None: ...


class Group:
    """One group of settings, such as ``config.display``: read, assign and ``del`` its attributes.

    Example:
        >>> from datamill.settings import Config
        >>> config = Config(environment={}, ignore_files=True)
        >>> config.display.limit = 20
        >>> config.display
        display.limit = 20
        display.width = 14
        display.show_tuple_count = True
        display.diagram_direction = 'LR'
        display.diagram_theme = 'auto'
    """

    __slots__ = ("_group", "_owner")

    _owner: Store
    _group: str

    def __init__(self, owner: Store, group: str) -> None:
        object.__setattr__(self, "_owner", owner)
        object.__setattr__(self, "_group", group)

    def __getattr__(self, attribute: str) -> Any:
        name = f"{self._group}.{attribute}"
        if name in SETTINGS:
            value = getattr(getattr(self._owner.settings, self._group), attribute)
            return live(value, self._owner, name) if SETTINGS[name].is_mapping else value
        raise AttributeError(_unknown(name), name=attribute, obj=self)

    def __setattr__(self, attribute: str, value: object) -> None:
        try:
            self._owner[f"{self._group}.{attribute}"] = value
        except KeyError as error:
            raise AttributeError(error.args[0], name=attribute, obj=self) from None

    def __delattr__(self, attribute: str) -> None:
        try:
            del self._owner[f"{self._group}.{attribute}"]
        except KeyError as error:
            raise AttributeError(error.args[0], name=attribute, obj=self) from None

    def __dir__(self) -> list[str]:
        return [name.partition(".")[2] for name in SETTINGS if name.startswith(f"{self._group}.")]

    def __repr__(self) -> str:
        values = getattr(self._owner.settings, self._group)
        return "\n".join(
            f"{self._group}.{name} = {masked(name, getattr(values, name))!r}" for name in self.__dir__()
        )


def _unknown(name: str) -> str:
    from datamill.settings.names import unknown_message

    return unknown_message(name)


def live(table: Mapping[str, Any], owner: Store, name: str) -> LiveDict:
    """Return a copy of a table whose changes become changes of the setting."""

    def write(path: tuple[str, ...], change: Callable[[dict[str, Any]], None]) -> None:
        whole = _plain(_current(owner.settings, name))
        inner = whole
        for key in path:
            inner = inner.setdefault(key, {})
        change(inner)
        owner[name] = whole

    return LiveDict(table, (), write)


def _current(settings: Settings, name: str) -> Mapping[str, Any]:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    table: Mapping[str, Any] = value
    return table


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(item) if isinstance(item, Mapping) else item for key, item in table.items()}


_Write = Callable[[tuple[str, ...], Callable[[dict[str, Any]], None]], None]


class LiveDict(MaskedDict):
    """A table of a setting, such as ``config.stores``: changes at any depth are changes of the setting.

    Example:
        >>> from datamill.settings import Config
        >>> config = Config(environment={}, ignore_files=True)
        >>> config["custom"]["lab"] = {"room": 3}
        >>> config.custom["lab"]["room"] += 1
        >>> config["custom"]
        {'lab': {'room': 4}}
    """

    def __init__(self, table: Mapping[str, Any], path: tuple[str, ...], write: _Write) -> None:
        super().__init__()
        self._path = path
        self._write = write
        for key, value in table.items():
            super().__setitem__(key, self._wrap(key, value))

    def _wrap(self, key: str, value: Any) -> Any:
        return LiveDict(value, (*self._path, key), self._write) if isinstance(value, Mapping) else value

    def __setitem__(self, key: str, value: Any) -> None:
        plain = _plain(value) if isinstance(value, Mapping) else value
        self._write(self._path, lambda table: table.__setitem__(key, plain))
        super().__setitem__(key, self._wrap(key, value))

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._write(self._path, lambda table: table.pop(key, None) and None)
        super().__delitem__(key)

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a key and return its value, or the default."""
        if key not in self and default:
            return default[0]
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove and return the last pair."""
        if not self:
            raise KeyError("The table is empty.")
        key = list(self)[-1]
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove everything."""
        for key in list(self):
            del self[key]

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, setting it first if absent."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *others: Any, **values: Any) -> None:
        """Set several keys."""
        for key, value in dict(*others, **values).items():
            self[key] = value

    def __ior__(self, other: Any) -> LiveDict:  # type: ignore[override,misc]
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (MaskedDict, (_plain(self),))

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        from copy import deepcopy

        return deepcopy(_plain(self), memo)

    def copy(self) -> dict[str, Any]:
        """Return a plain copy that writes nothing back."""
        return _plain(self)


__all__ = ["GROUPS", "Group", "LiveDict", "Store", "live"]
