"""Where settings come from, and which source wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datamill.errors import ConfigError, DataMillWarning
from datamill.settings import Config, thread_safe

from .conftest import Make


def write_json(folder: Path, tree: object) -> Path:
    path = folder / "datajoint.json"
    path.write_text(json.dumps(tree))
    return path


def test_defaults(make: Make) -> None:
    config = make()
    assert config.display.limit == 12
    assert config.safemode is True
    assert config.source("display.limit") == "default"
    assert not config.is_set("display.limit")


def test_the_file_of_older_pipelines_is_pointed_out(make: Make, project: Path) -> None:
    path = project / "dj_local_conf.json"
    path.write_text('{"database.user": "ann", "display.limit": 5}')
    config = make()
    with pytest.warns(DataMillWarning, match=r"dj_local_conf\.json holds settings of DataJoint 0\.14"):
        assert config.display.limit == 12
    config.load(path)
    assert (config.database.user, config.display.limit) == ("ann", 5)
    write_json(project, {"display": {"limit": 1}})
    assert make().display.limit == 1


def test_each_source_beats_the_ones_below(make: Make, project: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "run" / "datajoint"
    mounted.mkdir(parents=True)
    (mounted / "database.user").write_text("mounted-datajoint\n")
    assert make().database.user == "mounted-datajoint"

    other = tmp_path / "run" / "datamill"
    other.mkdir()
    (other / "database.user").write_text("mounted-datamill")
    assert make().database.user == "mounted-datamill"

    write_json(project, {"display": {"limit": 1}})
    (project / ".secrets").mkdir()
    (project / ".secrets" / "database.user").write_text("secret\n")
    assert make().database.user == "secret"

    write_json(project, {"database": {"user": "json"}})
    assert make().database.user == "json"

    assert make({"DJ_USER": "dj"}).database.user == "dj"

    (project / "datamill.toml").write_text('[database]\nuser = "toml"\n')
    assert make({"DJ_USER": "dj"}).database.user == "toml"

    environment = {"DJ_USER": "dj", "DATAMILL_USER": "short"}
    assert make(environment).database.user == "short"
    environment["DATAMILL_DATABASE__USER"] = "long"
    assert make(environment).database.user == "long"
    assert make(environment).source("database.user") == "environment variable DATAMILL_DATABASE__USER"

    assert make(environment, database__user="runtime").database.user == "runtime"


def test_datamill_toml_replaces_pyproject(make: Make, project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.datamill.display]\nlimit = 3\nwidth = 5\n")
    assert make().display.limit == 3
    (project / "datamill.toml").write_text("display.limit = 4\n")
    assert (make().display.limit, make().display.width) == (4, 14)


def test_pyproject_of_others_is_left_alone(make: Make, project: Path) -> None:
    (project / "pyproject.toml").write_text("broken = ")
    assert make().display.limit == 12
    (project / "datamill.toml").write_text("display.limit = 4\n")
    inner = project / "package"
    inner.mkdir()
    (inner / "pyproject.toml").write_text('[project]\ndependencies = ["datamill"]\n')
    assert make(start=inner).display.limit == 4


def test_search_goes_up_to_the_repository_root(make: Make, project: Path) -> None:
    (project.parent / "datamill.toml").write_text("display.limit = 99\n")
    inner = project / "a" / "b"
    inner.mkdir(parents=True)
    assert make(start=inner).display.limit == 12
    (project / "datamill.toml").write_text("display.limit = 4\n")
    assert make(start=inner).display.limit == 4
    (project / "a" / ".hg").mkdir()
    assert make(start=inner).display.limit == 12


@pytest.mark.parametrize(
    "tree",
    [
        {
            "database.host": "h",
            "display": {"limit": 3},
            "stores": {"default": "m", "m": {"protocol": "file"}},
        },
        {"database": {"host": "h", "password": None, "port": None}, "display.limit": 3, "query_cache": None},
    ],
)
def test_json_nested_and_dotted(make: Make, project: Path, tree: object) -> None:
    write_json(project, tree)
    config = make()
    assert (config.database.host, config.display.limit) == ("h", 3)
    assert not config.is_set("database.port")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("datamill.toml", "display = [\n"),
        ("datamill.toml", "display = 5\n"),
        ("datajoint.json", "{"),
        ("datajoint.json", "[1, 2]"),
        ("datajoint.json", "[" * 100_000),
        ("pyproject.toml", "[tool.datamill\n"),
        ("pyproject.toml", "[tool]\ndatamill = 3\n"),
    ],
)
def test_broken_file(make: Make, project: Path, name: str, text: str) -> None:
    (project / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        make().safemode  # noqa: B018
    assert caught.value.source == str(project / name)
    assert name in str(caught.value)


def test_file_that_is_not_text(make: Make, project: Path) -> None:
    (project / "datamill.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        make().safemode  # noqa: B018


def test_invalid_value_names_setting_and_source(make: Make, project: Path) -> None:
    path = project / "datamill.toml"
    path.write_text('[display]\nlimit = "many"\n')
    with pytest.raises(
        ConfigError, match=r"display\.limit = 'many'.*expected an integer from 0 up"
    ) as caught:
        make().safemode  # noqa: B018
    assert (caught.value.setting, caught.value.source) == ("display.limit", str(path))
    with pytest.raises(ConfigError) as caught:
        make({"DATAMILL_IGNORE_CONFIG_FILE": "1", "DJ_PORT": "many"}).safemode  # noqa: B018
    assert caught.value.setting == "database.port"
    assert caught.value.source == "environment variable DJ_PORT"


def test_unknown_key_warns_with_near_miss(make: Make, project: Path) -> None:
    write_json(project, {"display": {"limt": 3, "width": 5}})
    with pytest.warns(
        DataMillWarning, match=r"'display\.limt'.*Did you mean 'display\.limit'.*datajoint\.json"
    ):
        assert make().display.width == 5


def test_unknown_variable_warns(make: Make) -> None:
    with pytest.warns(DataMillWarning, match=r"DATAMILL_SAFEMOD.*DATAMILL_SAFEMODE"):
        assert make({"DATAMILL_SAFEMOD": "0"}).safemode is True


def test_variables_of_others_are_left_alone(make: Make) -> None:
    environment = {"DJ_SUPPORT_FILEPATH_MANAGEMENT": "TRUE", "DJ_URL": "x", "DATAMILL_TEST_URL": "x"}
    environment |= {"DATAMILL_THREAD_SAFE": "1", "DJ_THREAD_SAFE": "0", "DATAMILL_ALIAS_DATAJOINT": "1"}
    assert make(environment).database.url is None


def test_settings_of_old_datajoint_are_ignored_with_a_warning(make: Make, project: Path) -> None:
    write_json(project, {"fetch_format": "array", "enable_python_native_blobs": True, "cache": "/x"})
    with pytest.warns(DataMillWarning, match="older DataJoint") as caught:
        make().safemode  # noqa: B018
    assert len(caught) == 3
    with pytest.warns(DataMillWarning, match="enable_python_native_blobs"):
        make({"DATAMILL_IGNORE_CONFIG_FILE": "1"})["enable_python_native_blobs"] = True


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("DATAMILL_URL", "sqlite://", "database.url", "sqlite://"),
        ("DATAMILL_BACKEND", "postgres", "database.backend", "postgresql"),
        ("DJ_PASS", "sesame", "database.password", "sesame"),
        ("DATAMILL_DATABASE_NAME", "science", "database.name", "science"),
        ("DJ_USE_TLS", "none", "database.use_tls", None),
        ("DJ_USE_TLS", '{"ca": "x.pem"}', "database.use_tls", {"ca": "x.pem"}),
        ("DATAMILL_DATABASE__COLLATION", "", "database.collation", ""),
        ("DATAMILL_DATABASE__BUSY_TIMEOUT", "0.5", "database.busy_timeout", 0.5),
        ("DJ_DIAGRAM_DIRECTION", "tb", "display.diagram_direction", "TB"),
        ("DATAMILL_JOBS_CONTRACT", "strict", "jobs.contract", "strict"),
        ("DJ_JOBS_AUTO_REFRESH", "off", "jobs.auto_refresh", False),
        ("DJ_JOBS_VERSION_METHOD", "none", "jobs.version_method", "none"),
        ("DATAMILL_PROVENANCE_SOURCE", '{"lab": "x"}', "provenance.source", {"lab": "x"}),
        ("DATAMILL_STORAGE__CACHE_LIMIT", "2 GiB", "storage.cache_limit", 2**31),
        ("DATAMILL_SAFEMODE", "no", "safemode", False),
        ("DJ_LOG_LEVEL", "jobs", "loglevel", "JOBS"),
        ("DATAMILL_CUSTOM__ROOM", "3", "custom.room", "3"),
        ("DATAMILL_STORES__MAIN__LOCATION", "/x", "stores.main.location", "/x"),
    ],
)
def test_variables(make: Make, variable: str, text: str, name: str, value: object) -> None:
    assert make({variable: text})[name] == value


def test_empty_variable_is_not_set(make: Make) -> None:
    config = make({"DJ_USER": "", "DATAMILL_PORT": " "})
    assert config.database.user is None
    assert not config.is_set("database.port")


def test_ignoring_files_ignores_secrets_too(make: Make, project: Path) -> None:
    (project / "datamill.toml").write_text("this is broken")
    (project / ".secrets").mkdir()
    (project / ".secrets" / "database.user").write_text("secret")
    for variable in ("DATAMILL_IGNORE_CONFIG_FILE", "DJ_IGNORE_CONFIG_FILE"):
        assert make({variable: "true"}).database.user is None
    assert make(ignore_config_file=True).database.user is None


def test_secrets_that_are_no_settings_or_empty_are_passed_over(make: Make, project: Path) -> None:
    write_json(project, {})
    secrets = project / ".secrets"
    secrets.mkdir()
    for name in ("datajoint.dev.json", ".gitignore", "database.password"):
        (secrets / name).write_text("")
    assert make().database.password is None


def test_stores_variable_replaces_the_block_and_secrets_fill_it(make: Make, project: Path) -> None:
    write_json(project, {"stores": {"default": "old", "old": {"protocol": "file", "location": "/old"}}})
    (project / ".secrets").mkdir()
    (project / ".secrets" / "stores.main.secret_key").write_text("from-file\n")
    (project / ".secrets" / "stores.main.access_key").write_text("from-file\n")
    (project / ".secrets" / "stores.gone.token").write_text("x")
    assert make()["stores"] == {"default": "old", "old": {"protocol": "file", "location": "/old"}}
    stores = {
        "default": "main",
        "main": {"protocol": "s3", "bucket": "b", "location": "l", "access_key": "given"},
    }
    expected = {**stores, "main": {**stores["main"], "secret_key": "from-file"}}  # type: ignore[dict-item]
    for variable in ("DJ_STORES", "DATAMILL_STORES"):
        assert make({variable: json.dumps(stores)})["stores"] == expected
    config = make()
    config["stores"] = {"main": {"protocol": "memory", "location": "", "secret_key": None}}
    assert config["stores"]["main"]["secret_key"] == "from-file"


def test_broken_stores_variable_does_not_show_its_content(make: Make) -> None:
    with pytest.raises(ConfigError) as caught:
        make({"DJ_STORES": '{"main": {"secret_key": "sesame"'}).safemode  # noqa: B018
    assert caught.value.setting == "stores"
    assert "sesame" not in str(caught.value)


def test_files_add_stores_to_each_other(make: Make, project: Path) -> None:
    write_json(project, {"stores": {"default": "old", "old": {"protocol": "file", "location": "/old"}}})
    (project / "datamill.toml").write_text(
        '[stores]\ndefault="new"\n[stores.new]\nprotocol="memory"\nlocation=""\n'
    )
    stores = make()["stores"]
    assert stores["default"] == "new"
    assert set(stores) == {"default", "old", "new"}


def test_nothing_is_read_before_first_use(project: Path) -> None:
    (project / "datamill.toml").write_text("broken")
    config = Config(environment={}, start=project)
    with pytest.raises(ConfigError):
        config.safemode  # noqa: B018
    (project / "datamill.toml").write_text("safemode = false")
    assert config.safemode is False


def test_reload(make: Make, project: Path) -> None:
    config = make(display__width=3)
    assert config.display.limit == 12
    (project / "datamill.toml").write_text("display.limit = 4\n")
    assert config.display.limit == 12
    config.reload()
    assert (config.display.limit, config.display.width) == (4, 3)


def test_large_priority_is_clamped(make: Make) -> None:
    with pytest.warns(DataMillWarning, match="becomes 127"):
        assert make({"DJ_JOBS_DEFAULT_PRIORITY": "200"}).jobs.default_priority == 127
    with pytest.raises(ConfigError):
        make(jobs__default_priority=256)


def test_deprecated_setting_warns(make: Make) -> None:
    with pytest.warns(DataMillWarning, match="deprecated"):
        assert make({"DJ_DATABASE_PREFIX": "lab_"}).database.database_prefix == "lab_"


@pytest.mark.parametrize(
    ("text", "answer"), [("true", True), ("1", True), ("YES", True), ("0", False), ("", False)]
)
def test_thread_safe(text: str, answer: bool) -> None:
    assert thread_safe({"DATAMILL_THREAD_SAFE": text}) is answer
    assert thread_safe({"DJ_THREAD_SAFE": text}) is answer
