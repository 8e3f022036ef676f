"""Whatever is written into a URL, a file or a variable: our errors, or an answer."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import json
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datamill.errors import ConfigError, DataMillWarning
from datamill.settings import SETTINGS, Config, Setting, parse_url

URLISH = st.text(alphabet=st.sampled_from(list("abz019:/@?#%[]. =&_-é\x00\n")), max_size=30)
SCHEME = st.sampled_from(["sqlite", "mysql", "postgresql", "postgres", "mariadb", "other", ""])
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(SCHEME, URLISH)
@settings(max_examples=500)
def test_urls(scheme: str, rest: str) -> None:
    with contextlib.suppress(ConfigError):
        address = parse_url(f"{scheme}://{rest}")
        assert repr(address)
        assert parse_url(address.to_url(show_password=True)).backend == address.backend


@given(st.sampled_from(sorted(SETTINGS)), TREES)
@settings(max_examples=500)
def test_values(name: str, value: object) -> None:
    config = Config(environment={}, ignore_files=True)
    with warnings.catch_warnings(), contextlib.suppress(ConfigError):
        warnings.simplefilter("ignore", DataMillWarning)
        config[name] = value
        assert config.settings is config.settings
        assert repr(config)


@given(
    st.dictionaries(
        st.sampled_from(["database", "stores", "display.limit", "custom", "x", ""]), TREES, max_size=4
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_files(tmp_path: Path, tree: dict[str, object]) -> None:
    (tmp_path / ".git").mkdir(exist_ok=True)
    (tmp_path / "datajoint.json").write_text(json.dumps(tree), encoding="utf-8")
    config = Config(environment={}, start=tmp_path, run_secrets=tmp_path)
    with warnings.catch_warnings(), contextlib.suppress(ConfigError):
        warnings.simplefilter("ignore", DataMillWarning)
        config.get_store_spec()


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
def test_defaults_convert_to_themselves(setting: Setting) -> None:
    assert setting.kind("x", setting.default, "test") == setting.default


@pytest.mark.parametrize(
    "name",
    [
        "registry",
        "settings.address",
        "settings.config",
        "settings.secret",
        "settings.sources",
        "settings.values",
        "settings.views",
    ],
)
def test_docstring_examples(name: str) -> None:
    failures, tried = doctest.testmod(importlib.import_module(f"datamill.{name}"))
    assert (failures, tried > 0) == (0, True)
