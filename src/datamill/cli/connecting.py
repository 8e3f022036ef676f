"""What commands share: the connection, errors as exit codes, names of tables, JSON."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datamill.errors import DataMillError, MissingExtraError

if TYPE_CHECKING:
    from datamill.data.connection import Connection
    from datamill.model.names import TableName

Url = Annotated[str | None, typer.Option(help="Database URL; default: as configured.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def open_database(url: str | None, may_create: bool = False) -> Connection:
    """Open the database that a URL or the configuration names.

    Raises:
        DataMillError: It cannot be opened; it would be a new file, and may not be: looking leaves nothing behind.
    """
    from datamill.api.default import config
    from datamill.data.connection import Connection

    address = config.database_address(url=url)
    is_file = address.path is not None and not address.is_memory
    if is_file and not may_create and not Path(str(address.path)).exists():
        raise DataMillError(
            f"There is no database {address.path}.",
            hint="Name one by --url or database.url, or go to its folder.",
        )
    return Connection(url=url, config_override=config)


@contextmanager
def connected(url: str | None, may_create: bool = False) -> Iterator[Connection]:
    """Open the database for a command; see `errors_told`."""
    with errors_told(), open_database(url, may_create) as connection:
        yield connection


@contextmanager
def errors_told() -> Iterator[None]:
    """End a command with a message and code 1 on an error, 2 if an extra is missing; warnings are messages, too."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            yield
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        raise typer.Exit(0) from None
    except (DataMillError, ValueError, OSError) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, MissingExtraError) else 1) from error


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    typer.echo(f"Warning: {message}", err=True)


def all_tables(connection: Connection) -> list[TableName]:
    """Return the tables of all schemas in topological order, those of the platform left out."""
    from datamill.model.names import Tier

    return [name for name in connection.catalog.graph().order() if name.tier is not Tier.OTHER]


def named_table(connection: Connection, text: str) -> TableName:
    """Return the table of a name such as ``lab.Mouse``, ``Session.Probe`` or ``lab.session__probe``.

    Raises:
        DataMillError: None or several fit.
    """
    from datamill.api.diagram_source import find_table

    return find_table(text, connection.catalog.graph().order(), {}, "the database")


def print_json(value: Any) -> None:
    """Print a value as JSON; what JSON has no form for as text."""
    typer.echo(to_json(value, indent=2))


def to_json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON: NaN and infinities, for which it has no form, as null."""
    try:
        return json.dumps(value, indent=indent, default=plain, ensure_ascii=False, allow_nan=False)
    except ValueError:
        known = json.loads(
            json.dumps(value, default=plain, ensure_ascii=False), parse_constant=lambda constant: None
        )
        return json.dumps(known, indent=indent, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Return the JSON form of a value from a database: arrays as lists, bytes in base 64, the rest as text."""
    from base64 import b64encode

    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(bytes(value)).decode("ascii")
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat is not None else str(value)
