"""``datamill copy``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from datamill.cli.connecting import AsJson, errors_told, print_json


def copy(
    source: Annotated[str, typer.Argument(help="URL of the database to copy from.")],
    destination: Annotated[str, typer.Argument(help="URL of the database to copy to.")],
    schemas: Annotated[list[str] | None, typer.Argument(help="Schemas to copy; default: all.")] = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy schemas from one database to another, on any two backends; run it again to go on or to verify."""
    from datamill.maintenance.copy import copy_database

    shown = progress and not dry_run and not as_json
    with errors_told():
        report = copy_database(source, destination, schemas or None, display_progress=shown, dry_run=dry_run)
        if as_json:
            print_json(asdict(report))
        else:
            typer.echo(str(report))
