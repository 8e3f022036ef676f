"""Templates and saved settings."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamill.errors import ConfigError
from datamill.settings import SETTINGS, Settings
from datamill.settings.persist import to_toml

from .conftest import Make


@pytest.mark.parametrize("minimal", [True, False])
def test_template_changes_nothing_until_filled_in(make: Make, project: Path, minimal: bool) -> None:
    path = make().save_template(project / "datamill.toml", minimal=minimal)
    assert path == project / "datamill.toml"
    assert make().settings == Settings()
    lines = path.read_text().splitlines()
    named = [line for line in lines if line.startswith("# ") and " = " in line]
    assert len(named) >= (5 if minimal else len(SETTINGS) - 3)
    active = [line.removeprefix("# ") if " = " in line and "…" not in line else line for line in lines]
    tree = tomllib.loads("\n".join(active).replace("\n[stores", "\n#[stores").replace("\n# [stores", "\n#"))
    assert tree["safemode"] is True


def test_full_template_shows_valid_values(make: Make, project: Path) -> None:
    text = (
        make()
        .save_template(project / "template.toml", minimal=False)
        .read_text()
        .partition("# Where large")[0]
    )
    uncommented = [
        line[2:] if line.startswith("# ") and " = " in line else line for line in text.splitlines()
    ]
    kept = [line for line in uncommented if "…" not in line and "backend" not in line]
    (project / "datamill.toml").write_text("\n".join(kept))
    assert make().settings.display == Settings().display
    assert make().settings.jobs == Settings().jobs


def test_json_template_is_read_back(make: Make, project: Path) -> None:
    path = make().save_template(project / "datajoint.json", minimal=False)
    tree = json.loads(path.read_text())
    assert tree["database"]["host"] == "localhost"
    assert tree["jobs"]["default_priority"] == 5
    assert make().settings.jobs == Settings().jobs
    assert make().database_address().backend == "mysql"


def test_template_never_overwrites(make: Make, project: Path) -> None:
    (project / "datamill.toml").write_text("mine")
    with pytest.raises(FileExistsError):
        make().save_template(project / "datamill.toml")
    assert (project / "datamill.toml").read_text() == "mine"
    assert not (project / ".secrets").exists()


def test_secrets_folder(make: Make, project: Path) -> None:
    secrets = project / ".secrets"
    secrets.mkdir()
    (secrets / "database.user").write_text("ann")
    make().save_template(project / "datamill.toml")
    assert (secrets / "database.user").read_text() == "ann"
    assert (secrets / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE((secrets / "database.password").stat().st_mode) == 0o600
    make().save_template(project / "sub.json", create_secrets_dir=False)


def test_save_local_is_read_back(make: Make, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    config = make({"DJ_USER": "ann", "DJ_PASS": "sesame"})
    config["stores"] = {
        "default": "m",
        "m": {"protocol": "s3", "bucket": "b", "location": "", "secret_key": "hush"},
    }
    config["custom"] = {"a b": [1, "ü", {"c": True}], "none": None}
    config.display.limit = 3
    config.safemode = False
    config["database.url"] = "postgresql://ann:open@h/db"
    path = config.save_local(verbose=True)
    text = path.read_text()
    assert not any(secret in text for secret in ("sesame", "hush", "open"))
    again = make()
    assert again["stores"] == config["stores"]
    assert again["custom"] == {"a b": [1, "ü", {"c": True}]}
    assert (again.display.limit, again.safemode, again["database.user"]) == (3, False, "ann")
    assert again.database_address() == config.database_address()
    assert config.save_local() == path
    path.write_text("# mine\n")
    with pytest.raises(FileExistsError):
        config.save_local()


def test_save_global(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert make().save_global() == tmp_path / "datamill.toml"


texts = st.text(alphabet=st.characters(blacklist_categories=["Cs"]))
values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_toml_round_trip(value: object) -> None:
    assert tomllib.loads(f"x = {to_toml(value)}") == {"x": value}


def test_toml_cannot_hold_everything() -> None:
    with pytest.raises(ConfigError):
        to_toml(object())


@pytest.mark.parametrize(
    ("url", "public", "secrets"),
    [
        (
            "postgresql://ann@lab.org/db?password=SE%26KRET&sslmode=require",
            "postgresql://ann@lab.org/db?sslmode=require",
            {"database.password": "SE&KRET"},
        ),
        (
            "postgresql://ann:SEKRET@lab.org/db?sslpassword=KEYPW",
            None,
            {"database.url": "postgresql://ann:SEKRET@lab.org/db?sslpassword=KEYPW"},
        ),
    ],
)
def test_secrets_among_the_options_of_a_url_are_saved_as_secrets(
    make: Make,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    public: str | None,
    secrets: dict[str, str],
) -> None:
    monkeypatch.chdir(project)
    config = make({"DATAMILL_URL": url})
    saved = tomllib.loads(config.save_local().read_text())
    assert saved.get("database", {}).get("url") == public
    found = {path.name: path.read_text() for path in (project / ".secrets").iterdir() if path.name[0] != "."}
    assert found == secrets
    assert make().database_address() == config.database_address()
