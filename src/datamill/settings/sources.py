"""Where settings come from: variables, files and secrets, each read into one layer of entries."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datamill.errors import ConfigError, DataMillWarning, did_you_mean, warn_user
from datamill.settings import names
from datamill.settings.values import GROUPS, SETTINGS

_RESERVED = frozenset({"THREAD_SAFE", "ALIAS_DATAJOINT"})
_TRUE = frozenset({"true", "1", "yes"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One checked value, what gave it (for messages), and the folder that relative paths in it start from."""

    value: Any
    source: str
    directory: Path | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """The entries of one source.

    Fields: ``entries`` by dotted name (also names inside tables, such as ``stores.main.location``);
    ``merges``: a table here adds to the same table of lower layers instead of replacing it;
    ``fills``: entries only fill what is missing.
    """

    entries: Mapping[str, Entry]
    merges: bool = False
    fills: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything read: layers from highest to lowest, and the folder of the settings file, if there is one."""

    layers: tuple[Layer, ...] = ()
    directory: Path | None = field(default=None)


def thread_safe(environment: Mapping[str, str] | None = None) -> bool:
    """Tell whether the process declared itself thread-safe, so that global state must not be used.

    Args:
        environment: Variables to look into; default: those of the process.

    Example:
        >>> thread_safe({"DATAMILL_THREAD_SAFE": "yes"})
        True
    """
    variables = os.environ if environment is None else environment
    return any(
        variables.get(name, "").strip().lower() in _TRUE
        for name in ("DATAMILL_THREAD_SAFE", "DJ_THREAD_SAFE")
    )


def checked(name: str, value: object, source: str, directory: Path | None = None) -> Entry:
    """Return the entry of a raw value.

    Raises:
        ConfigError: The value does not fit the setting.
    """
    setting = SETTINGS.get(name)
    if setting is None:
        return Entry(value, source, directory)
    converted = setting.kind(name, value, source)
    if setting.deprecated and converted != setting.default:
        message = f"Setting {name} from {source} is deprecated: {setting.deprecated}."
        warn_user(message, DataMillWarning)
    return Entry(converted, source, directory)


def read_variables(environment: Mapping[str, str], prefix: str) -> Layer:
    """Read ``DATAMILL_…`` or ``DJ_…`` variables; an empty one counts as not set unless empty is a value."""
    ours = prefix == "DATAMILL_"
    found: dict[str, Entry] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(prefix):
            continue
        rest = variable.removeprefix(prefix)
        name = names.from_variable(rest) if ours else _datajoint_name(rest)
        if name is None:
            if ours:
                _warn_variable(variable, rest)
            continue
        if text.strip() == "" and not (name in SETTINGS and SETTINGS[name].empty):
            continue
        is_path = "__" in rest or rest.lower() == name
        if name not in found or is_path:  # DATAMILL_DATABASE__HOST beats DATAMILL_HOST
            found[name] = checked(name, text, f"environment variable {variable}")
    return Layer(found)


def _datajoint_name(rest: str) -> str | None:
    setting = names.SHORT_NAMES.get(rest)
    return setting.name if setting is not None and setting.datajoint else None


def _warn_variable(variable: str, rest: str) -> None:
    if rest in _RESERVED or rest.startswith("TEST_"):
        return
    known = [f"DATAMILL_{name}" for name in names.SHORT_NAMES]
    known += [f"DATAMILL_{name.replace('.', '__').upper()}" for name in SETTINGS]
    hint = did_you_mean(variable, known) or "docs/settings.md lists all variables."
    message = f"Environment variable {variable} names no setting and is ignored. {hint}"
    warn_user(message, DataMillWarning)


def read_file(path: Path) -> Layer:
    """Read ``.toml`` (of ``pyproject.toml`` the table ``[tool.datamill]``) or ``.json``.

    Raises:
        ConfigError: The file cannot be read or understood, or a value does not fit.
    """
    source = str(path)
    tree = _parse(path)
    if path.name == "pyproject.toml":
        tree = _table(_table(tree, "tool", source), "datamill", source)
    flat = dict(_flatten(tree, "", source))
    return Layer(
        {name: checked(name, value, source, path.parent) for name, value in flat.items()}, merges=True
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = _parse_toml(text) if path.suffix == ".toml" else _parse_json(text)
    except (OSError, ValueError, RecursionError) as error:
        hint = "Correct the file, or set DATAMILL_IGNORE_CONFIG_FILE=true to do without files."
        message = f"Settings file {path} cannot be read: {error}."
        raise ConfigError(message, source=str(path), hint=hint) from error
    if not isinstance(tree, dict):
        raise ConfigError(f"Settings file {path} must hold one object of settings.", source=str(path))
    return tree


def _parse_toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _parse_json(text: str) -> Any:
    import json

    return json.loads(text)


def _table(tree: Mapping[str, Any], key: str, source: str) -> dict[str, Any]:
    inner = tree.get(key, {})
    if not isinstance(inner, dict):
        raise ConfigError(f"{key!r} in {source} must be a table.", setting=key, source=source)
    return inner


def _flatten(tree: Mapping[str, Any], prefix: str, source: str) -> Iterator[tuple[str, Any]]:
    """Yield dotted names with values; null is the same as not set; unknown names warn."""
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if name in GROUPS:
            yield from _flatten(_table(tree, key, source), f"{name}.", source)
        elif value is None:
            continue
        elif names.is_retired(name):
            warn_user(names.retired_message(name, source), DataMillWarning)
        elif names.is_known(name):
            yield name, value
        else:
            message = f"{names.unknown_message(name)} It is ignored; it stands in {source}."
            warn_user(message, DataMillWarning)


def find_upward(start: Path) -> tuple[Path | None, Path | None]:
    """Look for settings files from a folder upward, to the root of its repository.

    Returns:
        The nearest ``datamill.toml``, or ``pyproject.toml`` with ``[tool.datamill]``;
        and the nearest ``datajoint.json``.
    """
    ours: Path | None = None
    theirs: Path | None = None
    for folder in (start, *start.parents):
        ours = ours or _datamill_file(folder)
        theirs = theirs or _existing(folder / "datajoint.json")
        if (ours and theirs) or (folder / ".git").exists() or (folder / ".hg").exists():
            break
    return ours, theirs


def _warn_older_file(path: Path) -> None:
    """Warn about the file of DataJoint 0.14: without it a pipeline would quietly use another database."""
    if path.is_file():
        message = (
            f"{path} holds settings of DataJoint 0.14 and is not read. Rename it to datajoint.json, "
            f"or call config.load({path.name!r})."
        )
        warn_user(message, DataMillWarning)


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def _datamill_file(folder: Path) -> Path | None:
    if (own := folder / "datamill.toml").is_file():
        return own
    project = folder / "pyproject.toml"
    if not project.is_file() or b"datamill" not in project.read_bytes():
        return None
    tool = _parse(project).get("tool")
    return project if isinstance(tool, dict) and "datamill" in tool else None


def read_secrets(folders: list[Path]) -> Layer:
    """Read secrets: one file per dotted name, such as ``.secrets/database.password``; earlier folders win."""
    found: dict[str, Entry] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            name = path.name
            if name in found or not names.is_known(name) or not path.is_file():
                continue
            text = _read_secret(path, name)
            if text:
                found[name] = checked(name, text, f"secrets file {path}", path.parent)
    return Layer(found, fills=True)


def _read_secret(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"Secrets file {path} cannot be read: {error}."
        raise ConfigError(message, setting=name, source=str(path)) from error


def read_all(
    environment: Mapping[str, str], start: Path, run_secrets: Path, ignore_files: bool | None = None
) -> Sources:
    """Read every source.

    Args:
        environment: Variables of the process.
        start: Folder where the search for files begins.
        run_secrets: Folder of mounted secrets, with ``datamill`` and ``datajoint`` in it.
        ignore_files: Whether to leave out files and secrets; None: as the variables say.

    Raises:
        ConfigError: A source is broken or holds a value that does not fit.
    """
    ours = read_variables(environment, "DATAMILL_")
    theirs = read_variables(environment, "DJ_")
    if ignore_files is None:
        ignore_files = _ignores_files(ours, theirs)
    if ignore_files:
        return Sources((ours, theirs))
    own_file, datajoint_file = find_upward(start)
    if own_file is None and datajoint_file is None:
        _warn_older_file(start / "dj_local_conf.json")
    parents = [path.parent for path in (own_file, datajoint_file) if path is not None]
    folders = [parent / ".secrets" for parent in dict.fromkeys(parents)]
    folders += [run_secrets / "datamill", run_secrets / "datajoint"]
    layers = (
        ours,
        read_file(own_file) if own_file else Layer({}),
        theirs,
        read_file(datajoint_file) if datajoint_file else Layer({}),
        read_secrets(folders),
    )
    return Sources(layers, parents[0] if parents else None)


def _ignores_files(*layers: Layer) -> bool:
    for layer in layers:
        if entry := layer.entries.get("ignore_config_file"):
            return bool(entry.value)
    return False
