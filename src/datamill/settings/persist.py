"""Writing settings: templates to fill in, and the settings in force."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from datamill.errors import ConfigError
from datamill.settings.resolve import Resolved
from datamill.settings.secret import Secret, is_secret_name
from datamill.settings.values import GROUPS, SETTINGS

_HEADER = (
    "# Settings of datamill; docs/settings.md explains each. Secrets belong in .secrets/, one file per name."
)
_SAVED = "# Written by datamill: config.save_local() replaces this file."
_MINIMAL = (
    "database.url",
    "database.host",
    "database.port",
    "database.backend",
    "display.limit",
    "loglevel",
    "safemode",
)
_EXAMPLES: dict[str, object] = {
    "database.url": "sqlite:///datamill.db",
    "database.host": "db.example.org",
    "database.port": 5432,
    "database.backend": "postgresql",
}
_STORES = """
# Where large objects go. Without any, an SQLite database keeps them in a folder beside it.
# [stores]
# default = "main"
# [stores.main]
# protocol = "file"
# location = "/data/my-project"
"""
_DATAJOINT = {
    "database": ("host", "port", "reconnect", "use_tls", "create_tables"),
    "connection": ("charset", "init_function"),
    "display": ("limit", "width", "show_tuple_count", "diagram_direction"),
    "jobs": (
        "auto_refresh",
        "keep_completed",
        "stale_timeout",
        "default_priority",
        "version_method",
        "add_job_metadata",
        "allow_new_pk_fields_in_computed_tables",
    ),
    "": ("loglevel", "safemode", "query_cache", "download_path"),
}


def to_toml(value: object) -> str:
    """Return a value in TOML's notation.

    Raises:
        ConfigError: TOML cannot hold the value.
    """
    if isinstance(value, bool) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(to_toml(item) for item in value)}]"
    if isinstance(value, Mapping):
        inner = (f"{_quoted(key)} = {to_toml(item)}" for key, item in value.items())
        return f"{{ {', '.join(inner)} }}" if value else "{}"
    raise ConfigError(f"A {type(value).__name__} cannot stand in a settings file.")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def save_template(path: Path, *, minimal: bool, create_secrets_dir: bool) -> Path:
    """Write a settings file to fill in.

    Raises:
        FileExistsError: The file exists; nothing is written.
    """
    text = _json_template(minimal) if path.suffix == ".json" else _toml_template(minimal)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise FileExistsError(f"{path} exists; choose another name or remove it first.") from None
    if create_secrets_dir:
        _make_secrets(path.absolute().parent, {"database.user": "", "database.password": ""})
    return path


def _toml_template(minimal: bool) -> str:
    names = [name for name in SETTINGS if not minimal or name in _MINIMAL]
    lines = [_HEADER, "# Remove the # before a setting to change it; shown are examples or defaults.", ""]
    lines += _commented(name for name in names if "." not in name)
    for group in GROUPS:
        inside = [name for name in names if name.startswith(f"{group}.")]
        if inside:
            lines += ["", f"[{group}]", *_commented(inside)]
    return "\n".join(lines) + "\n" + _STORES


def _commented(names: Iterable[str]) -> list[str]:
    lines = []
    for name in names:
        setting = SETTINGS[name]
        if name in ("stores", "database.password"):
            continue
        example = _EXAMPLES.get(name, setting.default)
        shown = '"…"' if example is None else to_toml(example)
        lines.append(f"# {name.rpartition('.')[2]} = {shown}  # {setting.doc}")
    return lines


def _json_template(minimal: bool) -> str:
    tree: dict[str, Any] = {"database": {"host": "localhost", "port": 3306}, "stores": {}, "loglevel": "INFO"}
    tree["safemode"] = True
    if not minimal:
        for group, attributes in _DATAJOINT.items():
            target = tree.setdefault(group, {}) if group else tree
            for attribute in attributes:
                default = SETTINGS[f"{group}.{attribute}" if group else attribute].default
                target.setdefault(attribute, default)
    return json.dumps(tree, indent=4) + "\n"


def _make_secrets(parent: Path, secrets: Mapping[str, str], *, replace: bool = False) -> None:
    """Write secrets files that only their owner can read, in a folder that Git ignores."""
    folder = parent / ".secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    for name, text in secrets.items():
        path = folder / name
        if replace or not path.exists():
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")


def save(resolved: Resolved, folder: Path, *, verbose: bool = False) -> Path:
    """Write what differs from the defaults to ``datamill.toml``, secrets to ``.secrets/`` beside it.

    Raises:
        FileExistsError: A ``datamill.toml`` is there that someone else wrote.
    """
    path = folder / "datamill.toml"
    if path.exists() and not path.read_text(encoding="utf-8").startswith(_SAVED):
        message = f"{path} was not written by datamill and may hold comments; edit it, or move it away first."
        raise FileExistsError(message)
    public, secrets = _divide(resolved)
    lines = [_SAVED, ""]
    lines += [f"{name} = {to_toml(value)}" for name, value in public.items() if "." not in name]
    for group in GROUPS:
        inside = {name: value for name, value in public.items() if name.startswith(f"{group}.")}
        if inside:
            lines += ["", f"[{group}]"]
            lines += [f"{name.rpartition('.')[2]} = {to_toml(value)}" for name, value in inside.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if secrets:
        _make_secrets(folder, secrets, replace=True)
    if verbose:
        from datamill.settings.log import logger

        logger.info("Saved settings in %s", path)
    return path


def _divide(resolved: Resolved) -> tuple[dict[str, Any], dict[str, str]]:
    """Split the settings that some source gave into public ones and secrets."""
    public: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    from_url: dict[str, str] = {}
    for name, entry in resolved.entries.items():
        value = entry.value
        if isinstance(value, Secret):
            secrets[name] = value.get_secret_value()
        elif name == "database.url" and value:
            shown, from_url = _divide_url(value)
            public |= {} if shown is None else {name: shown}
        elif name == "stores":
            public[name] = {key: _public_part(f"{name}.{key}", item, secrets) for key, item in value.items()}
        elif value is not None:
            public[name] = _without_none(value)
    return public, secrets | from_url


def _divide_url(url: str) -> tuple[str | None, dict[str, str]]:
    """Return what may be shown of a URL, None if nothing, and the secrets in it."""
    from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    given = unquote(parts.password or "") or dict(options).get("password", "")
    others = [item for item in options if item[0] != "password"]
    if any(is_secret_name(name) for name, _ in others):
        return None, {"database.url": url}
    if not given:
        return url, {}
    user, at, place = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}{at}{place}"
    query = parts.query if len(others) == len(options) else urlencode(others)
    return parts._replace(netloc=netloc, query=query).geturl(), {"database.password": given}


def _public_part(name: str, value: Any, secrets: dict[str, str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for key, item in value.items():
        if isinstance(item, str) and is_secret_name(key):
            secrets[f"{name}.{key}"] = item
        elif item is not None:
            kept[key] = item
    return kept


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value
