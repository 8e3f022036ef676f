"""From the settings of a store to an fsspec filesystem: one small function per protocol."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any, Final

from datamill.errors import ConfigError, MissingExtraError
from datamill.storage.adapter import get_storage_adapter
from datamill.storage.s3_direct import DirectS3

Spec = Mapping[str, Any]
CONNECTIONS: Final = 50
"""Connections that an S3 client may keep open, so that threads do not wait for each other."""


def make_filesystem(spec: Spec, base: str | None = None) -> Any:
    """Return the filesystem of a store.

    Args:
        spec: Checked settings of the store.
        base: For ``file``: a folder that must exist whenever something is written; default: the location.

    Raises:
        MissingExtraError: The library of the protocol is not installed.
        ConfigError: No built-in protocol and no plugin serves it, or the plugin refuses the settings.
    """
    protocol = spec["protocol"]
    if protocol == "file":
        from datamill.storage.based_files import BasedFileSystem

        return BasedFileSystem(base or str(spec["location"]))
    make = _MAKERS.get(protocol)
    if make is not None:
        return make(spec)
    adapter = get_storage_adapter(protocol)
    if adapter is None:
        raise ConfigError(f"The store protocol {protocol!r} is unknown.", setting="stores")
    adapter.validate_spec(spec)
    return adapter.create_filesystem(spec)


def _memory(spec: Spec) -> Any:
    from fsspec.implementations.memory import MemoryFileSystem

    return MemoryFileSystem()


def _s3(spec: Spec) -> Any:
    _require("s3fs", "s3")
    from s3fs import S3FileSystem

    return S3FileSystem(
        **_given(spec, key="access_key", secret="secret_key", token="session_token", profile="profile"),
        use_ssl=bool(spec.get("secure", True)),
        client_kwargs=_given(spec, region_name="region") | _endpoint(spec),
        config_kwargs=_s3_config(spec),
        use_listings_cache=False,
    )


def make_direct(spec: Spec) -> DirectS3 | None:
    """Return what gets and puts whole objects faster than the filesystem does, where there is such a thing."""
    if spec["protocol"] != "s3":
        return None
    _require("s3fs", "s3")
    client = _given(
        spec,
        aws_access_key_id="access_key",
        aws_secret_access_key="secret_key",
        aws_session_token="session_token",
        region_name="region",
    )
    client |= {"use_ssl": bool(spec.get("secure", True))} | _endpoint(spec)
    return DirectS3(client, _s3_config(spec), spec.get("profile"))


def _given(spec: Spec, **names: str) -> dict[str, Any]:
    """Return the settings that a store has, under other names; without keys the identity is that of the machine."""
    return {name: spec[key] for name, key in names.items() if spec.get(key)}


def _endpoint(spec: Spec) -> dict[str, Any]:
    return {"endpoint_url": s3_endpoint(spec)} if spec.get("endpoint") else {}


def _s3_config(spec: Spec) -> dict[str, Any]:
    config: dict[str, Any] = {
        "max_pool_connections": CONNECTIONS,
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    if spec.get("proxy_server"):
        config["proxies"] = {"http": spec["proxy_server"], "https": spec["proxy_server"]}
    return config


def s3_endpoint(spec: Spec) -> str:
    """Return the URL of an S3 server.

    Example:
        >>> s3_endpoint({"endpoint": "localhost:9000", "secure": False})
        'http://localhost:9000'
    """
    endpoint = str(spec["endpoint"])
    if "://" in endpoint:
        return endpoint
    return f"{'https' if spec.get('secure', True) else 'http'}://{endpoint}"


def _gcs(spec: Spec) -> Any:
    _require("gcsfs", "gcs")
    from fsspec import filesystem

    return filesystem("gcs", **_given(spec, token="token", project="project"), use_listings_cache=False)


def _azure(spec: Spec) -> Any:
    _require("adlfs", "azure")
    from fsspec import filesystem

    given = _given(
        spec,
        account_name="account_name",
        account_key="account_key",
        connection_string="connection_string",
    )
    return filesystem("abfs", **given, anon=False, use_listings_cache=False)


def _require(package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(
            f"Stores of protocol {extra!r} need the package {package!r}, which is not installed.",
            extra=extra,
            hint=f'Install it: pip install "datamill[{extra}]"',
        )


_MAKERS: Final[dict[str, Callable[[Spec], Any]]] = {
    "memory": _memory,
    "s3": _s3,
    "gcs": _gcs,
    "azure": _azure,
}
