"""The specification of object stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datamill.errors import ConfigError
from datamill.settings import parse_url, register_store_protocol, stores

from .conftest import Make

FILE = {"protocol": "file", "location": "/data"}
S3 = {"protocol": "s3", "bucket": "b", "location": ""}


def spec(make: Make, store: dict[str, Any]) -> dict[str, Any]:
    config = make()
    config["stores"] = {"default": "main", "main": store}
    return config.get_store_spec()


def test_defaults_are_filled_in(make: Make) -> None:
    assert spec(make, FILE) == {
        "protocol": "file",
        "location": "/data",
        "hash_prefix": "_hash",
        "schema_prefix": "_schema",
        "filepath_prefix": None,
        "subfolding": None,
        "partition_pattern": None,
        "token_length": 8,
    }


def test_which_store(make: Make) -> None:
    config = make()
    config["stores"] = {
        "default": "main",
        "filepath_default": "raw",
        "main": FILE,
        "raw": {**FILE, "location": "/raw"},
    }
    for store in (None, "", "main"):
        assert config.get_store_spec(store)["location"] == "/data"
        assert config.get_store_name(store) == "main"
    assert config.get_store_name(use_filepath_default=True) == "raw"
    assert config.get_store_spec("raw", use_filepath_default=True)["location"] == "/raw"
    with pytest.raises(ConfigError, match="Did you mean 'main'") as caught:
        config.get_store_spec("mian")
    assert caught.value.setting == "stores.mian"
    with pytest.raises(ConfigError):
        config.get_store_spec("default")
    del config.stores["default"]
    with pytest.raises(ConfigError, match="No default store"):
        config.get_store_spec()


def test_sqlite_has_a_store_beside_the_file(make: Make, project: Path) -> None:
    (project / "datamill.toml").write_text('database.path = "lab.db"\n')
    config = make()
    assert config.get_store_spec()["location"] == str(project / "lab_store")
    assert config.get_store_name() == "main"
    assert config.get_store_spec(address=parse_url("sqlite:////x/y.db"))["location"] == "/x/y_store"
    assert config.get_store_spec(address=parse_url("sqlite://"))["protocol"] == "memory"
    with pytest.raises(ConfigError):
        config.get_store_spec("other")
    with pytest.raises(ConfigError, match="no store 'main'"):
        config.get_store_spec(address=parse_url("mysql://h"))


def test_relative_location_is_beside_the_settings_file(make: Make, project: Path) -> None:
    (project / "datamill.toml").write_text(
        '[stores]\ndefault = "main"\n[stores.main]\nprotocol = "file"\nlocation = "objects"\n'
    )
    assert make().get_store_spec()["location"] == str(project / "objects")


@pytest.mark.parametrize(("given", "used"), [(1, 4), (4, 4), (10, 10), (99, 16)])
def test_token_length_is_clamped(make: Make, given: int, used: int) -> None:
    assert spec(make, {**FILE, "token_length": given})["token_length"] == used


def test_s3_keys(make: Make) -> None:
    found = spec(make, {**S3, "access_key": "", "secret_key": ""})
    assert (found["access_key"], found["secret_key"], found["secure"], found["endpoint"]) == (
        None,
        None,
        True,
        None,
    )
    found = spec(make, {**S3, "access_key": "sesame", "secret_key": "sesame", "secure": "false"})
    assert (found["secret_key"], found["secure"]) == ("sesame", False)
    assert "sesame" not in repr(found)


def test_legacy_and_other_protocols(make: Make) -> None:
    assert spec(make, {**FILE, "stage": "/tmp"})["stage"] == "/tmp"
    assert spec(make, {"protocol": "gcs", "bucket": "b", "location": "x"})["token"] is None
    assert spec(make, {"protocol": "azure", "container": "c", "location": "x"})["account_key"] is None
    assert spec(make, {"protocol": "memory", "location": ""})["protocol"] == "memory"


@pytest.mark.parametrize(
    ("store", "key"),
    [
        ({"location": "/data"}, "protocol"),
        ({"protocol": "ftp", "location": "/data"}, "protocol"),
        ({"protocol": "file"}, "location"),
        ({"protocol": "file", "location": ""}, "location"),
        ({"protocol": "file", "location": 3}, "location"),
        ({"protocol": "s3", "location": "x"}, "bucket"),
        ({**FILE, "bucket": "b"}, "bucket"),
        ({**FILE, "hash_prefx": "b"}, "hash_prefx"),
        ({**S3, "access_key": "a"}, "secret_key"),
        ({**S3, "secret_key": "a", "access_key": ""}, "access_key"),
        ({**S3, "secure": "perhaps"}, "secure"),
        ({**FILE, "token_length": "long"}, "token_length"),
        ({**FILE, "subfolding": [2, 0]}, "subfolding"),
        ({**FILE, "subfolding": 2}, "subfolding"),
        ({**FILE, "partition_pattern": 2}, "partition_pattern"),
        ({**FILE, "hash_prefix": None}, "hash_prefix"),
        ({**FILE, "hash_prefix": "a", "schema_prefix": "a/b"}, "schema_prefix"),
        ({**FILE, "hash_prefix": "a/b/", "schema_prefix": "./a"}, "schema_prefix"),
        ({**FILE, "filepath_prefix": "_hash"}, "filepath_prefix"),
        ({**FILE, "hash_prefix": ""}, "schema_prefix"),
        ({**FILE, "hash_prefix": "../x"}, "hash_prefix"),
        ({**FILE, "hash_prefix": "/x"}, "hash_prefix"),
    ],
)
def test_wrong_specifications(make: Make, store: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        spec(make, store)
    assert caught.value.setting == f"stores.main.{key}"
    assert caught.value.source == "runtime"


def test_names_and_shapes(make: Make) -> None:
    config = make()
    config["stores"] = {"a b": FILE, "text": "no table"}
    for name in ("a b", "text"):
        with pytest.raises(ConfigError):
            config.get_store_spec(name)


def test_similar_prefixes_are_not_nested(make: Make) -> None:
    assert spec(make, {**FILE, "hash_prefix": "data", "schema_prefix": "data2"})["schema_prefix"] == "data2"


def test_further_protocols(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_PROTOCOLS", dict(stores._PROTOCOLS))
    register_store_protocol("uc", required=("protocol", "location", "volume"), allowed=("token", "volume"))
    found = spec(make, {"protocol": "uc", "location": "", "volume": "v"})
    assert (found["volume"], found["token"], found["token_length"]) == ("v", None, 8)
    with pytest.raises(ConfigError):
        spec(make, {"protocol": "uc", "location": ""})
    with pytest.raises(ConfigError, match="built in"):
        register_store_protocol("s3")
