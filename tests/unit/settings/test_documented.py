"""Every setting is documented, and what the documentation says is true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from datamill.settings import SETTINGS, Config, Secret, Setting

from .conftest import Make

PAGE = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = {
    match[1]: [cell.strip() for cell in match[0].strip("|\n").split("|")]
    for match in re.finditer(
        r"^\| `([a-z_.]+)` \|.*$", PAGE.partition("## All settings")[2], flags=re.MULTILINE
    )
}


def written_default(setting: Setting) -> str:
    """Return how the default of a setting stands in the table."""
    if setting.default is None:
        return "none"
    if isinstance(setting.default, str):
        return f'`"{setting.default}"`'
    if isinstance(setting.default, dict):
        return "`{}`"
    return f"`{str(setting.default).lower()}`"


def written_variable(setting: Setting) -> str:
    variable = setting.short or setting.name.replace(".", "__").upper()
    other = f", `DJ_{variable}`" if setting.short and setting.datajoint else ""
    return f"`DATAMILL_{variable}`{other}"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
def test_row(setting: Setting) -> None:
    row = [f"`{setting.name}`", written_default(setting), written_variable(setting)]
    expected = setting.kind.expected.replace("|", r"\|")
    assert ROWS.get(setting.name) == [*row, expected, setting.doc], (
        f"| {' | '.join([*row, expected, setting.doc])} |"
    )


def test_no_row_is_invented() -> None:
    assert list(ROWS) == list(SETTINGS)


def test_toml_examples_are_valid(make: Make, project: Path) -> None:
    examples: list[str] = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert examples
    for example in examples:
        assert tomllib.loads(example)
        (project / "datamill.toml").write_text(example, encoding="utf-8")
        assert make().settings.safemode is True


def test_python_examples_run(make: Make) -> None:
    examples: list[str] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert examples
    config = make()
    for example in examples:
        exec(example.replace("from datamill import config\n", ""), {"config": config, "Secret": Secret})  # noqa: S102


def test_each_variable_name_works() -> None:
    for setting in SETTINGS.values():
        sample = {"database.url": "sqlite://", "stores": "{}", "custom": "{}", "provenance.source": "{}"}
        for variable in re.findall(r"`(\w+)`", written_variable(setting)):
            text = sample.get(setting.name) or str(setting.default if setting.default is not None else "none")
            if setting.deprecated or (text == "" and not setting.empty):
                continue
            config = Config(environment={variable: text}, ignore_files=True)
            if setting.name == "ignore_config_file" or text != "":
                assert config.is_set(setting.name)
