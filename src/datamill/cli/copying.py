"""``datamill copy``."""

from __future__ import annotations

from typing import Annotated

import typer

from datamill.errors import DataMillError


def copy(
    source: Annotated[str, typer.Argument(help="URL of the database to copy from.")],
    destination: Annotated[str, typer.Argument(help="URL of the database to copy to.")],
    schemas: Annotated[list[str] | None, typer.Argument(help="Schemas to copy; default: all.")] = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
) -> None:
    """Copy schemas from one database to another, on any two backends; run it again to go on or to verify."""
    from datamill.maintenance.copy import copy_database

    try:
        report = copy_database(
            source, destination, schemas or None, display_progress=progress and not dry_run, dry_run=dry_run
        )
    except DataMillError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(str(report))
