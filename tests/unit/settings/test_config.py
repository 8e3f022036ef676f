"""Reading and changing settings."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import threading
from pathlib import Path

import pytest

from datamill.errors import ConfigError, DataMillError, DataMillWarning
from datamill.settings import SETTINGS, Config, Secret, from_keyword, log

from .conftest import Make


def test_attribute_and_item_are_the_same_setting(make: Make) -> None:
    config = make()
    config.display.limit = 20
    assert config["display.limit"] == 20
    config["display.limit"] = "21"
    assert config.display.limit == 21
    config.safemode = False
    assert config["safemode"] is False


def test_del_goes_back_to_the_configured_value(make: Make) -> None:
    config = make({"DATAMILL_DISPLAY__LIMIT": "5"})
    config.display.limit = 20
    del config.display.limit
    assert config.display.limit == 5
    config["safemode"] = False
    del config["safemode"]
    assert config.safemode is True
    del config.safemode


def test_unknown_names(make: Make) -> None:
    config = make()
    with pytest.raises(KeyError, match=r"Did you mean 'display\.limit'"):
        config["display.limits"]
    with pytest.raises(KeyError):
        config["nonsense"] = 1
    with pytest.raises(KeyError):
        del config["nonsense"]
    with pytest.raises(AttributeError, match="Did you mean 'safemode'"):
        config.safemodes  # noqa: B018
    with pytest.raises(AttributeError):
        config.nonsense = 1
    with pytest.raises(AttributeError):
        config.display.limits  # noqa: B018
    with pytest.raises(AttributeError):
        config.display.limits = 1
    with pytest.raises(AttributeError):
        del config.display.limits
    with pytest.raises(KeyError, match="group"):
        config["display"]
    with pytest.raises(AttributeError, match="group"):
        config.display = 3
    assert config.get("nonsense") is None
    assert config.get("nonsense", 3) == 3
    assert "nonsense" not in config
    assert "display.limit" in config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("display.limit", -1),
        ("display.limit", 1.5),
        ("display.limit", True),
        ("display.limit", None),
        ("display.width", 0),
        ("safemode", "maybe"),
        ("safemode", 2),
        ("database.port", 0),
        ("database.port", 65536),
        ("database.url", "not a url"),
        ("database.backend", "oracle"),
        ("database.busy_timeout", "nan"),
        ("database.busy_timeout", -1),
        ("jobs.transaction", "never"),
        ("storage.cache_limit", "10 parsec"),
        ("loglevel", "LOUD"),
        ("loglevel", 10),
        ("stores", "nothing"),
        ("stores", [1]),
        ("stores", {1: {}}),
        ("download_path", 3),
    ],
)
def test_invalid_values(make: Make, name: str, value: object) -> None:
    config = make()
    before = config[name]
    with pytest.raises(ConfigError) as caught:
        config[name] = value
    assert (caught.value.setting, caught.value.source) == (name, "runtime")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, DataMillError)
    assert config[name] == before
    with pytest.raises(ConfigError), config.override({name: value}):
        pass


def test_secrets_are_masked_but_available(make: Make) -> None:
    config = make({"DJ_PASS": "sesame", "DATAMILL_URL": "mysql://ann:sesame@host/"})
    config["stores"] = {
        "main": {"protocol": "s3", "secret_key": "sesame", "access_key": "sesame", "token_length": 4}
    }
    password = config.database.password
    assert isinstance(password, Secret)
    assert password.get_secret_value() == "sesame"
    assert config["database.password"] == "sesame"
    assert dict(config.items())["database.password"] == "sesame"
    shown = [repr(config), repr(config.database), repr(config.settings), repr(config.stores), str(password)]
    shown += [
        repr(config["stores"]),
        f"{password}",
        repr(config.settings.database),
        repr(config.stores["main"]),
    ]
    assert not any("sesame" in text for text in shown)
    assert "'token_length': 4" in repr(config.stores)
    assert "mysql://ann:**********@host/" in repr(config)


def test_secret_is_a_value() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert pickle.loads(pickle.dumps(Secret("a"))) == Secret("a")
    assert not Secret("")


def test_invalid_secret_is_not_shown(make: Make) -> None:
    with pytest.raises(ConfigError) as caught:
        make()["database.password"] = ["sesame"]
    assert "sesame" not in str(caught.value)


def test_tables_are_live(make: Make) -> None:
    config = make()
    config["stores"] = {"default": "main"}
    config.stores["main"] = {"protocol": "memory", "location": ""}
    config["stores"]["main"]["location"] = "x"
    config["stores.main.token_length"] = 6
    stale = config["stores"]
    config["stores"]["other"] = {"protocol": "memory", "location": ""}
    stale["main"]["location"] = "y"
    assert config.settings.stores == {
        "default": "main",
        "main": {"protocol": "memory", "location": "y", "token_length": 6},
        "other": {"protocol": "memory", "location": ""},
    }
    assert config["stores.main.location"] == "y"
    assert "stores.main.absent" not in config
    del config["stores.main.token_length"]
    del config.stores["other"]
    assert config.stores == {"default": "main", "main": {"protocol": "memory", "location": "y"}}
    with pytest.raises(KeyError):
        del config.stores["other"]


def test_custom_is_a_free_dict(make: Make, project: Path) -> None:
    (project / "datajoint.json").write_text(json.dumps({"custom": {"database.prefix": "lab_", "roots": [1]}}))
    config = make()
    assert config["custom"]["database.prefix"] == "lab_"
    assert config["custom"].get("absent", 7) == 7
    config["custom"].setdefault("a", {})["b"] = 1
    config["custom"].update(c=2, d=3)
    config["custom"] |= {"e": 4}
    assert config["custom"].pop("d") == 3
    assert config["custom"].pop("d", None) is None
    assert config["custom"].popitem() == ("e", 4)
    assert config.custom == {"database.prefix": "lab_", "roots": [1], "a": {"b": 1}, "c": 2}
    assert json.loads(json.dumps(config.custom)) == config.custom
    assert isinstance(config.custom, dict)
    assert pickle.loads(pickle.dumps(config.custom)) == config.custom
    copied = copy.deepcopy(config.custom)
    copied["a"]["b"] = 9
    config.custom.copy()["a"]["b"] = 9
    assert config.custom["a"]["b"] == 1
    config.custom.clear()
    assert config.custom == {}


def test_values_given_are_not_aliased(make: Make) -> None:
    config = make()
    mine: dict[str, dict[str, int]] = {"a": {"b": 1}}
    config["custom"] = mine
    mine["a"]["b"] = 2
    assert config.custom["a"]["b"] == 1


def test_older_pipelines_call_the_configuration(make: Make) -> None:
    config = make()
    with config(safemode=False, display__limit=3) as same:
        assert same is config
        assert (config.safemode, config.display.limit) == (False, 3)
    assert config.safemode is True
    with pytest.raises(KeyError, match="config\\['custom'\\]"):
        config["zzz"] = 1


def test_override_ends_with_the_block(make: Make) -> None:
    config = make()
    with config.override(safemode=False, database__host="other") as same:
        assert same is config
        assert (config.safemode, config.database.host, config["database.host"]) == (False, "other", "other")
        with config.override({"display.limit": 3}, safemode=True):
            assert (config.safemode, config.database.host, config.display.limit) == (True, "other", 3)
            config.display.width = 9
            assert config.display.width == 9
        assert config.safemode is False
    assert (config.safemode, config.database.host, config.display.width) == (True, "localhost", 9)
    with pytest.raises(RuntimeError), config.override(safemode=False):
        raise RuntimeError
    assert config.safemode is True


def test_override_of_unknown_names_raises_before_anything_changes(make: Make) -> None:
    config = make()
    with pytest.raises(KeyError), config.override(safemode=False, nonsense=1):
        pass
    with pytest.raises(KeyError), config.override({"nonsense": 1}):
        pass
    assert config.safemode is True


def test_override_is_seen_by_one_thread_only(make: Make) -> None:
    config = make()
    seen: list[bool] = []
    with config.override(safemode=False):
        thread = threading.Thread(target=lambda: seen.append(config.safemode))
        thread.start()
        thread.join()
    assert seen == [True]


def test_override_is_seen_by_one_task_only(make: Make) -> None:
    config = make()

    async def worker(limit: int) -> int:
        with config.override(display__limit=limit):
            await asyncio.sleep(0)
            found: int = config.display.limit
            return found

    async def both() -> list[int]:
        return list(await asyncio.gather(worker(3), worker(4)))

    assert asyncio.run(both()) == [3, 4]


def test_two_configs_do_not_share(make: Make) -> None:
    first, second = make(), make()
    with first.override(safemode=False):
        first.display.limit = 3
        assert (second.safemode, second.display.limit) == (True, 12)


def test_settings_are_frozen_and_cached(make: Make) -> None:
    config = make()
    before = config.settings
    assert config.settings is before
    with pytest.raises(AttributeError):
        before.display.limit = 3  # type: ignore[misc]
    config.display.limit = 3
    assert (before.display.limit, config.settings.display.limit) == (12, 3)


def test_update_is_all_or_nothing(make: Make) -> None:
    config = make()
    config.update({"display.limit": 3}, display__width=4)
    assert (config.display.limit, config.display.width) == (3, 4)
    with pytest.raises(ConfigError):
        config.update(display__limit=5, display__width="wide")
    with pytest.raises(KeyError):
        config.update(display__limit=5, display__widht=5)
    assert config.display.limit == 3


def test_it_is_like_a_dict(make: Make) -> None:
    config = make()
    assert list(config) == list(config.keys()) == list(SETTINGS)
    assert len(config) == len(SETTINGS) == len(config.values())
    assert dict(config)["display.limit"] == 12
    assert {"display", "safemode", "override"} <= set(dir(config))
    assert "limit" in dir(config.display)


def test_load(make: Make, project: Path, tmp_path: Path) -> None:
    (project / "datamill.toml").write_text("display.limit = 3\n")
    config = make({"DATAMILL_SAFEMODE": "true"})
    path = tmp_path / "more.json"
    path.write_text(json.dumps({"display": {"limit": 4}, "safemode": False, "stores.a.location": "/x"}))
    config.load(path)
    assert (config.display.limit, config.safemode, config["stores.a.location"]) == (4, False, "/x")
    assert config.source("display.limit") == str(path)
    with pytest.raises(FileNotFoundError):
        config.load(tmp_path / "absent.toml")
    path.write_text("{")
    with pytest.raises(ConfigError):
        config.load(path)


def test_initial_values_are_checked() -> None:
    with pytest.raises(KeyError):
        Config({"nonsense": 1})
    with pytest.raises(ConfigError):
        Config({"display.limit": -1})


def test_keyword_names() -> None:
    assert from_keyword("jobs__default_priority") == "jobs.default_priority"
    with pytest.raises(KeyError):
        from_keyword("jobs__nonsense")


def test_retired_settings_at_runtime(make: Make) -> None:
    config = make()
    with pytest.warns(DataMillWarning, match="fetch_format"):
        config["fetch_format"] = "frame"
    with pytest.warns(DataMillWarning, match="cache"), config.override(cache="/x"):
        pass
    del config["fetch_format"]


def test_threads_may_change_and_read_at_once(make: Make) -> None:
    config = make()
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(200):
                config["custom"] = {"number": number, "step": step}
                assert set(config.settings.custom) == {"number", "step"}
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.fixture
def lone_logger(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """A logger without the handlers that pytest gives to ours."""
    logger = logging.Logger("datamill")
    monkeypatch.setattr(log, "logger", logger)
    return logger


def test_log_level_follows_the_setting(
    project: Path, lone_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config(environment={"DJ_LOG_LEVEL": "WARNING"}, start=project, controls_logging=True)
    assert not lone_logger.handlers
    assert config.safemode
    lone_logger.info("not shown")
    config["loglevel"] = "jobs"
    lone_logger.log(log.JOBS, "shown")
    assert lone_logger.level == log.JOBS
    assert logging.getLevelName(log.JOBS) == "JOBS"
    shown = capsys.readouterr().err
    assert "[JOBS]: shown" in shown
    assert "not shown" not in shown
    config.update(loglevel="ERROR")
    assert lone_logger.level == logging.ERROR
    assert len(lone_logger.handlers) == 1


def test_a_program_with_its_own_handlers_gets_none_from_us(lone_logger: logging.Logger) -> None:
    mine = logging.NullHandler()
    lone_logger.addHandler(mine)
    log.set_level("DEBUG")
    assert lone_logger.handlers == [mine]


def test_other_configs_leave_the_logger_alone(make: Make, lone_logger: logging.Logger) -> None:
    make()["loglevel"] = "ERROR"
    assert lone_logger.level == logging.NOTSET
