"""Names of settings: environment variables, keywords, and names of the past."""

from __future__ import annotations

from datamill.errors import did_you_mean, require
from datamill.settings.values import GROUPS, SETTINGS, Setting

RETIRED = frozenset(
    {
        "add_hidden_timestamp",
        "cache",
        "enable_automatic_parts",
        "enable_python_native_blobs",
        "enable_python_pickle",
        "fetch_format",
        "filepath_checksum_size_limit",
        "filepath_checksum_size_limit_insert",
        "strict_provenance",
    }
)
"""Settings of older DataJoint versions: ignored with a warning."""

SHORT_NAMES: dict[str, Setting] = {item.short: item for item in SETTINGS.values() if item.short}
"""Settings by their short environment name, such as ``HOST``."""

_LONG_NAMES = {name.replace(".", "__").upper(): name for name in SETTINGS}


def is_retired(name: str) -> bool:
    """Tell whether this is a setting of an older DataJoint version, which has no effect any more."""
    return name in RETIRED


def retired_message(name: str, source: str) -> str:
    """Return the warning about a retired setting."""
    return f"Setting {name!r} from {source} belongs to an older DataJoint and has no effect; remove it."


def mapping_of(name: str) -> tuple[Setting, list[str]] | None:
    """Split a name that reaches into a table, such as ``stores.main.location``.

    Returns:
        The setting and the path inside it, or None if the name does not reach into a table.
    """
    require(name, str, "The name of a setting must be text")
    parts = name.split(".")
    for end in range(1, len(parts)):
        setting = SETTINGS.get(".".join(parts[:end]))
        if setting is not None and setting.is_mapping and all(parts):
            return setting, parts[end:]
    return None


def is_known(name: str) -> bool:
    """Tell whether a dotted name is a setting, or reaches into one that is a table."""
    return name in SETTINGS or mapping_of(name) is not None


def from_keyword(keyword: str) -> str:
    """Return the dotted name of a keyword argument such as ``database__host``.

    Raises:
        KeyError: There is no such setting.
    """
    name = keyword.replace("__", ".")
    if not (is_known(name) or is_retired(name)):
        raise KeyError(unknown_message(name))
    return name


def from_variable(rest: str) -> str | None:
    """Return the dotted name that an environment variable sets.

    Args:
        rest: The variable's name after ``DATAMILL_``.

    Returns:
        The dotted name, or None if nothing is called so.
    """
    if rest.upper() in _LONG_NAMES:
        return _LONG_NAMES[rest.upper()]
    if rest in SHORT_NAMES:
        return SHORT_NAMES[rest].name
    inside = rest.lower().replace("__", ".")
    return inside if mapping_of(inside) else None


def unknown_message(name: str) -> str:
    """Return the message about a name that is no setting, with near misses."""
    if name in GROUPS:
        return f"{name!r} is a group of settings. Name one of them, such as {_first_of(name)!r}."
    hint = did_you_mean(name, list(SETTINGS)) or "docs/settings.md lists all settings."
    return f"There is no setting {name!r}. {hint} Your own go into config['custom']."


def _first_of(group: str) -> str:
    return next(name for name in SETTINGS if name.startswith(f"{group}."))
