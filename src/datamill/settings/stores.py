"""The ``stores`` settings: which stores there are, and what each must say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datamill.errors import ConfigError, did_you_mean
from datamill.settings.address import DatabaseAddress, derive_address
from datamill.settings.kinds import BOOLEAN, Kind, integer
from datamill.settings.resolve import Resolved
from datamill.settings.secret import MaskedDict

IMPLICIT = "main"
"""Name of the store that a database file has beside it when no stores are configured."""

_DEFAULTS = ("default", "filepath_default")
_COMMON: dict[str, Any] = {
    "hash_prefix": "_hash",
    "schema_prefix": "_schema",
    "filepath_prefix": None,
    "subfolding": None,
    "partition_pattern": None,
    "token_length": 8,
}
_LEGACY = frozenset({"stage"})


@dataclass(frozen=True, slots=True)
class StoreProtocol:
    """What the stores of one protocol must and may say beyond the common keys.

    Fields: ``name``; ``required`` keys; ``defaults`` of the optional ones.
    """

    name: str
    required: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)


def _nothing(*keys: str) -> dict[str, None]:
    return dict.fromkeys(keys)


_S3 = {"secure": True} | _nothing(
    "endpoint", "access_key", "secret_key", "proxy_server", "region", "session_token", "profile"
)
_PROTOCOLS: dict[str, StoreProtocol] = {
    "file": StoreProtocol("file"),
    "memory": StoreProtocol("memory"),
    "s3": StoreProtocol("s3", frozenset({"bucket"}), _S3),
    "gcs": StoreProtocol("gcs", frozenset({"bucket"}), _nothing("token", "project")),
    "azure": StoreProtocol(
        "azure", frozenset({"container"}), _nothing("account_name", "account_key", "connection_string")
    ),
}


def register_store_protocol(name: str, required: Iterable[str] = (), allowed: Iterable[str] = ()) -> None:
    """Make a further protocol known, so that stores may use it.

    Args:
        name: The protocol.
        required: Keys its stores must have, beyond protocol and location.
        allowed: Keys they may have.

    Raises:
        ConfigError: The protocol is built in.
    """
    if name in ("file", "memory", "s3", "gcs", "azure"):
        raise ConfigError(
            f"The store protocol {name!r} is built in and cannot be replaced.", setting="stores"
        )
    common = {"protocol", "location", *_COMMON}
    must = frozenset(required) - common
    _PROTOCOLS[name] = StoreProtocol(name, must, _nothing(*(set(allowed) - must - common)))


def store_name(
    resolved: Resolved,
    store: str | None,
    use_filepath_default: bool = False,
    address: DatabaseAddress | None = None,
) -> str:
    """Return the name of a store, that of the default for None or "".

    Raises:
        ConfigError: There is no such store, or no default.
    """
    known = _known(resolved, address)
    if not store:
        key = "filepath_default" if use_filepath_default else "default"
        store = resolved.settings.stores.get(key) or (IMPLICIT if not resolved.settings.stores else None)
        if store is None:
            message = f"No default store is configured ({resolved.source('stores')})."
            raise ConfigError(
                message, setting=f"stores.{key}", hint=f"Set stores.{key} to one of {list(known)}."
            )
    if store not in known:
        hint = did_you_mean(str(store), list(known)) or f"Configured: {', '.join(known) or 'none'}."
        message = f"There is no store {store!r} in the settings."
        raise ConfigError(message, setting=f"stores.{store}", source=resolved.source("stores"), hint=hint)
    return store


def store_spec(
    resolved: Resolved,
    store: str | None,
    use_filepath_default: bool = False,
    address: DatabaseAddress | None = None,
) -> MaskedDict:
    """Return the checked specification of a store, with defaults filled in.

    Raises:
        ConfigError: The store is not configured, or its specification is wrong.
    """
    name = store_name(resolved, store, use_filepath_default, address)
    raw = _known(resolved, address)[name]
    spec = _Check(name, resolved.source("stores")).complete(raw)
    if spec["protocol"] == "file":
        spec["location"] = str(Path(resolved.base("stores"), Path(spec["location"]).expanduser()))
    return spec


def _known(resolved: Resolved, address: DatabaseAddress | None) -> dict[str, Any]:
    configured = resolved.settings.stores
    if configured:
        return {name: spec for name, spec in configured.items() if name not in _DEFAULTS}
    address = address or derive_address(resolved)
    if address.path is None:
        return {}
    if address.is_memory:
        return {IMPLICIT: {"protocol": "memory", "location": ""}}
    path = Path(address.path)
    return {IMPLICIT: {"protocol": "file", "location": str(path.with_name(f"{path.stem}_store"))}}


@dataclass(frozen=True, slots=True)
class _Check:
    """Checks one store; every complaint names store, key and source."""

    store: str
    source: str

    def error(self, message: str, key: str = "", hint: str | None = None) -> ConfigError:
        setting = f"stores.{self.store}.{key}" if key else f"stores.{self.store}"
        return ConfigError(f"Store {self.store!r}: {message}", setting=setting, source=self.source, hint=hint)

    def complete(self, raw: object) -> MaskedDict:
        if not re.fullmatch(r"[\w-]+", self.store):
            raise self.error("its name may hold letters, digits, '_' and '-' only.")
        if not isinstance(raw, Mapping):
            raise self.error("it must be a table with protocol and location.")
        protocol = self.protocol(raw)
        self.keys(raw, protocol)
        spec = MaskedDict(dict(_COMMON) | dict(protocol.defaults) | dict(raw))
        self.common(spec)
        if protocol.name == "s3":
            self.s3(spec)
        self.prefixes(spec)
        return spec

    def protocol(self, raw: Mapping[str, Any]) -> StoreProtocol:
        name = raw.get("protocol")
        if name is None:
            raise self.error("'protocol' is missing.", "protocol", f"One of {', '.join(_PROTOCOLS)}.")
        if name not in _PROTOCOLS:
            hint = did_you_mean(str(name), list(_PROTOCOLS)) or f"Known: {', '.join(_PROTOCOLS)}."
            raise self.error(f"the protocol {name!r} is unknown.", "protocol", hint)
        return _PROTOCOLS[name]

    def keys(self, raw: Mapping[str, Any], protocol: StoreProtocol) -> None:
        required = {"protocol", "location", *protocol.required}
        for key in sorted(required):
            if raw.get(key) is None:
                raise self.error(f"{key!r} is missing; the protocol {protocol.name!r} needs it.", key)
            if not isinstance(raw[key], str):
                raise self.error(f"{key!r} must be a text.", key)
        allowed = required | set(_COMMON) | set(protocol.defaults) | _LEGACY
        for key in raw:
            if key not in allowed:
                hint = did_you_mean(key, sorted(allowed)) or f"Known: {', '.join(sorted(allowed))}."
                raise self.error(f"{key!r} is no key of the protocol {protocol.name!r}.", key, hint)
        if protocol.name == "file" and not raw["location"]:
            raise self.error("'location' must name a folder.", "location")

    def common(self, spec: MaskedDict) -> None:
        spec["token_length"] = min(16, max(4, self.value(spec, "token_length", integer(0))))
        folding = spec["subfolding"]
        if folding is not None and not _is_folding(folding):
            raise self.error(
                "'subfolding' must be a list of positive integers, such as [2, 2].", "subfolding"
            )
        for key in ("hash_prefix", "schema_prefix", "filepath_prefix", "partition_pattern"):
            optional_key = key in ("filepath_prefix", "partition_pattern")
            if not (isinstance(spec[key], str) or (spec[key] is None and optional_key)):
                raise self.error(f"{key!r} must be a text.", key)

    def value(self, spec: MaskedDict, key: str, kind: Kind[Any]) -> Any:
        return kind(f"stores.{self.store}.{key}", spec[key], self.source)

    def s3(self, spec: MaskedDict) -> None:
        for key in ("access_key", "secret_key", "session_token"):
            spec[key] = spec[key] or None
        if (spec["access_key"] is None) != (spec["secret_key"] is None):
            absent = "access_key" if spec["access_key"] is None else "secret_key"
            hint = "Give both, or neither to use the identity of the machine."
            raise self.error(f"only one of the two keys is given; {absent!r} is missing.", absent, hint)
        spec["secure"] = self.value(spec, "secure", BOOLEAN)

    def prefixes(self, spec: MaskedDict) -> None:
        sections: dict[str, tuple[str, ...]] = {}
        for key in ("hash_prefix", "schema_prefix", "filepath_prefix"):
            if spec[key] is None:
                continue
            parts = tuple(part for part in spec[key].split("/") if part not in ("", "."))
            if spec[key].startswith("/") or ".." in parts or "\\" in spec[key]:
                raise self.error(f"{key!r} must be a relative path without '..'.", key)
            for other, theirs in sections.items():
                if parts[: len(theirs)] == theirs or theirs[: len(parts)] == parts:
                    raise self.error(
                        f"{key!r} and {other!r} lie one inside the other.", key, "Use separate folders."
                    )
            sections[key] = parts


def _is_folding(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(length, int) and not isinstance(length, bool) and length > 0 for length in value
    )
