# Short commands for everyday work; scripts/test creates the environment they use.

python := ".venv/bin/python"

# List the commands.
default:
    @just --list

# Format the code and sort imports.
fmt:
    .venv/bin/ruff check --select I --fix .
    .venv/bin/ruff format .

# Style, complexity and layers.
lint:
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .
    .venv/bin/lint-imports

# Static types.
type:
    .venv/bin/mypy

# Tests; arguments go to pytest.
test *arguments:
    {{python}} -m pytest -n auto --dist loadfile {{arguments}}

# Write the golden SQL files anew; look at the difference before committing it.
golden:
    {{python}} -m pytest tests/golden --update-golden
    git diff --stat -- tests/golden

# Measure against the raw driver.
bench *arguments:
    {{python}} -m benchmarks.sqlite {{arguments}}

# Run the demonstration pipelines.
demo *arguments:
    scripts/demo {{arguments}}

# Everything the build server runs.
ci:
    .ci/run
