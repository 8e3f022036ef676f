"""From layers of entries to the settings in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datamill.settings.names import mapping_of
from datamill.settings.sources import Entry, Layer
from datamill.settings.values import GROUPS, SETTINGS, Settings


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings in force, and where each of them came from.

    Fields: ``settings``; ``entries`` of the settings that some source gave; ``directory`` of the settings file.
    """

    settings: Settings
    entries: Mapping[str, Entry]
    directory: Path | None = None

    def is_set(self, name: str) -> bool:
        """Tell whether some source gave this setting, rather than its default."""
        return name in self.entries

    def source(self, name: str) -> str:
        """Return what gave this setting, in words; ``default`` if nothing did."""
        return self.entries[name].source if name in self.entries else "default"

    def base(self, name: str) -> Path:
        """Return the folder that a relative path in this setting starts from."""
        entry = self.entries.get(name)
        return entry.directory if entry is not None and entry.directory is not None else Path.cwd()


def resolve(layers: Sequence[Layer], directory: Path | None = None) -> Resolved:
    """Find the value of every setting.

    Args:
        layers: From highest to lowest.
        directory: Folder of the settings file, if there is one.
    """
    entries: dict[str, Entry] = {}
    for setting in SETTINGS.values():
        entry = _table_entry(setting.name, layers) if setting.is_mapping else _first(setting.name, layers)
        if entry is not None:
            entries[setting.name] = entry
    return Resolved(build(entries), entries, directory)


def build(entries: Mapping[str, Entry]) -> Settings:
    """Return frozen settings: the entries, and defaults for all others."""
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    top: dict[str, Any] = {}
    for name, entry in entries.items():
        group, dot, attribute = name.partition(".")
        if dot:
            groups[group][attribute] = entry.value
        else:
            top[name] = entry.value
    built = {group: GROUPS[group](**values) for group, values in groups.items() if values}
    return Settings(**built, **top)


def _first(name: str, layers: Iterable[Layer]) -> Entry | None:
    return next((layer.entries[name] for layer in layers if name in layer.entries), None)


def _table_entry(name: str, layers: Sequence[Layer]) -> Entry | None:
    """Put a table together from lowest to highest layer."""
    table: dict[str, Any] = {}
    top: Entry | None = None
    for layer in reversed(layers):
        if layer.fills:
            continue
        whole = layer.entries.get(name)
        if whole is not None:
            table = (table if layer.merges else {}) | deepcopy(dict(whole.value))
            top = whole
        for path, entry in _inside(name, layer):
            _put(table, path, entry.value)
            top = top or entry
    for layer in layers:
        if layer.fills:
            _fill(name, layer, table)
    return None if top is None else Entry(table, top.source, top.directory)


def _inside(name: str, layer: Layer) -> list[tuple[list[str], Entry]]:
    """Return the entries of a layer that reach into the named table, with their paths in it."""
    found = []
    for key, entry in layer.entries.items():
        reached = mapping_of(key)
        if reached is not None and reached[0].name == name:
            found.append((reached[1], entry))
    return found


def _put(table: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        inner = table.get(key)
        if not isinstance(inner, dict):
            inner = table[key] = {}
        table = inner
    table[path[-1]] = deepcopy(value)


def _fill(name: str, layer: Layer, table: dict[str, Any]) -> None:
    """Add what is missing; a secret of a store that nobody configured is left alone."""
    for path, entry in _inside(name, layer):
        owner: Any = table
        for key in path[:-1]:
            owner = owner.get(key) if isinstance(owner, dict) else None
        if isinstance(owner, dict) and owner.get(path[-1]) is None:
            owner[path[-1]] = entry.value
