"""Completion in the shell: names of schemas and tables, read from the database; nothing is offered where that fails."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Callable

import typer

from datamill.errors import DataMillError

PATIENCE = 3.0
"""Seconds after which a database that does not answer is given up."""

_WORD = re.compile(r"[\w.]*\Z")


def schemas(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a schema."""
    return [name for name in _names(context)[0] if name.startswith(incomplete)]


def tables(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a table: ``lab.Mouse``, ``lab.Session.Probe``, or without the schema."""
    return _tables(_names(context)[1], incomplete)


def sources(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a schema or a table."""
    known, names = _names(context)
    return [name for name in known if name.startswith(incomplete)] + _tables(names, incomplete)


def expression(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the table that stands last in an expression."""
    match = _WORD.search(incomplete)
    word = match[0] if match else ""
    before = incomplete[: len(incomplete) - len(word)]
    return [before + name for name in _tables(_names(context)[1], word)]


def _tables(names: list[tuple[str, str]], incomplete: str) -> list[str]:
    full = [f"{schema}.{label}" for schema, label in names]
    found = [name for name in full if name.startswith(incomplete)]
    if incomplete:
        found += [label for _, label in names if label.startswith(incomplete)]
    return list(dict.fromkeys(found))


def _names(context: typer.Context) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the schemas, and (schema, class name) of the tables, of the database that the command line means."""
    found: list[tuple[list[str], list[tuple[str, str]]]] = []
    url = context.params.get("url")
    work = threading.Thread(target=_quietly, args=(lambda: found.append(_read(url)),), daemon=True)
    work.start()
    work.join(PATIENCE)
    return found[0] if found else ([], [])


def _quietly(look: Callable[[], None]) -> None:
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            look()
        except (DataMillError, OSError, ValueError):
            return  # whoever pressed Tab wants names or nothing; the command itself will say what is wrong


def _read(url: str | None) -> tuple[list[str], list[tuple[str, str]]]:
    from datamill.cli.connecting import all_tables, open_database

    with open_database(url) as connection:
        names = [(name.schema, name.class_name) for name in all_tables(connection)]
        return connection.catalog.list_schemas(), names
