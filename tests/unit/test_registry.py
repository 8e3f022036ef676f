"""The one registry: lazy entries, plugins, near misses, install hints."""

from __future__ import annotations

import sys
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from datamill.errors import ConfigError, DataMillError, DataMillWarning, MissingExtraError
from datamill.registry import Registry


def plugins(monkeypatch: pytest.MonkeyPatch, **found: str) -> list[str]:
    """Announce entry points of the group "test"; the list returned grows with each search."""
    searched: list[str] = []

    def entry_points(group: str) -> list[EntryPoint]:
        searched.append(group)
        return [EntryPoint(name, value, group) for name, value in found.items()] if group == "test" else []

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    return searched


def test_register_and_get() -> None:
    registry: Registry[int] = Registry("number")
    registry.register("one", 1)
    assert registry.get("one") == 1
    assert registry.find("two") is None
    assert "one" in registry
    assert registry.names() == list(registry) == ["one"]
    assert repr(registry) == "<Registry of numbers: one>"


def test_unknown_names() -> None:
    registry: Registry[int] = Registry("codec", {"blob": "math:pi"}, error=ConfigError)
    with pytest.raises(ConfigError, match=r"Unknown codec 'blbo'\. Did you mean 'blob'\?"):
        registry.get("blbo")
    with pytest.raises(ConfigError, match=r"Known: blob\."):
        registry.get("xyz")
    with pytest.raises(DataMillError, match=r"Known: none\."):
        Registry[int]("codec").get("xyz")


def test_a_name_is_taken_once() -> None:
    registry: Registry[object] = Registry("thing", {"built": "math:pi"})
    value = object()
    registry.register("a", value)
    registry.register("a", value)
    for name in ("a", "built"):
        with pytest.raises(DataMillError, match="already registered"):
            registry.register(name, object())
        registry.register(name, 3, replace=True)
        assert registry.get(name) == 3
        registry.unregister(name)
        assert name not in registry
        with pytest.raises(DataMillError):
            registry.unregister(name)


def test_built_in_entries_are_imported_on_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lazy_entry_module.py").write_text("value = [3]\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[int] = Registry(
        "number", {"three": "lazy_entry_module:value"}, adapt=lambda found: found[0]
    )
    assert "three" in registry
    assert registry.names() == ["three"]
    assert "lazy_entry_module" not in sys.modules
    assert registry.get("three") == 3
    monkeypatch.delitem(sys.modules, "lazy_entry_module")


def test_missing_libraries_name_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_a_driver.py").write_text("import driver_that_nobody_has.inner\n")
    monkeypatch.syspath_prepend(tmp_path)
    builtin = {"server": "needs_a_driver:x", "bare": "driver_that_nobody_has:x"}
    registry: Registry[Any] = Registry("backend", builtin, extras={"server": "serverdb"})
    with pytest.raises(MissingExtraError, match=r'pip install "datamill\[serverdb\]"') as caught:
        registry.get("server")
    assert caught.value.extra == "serverdb"  # type: ignore[attr-defined,unused-ignore]
    assert isinstance(caught.value, ImportError)
    with pytest.raises(MissingExtraError, match="pip install driver_that_nobody_has"):
        registry.find("bare")
    assert "server" in registry


def test_a_mistake_in_our_own_modules_is_no_missing_library() -> None:
    registry: Registry[Any] = Registry("backend", {"x": "datamill.no_such_module:x"})
    with pytest.raises(ModuleNotFoundError) as caught:
        registry.get("x")
    assert not isinstance(caught.value, MissingExtraError)


def test_plugins_load_when_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = plugins(monkeypatch, pi="math:pi", tau="math:tau")
    registry: Registry[float] = Registry("number", groups=("test", "other"))
    registry.register("one", 1.0)
    assert registry.get("one") == 1.0
    assert not searched
    assert registry.get("tau") > 6
    assert searched == ["test", "other"]
    assert registry.names() == ["one", "pi", "tau"]
    assert searched == ["test", "other"]


def test_plugins_do_not_replace_what_the_process_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, pi="math:pi")
    registry: Registry[float] = Registry("number", groups=("test",))
    registry.register("pi", 3.0)
    assert registry.names() == ["pi"]
    assert registry.get("pi") == 3.0


def test_a_plugin_may_register_itself_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Registry[Any] = Registry("codec", groups=("test",))
    module = types.ModuleType("self_registering")

    def found_on_request(name: str) -> object:
        registry.register("true_name", 7)
        return object

    module.__getattr__ = found_on_request  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "self_registering", module)
    plugins(monkeypatch, announced="self_registering:Codec")
    assert registry.get("true_name") == 7
    assert registry.names() == ["true_name"]


def test_failing_plugins_warn_and_are_named_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, broken="no_such_plugin_module:x", fine="math:pi")
    registry: Registry[float] = Registry("codec", groups=("test",))
    with pytest.warns(DataMillWarning, match="'broken'.*could not be loaded"):
        assert registry.find("absent") is None
    with pytest.raises(DataMillError, match=r"Known: fine\. The plugin 'broken' failed: ModuleNotFoundError"):
        registry.get("broken")


def test_threads_that_ask_at_once_get_the_same_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_entry.py").write_text("import time\ntime.sleep(0.2)\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry[list[int]]("thing", {"slow": "slow_entry:time"}, adapt=lambda found: [1])
    start = threading.Barrier(6)

    def ask(_: int) -> list[int]:
        start.wait()
        return registry.get("slow")

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ask, range(6)))
    assert all(value is found[0] for value in found)


def test_threads_wait_for_a_plugin_that_another_one_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        name = "slow"
        value = "slow:thing"

        def load(self) -> int:
            time.sleep(0.2)
            return 7

    monkeypatch.setattr(Registry, "_discover", lambda self: [Slow()])
    registry = Registry[int]("thing", groups=("things",))
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: registry.get("slow"), range(6))) == [7] * 6
